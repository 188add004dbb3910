-- Made by `cargo xtask generate`; do not edit.

CREATE TABLE account (
    merchant_id TEXT NOT NULL,
    environment TEXT NOT NULL,
    iso TEXT NOT NULL,
    network TEXT NOT NULL,
    kind TEXT NOT NULL,
    debited TEXT NOT NULL,
    credited TEXT NOT NULL,
    CONSTRAINT account_environment_check CHECK (environment = ANY (ARRAY['live'::text, 'sandbox'::text])),
    CONSTRAINT account_pkey PRIMARY KEY (merchant_id, environment, iso, network, kind)
);

CREATE TABLE address (
    wallet_id TEXT NOT NULL,
    number BIGINT NOT NULL,
    network TEXT NOT NULL,
    text TEXT NOT NULL,
    account BYTEA NOT NULL,
    request_id TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    shown_height BIGINT,
    shown_hash TEXT,
    CONSTRAINT address_wallet_id_fkey FOREIGN KEY (wallet_id) REFERENCES wallet(id),
    CONSTRAINT address_pkey PRIMARY KEY (wallet_id, number)
);

CREATE TABLE alarm (
    id TEXT NOT NULL,
    name TEXT NOT NULL,
    about TEXT NOT NULL,
    detail TEXT NOT NULL,
    state TEXT NOT NULL,
    times BIGINT NOT NULL,
    first_at BIGINT NOT NULL,
    last_at BIGINT NOT NULL,
    told_at BIGINT NOT NULL,
    acknowledged_at BIGINT,
    resolved_at BIGINT,
    CONSTRAINT alarm_state_check CHECK (state = ANY (ARRAY['open'::text, 'acknowledged'::text, 'resolved'::text])),
    CONSTRAINT alarm_pkey PRIMARY KEY (id)
);
CREATE UNIQUE INDEX alarm_standing ON alarm USING btree (name, about) WHERE state <> 'resolved'::text;

CREATE TABLE alarm_message (
    id TEXT NOT NULL,
    alarm_id TEXT NOT NULL,
    channel TEXT NOT NULL,
    subject TEXT NOT NULL,
    body TEXT NOT NULL,
    html TEXT,
    state TEXT NOT NULL,
    attempts BIGINT NOT NULL,
    next_at BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    attempted_at BIGINT,
    answer TEXT,
    name TEXT NOT NULL DEFAULT ''::text,
    event TEXT NOT NULL DEFAULT ''::text,
    told_with TEXT,
    CONSTRAINT alarm_message_channel_check CHECK (channel = ANY (ARRAY['mail'::text, 'webhook'::text])),
    CONSTRAINT alarm_message_state_check CHECK (state = ANY (ARRAY['due'::text, 'delivered'::text, 'given_up'::text])),
    CONSTRAINT alarm_message_alarm_id_fkey FOREIGN KEY (alarm_id) REFERENCES alarm(id),
    CONSTRAINT alarm_message_pkey PRIMARY KEY (id)
);
CREATE INDEX alarm_message_alarm ON alarm_message USING btree (alarm_id);
CREATE INDEX alarm_message_cause ON alarm_message USING btree (name, event, channel, attempted_at);
CREATE INDEX alarm_message_due ON alarm_message USING btree (next_at) WHERE state = 'due'::text;
CREATE INDEX alarm_message_told_with ON alarm_message USING btree (told_with) WHERE told_with IS NOT NULL;

CREATE TABLE api_key (
    id TEXT NOT NULL,
    merchant_id TEXT NOT NULL,
    environment TEXT NOT NULL,
    public_key TEXT NOT NULL,
    secret BYTEA NOT NULL,
    webhook_secret BYTEA NOT NULL,
    created_at BIGINT NOT NULL,
    disabled_at BIGINT,
    CONSTRAINT api_key_environment_check CHECK (environment = ANY (ARRAY['live'::text, 'sandbox'::text])),
    CONSTRAINT api_key_merchant_id_fkey FOREIGN KEY (merchant_id) REFERENCES merchant(id),
    CONSTRAINT api_key_pkey PRIMARY KEY (id),
    CONSTRAINT api_key_public_key_key UNIQUE (public_key)
);

