//! Conditional requests (RFC 9110 §13): the client's, answered from an entry, and ours, to ask
//! whether an entry still holds.

use http::header::{DATE, ETAG, IF_MODIFIED_SINCE, IF_NONE_MATCH, LAST_MODIFIED};
use http::{HeaderMap, HeaderValue};

use super::lifetime::date;

/// What a provider tells one state of something from another by.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Validators {
    /// `ETag`.
    pub etag: Option<HeaderValue>,
    /// `Last-Modified`.
    pub modified: Option<HeaderValue>,
}

impl Validators {
    /// Those of a response.
    #[must_use]
    pub fn of(response: &HeaderMap) -> Self {
        Self {
            etag: response.get(ETAG).cloned(),
            modified: response.get(LAST_MODIFIED).cloned(),
        }
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.etag.is_none() && self.modified.is_none()
    }

    /// Has a request ask whether anything changed, in the place of what its client may have asked.
    pub fn ask(self, request: &mut HeaderMap) {
        for (name, value) in [
            (IF_NONE_MATCH, self.etag),
            (IF_MODIFIED_SINCE, self.modified),
        ] {
            match value {
                Some(value) => drop(request.insert(name, value)),
                None => drop(request.remove(name)),
            }
        }
    }
}

/// Whether a client that asks so has what a response with these headers holds. Tags are compared
/// weakly; where there are any, dates say nothing.
#[must_use]
pub fn not_modified(request: &HeaderMap, stored: &HeaderMap) -> bool {
    if request.contains_key(IF_NONE_MATCH) {
        let own = stored.get(ETAG).and_then(|tag| tag.to_str().ok());
        let own = own.map(opaque);
        let lines = request.get_all(IF_NONE_MATCH).iter();
        return lines
            .filter_map(|line| line.to_str().ok())
            .flat_map(tags)
            .any(|tag| tag == "*" || Some(opaque(tag)) == own);
    }
    let Some(since) = date(request, &IF_MODIFIED_SINCE) else {
        return false;
    };
    let changed = date(stored, &LAST_MODIFIED).or_else(|| date(stored, &DATE));
    changed.is_some_and(|changed| changed <= since)
}

/// A tag without what says that it is weak.
fn opaque(tag: &str) -> &str {
    let tag = tag.trim();
    tag.strip_prefix("W/").unwrap_or(tag)
}

/// The tags of a list, commas in quotes left alone.
fn tags(line: &str) -> impl Iterator<Item = &str> {
    let mut quoted = false;
    line.split(move |letter| {
        quoted ^= letter == '"';
        letter == ',' && !quoted
    })
    .map(str::trim)
    .filter(|tag| !tag.is_empty())
}
