//! Chat's words for why an answer ended.

use std::borrow::Cow;

use crate::translate::form::{Stop, Text};

/// What an answer has in it, as far as why it ended depends on that.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Had {
    pub calls: bool,
    pub refusal: bool,
}

/// `finish_reason`. Who runs tools goes by it, so calls count for more than what was said.
pub(super) fn finish_reason(stop: &Stop<'_>, had: Had) -> &'static str {
    match stop {
        Stop::MaxTokens | Stop::ContextWindow => "length",
        Stop::Refusal if !had.refusal => "content_filter",
        Stop::EndTurn
        | Stop::Sequence(_)
        | Stop::ToolUse
        | Stop::Refusal
        | Stop::Pause
        | Stop::MalformedCall
        | Stop::Other(_) => {
            if had.calls {
                "tool_calls"
            } else {
                "stop"
            }
        }
    }
}

/// Why an answer ended; `matched` is the text that did it, where the server tells.
pub(super) fn read_stop(reason: &str, matched: Option<String>, had: Had) -> Stop<'static> {
    let natural = match had {
        Had { calls: true, .. } => Stop::ToolUse,
        Had { refusal: true, .. } => Stop::Refusal,
        Had { .. } => Stop::EndTurn,
    };
    match reason {
        "stop" if natural == Stop::EndTurn && matched.as_deref().is_some_and(is_text) => {
            Stop::Sequence(matched.map(Cow::Owned))
        }
        "" | "stop" | "eos" | "eos_token" | "end_turn" | "STOP" | "COMPLETE" | "complete" => {
            natural
        }
        "tool_calls" | "function_call" | "tool_use" => match natural {
            Stop::EndTurn => Stop::ToolUse,
            natural => natural,
        },
        "length" | "max_tokens" | "model_length" | "MAX_TOKENS" => Stop::MaxTokens,
        "content_filter" | "safety" | "refusal" | "SAFETY" => Stop::Refusal,
        "stop_sequence" => Stop::Sequence(matched.map(Cow::Owned)),
        "model_context_window_exceeded" => Stop::ContextWindow,
        "pause_turn" => Stop::Pause,
        other => Stop::Other(Text::Owned(other.to_owned())),
    }
}

/// Whether a reason to stop says that the server gave up: no answer is made of what came before.
pub(super) fn fails(reason: &str) -> bool {
    // DeepSeek's, SGLang's, OpenRouter's.
    ["insufficient_system_resource", "abort", "error"].contains(&reason)
}

/// Whether what a server calls the cause is the text that ended the answer, and no word for it.
fn is_text(matched: &str) -> bool {
    const WORDS: [&str; 9] = [
        "",
        "stop",
        "eos",
        "eos_token",
        "end_turn",
        "tool_use",
        "tool_calls",
        "max_tokens",
        "length",
    ];
    !WORDS.contains(&matched)
}
