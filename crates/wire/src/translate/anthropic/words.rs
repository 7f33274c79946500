//! Anthropic's words for why an answer ended, for failures and for effort.

use std::borrow::Cow;

use crate::translate::form::{Effort, Stop, Text};
use crate::translate::profile::fitting_output;
use crate::translate::signal::Failure;

/// What an answer has in it, as far as why it ended depends on that.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Said {
    /// Calls of the client's tools.
    pub(super) calls: usize,
    /// Whether some of it is a refusal.
    pub(super) refused: bool,
}

/// `stop_reason` and `stop_sequence`. A reason that contradicts what was said is put right: who
/// runs tools goes by it.
pub(super) fn stop_reason<'a>(stop: &'a Stop<'_>, said: Said) -> (&'static str, Option<&'a str>) {
    let natural = match (said.calls, said.refused) {
        (1.., _) => "tool_use",
        (0, true) => "refusal",
        (0, false) => "end_turn",
    };
    match stop {
        Stop::EndTurn | Stop::ToolUse | Stop::MalformedCall => (natural, None),
        // Who does not tell which sequence it was says only that the answer is complete.
        Stop::Sequence(None) => (natural, None),
        Stop::Sequence(Some(sequence)) => ("stop_sequence", Some(sequence)),
        Stop::MaxTokens => ("max_tokens", None),
        Stop::Refusal => ("refusal", None),
        Stop::Pause => ("pause_turn", None),
        Stop::ContextWindow => ("model_context_window_exceeded", None),
        Stop::Other(word) if word == "compaction" => ("compaction", None),
        Stop::Other(_) => (natural, None),
    }
}

/// Why an answer ended.
pub(super) fn read_stop<'a>(reason: Text<'a>, sequence: Option<Text<'a>>) -> Stop<'a> {
    match reason.as_ref() {
        "end_turn" => Stop::EndTurn,
        "max_tokens" => Stop::MaxTokens,
        "stop_sequence" => Stop::Sequence(sequence),
        "tool_use" => Stop::ToolUse,
        "pause_turn" => Stop::Pause,
        "refusal" => Stop::Refusal,
        "model_context_window_exceeded" => Stop::ContextWindow,
        _ => Stop::Other(reason),
    }
}

/// Most bytes of another provider's id that are kept.
const MAX_ID: usize = 64;

/// The id of a message, made of the provider's or, where that is empty, of `seed`.
pub(super) fn message_id<'a>(id: &'a str, seed: u64) -> Cow<'a, str> {
    if id.starts_with("msg_") {
        return Cow::Borrowed(id);
    }
    let kept = |c: &char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
    let kept: String = id.chars().filter(kept).take(MAX_ID).collect();
    Cow::Owned(match kept.is_empty() {
        true => format!("msg_{seed:016x}"),
        false => format!("msg_{kept}"),
    })
}

/// The model that an answer names: the one that was asked for, else the provider's.
pub(super) fn model<'a>(asked: &'a str, given: &'a str) -> &'a str {
    match (asked, given) {
        ("", "") => "unknown",
        ("", given) => given,
        (asked, _) => asked,
    }
}

/// The name of a tool, which is never empty.
pub(super) fn tool_name(name: &str) -> &str {
    if name.is_empty() { "unknown" } else { name }
}

/// The types of errors and the statuses that they stand for.
const ERRORS: [(&str, u16); 10] = [
    ("invalid_request_error", 400),
    ("authentication_error", 401),
    ("billing_error", 402),
    ("permission_error", 403),
    ("not_found_error", 404),
    ("request_too_large", 413),
    ("rate_limit_error", 429),
    ("api_error", 500),
    ("timeout_error", 504),
    ("overloaded_error", 529),
];

/// The type of an error that stands for `status`.
pub(super) fn error_type(status: u16) -> &'static str {
    if let Some((kind, _)) = ERRORS.iter().find(|(_, known)| *known == status) {
        return kind;
    }
    match status {
        408 => "timeout_error",
        409 => "conflict_error",
        400..=499 => "invalid_request_error",
        503 => "overloaded_error",
        _ => "api_error",
    }
}

/// The status that an error of this type stands for.
pub(super) fn error_status(kind: &str) -> u16 {
    let known = ERRORS.iter().find(|(known, _)| *known == kind);
    known.map_or(500, |(_, status)| *status)
}

/// What is said of a prompt that does not fit. Claude Code shortens the conversation when it reads
/// this, and by no other sign.
pub(super) const TOO_LONG: &str = "prompt is too long";

/// Whether the provider says that the prompt does not fit its context.
pub(super) fn overflows(failure: &Failure<'_>) -> bool {
    const CODES: [&str; 3] = [
        "context_length_exceeded",
        "context_window_exceeded",
        "exceed_context_size_error",
    ];
    const WORDS: [&str; 8] = [
        TOO_LONG,
        "maximum context length",
        "maximum prompt length",
        "exceeds the context window",
        "context window of this model",
        "context length exceeded",
        "exceeds the available context size",
        "exceeds the maximum number of tokens",
    ];
    // A server at fault may speak of its own limits; only a refusal is about the prompt.
    let said = failure.message.to_ascii_lowercase();
    if fitting_output(&said).is_some() {
        return false;
    }
    if CODES.contains(&&*failure.code) {
        return true;
    }
    failure.status < 500 && WORDS.iter().any(|words| said.contains(words))
}

/// Effort by its name.
pub(super) fn read_effort(name: &str) -> Option<Effort> {
    Some(match name {
        "minimal" => Effort::Minimal,
        "low" => Effort::Low,
        "medium" => Effort::Medium,
        "high" => Effort::High,
        "xhigh" => Effort::ExtraHigh,
        "max" => Effort::Max,
        _ => return None,
    })
}
