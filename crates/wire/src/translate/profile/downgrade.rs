//! What a provider's refusal teaches of it: the same profile with one ability fewer.

use serde_json::Value;

use super::{
    CallIds, Efforts, MaxTokens, Profile, ReasoningEcho, ReasoningRequest, SchemaRule, SystemRole,
    ToolChoiceSupport, UserMember,
};

/// Most bytes of a refusal that are looked at.
const LIMIT: usize = 16 * 1024;

/// Reads a provider's refusal of a request that `profile` allowed. When it names a member or a
/// value that the provider does not take, gives the profile without it: the request, written anew,
/// may be sent once more, and the profile kept for later ones. None where nothing is to be learnt.
#[must_use]
pub fn downgrade(profile: &Profile, status: u16, body: &[u8]) -> Option<Profile> {
    if !matches!(status, 400 | 404 | 422 | 501) {
        return None;
    }
    let body = body.get(..LIMIT).unwrap_or(body);
    let text = said(&String::from_utf8_lossy(body));
    let mut next = profile.clone();
    if demand(&mut next, &text) {
        return (next != *profile).then_some(next);
    }
    if !REFUSALS.iter().any(|word| text.contains(word)) {
        return None;
    }
    let named = RULES
        .iter()
        .filter_map(|rule| Some((rule.find(&text)?, rule)));
    let mut named: Vec<_> = named.collect();
    named.sort_by_key(|(at, _)| *at);
    named.into_iter().find_map(|(_, rule)| {
        let mut next = profile.clone();
        (rule.apply)(&mut next, &text);
        (next != *profile).then_some(next)
    })
}

/// What the refusal says, in small letters, every quote one sign: the member and the code that it
/// names, in quotes, then its message. Whatever else is in the body says nothing of the provider.
fn said(body: &str) -> String {
    let value: Option<Value> = serde_json::from_str(body).ok();
    let mut out = String::new();
    match &value {
        Some(value) => {
            gather(
                value,
                &["param", "loc", "code", "type", "status"],
                true,
                0,
                &mut out,
            );
            gather(
                value,
                &["error", "message", "msg", "detail", "raw"],
                false,
                0,
                &mut out,
            );
        }
        None => out.push_str(body),
    }
    let all = out.to_lowercase().replace("\\\"", "'");
    all.replace(['"', '`'], "'")
}

/// Most levels of a refusal that are looked into.
const DEPTH: usize = 8;

/// Adds the texts that stand behind one of `keys`, wherever they are.
fn gather(value: &Value, keys: &[&str], quoted: bool, depth: usize, out: &mut String) {
    let text = |text: &str, out: &mut String| {
        let quote = if quoted { "'" } else { "" };
        out.extend([quote, text, quote, " "]);
    };
    match value {
        Value::Object(members) if depth < DEPTH => {
            for (key, value) in members {
                match value {
                    Value::String(value) if keys.contains(&key.as_str()) => text(value, out),
                    Value::Array(list) if keys.contains(&key.as_str()) => {
                        list.iter()
                            .filter_map(Value::as_str)
                            .for_each(|value| text(value, out));
                        gather(value, keys, quoted, depth + 1, out);
                    }
                    _ => gather(value, keys, quoted, depth + 1, out),
                }
            }
        }
        Value::Array(list) if depth < DEPTH => {
            for value in list {
                gather(value, keys, quoted, depth + 1, out);
            }
        }
        _ => {}
    }
}

/// Words that refuse a member, not what the client put into it.
const REFUSALS: [&str; 20] = [
    "unsupported",
    "not support",
    "n't support",
    "unknown",
    "unrecognized",
    "unrecognised",
    "unexpected",
    "extra inputs",
    "extra fields",
    "extra_forbidden",
    "not permitted",
    "not allowed",
    "not available",
    "not implemented",
    "not enabled",
    "additional properties",
    "no endpoints found that support",
    "invalid parameter",
    "invalid argument",
    "only the default",
];

struct Rule {
    /// What members it is about.
    words: &'static [&'static str],
    /// Whether they are too common to count outside quotes.
    quoted: bool,
    apply: fn(&mut Profile, &str),
}

