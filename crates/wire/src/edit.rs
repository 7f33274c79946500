//! Edits of a body in which every byte that is not meant stays as it is: replacements of ranges,
//! made without copying what is kept.

use std::ops::Range;

use bytes::Bytes;

use crate::scan::Cursor;

pub use trace::{MAX_SPLICES, Splice, Trace};

mod trace;

/// Replacements that do not overlap, in any order of coming.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Edits {
    list: Vec<(Range<usize>, Bytes)>,
}

impl Edits {
    /// Replaces `range` by `with`; an empty range inserts, an empty replacement removes. A range
    /// that overlaps an earlier one is ignored when the edits are applied.
    pub fn replace(&mut self, range: Range<usize>, with: impl Into<Bytes>) {
        let at = self
            .list
            .partition_point(|(known, _)| (known.start, known.end) <= (range.start, range.end));
        self.list.insert(at, (range, with.into()));
    }

    /// Removes `range`.
    pub fn remove(&mut self, range: Range<usize>) {
        self.replace(range, Bytes::new());
    }

    /// Adds edits that were made for a part which begins at `start`.
    pub fn shifted(&mut self, of_part: Self, start: usize) {
        for (range, with) in of_part.list {
            self.replace(range.start + start..range.end + start, with);
        }
    }

    /// Whether nothing changes.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// Replacements so far.
    #[must_use]
    pub fn len(&self) -> usize {
        self.list.len()
    }

    /// The edited body, in pieces that share the memory of the old ones, and its length.
    #[must_use]
    pub fn apply(&self, pieces: &[Bytes]) -> (Vec<Bytes>, usize) {
        let mut source = Source { pieces, at: 0 };
        let mut out = Vec::with_capacity(pieces.len() + 2 * self.list.len());
        let mut done = 0;
        for (range, with) in &self.list {
            if range.start < done || range.end < range.start {
                continue;
            }
            source.copy(range.start - done, &mut out);
            if !with.is_empty() {
                out.push(with.clone());
            }
            source.skip(range.end - range.start);
            done = range.end;
        }
        source.copy(usize::MAX, &mut out);
        let len = out.iter().map(Bytes::len).sum();
        (out, len)
    }
}

/// What is left of the old body.
struct Source<'a> {
    pieces: &'a [Bytes],
    /// Where the first of them is taken up.
    at: usize,
}

impl Source<'_> {
    fn copy(&mut self, bytes: usize, out: &mut Vec<Bytes>) {
        self.walk(bytes, |slice| out.push(slice));
    }

    fn skip(&mut self, bytes: usize) {
        self.walk(bytes, drop);
    }

    fn walk(&mut self, mut bytes: usize, mut each: impl FnMut(Bytes)) {
        while bytes > 0
            && let Some((piece, rest)) = self.pieces.split_first()
        {
            let end = piece.len().min(self.at.saturating_add(bytes));
            if end > self.at {
                bytes -= end - self.at;
                each(piece.slice(self.at..end));
            }
            if end == piece.len() {
                self.pieces = rest;
                self.at = 0;
            } else {
                self.at = end;
            }
        }
    }
}

/// Where a member of an object stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// From the key's opening quote to the value's last byte.
    pub whole: Range<usize>,
    /// The value alone.
    pub value: Range<usize>,
}

/// An object's members, to take some out and put some in with the commas right.
#[derive(Debug)]
pub struct Members {
    /// Just behind the opening brace.
    start: usize,
    all: Vec<(Box<str>, Member)>,
    gone: Vec<bool>,
}

impl Members {
    /// The members of the object that `body` is; none if it is not one.
    #[must_use]
    pub fn of(body: &[u8]) -> Option<Self> {
        Self::at(&mut Cursor::new(body), body)
    }

    /// The members of the object that `cursor`, which walks `body`, is at; it is behind it then.
    #[must_use]
    pub fn at(cursor: &mut Cursor<'_>, body: &[u8]) -> Option<Self> {
        cursor.kind();
        let start = cursor.offset() + 1;
        let mut all = Vec::new();
        let is_object = cursor.object(|key, cursor| {
            let value_at = cursor.offset();
            let key_at = key_start(body, value_at, key.raw().len());
            cursor.value();
            let value = value_at..cursor.offset();
            let whole = key_at..value.end;
            all.push((key.decode().into(), Member { whole, value }));
        });
        let gone = vec![false; all.len()];
        (is_object && !cursor.malformed()).then_some(Self { start, all, gone })
    }

