//! Where a body that was edited, perhaps more than once, differs from the one it was made of.

use std::ops::Range;

use super::Edits;

/// Most splices that are told of one body; what follows is told as one.
pub const MAX_SPLICES: usize = 256;

/// One place where a body differs from the one it was made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Splice {
    /// Where in the first body, in bytes.
    pub at: usize,
    /// Bytes of the first body that are gone.
    pub removed: usize,
    /// Bytes that stand there instead.
    pub inserted: usize,
}

/// Follows a body through its edits. Costs nothing until there is one.
#[derive(Clone, Debug)]
pub struct Trace {
    /// Bytes of the first body.
    len: usize,
    /// What the last body consists of; none while it is the first.
    runs: Option<Vec<Run>>,
}

#[derive(Clone, Debug)]
enum Run {
    /// A part of the first body.
    Kept(Range<usize>),
    /// So many bytes that are not from it.
    New(usize),
}

impl Run {
    fn len(&self) -> usize {
        match self {
            Self::Kept(range) => range.len(),
            Self::New(len) => *len,
        }
    }

    /// The first `len` bytes of it, and the rest.
    fn split(&self, len: usize) -> (Self, Self) {
        match self {
            Self::Kept(range) => {
                let middle = range.start + len;
                (
                    Self::Kept(range.start..middle),
                    Self::Kept(middle..range.end),
                )
            }
            Self::New(all) => (Self::New(len), Self::New(all - len)),
        }
    }
}

impl Trace {
    /// Follows a body of `len` bytes.
    #[must_use]
    pub fn new(len: usize) -> Self {
        Self { len, runs: None }
    }

    /// The body was edited by `edits`, whose ranges are those of the body as it was then.
    pub fn then(&mut self, edits: &Edits) {
        if edits.is_empty() {
            return;
        }
        let first = || vec![Run::Kept(0..self.len)];
        let mut before: Vec<Run> = self.runs.take().unwrap_or_else(first);
        before.reverse();
        let mut after = Vec::with_capacity(before.len() + 2 * edits.len());
        let mut done = 0;
        for (range, with) in &edits.list {
            // As `Edits::apply` has it.
            if range.start < done || range.end < range.start {
                continue;
            }
            walk(&mut before, range.start - done, |run| after.push(run));
            if !with.is_empty() {
                after.push(Run::New(with.len()));
            }
            walk(&mut before, range.end - range.start, drop);
            done = range.end;
        }
        walk(&mut before, usize::MAX, |run| after.push(run));
        self.runs = Some(after);
    }

    /// Where the last body differs from the first, in order; empty when it is the first.
    #[must_use]
    pub fn splices(&self) -> Vec<Splice> {
        let Some(runs) = &self.runs else {
            return Vec::new();
        };
        let mut splices = Vec::new();
        let (mut at, mut inserted) = (0, 0);
        let end = Run::Kept(self.len..self.len);
        for run in runs.iter().chain([&end]) {
            match run {
                Run::New(len) => inserted += len,
                Run::Kept(kept) => {
                    let removed = kept.start - at;
                    if removed > 0 || inserted > 0 {
                        add(
                            &mut splices,
                            Splice {
                                at,
                                removed,
                                inserted,
                            },
                        );
                    }
                    (at, inserted) = (kept.end, 0);
                }
            }
        }
        splices
    }
}

/// Adds a splice; when there are too many the last one grows over what lies between.
fn add(splices: &mut Vec<Splice>, next: Splice) {
    let full = splices.len() >= MAX_SPLICES;
    match splices.last_mut().filter(|_| full) {
        Some(last) => {
            let between = next.at - (last.at + last.removed);
            last.removed += between + next.removed;
            last.inserted += between + next.inserted;
        }
        None => splices.push(next),
    }
}

/// Gives the first `bytes` bytes of `runs`, which are in reverse order, to `each`.
fn walk(runs: &mut Vec<Run>, mut bytes: usize, mut each: impl FnMut(Run)) {
    while bytes > 0
        && let Some(run) = runs.pop()
    {
        if run.len() <= bytes {
            bytes -= run.len();
            each(run);
        } else {
            let (head, tail) = run.split(bytes);
            runs.push(tail);
            each(head);
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use proptest::prelude::*;

    use super::*;

    fn splice(at: usize, removed: usize, inserted: usize) -> Splice {
        Splice {
            at,
            removed,
            inserted,
        }
    }

    #[test]
    fn an_untouched_body_has_no_splices() {
        let mut trace = Trace::new(10);
        trace.then(&Edits::default());
        assert_eq!(trace.splices(), []);
    }

    #[test]
    fn edits_of_an_edited_body_are_told_by_the_first() {
        let mut trace = Trace::new(10);
        let mut edits = Edits::default();
        edits.replace(2..4, "abcdef");
        trace.then(&edits);
        assert_eq!(trace.splices(), [splice(2, 2, 6)]);
        let mut edits = Edits::default();
        // One within the first, one behind it.
        edits.remove(3..5);
        edits.replace(14..14, "!");
        trace.then(&edits);
        assert_eq!(trace.splices(), [splice(2, 2, 4), splice(10, 0, 1)]);
    }

    #[test]
    fn there_are_never_too_many() {
        let mut edits = Edits::default();
        for at in 0..MAX_SPLICES * 2 {
            edits.replace(at * 4..at * 4 + 1, "xy");
        }
        let mut trace = Trace::new(MAX_SPLICES * 8);
        trace.then(&edits);
        let splices = trace.splices();
        assert_eq!(splices.len(), MAX_SPLICES);
        let grown: usize = splices.iter().map(|one| one.inserted - one.removed).sum();
        assert_eq!(grown, MAX_SPLICES * 2);
    }

    proptest! {
        #[test]
        fn what_is_told_makes_the_last_body_of_the_first(
            rounds in prop::collection::vec(
                prop::collection::vec((0..60usize, 0..5usize, "[A-Z]{0,3}"), 0..4), 1..4),
        ) {
            let text: String = ('a'..='z').chain('a'..='z').collect();
            let mut body = vec![Bytes::from(text.clone())];
            let mut trace = Trace::new(text.len());
            for ranges in rounds {
                let len = body.iter().map(Bytes::len).sum::<usize>();
                let mut edits = Edits::default();
                for (start, size, with) in ranges {
                    let start = start.min(len);
                    edits.replace(start..(start + size).min(len), with);
                }
                trace.then(&edits);
                body = edits.apply(&body).0;
            }
            let last = String::from_utf8(body.concat()).unwrap();
            let (mut made, mut from, mut to) = (String::new(), 0, 0);
            for splice in trace.splices() {
                made += text.get(from..splice.at).unwrap();
                to += splice.at - from;
                made += last.get(to..to + splice.inserted).unwrap();
                to += splice.inserted;
                from = splice.at + splice.removed;
            }
            made += text.get(from..).unwrap();
            prop_assert_eq!(made, last);
        }
    }
}
