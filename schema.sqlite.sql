-- Made by `cargo xtask generate`; do not edit.

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

CREATE TABLE address (
    wallet_id TEXT NOT NULL REFERENCES wallet (id),
    number INTEGER NOT NULL,
    network TEXT NOT NULL,
    text TEXT NOT NULL,
    account BLOB NOT NULL,
    request_id TEXT NOT NULL,
    created_at INTEGER NOT NULL, shown_height INTEGER, shown_hash TEXT,
    PRIMARY KEY (wallet_id, number)
) STRICT;

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
, name TEXT NOT NULL DEFAULT '', event TEXT NOT NULL DEFAULT '', told_with TEXT) STRICT;

CREATE INDEX alarm_message_alarm ON alarm_message (alarm_id);

CREATE INDEX alarm_message_cause ON alarm_message (name, event, channel, attempted_at);

CREATE INDEX alarm_message_due ON alarm_message (next_at) WHERE state = 'due';

CREATE INDEX alarm_message_told_with ON alarm_message (told_with) WHERE told_with IS NOT NULL;

CREATE TABLE api_key (
    id TEXT NOT NULL PRIMARY KEY,
    merchant_id TEXT NOT NULL REFERENCES merchant (id),
    environment TEXT NOT NULL CHECK (environment IN ('live', 'sandbox')),
    public_key TEXT NOT NULL UNIQUE,
    secret BLOB NOT NULL,
    webhook_secret BLOB NOT NULL,
    created_at INTEGER NOT NULL,
    disabled_at INTEGER
) STRICT;

CREATE TABLE audit (
    chain TEXT NOT NULL,
    wallet_id TEXT NOT NULL,
    number INTEGER NOT NULL,
    height INTEGER NOT NULL,
    balance TEXT NOT NULL,
    booked TEXT NOT NULL,
    audited_at INTEGER NOT NULL,
    due_at INTEGER NOT NULL,
    PRIMARY KEY (chain, wallet_id, number)
) STRICT;

CREATE INDEX audit_due ON audit (chain, due_at);

CREATE TABLE batch_marker (
    writer TEXT NOT NULL PRIMARY KEY,
    batch INTEGER NOT NULL
) STRICT;

CREATE TABLE blind_span (
    chain TEXT NOT NULL,
    since INTEGER NOT NULL,
    until INTEGER,
    from_height INTEGER NOT NULL,
    to_height INTEGER,
    reason TEXT NOT NULL,
    payments INTEGER NOT NULL,
    found TEXT NOT NULL,
    PRIMARY KEY (chain, since)
) STRICT;

CREATE UNIQUE INDEX blind_span_lasting ON blind_span (chain) WHERE until IS NULL;

CREATE TABLE block_again (
    chain TEXT NOT NULL,
    height INTEGER NOT NULL,
    hash TEXT NOT NULL,
    parent TEXT NOT NULL,
    block_time INTEGER NOT NULL,
    PRIMARY KEY (chain, height)
) STRICT;

CREATE TABLE callback (
    id TEXT NOT NULL PRIMARY KEY,
    request_id TEXT NOT NULL,
    merchant_id TEXT NOT NULL,
    environment TEXT NOT NULL,
    key_id TEXT NOT NULL,
    ordinal INTEGER NOT NULL,
    kind TEXT NOT NULL,
    final INTEGER NOT NULL CHECK (final IN (0, 1)),
    customer_id TEXT,
    body BLOB NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('due', 'delivered', 'abandoned', 'superseded')),
    attempts INTEGER NOT NULL,
    next_at INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    attempted_at INTEGER,
    answer TEXT, said BLOB,
    UNIQUE (request_id, ordinal)
) STRICT;

CREATE INDEX callback_due ON callback (merchant_id, next_at) WHERE state = 'due';

