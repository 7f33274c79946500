-- Numbers are BIGINT throughout, so that rows are the same whatever database they are in.
CREATE TABLE projects (
    id             TEXT    NOT NULL PRIMARY KEY,
    name           TEXT    COLLATE "C" NOT NULL UNIQUE,
    is_active      BIGINT  NOT NULL,
    deactivated_us BIGINT,
    spec           TEXT    NOT NULL,
    created_us     BIGINT  NOT NULL,
    updated_us     BIGINT  NOT NULL,
    version        BIGINT  NOT NULL
);

CREATE TABLE project_keys (
    id         TEXT    NOT NULL PRIMARY KEY,
    project_id TEXT    NOT NULL REFERENCES projects (id),
    provider   TEXT    NOT NULL,
    secret     TEXT    NOT NULL,
    hint       TEXT    NOT NULL,
    created_us BIGINT  NOT NULL
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
    previous_until_us BIGINT,
    is_active       BIGINT  NOT NULL,
    deactivated_us  BIGINT,
    expires_us      BIGINT,
    max_requests    BIGINT,
    request_count   BIGINT  NOT NULL,
    cache_hit_count BIGINT  NOT NULL,
    last_used_us    BIGINT,
    spec            TEXT    NOT NULL,
    created_us      BIGINT  NOT NULL,
    updated_us      BIGINT  NOT NULL,
    version         BIGINT  NOT NULL
);
CREATE INDEX tokens_project ON tokens (project_id, created_us);

CREATE TABLE spending (
    scope    TEXT    NOT NULL,
    period   TEXT    NOT NULL,
    start_s  BIGINT  NOT NULL,
    nano_usd BIGINT  NOT NULL,
    tokens   BIGINT  NOT NULL,
    PRIMARY KEY (scope, period, start_s)
);

CREATE TABLE audit_events (
    seq            BIGINT  NOT NULL PRIMARY KEY,
    id             TEXT    NOT NULL UNIQUE,
    at_us          BIGINT  NOT NULL,
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
    id         BIGINT  NOT NULL PRIMARY KEY,
    version    BIGINT  NOT NULL,
    audit_seq  BIGINT  NOT NULL,
    audit_hash TEXT    NOT NULL
);
INSERT INTO control_state (id, version, audit_seq, audit_hash) VALUES (1, 0, 0, '');

CREATE TABLE idempotency (
    scope      TEXT    NOT NULL,
    key_hash   TEXT    NOT NULL,
    body_hash  TEXT    NOT NULL,
    status     BIGINT  NOT NULL,
    answer     TEXT    NOT NULL,
    created_us BIGINT  NOT NULL,
    PRIMARY KEY (scope, key_hash)
);
