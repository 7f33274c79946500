//! The provider behind every contender: reads a request to its end and answers with a fixed
//! message of about 1 KB, or with a stream of events that carry the moment they were written.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, Request, Response, header};
use http_body::{Body, Frame};
use http_body_util::{BodyExt as _, Either, Full};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;
use tokio::time::{Instant, Interval, MissedTickBehavior, interval_at};

use crate::clock;
use crate::lines::say;

/// The header that asks for a stream: `events=N,interval=MS`.
pub(crate) const STREAM: &str = "x-bench-stream";
/// What an event's stamp begins with; nanoseconds of the shared clock and a `"` follow.
pub(crate) const STAMP: &[u8] = b"\"text\":\"@";
/// What the last event of a whole stream holds.
pub(crate) const STOP: &[u8] = b"\"type\":\"message_stop\"";

/// Serves on a free port until the process is told to end.
pub(crate) async fn serve() -> anyhow::Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    say(&format!("upstream on http://{}", listener.local_addr()?));
    loop {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        let serving =
            http1::Builder::new().serve_connection(TokioIo::new(stream), service_fn(answer));
        tokio::spawn(async move {
            let _client_left = serving.await.is_err();
        });
    }
}

async fn answer(request: Request<Incoming>) -> Result<Response<Reply>, hyper::Error> {
    let (head, mut body) = request.into_parts();
    while let Some(frame) = body.frame().await {
        let _data = frame?;
    }
    let (kind, reply) = match asked(&head.headers) {
        Some((events, pause)) => (
            "text/event-stream",
            Either::Right(Events::new(events, pause)),
        ),
        None => (
            "application/json",
            Either::Left(Full::new(Bytes::from_static(MESSAGE))),
        ),
    };
    let mut response = Response::new(reply);
    let fields = response.headers_mut();
    fields.insert(header::CONTENT_TYPE, http::HeaderValue::from_static(kind));
    for (name, value) in FIELDS {
        fields.insert(
            http::HeaderName::from_static(name),
            http::HeaderValue::from_static(value),
        );
    }
    Ok(response)
}

fn asked(headers: &HeaderMap) -> Option<(u32, Duration)> {
    let text = headers.get(STREAM)?.to_str().ok()?;
    let number = |key: &str| {
        let value = text
            .split(',')
            .find_map(|word| word.trim().strip_prefix(key))?;
        value.strip_prefix('=')?.parse::<u32>().ok()
    };
    Some((
        number("events")?,
        Duration::from_millis(u64::from(number("interval")?.max(1))),
    ))
}

type Reply = Either<Full<Bytes>, Events>;

/// A message as a stream: its opening and first delta at once, a delta at each tick, its end.
struct Events {
    ticks: Interval,
    left: u32,
    stage: Stage,
}

#[derive(Clone, Copy)]
enum Stage {
    Opening,
    Deltas,
    Done,
}

impl Events {
    fn new(events: u32, pause: Duration) -> Self {
        let mut ticks = interval_at(Instant::now() + pause, pause);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        Self {
            ticks,
            left: events,
            stage: Stage::Opening,
        }
    }
}

impl Body for Events {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let text = match self.stage {
            Stage::Done => return Poll::Ready(None),
            Stage::Opening => {
                self.stage = Stage::Deltas;
                self.left = self.left.saturating_sub(1);
                OPENING.to_owned() + &delta(clock::now_ns())
            }
            Stage::Deltas => {
                let _tick = ready!(self.ticks.poll_tick(context));
                if self.left == 0 {
                    self.stage = Stage::Done;
                    ENDING.to_owned()
                } else {
                    self.left -= 1;
                    delta(clock::now_ns())
                }
            }
        };
        Poll::Ready(Some(Ok(Frame::data(Bytes::from(text)))))
    }
}

fn delta(at: u64) -> String {
    format!(
        "event: content_block_delta\ndata: {{\"type\":\"content_block_delta\",\"index\":0,\
         \"delta\":{{\"type\":\"text_delta\",\"text\":\"@{at}\"}}}}\n\n"
    )
}

