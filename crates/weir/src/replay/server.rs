//! The listener: takes requests apart, and plays what the script says at the pace that is wanted.

use std::convert::Infallible;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::stream;
use http::header::{CONTENT_ENCODING, CONTENT_TYPE, UPGRADE};
use http::request::Parts;
use http::{HeaderMap, HeaderValue, Method, Request, Response};
use http_body::Frame;
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt as _, Full, Limited, StreamBody};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::TcpListener;
use tokio::time::Instant;
use weir_core::identity::Gate;
use weir_wire::decode;
use weir_wire::dialect::{Dialect, recognise};
use weir_wire::errors::{ErrorKind, error_body};
use weir_wire::likeness::Likeness;

use super::recording::Answer;
use super::script::Script;
use crate::fetch;
use crate::lines::{clean, complain};

/// Largest request, in bytes, and largest after decoding.
const MAX_BODY: usize = 64 << 20;

type Body = UnsyncBoxBody<Bytes, hyper::Error>;

/// How fast an answer comes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Pace {
    /// At once.
    AtOnce,
    /// This many times as fast as it was.
    Recorded(f64),
}

impl Pace {
    /// 0 is at once.
    pub(super) fn of(speed: f64) -> Self {
        if speed > 0.0 {
            Self::Recorded(speed)
        } else {
            Self::AtOnce
        }
    }

    fn after(self, ms: u64) -> Duration {
        match self {
            Self::AtOnce => Duration::ZERO,
            Self::Recorded(speed) => Duration::from_millis(ms).div_f64(speed),
        }
    }
}

/// Everything that answers need.
#[derive(Debug)]
pub(super) struct Stage {
    /// What is played.
    pub script: Script,
    /// How fast.
    pub pace: Pace,
    /// What must be shown in front of paths; none lets everybody in.
    pub gate: Option<Gate>,
    /// Who answers what the script does not.
    pub upstream: Option<String>,
    /// Whether to say nothing of single requests.
    pub quiet: bool,
}

/// Answers until it is dropped.
pub(super) async fn serve(listener: TcpListener, stage: Arc<Stage>) {
    loop {
        let Ok((stream, _)) = listener.accept().await else {
            // Out of descriptors, most likely: some close soon.
            tokio::time::sleep(Duration::from_millis(50)).await;
            continue;
        };
        let stage = Arc::clone(&stage);
        let service = service_fn(move |request| {
            let stage = Arc::clone(&stage);
            async move { Ok::<_, Infallible>(stage.answer(request).await) }
        });
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .serve_connection(TokioIo::new(stream), service);
        tokio::spawn(async move {
            if let Err(error) = connection.await {
                tracing::debug!(%error, "a connection broke off");
            }
        });
    }
}

/// A request as far as it is needed to find its answer.
struct Asked {
    parts: Parts,
    path: String,
    query: Option<String>,
    body: Bytes,
    dialect: Dialect,
    likeness: Likeness,
}

impl Stage {
    async fn answer(&self, request: Request<Incoming>) -> Response<Body> {
        let (parts, body) = request.into_parts();
        let Some(target) = self.behind_the_door(&parts) else {
            let message = "this is somebody else's replay";
            return refuse(
                Dialect::AnthropicMessages,
                ErrorKind::Authentication,
                message,
            );
        };
        let path = target.to_owned();
        if parts.method == Method::HEAD || path == "/api/hello" || path == "/health" {
            return Response::new(whole(Bytes::new()));
        }
        if wants_websocket(&parts) {
            let kind = ErrorKind::UpgradeRequired;
            return refuse(Dialect::OpenaiResponses, kind, kind.message());
        }
        let query = parts.uri.query().map(str::to_owned);
        let known = recognise(&parts.method, &path, query.as_deref(), &parts.headers);
        let Some(known) = known.map(|known| (known.dialect, known.operation)) else {
            let message = format!("{path} is no path of an LLM API");
            return refuse(Dialect::AnthropicMessages, ErrorKind::NotFound, &message);
        };
        let body = match Limited::new(body, MAX_BODY).collect().await {
            Ok(body) => body.to_bytes(),
            Err(error) => {
                let message = format!("the request did not come whole: {error}");
                return refuse(known.0, ErrorKind::InvalidRequest, &message);
            }
        };
        let encoding = parts.headers.get(CONTENT_ENCODING);
        let encoding = encoding.and_then(|encoding| encoding.to_str().ok());
        let likeness = {
            let plain = decode::decode(encoding, &body, MAX_BODY).bytes;
            Likeness::of(known.0, known.1, &plain)
        };
        self.play(Asked {
            parts,
            path,
            query,
            body,
            dialect: known.0,
            likeness,
        })
        .await
    }

