//! One exchange whole: found by id, with its bodies as JSON, text, frames or exact bytes.

use rusqlite::OptionalExtension;
use rusqlite::types::Value;
use serde_json::value::RawValue;
use uuid::Uuid;
use weir_core::exchange::Arrival;
use weir_wire::sse;

use super::View;
use super::frames;
use crate::captures::document::Fields;
use crate::error::StoreError;
use crate::facts::{self, Expected};
use crate::fields;
use crate::grades;
use crate::model::{self, Headers, RequestLog, RequestSummary, ResponseLog, SentLog, Usage};
use crate::removal::first_row;
use crate::sent;
use crate::summary::Summary;

/// How far the moment in an id may lie from the one that the row is ordered by, in microseconds.
const NEAR_US: i64 = 2_000_000;

/// One side of an exchange.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// What the client sent.
    Request,
    /// What the upstream sent.
    Response,
}

/// Whether stored bytes are known to be those captured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Their digest matches.
    Verified,
    /// No digest was stored.
    Unverified,
}

/// One side of an exchange, byte for byte.
#[derive(Clone, Debug)]
pub struct RawPart {
    /// The body as it crossed the wire.
    pub bytes: Vec<u8>,
    /// Its `Content-Type`.
    pub content_type: Option<String>,
    /// Its `Content-Encoding`, which `bytes` still have.
    pub content_encoding: Option<String>,
    /// Whether it was checked.
    pub verdict: Verdict,
    /// Whether it lacks bytes past the capture limit.
    pub truncated: bool,
}

/// The stored part of a response besides its body.
pub(super) struct Came {
    pub(super) truncated: bool,
    pub(super) headers: Vec<(String, String)>,
    pub(super) arrivals: Vec<Arrival>,
    pub(super) usage: Option<String>,
}

impl Came {
    pub(super) fn is_stream(&self) -> bool {
        first(&self.headers, "content-type").is_some_and(sse::is_stream)
    }
}

impl View {
    pub(super) fn get(&self, id: &str) -> Result<Option<RequestLog>, StoreError> {
        let found = self.find(id)?;
        found
            .map(|(row, summary)| self.detail(row, &summary))
            .transpose()
    }

    pub(super) fn raw(&self, id: &str, side: Side) -> Result<Option<RawPart>, StoreError> {
        let Some((row, _)) = self.find(id)? else {
            return Ok(None);
        };
        match side {
            Side::Request => self.raw_request(row),
            Side::Response => self.raw_response(row),
        }
    }

    fn raw_request(&self, row: i64) -> Result<Option<RawPart>, StoreError> {
        let Some(body) = self.request_body(row)? else {
            return Ok(None);
        };
        let headers = self.request_headers(row)?;
        let verdict = if body.verified {
            Verdict::Verified
        } else {
            Verdict::Unverified
        };
        Ok(Some(RawPart {
            bytes: body.bytes,
            content_type: first(&headers, "content-type"),
            content_encoding: first(&headers, "content-encoding"),
            verdict,
            truncated: false,
        }))
    }

    fn raw_response(&self, row: i64) -> Result<Option<RawPart>, StoreError> {
        let (Some(bytes), Some(came)) = (self.response_body(row)?, self.came(row)?) else {
            return Ok(None);
        };
        Ok(Some(RawPart {
            bytes,
            content_type: first(&came.headers, "content-type"),
            content_encoding: first(&came.headers, "content-encoding"),
            verdict: Verdict::Unverified,
            truncated: came.truncated,
        }))
    }

    /// The content encoding of a request body.
    pub(super) fn request_encoding(&self, row: i64) -> Result<Option<String>, StoreError> {
        Ok(first(&self.request_headers(row)?, "content-encoding"))
    }

