//! Streams: frames, when they came, what they amount to, how they ended.

use std::io::Write;

use bytes::Bytes;
use http::HeaderValue;
use weir_core::exchange::{Arrival, End, RawBody};
use weir_store::Moment;
use weir_store::model::RequestLog;
use weir_wire::dialect::Dialect;

use crate::support::{Place, body, exchange, headers, request, response};

const SENT: &str =
    r#"{"model":"claude-opus-4-1","stream":true,"messages":[{"role":"user","content":"hi"}]}"#;

fn frames() -> Vec<String> {
    [
        r#"{"type":"message_start","message":{"id":"msg_1","type":"message","role":"assistant","model":"m","content":[],"stop_reason":null,"stop_sequence":null,"usage":{"input_tokens":10,"cache_read_input_tokens":5,"output_tokens":1}}}"#,
        r#"{"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}}"#,
        r#"{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"Hel"}}"#,
        r#"{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"lo"}}"#,
        r#"{"type":"content_block_stop","index":0}"#,
        r#"{"type":"content_block_start","index":1,"content_block":{"type":"tool_use","id":"t","name":"n","input":{}}}"#,
        r#"{"type":"content_block_stop","index":1}"#,
        r#"{"type":"message_delta","delta":{"stop_reason":"tool_use"},"usage":{"output_tokens":3}}"#,
        r#"{"type":"message_delta","delta":{"stop_reason":"tool_use"},"usage":{"output_tokens":7}}"#,
        r#"{"type":"message_stop"}"#,
    ]
    .map(|data| format!("event: x\ndata: {data}\n\n"))
    .into()
}

/// A stream of which each frame came 100 ms after the last.
async fn streamed(frames: &[String], end: End) -> RequestLog {
    let place = Place::new();
    let recorder = place.open();
    let request = request(SENT);
    let id = request.id;
    recorder.started(Box::new(request));
    let mut response = response(id, "");
    response.headers = headers(&[
        ("content-type", "text/event-stream; charset=utf-8"),
        ("anthropic-ratelimit-requests-limit", "50"),
        ("anthropic-ratelimit-requests-remaining", "0"),
        ("anthropic-ratelimit-unified-5h-utilization", "0.0"),
    ]);
    response.body = RawBody::default();
    response.arrivals.clear();
    for (n, frame) in frames.iter().enumerate() {
        response.body.push(Bytes::copy_from_slice(frame.as_bytes()));
        let elapsed_us = 100_000 * (n as u64 + 1);
        response.arrivals.push(Arrival {
            size: frame.len().try_into().unwrap(),
            elapsed_us,
        });
    }
    response.end = end;
    recorder.finished(Box::new(response));
    recorder.flush().await;
    recorder.reader().get(&id.to_string()).unwrap().unwrap()
}

#[tokio::test]
async fn each_frame_has_its_time() {
    let frames = frames();
    let log = streamed(&frames, End::Complete).await;
    let response = log.response.unwrap();
    assert_eq!(response.streaming_chunks.unwrap(), frames);
    let timings = response.chunk_timings.unwrap();
    let ms: Vec<u64> = timings.iter().map(|t| t.elapsed_ms).collect();
    assert_eq!(ms, [100, 200, 300, 400, 500, 600, 700, 800, 900, 1000]);
    let bytes: usize = timings.iter().map(|t| t.byte_size).sum();
    assert_eq!(bytes, frames.concat().len());
    assert!(response.is_streaming);
    assert_eq!(log.summary.first_content, Some(300));
}

#[tokio::test]
async fn a_stream_is_shown_as_the_message_it_amounts_to() {
    let log = streamed(&frames(), End::Complete).await;
    let response = log.response.as_ref().unwrap();
    let message: serde_json::Value =
        serde_json::from_str(response.body.as_ref().unwrap().get()).unwrap();
    assert_eq!(message["content"][0]["text"], "Hello");
    assert_eq!(message["content"][1]["name"], "n");
    assert_eq!(log.summary.stop_reason.as_deref(), Some("tool_use"));
    let usage = log.summary.usage.unwrap();
    let counts = (
        usage.input_tokens,
        usage.cache_read_input_tokens,
        usage.output_tokens,
    );
    assert_eq!(counts, (10, Some(5), 7));
    let limits: serde_json::Value =
        serde_json::from_str(response.rate_limit.as_ref().unwrap().get()).unwrap();
    assert_eq!(limits["requestsRemaining"], 0);
    assert_eq!(limits["unifiedUtilization5h"], 0.0);
    assert!(response.stream_error.is_none());
}

