//! Tenants: who manages them, and where they are kept.

use super::check::{Findings, path, secret};
use super::checks;
use super::fault::Fault;
use super::resolve::Resolved;
use crate::settings::{ControlDatabase, DatabaseServer, Projects, RotatedFiles, ServerKind};

const DRIVER: &str = "projects.db_driver";
const URL: &str = "projects.database_url";

/// Tenants. Who says how they are managed wants them.
pub(crate) fn check(values: &Resolved, found: &mut Findings) -> Projects {
    const KEY: &str = "projects.encryption_key";
    const REQUIRED: &str = "projects.require_encryption_key";
    let management_token = secret(values, "projects.management_token");
    let enabled = match values.is_set("projects.enabled") {
        true => values.is_on("projects.enabled"),
        false => management_token.is_some(),
    };
    let encryption_key = secret(values, KEY);
    if enabled && encryption_key.is_none() && values.is_on(REQUIRED) {
        let fault = Fault::new(values.place(REQUIRED), KEY, "must be set");
        found
            .faults
            .push(fault.hint("set ENCRYPTION_KEY; `openssl rand -base64 32` makes one"));
    }
    let password = secret(values, "dashboard.password");
    if enabled && management_token.is_none() && password.is_none() {
        let (path, what) = ("projects.enabled", "nobody could manage projects");
        let fault = Fault::new(values.place(path), path, what);
        found.faults.push(
            fault.hint("set MANAGEMENT_TOKEN (`projects.management_token`) or DASHBOARD_PASSWORD"),
        );
    }
    let database = database(values, found);
    Projects {
        enabled,
        required: enabled && values.is_on("projects.required"),
        enforce_active: values.is_on("projects.enforce_active"),
        grace: values.span("projects.grace"),
        database,
        management_token,
        operate_token: secret(values, "projects.operate_token"),
        read_token: secret(values, "projects.read_token"),
        encryption_key,
        older_encryption_key: secret(values, "projects.older_encryption_key"),
        audit_file: audit_file(values, (enabled, found)),
    }
}

/// Where the audit is written besides.
fn audit_file(values: &Resolved, (enabled, found): (bool, &mut Findings)) -> Option<RotatedFiles> {
    const PATH: &str = "projects.audit_file.path";
    let path = path(values, PATH).filter(|_| values.is_on("projects.audit_file.enabled"))?;
    if !enabled {
        let warning = format!("{PATH} has no effect: there are no projects");
        found.warnings.push(warning);
        return None;
    }
    Some(RotatedFiles {
        path,
        max_bytes: values.number("projects.audit_file.max_bytes"),
        max_files: values.small("projects.audit_file.max_files"),
        max_age: None,
    })
}

/// Where tenants are kept: as the driver says, else as the address does.
fn database(values: &Resolved, found: &mut Findings) -> ControlDatabase {
    let file = || ControlDatabase::Sqlite(path(values, "projects.db_path").unwrap_or_default());
    let url = secret(values, URL);
    let speaks = url
        .as_ref()
        .and_then(|url| checks::server_kind(url.expose()));
    let driver = match values.text(DRIVER) {
        Some("sqlite") => {
            if url.is_some() {
                let warning = format!("{URL} has no effect while {DRIVER} is `sqlite`");
                found.warnings.push(warning);
            }
            return file();
        }
        Some("postgres") => Some(ServerKind::Postgres),
        Some("mysql") => Some(ServerKind::MySql),
        _ => None,
    };
    let (kind, url) = match (driver.or(speaks), url) {
        (None, _) => return file(),
        (Some(kind), Some(url)) => (kind, url),
        (Some(kind), None) => {
            let fault = Fault::new(values.place(DRIVER), URL, "must be set");
            let like = match kind {
                ServerKind::Postgres => "postgres://user:password@host/database",
                ServerKind::MySql => "mysql://user:password@host/database",
            };
            let hint = format!("set DATABASE_URL, such as `{like}`; or DB_DRIVER=sqlite");
            found.faults.push(fault.hint(hint));
            return file();
        }
    };
    if speaks.is_some_and(|speaks| speaks != kind) {
        let what = format!("is no address of the {DRIVER} `{}`", kind.as_str());
        let fault = Fault::new(values.place(URL), URL, what);
        found
            .faults
            .push(fault.hint("change one of the two; without the driver the address decides"));
    }
    ControlDatabase::Server(DatabaseServer {
        kind,
        url,
        pool_size: values.small("projects.database_pool_size"),
        max_lifetime: values.span("projects.database_max_lifetime"),
    })
}
