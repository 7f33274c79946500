//! Ends an answer at the client's stop sequences where the provider cannot: it takes fewer of
//! them, or none.

use std::borrow::Cow;

use memchr::memmem;

use super::form::{Body, Part, Stop, Text};
use super::signal::{Opening, Piece, Signal};

/// Cuts a whole answer at the first of `stops` in its text; gives the one that was found.
pub fn cut(parts: &mut Vec<Part<'_>>, stops: &[String]) -> Option<String> {
    for (index, part) in parts.iter_mut().enumerate() {
        let Body::Text { text, .. } = &mut part.body else {
            continue;
        };
        if let Some((at, stop)) = first(text, stops) {
            let stop = stop.to_owned();
            *text = Cow::Owned(text.get(..at).unwrap_or_default().to_owned());
            let left = index + usize::from(at > 0);
            parts.truncate(left);
            return Some(stop);
        }
    }
    None
}

/// Where the one of `stops` begins that is complete first; of several that are, the longest. So a
/// stream ends at the same one wherever it is cut.
fn first<'s>(text: &str, stops: &'s [String]) -> Option<(usize, &'s str)> {
    let stops = stops.iter().filter(|stop| !stop.is_empty());
    let found = stops.filter_map(|stop| {
        let at = memmem::find(text.as_bytes(), stop.as_bytes())?;
        Some((at, stop.as_str()))
    });
    found.min_by_key(|(at, stop)| (at + stop.len(), *at))
}

/// The same for a stream, whose parts come one after the other. Of the text no more is held back
/// than could be the beginning of a stop sequence.
#[derive(Debug, Default)]
pub struct Stops {
    stops: Vec<String>,
    /// The text part that is open.
    part: Option<usize>,
    /// The end of its text that could begin a stop sequence.
    held: String,
    over: bool,
}

impl Stops {
    /// Ends the answer at any of `stops`.
    #[must_use]
    pub fn new(mut stops: Vec<String>) -> Self {
        stops.retain(|stop| !stop.is_empty());
        Self {
            stops,
            ..Self::default()
        }
    }

    /// Whether one was found: nothing that comes now belongs to the answer.
    #[must_use]
    pub fn is_over(&self) -> bool {
        self.over
    }

    /// Takes a signal and gives what comes before the first stop sequence.
    pub fn push(&mut self, signal: Signal<'_>, each: &mut dyn FnMut(Signal<'_>)) {
        if self.stops.is_empty() {
            each(signal);
            return;
        }
        if self.over {
            // Counts go on for as long as anybody sends them.
            if matches!(signal, Signal::Usage(_)) {
                each(signal);
            }
            return;
        }
        match signal {
            Signal::Delta {
                part,
                piece: Piece::Text(text),
            } if self.part == Some(part) => {
                self.text(part, &text, each);
            }
            signal => {
                self.other(&signal, each);
                each(signal);
            }
        }
    }

    fn other(&mut self, signal: &Signal<'_>, each: &mut dyn FnMut(Signal<'_>)) {
        match signal {
            Signal::Open {
                part,
                kind: Opening::Text,
            } => self.part = Some(*part),
            Signal::Close { part } if self.part == Some(*part) => {
                self.part = None;
                let text = Cow::Owned(std::mem::take(&mut self.held));
                say(*part, text, each);
            }
            _ => {}
        }
    }

    fn text(&mut self, part: usize, text: &str, each: &mut dyn FnMut(Signal<'_>)) {
        self.held.push_str(text);
        if let Some((at, stop)) = first(&self.held, &self.stops) {
            let stop = stop.to_owned();
            self.held.truncate(at);
            say(part, Cow::Owned(std::mem::take(&mut self.held)), each);
            each(Signal::Close { part });
            let stop = Stop::Sequence(Some(Cow::Owned(stop)));
            each(Signal::Stop(stop));
            self.over = true;
            return;
        }
        let keep = self.beginning();
        let kept = self.held.split_off(self.held.len() - keep);
        let said = std::mem::replace(&mut self.held, kept);
        say(part, Cow::Owned(said), each);
    }

    /// Bytes at the end of what is held that a stop sequence begins with.
    fn beginning(&self) -> usize {
        let begins = |stop: &String| {
            let longest = (stop.len() - 1).min(self.held.len());
            (1..=longest)
                .rev()
                .find(|len| self.held.as_bytes().ends_with(&stop.as_bytes()[..*len]))
        };
        let longest = self.stops.iter().filter_map(begins).max();
        // A character is held whole.
        let mut keep = longest.unwrap_or(0);
        while !self.held.is_char_boundary(self.held.len() - keep) {
            keep += 1;
        }
        keep
    }
}