#[tokio::test]
async fn a_client_that_leaves_early_is_told_from_one_that_had_everything() {
    let frames = frames();
    let log = streamed(&frames, End::ClientGone).await;
    assert_eq!(log.summary.state, "complete");
    let log = streamed(&frames[..4], End::ClientGone).await;
    assert_eq!(log.summary.state, "client_gone");
    let response = log.response.unwrap();
    assert!(response.stream_error.is_some());
    assert_eq!(response.streaming_chunks.unwrap(), frames[..4]);
    let log = streamed(&frames[..3], End::UpstreamBroke("connection reset".into())).await;
    assert_eq!(log.summary.state, "upstream_broke");
    assert_eq!(
        log.response.unwrap().stream_error.as_deref(),
        Some("connection reset")
    );
}

#[tokio::test]
async fn an_error_in_the_stream_is_its_error() {
    let mut frames = frames();
    frames.truncate(3);
    frames.push("event: error\ndata: {\"type\":\"error\",\"error\":{\"type\":\"overloaded_error\",\"message\":\"Overloaded\"}}\n\n".into());
    let log = streamed(&frames, End::Complete).await;
    let error = log.response.unwrap().stream_error.unwrap();
    assert!(
        error.contains("overloaded_error") && error.contains("Overloaded"),
        "{error}"
    );
}

#[tokio::test]
async fn encoded_bodies_are_kept_encoded_and_shown_decoded() {
    let place = Place::new();
    let recorder = place.open();
    let sent = request(SENT);
    let id = sent.id;
    recorder.started(Box::new(sent));
    let mut response = response(id, "");
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gzip.write_all(frames().concat().as_bytes()).unwrap();
    let encoded = gzip.finish().unwrap();
    response.body = body(&encoded);
    response.headers = headers(&[("content-type", "text/event-stream")]);
    response
        .headers
        .insert("content-encoding", HeaderValue::from_static("gzip"));
    recorder.finished(Box::new(response));
    recorder.flush().await;
    let reader = recorder.reader();
    let raw = reader
        .raw(&id.to_string(), weir_store::Side::Response)
        .unwrap()
        .unwrap();
    assert_eq!(raw.bytes, encoded);
    assert_eq!(raw.content_encoding.as_deref(), Some("gzip"));
    let log = reader.get(&id.to_string()).unwrap().unwrap();
    assert_eq!(log.response.unwrap().streaming_chunks.unwrap(), frames());
    assert_eq!(log.summary.stop_reason.as_deref(), Some("tool_use"));
}

#[tokio::test]
async fn errors_are_kept_as_text() {
    let place = Place::new();
    let recorder = place.open();
    let sent = request(SENT);
    let id = sent.id;
    recorder.started(Box::new(sent));
    let mut response = response(
        id,
        r#"{"type":"error","error":{"type":"overloaded_error"}}"#,
    );
    response.status = Some(http::StatusCode::from_u16(529).unwrap());
    recorder.finished(Box::new(response));
    recorder.flush().await;
    let log = recorder.reader().get(&id.to_string()).unwrap().unwrap();
    let response = log.response.unwrap();
    assert_eq!(response.status_code, Some(529));
    assert!(response.body.is_none());
    assert!(response.body_text.unwrap().contains("overloaded_error"));
}

#[tokio::test]
async fn the_live_feed_tells_of_each_beginning_and_end() {
    let place = Place::new();
    let recorder = place.open();
    let mut live = recorder.subscribe();
    let mut sent = request(SENT);
    sent.dialect = Dialect::AnthropicMessages;
    let id = sent.id;
    recorder.started(Box::new(sent));
    let begun = live.recv().await.unwrap();
    assert_eq!((begun.id, begun.state.as_str()), (id, "open"));
    recorder.finished(Box::new(response(id, "{}")));
    let ended = live.recv().await.unwrap();
    assert_eq!((ended.id, ended.state.as_str()), (id, "complete"));
    exchange(&recorder, b"{}", b"{}");
    assert_eq!(live.recv().await.unwrap().state.as_str(), "complete");
}

#[tokio::test]
async fn whoever_follows_sees_each_exchange_begin_and_end_though_nothing_is_kept() {
    for enabled in [true, false] {
        let place = Place::new();
        let mut options = place.options();
        options.capture.enabled = enabled;
        let (tell, told) = std::sync::mpsc::sync_channel(8);
        options.follow = Some(Box::new(move |moment| {
            let seen = match moment {
                Moment::Started(record) => (record.id.to_string(), record.body.len),
                Moment::Ended(summary, record) => {
                    assert_eq!(summary.id, record.id);
                    (summary.id.to_string(), record.body.len)
                }
                Moment::Lost(id) => panic!("{id} is not lost"),
            };
            drop(tell.try_send(seen));
        }));
        let recorder = place.open_with(options);
        let id = exchange(&recorder, br#"{"model":"m"}"#, b"{}");
        recorder.shutdown().await;
        let seen: Vec<_> = told.iter().collect();
        assert_eq!(seen, [(id.clone(), 13), (id, 2)], "{enabled}");
    }
}
