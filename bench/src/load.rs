//! Drives requests over kept-alive HTTP/1.1 connections, either as fast as answers come or at
//! fixed moments whatever the answers do. It measures what a client feels; CPU is not its matter.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail, ensure};
use bytes::{Buf as _, Bytes};
use http::{HeaderMap, HeaderName, HeaderValue, Request, Response, StatusCode, Uri, header};
use http_body::{Body, Frame, SizeHint};
use http_body_util::BodyExt as _;
use hyper::body::Incoming;
use hyper::client::conn::http1::{Builder, SendRequest};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::sync::mpsc;

use crate::clock;
use crate::corpus::Turn;
use crate::upstream::{STAMP, STOP};

/// When requests go out.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Drive {
    /// Each connection sends its next request when it has the last one's answer. Connections
    /// begin one after the other with this pause.
    Closed { stagger: Duration },
    /// At fixed moments, spread over the connections; latency counts from that moment even when
    /// the connection was still busy.
    Paced { per_second: u32 },
}

/// What to send, and where.
#[derive(Clone, Debug)]
pub(crate) struct Load {
    pub(crate) to: SocketAddr,
    pub(crate) drive: Drive,
    /// The usual fields and, for streams, what the upstream is to do.
    pub(crate) headers: HeaderMap,
}

/// What came of it. Times are nanoseconds.
#[derive(Clone, Debug, Default)]
pub(crate) struct Tally {
    /// From the intended moment to the end of the answer.
    pub(crate) latency: Vec<u64>,
    /// From the intended moment to the first stamped event.
    pub(crate) first_event: Vec<u64>,
    /// From an event's writing to its arrival.
    pub(crate) delay: Vec<u64>,
    pub(crate) failed: u64,
    pub(crate) failure: Option<String>,
}

impl Tally {
    pub(crate) fn add(&mut self, other: Self) {
        self.latency.extend(other.latency);
        self.first_event.extend(other.first_event);
        self.delay.extend(other.delay);
        self.failed += other.failed;
        self.failure = self.failure.take().or(other.failure);
    }
}

/// Sends every connection's turns and waits for all answers.
///
/// # Errors
/// Only when a task ends abnormally; failed requests are counted.
pub(crate) async fn run(load: Load, work: Vec<Vec<Turn>>) -> anyhow::Result<Tally> {
    let load = Arc::new(load);
    let mut tasks = Vec::with_capacity(work.len());
    let mut gates = Vec::with_capacity(work.len());
    let requests: usize = work.iter().map(Vec::len).sum();
    for (at, turns) in (0_u32..).zip(work) {
        let gate = match load.drive {
            Drive::Closed { stagger } => Gate::Free { wait: stagger * at },
            Drive::Paced { .. } => {
                let (sender, receiver) = mpsc::channel(turns.len().max(1));
                gates.push(sender);
                Gate::Paced(receiver)
            }
        };
        tasks.push(tokio::spawn(connection(Arc::clone(&load), turns, gate)));
    }
    if let Drive::Paced { per_second } = load.drive {
        std::thread::spawn(move || pace(&gates, requests, per_second));
    }
    let mut sum = Tally::default();
    for task in tasks {
        sum.add(task.await?);
    }
    Ok(sum)
}

/// Opens the gates one after the other at fixed moments.
fn pace(gates: &[mpsc::Sender<Instant>], requests: usize, per_second: u32) {
    let pause = Duration::from_secs(1) / per_second;
    // The runtime's timers count whole milliseconds, this thread's do not.
    let _coarse = nix::sys::prctl::set_timerslack(1_000).is_err();
    let mut moment = Instant::now() + Duration::from_millis(20);
    for gate in gates.iter().cycle().take(requests) {
        std::thread::sleep(moment.saturating_duration_since(Instant::now()));
        if gate.try_send(moment).is_err() {
            return;
        }
        moment += pause;
    }
}

enum Gate {
    Free { wait: Duration },
    Paced(mpsc::Receiver<Instant>),
}