impl Rule {
    /// Where the refusal names one of the members first.
    fn find(&self, text: &str) -> Option<usize> {
        let places = self.words.iter().filter_map(|word| match self.quoted {
            true => in_quotes(text, word),
            false => whole_word(text, word),
        });
        places.min()
    }
}

/// Where the word stands in quotes and is not the name of a tool.
fn in_quotes(text: &str, word: &str) -> Option<usize> {
    let quoted = format!("'{word}'");
    let mut places = text.match_indices(&quoted).map(|(at, _)| at);
    places.find(|at| {
        let before = text.get(..*at).unwrap_or_default().trim_end();
        !["tool", "function", "named"]
            .iter()
            .any(|kind| before.ends_with(kind))
    })
}

/// Pictures of another size, number or format may be taken.
fn no_images(profile: &mut Profile, text: &str) {
    const THESE: [&str; 7] = [
        "smaller", "larger", "too many", "size", "exceed", "format", "at most",
    ];
    if !THESE.iter().any(|word| text.contains(word)) {
        profile.vision = false;
    }
}

fn whole_word(text: &str, word: &str) -> Option<usize> {
    let part = |c: char| c.is_alphanumeric() || c == '_';
    text.match_indices(word).map(|(at, _)| at).find(|at| {
        let before = text.get(..*at).unwrap_or_default();
        let after = text.get(at + word.len()..).unwrap_or_default();
        !before.ends_with(part) && !after.starts_with(part)
    })
}

macro_rules! rule {
    ($quoted:literal, [$($word:literal),*], $apply:expr) => {
        Rule { words: &[$($word),*], quoted: $quoted, apply: $apply }
    };
}

const RULES: [Rule; 23] = [
    rule!(false, ["max_tokens", "max_completion_tokens"], other_bound),
    rule!(false, ["stream_options", "include_usage"], |p, _| p
        .stream_options =
        false),
    rule!(false, ["temperature", "top_p"], |p, _| p.sampling.basic =
        false),
    rule!(false, ["top_k"], |p, _| p.sampling.top_k = false),
    rule!(true, ["seed"], |p, _| p.sampling.seed = false),
    rule!(
        false,
        [
            "frequency_penalty",
            "presence_penalty",
            "frequencypenalty",
            "presencepenalty"
        ],
        |p, _| {
            p.sampling.penalties = false;
        }
    ),
    rule!(true, ["stop"], |p, _| p.max_stops = 0),
    rule!(false, ["parallel_tool_calls"], |p, _| p.parallel_tools =
        false),
    rule!(false, ["tool_choice"], |p, _| p.tool_choice =
        fewer_choices(p.tool_choice)),
    rule!(false, ["reasoning_effort", "reasoning.effort"], less_effort),
    rule!(true, ["reasoning", "thinking"], |p, _| p.reasoning =
        ReasoningRequest::None),
    rule!(false, ["enable_thinking", "thinking_budget"], |p, _| p
        .reasoning =
        ReasoningRequest::None),
    rule!(false, ["reasoning_content", "reasoning_details"], |p, _| {
        (p.echo, p.echo_required) = (ReasoningEcho::None, false);
    }),
    rule!(
        false,
        ["json_schema", "response_format", "response_schema"],
        |p, _| match p.json_schema {
            true => p.json_schema = false,
            false => p.response_format = false,
        }
    ),
    rule!(
        true,
        ["user", "safety_identifier"],
        |p, _| p.user = match p.user {
            UserMember::SafetyIdentifier => UserMember::User,
            UserMember::User | UserMember::None => UserMember::None,
        }
    ),
    rule!(false, ["prompt_cache_key"], |p, _| p.cache_key = false),
    rule!(false, ["service_tier"], |p, _| p.service_tier = false),
    rule!(false, ["cache_control"], |p, _| p.cache_control = false),
    rule!(
        false,
        ["developer"],
        |p, _| if p.system_role == SystemRole::Developer {
            p.system_role = SystemRole::System;
        }
    ),
    rule!(false, ["image_url", "image input", "images"], no_images),
    rule!(false, ["input_audio"], |p, _| p.audio = false),
    rule!(true, ["file"], |p, _| p.pdf = false),
    rule!(true, ["custom"], |p, _| p.custom_tools = false),
];

