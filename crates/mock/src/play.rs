//! Plays a reply onto a connection: HTTP/1.1 written byte by byte as scripted, HTTP/2 as frames
//! handed to hyper. Notices at any moment that the client has gone.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::HeaderMap;
use http_body::{Body, Frame};
use tokio::net::TcpStream;
use tokio::sync::mpsc;

use crate::ids::Random;
use crate::script::{Cut, Framing, Raw, Split, Step};

/// The client went away before the reply had ended.
#[derive(Debug)]
pub(crate) struct Gone;

/// What of the request decides the framing of an HTTP/1 reply.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Asked {
    pub(crate) is_head: bool,
    pub(crate) is_http10: bool,
    pub(crate) wants_close: bool,
}

/// What becomes of the connection after a reply.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum After {
    KeepAlive,
    Close(Cut),
}

/// Plays a reply onto an HTTP/1 socket.
pub(crate) async fn play_h1(stream: &TcpStream, reply: Raw, asked: Asked) -> Result<After, Gone> {
    let quiet = Sink::Socket {
        stream,
        chunked: false,
    };
    play_steps(reply.before_head.clone(), Split::No, &quiet).await?;
    if let Some(cut) = reply.refuse {
        return Ok(After::Close(cut));
    }
    let plan = Plan::of(&reply, asked);
    if reply.framing != Framing::Wire {
        quiet.send(plan.head.clone().into()).await?;
    }
    if plan.has_body {
        let sink = Sink::Socket {
            stream,
            chunked: plan.chunked,
        };
        play_steps(reply.steps, reply.split, &sink).await?;
    }
    if let Some(cut) = reply.cut {
        return Ok(After::Close(cut));
    }
    if plan.has_body && plan.chunked {
        let mut end = "0\r\n".to_owned();
        for (name, value) in &reply.trailers {
            end.extend([name, ": ", value, "\r\n"]);
        }
        end.push_str("\r\n");
        quiet.send(end.into()).await?;
    }
    Ok(if plan.close {
        After::Close(Cut::Fin)
    } else {
        After::KeepAlive
    })
}

/// The head of an HTTP/1 reply and what follows from it.
struct Plan {
    head: String,
    chunked: bool,
    has_body: bool,
    close: bool,
}

impl Plan {
    fn of(reply: &Raw, asked: Asked) -> Self {
        let given = |wanted: &str| {
            reply
                .headers
                .iter()
                .find(|(name, _)| name.eq_ignore_ascii_case(wanted))
        };
        let has_body = !asked.is_head && !matches!(reply.status, 100..=199 | 204 | 304);
        let chunked = reply.framing == Framing::Auto
            && has_body
            && !asked.is_http10
            && given("content-length").is_none();
        let close = reply.framing != Framing::Auto
            || asked.wants_close
            || asked.is_http10
            || given("connection").is_some_and(|(_, value)| value.eq_ignore_ascii_case("close"));
        let reason = reply.reason.clone().unwrap_or_else(|| {
            let status = http::StatusCode::from_u16(reply.status).ok();
            status
                .and_then(|code| code.canonical_reason())
                .unwrap_or("Unknown")
                .to_owned()
        });
        let mut head = format!("{} {} {reason}\r\n", reply.version, reply.status);
        for (name, value) in &reply.headers {
            let is_untrue = close && name.eq_ignore_ascii_case("connection");
            let value = if is_untrue { "close" } else { value.as_str() };
            head.extend([name.as_str(), ": ", value, "\r\n"]);
        }
        if chunked && given("transfer-encoding").is_none() {
            head.push_str("transfer-encoding: chunked\r\n");
        }
        if close && given("connection").is_none() {
            head.push_str("connection: close\r\n");
        }
        head.push_str("\r\n");
        Self {
            head,
            chunked,
            has_body,
            close,
        }
    }
}

/// What the frames of an HTTP/2 reply travel through.
pub(crate) type Frames = mpsc::Sender<Result<Frame<Bytes>, Broken>>;

/// Plays a reply's body into an HTTP/2 stream; the head is hyper's.
pub(crate) async fn play_h2(frames: Frames, reply: Raw) -> Result<(), Gone> {
    let sink = Sink::Frames(&frames);
    play_steps(reply.steps, reply.split, &sink).await?;
    let last = if reply.cut.is_some() {
        Some(Err(Broken))
    } else if reply.trailers.is_empty() {
        None
    } else {
        Some(Ok(Frame::trailers(header_map(&reply.trailers))))
    };
    match last {
        Some(frame) => frames.send(frame).await.map_err(|_| Gone),
        None => Ok(()),
    }
}

