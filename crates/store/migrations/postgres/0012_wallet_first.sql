-- The number of the first address that a wallet gives out; those below belong to whoever used the
-- account before.
ALTER TABLE wallet ADD COLUMN first_number BIGINT NOT NULL DEFAULT 0;
