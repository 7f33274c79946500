//! Google's words for why an answer ended and for what went wrong.

use std::borrow::Cow;

use crate::translate::form::{Stop, Text};

/// Reasons that are the answer's fault or the prompt's.
const REFUSALS: [&str; 11] = [
    "SAFETY",
    "RECITATION",
    "LANGUAGE",
    "BLOCKLIST",
    "PROHIBITED_CONTENT",
    "SPII",
    "IMAGE_SAFETY",
    "IMAGE_PROHIBITED_CONTENT",
    "IMAGE_RECITATION",
    "MODEL_ARMOR",
    "JAILBREAK",
];

/// Reasons that say nothing about the answer.
const OTHERS: [&str; 6] = [
    "OTHER",
    "IMAGE_OTHER",
    "NO_IMAGE",
    "MISSING_THOUGHT_SIGNATURE",
    "TOO_MANY_TOOL_CALLS",
    "MALFORMED_RESPONSE",
];

/// What a `finishReason` means; `calls` tells whether functions were called. None while the
/// answer goes on.
pub(super) fn stop(reason: Text<'_>, calls: bool) -> Option<Stop<'_>> {
    Some(match &*reason {
        "" | "FINISH_REASON_UNSPECIFIED" | "0" => return None,
        "STOP" | "1" | "UNEXPECTED_TOOL_CALL" if calls => Stop::ToolUse,
        "STOP" | "1" => Stop::EndTurn,
        "MAX_TOKENS" | "2" => Stop::MaxTokens,
        "MALFORMED_FUNCTION_CALL" | "UNEXPECTED_TOOL_CALL" | "10" => Stop::MalformedCall,
        "3" | "4" | "6" | "7" | "8" | "9" => Stop::Refusal,
        word if REFUSALS.contains(&word) => Stop::Refusal,
        _ => Stop::Other(reason),
    })
}

/// The `finishReason` for why an answer ended.
pub(super) fn finish_reason<'a>(stop: &'a Stop<'_>) -> &'a str {
    match stop {
        Stop::EndTurn | Stop::Sequence(_) | Stop::ToolUse | Stop::Pause => "STOP",
        Stop::MaxTokens | Stop::ContextWindow => "MAX_TOKENS",
        Stop::Refusal => "SAFETY",
        Stop::MalformedCall => "MALFORMED_FUNCTION_CALL",
        Stop::Other(word) if OTHERS.contains(&&**word) => word,
        Stop::Other(_) => "OTHER",
    }
}

/// Google's codes with the HTTP status of each; the first of a status is the one for it.
const CODES: [(&str, u16); 17] = [
    ("INVALID_ARGUMENT", 400),
    ("FAILED_PRECONDITION", 400),
    ("OUT_OF_RANGE", 400),
    ("UNAUTHENTICATED", 401),
    ("PERMISSION_DENIED", 403),
    ("NOT_FOUND", 404),
    ("ABORTED", 409),
    ("ALREADY_EXISTS", 409),
    ("RESOURCE_EXHAUSTED", 429),
    ("CANCELLED", 499),
    ("INTERNAL", 500),
    ("UNKNOWN", 500),
    ("DATA_LOSS", 500),
    ("UNIMPLEMENTED", 501),
    ("UNAVAILABLE", 503),
    ("DEADLINE_EXCEEDED", 504),
    ("OK", 200),
];

/// The HTTP status of one of Google's codes.
pub(super) fn http_status(code: &str) -> Option<u16> {
    let found = CODES.iter().find(|(known, _)| *known == code);
    found.map(|(_, status)| *status)
}

/// Google's code for a failure with this HTTP status; `code` is kept if it is one of Google's.
pub(super) fn code<'a>(code: &'a str, status: u16) -> Cow<'a, str> {
    if CODES.iter().any(|(known, _)| *known == code) {
        return Cow::Borrowed(code);
    }
    let exact = CODES.iter().find(|(_, of)| *of == status);
    Cow::Borrowed(match (exact, status) {
        (Some((code, _)), _) => code,
        (None, 402) => "FAILED_PRECONDITION",
        (None, 408) => "DEADLINE_EXCEEDED",
        (None, 400..500) => "INVALID_ARGUMENT",
        (None, _) => "UNAVAILABLE",
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_with_calls_stops_for_them() {
        let cases = [
            ("STOP", false, Some(Stop::EndTurn)),
            ("STOP", true, Some(Stop::ToolUse)),
            ("MAX_TOKENS", true, Some(Stop::MaxTokens)),
            ("UNEXPECTED_TOOL_CALL", true, Some(Stop::ToolUse)),
            ("UNEXPECTED_TOOL_CALL", false, Some(Stop::MalformedCall)),
            ("MODEL_ARMOR", false, Some(Stop::Refusal)),
            ("FINISH_REASON_UNSPECIFIED", false, None),
        ];
        for (word, calls, meaning) in cases {
            assert_eq!(stop(word.into(), calls), meaning, "{word}");
        }
    }

    #[test]
    fn what_is_no_word_of_googles_becomes_one() {
        assert_eq!(finish_reason(&Stop::Other("new_reason".into())), "OTHER");
        assert_eq!(finish_reason(&Stop::Other("NO_IMAGE".into())), "NO_IMAGE");
        assert_eq!(code("overloaded_error", 529), "UNAVAILABLE");
        assert_eq!(code("rate_limit_error", 429), "RESOURCE_EXHAUSTED");
        assert_eq!(code("FAILED_PRECONDITION", 400), "FAILED_PRECONDITION");
        assert_eq!(code("", 422), "INVALID_ARGUMENT");
    }
}
