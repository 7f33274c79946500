//! Members of a JSON object that are looked for from its end, because they stand behind all that is
//! long.

use memchr::memmem::Finder;

use crate::scan::Cursor;

/// Bytes that are looked through at once.
pub(crate) const WINDOW: usize = 4096;

/// Names of members, with their quotes.
pub(crate) struct Names<'a> {
    /// Finds what all of them begin with.
    pub begin: &'a Finder<'static>,
    /// All of them.
    pub all: &'a [&'static [u8]],
}

impl Names<'_> {
    /// Where the last string begins that is one of the names. Such a string may be anywhere.
    pub(crate) fn last(&self, body: &[u8]) -> Option<usize> {
        let mut end = body.len();
        while end > 0 {
            let start = end.saturating_sub(WINDOW);
            // A name may begin in this window and end behind it.
            let until = (end + self.begin.needle().len() - 1).min(body.len());
            let found = self.begin.find_iter(body.get(start..until)?);
            let named = found
                .map(|at| start + at)
                .filter(|at| self.length(body, *at).is_some() && !is_escaped(body, *at));
            if let Some(at) = named.last() {
                return Some(at);
            }
            end = start;
        }
        None
    }

    /// The bytes of the name that begins here.
    pub(crate) fn length(&self, body: &[u8], at: usize) -> Option<usize> {
        let rest = body.get(at..)?;
        let name = self.all.iter().find(|name| rest.starts_with(name))?;
        Some(name.len())
    }

    /// What `take` makes of the value of the member at `at`, if it is one of the body itself and the last
    /// of these names: what is behind it is the rest of one object, and nothing else. That is known when
    /// the value has been taken.
    pub(crate) fn own<'b, T>(
        &self,
        body: &'b [u8],
        at: usize,
        take: impl FnOnce(&mut Cursor<'b>) -> T,
    ) -> Option<T> {
        let mut cursor = Cursor::resume(body, at + self.length(body, at)?, 1);
        if !cursor.colon() {
            return None;
        }
        let taken = take(&mut cursor);
        let mut is_last = true;
        cursor.rest_of_object(|key, _| is_last &= !self.is_one(&key.decode()));
        (is_last && cursor.at_end()).then_some(taken)
    }

    /// Whether a name is one of them.
    pub(crate) fn is_one(&self, name: &str) -> bool {
        let plain = |quoted: &&'static [u8]| quoted.get(1..quoted.len() - 1);
        self.all
            .iter()
            .filter_map(plain)
            .any(|one| one == name.as_bytes())
    }
}

/// Whether a quote is part of a string, and begins none.
fn is_escaped(body: &[u8], at: usize) -> bool {
    let before = at.checked_sub(1).and_then(|before| body.get(before));
    before == Some(&b'\\')
}
