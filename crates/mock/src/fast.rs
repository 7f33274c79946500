//! The answers for benches: prebuilt, nothing parsed, nothing recorded, so that the mock is never
//! what limits a measurement. Speaks Anthropic Messages only.

use std::convert::Infallible;
use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderValue, Method, Request, Response, header};
use http_body::{Body, Frame, SizeHint};
use http_body_util::BodyExt;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use serde_json::json;
use tokio::time::{Instant, Sleep};

use crate::scenario::Scenario;
use crate::tap::Tap;
use crate::turn::filler;

/// How much of a body's end is searched for `"stream":true`.
const TAIL_BYTES: usize = 256;

/// What a fast mock answers to every request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fast {
    /// Bytes of a whole JSON body, at least about 430. Default 1024.
    pub size: usize,
    /// Text events of a stream, between its proper start and end. Default 20.
    pub events: usize,
    /// Time between the events of a stream; zero sends all at once. Default 10 ms.
    pub gap: Duration,
}

impl Default for Fast {
    fn default() -> Self {
        Self {
            size: 1024,
            events: 20,
            gap: Duration::from_millis(10),
        }
    }
}

impl Fast {
    /// `bench,size=BYTES,events=N,gap=MS` as a default scenario makes the whole mock fast.
    pub(crate) fn of(scenario: &Scenario) -> Option<Self> {
        let default = Self::default();
        (scenario.name == "bench").then(|| Self {
            size: scenario.size("size", default.size).min(1 << 30),
            events: scenario.size("events", default.events).min(1_000_000),
            gap: scenario.time("gap", 10),
        })
    }
}

/// The prebuilt answers.
#[derive(Debug)]
pub(crate) struct Prebuilt {
    whole: Bytes,
    events: Vec<Bytes>,
    all_events: Bytes,
    gap: Duration,
}

impl Prebuilt {
    pub(crate) fn new(fast: Fast) -> Self {
        let events = events(fast.events);
        Self {
            whole: whole(fast.size),
            all_events: events.concat().into(),
            events,
            gap: fast.gap,
        }
    }
}

fn message(text: &str) -> String {
    json!({
        "model": "claude-mock", "id": "msg_01BenchBenchBenchBenchBe", "type": "message",
        "role": "assistant", "content": [{"type": "text", "text": text}],
        "stop_reason": "end_turn", "stop_sequence": null,
        "usage": {"input_tokens": 10, "cache_creation_input_tokens": 0,
            "cache_read_input_tokens": 5, "cache_creation": {"ephemeral_5m_input_tokens": 0,
            "ephemeral_1h_input_tokens": 0}, "output_tokens": 100, "service_tier": "standard"},
    })
    .to_string()
}

fn whole(size: usize) -> Bytes {
    let text = filler(size.saturating_sub(message("").len()));
    message(&text).into()
}

fn events(count: usize) -> Vec<Bytes> {
    let event = |value: serde_json::Value| {
        let name = value
            .get("type")
            .and_then(serde_json::Value::as_str)
            .unwrap_or_default();
        Bytes::from(format!("event: {name}\ndata: {value}\n\n"))
    };
    let delta = event(json!({"type": "content_block_delta", "index": 0,
        "delta": {"type": "text_delta", "text": "A few words more. "}}));
    let mut all = vec![
        event(json!({"type": "message_start", "message": {
            "model": "claude-mock", "id": "msg_01BenchBenchBenchBenchBe", "type": "message",
            "role": "assistant", "content": [], "stop_reason": null, "stop_sequence": null,
            "usage": {"input_tokens": 10, "cache_read_input_tokens": 5, "output_tokens": 1}}})),
        event(json!({"type": "content_block_start", "index": 0,
            "content_block": {"type": "text", "text": ""}})),
    ];
    all.extend(std::iter::repeat_n(delta, count));
    all.push(event(json!({"type": "content_block_stop", "index": 0})));
    all.push(event(json!({"type": "message_delta",
        "delta": {"stop_reason": "end_turn", "stop_sequence": null},
        "usage": {"output_tokens": count.max(1)}})));
    all.push(event(json!({"type": "message_stop"})));
    all
}

