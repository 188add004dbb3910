-- How coin that contracts move inside transactions is found on each chain, and the newest block
-- that had been read when that began.
CREATE TABLE inner_transfers (
    chain TEXT PRIMARY KEY,
    how TEXT NOT NULL,
    since_height BIGINT NOT NULL
);

-- Where addresses are compared already, that was the way.
INSERT INTO inner_transfers (chain, how, since_height) SELECT DISTINCT chain, 'audit', 0 FROM audit;
