//! A borrowed, single-pass walk over JSON bytes, for reading a few members of a large body.
//!
//! It builds no tree, copies nothing and never panics. It is not a validator: text that is
//! skipped is only checked for balanced brackets and closed strings.

use std::borrow::Cow;

mod quote;
mod text;

use quote::string_end;
pub use text::Text;

/// Deepest nesting that is followed; deeper input counts as malformed.
pub const MAX_DEPTH: u32 = 128;

/// What kind of value comes next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// `{`
    Object,
    /// `[`
    Array,
    /// `"`
    String,
    /// A number, unchecked.
    Number,
    /// `true` or `false`
    Bool,
    /// `null`
    Null,
}

/// A position in JSON text.
///
/// Every reading method takes one whole value, whatever its kind, so that a caller who asks for
/// the wrong kind still ends up behind it. At the first fault [`Cursor::malformed`] turns true
/// and every further reading finds nothing; what was read before stays good.
#[derive(Clone, Debug)]
pub struct Cursor<'a> {
    bytes: &'a [u8],
    at: usize,
    depth: u32,
    malformed: bool,
    stopped: bool,
}

impl<'a> Cursor<'a> {
    /// A cursor at the start of `bytes`; a byte order mark is passed over.
    #[must_use]
    pub fn new(bytes: &'a [u8]) -> Self {
        let at = if bytes.starts_with(b"\xEF\xBB\xBF") {
            3
        } else {
            0
        };
        Self {
            bytes,
            at,
            depth: 0,
            malformed: false,
            stopped: false,
        }
    }

    /// A cursor inside `depth` open containers, at offset `at`, which an earlier walk over the
    /// same bytes had reached.
    #[must_use]
    pub fn resume(bytes: &'a [u8], at: usize, depth: u32) -> Self {
        Self {
            bytes,
            at,
            depth,
            malformed: at > bytes.len(),
            stopped: false,
        }
    }

    /// The offset of the next unread byte.
    #[must_use]
    pub fn offset(&self) -> usize {
        self.at
    }

    /// Whether a fault was met: truncated, unbalanced, too deep or not JSON.
    #[must_use]
    pub fn malformed(&self) -> bool {
        self.malformed
    }

    /// Whether nothing but white space is left.
    #[must_use]
    pub fn at_end(&mut self) -> bool {
        !self.malformed && self.next_byte().is_none()
    }

    /// The kind of the next value, without taking it.
    pub fn kind(&mut self) -> Option<Kind> {
        match self.next_byte()? {
            b'{' => Some(Kind::Object),
            b'[' => Some(Kind::Array),
            b'"' => Some(Kind::String),
            b't' | b'f' => Some(Kind::Bool),
            b'n' => Some(Kind::Null),
            b'-' | b'0'..=b'9' => Some(Kind::Number),
            _ => None,
        }
    }

    /// Ends the walk without a fault: every container that is open counts as read.
    pub fn stop(&mut self) {
        self.stopped = true;
    }