CREATE TABLE chain_block (
    chain TEXT NOT NULL,
    height INTEGER NOT NULL,
    hash TEXT NOT NULL,
    block_time INTEGER NOT NULL,
    PRIMARY KEY (chain, height)
) STRICT;

CREATE TABLE chain_cursor (
    chain TEXT NOT NULL PRIMARY KEY,
    height INTEGER NOT NULL,
    hash TEXT NOT NULL,
    block_time INTEGER NOT NULL,
    look INTEGER NOT NULL,
    watermark INTEGER NOT NULL,
    behind_since INTEGER,
    behind_reason TEXT
) STRICT;

CREATE TABLE chain_stop (
    chain TEXT NOT NULL PRIMARY KEY,
    kind TEXT NOT NULL CHECK (kind IN ('reversed', 'too_deep')),
    height INTEGER NOT NULL,
    reason TEXT NOT NULL,
    since INTEGER NOT NULL,
    was_behind_since INTEGER
) STRICT;

CREATE TABLE counter (
    name TEXT NOT NULL PRIMARY KEY,
    next INTEGER NOT NULL
) STRICT;

CREATE TABLE customer (
    id TEXT NOT NULL PRIMARY KEY,
    merchant_id TEXT NOT NULL,
    environment TEXT NOT NULL,
    reference TEXT,
    wrapped_key BLOB NOT NULL,
    created_at INTEGER NOT NULL,
    UNIQUE (merchant_id, environment, reference)
) STRICT;

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

CREATE UNIQUE INDEX entry_arrival ON entry (arrival) WHERE arrival IS NOT NULL;

CREATE TABLE event (
    id TEXT NOT NULL PRIMARY KEY,
    request_id TEXT NOT NULL,
    merchant_id TEXT NOT NULL,
    environment TEXT NOT NULL,
    kind TEXT NOT NULL,
    status TEXT NOT NULL,
    summary TEXT NOT NULL,
    at INTEGER NOT NULL,
    number INTEGER
) STRICT;

CREATE INDEX event_feed ON event (merchant_id, environment, number) WHERE number IS NOT NULL;

CREATE INDEX event_request ON event (request_id, id);

CREATE INDEX event_unnumbered ON event (id) WHERE number IS NULL;

CREATE TABLE heartbeat (
    name TEXT NOT NULL PRIMARY KEY,
    at INTEGER NOT NULL
) STRICT;

CREATE TABLE idempotency (
    key_id TEXT NOT NULL,
    route TEXT NOT NULL,
    idempotency_key TEXT NOT NULL,
    fingerprint BLOB NOT NULL,
    status INTEGER NOT NULL,
    customer_id TEXT,
    answer BLOB NOT NULL,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (key_id, route, idempotency_key)
) STRICT;

CREATE INDEX idempotency_age ON idempotency (created_at);

CREATE TABLE inner_transfers (
    chain TEXT PRIMARY KEY,
    how TEXT NOT NULL,
    since_height INTEGER NOT NULL
) STRICT;

CREATE TABLE journal (
    id TEXT NOT NULL PRIMARY KEY,
    idempotency_key TEXT NOT NULL UNIQUE,
    merchant_id TEXT NOT NULL,
    environment TEXT NOT NULL CHECK (environment IN ('live', 'sandbox')),
    request_id TEXT,
    booked_at INTEGER NOT NULL
) STRICT;

CREATE INDEX journal_request ON journal (request_id, id) WHERE request_id IS NOT NULL;

CREATE TABLE lease (
    name TEXT NOT NULL PRIMARY KEY,
    holder TEXT,
    fence INTEGER NOT NULL
) STRICT;

CREATE TABLE master_key (
    id TEXT NOT NULL PRIMARY KEY,
    key_check BLOB NOT NULL
) STRICT;

CREATE TABLE merchant (
    id TEXT NOT NULL PRIMARY KEY,
    number INTEGER NOT NULL UNIQUE,
    name TEXT NOT NULL,
    callback_url TEXT,
    support TEXT,
    terms_url TEXT,
    privacy_url TEXT,
    frame_ancestors TEXT NOT NULL,
    accent TEXT,
    policy TEXT NOT NULL,
    created_at INTEGER NOT NULL
) STRICT;

