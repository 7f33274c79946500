//! Forgetting exchanges, in steps from the oldest on, so that there is something to see and a step
//! is all that is lost when it is stopped.

use std::io::{IsTerminal as _, Write as _};
use std::process::ExitCode;

use anyhow::{Context as _, bail};
use http::Method;
use indicatif::{ProgressBar, ProgressStyle};
use jiff::Timestamp;
use serde_json::Value;

use super::door::{self, Door};
use crate::cli::Purge;
use crate::lines::{print, say};

/// Steps of a long purge.
const STEPS: i64 = 50;
/// Exchanges up to which one step is enough.
const FEW: u64 = 1_000;

/// Runs `weir purge`.
///
/// # Errors
/// When the history cannot be had or changed.
pub(crate) fn run(options: &Purge) -> anyhow::Result<ExitCode> {
    door::within(&options.history, async |door| {
        let found = forget(door, options, (true, options.older_than.as_deref())).await?;
        let exchanges = if found == 1 { "exchange" } else { "exchanges" };
        if options.dry_run || found == 0 {
            print(&format!(
                "{found} {exchanges} would be forgotten; nothing was."
            ))?;
            return Ok(ExitCode::SUCCESS);
        }
        if !options.yes && !confirmed(found)? {
            say("Nothing was forgotten.");
            return Ok(ExitCode::FAILURE);
        }
        let bar = progress(found);
        let mut gone = 0;
        if found > FEW {
            for moment in moments(door, options).await? {
                gone += forget(door, options, (false, Some(&moment))).await?;
                bar.set_position(gone);
            }
        }
        gone += forget(door, options, (false, options.older_than.as_deref())).await?;
        bar.finish_and_clear();
        say(&format!("{gone} {exchanges} forgotten."));
        Ok(ExitCode::SUCCESS)
    })
}

/// Forgets, or counts, what began before a moment.
async fn forget(
    door: &Door,
    options: &Purge,
    (dry_run, before): (bool, Option<&str>),
) -> anyhow::Result<u64> {
    let mut parameters = Vec::new();
    parameters.extend(before.map(|moment| ("older_than", moment)));
    parameters.extend(
        options
            .session
            .as_deref()
            .map(|session| ("session", session)),
    );
    parameters.extend(options.model.as_deref().map(|model| ("model", model)));
    if dry_run {
        parameters.push(("dry_run", "true"));
    }
    let path = door::path("/api/requests", &parameters);
    let answer = door.client.json(Method::DELETE, &path, None).await;
    let answer = answer.map_err(|error| match door.is_running() {
        true => error,
        // It may well be read then.
        false => error.context(
            "nothing can be forgotten here; if another weir has it open, name that with --url",
        ),
    })?;
    answer["deleted"]
        .as_u64()
        .context("the answer is not as expected")
}

/// Moments between the oldest and the newest of the exchanges that are to go.
async fn moments(door: &Door, options: &Purge) -> anyhow::Result<Vec<String>> {
    let at = |page: &Value| {
        let at = page["requests"][0]["timestamp"].as_str()?;
        at.parse::<Timestamp>().ok()
    };
    let narrow = [
        ("session", options.session.as_deref()),
        ("model", options.model.as_deref()),
        ("end", options.older_than.as_deref()),
    ];
    let narrow = narrow.into_iter();
    let narrow: Vec<_> = narrow
        .filter_map(|(name, value)| Some((name, value?)))
        .collect();
    let of = |more: &[(&'static str, &str)]| {
        let mut parameters = narrow.clone();
        parameters.push(("limit", "1"));
        parameters.extend(more);
        door::path("/api/requests/summary", &parameters)
    };
    let newest = door.client.get(&of(&[])).await?;
    let Some(total) = newest["total"].as_u64().filter(|total| *total > 0) else {
        return Ok(Vec::new());
    };
    let offset = (total - 1).to_string();
    let oldest = door.client.get(&of(&[("offset", &offset)])).await?;
    let (Some(first), Some(last)) = (at(&oldest), at(&newest)) else {
        return Ok(Vec::new());
    };
    let span = last.as_millisecond() - first.as_millisecond();
    let step = |n: i64| Timestamp::from_millisecond(first.as_millisecond() + span / STEPS * n);
    let steps = (1..STEPS).filter_map(|n| step(n).ok());
    Ok(steps.map(|at| at.to_string()).collect())
}

fn confirmed(found: u64) -> anyhow::Result<bool> {
    if !std::io::stdin().is_terminal() {
        bail!("{found} exchanges would be forgotten; say --yes to do it without being asked");
    }
    let mut out = std::io::stdout();
    write!(out, "Forget {found} exchanges for good? [y/N] ")?;
    out.flush()?;
    let mut answer = String::new();
    std::io::stdin().read_line(&mut answer)?;
    Ok(matches!(answer.trim(), "y" | "Y" | "yes"))
}

fn progress(found: u64) -> ProgressBar {
    if found <= FEW || !std::io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let bar = ProgressBar::new(found);
    if let Ok(style) = ProgressStyle::with_template("{bar:40} {pos}/{len} {eta}") {
        bar.set_style(style);
    }
    bar
}

#[cfg(test)]
mod tests {
    use axum::Router;
    use axum::routing::get;
    use clap::{Args as _, FromArgMatches as _};
    use http::Uri;
    use serde_json::json;

    use super::*;
    use crate::client::tests::{client, serve};

    #[tokio::test]
    async fn a_long_purge_goes_in_steps_whatever_says_what_is_old() {
        let list = async |uri: Uri| {
            let query = uri.query().unwrap_or_default();
            assert!(query.contains("end=30d"), "{query}");
            let day = if query.contains("offset=") {
                "01"
            } else {
                "21"
            };
            let time = format!("2026-10-{day}T00:00:00Z");
            axum::Json(json!({"total": 9000, "requests": [{"timestamp": time}]}))
        };
        let router = Router::new().route("/api/requests/summary", get(list));
        let door = Door::of(client(&serve(router).await));
        let command = Purge::augment_args(clap::Command::new("purge"));
        let options = command.get_matches_from(["purge", "--older-than", "30d"]);
        let options = Purge::from_arg_matches(&options).unwrap();
        let moments = moments(&door, &options).await.unwrap();
        assert_eq!(moments.len() as i64, STEPS - 1);
        assert_eq!(moments[24], "2026-10-11T00:00:00Z");
    }
}
