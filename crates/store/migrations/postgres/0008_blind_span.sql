-- When a chain could not be read up to its tip, or Coffer did not run, and what was found afterwards.
CREATE TABLE blind_span (
    chain TEXT NOT NULL,
    since BIGINT NOT NULL,
    until BIGINT,
    from_height BIGINT NOT NULL,
    to_height BIGINT,
    reason TEXT NOT NULL,
    payments BIGINT NOT NULL,
    found TEXT NOT NULL,
    PRIMARY KEY (chain, since)
);

CREATE UNIQUE INDEX blind_span_lasting ON blind_span (chain) WHERE until IS NULL;