    /// Walks an object: `member` gets each key and the cursor at its value, which it may take or
    /// leave. Says whether there was an object.
    pub fn object(&mut self, member: impl FnMut(Text<'a>, &mut Self)) -> bool {
        if !self.enter(b'{') {
            return false;
        }
        if self.next_byte() == Some(b'}') {
            self.leave();
        } else {
            self.members(member);
        }
        true
    }

    /// Takes the colon behind the key of a member. Says whether there was one.
    pub fn colon(&mut self) -> bool {
        let is_one = self.next_byte() == Some(b':');
        self.at += usize::from(is_one);
        is_one
    }

    /// Goes on with an object after one of its values, as [`Cursor::object`] does.
    pub fn rest_of_object(&mut self, member: impl FnMut(Text<'a>, &mut Self)) {
        if self.more(b'}') {
            self.members(member);
        }
    }

    fn members(&mut self, mut member: impl FnMut(Text<'a>, &mut Self)) {
        loop {
            let Some(key) = self.key() else { return };
            let start = self.at;
            member(key, self);
            if self.stopped {
                return;
            }
            if self.at == start {
                self.skip();
            }
            if !self.more(b'}') {
                return;
            }
        }
    }

    /// Walks an array: `item` gets the cursor at each entry, which it may take or leave. Says
    /// whether there was an array.
    pub fn array(&mut self, item: impl FnMut(&mut Self)) -> bool {
        if !self.enter(b'[') {
            return false;
        }
        if self.next_byte() == Some(b']') {
            self.leave();
        } else {
            self.items(item);
        }
        true
    }

    /// Goes on with an array after one of its entries, as [`Cursor::array`] does.
    pub fn rest_of_array(&mut self, item: impl FnMut(&mut Self)) {
        if self.more(b']') {
            self.items(item);
        }
    }

    fn items(&mut self, mut item: impl FnMut(&mut Self)) {
        loop {
            if self.next_byte().is_none() {
                return self.fail();
            }
            let start = self.at;
            item(self);
            if self.stopped {
                return;
            }
            if self.at == start {
                self.skip();
            }
            if !self.more(b']') {
                return;
            }
        }
    }

    /// Takes a string; any other value is skipped and gives nothing.
    pub fn string(&mut self) -> Option<Text<'a>> {
        if self.next_byte() != Some(b'"') {
            self.skip();
            return None;
        }
        self.quoted()
    }

    /// Takes a boolean; any other value is skipped and gives nothing.
    pub fn boolean(&mut self) -> Option<bool> {
        match self.value() {
            b"true" => Some(true),
            b"false" => Some(false),
            _ => None,
        }
    }

    /// Takes any value and gives its bytes, empty when there is none.
    pub fn value(&mut self) -> &'a [u8] {
        self.skip_space();
        let start = self.at;
        self.skip();
        if self.malformed {
            &[]
        } else {
            self.bytes.get(start..self.at).unwrap_or_default()
        }
    }

    /// Passes over any value.
    pub fn skip(&mut self) {
        match self.next_byte() {
            Some(b'"') => {
                self.quoted();
            }
            Some(b'{' | b'[') => self.skip_nested(),
            Some(b't') => self.literal(b"true"),
            Some(b'f') => self.literal(b"false"),
            Some(b'n') => self.literal(b"null"),
            Some(b'-' | b'0'..=b'9') => self.skip_number(),
            _ => self.fail(),
        }
    }

    fn skip_number(&mut self) {
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        let length = rest
            .iter()
            .position(|b| !matches!(b, b'0'..=b'9' | b'-' | b'+' | b'.' | b'e' | b'E'));
        self.at += length.unwrap_or(rest.len());
    }

    fn literal(&mut self, word: &[u8]) {
        if self
            .bytes
            .get(self.at..)
            .is_some_and(|rest| rest.starts_with(word))
        {
            self.at += word.len();
        } else {
            self.fail();
        }
    }

    /// Passes over a container without recursion; the open brackets are bits of one number.
    fn skip_nested(&mut self) {
        let mut open: u128 = 0;
        let mut depth = 0;
        let allowed = MAX_DEPTH.saturating_sub(self.depth);
        while let Some(&byte) = self.bytes.get(self.at) {
            self.at += 1;
            match byte {
                b'"' => match string_end(self.bytes, self.at) {
                    Some(end) => self.at = end + 1,
                    None => return self.fail(),
                },
                b'{' | b'[' if depth < allowed => {
                    open = open << 1 | u128::from(byte == b'{');
                    depth += 1;
                }
                b'}' | b']' if (open & 1 == 1) == (byte == b'}') => {
                    open >>= 1;
                    depth -= 1;
                    if depth == 0 {
                        return;
                    }
                }
                b'{' | b'[' | b'}' | b']' => return self.fail(),
                _ => {}
            }
        }
        self.fail();
    }

    /// Takes the key of a member and the colon behind it, up to the value's first byte.
    fn key(&mut self) -> Option<Text<'a>> {
        if self.next_byte() != Some(b'"') {
            self.fail();
            return None;
        }
        let key = self.quoted()?;
        if self.next_byte() != Some(b':') {
            self.fail();
            return None;
        }
        self.at += 1;
        self.skip_space();
        Some(key)
    }

    /// Takes a string whose opening quote is the next byte.
    fn quoted(&mut self) -> Option<Text<'a>> {
        let start = self.at + 1;
        let Some(end) = string_end(self.bytes, start) else {
            self.fail();
            return None;
        };
        self.at = end + 1;
        Some(Text::from_raw(self.bytes.get(start..end)?))
    }

    /// Opens a container; a value that is none is skipped.
    fn enter(&mut self, bracket: u8) -> bool {
        if self.next_byte() != Some(bracket) {
            self.skip();
            return false;
        }
        if self.depth >= MAX_DEPTH {
            self.fail();
            return false;
        }
        self.depth += 1;
        self.at += 1;
        true
    }

    fn leave(&mut self) {
        self.depth = self.depth.saturating_sub(1);
        self.at += 1;
    }

    /// After a member or entry: takes a comma and says true, or the closing bracket and false.
    fn more(&mut self, bracket: u8) -> bool {
        match self.next_byte() {
            Some(b',') => {
                self.at += 1;
                true
            }
            Some(byte) if byte == bracket => {
                self.leave();
                false
            }
            _ => {
                self.fail();
                false
            }
        }
    }

    fn next_byte(&mut self) -> Option<u8> {
        self.skip_space();
        self.bytes.get(self.at).copied()
    }

    fn skip_space(&mut self) {
        while let Some(b' ' | b'\n' | b'\r' | b'\t') = self.bytes.get(self.at) {
            self.at += 1;
        }
    }

    /// Ends the walk: nothing is left to read.
    fn fail(&mut self) {
        self.malformed = true;
        self.at = self.bytes.len();
    }
}

/// Reads a JSON string that stands alone, such as the bytes [`Cursor::value`] gave.
#[must_use]
pub fn string_value(value: &[u8]) -> Option<Cow<'_, str>> {
    Cursor::new(value).string().map(|text| text.decode())
}

/// The same for `value` that is one JSON value and nothing else, without looking for its end
/// again.
#[must_use]
pub fn whole_string(value: &[u8]) -> Option<Cow<'_, str>> {
    let raw = value.strip_prefix(b"\"")?.strip_suffix(b"\"")?;
    Some(Text::from_raw(raw).decode())
}

#[cfg(test)]
mod tests;
