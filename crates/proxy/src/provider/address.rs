//! Paths: the client's own with another model in it, and paths that are made of parts.
//! Base paths are not its business.

use std::fmt::Write as _;

use http::uri::PathAndQuery;
use weir_wire::dialect::Dialect;

use super::{Asked, Unfit};

/// The client's path. For Gemini, which has the model in it, with the model to ask for.
pub(super) fn client_path(asked: &Asked<'_>) -> Result<PathAndQuery, Unfit> {
    match asked.new_model() {
        Some(model) if asked.dialect == Dialect::Gemini => with_model(asked.path, model),
        _ => Ok(asked.path.clone()),
    }
}

/// `/v1beta/models/OLD:verb?query` with another model. A path that names none stays as it is.
fn with_model(path: &PathAndQuery, model: &str) -> Result<PathAndQuery, Unfit> {
    let Some((parents, last)) = path.path().rsplit_once('/') else {
        return Ok(path.clone());
    };
    // The colon may be percent-encoded, as some HTTP libraries do.
    let verb = last
        .rfind(':')
        .or_else(|| last.rfind("%3A"))
        .or_else(|| last.rfind("%3a"))
        .and_then(|at| last.get(at..));
    let Some(verb) = verb else {
        return Ok(path.clone());
    };
    let query = path.query().map(|query| format!("?{query}"));
    parse(format!(
        "{parents}/{}{verb}{}",
        encoded(model, ""),
        query.unwrap_or_default()
    ))
}

/// Where Gemini is asked for an answer, streamed or not.
pub(crate) fn gemini_path(model: &str, stream: bool) -> Result<PathAndQuery, Unfit> {
    let verb = if stream {
        "streamGenerateContent?alt=sse"
    } else {
        "generateContent"
    };
    parse(format!("/v1beta/models/{}:{verb}", encoded(model, "")))
}

/// The path for a base address that has the version in it.
pub(super) fn without_version(path: PathAndQuery) -> Result<PathAndQuery, Unfit> {
    match path.as_str().strip_prefix("/v1/") {
        Some(rest) => parse(format!("/{rest}")),
        None => Ok(path),
    }
}

/// A path of parts that have been encoded.
pub(super) fn parse(path: String) -> Result<PathAndQuery, Unfit> {
    PathAndQuery::try_from(path).map_err(|_| Unfit::field("`model`: cannot be part of an address"))
}

/// Percent-encodes what is neither unreserved (RFC 3986) nor in `keep`.
pub(super) fn encoded(text: &str, keep: &str) -> String {
    let mut out = String::with_capacity(text.len() + 8);
    for byte in text.bytes() {
        let unreserved = byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
        if unreserved || keep.as_bytes().contains(&byte) {
            out.push(char::from(byte));
        } else {
            write!(out, "%{byte:02X}").expect("a string takes everything");
        }
    }
    out
}
