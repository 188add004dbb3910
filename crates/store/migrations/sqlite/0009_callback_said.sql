-- The beginning of what an endpoint said at the last attempt, sealed: it may repeat what it was sent.
ALTER TABLE callback ADD COLUMN said BLOB;
