-- Merchants and the keys they sign with.
CREATE TABLE merchant (
    id TEXT NOT NULL PRIMARY KEY,
    number BIGINT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    callback_url TEXT,
    support TEXT,
    terms_url TEXT,
    privacy_url TEXT,
    frame_ancestors TEXT NOT NULL,
    accent TEXT,
    policy TEXT NOT NULL,
    created_at BIGINT NOT NULL
);

CREATE TABLE api_key (
    id TEXT NOT NULL PRIMARY KEY,
    merchant_id TEXT NOT NULL REFERENCES merchant (id),
    environment TEXT NOT NULL CHECK (environment IN ('live', 'sandbox')),
    public_key TEXT NOT NULL UNIQUE,
    secret BYTEA NOT NULL,
    webhook_secret BYTEA NOT NULL,
    created_at BIGINT NOT NULL,
    disabled_at BIGINT
);

-- Numbers of the v2 API and of the event feed.
CREATE TABLE counter (
    name TEXT NOT NULL PRIMARY KEY,
    next BIGINT NOT NULL
);

-- Extended public keys. One counter of address numbers for each.
CREATE TABLE wallet (
    id TEXT NOT NULL PRIMARY KEY,
    merchant_id TEXT REFERENCES merchant (id),
    environment TEXT NOT NULL CHECK (environment IN ('live', 'sandbox')),
    family TEXT NOT NULL,
    public_key TEXT NOT NULL,
    next_number BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    UNIQUE (environment, family, public_key)
);

-- Every address ever shown; watched for ever. Found by account bytes in memory, by number here.
CREATE TABLE address (
    wallet_id TEXT NOT NULL REFERENCES wallet (id),
    number BIGINT NOT NULL,
    network TEXT NOT NULL,
    text TEXT NOT NULL,
    account BYTEA NOT NULL,
    request_id TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (wallet_id, number)
);

-- A merchant's customers, each with the wrapped key to his personal data.
CREATE TABLE customer (
    id TEXT NOT NULL PRIMARY KEY,
    merchant_id TEXT NOT NULL,
    environment TEXT NOT NULL,
    reference TEXT,
    wrapped_key BYTEA NOT NULL,
    created_at BIGINT NOT NULL,
    UNIQUE (merchant_id, environment, reference)
);

CREATE TABLE payment_request (
    id TEXT NOT NULL PRIMARY KEY,
    merchant_id TEXT NOT NULL,
    environment TEXT NOT NULL CHECK (environment IN ('live', 'sandbox')),
    key_id TEXT NOT NULL,
    token TEXT NOT NULL UNIQUE,
    foreign_id TEXT,
    fingerprint BYTEA NOT NULL,
    price_iso TEXT NOT NULL,
    price_network TEXT,
    price_units TEXT NOT NULL,
    price_text TEXT NOT NULL,
    payment_iso TEXT,
    payment_network TEXT,
    created_at BIGINT NOT NULL,
    valid_until BIGINT NOT NULL,
    policy TEXT NOT NULL,
    customer_id TEXT,
    personal BYTEA,
    end_user_reference TEXT,
    description TEXT,
    url_store TEXT,
    url_success TEXT,
    url_failed TEXT,
    stage TEXT NOT NULL CHECK (stage IN
        ('created', 'processing', 'paid', 'failed', 'expired', 'cancelled', 'restricted')),
    stage_at BIGINT,
    stage_detail TEXT,
    paid_quote TEXT,
    over_opened TEXT NOT NULL DEFAULT '0',
    window_cut BIGINT,
    watermarks TEXT NOT NULL DEFAULT '',
    version BIGINT NOT NULL,
    due_on TEXT,
    due_at BIGINT,
    UNIQUE (merchant_id, environment, foreign_id)
);

CREATE INDEX payment_request_list ON payment_request (merchant_id, environment, id);
CREATE INDEX payment_request_due ON payment_request (due_on, due_at) WHERE due_at IS NOT NULL;

CREATE TABLE quote (
    request_id TEXT NOT NULL,
    ordinal BIGINT NOT NULL,
    id TEXT NOT NULL,
    iso TEXT NOT NULL,
    network TEXT NOT NULL,
    address TEXT NOT NULL,
    expected TEXT NOT NULL,
    tolerance TEXT NOT NULL,
    needed BIGINT NOT NULL,
    locked_at BIGINT NOT NULL,
    locked_until BIGINT NOT NULL,
    rate TEXT NOT NULL,
    evidence TEXT NOT NULL,
    PRIMARY KEY (request_id, ordinal)
);

-- What the chains say has arrived, one row for each movement to one of our addresses.
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
    units_look BIGINT,
    first_time BIGINT NOT NULL,
    earliest_time BIGINT NOT NULL,
    look BIGINT NOT NULL,
    position TEXT NOT NULL CHECK (position IN ('pending', 'block', 'gone')),
    block_height BIGINT,
    block_hash TEXT,
    block_time BIGINT,
    confirmations BIGINT NOT NULL,
    finalized BIGINT NOT NULL CHECK (finalized IN (0, 1)),
    max_confirmations BIGINT NOT NULL,
    confirmed_look BIGINT,
    confirmed_height BIGINT,
    confirmed_hash TEXT,
    confirmed_time BIGINT,
    gone_look BIGINT,
    told TEXT NOT NULL CHECK (told IN ('nothing', 'seen', 'gone', 'late')),
    settled TEXT,
    reversal_told BIGINT NOT NULL CHECK (reversal_told IN (0, 1)),
    followed BIGINT NOT NULL CHECK (followed IN (0, 1)),
    PRIMARY KEY (request_id, network, tx, place)
);

