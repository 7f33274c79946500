-- Each statement commits on its own, so each can be done again.
-- Texts are compared byte by byte, as the other databases do. Keys are no longer than every row format can have.
CREATE TABLE IF NOT EXISTS projects (
    id             VARCHAR(36)  NOT NULL PRIMARY KEY,
    name           VARCHAR(200) NOT NULL UNIQUE,
    is_active      BIGINT       NOT NULL,
    deactivated_us BIGINT,
    spec           MEDIUMTEXT   NOT NULL,
    created_us     BIGINT       NOT NULL,
    updated_us     BIGINT       NOT NULL,
    version        BIGINT       NOT NULL
) ENGINE = InnoDB ROW_FORMAT = DYNAMIC DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_bin;

CREATE TABLE IF NOT EXISTS project_keys (
    id         VARCHAR(36)  NOT NULL PRIMARY KEY,
    project_id VARCHAR(36)  NOT NULL,
    provider   VARCHAR(200) NOT NULL,
    secret     TEXT         NOT NULL,
    hint       TEXT         NOT NULL,
    created_us BIGINT       NOT NULL,
    CONSTRAINT project_keys_project FOREIGN KEY (project_id) REFERENCES projects (id)
) ENGINE = InnoDB ROW_FORMAT = DYNAMIC DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_bin;

CREATE TABLE IF NOT EXISTS tokens (
    id              VARCHAR(36) NOT NULL PRIMARY KEY,
    project_id      VARCHAR(36) NOT NULL,
    parent_id       VARCHAR(36),
    name            TEXT,
    digest          VARCHAR(64) NOT NULL UNIQUE,
    hint            TEXT        NOT NULL,
    previous_digest VARCHAR(64) UNIQUE,
    previous_until_us BIGINT,
    is_active       BIGINT      NOT NULL,
    deactivated_us  BIGINT,
    expires_us      BIGINT,
    max_requests    BIGINT,
    request_count   BIGINT      NOT NULL,
    cache_hit_count BIGINT      NOT NULL,
    last_used_us    BIGINT,
    spec            MEDIUMTEXT  NOT NULL,
    created_us      BIGINT      NOT NULL,
    updated_us      BIGINT      NOT NULL,
    version         BIGINT      NOT NULL,
    KEY tokens_project (project_id, created_us),
    CONSTRAINT tokens_of_project FOREIGN KEY (project_id) REFERENCES projects (id),
    CONSTRAINT tokens_of_parent FOREIGN KEY (parent_id) REFERENCES tokens (id)
) ENGINE = InnoDB ROW_FORMAT = DYNAMIC DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_bin;

CREATE TABLE IF NOT EXISTS spending (
    scope    VARCHAR(64) NOT NULL,
    period   VARCHAR(16) NOT NULL,
    start_s  BIGINT      NOT NULL,
    nano_usd BIGINT      NOT NULL,
    tokens   BIGINT      NOT NULL,
    PRIMARY KEY (scope, period, start_s)
) ENGINE = InnoDB ROW_FORMAT = DYNAMIC DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_bin;

CREATE TABLE IF NOT EXISTS audit_events (
    seq            BIGINT       NOT NULL PRIMARY KEY,
    id             VARCHAR(36)  NOT NULL UNIQUE,
    at_us          BIGINT       NOT NULL,
    action         VARCHAR(191) NOT NULL,
    actor          TEXT         NOT NULL,
    outcome        VARCHAR(16)  NOT NULL,
    reason         TEXT,
    project_id     VARCHAR(36),
    token_id       VARCHAR(36),
    request_id     TEXT,
    correlation_id TEXT,
    client_ip      TEXT,
    method         TEXT,
    path           MEDIUMTEXT,
    user_agent     TEXT,
    details        MEDIUMTEXT   NOT NULL,
    hash           VARCHAR(64)  NOT NULL,
    KEY audit_events_at (at_us),
    KEY audit_events_action (action, seq),
    KEY audit_events_project (project_id, seq)
) ENGINE = InnoDB ROW_FORMAT = DYNAMIC DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_bin;

-- One row: how often the directory changed, and the end of the chain of audit events.
CREATE TABLE IF NOT EXISTS control_state (
    id         BIGINT      NOT NULL PRIMARY KEY,
    version    BIGINT      NOT NULL,
    audit_seq  BIGINT      NOT NULL,
    audit_hash VARCHAR(64) NOT NULL
) ENGINE = InnoDB ROW_FORMAT = DYNAMIC DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_bin;
INSERT IGNORE INTO control_state (id, version, audit_seq, audit_hash) VALUES (1, 0, 0, '');

CREATE TABLE IF NOT EXISTS idempotency (
    scope      VARCHAR(64)  NOT NULL,
    key_hash   VARCHAR(128) NOT NULL,
    body_hash  VARCHAR(128) NOT NULL,
    status     BIGINT       NOT NULL,
    answer     MEDIUMTEXT   NOT NULL,
    created_us BIGINT       NOT NULL,
    PRIMARY KEY (scope, key_hash)
) ENGINE = InnoDB ROW_FORMAT = DYNAMIC DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_bin;
