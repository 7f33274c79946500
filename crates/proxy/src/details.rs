//! What is said of single requests at level `debug`: the beginning of what a client asks, the head
//! of what it is answered, and how a connection came about. Each has a target of its own, which the
//! log's filter turns on or off; what nobody listens to costs one check. Credentials are blotted
//! out.

use std::fmt;

use http::header::{CONTENT_ENCODING, CONTENT_TYPE};
use http::{HeaderMap, HeaderName, Response};
use rustls::{HandshakeKind, ProtocolVersion};
use tracing::{Level, debug, enabled};
use weir_core::exchange::RawBody;
use weir_core::redact::{is_sensitive, mask_text};
use weir_wire::scan::{Cursor, string_value};

use crate::incomer::Incomer;
use crate::snapshot::Snapshot;

/// The target of `request details`.
pub const REQUEST: &str = "weir_proxy::details::request";
/// The target of `response details`.
pub const RESPONSE: &str = "weir_proxy::details::response";
/// The target of `tls metrics`.
pub const TLS: &str = "weir_proxy::details::tls";

/// Bytes of a name that a client sends that are said.
const MAX_NAME: usize = 200;

/// The request that response details are of; none while nobody listens.
#[derive(Debug)]
pub(crate) struct Told(Option<Box<str>>);

/// Says what came, and remembers of whom the answer is to be told.
pub(crate) fn request(snapshot: &Snapshot, incomer: &Incomer, body: &RawBody) -> Told {
    if enabled!(target: REQUEST, Level::DEBUG) {
        say_request(snapshot.max_logged_bytes, incomer, body);
    }
    let listens = enabled!(target: RESPONSE, Level::DEBUG);
    Told(listens.then(|| incomer.request_id().into()))
}

fn say_request(limit: usize, incomer: &Incomer, body: &RawBody) {
    let headers = &incomer.parts.headers;
    let content_type = text(headers, &CONTENT_TYPE);
    let content_encoding = text(headers, &CONTENT_ENCODING);
    let coded = content_encoding.as_deref().unwrap_or("identity") != "identity";
    let asked = if coded { Asked::default() } else { asked(body) };
    // What is not text cannot be searched for credentials.
    let readable = !coded && is_text(content_type.as_deref());
    let preview = readable.then(|| preview(body, limit));
    debug!(
        target: REQUEST,
        request_id = incomer.request_id(),
        content_type,
        content_encoding,
        body_length = body.len,
        model = asked.model.as_deref().or(incomer.path_model.as_deref()),
        max_tokens = asked.max_tokens,
        body_preview = preview,
        "request details"
    );
}

/// Says what is answered.
pub(crate) fn response<B>(told: Told, response: &Response<B>) {
    let Told(Some(request_id)) = told else {
        return;
    };
    let headers = response.headers();
    debug!(
        target: RESPONSE,
        request_id = &*request_id,
        status = response.status().as_u16(),
        content_type = text(headers, &CONTENT_TYPE),
        headers = %shown(headers),
        "response details"
    );
}

/// How a connection over TLS came about.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Handshake {
    /// What both sides speak.
    pub version: Option<ProtocolVersion>,
    /// Whether a session of an earlier connection was taken up again.
    pub kind: Option<HandshakeKind>,
    /// Time to look up names.
    pub lookup: std::time::Duration,
    /// Time to connect, without that; through a proxy if there is one.
    pub connect: std::time::Duration,
    /// Time for the handshake.
    pub handshake: std::time::Duration,
}

/// Says how a connection to `host` came about.
pub(crate) fn connected(host: &str, tls: Handshake) {
    debug!(
        target: TLS,
        host,
        tls_version = version_name(tls.version),
        tls_reused = tls.kind == Some(HandshakeKind::Resumed),
        dns_time = milliseconds(tls.lookup),
        connect_time = milliseconds(tls.connect),
        tls_handshake = milliseconds(tls.handshake),
        "tls metrics"
    );
}

fn version_name(version: Option<ProtocolVersion>) -> &'static str {
    match version {
        Some(ProtocolVersion::TLSv1_2) => "TLS 1.2",
        Some(ProtocolVersion::TLSv1_3) => "TLS 1.3",
        _ => "unknown",
    }
}

fn milliseconds(time: std::time::Duration) -> f64 {
    f64::from(u32::try_from(time.as_micros()).unwrap_or(u32::MAX)) / 1000.0
}

