-- What each address held of its network's coin when that was last compared with what was booked.
CREATE TABLE audit (
    chain TEXT NOT NULL,
    wallet_id TEXT NOT NULL,
    number BIGINT NOT NULL,
    height BIGINT NOT NULL,
    balance TEXT NOT NULL,
    booked TEXT NOT NULL,
    audited_at BIGINT NOT NULL,
    due_at BIGINT NOT NULL,
    PRIMARY KEY (chain, wallet_id, number)
);

CREATE INDEX audit_due ON audit (chain, due_at);
