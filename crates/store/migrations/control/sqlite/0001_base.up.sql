CREATE TABLE projects (
    id             TEXT    NOT NULL PRIMARY KEY,
    name           TEXT    NOT NULL UNIQUE,
    is_active      INTEGER NOT NULL,
    deactivated_us INTEGER,
    spec           TEXT    NOT NULL,
    created_us     INTEGER NOT NULL,
    updated_us     INTEGER NOT NULL,
    version        INTEGER NOT NULL
);

CREATE TABLE project_keys (
    id         TEXT    NOT NULL PRIMARY KEY,
    project_id TEXT    NOT NULL REFERENCES projects (id),
    provider   TEXT    NOT NULL,
    secret     TEXT    NOT NULL,
    hint       TEXT    NOT NULL,
    created_us INTEGER NOT NULL
);
CREATE INDEX project_keys_project ON project_keys (project_id);

CREATE TABLE tokens (
    id              TEXT    NOT NULL PRIMARY KEY,
    project_id      TEXT    NOT NULL REFERENCES projects (id),
    parent_id       TEXT    REFERENCES tokens (id),
    name            TEXT,
    digest          TEXT    NOT NULL UNIQUE,
    hint            TEXT    NOT NULL,
    previous_digest TEXT    UNIQUE,
    previous_until_us INTEGER,
    is_active       INTEGER NOT NULL,
    deactivated_us  INTEGER,
    expires_us      INTEGER,
    max_requests    INTEGER,
    request_count   INTEGER NOT NULL,
    cache_hit_count INTEGER NOT NULL,
    last_used_us    INTEGER,
    spec            TEXT    NOT NULL,
    created_us      INTEGER NOT NULL,
    updated_us      INTEGER NOT NULL,
    version         INTEGER NOT NULL
);
CREATE INDEX tokens_project ON tokens (project_id, created_us);

CREATE TABLE spending (
    scope    TEXT    NOT NULL,
    period   TEXT    NOT NULL,
    start_s  INTEGER NOT NULL,
    nano_usd INTEGER NOT NULL,
    tokens   INTEGER NOT NULL,
    PRIMARY KEY (scope, period, start_s)
);

CREATE TABLE audit_events (
    seq            INTEGER NOT NULL PRIMARY KEY,
    id             TEXT    NOT NULL UNIQUE,
    at_us          INTEGER NOT NULL,
    action         TEXT    NOT NULL,
    actor          TEXT    NOT NULL,
    outcome        TEXT    NOT NULL,
    reason         TEXT,
    project_id     TEXT,
    token_id       TEXT,
    request_id     TEXT,
    correlation_id TEXT,
    client_ip      TEXT,
    method         TEXT,
    path           TEXT,
    user_agent     TEXT,
    details        TEXT    NOT NULL,
    hash           TEXT    NOT NULL
);
CREATE INDEX audit_events_at ON audit_events (at_us);
CREATE INDEX audit_events_action ON audit_events (action, seq);
CREATE INDEX audit_events_project ON audit_events (project_id, seq);

-- One row: how often the directory changed, and the end of the chain of audit events.
CREATE TABLE control_state (
    id         INTEGER NOT NULL PRIMARY KEY,
    version    INTEGER NOT NULL,
    audit_seq  INTEGER NOT NULL,
    audit_hash TEXT    NOT NULL
);
INSERT INTO control_state (id, version, audit_seq, audit_hash) VALUES (1, 0, 0, '');

CREATE TABLE idempotency (
    scope      TEXT    NOT NULL,
    key_hash   TEXT    NOT NULL,
    body_hash  TEXT    NOT NULL,
    status     INTEGER NOT NULL,
    answer     TEXT    NOT NULL,
    created_us INTEGER NOT NULL,
    PRIMARY KEY (scope, key_hash)
);
