-- On which terms a provider worked, as far as its price depends on them; NULL for the usual ones.
ALTER TABLE exchanges ADD COLUMN terms INTEGER;