CREATE TABLE audit (
    chain TEXT NOT NULL,
    wallet_id TEXT NOT NULL,
    number BIGINT NOT NULL,
    height BIGINT NOT NULL,
    balance TEXT NOT NULL,
    booked TEXT NOT NULL,
    audited_at BIGINT NOT NULL,
    due_at BIGINT NOT NULL,
    CONSTRAINT audit_pkey PRIMARY KEY (chain, wallet_id, number)
);
CREATE INDEX audit_due ON audit USING btree (chain, due_at);

CREATE TABLE blind_span (
    chain TEXT NOT NULL,
    since BIGINT NOT NULL,
    until BIGINT,
    from_height BIGINT NOT NULL,
    to_height BIGINT,
    reason TEXT NOT NULL,
    payments BIGINT NOT NULL,
    found TEXT NOT NULL,
    CONSTRAINT blind_span_pkey PRIMARY KEY (chain, since)
);
CREATE UNIQUE INDEX blind_span_lasting ON blind_span USING btree (chain) WHERE until IS NULL;

CREATE TABLE block_again (
    chain TEXT NOT NULL,
    height BIGINT NOT NULL,
    hash TEXT NOT NULL,
    parent TEXT NOT NULL,
    block_time BIGINT NOT NULL,
    CONSTRAINT block_again_pkey PRIMARY KEY (chain, height)
);

CREATE TABLE callback (
    id TEXT NOT NULL,
    request_id TEXT NOT NULL,
    merchant_id TEXT NOT NULL,
    environment TEXT NOT NULL,
    key_id TEXT NOT NULL,
    ordinal BIGINT NOT NULL,
    kind TEXT NOT NULL,
    final BIGINT NOT NULL,
    customer_id TEXT,
    body BYTEA NOT NULL,
    state TEXT NOT NULL,
    attempts BIGINT NOT NULL,
    next_at BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    attempted_at BIGINT,
    answer TEXT,
    said BYTEA,
    CONSTRAINT callback_final_check CHECK (final = ANY (ARRAY[0::bigint, 1::bigint])),
    CONSTRAINT callback_state_check CHECK (state = ANY (ARRAY['due'::text, 'delivered'::text, 'abandoned'::text, 'superseded'::text])),
    CONSTRAINT callback_pkey PRIMARY KEY (id),
    CONSTRAINT callback_request_id_ordinal_key UNIQUE (request_id, ordinal)
);
CREATE INDEX callback_due ON callback USING btree (merchant_id, next_at) WHERE state = 'due'::text;

CREATE TABLE chain_block (
    chain TEXT NOT NULL,
    height BIGINT NOT NULL,
    hash TEXT NOT NULL,
    block_time BIGINT NOT NULL,
    CONSTRAINT chain_block_pkey PRIMARY KEY (chain, height)
);

CREATE TABLE chain_cursor (
    chain TEXT NOT NULL,
    height BIGINT NOT NULL,
    hash TEXT NOT NULL,
    block_time BIGINT NOT NULL,
    look BIGINT NOT NULL,
    watermark BIGINT NOT NULL,
    behind_since BIGINT,
    behind_reason TEXT,
    CONSTRAINT chain_cursor_pkey PRIMARY KEY (chain)
);

CREATE TABLE chain_stop (
    chain TEXT NOT NULL,
    kind TEXT NOT NULL,
    height BIGINT NOT NULL,
    reason TEXT NOT NULL,
    since BIGINT NOT NULL,
    was_behind_since BIGINT,
    CONSTRAINT chain_stop_kind_check CHECK (kind = ANY (ARRAY['reversed'::text, 'too_deep'::text])),
    CONSTRAINT chain_stop_pkey PRIMARY KEY (chain)
);

CREATE TABLE counter (
    name TEXT NOT NULL,
    next BIGINT NOT NULL,
    CONSTRAINT counter_pkey PRIMARY KEY (name)
);