impl Gate {
    /// Waits for the next request's moment and says when it was meant to be.
    async fn next(&mut self) -> Option<Instant> {
        match self {
            Self::Free { wait } => {
                if !wait.is_zero() {
                    tokio::time::sleep(std::mem::take(wait)).await;
                }
                Some(Instant::now())
            }
            Self::Paced(moments) => moments.recv().await,
        }
    }
}

async fn connection(load: Arc<Load>, turns: Vec<Turn>, mut gate: Gate) -> Tally {
    let mut tally = Tally::default();
    let mut open = None;
    for turn in turns {
        let Some(moment) = gate.next().await else {
            break;
        };
        if let Err(error) = exchange(&load, turn, moment, (&mut open, &mut tally)).await {
            open = None;
            tally.failed += 1;
            tally.failure.get_or_insert_with(|| format!("{error:#}"));
        }
    }
    tally
}

async fn exchange(
    load: &Load,
    turn: Turn,
    moment: Instant,
    (open, tally): (&mut Option<SendRequest<Parts>>, &mut Tally),
) -> anyhow::Result<()> {
    let sender = match open {
        Some(sender) => sender,
        None => open.insert(connect(load.to).await?),
    };
    sender.ready().await?;
    let mut request = Request::post(Uri::from_static("/v1/messages?beta=true"));
    if let Some(headers) = request.headers_mut() {
        headers.clone_from(&load.headers);
        headers.insert(SESSION, turn.session.clone());
    }
    let response = sender.send_request(request.body(Parts::of(turn))?).await?;
    ensure!(
        response.status() == StatusCode::OK,
        "answered {}",
        response.status()
    );
    receive(response, moment, tally).await?;
    tally.latency.push(elapsed(moment));
    Ok(())
}

async fn connect(to: SocketAddr) -> anyhow::Result<SendRequest<Parts>> {
    let stream = TcpStream::connect(to)
        .await
        .with_context(|| format!("connecting to {to}"))?;
    stream.set_nodelay(true)?;
    let (sender, serving) = Builder::new()
        .title_case_headers(true)
        .handshake(TokioIo::new(stream))
        .await?;
    tokio::spawn(async move {
        let _closed = serving.await.is_err();
    });
    Ok(sender)
}

async fn receive(
    response: Response<Incoming>,
    moment: Instant,
    tally: &mut Tally,
) -> anyhow::Result<()> {
    let is_stream = response
        .headers()
        .get(header::CONTENT_TYPE)
        .is_some_and(|kind| kind == "text/event-stream");
    let mut body = response.into_body();
    let mut stamps = Stamps::default();
    let mut bytes = 0;
    while let Some(frame) = body.frame().await {
        let Ok(data) = frame?.into_data() else {
            continue;
        };
        bytes += data.len();
        if is_stream && stamps.read(&data, &mut tally.delay) && !stamps.seen {
            stamps.seen = true;
            tally.first_event.push(elapsed(moment));
        }
    }
    if is_stream && !contains(&stamps.rest, STOP) {
        bail!("the stream ended early");
    }
    ensure!(bytes > 0, "the answer is empty");
    Ok(())
}

fn elapsed(since: Instant) -> u64 {
    u64::try_from(since.elapsed().as_nanos()).unwrap_or(u64::MAX)
}

/// Finds the stamps of events in whatever pieces they arrive.
#[derive(Default)]
struct Stamps {
    rest: Vec<u8>,
    seen: bool,
}

