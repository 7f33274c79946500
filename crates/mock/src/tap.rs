//! The socket as hyper sees it: a TCP stream whose read bytes are also shown to the head splitter,
//! and which can be taken back from hyper with what hyper had read ahead.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::{Buf, Bytes};
use parking_lot::Mutex;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

use crate::heads::Splitter;

/// How an HTTP/2 client with prior knowledge begins.
const H2_PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// A connection whose request heads are recorded.
#[derive(Debug)]
pub(crate) struct Tap {
    pub(crate) stream: TcpStream,
    unread: Bytes,
    heads: Option<Arc<Mutex<Splitter>>>,
}

impl Tap {
    /// Reads enough to tell the protocol; `true` means HTTP/2.
    pub(crate) async fn sniff(mut stream: TcpStream) -> io::Result<(Self, bool)> {
        let mut start = Vec::with_capacity(8192);
        let is_h2 = loop {
            if stream.read_buf(&mut start).await? == 0 {
                break false;
            }
            let known = start.len().min(H2_PREFACE.len());
            if start.get(..known) != H2_PREFACE.get(..known) {
                break false;
            }
            if known == H2_PREFACE.len() {
                break true;
            }
        };
        Ok((
            Self {
                stream,
                unread: start.into(),
                heads: None,
            },
            is_h2,
        ))
    }

    /// Starts recording heads, beginning with what `sniff` has read.
    pub(crate) fn record_heads(&mut self, heads: Arc<Mutex<Splitter>>) {
        heads.lock().feed(&self.unread);
        self.heads = Some(heads);
    }

    /// Gives back bytes that hyper read but did not use; they are in the recording already.
    pub(crate) fn unread(&mut self, bytes: Bytes) {
        if self.unread.is_empty() {
            self.unread = bytes;
        } else {
            self.unread = [bytes, std::mem::take(&mut self.unread)].concat().into();
        }
    }
}

impl AsyncRead for Tap {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if !self.unread.is_empty() {
            let size = self.unread.len().min(buf.remaining());
            buf.put_slice(self.unread.get(..size).unwrap_or_default());
            self.unread.advance(size);
            return Poll::Ready(Ok(()));
        }
        let before = buf.filled().len();
        let polled = Pin::new(&mut self.stream).poll_read(cx, buf);
        if let Some(heads) = &self.heads {
            heads
                .lock()
                .feed(buf.filled().get(before..).unwrap_or_default());
        }
        polled
    }
}

impl AsyncWrite for Tap {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, buf)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(cx, bufs)
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
