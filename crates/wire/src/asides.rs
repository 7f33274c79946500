//! What agents put between a person's words: reminders, notes on the machine, instructions from
//! files. They stand between tags in the user's turns and are no words of the user's.

use std::borrow::Cow;

use memchr::{memchr, memmem};

/// The tag of Claude Code's reminders.
pub const REMINDER: &str = "system-reminder";

/// Tags of what agents put in front of the user's first words: Claude Code, Gemini CLI, Codex.
pub(crate) const PREAMBLES: [&str; 5] = [
    REMINDER,
    "session_context",
    "hook_context",
    "environment_context",
    "user_instructions",
];

/// How Codex begins a text with the instructions that it found in the project.
const INSTRUCTIONS: &str = "# AGENTS.md instructions for ";

/// The text without what stands between `<tag>` and `</tag>`, for each of the tags, in any case. A
/// part that is not closed goes to the end, and one that was not opened begins at the start.
///
/// ```
/// use weir_wire::asides::{REMINDER, without};
/// let text = "Fix <system-reminder>be brief</system-reminder>it";
/// assert_eq!(without(text, &[REMINDER]), "Fix it");
/// ```
#[must_use]
pub fn without<'a>(text: &'a str, tags: &[&str]) -> Cow<'a, str> {
    match outside(text, tags).as_slice() {
        [] => Cow::Borrowed(""),
        [whole] => Cow::Borrowed(whole),
        pieces => Cow::Owned(pieces.concat()),
    }
}

/// The pieces that [`without`] leaves, in order.
pub(crate) fn outside<'a>(text: &'a str, tags: &[&str]) -> Vec<&'a str> {
    let mut pieces = vec![text];
    for tag in tags {
        let parts = pieces.into_iter().flat_map(|piece| outside_one(piece, tag));
        pieces = parts.collect();
    }
    pieces
}

/// The pieces of a user's text that are the user's own.
pub(crate) fn own(text: &str) -> Vec<&str> {
    if text.trim_start().starts_with(INSTRUCTIONS) {
        return Vec::new();
    }
    outside(text, &PREAMBLES)
}

/// Whether [`own`] may leave something out of a text that is still escaped.
pub(crate) fn may_hold_any(raw: &[u8]) -> bool {
    PREAMBLES
        .iter()
        .any(|tag| memmem::find(raw, tag.as_bytes()).is_some())
}

fn outside_one<'a>(text: &'a str, tag: &str) -> Vec<&'a str> {
    let mut pieces = Vec::new();
    let (mut at, mut from, mut inside) = (0, 0, false);
    while let Some(mark) = next_mark(text, from, tag) {
        from = mark.end;
        match (inside, mark.closes) {
            (true, true) => (inside, at) = (false, mark.end),
            (true, false) => {}
            (false, true) => {
                pieces.clear();
                at = mark.end;
            }
            (false, false) => {
                pieces.extend(text.get(at..mark.start));
                inside = true;
            }
        }
    }
    if !inside {
        pieces.extend(text.get(at..));
    }
    pieces.retain(|piece| !piece.is_empty());
    pieces
}

/// An opening or closing tag.
struct Mark {
    start: usize,
    end: usize,
    closes: bool,
}

fn next_mark(text: &str, mut from: usize, tag: &str) -> Option<Mark> {
    loop {
        let rest = text.as_bytes().get(from..)?;
        let start = from + memchr(b'<', rest)?;
        let inner = text.as_bytes().get(start + 1..)?;
        let closes = inner.first() == Some(&b'/');
        let name = inner.get(usize::from(closes)..)?;
        let is_it = name
            .get(..tag.len())
            .is_some_and(|name| name.eq_ignore_ascii_case(tag.as_bytes()))
            && name.get(tag.len()) == Some(&b'>');
        if is_it {
            let end = start + 1 + usize::from(closes) + tag.len() + 1;
            return Some(Mark { start, end, closes });
        }
        from = start + 1;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_stands_between_tags_is_left_out() {
        for (text, expected) in [
            ("a", "a"),
            ("", ""),
            ("<system-reminder>x</system-reminder>a", "a"),
            (
                "a<system-reminder>x</system-reminder>b<system-reminder>y</system-reminder>c",
                "abc",
            ),
            ("a<SYSTEM-REMINDER>x</System-Reminder>b", "ab"),
            ("a<system-reminder>never closed", "a"),
            ("made up</system-reminder>mine", "mine"),
            ("a<system-reminders>b", "a<system-reminders>b"),
            ("a < b <system-reminder", "a < b <system-reminder"),
            (
                "<system-reminder>a<system-reminder>b</system-reminder>c",
                "c",
            ),
        ] {
            assert_eq!(without(text, &[REMINDER]), expected, "{text}");
        }
        assert!(matches!(
            without("plain", &[REMINDER]),
            Cow::Borrowed("plain")
        ));
    }

    #[test]
    fn what_agents_begin_with_is_not_the_users() {
        let gemini = "<session_context>\nToday's date is Friday.\n</session_context>fix it";
        assert_eq!(own(gemini), ["fix it"]);
        assert!(own("<environment_context><cwd>/w</cwd></environment_context>").is_empty());
        let found = "# AGENTS.md instructions for /w\n\n<INSTRUCTIONS>\nx\n</INSTRUCTIONS>";
        assert!(own(found).is_empty());
        assert_eq!(own("see AGENTS.md"), ["see AGENTS.md"]);
    }

    proptest! {
        #[test]
        fn no_text_is_too_odd(text in "[<>/aé]{0,12}(<x>|</x>|<X>|é){0,6}[<>/a]{0,12}") {
            let left = without(&text, &["x"]);
            prop_assert!(left.len() <= text.len());
            prop_assert!(next_mark(&text, 0, "x").is_some() || left == text);
        }
    }
}
