//! Accepts connections, lets hyper read the requests, records them and plays the replies. HTTP/1.x,
//! HTTP/2 with prior knowledge and, if set up, TLS on one port.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use bytes::{Bytes, BytesMut};
use http::{HeaderMap, Request, Response, Version};
use http_body_util::BodyExt;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use parking_lot::Mutex;
use tokio::io::AsyncWriteExt;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::control;
use crate::director::{Director, Reply};
use crate::fast::{self, Prebuilt};
use crate::heads::{Head, Splitter};
use crate::play::{self, After, Asked, Gone, Played};
use crate::received::{Attendance, Log, Received};
use crate::script::{Cut, Raw};
use crate::tally::Names;
use crate::tap::Tap;
use crate::tls::Tls;

/// Requests with more header fields are refused by hyper with a 431.
const MAX_HEADERS: usize = 1000;
/// Requests with longer bodies are refused.
const MAX_BODY_BYTES: usize = 1 << 30;

/// What all connections share.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) fast: Option<Arc<Prebuilt>>,
    pub(crate) tls: Option<Tls>,
    pub(crate) log: Arc<Log>,
    pub(crate) director: Director,
    pub(crate) connections: AtomicU64,
}

/// Accepts until told to stop. When it returns, the port and every connection are closed.
pub(crate) async fn accept(listener: TcpListener, shared: Arc<Shared>, stop: CancellationToken) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            biased;
            () = stop.cancelled() => break,
            accepted = listener.accept() => {
                // Out of file descriptors or a client that left already: the next one may do.
                let Ok((stream, _)) = accepted else { tokio::task::yield_now().await; continue };
                let number = shared.connections.fetch_add(1, Ordering::Relaxed);
                connections.spawn(connection(stream, number, shared.clone()));
            }
            Some(Err(error)) = connections.join_next() => {
                tracing::error!(%error, "a mock connection panicked");
            }
        }
    }
    drop(listener);
    connections.shutdown().await;
}

/// Which connection, and how it is protected.
#[derive(Clone, Copy, Debug)]
struct Line {
    number: u64,
    is_tls: bool,
}

async fn connection(stream: TcpStream, number: u64, shared: Arc<Shared>) {
    stream.set_nodelay(true).ok();
    let served = match &shared.tls {
        Some(tls) if Tls::is_spoken(&stream).await => {
            let serve = |inside| {
                plain(
                    inside,
                    Line {
                        number,
                        is_tls: true,
                    },
                    &shared,
                )
            };
            Box::pin(tls.unwrapped(stream, serve)).await
        }
        _ => {
            plain(
                stream,
                Line {
                    number,
                    is_tls: false,
                },
                &shared,
            )
            .await
        }
    };
    if let Err(error) = served {
        tracing::debug!(connection = number, %error, "mock connection broke");
    }
}

async fn plain(stream: TcpStream, line: Line, shared: &Arc<Shared>) -> io::Result<()> {
    match (Tap::sniff(stream).await?, &shared.fast) {
        ((tap, is_h2), Some(prebuilt)) => fast::connection(tap, is_h2, prebuilt.clone()).await,
        ((tap, true), None) => h2(tap, line, shared.clone()).await,
        ((tap, false), None) => h1(tap, line, shared.clone()).await,
    }
}

/// A request that has been read and recorded, with the reply that is due.
struct Due {
    reply: Raw,
    asked: Asked,
    attendance: Attendance,
}

/// hyper reads one request; then the socket is taken back, so that the reply is written to the
/// byte as scripted; then hyper gets the socket again for the next request.
async fn h1(mut tap: Tap, line: Line, shared: Arc<Shared>) -> io::Result<()> {
    let heads = Arc::new(Mutex::new(Splitter::new()));
    tap.record_heads(heads.clone());
    let mut builder = hyper::server::conn::http1::Builder::new();
    let timer = hyper_util::rt::TokioTimer::new(); // hyper wants one to be told "no timeout"
    builder
        .max_headers(MAX_HEADERS)
        .timer(timer)
        .header_read_timeout(None);
    loop {
        let due = Arc::new(Mutex::new(None));
        let service = service_fn(|request| {
            let (shared, heads, due) = (shared.clone(), heads.clone(), due.clone());
            Box::pin(async move {
                let head = heads.lock().take();
                let read = read(&shared, request, head, line).await;
                *due.lock() = read;
                // An error makes hyper let go of the connection without writing anything.
                Err::<Response<String>, io::Error>(io::Error::other("taken over"))
            })
        });
        let mut hyper = builder.serve_connection(TokioIo::new(tap), service);
        let ended = std::future::poll_fn(|cx| hyper.poll_without_shutdown(cx)).await;
        let parts = hyper.into_parts();
        tap = parts.io.into_inner();
        tap.unread(parts.read_buf);
        let Some(Due {
            reply,
            asked,
            attendance,
        }) = due.lock().take()
        else {
            tap.shutdown().await.ok();
            return ended.map_err(io::Error::other);
        };
        match play::play_h1(&tap.stream, reply, asked).await {
            Ok(After::KeepAlive) => attendance.finished(),
            Ok(After::Close(cut)) => {
                attendance.finished();
                return close(tap, cut).await;
            }
            Err(Gone) => return Ok(()), // dropping the attendance notes it
        }
    }
}

