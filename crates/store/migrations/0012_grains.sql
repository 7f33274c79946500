-- The sums of exchanges for longer stretches too, so that a year is not read by the quarter of an
-- hour. The longer ones are made from the quarters when the database is
-- opened.
CREATE TABLE figures_by_grain (
    grain   INTEGER NOT NULL,  -- quarters of an hour that it lasts: 1, 4, 16 or 96
    quarter INTEGER NOT NULL,  -- the first of them, counted from 1970; a multiple of the grain
    key     INTEGER NOT NULL,
    sums    BLOB NOT NULL,
    PRIMARY KEY (grain, quarter, key)
) STRICT, WITHOUT ROWID;
INSERT INTO figures_by_grain SELECT 1, quarter, key, sums FROM figures;
DROP TABLE figures;
ALTER TABLE figures_by_grain RENAME TO figures;
