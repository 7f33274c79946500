//! The bodies that weir sends: a whole answer of its own, a relayed one, or the control plane's.

use std::collections::VecDeque;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::{Body as HttpBody, Frame, SizeHint};
use http_body_util::combinators::UnsyncBoxBody;
use weir_core::exchange::RawBody;

use crate::connection::Busy;
use crate::relay::Relay;

/// Any cause of a broken body.
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// A response body.
#[derive(Debug)]
pub enum Body {
    /// In memory, sent once; `None` when empty or sent.
    Whole(Option<Bytes>),
    /// An upstream's, as it comes.
    Relay(Box<Relay>),
    /// The control plane's, with the mark that the connection is answering.
    Control(UnsyncBoxBody<Bytes, BoxError>, Option<Busy>),
}

impl Body {
    /// No bytes.
    #[must_use]
    pub fn empty() -> Self {
        Self::Whole(None)
    }

    /// These bytes.
    #[must_use]
    pub fn from_bytes(bytes: Bytes) -> Self {
        Self::Whole((!bytes.is_empty()).then_some(bytes))
    }

    /// Marks the connection as answering until a body of the control plane's has ended.
    pub(crate) fn keep_busy(self, busy: Busy) -> Self {
        match self {
            Self::Control(body, _) => Self::Control(body, Some(busy)),
            Self::Whole(_) | Self::Relay(_) => self,
        }
    }
}

impl From<UnsyncBoxBody<Bytes, BoxError>> for Body {
    fn from(body: UnsyncBoxBody<Bytes, BoxError>) -> Self {
        Self::Control(body, None)
    }
}

impl From<Vec<u8>> for Body {
    fn from(bytes: Vec<u8>) -> Self {
        Self::Whole((!bytes.is_empty()).then(|| bytes.into()))
    }
}

impl HttpBody for Body {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        match &mut *self {
            Self::Whole(bytes) => Poll::Ready(bytes.take().map(|all| Ok(Frame::data(all)))),
            Self::Relay(relay) => Pin::new(&mut **relay).poll_frame(cx),
            Self::Control(body, _) => Pin::new(body).poll_frame(cx),
        }
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Self::Whole(bytes) => bytes.is_none(),
            Self::Relay(relay) => relay.is_end_stream(),
            Self::Control(body, _) => body.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Whole(bytes) => {
                SizeHint::with_exact(bytes.as_ref().map_or(0, |all| all.len() as u64))
            }
            Self::Relay(relay) => relay.size_hint(),
            Self::Control(body, _) => body.size_hint(),
        }
    }
}

/// A request body on its way up: the client's own pieces, not joined and not copied.
#[derive(Debug, Default)]
pub struct Outgoing {
    pieces: VecDeque<Bytes>,
    left: u64,
}

impl From<&RawBody> for Outgoing {
    fn from(body: &RawBody) -> Self {
        Self {
            pieces: body.pieces.iter().cloned().collect(),
            left: body.len as u64,
        }
    }
}

impl HttpBody for Outgoing {
    type Data = Bytes;
    type Error = std::convert::Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        let piece = self.pieces.pop_front();
        if let Some(bytes) = &piece {
            self.left -= bytes.len() as u64;
        }
        Poll::Ready(piece.map(|bytes| Ok(Frame::data(bytes))))
    }

    fn is_end_stream(&self) -> bool {
        self.pieces.is_empty()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.left)
    }
}
