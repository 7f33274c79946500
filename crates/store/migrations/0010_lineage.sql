-- Which exchanges follow from which, where neither headers nor fingerprints of messages tell.
ALTER TABLE turns ADD COLUMN follows INTEGER;  -- the exchange whose response it goes on from

-- The exchange that the title is from: with it the title goes.
ALTER TABLE sessions ADD COLUMN title_turn INTEGER;

-- What an answer said that later requests come back to: the response's id, and the prompts of the
-- agents that it starts. Digests only.
CREATE TABLE leads (
    id   INTEGER NOT NULL,  -- the exchange
    mark BLOB NOT NULL,
    call TEXT,              -- the call that starts an agent; none for a response's id
    kind TEXT,              -- which kind of agent it asks for
    PRIMARY KEY (id, mark)
) STRICT, WITHOUT ROWID;
