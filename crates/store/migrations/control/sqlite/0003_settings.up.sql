-- Edits of settings that every node follows.
CREATE TABLE settings (
    path       TEXT    NOT NULL PRIMARY KEY,
    value      TEXT    NOT NULL,
    updated_us INTEGER NOT NULL
);

-- One row: how often they were edited.
CREATE TABLE settings_state (
    id      INTEGER NOT NULL PRIMARY KEY,
    version INTEGER NOT NULL
);
INSERT INTO settings_state (id, version) VALUES (1, 0);