    /// The path behind the token, which may be in a header instead; none when it is nowhere.
    fn behind_the_door<'a>(&self, parts: &'a Parts) -> Option<&'a str> {
        let path = parts.uri.path();
        let Some(gate) = &self.gate else {
            return Some(path);
        };
        if let Some(token) = gate.path_token(path) {
            return token.right.then_some(token.rest);
        }
        let peer = IpAddr::from([0, 0, 0, 0]);
        gate.check(&parts.headers, None, peer)
            .is_ok()
            .then_some(path)
    }

    async fn play(&self, asked: Asked) -> Response<Body> {
        let line = clean(&format!("{} {}", asked.parts.method, asked.path));
        let found = self
            .script
            .find((&asked.parts.method, &asked.path), &asked.likeness);
        if let Some((recorded, matched)) = found {
            if !self.quiet {
                let asked = clean(&recorded.asked);
                complain(&format!("  {} {asked}: {matched}", short(&recorded.id)));
            }
            return played(recorded.answer.clone(), self.pace);
        }
        if let Some(upstream) = &self.upstream {
            complain(&format!("  {line}: not recorded, asked of {upstream}"));
            return forward(upstream, asked).await;
        }
        complain(&format!("  {line}: not recorded"));
        let message = format!(
            "weir replay: no recorded exchange answers {line}; the agent asks otherwise than it did \
             when this session was recorded. `--upstream http://...` asks another gateway then."
        );
        refuse(asked.dialect, ErrorKind::InvalidRequest, &message)
    }
}

/// What Codex tries first. It goes on over HTTP after this refusal only.
fn wants_websocket(parts: &Parts) -> bool {
    let upgrade = parts.headers.get(UPGRADE);
    upgrade.is_some_and(|to| to.as_bytes().eq_ignore_ascii_case(b"websocket"))
}

fn short(id: &str) -> &str {
    id.get(id.len().saturating_sub(8)..).unwrap_or(id)
}

fn whole(bytes: Bytes) -> Body {
    Full::new(bytes)
        .map_err(|never| match never {})
        .boxed_unsync()
}

/// A recorded answer, each piece at its time.
fn played(answer: Answer, pace: Pace) -> Response<Body> {
    let started = Instant::now();
    let pieces = stream::unfold(answer.pieces.into_iter(), move |mut pieces| async move {
        let (ms, piece) = pieces.next()?;
        tokio::time::sleep_until(started + pace.after(ms)).await;
        Some((Ok(Frame::data(piece)), pieces))
    });
    let mut response = Response::new(StreamBody::new(pieces).boxed_unsync());
    *response.status_mut() = answer.status;
    *response.headers_mut() = answer.headers;
    response
}

/// An answer of another gateway.
async fn forward(upstream: &str, asked: Asked) -> Response<Body> {
    let query = asked
        .query
        .map_or_else(String::new, |query| format!("?{query}"));
    let url = format!("{}{}{query}", upstream.trim_end_matches('/'), asked.path);
    let request = (asked.parts.method, asked.parts.headers, asked.body.to_vec());
    match fetch::pass_on(&url, request).await {
        Ok(response) => response.map(http_body_util::BodyExt::boxed_unsync),
        Err(error) => {
            let message = format!("weir replay: {error:#}");
            refuse(asked.dialect, ErrorKind::Upstream, &message)
        }
    }
}

/// An error in the client's dialect, which it is not to ask about again.
fn refuse(dialect: Dialect, kind: ErrorKind, message: &str) -> Response<Body> {
    let (status, body) = error_body(dialect, kind, message, "replay");
    let mut headers = HeaderMap::new();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert("x-should-retry", HeaderValue::from_static("false"));
    let mut response = Response::new(whole(body.into()));
    *response.status_mut() = status;
    *response.headers_mut() = headers;
    response
}
