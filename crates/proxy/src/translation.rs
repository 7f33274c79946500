//! One try's translation: the request in the words of a provider that speaks another dialect, and
//! what its answers are turned into.

use bytes::Bytes;
use http::header::{ACCEPT, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, USER_AGENT};
use http::uri::PathAndQuery;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use weir_core::exchange::RawBody;
use weir_wire::dialect::{Dialect, Operation};
use weir_wire::peek::{Peek, Want};
use weir_wire::translate::fault::Fault;
use weir_wire::translate::inbound;
use weir_wire::translate::options::{AnswerOptions, Hints, Options};
use weir_wire::translate::outbound::{self, Back, Way, plain_model};
use weir_wire::translate::profile::Profile;

use crate::errand::Errand;
use crate::fleet::Member;
use crate::misses::Kept;
use crate::provider;

const ANTHROPIC_VERSION: HeaderName = HeaderName::from_static("anthropic-version");
const VERSION: HeaderValue = HeaderValue::from_static("2023-06-01");
const JSON: HeaderValue = HeaderValue::from_static("application/json");
const SSE: HeaderValue = HeaderValue::from_static("text/event-stream");

/// A request in the words of another dialect.
#[derive(Debug)]
pub(crate) struct Translated {
    /// What it asks for.
    pub operation: Operation,
    /// Where.
    pub path: PathAndQuery,
    /// Its body.
    pub body: RawBody,
    /// What was read of that.
    pub peek: Peek,
    /// What the way back needs.
    pub back: Back,
}

/// Translates the client's request for a provider that is asked for `model`.
///
/// # Errors
/// When the client's body is at fault, or asks for what the provider's dialect cannot say.
pub(crate) fn request(
    errand: &Errand<'_>,
    provider: Dialect,
    model: &str,
    (profile, streams): (&Profile, bool),
) -> Result<Translated, Fault> {
    let original = &errand.original;
    let way = Way {
        client: original.dialect,
        provider,
    };
    let hints = Hints {
        path_model: errand.ask.path_model.as_deref(),
        stream: original.operation == Operation::GenerateStream,
    };
    let wants_stream = hints.stream || errand.ask.peek.stream().unwrap_or(false);
    let options = Options {
        model,
        stream: wants_stream || streams,
        profile,
    };
    let body = original.body.to_bytes();
    let strictly = errand.fleet.routing.translate_strictly;
    let remembers = errand.fleet.routing.thinking.enabled;
    let memory = remembers.then(|| errand.fleet.memories.echoes.at(crate::clock::now));
    let sent = outbound::remembering(way, &body, &hints, &options, memory.as_ref())?;
    if let Some(note) = sent.notes.notes.first().filter(|_| strictly) {
        // The words by which Claude Code knows that a field is not for this provider.
        let message = format!("Extra inputs are not permitted: {}", note.what);
        return Err(Fault::new(note.field.clone(), message));
    }
    for note in &sent.notes.notes {
        tracing::debug!(
            field = &*note.field,
            what = note.what,
            "translated with a change"
        );
    }
    let body = RawBody {
        len: sent.body.len(),
        pieces: vec![Bytes::from(sent.body)],
    };
    Ok(Translated {
        operation: match (provider, options.stream) {
            (Dialect::Gemini, true) => Operation::GenerateStream,
            _ => Operation::Generate,
        },
        path: path(provider, model, options.stream)?,
        peek: Peek::of(provider, &body.pieces, Want::MODEL | Want::STREAM),
        body,
        back: sent.back,
    })
}

fn path(dialect: Dialect, model: &str, stream: bool) -> Result<PathAndQuery, Fault> {
    let path = match dialect {
        Dialect::AnthropicMessages => "/v1/messages",
        Dialect::OpenaiChat => "/v1/chat/completions",
        Dialect::OpenaiResponses => "/v1/responses",
        Dialect::Gemini => {
            let path = provider::gemini_path(model, stream);
            return path.map_err(|unfit| Fault::new("model", unfit.message));
        }
    };
    Ok(PathAndQuery::from_static(path))
}

/// The name that a provider of another dialect has for the client's model. `[1m]`, by which Claude
/// Code asks for a long context, is Anthropic's.
pub(crate) fn model_for<'a>(member: &'a Member, model: &'a str) -> &'a str {
    let exact = member.provider.model_mapping.contains_key(model);
    let plain = if exact { model } else { plain_model(model) };
    member.model_for(plain)
}

/// The headers of a translated request. A client's own are in its dialect's terms, but for its
/// name.
pub(crate) fn headers(
    client: &HeaderMap,
    translated: &Translated,
    (provider, profile): (Dialect, &Profile),
) -> HeaderMap {
    let mut headers = HeaderMap::with_capacity(8);
    headers.insert(CONTENT_TYPE, JSON);
    headers.insert(CONTENT_LENGTH, HeaderValue::from(translated.body.len));
    let streams = translated.operation == Operation::GenerateStream
        || translated.peek.stream().unwrap_or(false);
    headers.insert(ACCEPT, if streams { SSE } else { JSON });
    if let Some(agent) = client.get(USER_AGENT) {
        headers.insert(USER_AGENT, agent.clone());
    }
    if provider == Dialect::AnthropicMessages {
        headers.insert(ANTHROPIC_VERSION, VERSION);
    }
    for (name, value) in &profile.headers {
        if let (Ok(name), Ok(value)) = (name.parse::<HeaderName>(), value.parse()) {
            headers.insert(name, value);
        }
    }
    headers
}

/// What a client is told besides the answer itself.
pub(crate) fn answer_options<'a>(errand: &'a Errand<'_>, back: &Back) -> AnswerOptions<'a> {
    AnswerOptions {
        model: errand.ask.model().unwrap_or_default(),
        now_unix: crate::clock::now().unix_ms / 1000,
        seed: errand.seed,
        estimated_input: errand.ask.input_tokens.max(1),
        include_usage: back.include_usage,
    }
}

/// A failure in the client's words.
pub(crate) fn failure(way: Way, mut kept: Kept, said: &[u8]) -> Kept {
    let (status, body) = inbound::error(way, kept.status.as_u16(), said);
    kept.status = StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_GATEWAY);
    kept.body = Bytes::from(body);
    kept.translated = true;
    retitle(&mut kept.headers, false);
    kept
}

/// Names the exchange in a failure of our making; Anthropic's clients tell their users the id.
pub(crate) fn with_request_id(body: Bytes, id: &str) -> Bytes {
    const EMPTY: &[u8] = b"\"request_id\":null}";
    let Some(rest) = body.strip_suffix(EMPTY) else {
        return body;
    };
    let mut named = rest.to_vec();
    named.extend_from_slice(b"\"request_id\":");
    named.extend_from_slice(serde_json::Value::from(id).to_string().as_bytes());
    named.push(b'}');
    named.into()
}

/// Makes the headers of the provider's answer those of what has become of it.
pub(crate) fn retitle(headers: &mut HeaderMap, stream: bool) {
    headers.remove(CONTENT_LENGTH);
    headers.remove(CONTENT_ENCODING);
    headers.insert(CONTENT_TYPE, if stream { SSE } else { JSON });
}
