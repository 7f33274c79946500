-- How a model graded the prompt, as JSON; null where nobody asked for it.
ALTER TABLE exchanges ADD COLUMN prompt_grade TEXT;
