//! `weir migrate`: the database of projects, without a gateway.

use std::io::IsTerminal as _;
use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context as _, bail};
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::{Value, json};
use weir_core::settings::{ControlDatabase, DatabaseServer, Projects};
use weir_store::captures;
use weir_store::control::{By, ControlStore, Migration, Schema, Seal, State};

use crate::cli::{CopyFrom, Database, MigrateAction, Steps, Undo};
use crate::lines::{complain, pretty, print};
use crate::table::{Lean, table};
use crate::{config, workers};

/// Runs `weir migrate`.
///
/// # Errors
/// When the database cannot be had or changed.
pub(crate) fn run(action: &MigrateAction) -> anyhow::Result<ExitCode> {
    workers::runtime()?.block_on(async {
        match action {
            MigrateAction::Up(steps) => up(steps).await,
            MigrateAction::Down(undo) => down(undo).await,
            MigrateAction::Status(database) => status(database).await,
            MigrateAction::Encrypt(database) => encrypt(database).await,
            MigrateAction::EncryptStatus(database) => encrypt_status(database).await,
            MigrateAction::Copy(options) => copy(options).await,
        }
    })
}

fn settings(database: &Database) -> anyhow::Result<Projects> {
    let found = config::load(&database.source, &[])?;
    Ok(found.loaded.settings.projects)
}

async fn attach(settings: &Projects) -> anyhow::Result<ControlStore> {
    let older = settings.older_encryption_key.clone();
    let seal = Seal::new(settings.encryption_key.as_ref(), older.as_slice())?;
    Ok(ControlStore::attach(&settings.database, seal).await?)
}

/// The same of a database that must be there: looking makes none.
async fn attach_to_what_is(settings: &Projects) -> anyhow::Result<ControlStore> {
    if let ControlDatabase::Sqlite(file) = &settings.database {
        must_exist(file)?;
    }
    attach(settings).await
}

fn must_exist(file: &Path) -> anyhow::Result<()> {
    if !file.try_exists()? {
        let file = file.display();
        bail!("there is no database {file}; `weir migrate up` makes the one of the configuration");
    }
    Ok(())
}

async fn up(options: &Steps) -> anyhow::Result<ExitCode> {
    let settings = settings(&options.database)?;
    let store = match options.dry_run {
        true => attach_to_what_is(&settings).await?,
        false => attach(&settings).await?,
    };
    let store = store.schema();
    let captures = captures_schema(&options.database).await?;
    let to = options.to.unwrap_or(i64::MAX);
    let before = store.migrations().await?;
    refuse_newer(&before)?;
    let due = before
        .iter()
        .filter(|step| step.state == State::Pending && step.version <= to);
    let due: Vec<&Migration> = due.collect();
    if !options.dry_run {
        store.up(options.to).await?;
        if let Some(captures) = &captures {
            // Versions that are asked for are those of projects.
            captures.up(None).await?;
        }
    }
    told(&store, options, &due, ("applied", "would be applied")).await
}

async fn down(
    Undo {
        steps: options,
        yes,
    }: &Undo,
) -> anyhow::Result<ExitCode> {
    let store = attach_to_what_is(&settings(&options.database)?)
        .await?
        .schema();
    let before = store.migrations().await?;
    refuse_newer(&before)?;
    let applied = before.iter().filter(|step| step.state == State::Applied);
    let newest = applied.clone().map(|step| step.version).max().unwrap_or(0);
    let to = options.to.unwrap_or(newest - 1).max(0);
    let due: Vec<&Migration> = applied.rev().filter(|step| step.version > to).collect();
    if !options.dry_run && !due.is_empty() {
        if !yes {
            bail!("undoing steps loses what they keep; make a backup, and say --yes");
        }
        store.down(to).await?;
    }
    told(&store, options, &due, ("undone", "would be undone")).await
}

fn refuse_newer(all: &[Migration]) -> anyhow::Result<()> {
    match all.iter().rfind(|step| step.state == State::Unknown) {
        Some(newer) => bail!(
            "the database has schema version {}, which a newer weir wrote; use that one",
            newer.version
        ),
        None => Ok(()),
    }
}

/// Says which steps were taken, or would be.
async fn told(
    store: &Schema,
    options: &Steps,
    due: &[&Migration],
    (done, would): (&str, &str),
) -> anyhow::Result<ExitCode> {
    if options.database.json {
        let mut answer = state(store).await?;
        let versions: Vec<i64> = due.iter().map(|step| step.version).collect();
        answer["dry_run"] = options.dry_run.into();
        answer["steps"] = versions.into();
        print(&pretty(&answer)?)?;
        return Ok(ExitCode::SUCCESS);
    }
    let how = if options.dry_run { would } else { done };
    for step in due {
        print(&format!("{} {}: {how}", step.version, step.name))?;
    }
    if due.is_empty() {
        print("nothing to do")?;
    }
    Ok(ExitCode::SUCCESS)
}

async fn status(options: &Database) -> anyhow::Result<ExitCode> {
    let store = attach_to_what_is(&settings(options)?).await?.schema();
    let captures = captures_schema(options).await?;
    if options.json {
        let mut all = state(&store).await?;
        if let Some(captures) = &captures {
            all["captures"] = state(captures).await?;
        }
        print(&pretty(&all)?)?;
        return Ok(ExitCode::SUCCESS);
    }
    list(&store, "").await?;
    if let Some(captures) = &captures {
        list(captures, "captures in ").await?;
    }
    Ok(ExitCode::SUCCESS)
}

