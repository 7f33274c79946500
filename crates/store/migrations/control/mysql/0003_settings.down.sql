DROP TABLE IF EXISTS settings_state;
DROP TABLE IF EXISTS settings;
