-- Whether the network calls the block of a transfer safe, as it may call it final.
ALTER TABLE transfer ADD COLUMN safe BIGINT NOT NULL DEFAULT 0 CHECK (safe IN (0, 1));
