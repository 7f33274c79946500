//! `weir status` and `weir health`: how a running gateway is, and whether it is at all.

use std::process::ExitCode;

use http::Method;
use serde_json::{Value, json};

use crate::cli::{Gateway, Health, Status};
use crate::client::Client;
use crate::lines::{clean, complain, pretty, print};
use crate::workers::runtime;

/// Runs `weir status`: 0 when healthy, 1 when not, with one line a fact.
///
/// # Errors
/// When what answers is not weir.
pub(crate) fn run(options: &Status) -> anyhow::Result<ExitCode> {
    let client = Client::new(&options.asked.gateway)?;
    runtime()?.block_on(async {
        let base = client.base();
        let health = match client.ask(Method::GET, "/health", None).await {
            Ok(health) => health,
            Err(error) => {
                complain(&format!("✗ {error:#}"));
                return Ok(ExitCode::FAILURE);
            }
        };
        let facts: Value = serde_json::from_slice(&health.body)?;
        let live = client.get("/livez").await?;
        let healthy = health.status.is_success() && facts["status"] == "healthy";
        if options.asked.json {
            let json = json!({ "healthy": healthy, "health": facts, "livez": live });
            print(&pretty(&json)?)?;
        } else {
            print(&told(base, healthy, &facts, &live))?;
        }
        Ok(if healthy {
            ExitCode::SUCCESS
        } else {
            ExitCode::FAILURE
        })
    })
}

/// Runs `weir health`: 0 while the gateway lives, draining or not, else 1. It asks what needs no
/// credential, once.
///
/// # Errors
/// When there can be no thread.
pub(crate) fn health(options: &Health) -> anyhow::Result<ExitCode> {
    let client = Client::new(&Gateway {
        url: options.url.clone(),
        password: None,
        token: None,
    })?;
    let answer = runtime()?.block_on(client.ask(Method::GET, "/livez", None));
    let base = client.base();
    Ok(match answer {
        Ok(answer) if answer.status.is_success() => {
            print(&format!("✓ weir at {base} lives"))?;
            ExitCode::SUCCESS
        }
        Ok(answer) => {
            complain(&format!("✗ {base}/livez answers {}", answer.status));
            ExitCode::FAILURE
        }
        Err(error) => {
            complain(&format!("✗ {error:#}"));
            ExitCode::FAILURE
        }
    })
}

fn told(base: &str, healthy: bool, facts: &Value, live: &Value) -> String {
    let mark = if healthy { '✓' } else { '✗' };
    let status = clean(facts["status"].as_str().unwrap_or("unknown"));
    let mut lines = format!("{mark} weir at {base}: {status}");
    if let Some(reason) = facts["reason"].as_str() {
        lines.push_str(&format!("\n  because:          {}", clean(reason)));
    }
    let figures = [
        ("in flight:       ", &live["in_flight"]),
        ("captures dropped:", &facts["capture_dropped"]),
    ];
    for (name, figure) in figures {
        lines.push_str(&format!("\n  {name} {}", clean(&figure.to_string())));
    }
    lines
}
