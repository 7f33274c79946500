//! `weir audit`.

mod file;

use std::path::Path;
use std::process::ExitCode;

use serde_json::{Value, json};

use super::{Manager, moment, text, told};
use crate::cli::{Audit, AuditAction, AuditList};
use crate::client::segment;
use crate::history::path;
use crate::lines::{clean, complain, pretty, print};
use crate::table::{Lean, table};
use crate::words::Here;
use crate::workers::runtime;

/// Runs `weir audit`.
///
/// # Errors
/// When nobody answers, or what was asked for is refused.
pub(crate) fn run(options: &Audit) -> anyhow::Result<ExitCode> {
    if let AuditAction::Verify {
        file: Some(file),
        compare: false,
    } = &options.action
    {
        return told_of(options, &file::verify(file)?);
    }
    let manager = Manager::new(&options.managed)?;
    let answer = runtime()?.block_on(async {
        match &options.action {
            AuditAction::List(list) => manager.get(&query(&manager, list).await?).await,
            AuditAction::Show { id } => {
                let path = format!("/manage/audit/{}", segment(id));
                manager.get(&path).await
            }
            AuditAction::Verify { file: None, .. } => manager.get("/manage/audit/verify").await,
            AuditAction::Verify {
                file: Some(file), ..
            } => compared(&manager, file).await,
        }
    })?;
    told_of(options, &answer)
}

/// The verdict on a file together with that on the chain of the gateway. An end that both have is
/// enough: a hash is of all that came before it.
async fn compared(manager: &Manager, file: &Path) -> anyhow::Result<Value> {
    let of_file = file::verify(file)?;
    if of_file["intact"] != true {
        return Ok(of_file);
    }
    let of_gateway = manager.get("/manage/audit/verify").await?;
    let Some(last) = of_file["last"].as_i64() else {
        return Ok(of_gateway);
    };
    if of_gateway["intact"] != true {
        return Ok(of_gateway);
    }
    let differs = json!({"intact": false, "broken_at": last,
        "reason": "the file ends with an event that the gateway does not have"});
    if of_gateway["events"]
        .as_i64()
        .is_none_or(|events| events < last)
    {
        return Ok(differs);
    }
    let there = manager.get(&format!("/manage/audit/{last}")).await?;
    Ok(match there["hash"] == of_file["hash"] {
        true => of_file,
        false => differs,
    })
}

/// Prints an answer. A chain that is broken fails, for whoever asks every night.
fn told_of(options: &Audit, answer: &Value) -> anyhow::Result<ExitCode> {
    let here = Here::and_now();
    print(&match &options.action {
        _ if options.managed.json => pretty(answer)?,
        AuditAction::List(_) => list(answer, &here),
        AuditAction::Show { .. } => show(answer, &here),
        AuditAction::Verify { .. } => verdict(answer),
    })?;
    let verifies = matches!(options.action, AuditAction::Verify { .. });
    let broken = verifies && answer["intact"] != true;
    Ok(if broken {
        ExitCode::FAILURE
    } else {
        ExitCode::SUCCESS
    })
}

async fn query(manager: &Manager, list: &AuditList) -> anyhow::Result<String> {
    let project = match &list.project {
        Some(project) => Some(manager.project_id(project).await?),
        None => None,
    };
    let token = match &list.token {
        Some(token) => {
            let path = manager.token(token).await?;
            path.rsplit('/').next().map(str::to_owned)
        }
        None => None,
    };
    let (page, size) = (list.page.to_string(), list.limit.to_string());
    let said = [
        ("search", &list.search),
        ("action", &list.action),
        ("actor", &list.actor),
        ("outcome", &list.outcome),
        ("project_id", &project),
        ("token_id", &token),
        ("request_id", &list.request_id),
        ("start_time", &list.since),
        ("end_time", &list.until),
    ];
    let mut query: Vec<(&str, &str)> = said
        .into_iter()
        .filter_map(|(name, value)| Some((name, value.as_deref()?)))
        .collect();
    query.extend([("page", page.as_str()), ("page_size", size.as_str())]);
    Ok(path("/manage/audit", &query))
}

fn list(answer: &Value, here: &Here) -> String {
    let head = [
        ("SEQ", Lean::Right),
        ("WHEN", Lean::Left),
        ("ACTION", Lean::Left),
        ("OUTCOME", Lean::Left),
        ("ACTOR", Lean::Left),
        ("WHY", Lean::Left),
        ("FROM", Lean::Left),
    ];
    let row = |event: &Value| {
        [
            event["seq"].to_string(),
            moment(event, "timestamp", here),
            text(event, "action").to_owned(),
            text(event, "outcome").to_owned(),
            text(event, "actor").to_owned(),
            text(event, "reason").to_owned(),
            text(event, "client_ip").to_owned(),
        ]
    };
    let rows: Vec<_> = answer["events"]
        .as_array()
        .into_iter()
        .flatten()
        .map(row)
        .collect();
    let pages = &answer["pagination"];
    if pages["has_next"] == true {
        complain(&format!(
            "(page {} of {}; --page goes on)",
            pages["page"], pages["total_pages"]
        ));
    }
    table(head, &rows)
}

fn show(event: &Value, here: &Here) -> String {
    const FACTS: [(&str, &str); 13] = [
        ("outcome", "outcome"),
        ("why", "reason"),
        ("actor", "actor"),
        ("project", "project_id"),
        ("token", "token_id"),
        ("request", "request_id"),
        ("correlation", "correlation_id"),
        ("from", "client_ip"),
        ("method", "method"),
        ("path", "path"),
        ("program", "user_agent"),
        ("id", "id"),
        ("hash", "hash"),
    ];
    let mut facts = vec![("when", moment(event, "timestamp", here))];
    let said = FACTS
        .into_iter()
        .filter_map(|(name, field)| Some((name, event[field].as_str()?.to_owned())));
    facts.extend(said);
    let more = event["metadata"].as_object().into_iter().flatten();
    let more: Vec<_> = more
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    if !more.is_empty() {
        facts.push(("more", more.join(" ")));
    }
    told(
        &format!("{} ({})", text(event, "action"), event["seq"]),
        &facts,
    )
}

fn verdict(answer: &Value) -> String {
    if let (Some(first), Some(last)) = (answer["first"].as_i64(), answer["last"].as_i64()) {
        return format!("✓ the chain of the file is whole, from event {first} to {last}");
    }
    if answer["intact"] == true {
        return format!("✓ the chain of {} events is whole", answer["events"]);
    }
    let why = clean(text(answer, "reason"));
    format!(
        "✗ the chain is broken at event {}: {why}",
        answer["broken_at"]
    )
}
