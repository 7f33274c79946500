//! Adapters over any stream of bytes or of events. They know no runtime and hold back nothing
//! that is whole.

use std::collections::VecDeque;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use futures_core::Stream;
use pin_project_lite::pin_project;

use super::{Event, Splitter, SseEvent};

/// Why a stream of events has none.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SseError<E> {
    /// The stream of bytes failed; there is nothing after this.
    #[error("the stream failed: {0}")]
    Source(E),
    /// An event was larger than the limit and was left out; the stream goes on.
    #[error("an event is larger than the limit")]
    TooLarge,
}

/// What can be done with a stream of bytes that holds server-sent events.
pub trait PieceStream<E>: Stream<Item = Result<Bytes, E>> + Sized {
    /// The events in it, each at most [`super::DEFAULT_MAX_EVENT`] bytes long.
    ///
    /// ```
    /// use weir_wire::sse::{EventStream, PieceStream, SseEvent};
    /// # use std::{convert::Infallible, pin::Pin, task::{Context, Poll, Waker}};
    /// # struct Pieces(Vec<&'static str>);
    /// # impl futures_core::Stream for Pieces {
    /// #     type Item = Result<bytes::Bytes, Infallible>;
    /// #     fn poll_next(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Self::Item>> {
    /// #         let piece = (!self.0.is_empty()).then(|| self.0.remove(0));
    /// #         Poll::Ready(piece.map(|piece| Ok(piece.as_bytes().into())))
    /// #     }
    /// # }
    /// # fn next<S: futures_core::Stream + Unpin>(stream: &mut S) -> Option<S::Item> {
    /// #     match Pin::new(stream).poll_next(&mut Context::from_waker(Waker::noop())) {
    /// #         Poll::Ready(item) => item,
    /// #         Poll::Pending => unreachable!(),
    /// #     }
    /// # }
    /// let pieces = Pieces(vec!["event: ping\ndata:\n\nevent: del", "ta\ndata: hi\n", "\n"]);
    /// let mut loud = pieces
    ///     .events()
    ///     .filter_type("delta")
    ///     .map(|event| SseEvent { data: event.data.to_uppercase(), ..event });
    /// assert_eq!(next(&mut loud), Some(Ok(SseEvent::new("delta", "HI"))));
    /// assert_eq!(next(&mut loud), None);
    /// ```
    fn events(self) -> Events<Self> {
        self.events_up_to(super::DEFAULT_MAX_EVENT)
    }

    /// The events in it, each at most `max_event` bytes long.
    fn events_up_to(self, max_event: usize) -> Events<Self> {
        Events {
            source: self,
            splitter: Splitter::with_max_event(max_event),
            skipped: 0,
            ready: VecDeque::new(),
            ended: false,
        }
    }

    /// The same bytes in the same pieces, unchanged and undelayed; `watch` sees each event before
    /// the piece that completes it goes on.
    fn forward<F: FnMut(Event<'_>)>(self, watch: F) -> Forward<Self, F> {
        Forward {
            source: self,
            splitter: Splitter::new(),
            watch,
        }
    }
}

impl<S: Stream<Item = Result<Bytes, E>>, E> PieceStream<E> for S {}

/// What can be done with a stream of events. Errors pass through everything.
pub trait EventStream<E>: Stream<Item = Result<SseEvent, E>> + Sized {
    /// Only the events of this type; one without a type is a `message`.
    fn filter_type(self, event: impl Into<String>) -> Filter<Self> {
        Filter {
            source: self,
            wanted: event.into(),
            prefix: false,
        }
    }

    /// Only the events whose type begins so; one without a type is a `message`.
    fn filter_prefix(self, prefix: impl Into<String>) -> Filter<Self> {
        Filter {
            source: self,
            wanted: prefix.into(),
            prefix: true,
        }
    }

    /// Every event as `change` makes it.
    fn map<F: FnMut(SseEvent) -> SseEvent>(self, change: F) -> Map<Self, F> {
        Map {
            source: self,
            change,
        }
    }

    /// How many events there are, once they have all come.
    fn count(self) -> Count<Self> {
        Count {
            source: self,
            count: 0,
        }
    }
}

impl<S: Stream<Item = Result<SseEvent, E>>, E> EventStream<E> for S {}

