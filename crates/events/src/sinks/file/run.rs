//! An event as a run, the form of services for LLM traffic: who asked what, and what it got.

use jiff::Timestamp;
use serde::Serialize;
use serde_json::value::RawValue;
use uuid::Uuid;
use weir_core::event::Event;

/// A run, in one line.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Run<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    event: &'static str,
    run_id: Uuid,
    timestamp: Timestamp,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    input: Option<&'a RawValue>,
    #[serde(skip_serializing_if = "Option::is_none")]
    output: Option<&'a RawValue>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tokens_usage: Option<TokensUsage>,
    metadata: Metadata<'a>,
}

#[derive(Debug, Serialize)]
struct TokensUsage {
    prompt: u64,
    completion: u64,
}

#[derive(Debug, Serialize)]
struct Metadata<'a> {
    method: &'a str,
    path: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<u16>,
    duration_ms: u64,
    request_id: Uuid,
    outcome: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    provider: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    model: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    project_id: Option<Uuid>,
    #[serde(skip_serializing_if = "Option::is_none")]
    token_id: Option<Uuid>,
    #[serde(skip_serializing_if = "Option::is_none")]
    session_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cost_usd: Option<f64>,
}

/// The line, without its end; none for what was not sent by `POST`.
pub(super) fn line(event: &Event) -> Option<Vec<u8>> {
    if &*event.method != "POST" {
        return None;
    }
    let run = Run {
        kind: "llm",
        event: "start",
        run_id: event.request_id,
        timestamp: event.timestamp,
        name: event.asked_model(),
        input: event.request_body.as_deref(),
        output: event.response_body.as_deref(),
        tokens_usage: event.token_usage.map(|usage| TokensUsage {
            prompt: usage.prompt(),
            completion: usage.output,
        }),
        metadata: Metadata {
            method: &event.method,
            path: &event.path,
            status: event.status,
            duration_ms: event.duration_us / 1000,
            request_id: event.request_id,
            outcome: &event.outcome,
            provider: event.provider.as_deref(),
            model: event.asked_model(),
            project_id: event.project_id,
            token_id: event.token_id,
            session_id: event.session_id.as_deref(),
            cost_usd: event.cost_usd,
        },
    };
    serde_json::to_vec(&run).ok()
}
