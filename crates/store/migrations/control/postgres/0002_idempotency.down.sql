DROP TABLE idempotency;
CREATE TABLE idempotency (
    scope        TEXT    NOT NULL,
    key_hash     TEXT    NOT NULL,
    body_hash    TEXT    NOT NULL,
    status       BIGINT  NOT NULL,
    answer       TEXT    NOT NULL,
    created_us   BIGINT  NOT NULL,
    PRIMARY KEY (scope, key_hash)
);
