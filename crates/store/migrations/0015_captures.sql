-- Captures that several nodes share by a database server.

-- Which node took an exchange; and whether that was another, whose exchanges are not shipped again.
ALTER TABLE exchanges ADD COLUMN node ANY;
ALTER TABLE exchanges ADD COLUMN adopted INTEGER;

-- What this node is known as, and the name of the server's database that it has joined; empty for none.
CREATE TABLE captures_self (
    id     INTEGER PRIMARY KEY CHECK (id = 0),
    node   BLOB NOT NULL,
    server TEXT NOT NULL
) STRICT;

-- What is still to be shipped, in the order in which it came to be.
CREATE TABLE captures_outbox (
    id   INTEGER PRIMARY KEY,
    row  INTEGER NOT NULL,  -- of the exchange
    kind INTEGER NOT NULL   -- 0 the exchange, 3 its grade
) STRICT;

-- Up to which entry the log of each node was read.
CREATE TABLE captures_read (
    node BLOB PRIMARY KEY,
    seq  INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
