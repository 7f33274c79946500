//! When two requests ask for the same: to find a recorded answer for a request that an agent sends
//! again on another day, from another folder, in another session.
//!
//! It only compares. Which recording is taken, and how often, is the caller's to say.

use xxhash_rust::xxh3::Xxh3;

use crate::asides::{REMINDER, without};
use crate::client::is_attribution;
use crate::dialect::{Dialect, Operation};
use crate::translate::codec::read_request;
use crate::translate::form::{Body, Part, Request, Role, Turn};
use crate::translate::options::Hints;

/// Shortest run of hexadecimal digits and hyphens that is taken for an id.
const SHORTEST_ID: usize = 8;

/// How a request compares, from narrow to wide. Requests with an equal value ask for the same, as
/// far as that measure can tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Likeness {
    /// Every byte of the body.
    pub bytes: u128,
    /// The body without what changes from run to run: ids, times, counts.
    pub words: u128,
    /// Where in a conversation it stands: what the person and the model said, which tools were
    /// called and have answered, not what they answered. None for what is no conversation.
    pub place: Option<u128>,
}

impl Likeness {
    /// Measures the body of a request, without its content coding.
    ///
    /// ```
    /// use weir_wire::dialect::{Dialect, Operation};
    /// use weir_wire::likeness::Likeness;
    /// let of = |text: &str| {
    ///     let body = format!(r#"{{"model":"m","messages":[{{"role":"user","content":"{text}"}}]}}"#);
    ///     Likeness::of(Dialect::AnthropicMessages, Operation::Generate, body.as_bytes())
    /// };
    /// let (monday, tuesday) = (of("It is 2026-11-23. Hi"), of("It is 2026-11-24. Hi"));
    /// assert_ne!(monday.bytes, tuesday.bytes);
    /// assert_eq!(monday.words, tuesday.words);
    /// assert_ne!(monday.words, of("It is 2026-11-23. Bye").words);
    /// ```
    #[must_use]
    pub fn of(dialect: Dialect, operation: Operation, body: &[u8]) -> Self {
        let mut words = Xxh3::new();
        steady(body, &mut |piece| words.update(piece));
        let hints = Hints {
            path_model: Some(""),
            ..Hints::default()
        };
        let place = read_request(dialect, body, &hints).ok();
        Self {
            bytes: xxhash_rust::xxh3::xxh3_128(body),
            words: words.digest128(),
            place: place.map(|request| place_of(&request, operation)),
        }
    }
}

/// Gives `each` a text without what changes from run to run: ids become `#`, numbers `0`.
fn steady(text: &[u8], each: &mut dyn FnMut(&[u8])) {
    let is_id = |byte: &u8| byte.is_ascii_hexdigit() || *byte == b'-';
    let mut rest = text;
    while !rest.is_empty() {
        let kept = rest.iter().take_while(|byte| !is_id(byte)).count();
        let (word, after) = rest.split_at(kept);
        each(word);
        let run = after.iter().take_while(|byte| is_id(byte)).count();
        let (run, after) = after.split_at(run);
        if run.len() >= SHORTEST_ID && run.iter().any(u8::is_ascii_digit) {
            each(b"#");
        } else {
            without_numbers(run, each);
        }
        rest = after;
    }
}

fn without_numbers(run: &[u8], each: &mut dyn FnMut(&[u8])) {
    let same = |a: &u8, b: &u8| a.is_ascii_digit() == b.is_ascii_digit();
    for part in run.chunk_by(same) {
        let is_number = part.first().is_some_and(u8::is_ascii_digit);
        each(if is_number { b"0" } else { part });
    }
}

fn place_of(request: &Request<'_>, operation: Operation) -> u128 {
    let mut hash = Xxh3::new();
    // The two ways to generate are one: a client may fall back from one to the other.
    hash.update(&[u8::from(operation == Operation::CountTokens)]);
    hash.update(&[u8::from(request.tools.is_empty())]);
    for turn in &request.turns {
        add_turn(&mut hash, turn);
    }
    hash.digest128()
}

