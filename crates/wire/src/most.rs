//! The most output that a request asks for. It is looked for from the end: the member stands before or
//! behind the conversation, seldom in the midst of it, and the last of several counts.

use std::borrow::Cow;
use std::sync::LazyLock;

use bytes::Bytes;
use memchr::memmem::Finder;

use crate::dialect::Dialect;
use crate::scan::Cursor;
use crate::tail::{Names, WINDOW};

/// What the number of an ASCII character begins with.
const ESCAPE: &[u8] = b"\\u00";

static FIND_BEGIN: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new(b"\"max_"));
static FIND_ESCAPE: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new(ESCAPE));

fn names() -> Names<'static> {
    Names {
        begin: &FIND_BEGIN,
        all: &[
            b"\"max_tokens\"",
            b"\"max_completion_tokens\"",
            b"\"max_output_tokens\"",
        ],
    }
}

/// The most output that a body in these pieces asks for, in tokens; none where it does not say.
#[must_use]
pub fn most_output(dialect: Dialect, pieces: &[Bytes]) -> Option<u64> {
    match (dialect, pieces) {
        (_, []) => None,
        (_, [whole]) => of_whole(dialect, whole),
        (Dialect::Gemini, _) => all_of(dialect, &pieces.concat()),
        // Most often it is in the end of it, so that not all has to be put together.
        (_, pieces) => {
            let end = end_of(pieces);
            // What it begins with may be the end of an escape before.
            let at = names().last(&end).filter(|at| *at > 0);
            at.and_then(|at| behind(&end, at))
                .or_else(|| of_whole(dialect, &pieces.concat()))
        }
    }
}

/// The last piece, or more where that is short.
fn end_of(pieces: &[Bytes]) -> Cow<'_, [u8]> {
    let mut missing = WINDOW;
    let mut ends: Vec<&[u8]> = Vec::new();
    for piece in pieces.iter().rev() {
        if piece.len() >= missing && ends.is_empty() {
            return Cow::Borrowed(piece);
        }
        let end = piece.len().saturating_sub(missing);
        ends.push(piece.get(end..).unwrap_or_default());
        missing -= piece.len() - end;
        if missing == 0 {
            break;
        }
    }
    ends.reverse();
    Cow::Owned(ends.concat())
}

fn of_whole(dialect: Dialect, body: &[u8]) -> Option<u64> {
    if dialect == Dialect::Gemini {
        return all_of(dialect, body);
    }
    // Whichever is shorter: what stands before it, or behind it.
    let found = match names().last(body) {
        None if spells_letters(body) => None,
        None => return None,
        Some(at) if at >= body.len() / 2 => behind(body, at),
        Some(at) => before(body, at).filter(|_| !spells_letters(body)),
    };
    // It stands somewhere inside, or is no number, or is spelt another way: another may count.
    found.or_else(|| all_of(dialect, body))
}

/// Whether letters are spelt by their numbers, as nobody does but to be overlooked.
fn spells_letters(body: &[u8]) -> bool {
    FIND_ESCAPE.find_iter(body).any(|at| {
        let digits = body.get(at + ESCAPE.len()..at + ESCAPE.len() + 2);
        let digits = digits.and_then(|digits| std::str::from_utf8(digits).ok());
        let letter = digits.and_then(|digits| u8::from_str_radix(digits, 16).ok());
        letter.is_some_and(|letter| letter == b'_' || letter.is_ascii_lowercase())
    })
}

/// The member at `at` by what is behind it.
fn behind(body: &[u8], at: usize) -> Option<u64> {
    names().own(body, at, number)?
}

/// The same by what is before it.
fn before(body: &[u8], at: usize) -> Option<u64> {
    let mut found = None;
    let name = at + names().length(body, at).unwrap_or_default();
    Cursor::new(body).object(|_, cursor| {
        if cursor.offset() >= name {
            let gap = body.get(name..cursor.offset()).unwrap_or_default();
            if gap
                .iter()
                .all(|byte| *byte == b':' || byte.is_ascii_whitespace())
            {
                found = number(cursor);
            }
            cursor.stop();
        }
    });
    found
}

fn number(cursor: &mut Cursor<'_>) -> Option<u64> {
    std::str::from_utf8(cursor.value()).ok()?.parse().ok()
}

