-- The books: journals of what a change of a request, or a person, has moved; their entries; and what
-- stands on each account. An arrival on a chain is booked by one entry only.
CREATE TABLE journal (
    id TEXT NOT NULL PRIMARY KEY,
    idempotency_key TEXT NOT NULL UNIQUE,
    merchant_id TEXT NOT NULL,
    environment TEXT NOT NULL CHECK (environment IN ('live', 'sandbox')),
    request_id TEXT,
    booked_at INTEGER NOT NULL
) STRICT;

CREATE INDEX journal_request ON journal (request_id, id) WHERE request_id IS NOT NULL;

CREATE TABLE entry (
    journal_id TEXT NOT NULL REFERENCES journal (id),
    ordinal INTEGER NOT NULL,
    debit TEXT NOT NULL,
    credit TEXT NOT NULL,
    iso TEXT NOT NULL,
    network TEXT NOT NULL,
    units TEXT NOT NULL,
    reference TEXT,
    arrival TEXT,
    reverses INTEGER NOT NULL CHECK (reverses IN (0, 1)),
    PRIMARY KEY (journal_id, ordinal),
    CHECK (debit <> credit)
) STRICT;

CREATE TABLE account (
    merchant_id TEXT NOT NULL,
    environment TEXT NOT NULL CHECK (environment IN ('live', 'sandbox')),
    iso TEXT NOT NULL,
    network TEXT NOT NULL,
    kind TEXT NOT NULL,
    debited TEXT NOT NULL,
    credited TEXT NOT NULL,
    PRIMARY KEY (merchant_id, environment, iso, network, kind)
) STRICT;

CREATE UNIQUE INDEX entry_arrival ON entry (arrival) WHERE arrival IS NOT NULL;

-- Requests of before have no journal: what they hold is booked by a worker, or when they
-- change next.
ALTER TABLE payment_request ADD COLUMN booked INTEGER NOT NULL DEFAULT 0 CHECK (booked IN (0, 1));

UPDATE payment_request SET booked = 1
WHERE NOT EXISTS (SELECT 1 FROM transfer WHERE transfer.request_id = payment_request.id);

CREATE INDEX payment_request_unbooked ON payment_request (id) WHERE booked = 0;