CREATE TABLE customer (
    id TEXT NOT NULL,
    merchant_id TEXT NOT NULL,
    environment TEXT NOT NULL,
    reference TEXT,
    wrapped_key BYTEA NOT NULL,
    created_at BIGINT NOT NULL,
    CONSTRAINT customer_pkey PRIMARY KEY (id),
    CONSTRAINT customer_merchant_id_environment_reference_key UNIQUE (merchant_id, environment, reference)
);

CREATE TABLE entry (
    journal_id TEXT NOT NULL,
    ordinal BIGINT NOT NULL,
    debit TEXT NOT NULL,
    credit TEXT NOT NULL,
    iso TEXT NOT NULL,
    network TEXT NOT NULL,
    units TEXT NOT NULL,
    reference TEXT,
    arrival TEXT,
    reverses BIGINT NOT NULL,
    CONSTRAINT entry_check CHECK (debit <> credit),
    CONSTRAINT entry_reverses_check CHECK (reverses = ANY (ARRAY[0::bigint, 1::bigint])),
    CONSTRAINT entry_journal_id_fkey FOREIGN KEY (journal_id) REFERENCES journal(id),
    CONSTRAINT entry_pkey PRIMARY KEY (journal_id, ordinal)
);
CREATE UNIQUE INDEX entry_arrival ON entry USING btree (arrival) WHERE arrival IS NOT NULL;

CREATE TABLE event (
    id TEXT NOT NULL,
    request_id TEXT NOT NULL,
    merchant_id TEXT NOT NULL,
    environment TEXT NOT NULL,
    kind TEXT NOT NULL,
    status TEXT NOT NULL,
    summary TEXT NOT NULL,
    at BIGINT NOT NULL,
    number BIGINT,
    CONSTRAINT event_pkey PRIMARY KEY (id)
);
CREATE INDEX event_feed ON event USING btree (merchant_id, environment, number) WHERE number IS NOT NULL;
CREATE INDEX event_request ON event USING btree (request_id, id);
CREATE INDEX event_unnumbered ON event USING btree (id) WHERE number IS NULL;

CREATE TABLE heartbeat (
    name TEXT NOT NULL,
    at BIGINT NOT NULL,
    CONSTRAINT heartbeat_pkey PRIMARY KEY (name)
);

CREATE TABLE idempotency (
    key_id TEXT NOT NULL,
    route TEXT NOT NULL,
    idempotency_key TEXT NOT NULL,
    fingerprint BYTEA NOT NULL,
    status BIGINT NOT NULL,
    customer_id TEXT,
    answer BYTEA NOT NULL,
    created_at BIGINT NOT NULL,
    CONSTRAINT idempotency_pkey PRIMARY KEY (key_id, route, idempotency_key)
);
CREATE INDEX idempotency_age ON idempotency USING btree (created_at);

CREATE TABLE inner_transfers (
    chain TEXT NOT NULL,
    how TEXT NOT NULL,
    since_height BIGINT NOT NULL,
    CONSTRAINT inner_transfers_pkey PRIMARY KEY (chain)
);

CREATE TABLE journal (
    id TEXT NOT NULL,
    idempotency_key TEXT NOT NULL,
    merchant_id TEXT NOT NULL,
    environment TEXT NOT NULL,
    request_id TEXT,
    booked_at BIGINT NOT NULL,
    CONSTRAINT journal_environment_check CHECK (environment = ANY (ARRAY['live'::text, 'sandbox'::text])),
    CONSTRAINT journal_pkey PRIMARY KEY (id),
    CONSTRAINT journal_idempotency_key_key UNIQUE (idempotency_key)
);
CREATE INDEX journal_request ON journal USING btree (request_id, id) WHERE request_id IS NOT NULL;

CREATE TABLE lease (
    name TEXT NOT NULL,
    holder TEXT,
    fence BIGINT NOT NULL,
    CONSTRAINT lease_pkey PRIMARY KEY (name)
);

CREATE TABLE master_key (
    id TEXT NOT NULL,
    key_check BYTEA NOT NULL,
    CONSTRAINT master_key_pkey PRIMARY KEY (id)
);

