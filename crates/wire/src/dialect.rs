//! Which API a request speaks, told from its method, path, query and headers alone.
//!
//! It reads no body and decides nothing about providers; a path it does not know under `/v1/`
//! still gets a dialect, because unknown paths pass through.

use http::{HeaderMap, Method, header};

/// A wire format that a client speaks or a provider serves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Dialect {
    /// Anthropic Messages and the rest of Anthropic's `/v1/` API.
    AnthropicMessages,
    /// OpenAI Chat Completions and the rest of OpenAI's `/v1/` API.
    OpenaiChat,
    /// OpenAI Responses.
    OpenaiResponses,
    /// Google's Generative Language API.
    Gemini,
}

impl Dialect {
    /// The name used in captures, metrics and settings.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::AnthropicMessages => "anthropic_messages",
            Self::OpenaiChat => "openai_chat",
            Self::OpenaiResponses => "openai_responses",
            Self::Gemini => "gemini",
        }
    }
}

/// What a request asks for, as far as weir treats operations differently.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Operation {
    /// One model turn: Messages, Chat Completions, Responses, `generateContent`.
    Generate,
    /// A model turn that the path itself says is streamed (`:streamGenerateContent`).
    GenerateStream,
    /// Token counting, answered by the provider.
    CountTokens,
    /// Embeddings.
    Embeddings,
    /// The list of models.
    Models,
    /// Anything else: files, batches, paths that do not exist yet.
    Other,
}

impl Operation {
    /// The name used in captures and metrics.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Generate | Self::GenerateStream => "generate",
            Self::CountTokens => "count_tokens",
            Self::Embeddings => "embeddings",
            Self::Models => "models",
            Self::Other => "other",
        }
    }

    /// Whether a model speaks in the answer.
    #[must_use]
    pub fn generates(self) -> bool {
        matches!(self, Self::Generate | Self::GenerateStream)
    }
}

/// What a request's head says about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Recognised<'a> {
    /// The API it speaks.
    pub dialect: Dialect,
    /// What it asks for.
    pub operation: Operation,
    /// The model as spelled in the path, still percent-encoded; only Gemini names it there.
    pub path_model: Option<&'a str>,
}

impl Recognised<'_> {
    /// A request whose path is of no known API, for who is sent it all the same.
    #[must_use]
    pub fn other(dialect: Dialect) -> Self {
        Self::of(dialect, Operation::Other)
    }

    fn of(dialect: Dialect, operation: Operation) -> Self {
        Self {
            dialect,
            operation,
            path_model: None,
        }
    }
}

/// Tells what a request speaks and asks for, or `None` when its path is not one of an LLM API.
///
/// `path` is the request's path without the query, `query` the part behind the question mark.
/// The answer is a guess only for paths that several APIs share (`/v1/models`, `/v1/files`,
/// `/v1/batches` and unknown ones); there the credential's header decides.
///
/// ```
/// use weir_wire::dialect::{Dialect, recognise};
/// let found = recognise(
///     &http::Method::POST,
///     "/v1beta/models/gemini-3-pro:streamGenerateContent",
///     Some("alt=sse"),
///     &http::HeaderMap::new(),
/// );
/// let found = found.expect("a Gemini path");
/// assert_eq!((found.dialect, found.path_model), (Dialect::Gemini, Some("gemini-3-pro")));
/// ```
#[must_use]
pub fn recognise<'a>(
    method: &Method,
    path: &'a str,
    query: Option<&str>,
    headers: &HeaderMap,
) -> Option<Recognised<'a>> {
    let (version, rest) = path.strip_prefix('/')?.split_once('/')?;
    if let Some(found) = gemini_call(method, rest) {
        return Some(found);
    }
    if version == "v1" {
        return Some(under_v1(method, rest, query, headers));
    }
    is_preview_version(version).then(|| under_preview(method, rest))
}

/// `v1beta`, `v1alpha`, `v1beta2`: Google's, no other API versions its paths like this.
fn is_preview_version(version: &str) -> bool {
    let Some(rest) = version.strip_prefix('v') else {
        return false;
    };
    let stage = rest.trim_start_matches(|c: char| c.is_ascii_digit());
    stage.len() < rest.len() && (stage.starts_with("alpha") || stage.starts_with("beta"))
}

fn under_preview<'a>(method: &Method, rest: &str) -> Recognised<'a> {
    let list = rest.trim_end_matches('/') == "models" && is_read(method);
    let operation = if list {
        Operation::Models
    } else {
        Operation::Other
    };
    Recognised::of(Dialect::Gemini, operation)
}

fn is_read(method: &Method) -> bool {
    matches!(*method, Method::GET | Method::HEAD)
}

