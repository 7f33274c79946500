-- How an exchange found its provider, as JSON; null where there was nothing to choose.
ALTER TABLE exchanges ADD COLUMN route TEXT;
