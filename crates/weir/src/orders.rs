//! `weir strategy` and `weir config reload`: how a running gateway picks providers, and reading
//! its configuration again.

use std::process::ExitCode;

use http::{Method, StatusCode};
use serde_json::{Value, json};

use crate::cli::{Asked, Strategy};
use crate::client::{Client, refusal};
use crate::lines::{clean, complain, pretty, print};
use crate::workers::runtime;

/// Runs `weir strategy`.
///
/// # Errors
/// When nobody answers, or the strategy is refused.
pub(crate) fn strategy(options: &Strategy) -> anyhow::Result<ExitCode> {
    let client = Client::new(&options.asked.gateway)?;
    let path = "/api/routing/strategy";
    let answer = runtime()?.block_on(async {
        match &options.name {
            None => client.get(path).await,
            Some(name) => {
                let body = json!({ "strategy": name });
                client.json(Method::PUT, path, Some(&body)).await
            }
        }
    })?;
    print(&if options.asked.json {
        pretty(&answer)?
    } else {
        clean(answer["strategy"].as_str().unwrap_or("unknown"))
    })?;
    Ok(ExitCode::SUCCESS)
}

/// Runs `weir config reload`: 1 when the configuration has faults.
///
/// # Errors
/// When nobody answers.
pub(crate) fn reload(asked: &Asked) -> anyhow::Result<ExitCode> {
    let client = Client::new(&asked.gateway)?;
    let path = "/api/config/reload";
    let answer = runtime()?.block_on(client.ask(Method::POST, path, None))?;
    let faulty = answer.status == StatusCode::UNPROCESSABLE_ENTITY;
    if !faulty && !answer.status.is_success() {
        return Err(refusal(&answer));
    }
    let done: Value = serde_json::from_slice(&answer.body)?;
    if asked.json {
        print(&pretty(&done)?)?;
    } else if faulty {
        complain(&faults(&done));
    } else {
        for warning in words(&done, "warnings") {
            complain(&format!("warning: {warning}"));
        }
        print(&changes(&done))?;
    }
    Ok(if faulty {
        ExitCode::FAILURE
    } else {
        ExitCode::SUCCESS
    })
}

fn words(answer: &Value, field: &str) -> Vec<String> {
    let list = answer[field].as_array().into_iter().flatten();
    list.filter_map(Value::as_str).map(clean).collect()
}

fn faults(answer: &Value) -> String {
    let error = clean(answer["error"].as_str().unwrap_or_default());
    let mut lines = vec![format!("weir: {error}:")];
    let faults = words(answer, "faults").into_iter();
    lines.extend(faults.map(|fault| format!("  {fault}")));
    lines.join("\n")
}

fn changes(answer: &Value) -> String {
    let (changed, restart) = (words(answer, "changed"), words(answer, "needs_restart"));
    if changed.is_empty() && restart.is_empty() {
        return "nothing has changed".to_owned();
    }
    let mut lines = vec!["reloaded:".to_owned()];
    let live = changed.iter().filter(|path| !restart.contains(path));
    lines.extend(live.map(|path| format!("  {path}")));
    let waiting = restart.iter();
    lines.extend(waiting.map(|path| format!("  {path}  (takes effect with a restart)")));
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reload_is_told_change_by_change() {
        let nothing = json!({"changed": [], "needs_restart": [], "warnings": []});
        assert_eq!(changes(&nothing), "nothing has changed");
        let some = json!({"changed": ["routing.strategy", "server.port"],
            "needs_restart": ["server.port"]});
        assert_eq!(
            changes(&some),
            "reloaded:\n  routing.strategy\n  server.port  (takes effect with a restart)"
        );
    }

    #[test]
    fn faults_are_told_line_by_line() {
        let answer = json!({"error": "not valid", "faults": ["a:1: x", "a:2: \u{1b}[2Jy"]});
        assert_eq!(
            faults(&answer),
            "weir: not valid:\n  a:1: x\n  a:2: \u{fffd}[2Jy"
        );
    }
}
