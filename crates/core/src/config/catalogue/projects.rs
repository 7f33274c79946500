//! The settings of `projects`.

use super::{DEADLINE, PATH, SECRET, bytes, count, text};
use crate::config::checks;
use crate::config::entry::{Entry, entry, var};
use crate::config::kind::Kind;

const MANAGERS: Kind = Kind::Map {
    form: "name to role and token",
    check: |text| checks::manager(text).map(drop),
    fields: &["role", "token"],
};

pub(super) static ENTRIES: &[Entry] = &[
    entry("projects.enabled", Kind::Bool, "false",
        "Keep projects and let their tokens in. On by itself where `projects.management_token` is set.")
        .restart(),
    entry("projects.required", Kind::Bool, "true",
        "Demand a project's token of every client that does not bring the gateway's own credential, of \
         loopback peers too. Off, whoever could come in without projects still can."),
    entry("projects.enforce_active", Kind::Bool, "true",
        "Refuse tokens of projects that are switched off (403).")
        .env(&[var("LLM_PROXY_ENFORCE_PROJECT_ACTIVE")]),
    entry("projects.grace", DEADLINE, "1h",
        "How long tokens are let in by what is known of them while their database cannot be read; after \
         that requests with tokens are refused (503) until it can be."),
    entry("projects.db_path", PATH, "control.db",
        "The SQLite file of projects, tokens, budgets and the audit; made if missing, for its owner only.")
        .env(&[var("DATABASE_PATH")])
        .restart(),
    entry("projects.db_driver", Kind::Choice(&["auto", "sqlite", "postgres", "mysql"]), "auto",
        "The database of projects. `auto` is what `projects.database_url` is an address of, and SQLite \
         without one; `mysql` is MariaDB, too.")
        .env(&[var("DB_DRIVER")])
        .restart(),
    entry("projects.database_url", text("address", checks::server_url), "",
        "Keep projects, tokens, budgets and the audit in this PostgreSQL, MySQL or MariaDB, which several \
         weirs share: `postgres://user:password@host/database?sslmode=verify-full`. See `docs/databases.md`.")
        .env(&[var("DATABASE_URL")])
        .secret()
        .example("${DATABASE_URL:-}")
        .restart(),
    entry("projects.database_pool_size", Kind::Integer { min: 1, max: 1000 }, "10",
        "Most connections to that server.")
        .env(&[var("DATABASE_POOL_SIZE")])
        .restart(),
    entry("projects.database_max_lifetime", DEADLINE, "1h",
        "How long a connection to that server is used.")
        .env(&[var("DATABASE_CONN_MAX_LIFETIME")])
        .restart(),
    entry("projects.management_token", SECRET, "",
        "Opens the calls under `/manage/` as `Authorization: Bearer`, with every right.")
        .env(&[var("MANAGEMENT_TOKEN")])
        .secret()
        .example("${MANAGEMENT_TOKEN:-}"),
    entry("projects.operate_token", SECRET, "",
        "The same for somebody who may make, change and revoke tokens, but not projects.")
        .secret()
        .example("${WEIR_OPERATE_TOKEN:-}"),
    entry("projects.read_token", SECRET, "", "The same for somebody who may only look.")
        .secret()
        .example("${WEIR_READ_TOKEN:-}"),
    entry("projects.managers", MANAGERS, "",
        "More of those tokens, by the names of who holds them, which the audit shows: \
         `{alice: {role: operate, token: \"${ALICE_TOKEN}\"}}`. A `role` is `read`, `operate` or `admin`.")
        .secret()
        .example("ci=role=read token=${WEIR_CI_TOKEN:-}"),
    entry("projects.encryption_key", text("32 bytes in base64", |key| checks::encryption_key(key).map(drop)), "",
        "Seals providers' keys of projects at rest by AES-256-GCM: 32 bytes in base64, as \
         `openssl rand -base64 32` makes. Without it they are stored as they are.")
        .env(&[var("ENCRYPTION_KEY")])
        .secret()
        .example("${ENCRYPTION_KEY:-}")
        .restart(),
    entry("projects.older_encryption_key", text("32 bytes in base64", |key| checks::encryption_key(key).map(drop)), "",
        "The key before `projects.encryption_key`: it opens what it has sealed and seals nothing.")
        .secret()
        .example("${OLD_ENCRYPTION_KEY:-}")
        .restart(),
    entry("projects.require_encryption_key", Kind::Bool, "false",
        "Refuse to start without `projects.encryption_key`.")
        .env(&[var("REQUIRE_ENCRYPTION_KEY")])
        .restart(),
    entry("projects.audit_file.path", PATH, "",
        "Write the audit to this file too, an event a line, for its owner only.")
        .env(&[var("AUDIT_LOG_FILE")])
        .example("/var/log/weir/audit.jsonl")
        .restart(),
    entry("projects.audit_file.enabled", Kind::Bool, "true",
        "Whether that file is written. The audit in the database always is.")
        .env(&[var("AUDIT_ENABLED")])
        .restart(),
    entry("projects.audit_file.max_bytes", bytes(4 << 10), "64MiB", "Size at which it is put aside.").restart(),
    entry("projects.audit_file.max_files", count(1000), "16", "Files put aside that are kept.").restart(),
];
