-- Networks on which nothing is credited until a person says so.
CREATE TABLE chain_stop (
    chain TEXT NOT NULL PRIMARY KEY,
    kind TEXT NOT NULL CHECK (kind IN ('reversed', 'too_deep')),
    height BIGINT NOT NULL,
    reason TEXT NOT NULL,
    since BIGINT NOT NULL,
    was_behind_since BIGINT
);
