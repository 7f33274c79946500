//! `weir project`.

use std::process::ExitCode;

use http::Method;
use serde_json::{Value, json};

use super::{Manager, moment, scope, text, told};
use crate::cli::{ApiKey, NewProject, Project, ProjectAction, ProjectUpdate};
use crate::key;
use crate::lines::{clean, pretty, print};
use crate::table::{Lean, table};
use crate::words::Here;
use crate::workers::runtime;

/// Runs `weir project`.
///
/// # Errors
/// When nobody answers, or what was asked for is refused.
pub(crate) fn run(options: &Project) -> anyhow::Result<ExitCode> {
    let manager = Manager::new(&options.managed)?;
    let answer = runtime()?.block_on(done(&manager, &options.action))?;
    print(&if options.managed.json {
        pretty(&answer)?
    } else {
        said(&options.action, &answer)
    })?;
    Ok(ExitCode::SUCCESS)
}

async fn done(manager: &Manager, action: &ProjectAction) -> anyhow::Result<Value> {
    match action {
        ProjectAction::List => manager.get("/manage/projects").await,
        ProjectAction::Create(new) => {
            let body = body(new)?;
            manager.make("/manage/projects", &body, &new.once).await
        }
        ProjectAction::Show { project } => manager.get(&manager.project(project).await?).await,
        ProjectAction::Update(update) => changed(manager, update).await,
        ProjectAction::Off {
            project,
            revoke_tokens,
        } => {
            let mut body = json!({"is_active": false});
            if *revoke_tokens {
                body["revoke_tokens"] = true.into();
            }
            turned(manager, project, &body).await
        }
        ProjectAction::On { project } => {
            turned(manager, project, &json!({"is_active": true})).await
        }
    }
}

async fn turned(manager: &Manager, project: &str, body: &Value) -> anyhow::Result<Value> {
    let path = manager.project(project).await?;
    Ok(manager.ask(Method::PATCH, &path, Some(body)).await?.json)
}

fn body(new: &NewProject) -> anyhow::Result<Value> {
    let mut body = json!({"name": new.name});
    with_key(&new.key, &mut body)?;
    new.scope.add_to(&Value::Null, &mut body)?;
    Ok(body)
}

fn with_key(key: &ApiKey, body: &mut Value) -> anyhow::Result<()> {
    if !key.api_key_stdin && key.api_key_env.is_none() {
        anyhow::ensure!(
            key.provider.is_none(),
            "--provider is that of a key; give it with --api-key-stdin or --api-key-env"
        );
        return Ok(());
    }
    body["api_key"] = key::read(key.api_key_env.as_deref(), "--api-key-env")?.into();
    if let Some(provider) = &key.provider {
        body["provider"] = provider.as_str().into();
    }
    Ok(())
}

async fn changed(manager: &Manager, update: &ProjectUpdate) -> anyhow::Result<Value> {
    let path = manager.project(&update.project).await?;
    let before = manager.ask(Method::GET, &path, None).await?;
    let mut body = json!({});
    if let Some(name) = &update.name {
        body["name"] = name.as_str().into();
    }
    with_key(&update.key, &mut body)?;
    if !update.remove_key.is_empty() {
        body["remove_keys"] = removed(&before.json, &update.remove_key)?;
    }
    update.scope.add_to(&before.json, &mut body)?;
    anyhow::ensure!(
        body.as_object().is_some_and(|body| !body.is_empty()),
        "nothing is to be changed; `weir project update --help` lists what can be"
    );
    manager.change(&path, &before, &body).await
}

/// Ids of the keys that are named by their ids or providers.
fn removed(project: &Value, named: &[String]) -> anyhow::Result<Value> {
    let keys = project["keys"]
        .as_array()
        .map(Vec::as_slice)
        .unwrap_or_default();
    let mut ids = Vec::new();
    for name in named {
        let of = keys
            .iter()
            .filter(|key| key["id"] == **name || key["provider"] == **name);
        let before = ids.len();
        ids.extend(of.map(|key| key["id"].clone()));
        anyhow::ensure!(
            ids.len() > before,
            "the project has no key `{}`",
            clean(name)
        );
    }
    Ok(ids.into())
}

fn said(action: &ProjectAction, answer: &Value) -> String {
    let name = clean(text(answer, "name"));
    match action {
        ProjectAction::List => list(answer),
        // Alone on its line, for scripts.
        ProjectAction::Create(new) if new.quiet => clean(text(answer, "id")),
        ProjectAction::Create(_) | ProjectAction::Show { .. } | ProjectAction::Update(_) => {
            show(answer, &Here::and_now())
        }
        ProjectAction::Off {
            revoke_tokens: true,
            ..
        } => format!("{name}: off, and all its tokens are revoked"),
        ProjectAction::Off { .. } => format!("{name}: off; its tokens are refused until it is on"),
        ProjectAction::On { .. } => format!("{name}: on"),
    }
}

fn state(project: &Value) -> &'static str {
    match project["is_active"].as_bool() {
        Some(true) => "on",
        _ => "off",
    }
}

fn keys(project: &Value) -> Vec<String> {
    let keys = project["keys"]
        .as_array()
        .map(Vec::as_slice)
        .unwrap_or_default();
    let one = |key: &Value| format!("{} {}", text(key, "provider"), text(key, "hint"));
    keys.iter().map(one).collect()
}

fn list(projects: &Value) -> String {
    let head = [
        ("NAME", Lean::Left),
        ("STATE", Lean::Left),
        ("TOKENS", Lean::Right),
        ("REQS", Lean::Right),
        ("USED", Lean::Left),
        ("KEYS", Lean::Left),
    ];
    let row = |project: &Value| {
        let keys = keys(project);
        [
            text(project, "name").to_owned(),
            state(project).to_owned(),
            tokens(project),
            project["request_count"].to_string(),
            scope::in_short(project),
            if keys.is_empty() {
                "the gateway's".to_owned()
            } else {
                keys.join(", ")
            },
        ]
    };
    let rows: Vec<_> = projects.as_array().into_iter().flatten().map(row).collect();
    table(head, &rows)
}

/// Those that are good for something of those that there are.
fn tokens(project: &Value) -> String {
    let tokens = &project["tokens"];
    format!("{}/{}", tokens["active"], tokens["total"])
}

fn show(project: &Value, here: &Here) -> String {
    let mut facts = vec![
        ("id", text(project, "id").to_owned()),
        ("state", state(project).to_owned()),
        ("made", moment(project, "created_at", here)),
        ("tokens", format!("{} active", tokens(project))),
        ("requests", project["request_count"].to_string()),
    ];
    let keys = keys(project);
    if keys.is_empty() {
        facts.push(("keys", "the gateway's".to_owned()));
    }
    facts.extend(keys.into_iter().map(|key| ("key", key)));
    facts.extend(scope::facts(project));
    told(text(project, "name"), &facts)
}