impl Stamps {
    /// Adds the delay of each event that is now whole; true if there was one.
    fn read(&mut self, data: &[u8], delays: &mut Vec<u64>) -> bool {
        let now = clock::now_ns();
        self.rest.extend_from_slice(data);
        let mut read = 0;
        let mut found = false;
        while let Some(at) = find(self.rest.get(read..).unwrap_or_default(), STAMP) {
            let digits = self.rest.get(read + at + STAMP.len()..).unwrap_or_default();
            let Some(end) = digits.iter().position(|byte| *byte == b'"') else {
                break;
            };
            let stamp = digits
                .get(..end)
                .and_then(|text| std::str::from_utf8(text).ok());
            if let Some(stamp) = stamp.and_then(|text| text.parse::<u64>().ok()) {
                delays.push(now.saturating_sub(stamp));
                found = true;
            }
            read += at + STAMP.len() + end;
        }
        self.rest.drain(..read);
        found
    }
}

fn find(text: &[u8], wanted: &[u8]) -> Option<usize> {
    text.windows(wanted.len())
        .position(|window| window == wanted)
}

fn contains(text: &[u8], wanted: &[u8]) -> bool {
    find(text, wanted).is_some()
}

/// A request body of known length in at most three pieces.
#[derive(Debug)]
struct Parts {
    pieces: std::array::IntoIter<Bytes, 3>,
    left: u64,
}

impl Parts {
    fn of(turn: Turn) -> Self {
        Self {
            left: turn.len() as u64,
            pieces: turn.body.into_iter(),
        }
    }
}

impl Body for Parts {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let piece = self.pieces.find(|piece| piece.has_remaining());
        self.left -= piece.as_ref().map_or(0, |piece| piece.len() as u64);
        Poll::Ready(piece.map(|piece| Ok(Frame::data(piece))))
    }

    fn is_end_stream(&self) -> bool {
        self.left == 0
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.left)
    }
}

const SESSION: HeaderName = HeaderName::from_static("x-claude-code-session-id");

/// The fields that Claude Code sends, in its order.
pub(crate) fn headers(to: SocketAddr) -> anyhow::Result<HeaderMap> {
    let host = to.to_string();
    let mut map = HeaderMap::with_capacity(32);
    for (name, value) in FIELDS {
        map.insert(
            HeaderName::from_static(name),
            HeaderValue::from_static(value),
        );
    }
    map.insert(header::HOST, HeaderValue::from_str(&host)?);
    Ok(map)
}

const FIELDS: [(&str, &str); 20] = [
    ("accept", "application/json"),
    ("content-type", "application/json"),
    ("user-agent", "claude-cli/2.1.329 (external, cli)"),
    ("x-claude-code-session-id", ""),
    ("x-stainless-arch", "x64"),
    ("x-stainless-lang", "js"),
    ("x-stainless-os", "Linux"),
    ("x-stainless-package-version", "0.128.0"),
    ("x-stainless-retry-count", "0"),
    ("x-stainless-runtime", "node"),
    ("x-stainless-runtime-version", "v24.3.0"),
    ("x-stainless-timeout", "600"),
    (
        "anthropic-beta",
        "claude-code-20250219,interleaved-thinking-2025-05-14,context-management-2025-06-27,\
         per-turn-control-2026-07-01,mid-conversation-tool-changes-2026-07-01,\
         thinking-token-count-2026-05-13,advanced-tool-use-2025-11-20,effort-2025-11-24",
    ),
    ("anthropic-dangerous-direct-browser-access", "true"),
    ("anthropic-version", "2023-06-01"),
    (
        "x-api-key",
        "sk-ant-api03-bench-bench-bench-bench-bench-bench-bench-bench-bench-bench-0000",
    ),
    ("x-app", "cli"),
    ("connection", "keep-alive"),
    ("host", ""),
    ("accept-encoding", "gzip, deflate, br, zstd"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stamps_are_found_however_the_stream_is_cut() {
        let stream = b"data: {\"text\":\"@100\"}\n\ndata: {\"text\":\"@200\"}\n\n";
        for cut in 0..stream.len() {
            let mut stamps = Stamps::default();
            let mut delays = Vec::new();
            let (one, two) = stream.split_at(cut);
            stamps.read(one, &mut delays);
            stamps.read(two, &mut delays);
            assert_eq!(delays.len(), 2, "cut at {cut}");
        }
    }
}