CREATE TABLE nonce (
    key_id TEXT NOT NULL,
    nonce TEXT NOT NULL,
    used_at INTEGER NOT NULL,
    PRIMARY KEY (key_id, nonce)
) STRICT;

CREATE INDEX nonce_age ON nonce (used_at);

CREATE TABLE payment_request (
    id TEXT NOT NULL PRIMARY KEY,
    merchant_id TEXT NOT NULL,
    environment TEXT NOT NULL CHECK (environment IN ('live', 'sandbox')),
    key_id TEXT NOT NULL,
    token TEXT NOT NULL UNIQUE,
    foreign_id TEXT,
    fingerprint BLOB NOT NULL,
    price_iso TEXT NOT NULL,
    price_network TEXT,
    price_units TEXT NOT NULL,
    price_text TEXT NOT NULL,
    payment_iso TEXT,
    payment_network TEXT,
    created_at INTEGER NOT NULL,
    valid_until INTEGER NOT NULL,
    policy TEXT NOT NULL,
    customer_id TEXT,
    personal BLOB,
    end_user_reference TEXT,
    description TEXT,
    url_store TEXT,
    url_success TEXT,
    url_failed TEXT,
    stage TEXT NOT NULL CHECK (stage IN
        ('created', 'processing', 'paid', 'failed', 'expired', 'cancelled', 'restricted')),
    stage_at INTEGER,
    stage_detail TEXT,
    paid_quote TEXT,
    over_opened TEXT NOT NULL DEFAULT '0',
    window_cut INTEGER,
    watermarks TEXT NOT NULL DEFAULT '',
    version INTEGER NOT NULL,
    due_on TEXT,
    due_at INTEGER, booked INTEGER NOT NULL DEFAULT 0 CHECK (booked IN (0, 1)),
    UNIQUE (merchant_id, environment, foreign_id)
) STRICT;

CREATE INDEX payment_request_due ON payment_request (due_on, due_at) WHERE due_at IS NOT NULL;

CREATE INDEX payment_request_list ON payment_request (merchant_id, environment, id);

CREATE INDEX payment_request_unbooked ON payment_request (id) WHERE booked = 0;

CREATE TABLE quote (
    request_id TEXT NOT NULL,
    ordinal INTEGER NOT NULL,
    id TEXT NOT NULL,
    iso TEXT NOT NULL,
    network TEXT NOT NULL,
    address TEXT NOT NULL,
    expected TEXT NOT NULL,
    tolerance TEXT NOT NULL,
    needed INTEGER NOT NULL,
    locked_at INTEGER NOT NULL,
    locked_until INTEGER NOT NULL,
    rate TEXT NOT NULL,
    evidence TEXT NOT NULL,
    PRIMARY KEY (request_id, ordinal)
) STRICT;

CREATE TABLE sandbox_block (
    height INTEGER NOT NULL PRIMARY KEY,
    hash TEXT NOT NULL,
    parent TEXT NOT NULL,
    block_time INTEGER NOT NULL
) STRICT;

CREATE TABLE sandbox_transfer (
    tx TEXT NOT NULL,
    output INTEGER NOT NULL,
    iso TEXT NOT NULL,
    network TEXT NOT NULL,
    address TEXT NOT NULL,
    units TEXT NOT NULL,
    block INTEGER,
    replaced INTEGER NOT NULL CHECK (replaced IN (0, 1)),
    PRIMARY KEY (tx, output)
) STRICT;

CREATE INDEX sandbox_transfer_block ON sandbox_transfer (block) WHERE block IS NOT NULL;

CREATE INDEX sandbox_transfer_pending ON sandbox_transfer (tx) WHERE block IS NULL;

