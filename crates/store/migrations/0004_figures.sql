-- What exchanges add up to, a quarter of an hour at a time, and what providers said of quotas.

-- What figures are kept apart by. Bounded: what does not fit counts as "(other)".
CREATE TABLE figure_keys (
    id       INTEGER PRIMARY KEY,
    provider TEXT NOT NULL,
    model    TEXT NOT NULL,  -- the one that was asked; empty for none
    client   TEXT NOT NULL,
    agent    TEXT NOT NULL,  -- main or subagent
    subagent TEXT NOT NULL,  -- its name; empty for none
    status   INTEGER NOT NULL,  -- 2 to 5 for a hundred, 429, 0 for none
    UNIQUE (provider, model, client, agent, subagent, status)
) STRICT;

-- The sums of the exchanges that began in a quarter of an hour, counted from 1970.
CREATE TABLE figures (
    quarter INTEGER NOT NULL,
    key     INTEGER NOT NULL,
    sums    BLOB NOT NULL,
    PRIMARY KEY (quarter, key)
) STRICT, WITHOUT ROWID;

-- Exchanges older than the figures, which are added up a few at a time: from `next` up to `until`.
CREATE TABLE figures_state (
    id    INTEGER PRIMARY KEY CHECK (id = 0),
    next  INTEGER NOT NULL,
    until INTEGER NOT NULL
) STRICT;
INSERT INTO figures_state (id, next, until) SELECT 0, 0, coalesce(max(id) + 1, 0) FROM exchanges;

-- Whose quota a reading is of.
CREATE TABLE quota_series (
    id           INTEGER PRIMARY KEY,
    provider     TEXT NOT NULL,
    key          TEXT NOT NULL,  -- empty for none
    organization TEXT NOT NULL,  -- empty for none
    span         TEXT NOT NULL,  -- 5h, 7d, requests, tokens, ...
    UNIQUE (provider, key, organization, span)
) STRICT;

-- What was said of it, when that changed; milliseconds since 1970.
CREATE TABLE quota_readings (
    series    INTEGER NOT NULL,
    time      INTEGER NOT NULL,
    used      REAL,
    remaining INTEGER,
    most      INTEGER,
    resets    INTEGER,
    PRIMARY KEY (series, time)
) STRICT, WITHOUT ROWID;
