//! Tenants: who manages them, and where they are kept.

use super::check::{Findings, SHORTEST, path, secret, short};
use super::checks;
use super::fault::Fault;
use super::resolve::Resolved;
use crate::secret::Secret;
use crate::settings::{
    ControlDatabase, DatabaseServer, Manager, Projects, Role, RotatedFiles, ServerKind,
};

const DRIVER: &str = "projects.db_driver";
const URL: &str = "projects.database_url";

/// Tenants. Who says how they are managed wants them.
pub(crate) fn check(values: &Resolved, found: &mut Findings) -> Projects {
    const KEY: &str = "projects.encryption_key";
    const REQUIRED: &str = "projects.require_encryption_key";
    let management_token = secret(values, "projects.management_token");
    let managers = managers(values, found);
    let is_managed =
        management_token.is_some() || managers.iter().any(|one| one.role == Role::Admin);
    let enabled = match values.is_set("projects.enabled") {
        true => values.is_on("projects.enabled"),
        false => is_managed,
    };
    let encryption_key = secret(values, KEY);
    if enabled && encryption_key.is_none() && values.is_on(REQUIRED) {
        let fault = Fault::new(values.place(REQUIRED), KEY, "must be set");
        found
            .faults
            .push(fault.hint("set ENCRYPTION_KEY; `openssl rand -base64 32` makes one"));
    }
    let password = secret(values, "dashboard.password");
    if enabled && !is_managed && password.is_none() {
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
        managers,
        encryption_key,
        older_encryption_key: secret(values, "projects.older_encryption_key"),
        audit_file: audit_file(values, (enabled, found)),
    }
}

/// Those who manage by a token of their own. Two with the same could not be told apart.
fn managers(values: &Resolved, found: &mut Findings) -> Vec<Manager> {
    const PATH: &str = "projects.managers";
    let single = ["management", "operate", "read"].map(|name| format!("projects.{name}_token"));
    let single = single.into_iter().filter_map(|path| {
        let token = secret(values, &path)?;
        Some((token, path))
    });
    let mut known: Vec<(Secret, String)> = single.collect();
    let mut managers = Vec::new();
    for (name, text) in values.map(PATH) {
        let path = format!("{PATH}.{name}");
        let Ok((role, token)) = checks::manager(&text) else {
            continue;
        };
        if !manager_name(&name) {
            let fault = Fault::new(values.place(PATH), &path, "not a name for a manager");
            let hint = format!(
                "up to 64 letters, digits, `-`, `_`, `.` and `@` are one, but for `{}`",
                TAKEN.join("`, `")
            );
            found.faults.push(fault.hint(hint));
            continue;
        }
        let Some(token) = token.map(Secret::new) else {
            let warning = format!("{path} has no token, so that nobody manages by that name");
            found.warnings.push(warning);
            continue;
        };
        if let Some((_, twin)) = known.iter().find(|(known, _)| *known == token) {
            let message = format!("has the token of {twin}");
            let fault = Fault::new(values.place(PATH), &path, message);
            found
                .faults
                .push(fault.hint("give each a token of its own"));
            continue;
        }
        if token.expose().len() < SHORTEST {
            found.warnings.push(short(&path));
        }
        known.push((token.clone(), path));
        let name = name.into();
        managers.push(Manager { name, role, token });
    }
    managers
}

/// Names that the audit has for others.
const TAKEN: [&str; 6] = [
    "admin",
    "anonymous",
    "management_api",
    "operate_token",
    "read_token",
    "system",
];

fn manager_name(name: &str) -> bool {
    let good = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.@".contains(&byte);
    (1..=64).contains(&name.len()) && name.bytes().all(good) && !TAKEN.contains(&name)
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
