-- Nothing has written to the table until now.
DROP TABLE idempotency;
CREATE TABLE idempotency (
    scope        TEXT    NOT NULL,
    key_hash     TEXT    NOT NULL,
    request_hash TEXT    NOT NULL,
    status       BIGINT  NOT NULL,
    answer       TEXT    NOT NULL,
    created_us   BIGINT  NOT NULL,
    PRIMARY KEY (scope, key_hash)
);
CREATE INDEX idempotency_created ON idempotency (created_us);
