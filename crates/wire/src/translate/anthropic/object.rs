//! Follows a JSON object that comes piece by piece, strictly, so that what was passed on of it can
//! be made whole at any time.

/// Deepest nesting that is followed.
const MAX_DEPTH: usize = 100;

/// An object as far as it came.
#[derive(Debug)]
pub(super) struct Prefix {
    state: State,
    /// Whether each open bracket is one of an object.
    open: Vec<bool>,
}

/// What is expected next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// The opening bracket.
    Start,
    /// A key or the end of the object.
    FirstKey,
    /// A key.
    Key,
    Colon,
    Value,
    /// A value or the end of the array.
    FirstItem,
    /// A comma or a closing bracket.
    After,
    Text(Place, Escape),
    Number(Digits),
    /// The rest of `true`, `false` or `null`.
    Word(&'static [u8]),
    /// Nothing: it is whole.
    Done,
    Broken,
}

/// What a string is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    Key,
    Value,
}

/// Where in an escape a string is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Escape {
    No,
    /// Behind the backslash.
    Begun,
    /// So many hexadecimal digits are missing.
    Hex(u8),
}

/// Where in a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Digits {
    Minus,
    Zero,
    Whole,
    Point,
    Fraction,
    Exponent,
    Sign,
    Power,
}

/// Why no more of a piece was taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Halt {
    /// There is no more.
    End,
    /// The object is whole.
    Whole,
    /// This control character stands in a string, where it must be escaped. The object goes on behind
    /// it.
    Control(u8),
    /// The next byte cannot follow.
    Broken,
}

impl Default for Prefix {
    fn default() -> Self {
        Self {
            state: State::Start,
            open: Vec::new(),
        }
    }
}

impl Prefix {
    /// How much of `piece` goes on with the object, and why no more does.
    pub(super) fn take(&mut self, piece: &str) -> (usize, Halt) {
        let mut at = 0;
        while let Some(&byte) = piece.as_bytes().get(at) {
            if let State::Text(_, Escape::No) = self.state {
                let rest = piece.as_bytes().get(at..).unwrap_or_default();
                let special = rest.iter().position(|b| matches!(b, b'"' | b'\\' | ..b' '));
                if special != Some(0) {
                    at += special.unwrap_or(rest.len());
                    continue;
                }
                if byte < b' ' {
                    return (at, Halt::Control(byte));
                }
            }
            self.state = match self.next(byte) {
                State::Broken => {
                    self.halt();
                    return (at, Halt::Broken);
                }
                next => next,
            };
            at += 1;
            if self.state == State::Done {
                return (at, Halt::Whole);
            }
        }
        (piece.len(), Halt::End)
    }

    /// A number is over when something else comes, which may be nothing that can follow.
    fn halt(&mut self) {
        if let State::Number(digits) = self.state
            && digits.complete()
        {
            self.state = State::After;
        }
    }

    fn next(&mut self, byte: u8) -> State {
        match self.state {
            State::Text(place, escape) => text(place, escape, byte),
            State::Word([first, rest @ ..]) if *first == byte => match rest {
                [] => State::After,
                rest => State::Word(rest),
            },
            State::Number(digits) => match digits.next(byte) {
                Some(digits) => State::Number(digits),
                None if digits.complete() => self.structure(State::After, byte),
                None => State::Broken,
            },
            state => self.structure(state, byte),
        }
    }

    fn structure(&mut self, state: State, byte: u8) -> State {
        match (state, byte) {
            (state, b' ' | b'\n' | b'\r' | b'\t') if !matches!(state, State::Word(_)) => state,
            (State::Start, b'{') => self.enter(true),
            (State::FirstKey | State::Key, b'"') => State::Text(Place::Key, Escape::No),
            (State::Colon, b':') => State::Value,
            (State::FirstKey | State::After, b'}') => self.leave(true),
            (State::FirstItem | State::After, b']') => self.leave(false),
            (State::After, b',') => match self.open.last() {
                Some(true) => State::Key,
                Some(false) => State::Value,
                None => State::Broken,
            },
            (State::Value | State::FirstItem, byte) => self.value(byte),
            _ => State::Broken,
        }
    }

    fn value(&mut self, byte: u8) -> State {
        match byte {
            b'{' => self.enter(true),
            b'[' => self.enter(false),
            b'"' => State::Text(Place::Value, Escape::No),
            b't' => State::Word(b"rue"),
            b'f' => State::Word(b"alse"),
            b'n' => State::Word(b"ull"),
            b'-' => State::Number(Digits::Minus),
            b'0' => State::Number(Digits::Zero),
            b'1'..=b'9' => State::Number(Digits::Whole),
            _ => State::Broken,
        }
    }

    fn enter(&mut self, object: bool) -> State {
        if self.open.len() >= MAX_DEPTH {
            return State::Broken;
        }
        self.open.push(object);
        if object {
            State::FirstKey
        } else {
            State::FirstItem
        }
    }

    fn leave(&mut self, object: bool) -> State {
        if self.open.last() != Some(&object) {
            return State::Broken;
        }
        self.open.pop();
        if self.open.is_empty() {
            State::Done
        } else {
            State::After
        }
    }

