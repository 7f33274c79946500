-- The words of exchanges in parts, so that a search is never longer at it than a part takes. Each
-- part is an index of its own, `words_` and its number, and has the rows from `first` on up to
-- those of the next. What was indexed before is read again.
DROP TABLE words;
CREATE TABLE words_parts (
    id    INTEGER PRIMARY KEY,
    first INTEGER NOT NULL UNIQUE
) STRICT;
UPDATE words_state SET until=-1;
