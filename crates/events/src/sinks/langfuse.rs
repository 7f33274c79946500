//! Tells Langfuse of turns: spans for its OpenTelemetry endpoint, with its own attributes on top of
//! the conventions'.

use std::io;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::header::{AUTHORIZATION, CONTENT_TYPE};
use http::{HeaderMap, HeaderName, HeaderValue};
use prost::Message as _;
use serde_json::{Map, Value, json};
use weir_core::event::Event;
use weir_core::secret::Secret;
use weir_core::settings::services::{self, OtlpEncoding};

use super::otel::{self, span};
use super::said::{Said, chat, value};
use crate::batch::Batch;
use crate::http::{Client, Endpoint, hidden_of};
use crate::otlp::{Attributes, Span};
use crate::sink::{Delivery, Outcome, Sink};

/// Below the server's address.
const PATH: &str = "/api/public/otel/v1/traces";
/// Asks for what is told to be shown at once.
const VERSION: HeaderName = HeaderName::from_static("x-langfuse-ingestion-version");
/// Langfuse drops ids of sessions and users that are longer, in characters.
const MAX_ID: usize = 200;

/// Langfuse.
#[derive(Debug)]
pub struct Langfuse {
    client: Client,
    endpoint: Endpoint,
}

impl Langfuse {
    /// Langfuse as `settings` say.
    ///
    /// # Errors
    /// When a setting cannot be used, or TLS cannot be set up.
    pub fn new(settings: &services::Langfuse) -> io::Result<Self> {
        let (public, secret) = (&settings.public_key, &settings.secret_key);
        let credential = STANDARD.encode(format!("{}:{}", public.expose(), secret.expose()));
        let base = settings.url.expose().trim_end_matches('/');
        let mut hidden = hidden_of(&settings.url);
        hidden.extend([secret.clone(), public.clone()]);
        hidden.push(Secret::new(credential.clone()));
        Ok(Self {
            client: Client::new(settings.timeout, hidden)?,
            endpoint: Endpoint::new(&format!("{base}{PATH}"))?
                .with(AUTHORIZATION, &format!("Basic {credential}"))?
                .with(VERSION, "4")?,
        })
    }

    async fn deliver_batch(&self, events: &[Arc<Event>]) -> Vec<Outcome> {
        let mut batch = Batch::of(events, |event| {
            event.is_generation().then(|| {
                let span = generation(event);
                let size = span.encoded_len();
                ((event.node.clone(), span), size)
            })
        })
        .await;
        while let Some(request) = batch.next() {
            let range = request.range.clone();
            let mut headers = HeaderMap::new();
            let kind = HeaderValue::from_static("application/x-protobuf");
            headers.insert(CONTENT_TYPE, kind);
            let body = otel::traces(request.items).encode_to_vec();
            let reply = self.client.post(&self.endpoint, headers, body.into()).await;
            let outcomes = otel::partly(&self.client, &reply, OtlpEncoding::Protobuf, range.len());
            batch.settle(range, &outcomes, reply.next);
        }
        batch.into_outcomes()
    }
}

impl Sink for Langfuse {
    fn kind(&self) -> &'static str {
        "langfuse"
    }

    fn deliver<'a>(&'a self, batch: &'a [Arc<Event>]) -> Delivery<'a> {
        Box::pin(self.deliver_batch(batch))
    }
}

/// A turn as a generation, in a trace of its own unless the client has one.
fn generation(event: &Event) -> Span {
    let said = Said::of(event);
    let (mut span, mut all) = span::span(event, &said);
    of_trace(event, &mut all);
    of_observation(event, &said, &mut all);
    metadata(event, &mut all);
    span.attributes = all.into_list();
    span
}

fn of_trace(event: &Event, all: &mut Attributes) {
    let short = |id: &str| id.chars().take(MAX_ID).collect::<String>();
    all.put(
        "langfuse.trace.name",
        event.client.as_deref().unwrap_or("weir"),
    );
    all.put_some("session.id", event.session_id.as_deref().map(short));
    all.put_some("user.id", event.token_id.map(|id| id.to_string()));
    let words = [event.client.as_deref(), event.class.as_deref()];
    let words = words.into_iter().chain([event.cached.then_some("cached")]);
    let tags: Vec<_> = words.flatten().map(str::to_owned).collect();
    all.put_some("langfuse.trace.tags", (!tags.is_empty()).then_some(tags));
}