/// The one that is named first is refused; what is named behind it is advice.
fn other_bound(profile: &mut Profile, text: &str) {
    let old = whole_word(text, "max_tokens");
    let new = whole_word(text, "max_completion_tokens");
    let new_first = new.is_some_and(|new| old.is_none_or(|old| new < old));
    profile.max_tokens = match new_first {
        true => MaxTokens::Old,
        false => MaxTokens::Completion,
    };
}

fn fewer_choices(support: ToolChoiceSupport) -> ToolChoiceSupport {
    match support {
        ToolChoiceSupport::All => ToolChoiceSupport::Words,
        ToolChoiceSupport::Words => ToolChoiceSupport::AutoOnly,
        ToolChoiceSupport::AutoOnly | ToolChoiceSupport::None => ToolChoiceSupport::None,
    }
}

/// Leaves out the word that was refused, or the member when it is none of those that not all know.
fn less_effort(profile: &mut Profile, text: &str) {
    let ReasoningRequest::Effort(known) = profile.reasoning else {
        profile.reasoning = ReasoningRequest::None;
        return;
    };
    // The first word in quotes is the one refused; those behind it are the ones that are known.
    let words = ["none", "minimal", "xhigh", "max", "low", "medium", "high"];
    let places = words
        .iter()
        .filter_map(|word| Some((text.find(&format!("'{word}'"))?, *word)));
    let fewer = match places.min() {
        Some((_, "none")) => Efforts {
            none: false,
            ..known
        },
        Some((_, "minimal")) => Efforts {
            minimal: false,
            ..known
        },
        Some((_, "xhigh")) => Efforts {
            xhigh: false,
            ..known
        },
        Some((_, "max")) => Efforts {
            max: false,
            ..known
        },
        _ => known,
    };
    profile.reasoning = match fewer == known {
        true => ReasoningRequest::None,
        false => ReasoningRequest::Effort(fewer),
    };
}

/// Learns what a provider demands instead of what it refuses; says whether the refusal is of that
/// kind.
fn demand(profile: &mut Profile, text: &str) -> bool {
    let has = |words: &[&str]| words.iter().all(|word| text.contains(word));
    let missing = has(&["must be passed"]) || has(&["missing"]) || has(&["is required"]);
    if has(&["reasoning_content"]) && missing {
        profile.echo_required = true;
        profile.echo = ReasoningEcho::Content;
    } else if has(&["length of 9"]) {
        profile.call_ids = CallIds::Nine;
    } else if has(&["assistant with prefix"]) {
        profile.prefix = true;
    } else if has(&["prefill"]) || has(&["must end with a user message"]) {
        profile.prefill = false;
    } else if has(&["role 'user' after role 'tool'"]) {
        profile.word_after_tools = true;
    } else if has(&["system message", "beginning"]) || has(&["role 'system' after role"]) {
        profile.system_first = true;
    } else if has(&["reasoning summar", "verified"]) {
        profile.reasoning_summary = false;
    } else if has(&["roles", "alternate"]) {
        profile.alternate = true;
    } else if has(&["system role", "not support"]) || has(&["system message", "not support"]) {
        profile.system_role = SystemRole::User;
    } else if has(&["unknown name", "function_declarations"])
        || has(&["unknown name", "parameters"])
    {
        profile.schemas = SchemaRule::Gemini;
    } else if has(&["content"]) && whole_word(text, "null").is_some() && profile.null_content {
        profile.null_content = false;
    } else {
        return bound(profile, text);
    }
    true
}