    /// By full id: near the moment that the id names, else anywhere. Then by the client's id, then
    /// by how the id ends.
    pub(super) fn find(&self, id: &str) -> Result<Option<(i64, Summary)>, StoreError> {
        if let Ok(uuid) = Uuid::try_parse(id) {
            return self.find_uuid(uuid);
        }
        let by_client = self.newest("client_request_id=?1", &[Value::Text(id.to_owned())])?;
        let digits = id.replace('-', "").to_ascii_uppercase();
        let is_suffix =
            (1..32).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_hexdigit());
        if by_client.is_some() || !is_suffix {
            return Ok(by_client);
        }
        let sql = format!("substr(hex(uuid),-{})=?1", digits.len());
        self.newest(&sql, &[Value::Text(digits)])
    }

    fn find_uuid(&self, uuid: Uuid) -> Result<Option<(i64, Summary)>, StoreError> {
        let blob = Value::Blob(uuid.as_bytes().to_vec());
        if let Some(at) = uuid.get_timestamp() {
            let (seconds, nanos) = at.to_unix();
            let us = i64::try_from(seconds)
                .unwrap_or(0)
                .saturating_mul(1_000_000)
                .saturating_add(i64::from(nanos / 1000));
            let values = [
                blob.clone(),
                Value::Integer(first_row(us.saturating_sub(NEAR_US))),
                Value::Integer(first_row(us.saturating_add(NEAR_US))),
            ];
            let found = self.newest("uuid=?1 AND id>=?2 AND id<?3", &values)?;
            if found.is_some() {
                return Ok(found);
            }
        }
        let found = self.newest("uuid=?1", &[blob])?;
        match found {
            Some(found) => Ok(Some(found)),
            None => {
                let client = Value::Text(uuid.to_string());
                self.newest("client_request_id=?1", &[client])
            }
        }
    }

    /// The whole of an exchange.
    pub(super) fn detail(&self, row: i64, summary: &Summary) -> Result<RequestLog, StoreError> {
        let headers = self.request_headers(row)?;
        let (body, body_damaged) = match self.request_body(row) {
            Ok(body) => (body.map(|b| b.bytes).unwrap_or_default(), None),
            Err(StoreError::Damaged(why)) => (Vec::new(), Some(why)),
            Err(error) => return Err(error),
        };
        let encoding = first(&headers, "content-encoding");
        let decoded = facts::plain(encoding.as_deref(), &body);
        let named = |name: &str| first(&headers, name).unwrap_or_default();
        let (user_agent, content_type) = (named("user-agent").into(), named("content-type"));
        let headers = grouped(headers);
        let sent = self.sent(row, &headers)?;
        Ok(RequestLog {
            summary: RequestSummary::of(summary, &self.prices),
            user_agent,
            content_type,
            body: (!decoded.is_empty()).then(|| json_or_text(&decoded)),
            message_fingerprints: self.fingerprints(row)?,
            body_damaged,
            cost_parts: model::cost(summary, &self.prices).map(Into::into),
            sent,
            prompt_grade: grades::get(&self.db, row)?.and_then(raw),
            response: self.response(row, summary)?,
            headers,
        })
    }

    fn response(&self, row: i64, summary: &Summary) -> Result<Option<ResponseLog>, StoreError> {
        if !model::has_ended(summary.state) {
            return Ok(None);
        }
        let Some(came) = self.came(row)? else {
            return Ok(None);
        };
        let (bytes, body_damaged) = match self.response_body(row) {
            Ok(bytes) => (bytes.unwrap_or_default(), None),
            Err(StoreError::Damaged(why)) => (Vec::new(), Some(why)),
            Err(error) => return Err(error),
        };
        let duration_us = summary.duration_us.unwrap_or(0);
        let ended = summary.started_at_us + i64::try_from(duration_us).unwrap_or(0);
        let mut log = ResponseLog {
            status_code: summary.status,
            body: None,
            body_text: None,
            stream_error: summary.stream_error.clone(),
            response_time: model::ms(duration_us),
            streaming_chunks: None,
            chunk_timings: None,
            is_streaming: summary.is_streaming,
            completed_at: model::rfc3339(ended),
            rate_limit: facts::rate_limit(&came.headers),
            usage: came.usage.clone().and_then(raw).or_else(|| {
                Usage::of(&summary.tokens).and_then(|u| serde_json::value::to_raw_value(&u).ok())
            }),
            truncated: came.truncated,
            body_damaged,
            headers: Headers::new(),
        };
        show(&mut log, &bytes, &came, summary);
        log.headers = grouped(came.headers);
        Ok(Some(log))
    }

    /// What went upstream, beside what the client had sent.
    fn sent(&self, row: i64, received: &Headers) -> Result<Option<SentLog>, StoreError> {
        let Some((headers, rest)) = self.sent_stored(row)? else {
            return Ok(None);
        };
        let headers = grouped(headers);
        Ok(sent::decode(&rest, &self.names).map(|(url, body)| SentLog {
            url,
            changes: model::header_changes(received, &headers),
            headers,
            body,
        }))
    }

    /// The headers that went upstream, and the rest as it is stored.
    pub(super) fn sent_stored(&self, row: i64) -> Result<Option<(Fields, Vec<u8>)>, StoreError> {
        let sql = "SELECT sent_headers, sent FROM responses WHERE id=?";
        let mut statement = self.db.prepare_cached(sql)?;
        let both = statement.query_row([row], |r| {
            let headers: Option<Vec<u8>> = r.get(0)?;
            let rest: Option<Vec<u8>> = r.get(1)?;
            Ok(headers.zip(rest))
        });
        let both = both.optional()?.flatten();
        Ok(both.map(|(headers, rest)| (fields::decode(&headers, &self.names), rest)))
    }

    pub(super) fn request_headers(&self, row: i64) -> Result<Vec<(String, String)>, StoreError> {
        let mut statement = self
            .db
            .prepare_cached("SELECT headers FROM requests WHERE id=?")?;
        let blob: Option<Option<Vec<u8>>> = statement.query_row([row], |r| r.get(0)).optional()?;
        Ok(fields::decode(
            &blob.flatten().unwrap_or_default(),
            &self.names,
        ))
    }

    pub(super) fn came(&self, row: i64) -> Result<Option<Came>, StoreError> {
        let sql = "SELECT truncated, headers, arrivals, usage FROM responses WHERE id=?";
        let came = self.db.prepare_cached(sql)?.query_row([row], |r| {
            let headers: Vec<u8> = r.get(1)?;
            let arrivals: Option<Vec<u8>> = r.get(2)?;
            Ok(Came {
                truncated: r.get(0)?,
                headers: fields::decode(&headers, &self.names),
                arrivals: crate::arrivals::decode(&arrivals.unwrap_or_default()),
                usage: r.get(3)?,
            })
        });
        Ok(came.optional()?)
    }
}

