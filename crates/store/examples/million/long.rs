//! A long session with bodies, recorded as sessions are.

use std::path::Path;

use uuid::Uuid;
use weir_core::exchange::samples::{self, headers};
use weir_core::exchange::{ExchangeId, RequestRecord, ResponseRecord};

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
        let request = request(&body, begin_us + i64::from(turn) * APART);
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

fn request(body: &str, started_at_us: i64) -> RequestRecord {
    RequestRecord {
        headers: headers(&[
            ("content-type", "application/json"),
            ("x-api-key", "sk-ant-api03-0123456789"),
            ("x-claude-code-session-id", NAME),
        ]),
        ..samples::request(ExchangeId(Uuid::now_v7()), started_at_us, body)
    }
}

fn response(id: ExchangeId, turn: u32) -> ResponseRecord {
    let text = format!(
        r#"{{"content":[{{"type":"text","text":"Answer {turn}."}}],"stop_reason":"end_turn","usage":{{"input_tokens":10,"cache_creation_input_tokens":900,"cache_read_input_tokens":{},"output_tokens":70}}}}"#,
        turn % UNTIL_COMPACTION * 900
    );
    samples::response(id, text)
}
