-- One row: the name of this database, so that a node knows when it is given another.
CREATE TABLE captures_state (
    id   BIGINT NOT NULL PRIMARY KEY,
    name TEXT   NOT NULL
);

-- The nodes that ever shipped, each with the number of its newest entry: it is moved in the transaction
-- that adds entries, so that up to it all are there.
CREATE TABLE captures_nodes (
    node     TEXT   NOT NULL PRIMARY KEY,
    name     TEXT   NOT NULL,
    last_seq BIGINT NOT NULL,
    seen_us  BIGINT NOT NULL
);

-- What happened at nodes, each numbering its own entries.
CREATE TABLE captures_log (
    node   TEXT   NOT NULL,
    seq    BIGINT NOT NULL,
    id     TEXT   NOT NULL UNIQUE,  -- of the exchange, or the entry's own
    kind   BIGINT NOT NULL,         -- 0 an exchange, 1 removals, 2 a wish to remove, 3 a grade
    format BIGINT NOT NULL,         -- how its data are written
    at_us  BIGINT NOT NULL,         -- when it was shipped
    start_us BIGINT NOT NULL,       -- when the exchange began; else as `at_us`
    size   BIGINT NOT NULL,         -- bytes of its data, unpacked
    PRIMARY KEY (node, seq)
);
CREATE INDEX captures_log_start ON captures_log (start_us);

-- The data of entries, packed, in pieces that any server takes.
CREATE TABLE captures_data (
    id    TEXT   NOT NULL,
    piece BIGINT NOT NULL,
    data  BYTEA  NOT NULL,
    PRIMARY KEY (id, piece)
);
-- They are packed already.
ALTER TABLE captures_data ALTER COLUMN data SET STORAGE EXTERNAL;