const OPENING: &str = "event: message_start\n\
data: {\"type\":\"message_start\",\"message\":{\"id\":\"msg_01BenchBenchBenchBenchBench\",\
\"type\":\"message\",\"role\":\"assistant\",\"model\":\"claude-opus-4-8\",\"content\":[],\
\"stop_reason\":null,\"stop_sequence\":null,\"usage\":{\"input_tokens\":12,\
\"cache_creation_input_tokens\":700,\"cache_read_input_tokens\":48000,\"output_tokens\":1}}}\n\n\
event: content_block_start\n\
data: {\"type\":\"content_block_start\",\"index\":0,\"content_block\":{\"type\":\"text\",\
\"text\":\"\"}}\n\n";

const ENDING: &str = "event: content_block_stop\n\
data: {\"type\":\"content_block_stop\",\"index\":0}\n\n\
event: message_delta\n\
data: {\"type\":\"message_delta\",\"delta\":{\"stop_reason\":\"end_turn\",\"stop_sequence\":null},\
\"usage\":{\"output_tokens\":311}}\n\n\
event: message_stop\n\
data: {\"type\":\"message_stop\"}\n\n";

/// More than any case sends: keys learn their limits, none is exhausted.
const LIMIT: &str = "4000000000000";
const RESET: &str = "2036-08-01T00:00:00Z";
const FIELDS: [(&str, &str); 9] = [
    ("request-id", "req_011CBenchBenchBenchBenchBe"),
    (
        "anthropic-organization-id",
        "5b1f3c0e-7f60-4a43-9b1e-6a1f7bd0a001",
    ),
    ("anthropic-ratelimit-requests-limit", LIMIT),
    ("anthropic-ratelimit-requests-remaining", LIMIT),
    ("anthropic-ratelimit-requests-reset", RESET),
    ("anthropic-ratelimit-tokens-limit", LIMIT),
    ("anthropic-ratelimit-tokens-remaining", LIMIT),
    ("anthropic-ratelimit-tokens-reset", RESET),
    (
        "strict-transport-security",
        "max-age=31536000; includeSubDomains; preload",
    ),
];

const MESSAGE: &[u8] = br#"{"model":"claude-opus-4-8","id":"msg_01BenchBenchBenchBenchBench","type":"message","role":"assistant","content":[{"type":"text","text":"The function reads the file once and keeps the offsets of each line, so a later look-up is a binary search. Two places still read it again: the report writer, which opens it for every page, and the watcher, which does so on each event. I would pass the index to both. The test that covers this is slow because it writes a hundred thousand lines; a thousand show the same. One more thing: the error that the parser returns names the byte but not the line, and the caller cannot turn one into the other without the index, so the message people see is of little use to them. With the index at hand it can say both. Shall I make these three changes, or only the first one for now?"}],"stop_reason":"end_turn","stop_sequence":null,"usage":{"input_tokens":12,"cache_creation_input_tokens":700,"cache_read_input_tokens":48000,"cache_creation":{"ephemeral_5m_input_tokens":700,"ephemeral_1h_input_tokens":0},"output_tokens":171,"service_tier":"standard"}}"#;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_stream_header_asks_for_a_stream() {
        let asks = |value: &'static str| {
            let mut headers = HeaderMap::new();
            headers.insert(STREAM, http::HeaderValue::from_static(value));
            asked(&headers)
        };
        assert_eq!(
            asks("events=3,interval=20"),
            Some((3, Duration::from_millis(20)))
        );
        assert_eq!(asks(""), None);
        assert_eq!(asked(&HeaderMap::new()), None);
    }

    #[test]
    fn the_prepared_answers_are_json() {
        let message: serde_json::Value = serde_json::from_slice(MESSAGE).unwrap();
        assert_eq!(message["type"], "message");
        let events = format!("{OPENING}{}{ENDING}", delta(7));
        let data: Vec<serde_json::Value> = events
            .lines()
            .filter_map(|line| line.strip_prefix("data: "))
            .map(|json| serde_json::from_str(json).unwrap())
            .collect();
        assert_eq!(data.len(), 6);
        assert_eq!(data[2]["delta"]["text"], "@7");
    }
}
