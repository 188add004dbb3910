-- The newest block that had been read when an address was shown: what is in it or below it was not
-- meant for the request. NULL where that is not known.
ALTER TABLE address ADD COLUMN shown_height BIGINT;
ALTER TABLE address ADD COLUMN shown_hash TEXT;
