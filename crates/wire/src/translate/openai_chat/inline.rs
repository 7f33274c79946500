//! Thinking that a server leaves at the very start of the text, between `<think>` and `</think>`,
//! told apart while the text comes in pieces.

use memchr::memchr;

const OPEN: &str = "<think>";
const CLOSE: &str = "</think>";
/// White space before the tag that is waited for, in bytes.
const MAX_SPACE: usize = 256;

/// What a piece is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Is {
    Text,
    Thinking,
}

/// Where in the text the pieces are.
#[derive(Debug, Default)]
pub(super) struct Inline {
    state: State,
    /// Bytes of the tag that is looked for which have come.
    held: usize,
    /// White space at the start, which is text if no tag follows.
    space: String,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum State {
    #[default]
    Start,
    Inside,
    /// Behind the closing tag, in white space.
    Behind,
    Over,
}

impl Inline {
    /// Says that what comes is text, tags or not. What waits stays to be flushed.
    pub(super) fn settle(&mut self) {
        if self.state == State::Start && self.held == 0 && self.space.is_empty() {
            self.state = State::Over;
        }
    }

    /// Takes the next piece and gives what it is.
    pub(super) fn push(&mut self, text: &str, each: &mut dyn FnMut(Is, &str)) {
        let mut rest = text;
        if self.state == State::Start {
            rest = self.start(rest, each);
        }
        if self.state == State::Inside {
            rest = self.inside(rest, each);
        }
        if self.state == State::Behind {
            rest = rest.trim_start();
            if !rest.is_empty() {
                self.state = State::Over;
            }
        }
        if self.state == State::Over && !rest.is_empty() {
            each(Is::Text, rest);
        }
    }

    /// Gives what waits for the rest of a tag: no more of it comes.
    pub(super) fn flush(&mut self, each: &mut dyn FnMut(Is, &str)) {
        let held = std::mem::take(&mut self.held);
        match self.state {
            State::Start => {
                if held > 0 || !self.space.is_empty() {
                    self.state = State::Over;
                    self.give_start(held, each);
                }
            }
            State::Inside if held > 0 => each(Is::Thinking, head(CLOSE, held)),
            State::Inside | State::Behind | State::Over => {}
        }
    }

    fn give_start(&mut self, held: usize, each: &mut dyn FnMut(Is, &str)) {
        let space = std::mem::take(&mut self.space);
        if !space.is_empty() {
            each(Is::Text, &space);
        }
        if held > 0 {
            each(Is::Text, head(OPEN, held));
        }
    }

    fn start<'t>(&mut self, text: &'t str, each: &mut dyn FnMut(Is, &str)) -> &'t str {
        let mut rest = text;
        if self.held == 0 {
            rest = text.trim_start();
            let space = text.get(..text.len() - rest.len()).unwrap_or_default();
            if rest.is_empty() && self.space.len() + space.len() <= MAX_SPACE {
                self.space.push_str(space);
                return rest;
            }
            if !rest.starts_with('<') && self.space.is_empty() {
                self.state = State::Over;
                return text;
            }
            self.space.push_str(space);
        }
        let matched = common(rest, tail(OPEN, self.held));
        self.held += matched;
        rest = tail(rest, matched);
        if self.held == OPEN.len() {
            self.held = 0;
            self.space = String::new();
            self.state = State::Inside;
        } else if !rest.is_empty() || self.held == 0 {
            self.state = State::Over;
            let held = std::mem::take(&mut self.held);
            self.give_start(held, each);
        }
        rest
    }

    fn inside<'t>(&mut self, text: &'t str, each: &mut dyn FnMut(Is, &str)) -> &'t str {
        let mut rest = text;
        while !rest.is_empty() {
            if self.held == 0 {
                let at = memchr(b'<', rest.as_bytes()).unwrap_or(rest.len());
                if at > 0 {
                    each(Is::Thinking, head(rest, at));
                }
                rest = tail(rest, at);
            }
            let matched = common(rest, tail(CLOSE, self.held));
            self.held += matched;
            rest = tail(rest, matched);
            if self.held == CLOSE.len() {
                self.held = 0;
                self.state = State::Behind;
                return rest;
            }
            if !rest.is_empty() {
                let held = std::mem::take(&mut self.held);
                each(Is::Thinking, head(CLOSE, held));
            }
        }
        rest
    }
}

/// How many bytes `text` and the rest of a tag, which is ASCII, have in common at their start.
fn common(text: &str, tag: &str) -> usize {
    let pairs = text.bytes().zip(tag.bytes());
    pairs
        .take_while(|(byte, expected)| byte == expected)
        .count()
}

fn head(text: &str, length: usize) -> &str {
    text.get(..length).unwrap_or(text)
}

fn tail(text: &str, from: usize) -> &str {
    text.get(from..).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn split(pieces: &[&str]) -> (String, String) {
        let (mut text, mut thinking) = (String::new(), String::new());
        let mut inline = Inline::default();
        let mut each = |is, piece: &str| match is {
            Is::Text => text.push_str(piece),
            Is::Thinking => thinking.push_str(piece),
        };
        for piece in pieces {
            inline.push(piece, &mut each);
        }
        inline.flush(&mut each);
        (text, thinking)
    }

    #[test]
    fn only_a_tag_at_the_start_begins_thinking() {
        for (whole, text, thinking) in [
            ("<think>a</think>\n\nb", "b", "a"),
            (
                " \n<think>\na <b> </thin </think>b <think>c</think>",
                "b <think>c</think>",
                "\na <b> </thin ",
            ),
            ("<think>a", "", "a"),
            ("<think>a</thi", "", "a</thi"),
            ("<thin", "<thin", ""),
            ("  <thx", "  <thx", ""),
            ("  ", "  ", ""),
            ("a <think>b</think>", "a <think>b</think>", ""),
            ("<<think>", "<<think>", ""),
            ("<think><</think>", "", "<"),
            ("", "", ""),
        ] {
            assert_eq!(
                split(&[whole]),
                (text.to_owned(), thinking.to_owned()),
                "{whole}"
            );
        }
    }

    proptest! {
        #[test]
        fn where_the_text_is_cut_makes_no_difference(
            pieces in proptest::collection::vec("( |<|<think>|</think>|think>|</|a|ä|\n)*", 0..6)
        ) {
            let pieces: Vec<&str> = pieces.iter().map(String::as_str).collect();
            let whole = pieces.concat();
            prop_assert_eq!(split(&pieces), split(&[&whole]));
            let single: Vec<String> = whole.chars().map(String::from).collect();
            let single: Vec<&str> = single.iter().map(String::as_str).collect();
            prop_assert_eq!(split(&single), split(&[&whole]));
        }
    }
}
