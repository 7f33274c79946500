//! Logs turns at Helicone: a request for each, as its manual loggers send them.

use std::io;
use std::sync::Arc;

use futures_util::FutureExt as _;
use http::HeaderMap;
use jiff::Timestamp;
use serde::Serialize;
use serde_json::{Map, Value, json};
use weir_core::event::{BodyForm, Event, TokenUsage};
use weir_core::settings::services;

use super::said;
use crate::batch::{aside, one_by_one};
use crate::http::{Client, Endpoint, Reply, with_key};
use crate::sink::{Delivery, Sink};

/// The status of a turn whose client left before there was one; what nginx calls it.
const CLIENT_LEFT: u16 = 499;

/// Helicone.
#[derive(Debug)]
pub struct Helicone {
    client: Client,
    endpoint: Endpoint,
}

impl Helicone {
    /// Helicone as `settings` say.
    ///
    /// # Errors
    /// When a setting cannot be used, or TLS cannot be set up.
    pub fn new(settings: &services::Helicone) -> io::Result<Self> {
        let (client, endpoint) = with_key((&settings.url, &settings.api_key), settings.timeout)?;
        Ok(Self { client, endpoint })
    }

    async fn log(&self, event: &Arc<Event>) -> Option<Reply> {
        let told = Arc::clone(event);
        let body = aside(move || serde_json::to_vec(&log(&told)?).ok()).await?;
        let sending = self
            .client
            .post(&self.endpoint, HeaderMap::new(), body.into());
        Some(sending.await)
    }
}

impl Sink for Helicone {
    fn kind(&self) -> &'static str {
        "helicone"
    }

    fn deliver<'a>(&'a self, batch: &'a [Arc<Event>]) -> Delivery<'a> {
        let requests = batch.iter().map(|event| self.log(event).boxed());
        Box::pin(one_by_one(requests.collect()))
    }
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Log<'a> {
    provider_request: ProviderRequest<'a>,
    provider_response: ProviderResponse,
    timing: Timing,
}

#[derive(Debug, Serialize)]
struct ProviderRequest<'a> {
    url: &'a str,
    json: Value,
    meta: Map<String, Value>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct ProviderResponse {
    status: u16,
    headers: Map<String, Value>,
    json: Map<String, Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    text_body: Option<Value>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Timing {
    start_time: Moment,
    end_time: Moment,
    /// In milliseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    time_to_first_token: Option<u64>,
}

#[derive(Debug, Serialize)]
struct Moment {
    seconds: i64,
    milliseconds: i32,
}

/// What is logged of an event; none where nothing was answered, or no model was asked.
fn log(event: &Event) -> Option<Log<'_>> {
    let answered = event.status.is_some() || event.response_body.is_some();
    if !event.is_generation() || !(answered || event.token_usage.is_some()) {
        return None;
    }
    Some(Log {
        provider_request: ProviderRequest {
            url: match event.path.is_empty() {
                true => "custom-model-nopath",
                false => &event.path,
            },
            json: request(event),
            meta: meta(event),
        },
        provider_response: response(event),
        timing: Timing {
            start_time: moment(event.timestamp),
            end_time: moment(event.ended_at()),
            time_to_first_token: event.content_us.map(|us| us / 1_000),
        },
    })
}

fn moment(at: Timestamp) -> Moment {
    Moment {
        seconds: at.as_second(),
        milliseconds: at.subsec_millisecond(),
    }
}

fn request(event: &Event) -> Value {
    match said::shown(event.request_body.as_deref(), event.request_body_facts) {
        Value::Object(body) => body.into(),
        Value::Null => json!({"model": event.model}),
        other => json!({"model": event.model, "body": other}),
    }
}

fn response(event: &Event) -> ProviderResponse {
    let body = said::shown(event.response_body.as_deref(), event.response_body_facts);
    let (mut json, text_body) = match body {
        Value::Object(body) => (body, None),
        other => {
            let note = Value::from("response was not JSON; omitted");
            let text = (event.response_body_facts.form == BodyForm::Text).then_some(other);
            (Map::from_iter([("note".to_owned(), note)]), text)
        }
    };
    if let Some(usage) = &event.token_usage {
        add_usage(&mut json, usage);
    }
    let headers = event.response_headers.iter();
    ProviderResponse {
        status: event.status.unwrap_or(CLIENT_LEFT),
        headers: headers
            .map(|(name, value)| (name.to_string(), Value::from(&**value)))
            .collect(),
        json,
        text_body,
    }
}

/// Adds the counts by OpenAI's names, which Helicone knows for every provider. What the provider
/// said itself stays.
fn add_usage(answer: &mut Map<String, Value>, usage: &TokenUsage) {
    let slot = answer.entry("usage").or_insert_with(|| json!({}));
    if let Value::Object(said) = slot {
        let counts = [
            ("prompt_tokens", usage.prompt()),
            ("completion_tokens", usage.output),
            ("total_tokens", usage.total),
        ];
        for (name, count) in counts {
            said.entry(name).or_insert_with(|| Value::from(count));
        }
    }
}

/// What Helicone's own gateway takes from headers. Values are texts.
fn meta(event: &Event) -> Map<String, Value> {
    let id = |id: Option<uuid::Uuid>| id.map(|id| id.to_string());
    let text = |text: &Option<Box<str>>| text.as_deref().map(str::to_owned);
    let provider = provider(event);
    let session = event.session_id.is_some();
    let path = event.agent_id.as_deref().unwrap_or("main");
    let members = [
        ("request_id", Some(event.request_id.to_string())),
        ("provider", Some(provider.to_owned())),
        ("Helicone-Provider", Some(provider.to_owned())),
        // What makes a repeat the same request.
        ("Helicone-Request-Id", Some(event.request_id.to_string())),
        ("Helicone-Session-Id", text(&event.session_id)),
        ("Helicone-Session-Path", session.then(|| format!("/{path}"))),
        (
            "Helicone-Session-Name",
            text(&event.client).filter(|_| session),
        ),
        ("Helicone-Property-Project", id(event.project_id)),
        ("Helicone-Property-Token", id(event.token_id)),
        ("Helicone-Property-Agent", text(&event.agent_id)),
        ("Helicone-Property-Client", text(&event.client)),
        ("Helicone-Property-Class", text(&event.class)),
        ("Helicone-Property-Upstream", text(&event.provider)),
        ("Helicone-Property-Outcome", Some(event.outcome.to_string())),
        (
            "Helicone-Property-Cached",
            event.cached.then(|| "true".to_owned()),
        ),
    ];
    let given = members.into_iter();
    given
        .filter_map(|(name, value)| Some((name.to_owned(), Value::from(value?))))
        .collect()
}

/// Whose words the bodies are in, which is what Helicone reads them by.
fn provider(event: &Event) -> &'static str {
    match &*event.dialect {
        "anthropic_messages" => "anthropic",
        "gemini" => "google",
        _ => "openai",
    }
}