CREATE INDEX transfer_followed ON transfer (chain) WHERE followed = 1;
CREATE INDEX transfer_block ON transfer (chain, block_height) WHERE block_height IS NOT NULL;

-- How far each chain has been read. A step moves it in the transaction of the facts it found.
CREATE TABLE chain_cursor (
    chain TEXT NOT NULL PRIMARY KEY,
    height BIGINT NOT NULL,
    hash TEXT NOT NULL,
    block_time BIGINT NOT NULL,
    look BIGINT NOT NULL,
    watermark BIGINT NOT NULL,
    behind_since BIGINT,
    behind_reason TEXT
);

-- The newest blocks read, so that a reorganisation is walked back without asking.
CREATE TABLE chain_block (
    chain TEXT NOT NULL,
    height BIGINT NOT NULL,
    hash TEXT NOT NULL,
    block_time BIGINT NOT NULL,
    PRIMARY KEY (chain, height)
);

-- The outbox of callbacks.
CREATE TABLE callback (
    id TEXT NOT NULL PRIMARY KEY,
    request_id TEXT NOT NULL,
    merchant_id TEXT NOT NULL,
    environment TEXT NOT NULL,
    key_id TEXT NOT NULL,
    ordinal BIGINT NOT NULL,
    kind TEXT NOT NULL,
    final BIGINT NOT NULL CHECK (final IN (0, 1)),
    customer_id TEXT,
    body BYTEA NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('due', 'delivered', 'abandoned', 'superseded')),
    attempts BIGINT NOT NULL,
    next_at BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    attempted_at BIGINT,
    answer TEXT,
    UNIQUE (request_id, ordinal)
);

CREATE INDEX callback_due ON callback (merchant_id, next_at) WHERE state = 'due';

-- What happened to a request. Numbered after commit, by one worker, for the feed.
CREATE TABLE event (
    id TEXT NOT NULL PRIMARY KEY,
    request_id TEXT NOT NULL,
    merchant_id TEXT NOT NULL,
    environment TEXT NOT NULL,
    kind TEXT NOT NULL,
    status TEXT NOT NULL,
    summary TEXT NOT NULL,
    at BIGINT NOT NULL,
    number BIGINT
);

CREATE INDEX event_request ON event (request_id, id);
CREATE INDEX event_unnumbered ON event (id) WHERE number IS NULL;
CREATE INDEX event_feed ON event (merchant_id, environment, number) WHERE number IS NOT NULL;

-- Wrong payments.
CREATE TABLE wrong_payment (
    id TEXT NOT NULL PRIMARY KEY,
    request_id TEXT NOT NULL,
    kind TEXT NOT NULL,
    iso TEXT NOT NULL,
    network TEXT NOT NULL,
    units TEXT NOT NULL,
    transfer TEXT,
    created_at BIGINT NOT NULL
);

CREATE INDEX wrong_payment_request ON wrong_payment (request_id, id);

-- Answers kept for repeated requests with the same Idempotency-Key.
CREATE TABLE idempotency (
    key_id TEXT NOT NULL,
    route TEXT NOT NULL,
    idempotency_key TEXT NOT NULL,
    fingerprint BYTEA NOT NULL,
    status BIGINT NOT NULL,
    customer_id TEXT,
    answer BYTEA NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (key_id, route, idempotency_key)
);

CREATE INDEX idempotency_age ON idempotency (created_at);

-- The keys of the key file that texts are sealed with, each with a check of it that tells nothing.
CREATE TABLE master_key (
    id TEXT NOT NULL PRIMARY KEY,
    key_check BYTEA NOT NULL
);

-- Nonces of X-Coffer-Signature that have been used.
CREATE TABLE nonce (
    key_id TEXT NOT NULL,
    nonce TEXT NOT NULL,
    used_at BIGINT NOT NULL,
    PRIMARY KEY (key_id, nonce)
);

CREATE INDEX nonce_age ON nonce (used_at);

-- What screening said of a merchant URL's host.
CREATE TABLE screened_host (
    host TEXT NOT NULL PRIMARY KEY,
    verdict TEXT NOT NULL,
    reason TEXT,
    checked_at BIGINT NOT NULL
);

-- The sandbox chain.
CREATE TABLE sandbox_block (
    height BIGINT NOT NULL PRIMARY KEY,
    hash TEXT NOT NULL,
    parent TEXT NOT NULL,
    block_time BIGINT NOT NULL
);

CREATE TABLE sandbox_transfer (
    tx TEXT NOT NULL,
    output BIGINT NOT NULL,
    iso TEXT NOT NULL,
    network TEXT NOT NULL,
    address TEXT NOT NULL,
    units TEXT NOT NULL,
    block BIGINT,
    replaced BIGINT NOT NULL CHECK (replaced IN (0, 1)),
    PRIMARY KEY (tx, output)
);

CREATE INDEX sandbox_transfer_block ON sandbox_transfer (block) WHERE block IS NOT NULL;
CREATE INDEX sandbox_transfer_pending ON sandbox_transfer (tx) WHERE block IS NULL;
