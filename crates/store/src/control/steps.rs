//! The steps that bring a schema up to date, and back, for each kind of database. A server has two
//! schemas, that of projects and that of captures, which may be in one database or in two.

/// A step of a schema.
#[derive(Debug)]
pub(crate) struct Step {
    /// Its number, from 1 without gaps.
    pub(crate) version: i64,
    /// What it is about.
    pub(crate) name: &'static str,
    /// The statements that do it.
    pub(crate) up: &'static str,
    /// The statements that undo it.
    pub(crate) down: &'static str,
}

/// Which way a schema goes, and how far.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    /// Steps up to this version are done.
    Up(i64),
    /// Steps above this version are undone.
    Down(i64),
}

/// A schema on servers.
#[derive(Debug)]
pub(crate) struct Schema {
    /// The setting that names the server.
    pub(crate) setting: &'static str,
    /// The table that keeps which steps were done.
    pub(crate) table: &'static str,
    /// The steps on PostgreSQL.
    pub(crate) postgres: &'static [Step],
    /// The steps on MySQL and MariaDB.
    pub(crate) mysql: &'static [Step],
}

/// That of projects, tokens and the audit.
pub(crate) static CONTROL: Schema = Schema {
    setting: "projects.database_url",
    table: "weir_migrations",
    postgres: POSTGRES,
    mysql: MYSQL,
};

/// That of captures which several nodes share.
pub(crate) static CAPTURES: Schema = Schema {
    setting: "storage.database_url",
    table: "weir_captures_migrations",
    postgres: &[Step {
        version: 1,
        name: "log",
        up: include_str!("../../migrations/captures/postgres/0001_log.up.sql"),
        down: include_str!("../../migrations/captures/postgres/0001_log.down.sql"),
    }],
    mysql: &[Step {
        version: 1,
        name: "log",
        up: include_str!("../../migrations/captures/mysql/0001_log.up.sql"),
        down: include_str!("../../migrations/captures/mysql/0001_log.down.sql"),
    }],
};

macro_rules! step {
    ($database:literal, $version:literal, $file:literal, $name:literal) => {
        Step {
            version: $version,
            name: $name,
            up: include_str!(concat!(
                "../../migrations/control/",
                $database,
                "/",
                $file,
                ".up.sql"
            )),
            down: include_str!(concat!(
                "../../migrations/control/",
                $database,
                "/",
                $file,
                ".down.sql"
            )),
        }
    };
}

pub(crate) static SQLITE: &[Step] = &[
    step!("sqlite", 1, "0001_base", "base"),
    step!("sqlite", 2, "0002_idempotency", "idempotency"),
    step!("sqlite", 3, "0003_settings", "settings"),
];
pub(crate) static POSTGRES: &[Step] = &[
    step!("postgres", 1, "0001_base", "base"),
    step!("postgres", 2, "0002_idempotency", "idempotency"),
    step!("postgres", 3, "0003_settings", "settings"),
];
pub(crate) static MYSQL: &[Step] = &[
    step!("mysql", 1, "0001_base", "base"),
    step!("mysql", 2, "0002_idempotency", "idempotency"),
    step!("mysql", 3, "0003_settings", "settings"),
];

/// The version that this weir writes.
pub(crate) fn newest(steps: &[Step]) -> i64 {
    steps.last().map_or(0, |step| step.version)
}

/// The steps that are to be taken, in order, with what they run.
pub(crate) fn due(
    way: Way,
    steps: &'static [Step],
    applied: &[i64],
) -> Vec<(&'static Step, &'static str)> {
    let is_applied = |step: &&Step| applied.contains(&step.version);
    match way {
        Way::Up(to) => {
            let missing = steps.iter().filter(|step| !is_applied(step));
            let missing = missing.filter(|step| step.version <= to);
            missing.map(|step| (step, step.up)).collect()
        }
        Way::Down(to) => {
            let above = steps.iter().rev().filter(|step| step.version > to);
            above
                .filter(is_applied)
                .map(|step| (step, step.down))
                .collect()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_database_has_the_same_steps() {
        for steps in [SQLITE, POSTGRES, MYSQL] {
            let numbers: Vec<i64> = steps.iter().map(|step| step.version).collect();
            let expected: Vec<i64> = (1..=newest(SQLITE)).collect();
            assert_eq!(numbers, expected, "numbered from 1 without gaps");
            let names = |steps: &'static [Step]| steps.iter().map(|step| step.name);
            assert!(names(steps).eq(names(SQLITE)));
        }
    }
}
