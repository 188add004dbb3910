-- When a chain could not be read up to its tip, or Coffer did not run, and what was found afterwards.
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