/// Learns how many tokens of output there may be.
fn bound(profile: &mut Profile, text: &str) -> bool {
    let names = ["max_tokens", "max_completion_tokens", "max_output_tokens"];
    let named = names.iter().any(|name| whole_word(text, name).is_some());
    if let Some(most) = fitting_output(text).filter(|_| named || text.contains("completion")) {
        profile.max_output = Some(most);
        return true;
    }
    if !named || text.contains("context") {
        return false;
    }
    if text.contains("maximum allowed")
        && let Some(most) = number_after(text, "> ").filter(|most| *most > 0)
    {
        profile.max_output = Some(most);
        return true;
    }
    for phrase in [
        "at most",
        "less than or equal to",
        "<=",
        "range of max_tokens is [1,",
    ] {
        if let Some(most) = number_after(text, phrase).filter(|most| *most > 0) {
            profile.max_output = Some(most);
            return true;
        }
    }
    for phrase in ["at least", "greater than or equal to", ">="] {
        if let Some(least) = number_after(text, phrase).filter(|least| *least <= 4096) {
            profile.min_output = Some(least);
            return true;
        }
    }
    false
}

/// What to ask for of a model that has no room for as much output as was asked for, though there is
/// room for the prompt: a quarter of its context. None when the prompt is what is too long, or when
/// `message`, in small letters, speaks of neither.
pub(in crate::translate) fn fitting_output(message: &str) -> Option<u64> {
    let context = number_after(message, "maximum context length is ")?;
    let prompt = number_after(message, "your request has ")
        .or_else(|| number_after(message, " tokens ("))?;
    let quarter = context / 4;
    (prompt.checked_add(quarter)? <= context && quarter > 0).then_some(quarter)
}