/// The same by looking at everything.
fn all_of(dialect: Dialect, body: &[u8]) -> Option<u64> {
    let mut found = None;
    let mut cursor = Cursor::new(body);
    cursor.object(|key, cursor| match (dialect, &*key.decode()) {
        (Dialect::Gemini, "generationConfig" | "generation_config") => {
            cursor.object(|key, cursor| {
                if matches!(&*key.decode(), "maxOutputTokens" | "max_output_tokens") {
                    found = number(cursor).or(found);
                }
            });
        }
        (Dialect::Gemini, _) => {}
        (_, key) if names().is_one(key) => {
            found = number(cursor).or(found);
        }
        _ => {}
    });
    found
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn of(dialect: Dialect, body: &str) -> Option<u64> {
        most_output(dialect, &[Bytes::copy_from_slice(body.as_bytes())])
    }

    #[test]
    fn the_most_output_is_read_in_every_dialect() {
        for (dialect, body, most) in [
            (
                Dialect::AnthropicMessages,
                r#"{"model":"m","max_tokens":128}"#,
                Some(128),
            ),
            (
                Dialect::OpenaiChat,
                r#"{"messages":[{"max_tokens":5}],"max_completion_tokens":9}"#,
                Some(9),
            ),
            (
                Dialect::OpenaiResponses,
                r#"{"max_output_tokens":7}"#,
                Some(7),
            ),
            (
                Dialect::Gemini,
                r#"{"generationConfig":{"maxOutputTokens":3}}"#,
                Some(3),
            ),
            (Dialect::Gemini, r#"{"max_tokens":"x"}"#, None),
            (Dialect::Gemini, r#"{"max_tokens":4}"#, None),
            (Dialect::OpenaiChat, "no json", None),
            (Dialect::OpenaiChat, "", None),
        ] {
            assert_eq!(of(dialect, body), most, "{body}");
        }
    }

    #[test]
    fn what_only_looks_like_the_member_is_none() {
        let long = "x".repeat(3 * WINDOW);
        for (body, most) in [
            (
                format!(r#"{{"max_tokens":1,"messages":["{long}"]}}"#),
                Some(1),
            ),
            (
                format!(r#"{{"messages":["{long}"],"max_tokens" : 2 , "stream":true}}"#),
                Some(2),
            ),
            (
                format!(r#"{{"max_tokens":3,"tools":[{{"max_tokens":9}}],"a":"{long}"}}"#),
                Some(3),
            ),
            (
                format!(r#"{{"a":"{long}","max_tokens":4,"tools":[{{"max_tokens":9}}]}}"#),
                Some(4),
            ),
            (
                format!(r#"{{"a":"{long}","tools":{{"max_tokens":9}}}}"#),
                None,
            ),
            (
                format!(r#"{{"tools":{{"max_tokens":9}},"a":"{long}"}}"#),
                None,
            ),
            (
                r#"{"a":"\"max_tokens\":9","max_tokens":5}"#.to_owned(),
                Some(5),
            ),
            (r#"{"max_tokens":6,"a":["max_tokens"]}"#.to_owned(), Some(6)),
            (
                r#"{"max_tokens":7,"max_output_tokens":"many"}"#.to_owned(),
                Some(7),
            ),
            (r#"{"max_tokens":8,"max_tokens":10}"#.to_owned(), Some(10)),
            (
                r#"{"max_tokens":1,"max\u005ftokens":11}"#.to_owned(),
                Some(11),
            ),
            (
                format!(r#"{{"max_tokens":1,"a":"{long}","\u006dax_tokens":12}}"#),
                Some(12),
            ),
            (r#"{"max\u005ftokens":13}"#.to_owned(), Some(13)),
            (
                r#"{"max_tokens":14,"messages":[],"a\"max_tokens":1}"#.to_owned(),
                Some(14),
            ),
            (
                r#"{"a\"max_tokens":1,"messages":[],"max_tokens":15}"#.to_owned(),
                Some(15),
            ),
        ] {
            let asked = of(Dialect::AnthropicMessages, &body);
            assert_eq!(asked, most, "{}", body.get(..60).unwrap_or(&body));
        }
    }

    fn value() -> impl Strategy<Value = String> {
        let leaf = prop_oneof![
            "[0-9]{1,6}",
            Just("\"max_tokens\"".to_owned()),
            Just("\"a\\\"max_tokens\\\":1\"".to_owned()),
            Just("null".to_owned()),
        ];
        leaf.prop_recursive(3, 16, 4, |inner| {
            let member =
                (name(), inner.clone()).prop_map(|(key, value)| format!("\"{key}\" :{value}"));
            prop_oneof![
                prop::collection::vec(inner, 0..4).prop_map(|all| format!("[{}]", all.join(", "))),
                prop::collection::vec(member, 0..4)
                    .prop_map(|all| format!("{{{}}}", all.join(","))),
            ]
        })
    }

    fn name() -> impl Strategy<Value = String> {
        prop_oneof![
            Just("max_tokens".to_owned()),
            Just("max_output_tokens".to_owned()),
            Just("max_tool_calls".to_owned()),
            Just("max\\u005ftokens".to_owned()),
            Just("a\\\"max_tokens".to_owned()),
            "[a-c]{1,2}",
        ]
    }

    proptest! {
        #[test]
        fn it_is_what_looking_at_everything_finds(
            members in prop::collection::vec((name(), value()), 0..8),
            cuts in prop::collection::vec(0_usize..400, 0..4),
        ) {
            let members: Vec<_> = members.iter().map(|(key, value)| format!("\"{key}\":{value}")).collect();
            let body = Bytes::from(format!("{{{}}}", members.join(",")));
            let mut cuts: Vec<usize> = cuts.into_iter().map(|at| at.min(body.len())).collect();
            cuts.extend([0, body.len()]);
            cuts.sort_unstable();
            let pieces: Vec<Bytes> = cuts.windows(2).map(|pair| body.slice(pair[0]..pair[1])).collect();
            for dialect in [Dialect::AnthropicMessages, Dialect::Gemini] {
                prop_assert_eq!(most_output(dialect, &pieces), all_of(dialect, &body));
            }
        }
    }
}
