-- Edits of settings that every node follows.
CREATE TABLE settings (
    path       TEXT    NOT NULL PRIMARY KEY,
    value      TEXT    NOT NULL,
    updated_us BIGINT  NOT NULL
);

-- One row: how often they were edited.
CREATE TABLE settings_state (
    id      BIGINT  NOT NULL PRIMARY KEY,
    version BIGINT  NOT NULL
);
INSERT INTO settings_state (id, version) VALUES (1, 0);
