//! A leg of an exchange, and its line.

use std::io;

use http::{HeaderMap, Uri};
use jiff::Timestamp;
use ring::rand::{SecureRandom as _, SystemRandom};
use serde_json::json;
use weir_core::exchange::{ExchangeId, RawBody, RequestRecord, ResponseRecord};
use weir_core::redact::{Redactor, bare_address, mask_text};
use weir_wire::decode::decode;

/// Most bytes of one body that are written.
const MAX_BODY: usize = 8 << 20;

/// One of the four times that an exchange crosses a wire.
#[derive(Debug)]
pub(super) struct Leg {
    exchange: ExchangeId,
    name: &'static str,
    method: Option<String>,
    path: Option<String>,
    query: Option<String>,
    status: Option<u16>,
    headers: HeaderMap,
    body: RawBody,
}

impl Leg {
    /// The first leg: what the client sent.
    pub(super) fn of_client(record: &RequestRecord) -> Self {
        Self {
            exchange: record.id,
            name: "client_request",
            method: Some(record.method.to_string()),
            path: Some(record.path.to_string()),
            query: record.query.as_deref().map(str::to_owned),
            status: None,
            headers: record.headers.clone(),
            body: record.body.clone(),
        }
    }

    /// The others, as far as there were any.
    pub(super) fn of_rest(record: &ResponseRecord) -> Vec<Self> {
        let mut legs = Vec::with_capacity(3);
        let status = record.status.map(|status| status.as_u16());
        let raw = record.raw.as_deref();
        if let Some(sent) = record.sent.as_deref() {
            legs.push(Self {
                exchange: record.id,
                name: "upstream_request",
                method: None,
                path: Some(bare_address(&sent.uri)),
                query: Uri::query(&sent.uri).map(str::to_owned),
                status: None,
                headers: sent.headers.clone(),
                body: sent.bytes.clone().unwrap_or_default(),
            });
            let upstream = raw.and_then(|raw| raw.upstream.clone());
            legs.push(Self {
                exchange: record.id,
                name: "upstream_response",
                method: None,
                path: None,
                query: None,
                status,
                headers: record.headers.clone(),
                body: upstream.unwrap_or_else(|| record.body.clone()),
            });
        }
        let shown = raw.and_then(|raw| raw.client_headers.clone());
        legs.push(Self {
            exchange: record.id,
            name: "client_response",
            method: None,
            path: None,
            query: None,
            status,
            headers: shown.unwrap_or_else(|| record.headers.clone()),
            body: record.body.clone(),
        });
        legs
    }

    /// The bytes that it holds.
    pub(super) fn size(&self) -> usize {
        self.body.len
    }
}

/// Makes lines of legs.
pub(super) struct Writer {
    redactor: Redactor,
}

impl Writer {
    /// Its digests tell credentials apart within one run, and are good for nothing else.
    ///
    /// # Errors
    /// When the system has no random numbers.
    pub(super) fn new() -> io::Result<Self> {
        let mut key = [0; 32];
        let filled = SystemRandom::new().fill(&mut key);
        filled.map_err(|_| io::Error::other("the system has no random numbers"))?;
        Ok(Self {
            redactor: Redactor::new(key),
        })
    }

    /// A leg's line, its end included.
    pub(super) fn line(&self, leg: &Leg) -> Vec<u8> {
        let headers: Vec<_> = self
            .redactor
            .redact_headers(&leg.headers)
            .into_iter()
            .map(|(name, value)| (name, mask_text(&value)))
            .collect();
        let query = leg.query.as_deref();
        let query = query.map(|query| self.redactor.redact_query(query));
        let encoding = leg.headers.get(http::header::CONTENT_ENCODING);
        let encoding = encoding.and_then(|value| value.to_str().ok());
        let bytes = leg.body.to_bytes();
        let decoded = decode(encoding, &bytes, MAX_BODY);
        let whole = decoded.bytes.get(..MAX_BODY).unwrap_or(&decoded.bytes);
        let mut line = json!({
            "time": Timestamp::now().strftime("%Y-%m-%dT%H:%M:%S%.3fZ").to_string(),
            "exchange": leg.exchange.to_string(),
            "leg": leg.name,
            "headers": headers,
            "bytes": bytes.len(),
        });
        if let Some(members) = line.as_object_mut() {
            let mut put = |name: &str, value: Option<serde_json::Value>| {
                members.extend(value.map(|value| (name.to_owned(), value)));
            };
            put("method", leg.method.as_deref().map(Into::into));
            put(
                "url",
                leg.path.as_deref().map(|path| match &query {
                    Some(query) => format!("{path}?{query}").into(),
                    None => path.into(),
                }),
            );
            put("status", leg.status.map(Into::into));
            put("truncated", decoded.truncated.then(|| true.into()));
            // What cannot be read cannot be redacted.
            match std::str::from_utf8(whole) {
                Ok(text) if decoded.fault.is_none() => put("body", Some(mask_text(text).into())),
                _ if decoded.truncated => {
                    let text = String::from_utf8_lossy(whole);
                    put("body", Some(mask_text(&text).into()));
                }
                _ => put("unreadable", Some(true.into())),
            }
        }
        let mut line = line.to_string().into_bytes();
        line.push(b'\n');
        line
    }
}
