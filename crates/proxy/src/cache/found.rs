//! An answer from the cache, and what clients are told of it.

use std::sync::Arc;

use bytes::Bytes;
use http::header::{
    CONTENT_ENCODING, CONTENT_LANGUAGE, CONTENT_LENGTH, CONTENT_TYPE, LAST_MODIFIED,
};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use weir_core::cache::{Entry, Key, Status};

use super::Lead;
use crate::reply::Reply;
use crate::shape;

const CACHE_STATUS: HeaderName = HeaderName::from_static("cache-status");
const X_PROXY_CACHE: HeaderName = HeaderName::from_static("x-proxy-cache");
const X_PROXY_CACHE_KEY: HeaderName = HeaderName::from_static("x-proxy-cache-key");

/// What clients are told.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Labels {
    /// In the RFC's words.
    pub(super) status: Status,
    /// In llm-proxy's.
    pub(super) word: &'static str,
    /// The entry.
    pub(super) key: Option<Key>,
}

impl Labels {
    /// Adds the headers.
    pub(crate) fn add_to(&self, headers: &mut HeaderMap) {
        if let Ok(status) = HeaderValue::try_from(self.status.to_string()) {
            // Caches further up have said theirs.
            headers.append(CACHE_STATUS, status);
        }
        headers.insert(X_PROXY_CACHE, HeaderValue::from_static(self.word));
        if let Some(Ok(key)) = self.key.map(|key| HeaderValue::try_from(key.to_hex())) {
            headers.insert(X_PROXY_CACHE_KEY, key);
        }
    }
}

/// An entry that answers a request.
#[derive(Debug)]
pub(crate) struct Found {
    pub(super) entry: Arc<Entry>,
    pub(super) labels: Labels,
    /// Whether the client has it already.
    pub(super) unchanged: bool,
    /// Whether it asks for the head only.
    pub(super) head_only: bool,
    /// Now, in milliseconds since the Unix epoch.
    pub(super) at: i64,
    /// It is too old, and to be asked for again by whoever holds this.
    pub(super) again: Option<Lead>,
}

impl Found {
    /// Why it was the cache, for the record.
    pub(crate) fn reason(&self) -> &'static str {
        self.labels.word
    }

    /// What is to be held while it is asked for again; none where it need not be, or is already.
    pub(crate) fn again(&mut self) -> Option<Lead> {
        self.again.take()
    }

    /// The answer, but for what names the exchange.
    pub(crate) fn reply(&self) -> Reply {
        let mut headers = self.entry.headers_at(self.at);
        shape::forbid_buffering(&mut headers);
        self.labels.add_to(&mut headers);
        let (status, body) = match (self.unchanged, self.head_only) {
            (true, _) => {
                let with_tag = headers.contains_key(http::header::ETAG);
                let described = [
                    CONTENT_ENCODING,
                    CONTENT_LANGUAGE,
                    CONTENT_LENGTH,
                    CONTENT_TYPE,
                ];
                for name in described {
                    headers.remove(name);
                }
                if with_tag {
                    headers.remove(LAST_MODIFIED);
                }
                (StatusCode::NOT_MODIFIED, Bytes::new())
            }
            (false, true) => (self.entry.status, Bytes::new()),
            (false, false) => (self.entry.status, self.entry.body.clone()),
        };
        Reply {
            status,
            headers,
            body,
        }
    }
}