/// `.../models/{model}:method` below any version, and the same for tuned models.
fn gemini_call<'a>(method: &Method, rest: &'a str) -> Option<Recognised<'a>> {
    let (parents, last) = rest.rsplit_once('/')?;
    let collection = parents.rsplit('/').next()?;
    if !matches!(collection, "models" | "tunedModels") {
        return None;
    }
    let (model, verb) = split_verb(last)?;
    let operation = match verb {
        "generateContent" => Operation::Generate,
        "streamGenerateContent" => Operation::GenerateStream,
        "countTokens" => Operation::CountTokens,
        "embedContent" | "batchEmbedContents" => Operation::Embeddings,
        // OpenAI's fine-tuned models have colons in their names, but nothing is ever posted to
        // one; Google only ever posts to a verb.
        _ if *method == Method::POST && is_camel_case(verb) => Operation::Other,
        _ => return None,
    };
    Some(Recognised {
        dialect: Dialect::Gemini,
        operation,
        path_model: Some(model),
    })
}

/// Splits `model:verb`; the colon may be percent-encoded, as some HTTP libraries do.
fn split_verb(segment: &str) -> Option<(&str, &str)> {
    segment
        .rsplit_once(':')
        .or_else(|| segment.rsplit_once("%3A"))
        .or_else(|| segment.rsplit_once("%3a"))
        .filter(|(model, _)| !model.is_empty())
}

fn is_camel_case(verb: &str) -> bool {
    verb.starts_with(|c: char| c.is_ascii_lowercase())
        && verb.bytes().all(|b| b.is_ascii_alphabetic())
}

fn under_v1<'a>(
    method: &Method,
    rest: &str,
    query: Option<&str>,
    headers: &HeaderMap,
) -> Recognised<'a> {
    let (first, tail) = rest.split_once('/').unwrap_or((rest, ""));
    match first {
        "messages" | "complete" | "organizations" | "skills" => Recognised::of(
            Dialect::AnthropicMessages,
            anthropic_operation(method, first, tail),
        ),
        "responses" => Recognised::of(Dialect::OpenaiResponses, responses_operation(method, tail)),
        "chat" | "completions" | "embeddings" | "edits" | "images" | "audio" | "moderations"
        | "fine_tuning" | "fine-tunes" | "assistants" | "threads" | "vector_stores" | "uploads"
        | "conversations" | "containers" | "evals" | "videos" | "realtime" | "chatkit"
        | "organization" | "traces" => {
            Recognised::of(Dialect::OpenaiChat, openai_operation(method, first, tail))
        }
        _ => {
            let list = first == "models" && tail.is_empty() && is_read(method);
            let operation = if list {
                Operation::Models
            } else {
                Operation::Other
            };
            Recognised::of(by_credential(query, headers), operation)
        }
    }
}

fn anthropic_operation(method: &Method, first: &str, tail: &str) -> Operation {
    match (first, tail) {
        _ if *method != Method::POST => Operation::Other,
        ("messages" | "complete", "") => Operation::Generate,
        ("messages", "count_tokens") => Operation::CountTokens,
        _ => Operation::Other,
    }
}

fn openai_operation(method: &Method, first: &str, tail: &str) -> Operation {
    match (first, tail) {
        _ if *method != Method::POST => Operation::Other,
        ("chat", "completions") | ("completions", "") => Operation::Generate,
        ("embeddings", "") => Operation::Embeddings,
        _ => Operation::Other,
    }
}

fn responses_operation(method: &Method, tail: &str) -> Operation {
    match tail {
        _ if *method != Method::POST => Operation::Other,
        "" => Operation::Generate,
        "input_tokens" => Operation::CountTokens,
        _ => Operation::Other,
    }
}

/// The owner of a path that several APIs have, told from the kind of credential it brings.
fn by_credential(query: Option<&str>, headers: &HeaderMap) -> Dialect {
    if headers.contains_key("anthropic-version") || headers.contains_key("x-api-key") {
        Dialect::AnthropicMessages
    } else if headers.contains_key("x-goog-api-key") || has_key_parameter(query) {
        Dialect::Gemini
    } else if has_foreign_bearer(headers) {
        Dialect::OpenaiChat
    } else {
        Dialect::AnthropicMessages
    }
}

fn has_key_parameter(query: Option<&str>) -> bool {
    query.is_some_and(|query| query.split('&').any(|pair| pair.starts_with("key=")))
}

/// Whether there is a bearer token that is not Anthropic's by its prefix.
fn has_foreign_bearer(headers: &HeaderMap) -> bool {
    let Some(value) = headers.get(header::AUTHORIZATION) else {
        return false;
    };
    let Some((scheme, token)) = value.as_bytes().split_at_checked(7) else {
        return false;
    };
    scheme.eq_ignore_ascii_case(b"bearer ") && !token.trim_ascii_start().starts_with(b"sk-ant-")
}

#[cfg(test)]
mod tests;
