-- Blocks that are read once more after a stop, from a block that a person named, and what they pay.
-- Nothing of them counts before all of them are here.
CREATE TABLE block_again (
    chain TEXT NOT NULL,
    height INTEGER NOT NULL,
    hash TEXT NOT NULL,
    parent TEXT NOT NULL,
    block_time INTEGER NOT NULL,
    PRIMARY KEY (chain, height)
) STRICT;

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
