-- What the operator must know. One row for each thing that is wrong; what happens again while
-- the row stands is counted in it.
CREATE TABLE alarm (
    id TEXT NOT NULL PRIMARY KEY,
    name TEXT NOT NULL,
    about TEXT NOT NULL,
    detail TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('open', 'acknowledged', 'resolved')),
    times INTEGER NOT NULL,
    first_at INTEGER NOT NULL,
    last_at INTEGER NOT NULL,
    told_at INTEGER NOT NULL,
    acknowledged_at INTEGER,
    resolved_at INTEGER
) STRICT;

CREATE UNIQUE INDEX alarm_standing ON alarm (name, about) WHERE state <> 'resolved';

-- The outbox of messages about alarms: one row for each message and channel.
CREATE TABLE alarm_message (
    id TEXT NOT NULL PRIMARY KEY,
    alarm_id TEXT NOT NULL REFERENCES alarm (id),
    channel TEXT NOT NULL CHECK (channel IN ('mail', 'webhook')),
    subject TEXT NOT NULL,
    body TEXT NOT NULL,
    html TEXT,
    state TEXT NOT NULL CHECK (state IN ('due', 'delivered', 'given_up')),
    attempts INTEGER NOT NULL,
    next_at INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    attempted_at INTEGER,
    answer TEXT
) STRICT;

CREATE INDEX alarm_message_due ON alarm_message (next_at) WHERE state = 'due';
CREATE INDEX alarm_message_alarm ON alarm_message (alarm_id);

-- One row, written before each sign of life: who cannot write it gives none.
CREATE TABLE heartbeat (
    name TEXT NOT NULL PRIMARY KEY,
    at INTEGER NOT NULL
) STRICT;
