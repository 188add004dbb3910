-- Blocks that are read once more after a stop, from a block that a person named, and what they pay.
-- Nothing of them counts before all of them are here.
CREATE TABLE block_again (
    chain TEXT NOT NULL,
    height BIGINT NOT NULL,
    hash TEXT NOT NULL,
    parent TEXT NOT NULL,
    block_time BIGINT NOT NULL,
    PRIMARY KEY (chain, height)
);

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
    PRIMARY KEY (chain, height, place)
);