fn number_after(text: &str, phrase: &str) -> Option<u64> {
    let (_, rest) = text.split_once(phrase)?;
    let rest = rest.trim_start_matches([' ', '\'']);
    let digits = rest.find(|c: char| !c.is_ascii_digit());
    rest.get(..digits.unwrap_or(rest.len()))?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::translate::profile::SamplingSupport;

    fn learnt(profile: &Profile, message: &str) -> Option<Profile> {
        let body = serde_json::json!({"error": {"message": message, "param": null}});
        downgrade(profile, 400, body.to_string().as_bytes())
    }

    #[test]
    fn the_member_that_is_refused_is_left_out() {
        let from = Profile::generic();
        let message = "Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead.";
        let next = learnt(&from, message).unwrap();
        assert_eq!(next.max_tokens, MaxTokens::Completion);
        // What it advises is not refused.
        assert_eq!(learnt(&next, message), None);
        let message = "Unrecognized request argument supplied: max_completion_tokens";
        assert_eq!(learnt(&next, message), Some(from.clone()));
        let body = br#"{"detail":[{"type":"extra_forbidden","loc":["body","stream_options"],"msg":"Extra inputs are not permitted"}]}"#;
        assert!(!downgrade(&from, 422, body).unwrap().stream_options);
        let body = br#"{"error":{"message":"Unsupported value","param":"temperature","code":"unsupported_value"}}"#;
        assert!(!downgrade(&from, 400, body).unwrap().sampling.basic);
        let next = learnt(&from, "tool_choice 'required' is not supported").unwrap();
        assert_eq!(next.tool_choice, ToolChoiceSupport::Words);
        let five = Profile::openai("gpt-5.2");
        let message = "Unsupported value: 'xhigh' is not supported with this model for reasoning_effort. Supported values are: 'none', 'low'.";
        let known = Efforts {
            none: true,
            ..Efforts::default()
        };
        assert_eq!(
            learnt(&five, message).unwrap().reasoning,
            ReasoningRequest::Effort(known)
        );
    }

    #[test]
    fn what_is_demanded_is_learnt() {
        let from = Profile::generic();
        let next = learnt(
            &from,
            "thinking is enabled but reasoning_content is missing in assistant tool call message",
        )
        .unwrap();
        assert!(next.echo_required && next.echo == ReasoningEcho::Content);
        let next = learnt(
            &from,
            "Tool call id was abc but must be a-z, A-Z, 0-9, with a length of 9.",
        )
        .unwrap();
        assert_eq!(next.call_ids, CallIds::Nine);
        let next = learnt(
            &from,
            "max_tokens is too large: 99999. This model supports at most 16384 completion tokens",
        )
        .unwrap();
        assert_eq!(next.max_output, Some(16384));
        let next = learnt(
            &from,
            "Invalid max_tokens value, the valid range of max_tokens is [1, 8192]",
        )
        .unwrap();
        assert_eq!(next.max_output, Some(8192));
        let next = learnt(&from, "Invalid JSON payload received. Unknown name \"$schema\" at 'tools[0].function_declarations[0].parameters'").unwrap();
        assert_eq!(next.schemas, SchemaRule::Gemini);
    }

    #[test]
    fn a_clients_mistake_teaches_nothing_of_the_model() {
        let from = Profile::openai("gpt-4o");
        for message in [
            "top_p must be in (0, 1], got 0.0.",
            "temperature must be non-negative, got -1.",
            "Images must be smaller than 20MB",
            "Images larger than 20MB are not supported",
            "max_tokens must be a positive integer",
            "Invalid value for 'tool_choice': no tool of this name",
            "Tool 'file' not supported",
            "messages[1].content is empty",
        ] {
            assert_eq!(learnt(&from, message), None, "{message}");
        }
        let body = br#"{"detail":[{"type":"string_type","loc":["body","user"],"msg":"Input should be a string","input":"temperature unsupported"}]}"#;
        assert_eq!(downgrade(&from, 422, body), None);
        let body = br#"{"error":{"message":"temperature must be 1","param":"temperature","code":"unsupported_value"}}"#;
        assert!(!downgrade(&from, 400, body).unwrap().sampling.basic);
        let next = learnt(&from, "'content' must not be null").unwrap();
        assert!(!next.null_content);
        let body = br#"{"error":{"message":"Provider returned error","metadata":{"raw":"{\"error\":{\"message\":\"Unsupported parameter: 'top_k'\"}}"}}}"#;
        let from = Profile {
            sampling: SamplingSupport {
                top_k: true,
                ..from.sampling
            },
            ..from
        };
        assert!(!downgrade(&from, 400, body).unwrap().sampling.top_k);
    }

    #[test]
    fn other_refusals_teach_nothing() {
        let from = Profile::generic();
        assert_eq!(
            learnt(
                &from,
                "This model's maximum context length is 8192 tokens; reduce max_tokens"
            ),
            None
        );
        assert_eq!(learnt(&from, "Invalid API key"), None);
        assert_eq!(downgrade(&from, 429, b"stream_options unsupported"), None);
        assert_eq!(downgrade(&from, 400, b"\xff<html>"), None);
        let without = Profile {
            stream_options: false,
            ..from
        };
        assert_eq!(learnt(&without, "stream_options is not supported"), None);
    }

    #[test]
    fn bounds_of_the_output_are_learnt_and_a_full_context_is_not_one() {
        let from = Profile::generic();
        let most = |message: &str| learnt(&from, message).and_then(|next| next.max_output);
        for (message, expected) in [
            (
                "max_tokens: 128000 > 64000, which is the maximum allowed number of output tokens for claude-x",
                Some(64_000),
            ),
            (
                "Invalid 'max_output_tokens': integer above maximum value. Expected a value <= 16384, but got 32000 instead.",
                Some(16_384),
            ),
            (
                "'max_tokens' or 'max_completion_tokens' is too large: 32000. This model's maximum context length is 32768 tokens and your request has 20000 input tokens (32000 > 32768 - 20000).",
                Some(8192),
            ),
            (
                "This model's maximum context length is 32768 tokens. However, you requested 62000 tokens (30000 in the messages, 32000 in the completion).",
                None,
            ),
        ] {
            assert_eq!(most(message), expected, "{message}");
        }
    }

    #[test]
    fn what_a_template_refuses_is_said_otherwise() {
        let from = Profile::generic();
        let next = learnt(&from, "System message must be at the beginning.").unwrap();
        assert!(next.system_first);
        let next = learnt(&from, "Unexpected role 'user' after role 'tool'").unwrap();
        assert!(next.word_after_tools);
        let words = "Your organization must be verified to generate reasoning summaries.";
        assert!(!learnt(&from, words).unwrap().reasoning_summary);
    }
}