fn add_turn(hash: &mut Xxh3, turn: &Turn<'_>) {
    if turn.role == Role::System {
        return;
    }
    hash.update(if turn.role == Role::User {
        b"\0u"
    } else {
        b"\0a"
    });
    for part in &turn.parts {
        add_part(hash, part);
    }
}

fn add_part(hash: &mut Xxh3, part: &Part<'_>) {
    match &part.body {
        Body::Text { text, .. } | Body::Refusal { text } => {
            let said = without(text, &[REMINDER]);
            let said = said.trim();
            if !said.is_empty() && !is_attribution(said) {
                hash.update(b"\0t");
                steady(said.as_bytes(), &mut |piece| hash.update(piece));
            }
        }
        Body::Call(call) => {
            hash.update(b"\0c");
            hash.update(call.name.as_bytes());
            hash.update(b"\0");
            hash.update(call.id.as_bytes());
        }
        Body::Result { call, .. } => {
            hash.update(b"\0r");
            hash.update(call.as_bytes());
        }
        Body::Image(_) | Body::Document { .. } | Body::Audio(_) => hash.update(b"\0m"),
        // It may be left out, shortened or told otherwise.
        Body::Thinking { .. } | Body::Foreign { .. } => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plain(text: &str) -> String {
        let mut out = Vec::new();
        steady(text.as_bytes(), &mut |piece| out.extend_from_slice(piece));
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn what_changes_from_run_to_run_is_no_difference() {
        for (text, expected) in [
            ("It is 2026-11-21.", "It is #."),
            ("at 12:34:56.789", "at 0:0:0.0"),
            (
                "session 5f0c9b1e-0d3a-4c58-9a53-6f2f4f1d7c11!",
                "session #!",
            ),
            ("commit deadbeef1", "commit #"),
            ("a decade, a facade", "a decade, a facade"),
            ("toolu_01AbC", "toolu_0AbC"),
            ("", ""),
            ("7", "0"),
            ("é7é", "é0é"),
        ] {
            assert_eq!(plain(text), expected, "{text}");
        }
    }

    fn place(messages: &str) -> Option<u128> {
        let body = format!(r#"{{"model":"m","max_tokens":9,"messages":{messages}}}"#);
        Likeness::of(
            Dialect::AnthropicMessages,
            Operation::GenerateStream,
            body.as_bytes(),
        )
        .place
    }

    const ASKED: &str = r#"{"role":"user","content":[{"type":"text","text":"<system-reminder>in /a</system-reminder>"},{"type":"text","text":"list"}]}"#;
    const CALLED: &str = r#"{"role":"assistant","content":[{"type":"tool_use","id":"t1","name":"Bash","input":{}}]}"#;

    fn answered(id: &str, text: &str) -> String {
        format!(
            r#"[{ASKED},{CALLED},{{"role":"user","content":[{{"type":"tool_result","tool_use_id":"{id}","content":"{text}"}}]}}]"#
        )
    }

    #[test]
    fn a_place_in_a_conversation_does_not_depend_on_the_machine() {
        let elsewhere = ASKED.replace("/a", "/home/other");
        assert_eq!(
            place(&format!("[{ASKED}]")),
            place(&format!("[{elsewhere}]"))
        );
        assert_eq!(
            place(&answered("t1", "3 files")),
            place(&answered("t1", "no files"))
        );
        assert_ne!(place(&answered("t1", "x")), place(&answered("t2", "x")));
        assert_ne!(place(&format!("[{ASKED}]")), place(&answered("t1", "x")));
        assert_ne!(
            place(&format!("[{ASKED}]")),
            place(&format!("[{}]", ASKED.replace("list", "show")))
        );
    }

    #[test]
    fn what_is_no_conversation_has_no_place() {
        for body in ["", "{", "[]", "\"text\"", "null"] {
            let likeness = Likeness::of(
                Dialect::AnthropicMessages,
                Operation::Other,
                body.as_bytes(),
            );
            assert_eq!(likeness.place, None, "{body}");
        }
    }
}
