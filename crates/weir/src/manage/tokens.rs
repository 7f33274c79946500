//! `weir token`. A secret is printed when it is made and at no other time.

use std::process::ExitCode;

use http::Method;
use serde_json::{Value, json};

use super::{Manager, moment, scope, text, told};
use crate::cli::{NewToken, Token, TokenAction};
use crate::history::path;
use crate::lines::{clean, pretty, print};
use crate::table::{Lean, table};
use crate::words::{Here, span};
use crate::workers::runtime;

/// What a table shows of an id: its end, which names it.
const END: usize = 12;

/// Runs `weir token`.
///
/// # Errors
/// When nobody answers, or what was asked for is refused.
pub(crate) fn run(options: &Token) -> anyhow::Result<ExitCode> {
    let manager = Manager::new(&options.managed)?;
    let answer = runtime()?.block_on(done(&manager, &options.action))?;
    print(&if options.managed.json {
        pretty(&answer)?
    } else {
        said(&options.action, &answer, &Here::and_now())
    })?;
    Ok(ExitCode::SUCCESS)
}

async fn done(manager: &Manager, action: &TokenAction) -> anyhow::Result<Value> {
    match action {
        TokenAction::List { project, active } => {
            let mut query = Vec::new();
            let id;
            if let Some(project) = project {
                id = manager.project_id(project).await?;
                query.push(("projectId", id.as_str()));
            }
            if *active {
                query.push(("activeOnly", "true"));
            }
            manager.get(&path("/manage/tokens", &query)).await
        }
        TokenAction::Create(new) => {
            let body = body(manager, new).await?;
            manager.make("/manage/tokens", &body, &new.once).await
        }
        TokenAction::Show { token } => manager.get(&manager.token(token).await?).await,
        TokenAction::Rotate {
            token,
            overlap,
            once,
            ..
        } => {
            let path = format!("{}/rotate", manager.token(token).await?);
            let body = json!({"overlap_minutes": overlap});
            manager.make(&path, &body, once).await
        }
        TokenAction::Revoke { token } => {
            let path = manager.token(token).await?;
            manager.ask(Method::DELETE, &path, None).await?;
            manager.get(&path).await
        }
        TokenAction::On { token } => {
            let path = manager.token(token).await?;
            let body = json!({"is_active": true});
            Ok(manager.ask(Method::PATCH, &path, Some(&body)).await?.json)
        }
    }
}

async fn body(manager: &Manager, new: &NewToken) -> anyhow::Result<Value> {
    let project = new.project.as_deref().or(new.project_id.as_deref());
    let project = manager.project_id(project.unwrap_or_default()).await?;
    let mut body = json!({"project_id": project, "duration_minutes": new.duration});
    if let Some(name) = &new.name {
        body["name"] = name.as_str().into();
    }
    if let Some(most) = new.max_requests {
        body["max_requests"] = most.into();
    }
    if let Some(parent) = &new.parent {
        let parent = manager.token(parent).await?;
        body["parent_id"] = parent.rsplit('/').next().into();
    }
    new.scope.add_to(&Value::Null, &mut body)?;
    Ok(body)
}

fn said(action: &TokenAction, answer: &Value, here: &Here) -> String {
    let called = clean(called(answer));
    match action {
        TokenAction::List { .. } => list(answer, here),
        TokenAction::Show { .. } => show(answer, here),
        TokenAction::Create(new) => made(answer, new.quiet, here),
        TokenAction::Rotate { quiet, .. } => made(answer, *quiet, here),
        TokenAction::Revoke { .. } => format!("{called}: revoked"),
        TokenAction::On { .. } => format!("{called}: {}", clean(text(answer, "state"))),
    }
}

/// A secret, alone or with what there is to know of it.
fn made(answer: &Value, quiet: bool, here: &Here) -> String {
    let secret = clean(text(answer, "token"));
    if quiet {
        return secret;
    }
    let facts = [
        ("id", text(answer, "id").to_owned()),
        ("withers", withers(answer, here)),
        ("note", "the secret is not shown again".to_owned()),
    ];
    told(&secret, &facts)
}

fn called(token: &Value) -> &str {
    token["name"]
        .as_str()
        .unwrap_or_else(|| text(token, "token"))
}

/// How long it lives, or when it ended.
fn withers(token: &Value, here: &Here) -> String {
    let at = token["expires_at"]
        .as_str()
        .map(str::parse::<jiff::Timestamp>);
    let Some(Ok(at)) = at else {
        return "never".to_owned();
    };
    match u64::try_from(at.as_millisecond() - here.now_ms) {
        Ok(left) if left > 0 => format!("in {}", span(left)),
        _ => here.day_and_time_of(text(token, "expires_at")),
    }
}

fn requests(token: &Value) -> String {
    let count = &token["request_count"];
    token["max_requests"]
        .as_u64()
        .map_or_else(|| count.to_string(), |most| format!("{count}/{most}"))
}

fn list(tokens: &Value, here: &Here) -> String {
    let head = [
        ("ID ENDS", Lean::Left),
        ("NAME", Lean::Left),
        ("TOKEN", Lean::Left),
        ("STATE", Lean::Left),
        ("WITHERS", Lean::Left),
        ("REQS", Lean::Right),
        ("USED", Lean::Left),
    ];
    let row = |token: &Value| {
        let id = text(token, "id");
        [
            id.get(id.len().saturating_sub(END)..)
                .unwrap_or(id)
                .to_owned(),
            text(token, "name").to_owned(),
            short(text(token, "token")),
            text(token, "state").replace('_', " "),
            withers(token, here),
            requests(token),
            scope::in_short(token),
        ]
    };
    let rows: Vec<_> = tokens.as_array().into_iter().flatten().map(row).collect();
    table(head, &rows)
}

/// What is shown of a secret, without the stars that say how long it is.
fn short(hint: &str) -> String {
    match (hint.split_once('*'), hint.rsplit_once('*')) {
        (Some((head, _)), Some((_, tail))) => format!("{head}…{tail}"),
        _ => hint.to_owned(),
    }
}

fn show(token: &Value, here: &Here) -> String {
    let mut facts = vec![
        ("id", text(token, "id").to_owned()),
        ("token", text(token, "token").to_owned()),
        ("project", text(token, "project_id").to_owned()),
        ("state", text(token, "state").replace('_', " ")),
        ("withers", withers(token, here)),
        ("requests", requests(token)),
        ("last used", moment(token, "last_used_at", here)),
        ("made", moment(token, "created_at", here)),
    ];
    if let Some(parent) = token["parent_id"].as_str() {
        facts.push(("below", parent.to_owned()));
    }
    facts.extend(scope::facts(token));
    told(called(token), &facts)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_shown_of_a_secret_is_short() {
        assert_eq!(short("sk-ABCD**************STUV"), "sk-ABCD…STUV");
        assert_eq!(short("sk-ABCD"), "sk-ABCD");
    }
}
