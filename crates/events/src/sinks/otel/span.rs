//! A span of an exchange, by the semantic conventions for generative AI, version 1.41.

use jiff::Timestamp;
use serde_json::Value as Json;
use weir_core::event::Event;
use weir_wire::translate::form::{Format, Request};

use crate::otlp::{Attributes, Span, SpanKind, Status, StatusCode};
use crate::sinks::said::{Said, parts, value};

/// What version of the conventions it is.
pub(crate) const SCHEMA: &str = "https://opentelemetry.io/schemas/1.41.0";

/// Whether there is a span of it: it was a turn of a model, or asked for embeddings.
pub(crate) fn is_inference(event: &Event) -> bool {
    event.is_generation() || (&*event.method == "POST" && &*event.operation == "embeddings")
}

/// The span, with the attributes that the conventions name and weir's own.
pub(crate) fn span(event: &Event, said: &Said<'_>) -> (Span, Attributes) {
    let mut all = identity(event);
    all.put_some("gen_ai.response.model", response_model(said));
    all.put_some("error.type", error_type(event));
    all.put_some("gen_ai.response.id", event.response_id.as_deref());
    let reasons = event.stop_reason.as_ref();
    all.put_some(
        "gen_ai.response.finish_reasons",
        reasons.map(|reason| vec![reason.to_string()]),
    );
    all.put_some("gen_ai.conversation.id", event.session_id.as_deref());
    all.put_some("gen_ai.agent.id", event.agent_id.as_deref());
    all.put("gen_ai.request.stream", event.streamed);
    let first = event.content_us.filter(|_| event.streamed);
    all.put_some("gen_ai.response.time_to_first_chunk", first.map(seconds));
    if let Some(request) = &said.request {
        wishes(request, &mut all);
    }
    usage(event, &mut all);
    own(event, &mut all);
    let (trace_id, parent_span_id) = trace(event);
    let span = Span {
        trace_id,
        span_id: low_half(event).to_vec(),
        trace_state: header(event, "tracestate")
            .filter(|_| !parent_span_id.is_empty())
            .unwrap_or_default()
            .to_owned(),
        parent_span_id,
        name: name(event),
        kind: SpanKind::Client.into(),
        start_time_unix_nano: nanos(event.timestamp),
        end_time_unix_nano: nanos(event.ended_at()),
        attributes: Vec::new(),
        status: error_type(event).map(|_| Status {
            message: event.error.as_deref().unwrap_or_default().to_owned(),
            code: StatusCode::Error.into(),
        }),
    };
    (span, all)
}

/// What was said, which spans carry only where the operator wants that.
pub(crate) fn content(said: &Said<'_>, all: &mut Attributes) {
    let text = |json: Option<Json>| json.map(|json| json.to_string());
    all.put_some(
        "gen_ai.system_instructions",
        text(parts::instructions(said)),
    );
    all.put_some("gen_ai.input.messages", text(parts::input(said)));
    all.put_some("gen_ai.output.messages", text(parts::output(said)));
}

/// What spans and metrics have in common.
pub(crate) fn identity(event: &Event) -> Attributes {
    let mut all = Attributes::default();
    all.put("gen_ai.operation.name", operation(event));
    all.put("gen_ai.provider.name", provider(event));
    all.put_some("gen_ai.request.model", event.asked_model());
    all
}

/// The model that answered.
pub(crate) fn response_model<'a>(said: &'a Said<'_>) -> Option<&'a str> {
    let model = said.answer.as_ref().map(|answer| &*answer.model);
    model.filter(|model| !model.is_empty())
}

/// Why it failed, if it did: the status, or how it ended.
pub(crate) fn error_type(event: &Event) -> Option<String> {
    if let Some(status) = event.status.filter(|status| *status >= 400) {
        return Some(status.to_string());
    }
    match &*event.outcome {
        "complete" if event.error.is_none() => None,
        // An error within an answer; its words may be anything.
        "complete" => Some("_OTHER".to_owned()),
        outcome => Some(outcome.to_owned()),
    }
}

/// Microseconds as seconds.
#[expect(
    clippy::cast_precision_loss,
    reason = "spans of time are far below 2^53 us"
)]
pub(crate) fn seconds(us: u64) -> f64 {
    us as f64 / 1e6
}

pub(crate) fn nanos(at: Timestamp) -> u64 {
    u64::try_from(at.as_nanosecond()).unwrap_or_default()
}

fn name(event: &Event) -> String {
    let operation = operation(event);
    match event.asked_model() {
        Some(model) => format!("{operation} {model}"),
        None => operation.to_owned(),
    }
}

fn operation(event: &Event) -> &'static str {
    match (&*event.operation, &*event.dialect) {
        ("embeddings", _) => "embeddings",
        (_, "gemini") => "generate_content",
        _ if event.path.ends_with("/completions") && !event.path.ends_with("/chat/completions") => {
            "text_completion"
        }
        _ => "chat",
    }
}

/// The provider by the conventions' name for it: by what the operator called it, else by what the
/// client speaks.
fn provider(event: &Event) -> &'static str {
    const KNOWN: [(&str, &str); 13] = [
        ("bedrock", "aws.bedrock"),
        ("vertex", "gcp.vertex_ai"),
        ("azure", "azure.ai.openai"),
        ("anthropic", "anthropic"),
        ("cohere", "cohere"),
        ("deepseek", "deepseek"),
        ("gemini", "gcp.gemini"),
        ("groq", "groq"),
        ("mistral", "mistral_ai"),
        ("moonshot", "moonshot_ai"),
        ("openai", "openai"),
        ("perplexity", "perplexity"),
        ("xai", "x_ai"),
    ];
    let called = event.provider.as_deref().unwrap_or_default();
    let called = called.to_ascii_lowercase();
    let known = KNOWN.iter().find(|(part, _)| called.contains(part));
    match (known, &*event.dialect) {
        (Some((_, name)), _) => name,
        (None, "anthropic_messages") => "anthropic",
        (None, "gemini") => "gcp.gemini",
        (None, _) => "openai",
    }
}

