-- Each statement commits on its own, so each can be done again.
-- One row: the name of this database, so that a node knows when it is given another.
CREATE TABLE IF NOT EXISTS captures_state (
    id   BIGINT      NOT NULL PRIMARY KEY,
    name VARCHAR(36) NOT NULL
) ENGINE = InnoDB ROW_FORMAT = DYNAMIC DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_bin;

-- The nodes that ever shipped, each with the number of its newest entry: it is moved in the transaction
-- that adds entries, so that up to it all are there.
CREATE TABLE IF NOT EXISTS captures_nodes (
    node     VARCHAR(36)  NOT NULL PRIMARY KEY,
    name     VARCHAR(255) NOT NULL,
    last_seq BIGINT       NOT NULL,
    seen_us  BIGINT       NOT NULL
) ENGINE = InnoDB ROW_FORMAT = DYNAMIC DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_bin;

-- What happened at nodes, each numbering its own entries.
CREATE TABLE IF NOT EXISTS captures_log (
    node     VARCHAR(36) NOT NULL,
    seq      BIGINT      NOT NULL,
    id       VARCHAR(36) NOT NULL UNIQUE,  -- of the exchange, or the entry's own
    kind     BIGINT      NOT NULL,         -- 0 an exchange, 1 removals, 2 a wish to remove, 3 a grade
    format   BIGINT      NOT NULL,         -- how its data are written
    at_us    BIGINT      NOT NULL,         -- when it was shipped
    start_us BIGINT      NOT NULL,         -- when the exchange began; else as `at_us`
    size     BIGINT      NOT NULL,         -- bytes of its data, unpacked
    PRIMARY KEY (node, seq),
    KEY captures_log_start (start_us)
) ENGINE = InnoDB ROW_FORMAT = DYNAMIC DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_bin;

-- The data of entries, packed, in pieces that any server takes.
CREATE TABLE IF NOT EXISTS captures_data (
    id    VARCHAR(36) NOT NULL,
    piece BIGINT      NOT NULL,
    data  LONGBLOB    NOT NULL,
    PRIMARY KEY (id, piece)
) ENGINE = InnoDB ROW_FORMAT = DYNAMIC DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_bin;