fn text(headers: &HeaderMap, name: &HeaderName) -> Option<String> {
    let value = headers.get(name)?.to_str().ok()?;
    Some(cut(value, MAX_NAME).to_owned())
}

fn is_text(content_type: Option<&str>) -> bool {
    let Some(content_type) = content_type else {
        return true;
    };
    let content_type = content_type.to_ascii_lowercase();
    content_type.starts_with("text/")
        || ["json", "x-www-form-urlencoded", "xml"]
            .iter()
            .any(|part| content_type.contains(part))
}

/// What a body asks for, as far as it can be read.
#[derive(Debug, Default)]
struct Asked {
    model: Option<String>,
    max_tokens: Option<u64>,
}

fn asked(body: &RawBody) -> Asked {
    let mut asked = Asked::default();
    let body = body.to_bytes();
    Cursor::new(&body).object(|name, value| match &*name.decode() {
        "model" => {
            let model = string_value(value.value());
            asked.model = model.map(|model| cut(&model, MAX_NAME).to_owned());
        }
        "max_tokens" | "max_completion_tokens" | "max_output_tokens" => {
            asked.max_tokens = number(value.value());
        }
        "generationConfig" => {
            value.object(|name, value| match &*name.decode() {
                "maxOutputTokens" => asked.max_tokens = number(value.value()),
                _ => value.skip(),
            });
        }
        _ => value.skip(),
    });
    asked
}

fn number(value: &[u8]) -> Option<u64> {
    std::str::from_utf8(value).ok()?.parse().ok()
}

/// The beginning of a body, at most `limit` bytes, credentials blotted out.
fn preview(body: &RawBody, limit: usize) -> String {
    let mut start = Vec::with_capacity(limit.min(body.len));
    for piece in &body.pieces {
        let room = limit - start.len();
        start.extend(piece.iter().take(room));
        if start.len() == limit {
            break;
        }
    }
    // What the cut has left of a character goes; what never was one is replaced.
    if let Err(error) = std::str::from_utf8(&start)
        && error.error_len().is_none()
    {
        start.truncate(error.valid_up_to());
    }
    let masked = mask_text(&String::from_utf8_lossy(&start));
    cut(&masked, limit).to_owned()
}

/// At most `limit` bytes, cut between characters.
/// What a client sent, as a value on a line of text: it cannot begin a line or a value of its own,
/// or fill the log. A text with blanks is in quotes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct OnLine<'a>(pub(crate) &'a str);

impl fmt::Display for OnLine<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kept = self
            .0
            .char_indices()
            .nth(MAX_NAME)
            .map_or(self.0, |(end, _)| self.0.get(..end).unwrap_or_default());
        let quote = if kept.contains(char::is_whitespace) {
            "\""
        } else {
            ""
        };
        let more = if kept.len() < self.0.len() { "…" } else { "" };
        write!(f, "{quote}{}{more}{quote}", kept.escape_debug())
    }
}

fn cut(text: &str, limit: usize) -> &str {
    text.get(..text.floor_char_boundary(limit))
        .unwrap_or_default()
}

/// The headers that are said, as a JSON object: ids, limits and what decides on retries.
fn shown(headers: &HeaderMap) -> serde_json::Value {
    let shown = headers.iter().filter(|(name, _)| is_shown(name));
    let pairs = shown.map(|(name, value)| {
        let value = String::from_utf8_lossy(value.as_bytes());
        (name.as_str().to_owned(), mask_text(&value).into())
    });
    serde_json::Value::Object(pairs.collect())
}

fn is_shown(name: &HeaderName) -> bool {
    const WHOLE: [&str; 18] = [
        "cache-control",
        "cf-ray",
        "content-encoding",
        "content-length",
        "date",
        "openai-model",
        "openai-processing-ms",
        "openai-version",
        "request-id",
        "retry-after",
        "retry-after-ms",
        "server",
        "transfer-encoding",
        "via",
        "x-amzn-requestid",
        "x-oai-request-id",
        "x-request-id",
        "x-should-retry",
    ];
    const STARTS: [&str; 6] = [
        "anthropic-ratelimit-",
        "x-anthropic-",
        "x-cc-relay-",
        "x-codex-",
        "x-ratelimit-",
        "x-weir-",
    ];
    let text = name.as_str();
    !is_sensitive(name)
        && (WHOLE.contains(&text) || STARTS.iter().any(|start| text.starts_with(start)))
}

#[cfg(test)]
mod tests;
