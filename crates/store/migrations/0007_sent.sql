-- What went upstream: its headers, coded as all headers are, and the rest in short; null where nothing did.
ALTER TABLE responses ADD COLUMN sent_headers BLOB;
ALTER TABLE responses ADD COLUMN sent BLOB;
