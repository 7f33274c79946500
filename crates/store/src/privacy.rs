//! The one door between headers as they came and headers as they are kept.

use std::collections::HashMap;

use http::header::AUTHORIZATION;
use http::{HeaderMap, HeaderName, HeaderValue};
use weir_core::redact::Redactor;
use xxhash_rust::xxh3::Xxh3;

use crate::files::KEY_LEN;

/// Credentials whose digest is remembered.
const MOST_REMEMBERED: usize = 1024;

/// How values come to be kept.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Door<'a> {
    /// Credentials are blotted out.
    Blotting(&'a Privacy),
    /// They were where it was captured; what is there now is kept.
    AsItIs,
}

impl Door<'_> {
    /// One field's value as it may be kept.
    pub(crate) fn field(self, name: &HeaderName, value: &HeaderValue) -> String {
        match self {
            Self::Blotting(privacy) => privacy.field(name, value),
            Self::AsItIs => String::from_utf8_lossy(value.as_bytes()).into_owned(),
        }
    }
}

/// Replaces credentials by keyed hashes.
pub(crate) struct Privacy {
    redactor: Redactor,
    /// Every header that [`Redactor::key_digest`] looks at.
    key_headers: Vec<HeaderName>,
    /// Digests by a hash of all that they are made of: a client sends the same key every time.
    remembered: HashMap<u128, Option<Box<str>>>,
    hasher: Xxh3,
}

impl std::fmt::Debug for Privacy {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Privacy").finish_non_exhaustive()
    }
}

impl Privacy {
    /// Hashes with the key of this installation; `key_header` is one more credential header.
    pub(crate) fn new(key: [u8; KEY_LEN], key_header: Option<&HeaderName>) -> Self {
        let redactor = Redactor::new(key);
        let redactor = match key_header {
            Some(name) => redactor.with_key_header(name.clone()),
            None => redactor,
        };
        let known = ["x-api-key", "x-goog-api-key", "api-key"].map(HeaderName::from_static);
        let key_headers = [AUTHORIZATION]
            .into_iter()
            .chain(known)
            .chain(key_header.cloned());
        // The seed keeps a client from finding two credentials with one hash.
        let seed = key
            .first_chunk()
            .map_or(0, |bytes| u64::from_le_bytes(*bytes));
        Self {
            redactor,
            key_headers: key_headers.collect(),
            remembered: HashMap::new(),
            hasher: Xxh3::with_seed(seed),
        }
    }

    /// One field's value as it may be kept.
    fn field(&self, name: &HeaderName, value: &HeaderValue) -> String {
        self.redactor.redact_header(name, value)
    }

    /// A query as it may be kept.
    pub(crate) fn query(&self, query: &str) -> String {
        self.redactor.redact_query(query)
    }

    /// What tells this client's credential from others'.
    pub(crate) fn key_digest(
        &mut self,
        headers: &HeaderMap,
        query: Option<&str>,
    ) -> Option<Box<str>> {
        self.hasher.reset();
        for name in &self.key_headers {
            let value = headers.get(name).map_or(&[][..], HeaderValue::as_bytes);
            self.hasher.update(&value.len().to_le_bytes());
            self.hasher.update(value);
        }
        self.hasher.update(query.unwrap_or_default().as_bytes());
        let hash = self.hasher.digest128();
        if let Some(digest) = self.remembered.get(&hash) {
            return digest.clone();
        }
        let digest: Option<Box<str>> = self.redactor.key_digest(headers, query).map(Into::into);
        if self.remembered.len() >= MOST_REMEMBERED {
            self.remembered.clear();
        }
        self.remembered.insert(hash, digest.clone());
        digest
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_remembered_digest_is_the_one_that_would_be_made() {
        let mut privacy = Privacy::new([7; KEY_LEN], None);
        let redactor = Redactor::new([7; KEY_LEN]);
        for name in [
            "authorization",
            "x-api-key",
            "x-goog-api-key",
            "api-key",
            "accept",
        ] {
            for value in ["Bearer one", "one", "two"] {
                let mut headers = HeaderMap::new();
                headers.insert(name, HeaderValue::from_static(value));
                for query in [None, Some("key=three"), Some("beta=true")] {
                    let expected = redactor.key_digest(&headers, query);
                    for _ in 0..2 {
                        let found = privacy.key_digest(&headers, query);
                        assert_eq!(found.as_deref(), expected.as_deref(), "{name} {value}");
                    }
                }
            }
        }
    }
}