CREATE TABLE merchant (
    id TEXT NOT NULL,
    number BIGINT NOT NULL,
    name TEXT NOT NULL,
    callback_url TEXT,
    support TEXT,
    terms_url TEXT,
    privacy_url TEXT,
    frame_ancestors TEXT NOT NULL,
    accent TEXT,
    policy TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    CONSTRAINT merchant_pkey PRIMARY KEY (id),
    CONSTRAINT merchant_number_key UNIQUE (number)
);

CREATE TABLE nonce (
    key_id TEXT NOT NULL,
    nonce TEXT NOT NULL,
    used_at BIGINT NOT NULL,
    CONSTRAINT nonce_pkey PRIMARY KEY (key_id, nonce)
);
CREATE INDEX nonce_age ON nonce USING btree (used_at);

CREATE TABLE payment_request (
    id TEXT NOT NULL,
    merchant_id TEXT NOT NULL,
    environment TEXT NOT NULL,
    key_id TEXT NOT NULL,
    token TEXT NOT NULL,
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
    stage TEXT NOT NULL,
    stage_at BIGINT,
    stage_detail TEXT,
    paid_quote TEXT,
    over_opened TEXT NOT NULL DEFAULT '0'::text,
    window_cut BIGINT,
    watermarks TEXT NOT NULL DEFAULT ''::text,
    version BIGINT NOT NULL,
    due_on TEXT,
    due_at BIGINT,
    booked BIGINT NOT NULL DEFAULT 0,
    CONSTRAINT payment_request_booked_check CHECK (booked = ANY (ARRAY[0::bigint, 1::bigint])),
    CONSTRAINT payment_request_environment_check CHECK (environment = ANY (ARRAY['live'::text, 'sandbox'::text])),
    CONSTRAINT payment_request_stage_check CHECK (stage = ANY (ARRAY['created'::text, 'processing'::text, 'paid'::text, 'failed'::text, 'expired'::text, 'cancelled'::text, 'restricted'::text])),
    CONSTRAINT payment_request_pkey PRIMARY KEY (id),
    CONSTRAINT payment_request_merchant_id_environment_foreign_id_key UNIQUE (merchant_id, environment, foreign_id),
    CONSTRAINT payment_request_token_key UNIQUE (token)
);
CREATE INDEX payment_request_due ON payment_request USING btree (due_on, due_at) WHERE due_at IS NOT NULL;
CREATE INDEX payment_request_list ON payment_request USING btree (merchant_id, environment, id);
CREATE INDEX payment_request_unbooked ON payment_request USING btree (id) WHERE booked = 0;

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
    CONSTRAINT quote_pkey PRIMARY KEY (request_id, ordinal)
);

CREATE TABLE sandbox_block (
    height BIGINT NOT NULL,
    hash TEXT NOT NULL,
    parent TEXT NOT NULL,
    block_time BIGINT NOT NULL,
    CONSTRAINT sandbox_block_pkey PRIMARY KEY (height)
);

CREATE TABLE sandbox_transfer (
    tx TEXT NOT NULL,
    output BIGINT NOT NULL,
    iso TEXT NOT NULL,
    network TEXT NOT NULL,
    address TEXT NOT NULL,
    units TEXT NOT NULL,
    block BIGINT,
    replaced BIGINT NOT NULL,
    CONSTRAINT sandbox_transfer_replaced_check CHECK (replaced = ANY (ARRAY[0::bigint, 1::bigint])),
    CONSTRAINT sandbox_transfer_pkey PRIMARY KEY (tx, output)
);
CREATE INDEX sandbox_transfer_block ON sandbox_transfer USING btree (block) WHERE block IS NOT NULL;
CREATE INDEX sandbox_transfer_pending ON sandbox_transfer USING btree (tx) WHERE block IS NULL;

CREATE TABLE schema_migration (
    number BIGINT NOT NULL,
    name TEXT NOT NULL,
    hash TEXT NOT NULL,
    applied_at BIGINT NOT NULL,
    CONSTRAINT schema_migration_pkey PRIMARY KEY (number)
);