fn of_observation(event: &Event, said: &Said<'_>, all: &mut Attributes) {
    let text = |json: Value| (!json.is_null()).then(|| json.to_string());
    all.put("langfuse.observation.type", "generation");
    all.put_some("langfuse.observation.input", text(input(said, event)));
    all.put_some(
        "langfuse.observation.output",
        text(chat::output(said, event)),
    );
    all.put_some("langfuse.observation.model.name", event.asked_model());
    all.put_some(
        "langfuse.observation.model.parameters",
        text(parameters(said)),
    );
    all.put_some("langfuse.observation.usage_details", text(usage(event)));
    // Langfuse would count by prices of its own; weir's are the operator's.
    let cost = event.cost_usd.map(|usd| json!({"total": usd}).to_string());
    all.put_some("langfuse.observation.cost_details", cost);
    let first = event.content_us.and_then(|us| {
        let after = jiff::SignedDuration::from_micros(i64::try_from(us).ok()?);
        event.timestamp.checked_add(after).ok()
    });
    // As JSON, which is what Langfuse reads.
    let first = first.map(|at| json!(at).to_string());
    all.put_some("langfuse.observation.completion_start_time", first);
    if let Some(kind) = span::error_type(event) {
        let left = &*event.outcome == "client_gone";
        all.put(
            "langfuse.observation.level",
            if left { "WARNING" } else { "ERROR" },
        );
        let message = event.error.as_deref().unwrap_or(&kind);
        all.put("langfuse.observation.status_message", message);
    }
}

/// Messages, and the tools beside them where there are any.
fn input(said: &Said<'_>, event: &Event) -> Value {
    let messages = chat::input(said, event);
    let tools = chat::tools(said);
    match tools.is_empty() {
        true => messages,
        false => json!({"messages": messages, "tools": tools}),
    }
}

fn parameters(said: &Said<'_>) -> Value {
    let Some(request) = &said.request else {
        return Value::Null;
    };
    let numbers = &request.sampling;
    let mut all = Map::new();
    all.extend(
        request
            .max_tokens
            .map(|most| ("max_tokens".into(), most.into())),
    );
    for (name, json) in [
        ("temperature", &numbers.temperature),
        ("top_p", &numbers.top_p),
        ("top_k", &numbers.top_k),
        ("seed", &numbers.seed),
    ] {
        all.extend(json.as_ref().map(|json| (name.to_owned(), value(json))));
    }
    all.into()
}

/// Counts that do not overlap: Langfuse adds them up.
fn usage(event: &Event) -> Value {
    let Some(usage) = event.token_usage else {
        return Value::Null;
    };
    let answer = usage.output.saturating_sub(usage.reasoning);
    let mut all = Map::new();
    for (name, count, always) in [
        ("input", usage.input, true),
        ("output", answer, true),
        ("input_cached_tokens", usage.cache_read, false),
        ("input_cache_creation", usage.cache_write, false),
        ("output_reasoning_tokens", usage.reasoning, false),
        ("total", usage.total, true),
    ] {
        if always || count > 0 {
            all.insert(name.to_owned(), count.into());
        }
    }
    all.into()
}

fn metadata(event: &Event, all: &mut Attributes) {
    let mut put = |name: &str, text: Option<String>| {
        all.put_some(&format!("langfuse.observation.metadata.{name}"), text);
    };
    let id = |id: Option<uuid::Uuid>| id.map(|id| id.to_string());
    let text = |text: &Option<Box<str>>| text.as_deref().map(str::to_owned);
    put("request_id", Some(event.request_id.to_string()));
    put("project_id", id(event.project_id));
    put("token_id", id(event.token_id));
    put("provider", text(&event.provider));
    put("client_model", text(&event.model));
    put("agent_id", text(&event.agent_id));
    put("parent_agent_id", text(&event.parent_agent_id));
    put("stop_reason", text(&event.stop_reason));
    put("outcome", Some(event.outcome.to_string()));
    put("status", event.status.map(|status| status.to_string()));
}
