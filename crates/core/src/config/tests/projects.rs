//! Where tenants are kept.

use super::{faults, good};
use crate::settings::{ControlDatabase, Role, ServerKind};

const POSTGRES: &str = "postgres://u:s3cret@h/llm";

fn database(env: &[(&str, &str)]) -> ControlDatabase {
    good("", env).settings.projects.database
}

#[test]
fn the_address_says_which_database_it_is_and_the_driver_wins() {
    let kind = |env: &[(&str, &str)]| match database(env) {
        ControlDatabase::Sqlite(_) => None,
        ControlDatabase::Server(server) => Some(server.kind),
    };
    let mysql = "u:p@tcp(h:3306)/llm?parseTime=true";
    for (env, expected) in [
        (vec![], None),
        (vec![("DATABASE_URL", POSTGRES)], Some(ServerKind::Postgres)),
        (vec![("DATABASE_URL", mysql)], Some(ServerKind::MySql)),
        (
            vec![("DATABASE_URL", POSTGRES), ("DB_DRIVER", "sqlite")],
            None,
        ),
        (
            vec![("DATABASE_URL", "mariadb://h/d"), ("DB_DRIVER", "mysql")],
            Some(ServerKind::MySql),
        ),
    ] {
        assert_eq!(kind(&env), expected, "{env:?}");
    }
    let ControlDatabase::Sqlite(file) = database(&[("DATABASE_PATH", "/x/y.db")]) else {
        panic!("a file is expected");
    };
    assert_eq!(file.to_str(), Some("/x/y.db"));
}

#[test]
fn a_pool_is_as_large_as_it_is_told() {
    let env = [
        ("DATABASE_URL", POSTGRES),
        ("DATABASE_POOL_SIZE", "3"),
        ("DATABASE_CONN_MAX_LIFETIME", "5m"),
    ];
    let ControlDatabase::Server(server) = database(&env) else {
        panic!("a server is expected");
    };
    assert_eq!((server.pool_size, server.max_lifetime.as_secs()), (3, 300));
    assert_eq!(server.url.expose(), POSTGRES);
    assert!(!format!("{server:?}").contains("s3cret"));
}

#[test]
fn managers_have_names_roles_and_tokens_of_their_own_that_are_shown_nowhere() {
    let file = "projects:\n  managers:\n    alice: {role: admin, token: \"${ALICE}\"}\n    \
                bob@x.org: {role: operate, token: bob-s3cret-01}\n    \
                ci: role=read token=ci-s3cret-012\n    gone: {role: read, token: \"${GONE:-}\"}\n";
    let loaded = good(file, &[("ALICE", "alice-s3cret")]);
    let projects = &loaded.settings.projects;
    assert!(projects.enabled, "somebody may manage them");
    let managers: Vec<_> = projects
        .managers
        .iter()
        .map(|one| (&*one.name, one.role, one.token.expose()))
        .collect();
    let expected = [
        ("alice", Role::Admin, "alice-s3cret"),
        ("bob@x.org", Role::Operate, "bob-s3cret-01"),
        ("ci", Role::Read, "ci-s3cret-012"),
    ];
    assert_eq!(managers, expected);
    let warned = loaded.warnings.join("\n");
    assert!(
        warned.contains("projects.managers.gone has no token"),
        "{warned}"
    );
    let shown = format!("{:?} {:?} {warned}", loaded.settings, loaded.report);
    assert!(!shown.contains("s3cret"), "{shown}");
}

#[test]
fn a_manager_that_cannot_be_told_from_another_is_refused_without_its_token() {
    let manager = |entry: &str| format!("projects: {{managers: {{{entry}}}}}\n");
    for (entry, expected) in [
        ("a: {role: owner, token: s3cret-0123}", "is not a `role`"),
        ("a: {token: s3cret-0123}", "is not a `role`"),
        ("a: s3cret-0123", "is not a `role`"),
        (
            "a: {role: read, tokn: s3cret-0123}",
            "did you mean `token`?",
        ),
        (
            "system: {role: read, token: s3cret-0123}",
            "not a name for a manager",
        ),
        (
            "\"a b\": {role: read, token: s3cret-0123}",
            "not a name for a manager",
        ),
        (
            "a: {role: read, token: s3cret-0123}, b: {role: admin, token: s3cret-0123}",
            "has the token of projects.managers.a",
        ),
        (
            "a: {role: read, token: s3cret-mngr}",
            "has the token of projects.management_token",
        ),
    ] {
        let found = faults(&manager(entry), &[("MANAGEMENT_TOKEN", "s3cret-mngr")]);
        assert!(found.contains(expected), "{entry}: {found}");
        assert!(!found.contains("s3cret"), "{found}");
    }
}

#[test]
fn a_driver_that_cannot_be_used_names_the_fix_and_shows_no_password() {
    for (env, expected) in [
        (
            vec![("DB_DRIVER", "oracle")],
            "is not one of `auto`, `sqlite`, `postgres`, `mysql`",
        ),
        (vec![("DB_DRIVER", "postgres")], "set DATABASE_URL, such as"),
        (
            vec![("DB_DRIVER", "mysql"), ("DATABASE_URL", POSTGRES)],
            "is no address of the projects.db_driver `mysql`",
        ),
        (
            vec![("DATABASE_URL", "http://u:s3cret@h")],
            "does not begin with postgres:// or mysql://",
        ),
    ] {
        let found = faults("", &env);
        assert!(found.contains(expected), "{found}");
        assert!(!found.contains("s3cret"), "{found}");
    }
}
