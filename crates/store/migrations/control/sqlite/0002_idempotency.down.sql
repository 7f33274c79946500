DROP TABLE idempotency;
CREATE TABLE idempotency (
    scope        TEXT    NOT NULL,
    key_hash     TEXT    NOT NULL,
    body_hash    TEXT    NOT NULL,
    status       INTEGER NOT NULL,
    answer       TEXT    NOT NULL,
    created_us   INTEGER NOT NULL,
    PRIMARY KEY (scope, key_hash)
);