pin_project! {
    /// See [`PieceStream::events`].
    #[derive(Debug)]
    #[must_use = "streams do nothing unless polled"]
    pub struct Events<S> {
        #[pin]
        source: S,
        splitter: Splitter,
        skipped: u64,
        // What one piece held besides the event that was handed out.
        ready: VecDeque<Option<SseEvent>>,
        ended: bool,
    }
}

impl<S: Stream<Item = Result<Bytes, E>>, E> Stream for Events<S> {
    type Item = Result<SseEvent, SseError<E>>;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let mut this = self.project();
        loop {
            if let Some(event) = this.ready.pop_front() {
                return Poll::Ready(Some(event.ok_or(SseError::TooLarge)));
            }
            if *this.ended {
                return Poll::Ready(None);
            }
            let (ready, known) = (&mut *this.ready, &mut *this.skipped);
            let each = |event: Event<'_>, extras: super::Extras<'_>| {
                let skipped = std::mem::replace(known, extras.skipped)..extras.skipped;
                ready.extend(skipped.map(|_| None));
                ready.push_back(Some(SseEvent::of(event, extras)));
            };
            match ready!(this.source.as_mut().poll_next(context)) {
                Some(Ok(piece)) => this.splitter.push_with(&piece, each),
                Some(Err(error)) => {
                    *this.ended = true;
                    return Poll::Ready(Some(Err(SseError::Source(error))));
                }
                None => {
                    *this.ended = true;
                    this.splitter.finish_with(each);
                }
            }
            let skipped = this.splitter.skipped();
            let more = std::mem::replace(this.skipped, skipped)..skipped;
            this.ready.extend(more.map(|_| None));
        }
    }
}

pin_project! {
    /// See [`PieceStream::forward`].
    #[must_use = "streams do nothing unless polled"]
    pub struct Forward<S, F> {
        #[pin]
        source: S,
        splitter: Splitter,
        watch: F,
    }
}

impl<S: Stream<Item = Result<Bytes, E>>, E, F: FnMut(Event<'_>)> Stream for Forward<S, F> {
    type Item = Result<Bytes, E>;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = self.project();
        let next = ready!(this.source.poll_next(context));
        match &next {
            Some(Ok(piece)) => this.splitter.push(piece, this.watch),
            Some(Err(_)) => {}
            None => this.splitter.finish(this.watch),
        }
        Poll::Ready(next)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.source.size_hint()
    }
}

pin_project! {
    /// See [`EventStream::filter_type`] and [`EventStream::filter_prefix`].
    #[derive(Debug)]
    #[must_use = "streams do nothing unless polled"]
    pub struct Filter<S> {
        #[pin]
        source: S,
        wanted: String,
        prefix: bool,
    }
}

impl<S: Stream<Item = Result<SseEvent, E>>, E> Stream for Filter<S> {
    type Item = Result<SseEvent, E>;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let mut this = self.project();
        loop {
            let next = ready!(this.source.as_mut().poll_next(context));
            let Some(Ok(event)) = &next else {
                return Poll::Ready(next);
            };
            let kind = match event.event.as_str() {
                "" => "message",
                kind => kind,
            };
            let wanted = this.wanted.as_str();
            if kind == wanted || (*this.prefix && kind.starts_with(wanted)) {
                return Poll::Ready(next);
            }
        }
    }
}

pin_project! {
    /// See [`EventStream::map`].
    #[must_use = "streams do nothing unless polled"]
    pub struct Map<S, F> {
        #[pin]
        source: S,
        change: F,
    }
}

impl<S: Stream<Item = Result<SseEvent, E>>, E, F: FnMut(SseEvent) -> SseEvent> Stream
    for Map<S, F>
{
    type Item = Result<SseEvent, E>;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = self.project();
        let next = ready!(this.source.poll_next(context));
        Poll::Ready(next.map(|event| event.map(this.change)))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.source.size_hint()
    }
}

pin_project! {
    /// See [`EventStream::count`].
    #[derive(Debug)]
    #[must_use = "futures do nothing unless polled"]
    pub struct Count<S> {
        #[pin]
        source: S,
        count: u64,
    }
}

impl<S: Stream<Item = Result<SseEvent, E>>, E> Future for Count<S> {
    /// The number of events; the first error ends the count.
    type Output = Result<u64, E>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        loop {
            match ready!(this.source.as_mut().poll_next(context)) {
                Some(Ok(_)) => *this.count += 1,
                Some(Err(error)) => return Poll::Ready(Err(error)),
                None => return Poll::Ready(Ok(*this.count)),
            }
        }
    }
}

#[cfg(test)]
mod tests;