/// Puts the body into a response in the form that fits it.
fn show(log: &mut ResponseLog, bytes: &[u8], came: &Came, summary: &Summary) {
    if bytes.is_empty() {
        return;
    }
    let encoding = first(&came.headers, "content-encoding");
    let decoded = facts::plain(encoding.as_deref(), bytes);
    if came.is_stream() {
        let lengths = frames::lengths(&decoded);
        let ends = facts::decoded_ends(&came.arrivals, bytes.len(), decoded.len());
        log.chunk_timings = Some(frames::timings(
            &lengths,
            &ends,
            &came.arrivals,
            summary.started_at_us,
        ));
        log.streaming_chunks = Some(texts(&decoded, &lengths));
        let expected = Expected {
            dialect: summary.dialect,
            operation: summary.operation,
        };
        log.body = facts::accumulate(expected, &decoded);
        return;
    }
    let succeeded = summary
        .status
        .is_some_and(|status| (200..300).contains(&status));
    match parse(&decoded).filter(|_| succeeded) {
        Some(json) => log.body = Some(json),
        None => log.body_text = Some(String::from_utf8_lossy(&decoded).into_owned()),
    }
}

fn texts(stream: &[u8], lengths: &[usize]) -> Vec<String> {
    let mut at = 0;
    lengths
        .iter()
        .map(|len| {
            let frame = stream.get(at..at + len).unwrap_or_default();
            at += len;
            String::from_utf8_lossy(frame).into_owned()
        })
        .collect()
}

fn raw(json: String) -> Option<Box<RawValue>> {
    RawValue::from_string(json).ok()
}

fn parse(bytes: &[u8]) -> Option<Box<RawValue>> {
    serde_json::from_slice::<&RawValue>(bytes)
        .ok()
        .map(ToOwned::to_owned)
}

/// JSON as it stands, every digit and space of it; anything else as a string.
fn json_or_text(bytes: &[u8]) -> Box<RawValue> {
    parse(bytes).unwrap_or_else(|| {
        serde_json::value::to_raw_value(&String::from_utf8_lossy(bytes))
            .expect("a string can be written as JSON")
    })
}

pub(super) fn first(headers: &[(String, String)], name: &str) -> Option<String> {
    headers
        .iter()
        .find(|(n, _)| n == name)
        .map(|(_, value)| value.clone())
}

fn grouped(headers: Vec<(String, String)>) -> Headers {
    let mut grouped = Headers::new();
    for (name, value) in headers {
        grouped.entry(name).or_default().push(value);
    }
    grouped
}
