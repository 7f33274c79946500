DROP TABLE IF EXISTS captures_data;
DROP TABLE IF EXISTS captures_log;
DROP TABLE IF EXISTS captures_nodes;
DROP TABLE IF EXISTS captures_state;
