-- What lists are narrowed by, and the words of exchanges.

-- The longest silence within the response, in microseconds.
ALTER TABLE exchanges ADD COLUMN longest_gap_us INTEGER;
-- What the client says its request is for, and which of its agents sends it.
ALTER TABLE exchanges ADD COLUMN class ANY;
ALTER TABLE exchanges ADD COLUMN agent_type ANY;
-- The subagent by whose rule it was routed.
ALTER TABLE exchanges ADD COLUMN subagent ANY;

-- Few rows have what these name, or few share it; everything else is found by walking in time.
CREATE INDEX exchanges_session ON exchanges (session, id) WHERE session IS NOT NULL;
CREATE INDEX exchanges_model ON exchanges (model, id) WHERE model IS NOT NULL;
CREATE INDEX exchanges_errors ON exchanges (id) WHERE (status>=400 OR state>1);

-- The words of an exchange under its own number: what was new in its request, and its answer. The
-- texts themselves are not kept twice.
CREATE VIRTUAL TABLE words USING fts5 (
    text, content='', contentless_delete=1, tokenize="unicode61 remove_diacritics 2"
);

-- Up to which row every exchange has been read for its words.
CREATE TABLE words_state (
    id    INTEGER PRIMARY KEY CHECK (id = 0),
    until INTEGER NOT NULL
) STRICT;
INSERT INTO words_state (id, until) VALUES (0, -1);