/// How the model was to answer.
fn wishes(request: &Request<'_>, all: &mut Attributes) {
    all.put_some("gen_ai.request.max_tokens", request.max_tokens);
    let numbers = &request.sampling;
    for (name, json) in [
        ("gen_ai.request.temperature", &numbers.temperature),
        ("gen_ai.request.top_p", &numbers.top_p),
        ("gen_ai.request.top_k", &numbers.top_k),
        (
            "gen_ai.request.frequency_penalty",
            &numbers.frequency_penalty,
        ),
        ("gen_ai.request.presence_penalty", &numbers.presence_penalty),
    ] {
        all.put_some(name, json.as_ref().and_then(|json| value(json).as_f64()));
    }
    let seed = numbers.seed.as_ref();
    all.put_some(
        "gen_ai.request.seed",
        seed.and_then(|json| value(json).as_u64()),
    );
    let stops: Vec<_> = request.stop.iter().map(ToString::to_string).collect();
    all.put_some(
        "gen_ai.request.stop_sequences",
        (!stops.is_empty()).then_some(stops),
    );
    let json = matches!(request.format, Some(Format::Json | Format::Schema { .. }));
    all.put_some("gen_ai.output.type", json.then_some("json"));
}

fn usage(event: &Event, all: &mut Attributes) {
    let Some(usage) = &event.token_usage else {
        return;
    };
    let some = |count: u64| (count > 0).then_some(count);
    all.put("gen_ai.usage.input_tokens", usage.prompt());
    all.put("gen_ai.usage.output_tokens", usage.output);
    all.put_some(
        "gen_ai.usage.cache_read.input_tokens",
        some(usage.cache_read),
    );
    all.put_some(
        "gen_ai.usage.cache_creation.input_tokens",
        some(usage.cache_write),
    );
    all.put_some(
        "gen_ai.usage.reasoning.output_tokens",
        some(usage.reasoning),
    );
}

/// What no convention has a name for, and what was asked over HTTP.
fn own(event: &Event, all: &mut Attributes) {
    let id = |id: Option<uuid::Uuid>| id.map(|id| id.to_string());
    all.put("http.request.method", &*event.method);
    all.put_some("http.response.status_code", event.status.map(u64::from));
    all.put("url.path", &*event.path);
    all.put_some("user_agent.original", event.user_agent.as_deref());
    all.put("weir.request.id", event.request_id.to_string());
    all.put_some("weir.provider", event.provider.as_deref());
    all.put_some("weir.client.model", event.model.as_deref());
    all.put_some("weir.client", event.client.as_deref());
    all.put_some("weir.class", event.class.as_deref());
    all.put_some("weir.project.id", id(event.project_id));
    all.put_some("weir.token.id", id(event.token_id));
    all.put("weir.outcome", &*event.outcome);
    all.put("weir.attempts", u64::from(event.attempts));
    all.put("weir.cached", event.cached);
    all.put_some("weir.cost_usd", event.cost_usd);
}

/// The trace and the span above: the client's where it has one, else a trace of its own, which is
/// the request's id. A repeat has the same ids.
fn trace(event: &Event) -> (Vec<u8>, Vec<u8>) {
    let parent = header(event, "traceparent").and_then(parent);
    parent.unwrap_or_else(|| (event.request_id.as_bytes().to_vec(), Vec::new()))
}

/// The half of the request's id that is random.
fn low_half(event: &Event) -> [u8; 8] {
    let (_, low) = event.request_id.as_u64_pair();
    // All zeros would be no id.
    low.max(1).to_be_bytes()
}

/// Reads a `traceparent`: <https://www.w3.org/TR/trace-context/>.
fn parent(header: &str) -> Option<(Vec<u8>, Vec<u8>)> {
    let mut parts = header.trim().split('-');
    let version = parts
        .next()
        .filter(|version| version.len() == 2 && *version != "ff")?;
    let (trace, span) = (unhex(parts.next()?, 16)?, unhex(parts.next()?, 8)?);
    let flags = parts.next().filter(|flags| flags.len() == 2);
    let more = parts.next().is_some();
    flags.filter(|_| version != "00" || !more)?;
    Some((trace, span))
}

/// So many bytes, of which one is not zero.
fn unhex(text: &str, bytes: usize) -> Option<Vec<u8>> {
    let lower = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
    if text.len() != bytes * 2 || !text.bytes().all(lower) {
        return None;
    }
    let number = u128::from_str_radix(text, 16).ok().filter(|n| *n > 0)?;
    number.to_be_bytes().get(16 - bytes..).map(<[u8]>::to_vec)
}

fn header<'a>(event: &'a Event, name: &str) -> Option<&'a str> {
    let mut headers = event.request_headers.iter();
    headers
        .find(|(found, _)| found.eq_ignore_ascii_case(name))
        .map(|(_, value)| &**value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_whole_traceparents_are_followed() {
        let good = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
        let (trace, span) = parent(good).unwrap();
        assert_eq!(trace.len(), 16);
        assert_eq!(span, [0, 0xf0, 0x67, 0xaa, 0x0b, 0xa9, 0x02, 0xb7]);
        assert!(parent("01-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-x").is_some());
        for bad in [
            "",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-x",
            "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
            "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
            "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
            "00-+bf92f3577b34da6a3ce929d0e0e473-00f067aa0ba902b7-01",
        ] {
            assert!(parent(bad).is_none(), "{bad}");
        }
    }
}
