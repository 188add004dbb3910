-- The servers that share this database. Each counts its beat up while it lives.
CREATE TABLE server (
    id TEXT NOT NULL PRIMARY KEY,
    beat BIGINT NOT NULL
);

-- What only one server does at a time, such as following a chain, and which one. The fence rises
-- with every change of the holder; what an earlier one still writes is refused.
CREATE TABLE lease (
    name TEXT NOT NULL PRIMARY KEY,
    holder TEXT,
    fence BIGINT NOT NULL
);
