//! `weir budget`.

use std::process::ExitCode;

use serde_json::{Value, json};

use super::{Manager, scope, text};
use crate::cli::{Budget, BudgetAction};
use crate::history::path;
use crate::lines::{pretty, print};
use crate::table::{Lean, table};
use crate::words::{Here, bar};
use crate::workers::runtime;

/// Runs `weir budget`.
///
/// # Errors
/// When nobody answers, or what was asked for is refused.
pub(crate) fn run(options: &Budget) -> anyhow::Result<ExitCode> {
    let manager = Manager::new(&options.managed)?;
    let BudgetAction::Show { project } = &options.action;
    let found = runtime()?.block_on(read(&manager, project.as_deref()))?;
    print(&if options.managed.json {
        pretty(&found)?
    } else {
        list(&found, &Here::and_now())
    })?;
    Ok(ExitCode::SUCCESS)
}

/// What projects, and their tokens, have used.
async fn read(manager: &Manager, project: Option<&str>) -> anyhow::Result<Value> {
    let (projects, tokens) = match project {
        Some(named) => {
            let project = manager.get(&manager.project(named).await?).await?;
            let query = [("projectId", text(&project, "id"))];
            let tokens = manager.get(&path("/manage/tokens", &query)).await?;
            (json!([project]), tokens)
        }
        None => (
            manager.get("/manage/projects").await?,
            manager.get("/manage/tokens").await?,
        ),
    };
    let all = |of: &Value, what: &str| {
        let of = of.as_array().cloned().unwrap_or_default();
        let budgeted = of
            .into_iter()
            .filter(|one| one["budgets"].as_array().is_some_and(|all| !all.is_empty()));
        let told = budgeted.map(|one| {
            json!({
                "of": what,
                "id": one["id"],
                "name": one["name"].as_str().or_else(|| one["token"].as_str()),
                "budgets": one["budgets"],
                "usage": one["usage"],
            })
        });
        told.collect::<Vec<_>>()
    };
    let mut found = all(&projects, "project");
    found.extend(all(&tokens, "token"));
    Ok(found.into())
}

fn list(all: &Value, here: &Here) -> String {
    let head = [
        ("OF", Lean::Left),
        ("NAME", Lean::Left),
        ("PERIOD", Lean::Left),
        ("USED", Lean::Right),
        ("MOST", Lean::Right),
        ("", Lean::Left),
        ("RESETS", Lean::Left),
    ];
    let of = |one: &Value| {
        let (what, name) = (text(one, "of").to_owned(), text(one, "name").to_owned());
        let row = move |line: scope::Used| {
            let resets = line.resets_at.map(|at| here.day_and_time_of(&at));
            [
                what.clone(),
                name.clone(),
                line.period,
                line.used,
                line.most,
                bar(line.percent),
                resets.unwrap_or_else(|| "never".to_owned()),
            ]
        };
        scope::used(one).into_iter().map(row).collect::<Vec<_>>()
    };
    let rows: Vec<_> = all.as_array().into_iter().flatten().flat_map(of).collect();
    table(head, &rows)
}