CREATE TABLE schema_migration (
    number INTEGER NOT NULL PRIMARY KEY,
    name TEXT NOT NULL,
    hash TEXT NOT NULL,
    applied_at INTEGER NOT NULL
) STRICT;

CREATE TABLE screened_host (
    host TEXT NOT NULL PRIMARY KEY,
    verdict TEXT NOT NULL,
    reason TEXT,
    checked_at INTEGER NOT NULL
) STRICT;

CREATE TABLE server (
    id TEXT NOT NULL PRIMARY KEY,
    beat INTEGER NOT NULL
) STRICT;

CREATE TABLE transfer (
    request_id TEXT NOT NULL,
    network TEXT NOT NULL,
    tx TEXT NOT NULL,
    place TEXT NOT NULL,
    chain TEXT NOT NULL,
    id TEXT NOT NULL,
    iso TEXT NOT NULL,
    asset_network TEXT NOT NULL,
    address TEXT NOT NULL,
    units TEXT NOT NULL,
    units_look INTEGER,
    first_time INTEGER NOT NULL,
    earliest_time INTEGER NOT NULL,
    look INTEGER NOT NULL,
    position TEXT NOT NULL CHECK (position IN ('pending', 'block', 'gone')),
    block_height INTEGER,
    block_hash TEXT,
    block_time INTEGER,
    confirmations INTEGER NOT NULL,
    finalized INTEGER NOT NULL CHECK (finalized IN (0, 1)),
    max_confirmations INTEGER NOT NULL,
    confirmed_look INTEGER,
    confirmed_height INTEGER,
    confirmed_hash TEXT,
    confirmed_time INTEGER,
    gone_look INTEGER,
    told TEXT NOT NULL CHECK (told IN ('nothing', 'seen', 'gone', 'late')),
    settled TEXT,
    reversal_told INTEGER NOT NULL CHECK (reversal_told IN (0, 1)),
    followed INTEGER NOT NULL CHECK (followed IN (0, 1)), safe INTEGER NOT NULL DEFAULT 0 CHECK (safe IN (0, 1)),
    PRIMARY KEY (request_id, network, tx, place)
) STRICT;

CREATE INDEX transfer_block ON transfer (chain, block_height) WHERE block_height IS NOT NULL;

CREATE INDEX transfer_followed ON transfer (chain) WHERE followed = 1;

CREATE INDEX transfer_tx ON transfer (tx);

CREATE TABLE transfer_again (
    chain TEXT NOT NULL,
    height INTEGER NOT NULL,
    place INTEGER NOT NULL,
    network TEXT NOT NULL,
    tx TEXT NOT NULL,
    position TEXT NOT NULL,
    iso TEXT NOT NULL,
    asset_network TEXT NOT NULL,
    address TEXT NOT NULL,
    account BLOB NOT NULL,
    units TEXT NOT NULL,
    beyond INTEGER NOT NULL,
    PRIMARY KEY (chain, height, place)
) STRICT;

CREATE TABLE wallet (
    id TEXT NOT NULL PRIMARY KEY,
    merchant_id TEXT REFERENCES merchant (id),
    environment TEXT NOT NULL CHECK (environment IN ('live', 'sandbox')),
    family TEXT NOT NULL,
    public_key TEXT NOT NULL,
    next_number INTEGER NOT NULL,
    created_at INTEGER NOT NULL, first_number INTEGER NOT NULL DEFAULT 0,
    UNIQUE (environment, family, public_key)
) STRICT;

CREATE TABLE wrong_payment (
    id TEXT NOT NULL PRIMARY KEY,
    request_id TEXT NOT NULL,
    kind TEXT NOT NULL,
    iso TEXT NOT NULL,
    network TEXT NOT NULL,
    units TEXT NOT NULL,
    transfer TEXT,
    created_at INTEGER NOT NULL
) STRICT;

CREATE INDEX wrong_payment_request ON wrong_payment (request_id, id);
