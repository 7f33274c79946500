//! A client connection with deadlines: for the head of a request, for silence between requests,
//! and for a client that does not read. Between those it costs nothing: the timer is only touched
//! when a read or a write has to wait.
//!
//! hyper's own header timeout starts when the previous response ends, so it would also close
//! connections that merely rest between two turns; hence this one.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep};

/// How long a client may take.
#[derive(Clone, Copy, Debug)]
pub struct Deadlines {
    /// From the first byte of a request, or from the start of the connection, to the end of the
    /// request's head.
    pub header: Duration,
    /// Without any request.
    pub idle: Duration,
    /// With response bytes waiting that the client does not read.
    pub write: Duration,
}

/// What the requests on a connection tell its deadlines.
#[derive(Debug, Default)]
pub struct Activity {
    /// Requests being answered at this moment.
    busy: AtomicUsize,
    /// Requests that ever came.
    begun: AtomicUsize,
    /// Whether it speaks HTTP/2, where bytes between requests need not begin one.
    http2: AtomicBool,
}

impl Activity {
    /// Marks one request as being answered, until the guard is dropped.
    #[must_use]
    pub fn begin(self: &Arc<Self>, version: http::Version) -> Busy {
        if version == http::Version::HTTP_2 {
            self.http2.store(true, Ordering::Relaxed);
        }
        self.busy.fetch_add(1, Ordering::Relaxed);
        self.begun.fetch_add(1, Ordering::Relaxed);
        Busy(Arc::clone(self))
    }
}

/// One request being answered.
#[derive(Debug)]
pub struct Busy(Arc<Activity>);

impl Drop for Busy {
    fn drop(&mut self) {
        self.0.busy.fetch_sub(1, Ordering::Relaxed);
    }
}

/// A timer that is only moved when it would fire too late, or has fired too early.
#[derive(Debug, Default)]
struct Alarm {
    sleep: Option<Pin<Box<Sleep>>>,
}

impl Alarm {
    /// Whether `deadline` has passed; if not, the task is woken no later than then.
    fn passed(&mut self, cx: &mut Context<'_>, deadline: Instant) -> bool {
        if deadline <= Instant::now() {
            return true;
        }
        let sleep = self
            .sleep
            .get_or_insert_with(|| Box::pin(tokio::time::sleep_until(deadline)));
        if sleep.deadline() > deadline || sleep.is_elapsed() {
            sleep.as_mut().reset(deadline);
        }
        while sleep.as_mut().poll(cx).is_ready() {
            if deadline <= Instant::now() {
                return true;
            }
            sleep.as_mut().reset(deadline);
        }
        false
    }
}

/// The connection itself.
#[derive(Debug)]
pub struct Deadlined<S> {
    io: S,
    limits: Deadlines,
    activity: Arc<Activity>,
    /// When the current wait for a request began: with its first byte, or when the last ended.
    waiting_since: Instant,
    /// Whether part of a request's head is here already.
    in_head: bool,
    /// Requests that had come when the wait began. An answer may begin and end between two looks,
    /// so that being busy is not always seen.
    begun: usize,
    was_busy: bool,
    write_stalled_since: Option<Instant>,
    read_alarm: Alarm,
    write_alarm: Alarm,
}

impl<S> Deadlined<S> {
    /// Puts `io` under `limits`.
    pub fn new(io: S, limits: Deadlines) -> Self {
        Self {
            io,
            limits,
            activity: Arc::default(),
            waiting_since: Instant::now(),
            in_head: false,
            begun: 0,
            was_busy: false,
            write_stalled_since: None,
            read_alarm: Alarm::default(),
            write_alarm: Alarm::default(),
        }
    }

    /// What requests report to.
    pub fn activity(&self) -> Arc<Activity> {
        Arc::clone(&self.activity)
    }

    fn read_deadline_passed(&mut self, cx: &mut Context<'_>) -> bool {
        if self.activity.busy.load(Ordering::Relaxed) > 0 {
            self.was_busy = true;
            return false;
        }
        let begun = self.activity.begun.load(Ordering::Relaxed);
        if std::mem::take(&mut self.was_busy) || begun != self.begun {
            self.begun = begun;
            self.in_head = false;
            self.waiting_since = Instant::now();
        }
        let limit = if self.in_head || begun == 0 {
            self.limits.header
        } else {
            self.limits.idle
        };
        self.read_alarm.passed(cx, self.waiting_since + limit)
    }

    fn after_read(&mut self) {
        let idle = self.activity.busy.load(Ordering::Relaxed) == 0;
        if idle && !self.in_head && !self.activity.http2.load(Ordering::Relaxed) {
            self.in_head = true;
            self.begun = self.activity.begun.load(Ordering::Relaxed);
            self.was_busy = false;
            self.waiting_since = Instant::now();
        }
    }

    fn after_write<T>(
        &mut self,
        cx: &mut Context<'_>,
        result: Poll<io::Result<T>>,
    ) -> Poll<io::Result<T>> {
        if result.is_ready() {
            self.write_stalled_since = None;
            return result;
        }
        let since = *self.write_stalled_since.get_or_insert_with(Instant::now);
        if self.write_alarm.passed(cx, since + self.limits.write) {
            return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
        }
        Poll::Pending
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Deadlined<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        match Pin::new(&mut self.io).poll_read(cx, buf) {
            Poll::Pending if self.read_deadline_passed(cx) => {
                Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
            }
            Poll::Pending => Poll::Pending,
            ready @ Poll::Ready(_) => {
                self.after_read();
                ready
            }
        }
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Deadlined<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        let result = Pin::new(&mut self.io).poll_write(cx, buf);
        self.after_write(cx, result)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let result = Pin::new(&mut self.io).poll_write_vectored(cx, bufs);
        self.after_write(cx, result)
    }

    fn is_write_vectored(&self) -> bool {
        self.io.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let result = Pin::new(&mut self.io).poll_flush(cx);
        self.after_write(cx, result)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let result = Pin::new(&mut self.io).poll_shutdown(cx);
        self.after_write(cx, result)
    }
}
