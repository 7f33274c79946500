DROP TABLE settings_state;
DROP TABLE settings;
