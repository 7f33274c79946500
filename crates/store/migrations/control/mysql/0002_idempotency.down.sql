DROP TABLE IF EXISTS idempotency;
CREATE TABLE IF NOT EXISTS idempotency (
    scope        VARCHAR(64)  NOT NULL,
    key_hash     VARCHAR(128) NOT NULL,
    body_hash    VARCHAR(128) NOT NULL,
    status       BIGINT       NOT NULL,
    answer       MEDIUMTEXT   NOT NULL,
    created_us   BIGINT       NOT NULL,
    PRIMARY KEY (scope, key_hash)
) ENGINE = InnoDB ROW_FORMAT = DYNAMIC DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_bin;
