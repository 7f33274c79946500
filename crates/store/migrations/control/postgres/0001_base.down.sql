DROP TABLE idempotency;
DROP TABLE control_state;
DROP TABLE audit_events;
DROP TABLE spending;
DROP TABLE tokens;
DROP TABLE project_keys;
DROP TABLE projects;
