-- Sessions: what belongs together, summed up by the writer as exchanges come, end and go, so that
-- a list of them reads nothing else.
CREATE TABLE sessions (
    id           INTEGER PRIMARY KEY,  -- a hash of the two that follow
    grouping     INTEGER NOT NULL,     -- 0 the client's session, 1 the hash of a conversation
    name         TEXT NOT NULL,
    client       TEXT,
    models       TEXT NOT NULL,        -- in lower case, each between line feeds; to filter by
    title        TEXT,
    title_rank   INTEGER NOT NULL,     -- 0 none, 1 the first words of the user, 2 a made title
    started      INTEGER NOT NULL,     -- microseconds since 1970
    last         INTEGER NOT NULL,
    requests     INTEGER NOT NULL,
    errors       INTEGER NOT NULL,
    context      INTEGER,              -- input tokens of the newest turn of the main agent
    context_turn INTEGER               -- and the row of that
) STRICT;
CREATE INDEX sessions_last ON sessions (last, id);

-- What the exchanges of a session that have ended took, by agent ('' is the main one), model,
-- provider and size of the prompt, by which some prices differ.
CREATE TABLE session_parts (
    session     INTEGER NOT NULL,
    agent       TEXT NOT NULL,
    model       TEXT NOT NULL,
    provider    TEXT NOT NULL,
    band        INTEGER NOT NULL,
    requests    INTEGER NOT NULL,
    started     INTEGER NOT NULL,
    last        INTEGER NOT NULL,
    input       INTEGER NOT NULL,
    output      INTEGER NOT NULL,
    cache_read  INTEGER NOT NULL,
    cache_write INTEGER NOT NULL,
    cache_write_5m INTEGER NOT NULL,
    cache_write_1h INTEGER NOT NULL,
    reasoning   INTEGER NOT NULL,
    searches    INTEGER NOT NULL,
    PRIMARY KEY (session, agent, model, provider, band)
) STRICT, WITHOUT ROWID;

-- The exchanges of each session in order.
CREATE TABLE turns (
    session INTEGER NOT NULL,
    id      INTEGER NOT NULL,
    signs   INTEGER NOT NULL,  -- what tells its kind; 0 nothing
    PRIMARY KEY (session, id)
) STRICT, WITHOUT ROWID;

-- The newest exchange of which this is still to be made; no row when all is.
CREATE TABLE session_rebuild (next INTEGER NOT NULL) STRICT;
INSERT INTO session_rebuild SELECT max(id) FROM exchanges HAVING max(id) IS NOT NULL;
