//! Usage objects as text: which bytes are the value of which member. For who wants a few counts of
//! each of many answers.

use std::ops::Range;

use super::members::Members;
use crate::scan::Cursor;

/// Most members of a usage object that are told apart.
const MAX_MEMBERS: usize = 64;
/// Members that providers have, about.
const USUAL_MEMBERS: usize = 12;
/// Bytes of them, about.
const USUAL_TEXT: usize = 320;
/// Bytes of values that are not needed any more, before they are let go.
const MAX_STALE: usize = 16 * 1024;

/// The members of several objects, the later ones in the place of earlier ones.
#[derive(Clone, Debug, Default)]
pub(super) struct Flat {
    text: Vec<u8>,
    members: Vec<Member>,
    /// Bytes of `text` that no member needs.
    stale: usize,
}

#[derive(Clone, Debug)]
struct Member {
    key: Range<usize>,
    value: Range<usize>,
}

impl Member {
    fn is(&self, key: &[u8], text: &[u8]) -> bool {
        self.key.len() == key.len() && text.get(self.key.clone()) == Some(key)
    }
}

impl Flat {
    pub(super) fn is_empty(&self) -> bool {
        self.members.is_empty()
    }

    /// Takes an object of at most `most` bytes; any other value, and what is not whole, is passed over.
    pub(super) fn take(&mut self, cursor: &mut Cursor<'_>, most: usize) {
        let mut ahead = cursor.clone();
        // The first, which is nearly always good, is read once, and forgotten if it was not.
        let known = if self.is_empty() {
            self.members.reserve(USUAL_MEMBERS);
            self.text.reserve(USUAL_TEXT);
            true
        } else {
            is_whole(&mut ahead.clone(), most, |_, _| {})
        };
        if known && is_whole(&mut ahead, most, |key, value| self.put(key, value)) {
            *cursor = ahead;
        } else {
            if known {
                *self = Self::default();
            }
            cursor.skip();
        }
        if self.stale > MAX_STALE {
            self.compact();
        }
    }

    fn put(&mut self, key: &[u8], value: &[u8]) {
        match self.members.iter().position(|one| one.is(key, &self.text)) {
            Some(_) if value == b"null" => {}
            Some(at) => {
                let value = self.append(value);
                let before = std::mem::replace(&mut self.members[at].value, value);
                self.stale += before.len();
            }
            None if self.members.len() < MAX_MEMBERS => {
                let (key, value) = (self.append(key), self.append(value));
                self.members.push(Member { key, value });
            }
            None => {}
        }
    }

    fn append(&mut self, bytes: &[u8]) -> Range<usize> {
        let start = self.text.len();
        self.text.extend_from_slice(bytes);
        start..self.text.len()
    }

    fn compact(&mut self) {
        let before = std::mem::take(self);
        let of = |range: Range<usize>| before.text.get(range).unwrap_or_default();
        for member in before.members {
            self.put(of(member.key), of(member.value));
        }
    }

    pub(super) fn members(&self) -> Found<'_> {
        Found::Several(self)
    }
}

/// Whether an object of at most `most` bytes comes next; `member` gets what it has, be it so or not.
fn is_whole<'a>(
    cursor: &mut Cursor<'a>,
    most: usize,
    mut member: impl FnMut(&'a [u8], &'a [u8]),
) -> bool {
    let start = cursor.offset();
    let is_object = cursor.object(|key, cursor| member(key.raw(), cursor.value()));
    is_object && !cursor.malformed() && cursor.offset() - start <= most
}

/// Members that can be asked for by name, which takes nothing away.
#[derive(Debug)]
pub(super) enum Found<'a> {
    /// Of objects put together.
    Several(&'a Flat),
    /// Of one object; the last of a name counts.
    Within(Vec<(&'a [u8], &'a [u8])>),
}

impl<'a> Found<'a> {
    fn value(&self, key: &str) -> Option<&'a [u8]> {
        let key = key.as_bytes();
        match self {
            Self::Several(flat) => {
                let mut members = flat.members.iter();
                let member = members.find(|one| one.is(key, &flat.text))?;
                flat.text.get(member.value.clone())
            }
            Self::Within(members) => {
                let mut members = members.iter().rev();
                members
                    .find(|(name, _)| *name == key)
                    .map(|(_, value)| *value)
            }
        }
    }
}

impl Members for Found<'_> {
    fn count(&mut self, key: &str) -> Option<u64> {
        let digits = self.value(key)?;
        if digits.is_empty() {
            return None;
        }
        digits.iter().try_fold(0_u64, |count, digit| {
            let digit = char::from(*digit).to_digit(10)?;
            count.checked_mul(10)?.checked_add(digit.into())
        })
    }

    fn text(&mut self, key: &str) -> Option<String> {
        let text = Cursor::new(self.value(key)?).string()?;
        Some(text.decode().into_owned())
    }

    fn inside<T>(&mut self, key: &str, take: impl FnOnce(&mut Self) -> T) -> Option<T> {
        let object = self.value(key)?;
        let mut members = Vec::new();
        let mut cursor = Cursor::new(object);
        let is_one = cursor.object(|key, cursor| {
            if members.len() < MAX_MEMBERS {
                members.push((key.raw(), cursor.value()));
            }
        });
        is_one.then(|| take(&mut Self::Within(members)))
    }
}
