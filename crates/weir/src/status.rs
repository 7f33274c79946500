//! `weir status`: how a running gateway is.

use std::process::ExitCode;

use http::Method;
use serde_json::{Value, json};

use crate::cli::Status;
use crate::client::{Client, clean};
use crate::lines::{complain, say};
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
            say(&serde_json::to_string_pretty(&json)?);
        } else {
            tell(base, healthy, &facts, &live);
        }
        Ok(if healthy {
            ExitCode::SUCCESS
        } else {
            ExitCode::FAILURE
        })
    })
}

fn tell(base: &str, healthy: bool, facts: &Value, live: &Value) {
    let mark = if healthy { '✓' } else { '✗' };
    let status = clean(facts["status"].as_str().unwrap_or("unknown"));
    say(&format!("{mark} weir at {base}: {status}"));
    if let Some(reason) = facts["reason"].as_str() {
        say(&format!("  because:          {}", clean(reason)));
    }
    say(&format!("  in flight:        {}", live["in_flight"]));
    say(&format!("  captures dropped: {}", facts["capture_dropped"]));
}