/// The schema of captures in a server, if they are shared by one.
async fn captures_schema(options: &Database) -> anyhow::Result<Option<Schema>> {
    let found = config::load(&options.source, &[])?;
    let server: Option<DatabaseServer> = found.loaded.settings.storage.server;
    match server {
        Some(server) => Ok(Some(captures::schema(&server).await?)),
        None => Ok(None),
    }
}

/// Prints the steps of a schema, and what it is that has them.
async fn list(schema: &Schema, what: &str) -> anyhow::Result<()> {
    let all = schema.migrations().await?;
    let head = [
        ("VERSION", Lean::Right),
        ("NAME", Lean::Left),
        ("STATE", Lean::Left),
    ];
    let rows: Vec<_> = all
        .iter()
        .map(|step| {
            let name = if step.name.is_empty() { "-" } else { step.name };
            [
                step.version.to_string(),
                name.to_owned(),
                word(step.state).to_owned(),
            ]
        })
        .collect();
    print(&table(head, &rows))?;
    let (current, newest) = versions(&all);
    let kind = schema.database();
    print(&format!("{what}{kind}: version {current} of {newest}"))
}

fn word(state: State) -> &'static str {
    match state {
        State::Applied => "applied",
        State::Pending => "pending",
        State::Unknown => "of a newer weir",
    }
}

/// The version that a database has, and the one that this weir writes.
fn versions(all: &[Migration]) -> (i64, i64) {
    let largest = |not: State| {
        let those = all.iter().filter(|step| step.state != not);
        those.map(|step| step.version).max().unwrap_or(0)
    };
    (largest(State::Pending), largest(State::Unknown))
}

async fn state(store: &Schema) -> anyhow::Result<Value> {
    let all = store.migrations().await?;
    let (current, newest) = versions(&all);
    let steps: Vec<Value> = all
        .iter()
        .map(|step| {
            let state = word(step.state);
            json!({"version": step.version, "name": step.name, "state": state})
        })
        .collect();
    Ok(json!({
        "database": store.database(),
        "version": current,
        "newest": newest,
        "migrations": steps,
    }))
}

async fn encrypt(options: &Database) -> anyhow::Result<ExitCode> {
    let store = attach_to_what_is(&settings(options)?).await?;
    let by = By {
        actor: "system".into(),
        ..By::default()
    };
    let done = store.seal_all(&by).await?;
    if options.json {
        print(&pretty(&json!({
            "encrypted": done.sealed,
            "re_encrypted": done.resealed,
            "skipped": done.skipped,
            "unreadable": done.lost,
        }))?)?;
    } else {
        print(&format!(
            "{} encrypted, {} encrypted anew, {} skipped; tokens are kept as digests only",
            done.sealed, done.resealed, done.skipped
        ))?;
    }
    Ok(lost(done.lost))
}

async fn encrypt_status(options: &Database) -> anyhow::Result<ExitCode> {
    let store = attach_to_what_is(&settings(options)?).await?;
    let found = store.sealed().await?;
    if options.json {
        print(&pretty(&json!({
            "encrypted": found.current,
            "older_key": found.older,
            "plaintext": found.open,
            "unreadable": found.lost,
        }))?)?;
    } else {
        print(&format!(
            "{} encrypted, {} by an older key, {} plaintext",
            found.current, found.older, found.open
        ))?;
    }
    Ok(lost(found.lost))
}

/// Says that some keys cannot be read, which is a failure.
fn lost(count: u64) -> ExitCode {
    if count == 0 {
        return ExitCode::SUCCESS;
    }
    complain(&format!(
        "{count} cannot be read: another encryption key has sealed them; name it in \
         `projects.older_encryption_key`, or set those keys again"
    ));
    ExitCode::FAILURE
}

async fn copy(options: &CopyFrom) -> anyhow::Result<ExitCode> {
    must_exist(&options.from)?;
    let settings = settings(&options.database)?;
    if let ControlDatabase::Sqlite(file) = &settings.database
        && file.canonicalize().ok() == options.from.canonicalize().ok()
    {
        bail!("--from is the database of the configuration; name another with DATABASE_URL");
    }
    let source = ControlDatabase::Sqlite(options.from.clone());
    let source = ControlStore::open(&source, Seal::default()).await;
    let source = source.context("--from")?;
    let target = attach(&settings).await?;
    target.schema().up(None).await?;
    let rows = source.rows_to_copy().await?;
    let bar = progress(rows);
    let copied = target.copy_from(&source, &|moved| bar.inc(moved)).await;
    bar.finish_and_clear();
    copied?;
    let kind = target.schema().database();
    if options.database.json {
        print(&pretty(&json!({"database": kind, "rows": rows}))?)?;
    } else {
        print(&format!("{rows} rows copied into {kind}"))?;
    }
    Ok(ExitCode::SUCCESS)
}

fn progress(rows: u64) -> ProgressBar {
    if !std::io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let bar = ProgressBar::new(rows);
    if let Ok(style) = ProgressStyle::with_template("{bar:40} {pos}/{len} {eta}") {
        bar.set_style(style);
    }
    bar
}
