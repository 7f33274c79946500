//! `weir cache`.

use std::io::{IsTerminal as _, Write as _};
use std::process::ExitCode;

use anyhow::bail;
use http::Method;
use serde_json::{Value, json};

use super::{Manager, told};
use crate::cli::{Cache, CacheAction, CachePurge};
use crate::lines::{clean, pretty, print, say};
use crate::table::{Lean, table};
use crate::words::count;
use crate::workers::runtime;

const PATH: &str = "/manage/cache";

/// Runs `weir cache`.
///
/// # Errors
/// When nobody answers, or what was asked for is refused.
pub(crate) fn run(options: &Cache) -> anyhow::Result<ExitCode> {
    let manager = Manager::of_the_gateway(&options.managed)?;
    let as_json = options.managed.json;
    match &options.action {
        CacheAction::Status => {
            let (state, names) = runtime()?.block_on(state(&manager))?;
            print(&if as_json {
                pretty(&state)?
            } else {
                status(&state) + &by_project(&state, &names)
            })?;
        }
        CacheAction::Purge(purge) => {
            if !purge.yes && !confirmed(purge)? {
                say("Nothing was taken out.");
                return Ok(ExitCode::FAILURE);
            }
            let answer = runtime()?.block_on(taken_out(&manager, purge))?;
            print(&if as_json {
                pretty(&answer)?
            } else {
                outcome(&answer["deleted"])
            })?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// How it is, and the projects by which names are known.
async fn state(manager: &Manager) -> anyhow::Result<(Value, Value)> {
    let state = manager.get(PATH).await?;
    let any = state["projects"]
        .as_array()
        .is_some_and(|all| !all.is_empty());
    let names = match any {
        true => manager.get("/manage/projects").await?,
        false => Value::Null,
    };
    Ok((state, names))
}

async fn taken_out(manager: &Manager, purge: &CachePurge) -> anyhow::Result<Value> {
    let mut body = json!({});
    if let Some(digits) = purge.prefix.as_ref().or(purge.key.as_ref()) {
        body["prefix"] = digits.as_str().into();
    }
    if let Some(path) = &purge.path {
        body["method"] = purge.method.as_str().into();
        body["url"] = path.as_str().into();
    }
    if let Some(project) = &purge.project {
        body["project_id"] = manager.project_id(project).await?.into();
    }
    if purge.all {
        body["all"] = true.into();
    }
    let path = format!("{PATH}/purge");
    Ok(manager.ask(Method::POST, &path, Some(&body)).await?.json)
}

/// What is to go, in words.
fn what(purge: &CachePurge) -> String {
    let of = purge
        .project
        .as_ref()
        .map_or_else(String::new, |project| format!(" of project `{project}`"));
    if let Some(path) = &purge.path {
        return format!("all answers to {} {path}{of}", purge.method);
    }
    if let Some(digits) = &purge.prefix {
        return format!("all answers whose keys begin with {digits}");
    }
    match &purge.key {
        Some(key) => format!("the answer with the key {key}"),
        None => format!("all answers{of}"),
    }
}

fn confirmed(purge: &CachePurge) -> anyhow::Result<bool> {
    let what = clean(&what(purge));
    if !std::io::stdin().is_terminal() {
        bail!("{what} would be taken out; say --yes to do it without being asked");
    }
    let mut out = std::io::stdout();
    write!(out, "Take {what} out of the cache? [y/N] ")?;
    out.flush()?;
    let mut answer = String::new();
    std::io::stdin().read_line(&mut answer)?;
    Ok(matches!(answer.trim(), "y" | "Y" | "yes"))
}

/// What came of it: of a path it is told whether there was anything, else how much.
fn outcome(deleted: &Value) -> String {
    match (deleted.as_bool(), deleted.as_u64()) {
        (Some(true), _) => "deleted".to_owned(),
        (Some(false), _) => "not found".to_owned(),
        (_, Some(1)) => "1 answer deleted".to_owned(),
        (_, number) => format!("{} answers deleted", number.unwrap_or_default()),
    }
}

fn status(state: &Value) -> String {
    let number = |name: &str| state[name].as_u64().unwrap_or_default();
    let title = match (state["enabled"] == true, state["reachable"] == false) {
        (false, _) => "off: nothing is kept or looked up",
        (true, true) => "on, but the place that answers are kept in cannot be reached",
        (true, false) => "on",
    };
    let rate = state["hit_rate"].as_f64();
    let rate = rate.map_or_else(String::new, |rate| format!(", {:.1}%", rate * 100.0));
    let bytes = number("bytes");
    let size = match state["max_bytes"].as_u64() {
        Some(most) => format!("{} of {}", size(bytes), size(most)),
        None => size(bytes),
    };
    let facts = [
        (
            "kept in",
            state["backend"].as_str().unwrap_or("-").to_owned(),
        ),
        ("entries", format!("{} ({size})", count(number("entries")))),
        ("hits", format!("{}{rate}", count(number("hits")))),
        ("misses", count(number("misses"))),
        ("bypasses", count(number("bypasses"))),
        ("stored", count(number("stores"))),
        ("revalidated", count(number("revalidations"))),
        ("asked again", count(number("refreshes"))),
        ("collapsed", count(number("collapsed"))),
        ("dropped", count(number("dropped"))),
        ("errors", count(number("errors"))),
    ];
    told(title, &facts)
}

/// Lines of how it does for each project, after one that is empty; none where there are none.
fn by_project(state: &Value, names: &Value) -> String {
    // One that was deleted has no name any more.
    let name = |id: &Value| {
        let mut all = names.as_array().into_iter().flatten();
        let project = all.find(|project| project["id"] == *id);
        let name = project.map_or(id, |project| &project["name"]);
        name.as_str().unwrap_or("-").to_owned()
    };
    let row = |one: &Value| {
        let number = |name: &str| one[name].as_u64().unwrap_or_default();
        let rate = one["hit_rate"].as_f64();
        [
            name(&one["project_id"]),
            count(number("hits")),
            count(number("misses")),
            rate.map_or_else(|| "-".to_owned(), |rate| format!("{:.1}%", rate * 100.0)),
            size(number("stored_bytes")),
        ]
    };
    let all = state["projects"].as_array().into_iter().flatten();
    let rows: Vec<_> = all.map(row).collect();
    if rows.is_empty() {
        return String::new();
    }
    let head = [
        ("project", Lean::Left),
        ("hits", Lean::Right),
        ("misses", Lean::Right),
        ("hit rate", Lean::Right),
        ("stored", Lean::Right),
    ];
    format!("\n\n{}", table(head, &rows).trim_end())
}

/// Bytes in a unit that people read.
#[expect(clippy::cast_precision_loss, reason = "one digit of it is shown")]
fn size(bytes: u64) -> String {
    const UNITS: [&str; 4] = ["KiB", "MiB", "GiB", "TiB"];
    if bytes < 1024 {
        return format!("{bytes} B");
    }
    let mut size = bytes as f64 / 1024.0;
    let mut unit = 0;
    while size >= 1024.0 && unit + 1 < UNITS.len() {
        size /= 1024.0;
        unit += 1;
    }
    format!("{size:.1} {}", UNITS[unit])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_came_of_a_purge_is_said() {
        for (deleted, said) in [
            (json!(true), "deleted"),
            (json!(false), "not found"),
            (json!(0), "0 answers deleted"),
            (json!(1), "1 answer deleted"),
            (json!(12), "12 answers deleted"),
        ] {
            assert_eq!(outcome(&deleted), said);
        }
    }

    #[test]
    fn sizes_are_said_in_the_unit_that_fits() {
        for (bytes, said) in [
            (0, "0 B"),
            (1023, "1023 B"),
            (1536, "1.5 KiB"),
            (64 << 20, "64.0 MiB"),
            (3 << 50, "3072.0 TiB"),
        ] {
            assert_eq!(size(bytes), said);
        }
    }

    #[test]
    fn a_status_says_where_and_how_full() {
        let state = json!({"enabled": true, "reachable": true, "backend": "memory", "entries": 2,
            "bytes": 2048, "max_bytes": 4096, "hits": 3, "misses": 1, "hit_rate": 0.75});
        let said = status(&state);
        assert!(said.starts_with("on\n"), "{said}");
        for line in ["memory", "2 (2.0 KiB of 4.0 KiB)", "3, 75.0%"] {
            assert!(said.contains(line), "{said}");
        }
        let away = json!({"enabled": true, "reachable": false, "backend": "redis"});
        assert!(status(&away).contains("cannot be reached"));
    }
}
