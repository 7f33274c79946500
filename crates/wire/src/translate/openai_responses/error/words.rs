//! OpenAI's words for failures.

use std::borrow::Cow;

use crate::translate::signal::Failure;

/// Codes and the statuses that they stand for, where a stream names no status.
const CODES: [(&str, u16); 18] = [
    ("rate_limit_exceeded", 429),
    ("rate_limit_error", 429),
    ("insufficient_quota", 429),
    ("usage_limit_reached", 429),
    ("usage_not_included", 403),
    ("server_is_overloaded", 503),
    ("slow_down", 503),
    ("overloaded_error", 503),
    ("context_length_exceeded", 400),
    ("invalid_prompt", 400),
    ("invalid_request_error", 400),
    ("cyber_policy", 400),
    ("bio_policy", 400),
    ("invalid_api_key", 401),
    ("authentication_error", 401),
    ("permission_denied", 403),
    ("model_not_found", 404),
    ("vector_store_timeout", 504),
];

/// Codes that the client knows although they are not among those that its stream's errors have.
const KNOWN: [&str; 7] = [
    "context_length_exceeded",
    "insufficient_quota",
    "usage_not_included",
    "usage_limit_reached",
    "server_is_overloaded",
    "slow_down",
    "cyber_policy",
];

/// Codes of errors in a stream by OpenAI's own description.
const IN_STREAM: [&str; 21] = [
    "server_error",
    "rate_limit_exceeded",
    "invalid_prompt",
    "data_residency_mismatch",
    "bio_policy",
    "misalignment_policy_violation",
    "vector_store_timeout",
    "invalid_image",
    "invalid_image_format",
    "invalid_base64_image",
    "invalid_image_url",
    "image_too_large",
    "image_too_small",
    "image_parse_error",
    "image_content_policy_violation",
    "invalid_image_mode",
    "image_file_too_large",
    "unsupported_image_media_type",
    "empty_image_file",
    "failed_to_download_image",
    "image_file_not_found",
];

/// Anthropic's words, which say no more than the status.
const ANTHROPIC: [&str; 11] = [
    "invalid_request_error",
    "authentication_error",
    "billing_error",
    "permission_error",
    "not_found_error",
    "request_too_large",
    "rate_limit_error",
    "api_error",
    "timeout_error",
    "overloaded_error",
    "conflict_error",
];

/// The status that a code stands for.
pub(super) fn status(code: &str) -> u16 {
    if let Some((_, status)) = CODES.iter().find(|(known, _)| *known == code) {
        return *status;
    }
    match code {
        _ if code.starts_with("image_") || code.contains("_image") => 400,
        _ if code.starts_with("invalid_") || code.starts_with("unsupported_") => 400,
        _ => 500,
    }
}

/// The status that a client of OpenAI is told: it knows none for overload but the standard's.
pub(super) fn told_status(status: u16) -> u16 {
    match status {
        529 => 503,
        400..=599 => status,
        _ => 500,
    }
}

/// OpenAI's code for a status.
pub(super) fn of_openai(status: u16) -> &'static str {
    match status {
        401 => "invalid_api_key",
        402 => "insufficient_quota",
        403 => "permission_denied",
        404 => "not_found",
        413 => "request_too_large",
        429 => "rate_limit_exceeded",
        400..=499 => "invalid_request_error",
        503 | 529 => "server_is_overloaded",
        _ => "server_error",
    }
}

/// The code by which a client is told of `failure`.
pub(super) fn code<'a>(failure: &'a Failure<'_>) -> Cow<'a, str> {
    if is_too_long(failure) {
        return Cow::Borrowed("context_length_exceeded");
    }
    let code = failure.code.as_ref();
    // Google's words are in capitals.
    let foreign = code.is_empty()
        || ANTHROPIC.contains(&code)
        || code.bytes().any(|byte| byte.is_ascii_uppercase());
    match foreign {
        true => Cow::Borrowed(of_openai(failure.status)),
        false => Cow::Borrowed(code),
    }
}

/// The code of an error in a stream: of those that the client knows.
pub(in super::super) fn stream_code<'a>(failure: &'a Failure<'_>) -> Cow<'a, str> {
    if is_too_long(failure) {
        return Cow::Borrowed("context_length_exceeded");
    }
    let code = failure.code.as_ref();
    if KNOWN.contains(&code) || IN_STREAM.contains(&code) {
        return Cow::Borrowed(code);
    }
    Cow::Borrowed(match failure.status {
        429 => "rate_limit_exceeded",
        402 => "insufficient_quota",
        400..=499 => "invalid_prompt",
        _ => "server_error",
    })
}

/// `error.type`: coarser than the code.
pub(super) fn kind(status: u16, code: &str) -> &'static str {
    match (status, code) {
        (_, "insufficient_quota") => "insufficient_quota",
        (_, "usage_limit_reached") => "usage_limit_reached",
        (_, "usage_not_included") => "usage_not_included",
        (429, _) => "rate_limit_error",
        (500.., _) => "server_error",
        _ => "invalid_request_error",
    }
}

/// Whether the prompt is longer than the model's context: Codex shortens it by the code.
fn is_too_long(failure: &Failure<'_>) -> bool {
    if failure.code == "context_length_exceeded" {
        return true;
    }
    if failure.status >= 500 || failure.status == 429 {
        return false;
    }
    let said = failure.message.to_ascii_lowercase();
    [
        "prompt is too long",
        "maximum context length",
        "context window",
        "exceeds the maximum number of tokens",
        "input token count",
    ]
    .iter()
    .any(|words| said.contains(words))
}

/// Words for when there are none.
pub(super) fn of_status(status: u16) -> &'static str {
    match status {
        400 | 422 => "the provider refused the request as invalid",
        401 => "the provider refused the credential",
        402 => "the provider's account cannot pay for the request",
        403 => "the provider does not permit the request",
        404 => "the provider does not know the model or the path",
        408 | 504 => "the provider did not answer in time",
        413 => "the request is too large for the provider",
        429 => "the provider's rate limit is reached",
        503 | 529 => "the provider is overloaded",
        _ => "the provider failed",
    }
}