/// Serves one connection.
pub(crate) async fn connection(tap: Tap, is_h2: bool, prebuilt: Arc<Prebuilt>) -> io::Result<()> {
    let service = service_fn(move |request| {
        let prebuilt = prebuilt.clone();
        async move { Ok::<_, Infallible>(answer(prebuilt, request).await) }
    });
    let io = TokioIo::new(tap);
    let served = if is_h2 {
        let builder = hyper::server::conn::http2::Builder::new(TokioExecutor::new());
        builder.serve_connection(io, service).await
    } else {
        hyper::server::conn::http1::Builder::new()
            .serve_connection(io, service)
            .await
    };
    served.map_err(io::Error::other)
}

async fn answer(prebuilt: Arc<Prebuilt>, request: Request<Incoming>) -> Response<FastBody> {
    let by_header = request.headers().get(header::ACCEPT);
    let by_header = by_header.is_some_and(|value| value == "text/event-stream");
    let is_post = request.method() == Method::POST;
    let mut tail = Tail::default();
    let mut body = request.into_body();
    while let Some(Ok(frame)) = body.frame().await {
        if let Ok(data) = frame.into_data() {
            tail.push(&data);
        }
    }
    let wants_stream = is_post && (by_header || tail.says_stream());
    let (kind, body) = if wants_stream {
        (
            "text/event-stream; charset=utf-8",
            FastBody::stream(prebuilt),
        )
    } else {
        (
            "application/json",
            FastBody::Whole(Some(prebuilt.whole.clone())),
        )
    };
    let mut response = Response::new(body);
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    headers.insert(
        "request-id",
        HeaderValue::from_static("req_011CBenchBenchBenchBench"),
    );
    response
}

/// The last bytes of a body.
#[derive(Default)]
struct Tail(Vec<u8>);

impl Tail {
    fn push(&mut self, data: &[u8]) {
        let kept = data
            .get(data.len().saturating_sub(TAIL_BYTES)..)
            .unwrap_or_default();
        self.0.extend_from_slice(kept);
        let surplus = self.0.len().saturating_sub(TAIL_BYTES);
        self.0.drain(..surplus);
    }

    fn says_stream(&self) -> bool {
        let has = |word: &[u8]| self.0.windows(word.len()).any(|window| window == word);
        has(b"\"stream\":true") || has(b"\"stream\": true")
    }
}

/// A prebuilt body.
enum FastBody {
    Whole(Option<Bytes>),
    Timed {
        prebuilt: Arc<Prebuilt>,
        next: usize,
        sleep: Pin<Box<Sleep>>,
    },
}

impl FastBody {
    fn stream(prebuilt: Arc<Prebuilt>) -> Self {
        if prebuilt.gap.is_zero() {
            return Self::Whole(Some(prebuilt.all_events.clone()));
        }
        Self::Timed {
            prebuilt,
            next: 0,
            sleep: Box::pin(tokio::time::sleep(Duration::ZERO)),
        }
    }
}

impl Body for FastBody {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        match &mut *self {
            Self::Whole(body) => Poll::Ready(body.take().map(|body| Ok(Frame::data(body)))),
            Self::Timed {
                prebuilt,
                next,
                sleep,
            } => {
                let Some(event) = prebuilt.events.get(*next) else {
                    return Poll::Ready(None);
                };
                ready!(sleep.as_mut().poll(cx));
                *next += 1;
                // From the last deadline, not from now: a late event does not delay all others.
                let due = sleep.deadline() + prebuilt.gap;
                sleep.as_mut().reset(due.max(Instant::now()));
                Poll::Ready(Some(Ok(Frame::data(event.clone()))))
            }
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Whole(body) => SizeHint::with_exact(body.as_ref().map_or(0, Bytes::len) as u64),
            Self::Timed { .. } => SizeHint::default(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_whole_body_has_the_size_asked_for() {
        for size in [1024, 65_536, 1 << 20] {
            assert_eq!(whole(size).len(), size);
        }
    }

    #[test]
    fn the_stream_flag_is_found_across_frames() {
        let mut tail = Tail::default();
        tail.push(&[b' '; 1000]);
        tail.push(b"x,\"str");
        tail.push(b"eam\": true}");
        assert!(tail.says_stream());
        tail.push(&[b' '; 300]);
        assert!(!tail.says_stream());
    }
}
