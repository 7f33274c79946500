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
use crate::lines::say;

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
            say(&format!(
                "{found} {exchanges} would be forgotten; nothing was."
            ));
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
    let answer = door.client.json(Method::DELETE, &path, None).await?;
    answer["deleted"]
        .as_u64()
        .context("the answer is not as expected")
}

/// Moments between the oldest exchange and the newest that may go.
async fn moments(door: &Door, options: &Purge) -> anyhow::Result<Vec<String>> {
    let at = |page: &Value| {
        let at = page["requests"][0]["timestamp"].as_str()?;
        at.parse::<Timestamp>().ok()
    };
    let mut narrow = Vec::new();
    narrow.extend(
        options
            .session
            .as_deref()
            .map(|session| ("session", session)),
    );
    narrow.extend(options.model.as_deref().map(|model| ("model", model)));
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
    let (Some(first), Some(mut last)) = (at(&oldest), at(&newest)) else {
        return Ok(Vec::new());
    };
    if let Some(asked) = options
        .older_than
        .as_deref()
        .and_then(|text| text.parse().ok())
    {
        last = last.min(asked);
    }
    if options.older_than.is_some() && last == at(&newest).unwrap_or(last) {
        // A span: the server knows where it ends.
        return Ok(Vec::new());
    }
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
