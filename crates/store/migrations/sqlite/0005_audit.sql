-- What each address held of its network's coin when that was last compared with what was booked.
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