fn say(part: usize, text: Text<'_>, each: &mut dyn FnMut(Signal<'_>)) {
    if !text.is_empty() {
        let piece = Piece::Text(text);
        each(Signal::Delta { part, piece });
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn run(stops: &[&str], pieces: &[&str]) -> (String, Option<String>) {
        let stops = stops.iter().map(|stop| (*stop).to_owned()).collect();
        let mut stage = Stops::new(stops);
        let (mut text, mut stop) = (String::new(), None);
        let mut each = |signal: Signal<'_>| match signal {
            Signal::Delta {
                piece: Piece::Text(more),
                ..
            } => text.push_str(&more),
            Signal::Stop(Stop::Sequence(Some(found))) => stop = Some(found.into_owned()),
            _ => {}
        };
        let kind = Opening::Text;
        stage.push(Signal::Open { part: 0, kind }, &mut each);
        for piece in pieces {
            let piece = Piece::Text((*piece).into());
            stage.push(Signal::Delta { part: 0, piece }, &mut each);
        }
        stage.push(Signal::Close { part: 0 }, &mut each);
        (text, stop)
    }

    #[test]
    fn a_sequence_across_pieces_ends_the_text_before_it() {
        let (text, stop) = run(&["END", "\n\nHuman:"], &["one\n", "\nHum", "an: two END"]);
        assert_eq!(
            (text.as_str(), stop.as_deref()),
            ("one", Some("\n\nHuman:"))
        );
    }

    #[test]
    fn what_only_begins_like_one_is_said() {
        let (text, stop) = run(&["END"], &["E", "N", "E", "EN"]);
        assert_eq!((text.as_str(), stop), ("ENEEN", None));
    }

    #[test]
    fn of_several_the_one_that_is_complete_first_ends_the_text() {
        for pieces in [&["abcd"][..], &["ab", "cd"], &["a", "b", "c", "d"]] {
            let (text, stop) = run(&["bcd", "c", "bc", ""], pieces);
            assert_eq!((text.as_str(), stop.as_deref()), ("a", Some("bc")));
        }
        let annotations = Vec::new();
        let text = "abcd".into();
        let mut parts: Vec<Part<'_>> = vec![Body::Text { text, annotations }.into()];
        assert_eq!(cut(&mut parts, &[String::new()]), None);
        assert_eq!(
            cut(&mut parts, &["bcd".into(), "c".into()]).as_deref(),
            Some("c")
        );
    }

    #[test]
    fn a_whole_answer_is_cut_at_the_first_of_them() {
        let text = |text: &'static str| -> Part<'static> {
            let annotations = Vec::new();
            Body::Text {
                text: text.into(),
                annotations,
            }
            .into()
        };
        let mut parts = vec![text("one"), text("two STOP three"), text("four")];
        let stop = cut(&mut parts, &["three".into(), "STOP".into()]);
        assert_eq!(stop.as_deref(), Some("STOP"));
        assert_eq!(parts, [text("one"), text("two ")]);
    }

    proptest! {
        #[test]
        fn cuts_make_no_difference(text in "[aböc]{0,24}", at in 0usize..24, stop in "[aböc]{1,3}") {
            let at = (0..=at.min(text.len())).rev().find(|at| text.is_char_boundary(*at)).unwrap();
            let (left, right) = text.split_at(at);
            let whole = run(&[&stop], &[&text]);
            prop_assert_eq!(&whole, &run(&[&stop], &[left, right]));
            let expected = text.split(&stop).next().unwrap_or_default();
            prop_assert_eq!(whole.0, expected);
        }
    }
}
