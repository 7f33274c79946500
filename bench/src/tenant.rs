//! weir's configuration for the question what a project's token costs: one provider with one key, and
//! a token that everything is limited of which can be.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use anyhow::{Context as _, ensure};
use serde_json::{Value, json};

/// Who manages the project.
pub(crate) const MANAGER: &str = "manager-of-the-bench-0123456789";

/// The file's text. The project has no key of its own, so that both use the same.
pub(crate) fn config(upstream: SocketAddr) -> String {
    format!(
        "providers:\n  - name: anthropic\n    type: anthropic\n    base_url: http://{upstream}\n    \
         client_credentials: never\n    keys:\n      \
         - key: sk-ant-api03-bench-bench-bench-bench-bench-bench-bench-0000\n"
    )
}

/// The secret of a new token: limits that nothing reaches at the project and at the token.
///
/// # Errors
/// When weir does not make one.
pub(crate) fn token(addr: SocketAddr) -> anyhow::Result<String> {
    let limits = json!({"rpm": 100_000_000, "tpm": 1_000_000_000_000_u64, "concurrency": 10_000});
    let budgets = json!([{"period": "month", "usd": 1e6}]);
    let new = json!({"name": "bench", "limits": limits, "budgets": budgets});
    let project = post(addr, "/manage/projects", &new)?;
    let new = json!({"project_id": project["id"], "duration_minutes": 600, "limits": limits,
        "budgets": budgets, "max_requests": 1_000_000_000});
    let made = post(addr, "/manage/tokens", &new)?;
    let token = made["token"].as_str();
    Ok(token.context("weir makes no token")?.to_owned())
}

fn post(addr: SocketAddr, path: &str, body: &Value) -> anyhow::Result<Value> {
    let body = body.to_string();
    let mut stream = TcpStream::connect(addr)?;
    stream.set_read_timeout(Some(Duration::from_secs(10)))?;
    write!(
        stream,
        "POST {path} HTTP/1.1\r\nhost: {addr}\r\nauthorization: Bearer {MANAGER}\r\n\
         content-type: application/json\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    )?;
    let mut text = String::new();
    stream.take(1 << 20).read_to_string(&mut text)?;
    let (head, body) = text.split_once("\r\n\r\n").context("no answer")?;
    ensure!(head.contains(" 201 "), "{path}: {text}");
    Ok(serde_json::from_str(body)?)
}