/// The fields that are valid in HTTP/2, without the connection's own.
pub(crate) fn header_map(fields: &[(String, String)]) -> HeaderMap {
    let mut map = HeaderMap::new();
    for (name, value) in fields {
        let own = ["connection", "transfer-encoding", "keep-alive", "upgrade"];
        let name = http::HeaderName::try_from(name.as_str());
        let value = http::HeaderValue::try_from(value.as_str());
        if let (Ok(name), Ok(value)) = (name, value)
            && !own.contains(&name.as_str())
        {
            map.append(name, value);
        }
    }
    map
}

/// Waits before the head of an HTTP/2 reply.
pub(crate) async fn wait_before_head(steps: Vec<Step>) {
    for step in steps {
        pause(step).await;
    }
}

async fn play_steps(
    steps: impl IntoIterator<Item = Step>,
    split: Split,
    sink: &Sink<'_>,
) -> Result<(), Gone> {
    let mut random = Random::new(if let Split::Random { seed, .. } = split {
        seed
    } else {
        0
    });
    for step in steps {
        match step {
            Step::Bytes(mut piece) => {
                while !piece.is_empty() {
                    let size = match split {
                        Split::No => piece.len(),
                        Split::Every(size) => size,
                        Split::Random { max, .. } => 1 + random.below(max),
                    };
                    sink.send(piece.split_to(size.min(piece.len()))).await?;
                }
            }
            waiting => tokio::select! {
                () = sink.gone() => return Err(Gone),
                () = pause(waiting) => {}
            },
        }
    }
    Ok(())
}

async fn pause(step: Step) {
    match step {
        Step::Bytes(_) => {}
        Step::Sleep(time) => tokio::time::sleep(time).await,
        Step::Gate(gate) => gate.pass().await,
        Step::Forever => std::future::pending().await,
    }
}

enum Sink<'a> {
    Socket {
        stream: &'a TcpStream,
        chunked: bool,
    },
    Frames(&'a Frames),
}

impl Sink<'_> {
    async fn send(&self, data: Bytes) -> Result<(), Gone> {
        match self {
            Self::Frames(frames) => frames.send(Ok(Frame::data(data))).await.map_err(|_| Gone),
            Self::Socket {
                stream,
                chunked: false,
            } => self.write(stream, &data).await,
            Self::Socket {
                stream,
                chunked: true,
            } => {
                let mut chunk = format!("{:x}\r\n", data.len()).into_bytes();
                chunk.extend_from_slice(&data);
                chunk.extend_from_slice(b"\r\n");
                self.write(stream, &chunk).await
            }
        }
    }

    async fn write(&self, stream: &TcpStream, data: &[u8]) -> Result<(), Gone> {
        tokio::select! {
            biased;
            written = write_all(stream, data) => written.map_err(|_| Gone),
            () = self.gone() => Err(Gone),
        }
    }

    /// Returns when the client has closed. A client that has sent more already, behind this
    /// request, is found gone only by the next write.
    async fn gone(&self) {
        match self {
            Self::Frames(frames) => frames.closed().await,
            Self::Socket { stream, .. } => {
                if matches!(stream.peek(&mut [0]).await, Ok(1..)) {
                    std::future::pending::<()>().await;
                }
            }
        }
    }
}

async fn write_all(stream: &TcpStream, mut data: &[u8]) -> io::Result<()> {
    while !data.is_empty() {
        match stream.try_write(data) {
            Ok(written) => data = data.get(written..).unwrap_or_default(),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => stream.writable().await?,
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// The scripted break of an HTTP/2 stream.
#[derive(Debug)]
pub(crate) struct Broken;

impl std::fmt::Display for Broken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("broken off as scripted")
    }
}

impl std::error::Error for Broken {}

/// An HTTP/2 body fed by [`play_h2`].
#[derive(Debug)]
pub(crate) struct Played(pub(crate) mpsc::Receiver<Result<Frame<Bytes>, Broken>>);

impl Body for Played {
    type Data = Bytes;
    type Error = Broken;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Broken>>> {
        self.0.poll_recv(cx)
    }
}
