-- Nothing has written to the table until now. Each statement commits on its own, so each can be done again.
DROP TABLE IF EXISTS idempotency;
CREATE TABLE IF NOT EXISTS idempotency (
    scope        VARCHAR(64)  NOT NULL,
    key_hash     VARCHAR(64) NOT NULL,
    request_hash VARCHAR(64) NOT NULL,
    status       BIGINT       NOT NULL,
    answer       MEDIUMTEXT   NOT NULL,
    created_us   BIGINT       NOT NULL,
    PRIMARY KEY (scope, key_hash),
    KEY idempotency_created (created_us)
) ENGINE = InnoDB ROW_FORMAT = DYNAMIC DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_bin;
