//! Tells Lunary of turns as runs: their start, and their end or their error, for its API of
//! ingestion. That takes `{"events": [...]}` and answers for each event.

use std::io;
use std::sync::Arc;

use http::HeaderMap;
use serde::Deserialize;
use serde_json::{Map, Value, json};
use weir_core::event::Event;
use weir_core::settings::services;

use super::said::{Said, chat};
use crate::batch::Batch;
use crate::http::{Client, Endpoint, Reply, with_key};
use crate::sink::{Delivery, Outcome, Sink};

/// Lunary.
#[derive(Debug)]
pub struct Lunary {
    client: Client,
    endpoint: Endpoint,
}

impl Lunary {
    /// Lunary as `settings` say.
    ///
    /// # Errors
    /// When a setting cannot be used, or TLS cannot be set up.
    pub fn new(settings: &services::Lunary) -> io::Result<Self> {
        let (client, endpoint) = with_key((&settings.url, &settings.api_key), settings.timeout)?;
        Ok(Self { client, endpoint })
    }

    async fn deliver_batch(&self, events: &[Arc<Event>]) -> Vec<Outcome> {
        let mut batch = Batch::of(events, |event| {
            let run = event.is_generation().then(|| run(event))?;
            let text = run.iter().map(Value::to_string);
            let text = text.collect::<Vec<_>>().join(",");
            let size = text.len();
            Some(((event.request_id.to_string(), text), size))
        })
        .await;
        while let Some(request) = batch.next() {
            let (ids, events): (Vec<_>, Vec<_>) = request.items.iter().cloned().unzip();
            let range = request.range;
            let body = format!(r#"{{"events":[{}]}}"#, events.join(","));
            let reply = self
                .client
                .post(&self.endpoint, HeaderMap::new(), body.into())
                .await;
            let outcomes = self.outcomes(&ids, &reply);
            batch.settle(range, &outcomes, reply.next);
        }
        batch.into_outcomes()
    }

    fn outcomes(&self, ids: &[String], reply: &Reply) -> Vec<Outcome> {
        if reply.outcome != Outcome::Delivered {
            return vec![reply.outcome.clone(); ids.len()];
        }
        let answer: Answer = serde_json::from_slice(&reply.body).unwrap_or_default();
        let outcome = |id: &String| {
            let mut results = answer.results.iter();
            let failed = results.find(|result| result.id.as_ref() == Some(id) && result.failed());
            match failed {
                None => Outcome::Delivered,
                Some(result) => Outcome::Later {
                    why: self
                        .client
                        .clean(result.error.as_deref().unwrap_or("no reason given")),
                    after: None,
                },
            }
        };
        ids.iter().map(outcome).collect()
    }
}

impl Sink for Lunary {
    fn kind(&self) -> &'static str {
        "lunary"
    }

    fn deliver<'a>(&'a self, batch: &'a [Arc<Event>]) -> Delivery<'a> {
        Box::pin(self.deliver_batch(batch))
    }
}

/// What Lunary answers.
#[derive(Debug, Default, Deserialize)]
struct Answer {
    #[serde(default)]
    results: Vec<Result>,
}

#[derive(Debug, Deserialize)]
struct Result {
    id: Option<String>,
    success: bool,
    error: Option<String>,
}

impl Result {
    /// A run that is there already came with an earlier try, or is just being repeated.
    fn failed(&self) -> bool {
        let known = |error: &str| error.contains("already exists");
        !self.success && !self.error.as_deref().is_some_and(known)
    }
}

/// The two events of a run.
fn run(event: &Event) -> [Value; 2] {
    let said = Said::of(event);
    let id = event.request_id;
    let start = json!({
        "type": "llm",
        "event": "start",
        "runId": id,
        "timestamp": event.timestamp,
        "name": event.asked_model(),
        "input": chat::input(&said, event),
        "params": params(&said, event),
        "userId": event.token_id,
        "tags": tags(event),
        "metadata": metadata(event),
    });
    let ended = event.ended_at();
    let end = match fault(event) {
        Some(message) => json!({
            "type": "llm",
            "event": "error",
            "runId": id,
            "timestamp": ended,
            "error": {"message": message},
        }),
        None => json!({
            "type": "llm",
            "event": "end",
            "runId": id,
            "timestamp": ended,
            "output": chat::output(&said, event),
            "tokensUsage": event.token_usage.map(|usage| json!({
                "prompt": usage.prompt(),
                "completion": usage.output,
                "promptCached": usage.cache_read,
            })),
        }),
    };
    [start, end].map(without_nulls)
}

/// Why a run failed, if it did.
fn fault(event: &Event) -> Option<String> {
    let status = event.status.filter(|status| *status >= 400);
    if &*event.outcome == "complete" && status.is_none() && event.error.is_none() {
        return None;
    }
    let said = event.error.as_deref().unwrap_or(&event.outcome);
    Some(match status {
        Some(status) => format!("{status}: {said}"),
        None => said.to_owned(),
    })
}

/// What the model was asked with.
fn params(said: &Said<'_>, event: &Event) -> Value {
    let mut all = Map::new();
    all.insert("stream".into(), event.streamed.into());
    if let Some(request) = &said.request {
        let numbers = &request.sampling;
        for (name, value) in [
            ("temperature", &numbers.temperature),
            ("top_p", &numbers.top_p),
            ("top_k", &numbers.top_k),
            ("seed", &numbers.seed),
        ] {
            all.extend(
                value
                    .as_ref()
                    .map(|json| (name.into(), super::said::value(json))),
            );
        }
        all.extend(
            request
                .max_tokens
                .map(|most| ("max_tokens".into(), most.into())),
        );
        let tools = chat::tools(said);
        all.extend((!tools.is_empty()).then(|| ("tools".into(), tools.into())));
    }
    all.into()
}

fn tags(event: &Event) -> Vec<&str> {
    let words = [event.client.as_deref(), event.class.as_deref()];
    let cached = event.cached.then_some("cached");
    words.into_iter().chain([cached]).flatten().collect()
}

/// Plain values only: Lunary drops others.
fn metadata(event: &Event) -> Value {
    without_nulls(json!({
        "request_id": event.request_id,
        "method": event.method,
        "path": event.path,
        "status": event.status,
        "duration_ms": event.duration_us / 1_000,
        "outcome": event.outcome,
        "dialect": event.dialect,
        "provider": event.provider,
        "client_model": event.model,
        "stop_reason": event.stop_reason,
        "session_id": event.session_id,
        "agent_id": event.agent_id,
        "project_id": event.project_id,
        "token_id": event.token_id,
        "node": event.node,
        "cost_usd": event.cost_usd,
        "cache_write_tokens": event.token_usage.map(|usage| usage.cache_write),
        "reasoning_tokens": event.token_usage.map(|usage| usage.reasoning),
    }))
}

fn without_nulls(mut value: Value) -> Value {
    if let Value::Object(members) = &mut value {
        members.retain(|_, member| !member.is_null());
    }
    value
}
