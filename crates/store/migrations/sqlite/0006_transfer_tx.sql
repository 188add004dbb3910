-- A transaction is looked for by its id.
CREATE INDEX transfer_tx ON transfer (tx);