CREATE TABLE screened_host (
    host TEXT NOT NULL,
    verdict TEXT NOT NULL,
    reason TEXT,
    checked_at BIGINT NOT NULL,
    CONSTRAINT screened_host_pkey PRIMARY KEY (host)
);

CREATE TABLE server (
    id TEXT NOT NULL,
    beat BIGINT NOT NULL,
    CONSTRAINT server_pkey PRIMARY KEY (id)
);

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
    position TEXT NOT NULL,
    block_height BIGINT,
    block_hash TEXT,
    block_time BIGINT,
    confirmations BIGINT NOT NULL,
    finalized BIGINT NOT NULL,
    max_confirmations BIGINT NOT NULL,
    confirmed_look BIGINT,
    confirmed_height BIGINT,
    confirmed_hash TEXT,
    confirmed_time BIGINT,
    gone_look BIGINT,
    told TEXT NOT NULL,
    settled TEXT,
    reversal_told BIGINT NOT NULL,
    followed BIGINT NOT NULL,
    safe BIGINT NOT NULL DEFAULT 0,
    CONSTRAINT transfer_finalized_check CHECK (finalized = ANY (ARRAY[0::bigint, 1::bigint])),
    CONSTRAINT transfer_followed_check CHECK (followed = ANY (ARRAY[0::bigint, 1::bigint])),
    CONSTRAINT transfer_position_check CHECK ("position" = ANY (ARRAY['pending'::text, 'block'::text, 'gone'::text])),
    CONSTRAINT transfer_reversal_told_check CHECK (reversal_told = ANY (ARRAY[0::bigint, 1::bigint])),
    CONSTRAINT transfer_safe_check CHECK (safe = ANY (ARRAY[0::bigint, 1::bigint])),
    CONSTRAINT transfer_told_check CHECK (told = ANY (ARRAY['nothing'::text, 'seen'::text, 'gone'::text, 'late'::text])),
    CONSTRAINT transfer_pkey PRIMARY KEY (request_id, network, tx, place)
);
CREATE INDEX transfer_block ON transfer USING btree (chain, block_height) WHERE block_height IS NOT NULL;
CREATE INDEX transfer_followed ON transfer USING btree (chain) WHERE followed = 1;
CREATE INDEX transfer_tx ON transfer USING btree (tx);

CREATE TABLE transfer_again (
    chain TEXT NOT NULL,
    height BIGINT NOT NULL,
    place BIGINT NOT NULL,
    network TEXT NOT NULL,
    tx TEXT NOT NULL,
    position TEXT NOT NULL,
    iso TEXT NOT NULL,
    asset_network TEXT NOT NULL,
    address TEXT NOT NULL,
    account BYTEA NOT NULL,
    units TEXT NOT NULL,
    beyond BIGINT NOT NULL,
    CONSTRAINT transfer_again_pkey PRIMARY KEY (chain, height, place)
);

CREATE TABLE wallet (
    id TEXT NOT NULL,
    merchant_id TEXT,
    environment TEXT NOT NULL,
    family TEXT NOT NULL,
    public_key TEXT NOT NULL,
    next_number BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    first_number BIGINT NOT NULL DEFAULT 0,
    CONSTRAINT wallet_environment_check CHECK (environment = ANY (ARRAY['live'::text, 'sandbox'::text])),
    CONSTRAINT wallet_merchant_id_fkey FOREIGN KEY (merchant_id) REFERENCES merchant(id),
    CONSTRAINT wallet_pkey PRIMARY KEY (id),
    CONSTRAINT wallet_environment_family_public_key_key UNIQUE (environment, family, public_key)
);

CREATE TABLE wrong_payment (
    id TEXT NOT NULL,
    request_id TEXT NOT NULL,
    kind TEXT NOT NULL,
    iso TEXT NOT NULL,
    network TEXT NOT NULL,
    units TEXT NOT NULL,
    transfer TEXT,
    created_at BIGINT NOT NULL,
    CONSTRAINT wrong_payment_pkey PRIMARY KEY (id)
);
CREATE INDEX wrong_payment_request ON wrong_payment USING btree (request_id, id);
