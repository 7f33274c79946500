//! Plays a short agent session through a weir with a mock provider behind it, so that a person
//! without an API key sees it work.

use std::process::ExitCode;

use anyhow::Context as _;
use http::{HeaderMap, HeaderValue, Method};
use serde_json::{Value, json};
use weir_mock::MockConfig;

use crate::cli::Demo;
use crate::fetch::fetch;
use crate::lines::say;
use crate::serve::Running;
use crate::shutdown::Signals;
use crate::workers::runtime;

const SESSION: &str = "5f0c9b1e-0d3a-4c58-9a53-6f2f4f1d7c11";

/// Runs `weir demo`.
///
/// # Errors
/// When the address is taken or the session does not go as it should.
pub(crate) fn run(options: &Demo) -> anyhow::Result<ExitCode> {
    runtime()?.block_on(demo(options))
}

async fn demo(options: &Demo) -> anyhow::Result<ExitCode> {
    let mock = weir_mock::serve(MockConfig::default()).await?;
    let folder = std::env::temp_dir().join(format!("weir-demo-{}", std::process::id()));
    let overrides: Vec<(String, String)> = [
        ("server.host", options.listen.ip().to_string()),
        ("server.port", options.listen.port().to_string()),
        (
            "storage.db_path",
            folder.join("demo.db").display().to_string(),
        ),
        ("providers.anthropic.base_url", mock.url()),
        ("providers.openai.base_url", mock.url()),
        ("providers.gemini.base_url", mock.url()),
    ]
    .map(|(key, value)| (key.to_owned(), value))
    .into();
    let loaded = weir_core::config::load(None, &|_| None, &overrides)
        .map_err(|faults| anyhow::anyhow!("{}", faults[0]))?;
    let running = Running::start(loaded.settings).await?;
    let url = format!("http://{}", running.listening);
    say(&format!(
        "weir listens on {url}; behind it a mock provider on {}.\n",
        mock.url()
    ));
    let played = play(&url).await;
    if played.is_ok() && !options.once {
        say(&format!(
            "\nStill up. Look at it:\n  curl -s '{url}/api/requests/summary'\n\
             Or send an agent (the mock answers):\n  \
             ANTHROPIC_BASE_URL={url} ANTHROPIC_API_KEY=none claude -p 'hello'\nCtrl-C ends it."
        ));
        Signals::listen()?.next().await;
    }
    running.stop().await;
    let removed = std::fs::remove_dir_all(&folder);
    played?;
    removed.with_context(|| format!("{}: cannot be removed", folder.display()))?;
    Ok(ExitCode::SUCCESS)
}

/// A prompt, a tool call, its result, the final answer: what an agent does in one task.
async fn play(url: &str) -> anyhow::Result<()> {
    let prompt = "How many lines has README.md? [mock:agent tool=Bash command=\"wc -l README.md\"]";
    let mut messages = vec![json!({"role": "user", "content": prompt})];
    say("you    How many lines has README.md?");
    for _ in 0..4 {
        let reply = turn(url, &messages).await?;
        messages.push(json!({"role": "assistant", "content": reply["content"]}));
        let mut results = Vec::new();
        for block in reply["content"].as_array().into_iter().flatten() {
            match block["type"].as_str() {
                Some("text") => say(&format!("model  {}", block["text"].as_str().unwrap_or(""))),
                Some("tool_use") => {
                    say(&format!(
                        "model  calls {} with {}",
                        block["name"], block["input"]
                    ));
                    say("tool   98 README.md");
                    results.push(json!({"type": "tool_result", "tool_use_id": block["id"],
                        "content": "98 README.md"}));
                }
                _ => {}
            }
        }
        if results.is_empty() {
            break;
        }
        messages.push(json!({"role": "user", "content": results}));
    }
    show(url).await
}

async fn turn(url: &str, messages: &[Value]) -> anyhow::Result<Value> {
    let body = json!({
        "model": "claude-sonnet-4-5", "max_tokens": 1024, "messages": messages,
        "tools": [{"name": "Bash", "description": "Runs a command", "input_schema": {
            "type": "object", "properties": {"command": {"type": "string"}},
            "required": ["command"]}}],
    });
    let mut headers = HeaderMap::new();
    for (name, value) in [
        ("content-type", "application/json"),
        ("anthropic-version", "2023-06-01"),
        ("x-api-key", "sk-ant-demo"),
        ("x-claude-code-session-id", SESSION),
        ("user-agent", "weir-demo"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    let address = format!("{url}/v1/messages?beta=true");
    let answer = fetch(Method::POST, &address, headers, serde_json::to_vec(&body)?).await?;
    anyhow::ensure!(
        answer.status.is_success(),
        "the mock answered {}",
        answer.status
    );
    Ok(serde_json::from_slice(&answer.body)?)
}

/// What weir kept of it.
async fn show(url: &str) -> anyhow::Result<()> {
    let address = format!("{url}/api/requests/summary");
    let list = fetch(Method::GET, &address, HeaderMap::new(), Vec::new()).await?;
    let list: Value = serde_json::from_slice(&list.body)?;
    say("\nWhat weir kept, newest first:");
    for exchange in list["requests"].as_array().into_iter().flatten() {
        say(&format!(
            "  {}  {} {}  {} ms  {} messages  in {} out {}  {}",
            exchange["requestId"].as_str().unwrap_or(""),
            exchange["statusCode"],
            exchange["model"].as_str().unwrap_or(""),
            exchange["responseTime"],
            exchange["messageCount"],
            exchange["usage"]["input_tokens"],
            exchange["usage"]["output_tokens"],
            exchange["stopReason"].as_str().unwrap_or(""),
        ));
    }
    Ok(())
}