    /// What makes the object whole, with `rest` as its last member `member`, so that it can be told
    /// from one that was meant. Only for one that began and is not whole.
    pub(super) fn ending(&self, member: &str, rest: &str) -> String {
        let mut out = self.value_ending();
        let mut inner = self.state;
        for object in self.open.iter().skip(1).rev() {
            if *object && inner == State::Key {
                out.push_str("\"\":null");
            }
            out.push(if *object { '}' } else { ']' });
            inner = State::After;
        }
        if !matches!(inner, State::FirstKey | State::Key) {
            out.push(',');
        }
        let wrapped = super::input::wrap(member, rest);
        out.push_str(wrapped.strip_prefix('{').unwrap_or_default());
        out
    }

    /// What makes the innermost value or member whole.
    fn value_ending(&self) -> String {
        let mut out = String::new();
        match self.state {
            State::Text(place, escape) => {
                match escape {
                    Escape::No => {}
                    Escape::Begun => out.push('\\'),
                    Escape::Hex(missing) => (0..missing).for_each(|_| out.push('0')),
                }
                out.push_str(match place {
                    Place::Key => "\":null",
                    Place::Value => "\"",
                });
            }
            State::Number(digits) if !digits.complete() => out.push('0'),
            State::Word(rest) => out.extend(rest.iter().map(|byte| char::from(*byte))),
            State::Colon => out.push_str(":null"),
            State::Value => out.push_str("null"),
            _ => {}
        }
        out
    }
}

fn text(place: Place, escape: Escape, byte: u8) -> State {
    let escape = match (escape, byte) {
        (Escape::No, b'"') => {
            return match place {
                Place::Key => State::Colon,
                Place::Value => State::After,
            };
        }
        (Escape::No, b'\\') => Escape::Begun,
        (Escape::No, _) => Escape::No,
        (Escape::Begun, b'u') => Escape::Hex(4),
        (Escape::Begun, b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => Escape::No,
        (Escape::Hex(1), byte) if byte.is_ascii_hexdigit() => Escape::No,
        (Escape::Hex(missing), byte) if byte.is_ascii_hexdigit() => Escape::Hex(missing - 1),
        _ => return State::Broken,
    };
    State::Text(place, escape)
}

impl Digits {
    fn next(self, byte: u8) -> Option<Self> {
        Some(match (self, byte) {
            (Self::Minus, b'0') => Self::Zero,
            (Self::Minus, b'1'..=b'9') | (Self::Whole, b'0'..=b'9') => Self::Whole,
            (Self::Zero | Self::Whole, b'.') => Self::Point,
            (Self::Point | Self::Fraction, b'0'..=b'9') => Self::Fraction,
            (Self::Zero | Self::Whole | Self::Fraction, b'e' | b'E') => Self::Exponent,
            (Self::Exponent, b'+' | b'-') => Self::Sign,
            (Self::Exponent | Self::Sign | Self::Power, b'0'..=b'9') => Self::Power,
            _ => return None,
        })
    }

    /// Whether the number may end here.
    fn complete(self) -> bool {
        matches!(
            self,
            Self::Zero | Self::Whole | Self::Fraction | Self::Power
        )
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::Value;

    use super::*;

    const OBJECT: &str = r#" {"a\"\u00e9":[1,-0.5e+3,{"b":null,"c":[]}],"d":{}, "e" : "\\x",
        "f":[true,false,{"g":{}}]}"#;

    #[test]
    fn what_is_whole_ends_and_what_follows_is_none_of_it() {
        let mut prefix = Prefix::default();
        let twice = format!("{OBJECT}{OBJECT}");
        assert_eq!(prefix.take(&twice), (OBJECT.len(), Halt::Whole));
    }

    #[test]
    fn what_cannot_follow_is_not_taken() {
        for (text, taken) in [
            ("{a", 1),
            ("{\"a\":01}", 6),
            ("{\"a\":1]", 6),
            ("{\"a\" \"b\"", 5),
            ("{\"a\":nul}", 8),
            ("{\"a\":\"\\x", 7),
            ("[1]", 0),
            ("{,", 1),
        ] {
            assert_eq!(
                Prefix::default().take(text),
                (taken, Halt::Broken),
                "{text}"
            );
        }
        assert_eq!(Prefix::default().take("{\"a\n"), (3, Halt::Control(b'\n')));
    }

    #[test]
    fn every_beginning_can_be_made_whole() {
        for end in 2..OBJECT.len() {
            let Some(begun) = OBJECT.get(..end) else {
                continue;
            };
            let mut prefix = Prefix::default();
            assert_eq!(prefix.take(begun), (end, Halt::End));
            let whole = format!("{begun}{}", prefix.ending("raw", "re\"st"));
            let value: Value = serde_json::from_str(&whole).expect(&whole);
            assert_eq!(value["raw"], "re\"st", "{whole}");
        }
    }

    proptest! {
        #[test]
        fn whatever_comes_is_made_whole(
            pieces in proptest::collection::vec(
                proptest::sample::select(vec![
                    "{", "}", "[", "]", "\"", "a", "\\", "u00", "1", "-", ".", "e", ",", ":",
                    "null", "tr", " ", "\n",
                ]),
                0..30,
            ),
        ) {
            let text = format!("{{{}", pieces.concat());
            let mut prefix = Prefix::default();
            let (taken, halt) = prefix.take(&text);
            let sent = text.get(..taken).unwrap();
            let whole = match halt {
                Halt::Whole => sent.to_owned(),
                _ => format!("{sent}{}", prefix.ending("raw", "")),
            };
            prop_assert!(serde_json::from_str::<serde::de::IgnoredAny>(&whole).is_ok(), "{}", whole);
        }
    }
}
