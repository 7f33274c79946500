//! A long session with bodies, recorded as sessions are.

use std::path::Path;

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use uuid::Uuid;
use weir_core::exchange::{
    Arrival, End, ExchangeId, Origin, RawBody, RequestRecord, ResponseRecord,
};
use weir_wire::dialect::{Dialect, Operation};

use crate::fill::APART;
use crate::{Failure, open};

/// Its name.
pub(crate) const NAME: &str = "long-session";
/// Its exchanges.
pub(crate) const TURNS: u32 = 4000;
/// Exchanges until its conversation is summed up and begins anew.
const UNTIL_COMPACTION: u32 = 200;

/// Records it from a moment on.
pub(crate) async fn record(path: &Path, begin_us: i64) -> Result<(), Failure> {
    let recorder = open(path, false)?;
    let mut messages = String::new();
    for turn in 0..TURNS {
        if turn % UNTIL_COMPACTION == 0 {
            messages = format!(r#"{{"role":"user","content":"Begin part {turn}."}}"#);
        }
        let body = format!(
            r#"{{"model":"claude-opus-4-1","max_tokens":9,"messages":[{messages}],"system":"You are an agent."}}"#
        );
        let request = request(body, begin_us + i64::from(turn) * APART);
        let response = response(request.id, turn);
        recorder.started(Box::new(request));
        recorder.finished(Box::new(response));
        if turn % 8 == 7 {
            recorder.flush().await;
        }
        let words = format!("turn {turn} ").repeat(100);
        messages.push_str(&format!(
            r#",{{"role":"assistant","content":"{words}"}},{{"role":"user","content":"and {words}"}}"#
        ));
    }
    recorder.shutdown().await;
    Ok(())
}

fn headers(fields: &[(&'static str, &str)]) -> Result<HeaderMap, Failure> {
    let mut headers = HeaderMap::new();
    for (name, value) in fields {
        headers.insert(HeaderName::from_static(name), HeaderValue::from_str(value)?);
    }
    Ok(headers)
}

fn raw(text: String) -> RawBody {
    let mut body = RawBody::default();
    body.push(Bytes::from(text));
    body
}

fn request(body: String, started_at_us: i64) -> RequestRecord {
    RequestRecord {
        id: ExchangeId(Uuid::now_v7()),
        client_request_id: None,
        started_at_us,
        method: Method::POST,
        path: "/v1/messages".into(),
        query: None,
        headers: headers(&[
            ("content-type", "application/json"),
            ("x-api-key", "sk-ant-api03-0123456789"),
            ("x-claude-code-session-id", NAME),
        ])
        .unwrap_or_default(),
        body: raw(body),
        peer: [127, 0, 0, 1].into(),
        dialect: Dialect::AnthropicMessages,
        operation: Operation::Generate,
        path_model: None,
        provider: "anthropic".into(),
        origin: Origin::Client,
    }
}

fn response(id: ExchangeId, turn: u32) -> ResponseRecord {
    let text = format!(
        r#"{{"content":[{{"type":"text","text":"Answer {turn}."}}],"stop_reason":"end_turn","usage":{{"input_tokens":10,"cache_creation_input_tokens":900,"cache_read_input_tokens":{},"output_tokens":70}}}}"#,
        turn % UNTIL_COMPACTION * 900
    );
    let body = raw(text);
    ResponseRecord {
        id,
        status: Some(StatusCode::OK),
        headers: headers(&[("content-type", "application/json")]).unwrap_or_default(),
        arrivals: vec![Arrival {
            size: u32::try_from(body.len).unwrap_or(u32::MAX),
            elapsed_us: 21_000,
        }],
        body,
        truncated: false,
        attempts: 1,
        route: Box::default(),
        sent: None,
        raw: None,
        headers_at_us: Some(20_000),
        duration_us: 22_000,
        end: End::Complete,
    }
}
