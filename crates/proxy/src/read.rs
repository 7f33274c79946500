//! Reads a request body within its limits, in the pieces it comes in.

use std::future::poll_fn;
use std::num::NonZeroUsize;
use std::pin::Pin;
use std::time::Duration;

use bytes::BytesMut;
use http_body::Body as HttpBody;
use hyper::body::Incoming;
use weir_core::exchange::RawBody;

/// Bytes over the limit that are read and thrown away, so that a client that is still sending
/// gets to see the refusal instead of a reset.
const DISCARD: usize = 64 * 1024 * 1024;
/// Pieces below this length are put together.
const SMALL_PIECE: usize = 1024;
/// How long to do so.
const DISCARD_TIME: Duration = Duration::from_secs(5);

/// Why there is no body.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// Over `max_body_bytes`.
    #[error("the body is over {0} bytes")]
    TooLarge(usize),
    /// Not here within the read timeout.
    #[error("the body took over {0:?}")]
    TimedOut(Duration),
    /// The client broke off, or its framing is broken.
    #[error("the body broke off: {0}")]
    Broken(hyper::Error),
}

/// Reads all of `body`. `expects_continue` tells that the client waits for leave to send it.
///
/// # Errors
/// As [`ReadError`] says.
pub async fn read(
    mut body: Incoming,
    limit: Option<NonZeroUsize>,
    timeout: Duration,
    expects_continue: bool,
) -> Result<RawBody, ReadError> {
    if body.is_end_stream() {
        return Ok(RawBody::default());
    }
    let limit = limit.map_or(usize::MAX, NonZeroUsize::get);
    let announced = usize::try_from(body.size_hint().lower()).unwrap_or(usize::MAX);
    if announced > limit && expects_continue {
        return Err(ReadError::TooLarge(limit));
    }
    let whole = if announced > limit {
        Err(ReadError::TooLarge(limit))
    } else {
        tokio::time::timeout(timeout, collect(&mut body, limit))
            .await
            .unwrap_or(Err(ReadError::TimedOut(timeout)))
    };
    if matches!(whole, Err(ReadError::TooLarge(_))) {
        // Its outcome changes nothing: the request is refused either way.
        let _ended = tokio::time::timeout(DISCARD_TIME, discard(&mut body)).await;
    }
    whole
}

async fn collect(body: &mut Incoming, limit: usize) -> Result<RawBody, ReadError> {
    let mut whole = RawBody::default();
    // A body in very many small pieces would take far more memory than its length.
    let mut small = BytesMut::new();
    while let Some(frame) = poll_fn(|cx| Pin::new(&mut *body).poll_frame(cx)).await {
        let Ok(piece) = frame.map_err(ReadError::Broken)?.into_data() else {
            continue;
        };
        if whole.len + small.len() + piece.len() > limit {
            return Err(ReadError::TooLarge(limit));
        }
        if piece.len() < SMALL_PIECE && !whole.pieces.is_empty() {
            small.extend_from_slice(&piece);
            continue;
        }
        if !small.is_empty() {
            whole.push(small.split().freeze());
        }
        whole.push(piece);
    }
    if !small.is_empty() {
        whole.push(small.freeze());
    }
    Ok(whole)
}

/// Reads what the client is still sending of a request that is refused, within bounds, so that it
/// gets to see the refusal instead of a reset.
pub async fn drain(mut body: Incoming) {
    if !body.is_end_stream() {
        // Its outcome changes nothing: the request is refused either way.
        let _ended = tokio::time::timeout(DISCARD_TIME, discard(&mut body)).await;
    }
}

async fn discard(body: &mut Incoming) {
    let mut left = DISCARD;
    while let Some(Ok(frame)) = poll_fn(|cx| Pin::new(&mut *body).poll_frame(cx)).await {
        let size = frame.data_ref().map_or(0, bytes::Bytes::len);
        if size > left {
            return;
        }
        left -= size;
    }
}
