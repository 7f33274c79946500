//! The one door between headers as they came and headers as they are kept.

use http::{HeaderMap, HeaderName, HeaderValue};
use weir_core::redact::Redactor;

use crate::files::KEY_LEN;

/// Replaces credentials by keyed hashes.
#[derive(Debug)]
pub(crate) struct Privacy {
    redactor: Redactor,
}

impl Privacy {
    /// Hashes with the key of this installation; `key_header` is one more credential header.
    pub(crate) fn new(key: [u8; KEY_LEN], key_header: Option<&HeaderName>) -> Self {
        let redactor = Redactor::new(key);
        let redactor = match key_header {
            Some(name) => redactor.with_key_header(name.clone()),
            None => redactor,
        };
        Self { redactor }
    }

    /// One field's value as it may be kept.
    pub(crate) fn field(&self, name: &HeaderName, value: &HeaderValue) -> String {
        self.redactor.redact_header(name, value)
    }

    /// A query as it may be kept.
    pub(crate) fn query(&self, query: &str) -> String {
        self.redactor.redact_query(query)
    }

    /// What tells this client's credential from others'.
    pub(crate) fn key_digest(&self, headers: &HeaderMap, query: Option<&str>) -> Option<Box<str>> {
        self.redactor.key_digest(headers, query).map(Into::into)
    }
}
