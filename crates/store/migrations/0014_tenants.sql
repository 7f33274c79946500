-- Whose token an exchange brought: the id of the project, and the token's; both coded texts.
ALTER TABLE exchanges ADD COLUMN project ANY;
ALTER TABLE exchanges ADD COLUMN token ANY;

-- Figures are kept apart by the project too.
CREATE TABLE figure_keys_by_project (
    id       INTEGER PRIMARY KEY,
    provider TEXT NOT NULL,
    model    TEXT NOT NULL,  -- the one that was asked; empty for none
    client   TEXT NOT NULL,
    agent    TEXT NOT NULL,  -- main or subagent
    subagent TEXT NOT NULL,  -- its name; empty for none
    project  TEXT NOT NULL,  -- its id; empty for none
    status   INTEGER NOT NULL,  -- 2 to 5 for a hundred, 429, 0 for none
    UNIQUE (provider, model, client, agent, subagent, project, status)
) STRICT;
INSERT INTO figure_keys_by_project
    SELECT id, provider, model, client, agent, subagent, '', status FROM figure_keys;
DROP TABLE figure_keys;
ALTER TABLE figure_keys_by_project RENAME TO figure_keys;