async fn close(mut tap: Tap, cut: Cut) -> io::Result<()> {
    match cut {
        Cut::Fin => tap.shutdown().await,
        Cut::Rst => tap.stream.set_zero_linger(), // the drop then resets the connection
    }
}

async fn h2(tap: Tap, line: Line, shared: Arc<Shared>) -> io::Result<()> {
    let service = service_fn(move |request| {
        let shared = shared.clone();
        async move { Box::pin(h2_response(&shared, request, line)).await }
    });
    hyper::server::conn::http2::Builder::new(TokioExecutor::new())
        .max_header_list_size(1 << 20)
        .serve_connection(TokioIo::new(tap), service)
        .await
        .map_err(io::Error::other)
}

async fn h2_response(
    shared: &Shared,
    request: Request<Incoming>,
    line: Line,
) -> io::Result<Response<Played>> {
    let broken = || io::Error::other("broken off as scripted");
    let Some(Due {
        mut reply,
        attendance,
        ..
    }) = read(shared, request, None, line).await
    else {
        return Err(io::Error::other("the client broke off"));
    };
    play::wait_before_head(std::mem::take(&mut reply.before_head)).await;
    if reply.refuse.is_some() {
        attendance.finished();
        return Err(broken());
    }
    let (frames, body) = mpsc::channel(1);
    let mut response = Response::new(Played(body));
    *response.status_mut() = http::StatusCode::from_u16(reply.status).map_err(io::Error::other)?;
    *response.headers_mut() = play::header_map(&reply.headers);
    // Ends when the body does: with the connection's task, the receiver is dropped.
    tokio::spawn(async move {
        if play::play_h2(frames, reply).await.is_ok() {
            attendance.finished();
        }
    });
    Ok(response)
}

/// Reads the rest of a request, records it and finds its reply. `None` if the client broke off.
async fn read(
    shared: &Shared,
    request: Request<Incoming>,
    head: Option<Head>,
    line: Line,
) -> Option<Due> {
    let (parts, body) = request.into_parts();
    let (body, trailers, complete) = collect(body).await;
    let received = received(&parts, head, line, (body, trailers, complete));
    let asked = Asked {
        is_head: received.method == "HEAD",
        is_http10: parts.version == Version::HTTP_10,
        wants_close: received.header("connection").is_some_and(|value| {
            value
                .split(',')
                .any(|word| word.trim().eq_ignore_ascii_case("close"))
        }),
    };
    if let Some(reply) = control::reply(shared, &received) {
        return Some(Due {
            reply,
            asked,
            attendance: Attendance::unrecorded(shared.log.clone()),
        });
    }
    let serial = shared.log.add(received.clone());
    if !complete {
        return None;
    }
    let Reply { raw, fate } = shared.director.reply(&received, serial);
    let names = Names {
        credential: received.credential().map(str::to_owned),
        request: received.request_id().map(str::to_owned),
    };
    Some(Due {
        reply: raw,
        asked,
        attendance: Attendance::new(shared.log.clone(), serial, names, fate),
    })
}

fn received(
    parts: &http::request::Parts,
    head: Option<Head>,
    line: Line,
    (body, trailers, complete): (Bytes, HeaderMap, bool),
) -> Received {
    let head = head.unwrap_or_else(|| Head {
        method: parts.method.to_string(),
        target: target(parts),
        headers: pairs(&parts.headers),
        raw: Bytes::new(),
    });
    let host = parts.headers.get(http::header::HOST);
    let host = host.map(|host| String::from_utf8_lossy(host.as_bytes()).into_owned());
    let authority = parts.uri.authority().map(ToString::to_string);
    Received {
        serial: 0,
        method: head.method,
        target: head.target,
        headers: head.headers,
        raw_head: head.raw,
        body,
        body_complete: complete,
        trailers: pairs(&trailers),
        connection: line.number,
        is_tls: line.is_tls,
        authority: host.or(authority).unwrap_or_default(),
        at: Instant::now(),
        http_version: parts.version,
        client_closed_early: (!complete).then(Instant::now),
        finished_at: None,
        fault: None,
    }
}

fn target(parts: &http::request::Parts) -> String {
    parts
        .uri
        .path_and_query()
        .map_or_else(|| parts.uri.to_string(), ToString::to_string)
}

fn pairs(headers: &HeaderMap) -> Vec<(String, String)> {
    let text = |value: &http::HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
    headers
        .iter()
        .map(|(name, value)| (name.as_str().to_owned(), text(value)))
        .collect()
}

async fn collect(mut body: Incoming) -> (Bytes, HeaderMap, bool) {
    let mut pieces = BytesMut::new();
    let mut trailers = HeaderMap::new();
    while let Some(frame) = body.frame().await {
        let Ok(frame) = frame else {
            return (pieces.freeze(), trailers, false);
        };
        match frame.into_data() {
            Ok(data) if pieces.len() + data.len() > MAX_BODY_BYTES => {
                return (pieces.freeze(), trailers, false);
            }
            Ok(data) => pieces.extend_from_slice(&data),
            Err(frame) => trailers = frame.into_trailers().unwrap_or_default(),
        }
    }
    (pieces.freeze(), trailers, true)
}