    /// The last member of this name, which is the one that counts.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Member> {
        self.named(name).last()
    }

    fn named(&self, name: &str) -> impl Iterator<Item = &Member> {
        let all = self.all.iter().filter(move |(known, _)| **known == *name);
        all.map(|(_, member)| member)
    }

    /// Takes every member of this name out; says whether there was one.
    pub fn remove(&mut self, name: &str) -> bool {
        let mut found = false;
        for ((known, _), gone) in self.all.iter().zip(&mut self.gone) {
            if **known == *name {
                *gone = true;
                found = true;
            }
        }
        found
    }

    /// The edits that leave out what was removed and begin with `first`, which is members in JSON
    /// joined by commas; it may be empty.
    pub fn edit(&self, first: &str, edits: &mut Edits) {
        let kept = self.gone.iter().any(|gone| !gone);
        if !first.is_empty() {
            let comma = if kept { "," } else { "" };
            edits.replace(self.start..self.start, format!("{first}{comma}"));
        }
        // A removed member takes the comma behind it along; the last ones, which have none, the
        // comma before them.
        let last_kept = self.gone.iter().rposition(|gone| !gone);
        for (index, (_, member)) in self.all.iter().enumerate() {
            if !self.gone[index] {
                continue;
            }
            let next = self.all.get(index + 1);
            let before_last = last_kept.is_some_and(|last| index < last);
            match (next, before_last) {
                (Some((_, next)), true) => edits.remove(member.whole.start..next.whole.start),
                _ => {
                    let from = match index.checked_sub(1) {
                        Some(before) => self.all[before].1.whole.end,
                        None => self.start,
                    };
                    edits.remove(from..member.whole.end);
                }
            }
        }
    }
}

/// The offset of a key's opening quote: before its value there are the colon, white space and the
/// key itself.
fn key_start(body: &[u8], value_at: usize, key_len: usize) -> usize {
    let before = body.get(..value_at).unwrap_or_default();
    let closing = before.iter().rposition(|byte| *byte == b'"').unwrap_or(0);
    closing.saturating_sub(key_len + 1)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn pieces(text: &str, cuts: &[usize]) -> Vec<Bytes> {
        let mut cuts: Vec<usize> = cuts.iter().map(|cut| cut % (text.len() + 1)).collect();
        cuts.extend([0, text.len()]);
        cuts.sort_unstable();
        let bytes = Bytes::copy_from_slice(text.as_bytes());
        cuts.windows(2)
            .map(|cut| bytes.slice(cut[0]..cut[1]))
            .collect()
    }

    fn edited(text: &str, removed: &[&str], first: &str) -> String {
        let mut members = Members::of(text.as_bytes()).unwrap();
        for name in removed {
            members.remove(name);
        }
        let mut edits = Edits::default();
        members.edit(first, &mut edits);
        let (out, len) = edits.apply(&[Bytes::copy_from_slice(text.as_bytes())]);
        let out = String::from_utf8(out.concat()).unwrap();
        assert_eq!(out.len(), len);
        out
    }

    #[test]
    fn commas_stay_right_wherever_a_member_goes() {
        let text = "{ \"a\" : 1,\n \"b\":[2,3], \"c\" : \"x\" }";
        assert_eq!(edited(text, &["a"], ""), "{ \"b\":[2,3], \"c\" : \"x\" }");
        assert_eq!(edited(text, &["b"], ""), "{ \"a\" : 1,\n \"c\" : \"x\" }");
        assert_eq!(edited(text, &["c"], ""), "{ \"a\" : 1,\n \"b\":[2,3] }");
        assert_eq!(edited(text, &["b", "c"], ""), "{ \"a\" : 1 }");
        assert_eq!(edited(text, &["a", "c"], ""), "{ \"b\":[2,3] }");
        assert_eq!(edited(text, &["a", "b", "c"], ""), "{ }");
        assert_eq!(edited(text, &["a", "b", "c"], "\"d\":4"), "{\"d\":4 }");
        assert_eq!(
            edited(text, &["x"], "\"d\":4"),
            "{\"d\":4, \"a\" : 1,\n \"b\":[2,3], \"c\" : \"x\" }"
        );
        assert_eq!(edited("{}", &["x"], "\"d\":4"), "{\"d\":4}");
    }

    #[test]
    fn every_one_of_a_name_goes() {
        let text = r#"{"a":1,"a":2,"b":3,"a":4}"#;
        assert_eq!(edited(text, &["a"], ""), r#"{"b":3}"#);
        assert_eq!(
            Members::of(text.as_bytes())
                .unwrap()
                .get("a")
                .unwrap()
                .value,
            23..24
        );
    }

    #[test]
    fn edits_that_overlap_are_left_out() {
        let mut edits = Edits::default();
        edits.replace(2..5, "x");
        edits.replace(4..6, "y");
        edits.replace(6..6, "z");
        let (out, _) = edits.apply(&[Bytes::from_static(b"0123456789")]);
        assert_eq!(out.concat(), b"01x5z6789");
    }

    proptest! {
        #[test]
        fn pieces_make_no_difference(
            text in "[a-z]{0,60}",
            cuts in prop::collection::vec(0..100usize, 0..6),
            ranges in prop::collection::vec((0..60usize, 0..5usize, "[A-Z]{0,3}"), 0..5),
        ) {
            let mut edits = Edits::default();
            let mut end = 0;
            let mut expected = String::new();
            let mut ranges = ranges;
            ranges.sort();
            for (start, len, with) in ranges {
                let start = start.max(end).min(text.len());
                let stop = (start + len).min(text.len());
                edits.replace(start..stop, with.clone());
                expected += text.get(end..start).unwrap();
                expected += &with;
                end = stop;
            }
            expected += text.get(end..).unwrap();
            let (out, len) = edits.apply(&pieces(&text, &cuts));
            prop_assert_eq!(len, expected.len());
            prop_assert_eq!(String::from_utf8(out.concat()).unwrap(), expected);
        }
    }
}
