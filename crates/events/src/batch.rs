//! A batch on its way to a service that takes several events in one request: cut into requests of a
//! bearable size, and cut again where the service refuses one, so that an event that it will not
//! take keeps no other from it.

use std::ops::Range;
use std::sync::{Arc, OnceLock};

use futures_util::future::BoxFuture;
use futures_util::{StreamExt as _, stream};
use weir_core::event::Event;

use crate::http::Reply;
use crate::sink::Outcome;

/// Bytes of events in one request, unless one event alone has more. Services' own bounds are from
/// 4 MB up.
pub(crate) const MAX_BYTES: usize = 3 << 20;

/// What an answer means for what is sent next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Next {
    /// Nothing.
    GoOn,
    /// The request may have been refused for one of its events: its halves are sent by themselves.
    Halve,
    /// The service is out of order, or does not know us: nothing more is sent now.
    Stop,
}

/// Events of a batch, made ready as `T`, and what has become of all of the batch so far.
#[derive(Debug)]
pub(crate) struct Batch<T> {
    items: Vec<T>,
    /// Where each item stands in the batch.
    places: Vec<usize>,
    outcomes: Vec<Outcome>,
    /// What is still to be sent, last first.
    waiting: Vec<Range<usize>>,
}

impl<T: Send + 'static> Batch<T> {
    /// Makes a batch ready, aside.
    pub(crate) async fn of(
        events: &[Arc<Event>],
        mut make: impl FnMut(&Event) -> Option<(T, usize)> + Send + 'static,
    ) -> Self {
        let events = events.to_vec();
        aside(move || Self::new(&events, |event| make(event))).await
    }
}

impl<T> Batch<T> {
    /// Makes a batch ready. What `make` has nothing to say of is [`Outcome::Skipped`]; with what it
    /// makes it says how many bytes that has.
    fn new<E>(events: &[E], mut make: impl FnMut(&E) -> Option<(T, usize)>) -> Self {
        let (mut items, mut places, mut sizes) = (Vec::new(), Vec::new(), Vec::new());
        let mut outcomes = vec![Outcome::Skipped; events.len()];
        for ((place, event), outcome) in events.iter().enumerate().zip(&mut outcomes) {
            if let Some((item, size)) = make(event) {
                items.push(item);
                places.push(place);
                sizes.push(size);
                // Until more is known.
                *outcome = Outcome::Later {
                    why: "it was not sent".to_owned(),
                    after: None,
                };
            }
        }
        Self {
            items,
            places,
            outcomes,
            waiting: requests(&sizes),
        }
    }

    /// What goes into the next request.
    pub(crate) fn next(&mut self) -> Option<Request<'_, T>> {
        let range = self.waiting.pop()?;
        Some(Request {
            items: self.items.get(range.clone()).unwrap_or_default(),
            range,
        })
    }

    /// Notes what became of a request, event by event; `Next::Halve` sends its halves.
    pub(crate) fn settle(&mut self, range: Range<usize>, outcomes: &[Outcome], next: Next) {
        if next == Next::Halve && range.len() > 1 {
            let middle = range.start + range.len() / 2;
            self.waiting.push(middle..range.end);
            self.waiting.push(range.start..middle);
            return;
        }
        for (item, outcome) in range.zip(outcomes) {
            self.put(item, outcome.clone());
        }
        if next == Next::Stop {
            self.stop(outcomes.last());
        }
    }

    /// The same with one outcome for all of the request.
    pub(crate) fn settle_all(&mut self, range: Range<usize>, outcome: &Outcome, next: Next) {
        let outcomes = vec![outcome.clone(); range.len()];
        self.settle(range, &outcomes, next);
    }

    /// One outcome for each event of the batch.
    pub(crate) fn into_outcomes(self) -> Vec<Outcome> {
        self.outcomes
    }

    /// What was not sent fares as what was sent last: it is offered again if that is, else it is
    /// refused for the same reason.
    fn stop(&mut self, last: Option<&Outcome>) {
        let Some(last) = last.cloned() else { return };
        for range in std::mem::take(&mut self.waiting) {
            for item in range {
                self.put(item, last.clone());
            }
        }
    }

    fn put(&mut self, item: usize, outcome: Outcome) {
        let place = self.places.get(item);
        if let Some(slot) = place.and_then(|place| self.outcomes.get_mut(*place)) {
            *slot = outcome;
        }
    }
}

/// Events that go into one request.
#[derive(Debug)]
pub(crate) struct Request<'a, T> {
    /// The events.
    pub(crate) items: &'a [T],
    /// Which they are, for [`Batch::settle`].
    pub(crate) range: Range<usize>,
}

/// Requests at once where each carries one event.
const AT_ONCE: usize = 4;

/// Sends requests that carry one event each, a few at once, until the service is out of order.
/// Where it turns out that there is nothing to send, the event is [`Outcome::Skipped`].
pub(crate) async fn one_by_one(requests: Vec<BoxFuture<'_, Option<Reply>>>) -> Vec<Outcome> {
    let stopped = OnceLock::new();
    let sent: Vec<_> = requests
        .into_iter()
        .map(|request| unless(&stopped, request))
        .collect();
    stream::iter(sent).buffered(AT_ONCE).collect().await
}

async fn unless(stopped: &OnceLock<Outcome>, request: BoxFuture<'_, Option<Reply>>) -> Outcome {
    if let Some(outcome) = stopped.get() {
        return outcome.clone();
    }
    let Some(reply) = request.await else {
        return Outcome::Skipped;
    };
    if reply.next == Next::Stop {
        stopped.get_or_init(|| reply.outcome.clone());
    }
    reply.outcome
}

/// Reads, writes and packs bodies where nobody else has to wait for it: that takes milliseconds.
pub(crate) async fn aside<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    match tokio::task::spawn_blocking(work).await {
        Ok(done) => done,
        Err(error) if error.is_panic() => std::panic::resume_unwind(error.into_panic()),
        // The runtime ends, and this with it.
        Err(_) => std::future::pending().await,
    }
}

/// Cuts events of `sizes` bytes into requests; the last comes first.
fn requests(sizes: &[usize]) -> Vec<Range<usize>> {
    let mut all = Vec::new();
    let (mut start, mut bytes) = (0, 0);
    for (at, size) in sizes.iter().enumerate() {
        if at > start && bytes + size > MAX_BYTES {
            all.push(start..at);
            (start, bytes) = (at, 0);
        }
        bytes += size;
    }
    if start < sizes.len() {
        all.push(start..sizes.len());
    }
    all.reverse();
    all
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn refused() -> Outcome {
        Outcome::Refused { why: "no".into() }
    }

    /// Hands a batch to a service that takes every event but `bad`, and refuses a request whole.
    fn deliver(sizes: &[usize], bad: &[usize]) -> (Vec<Outcome>, usize) {
        let events: Vec<_> = sizes.iter().copied().enumerate().collect();
        let mut batch = Batch::new(&events, |event| Some((event.0, event.1)));
        let mut requests = 0;
        while let Some(request) = batch.next() {
            requests += 1;
            let range = request.range.clone();
            match request.items.iter().any(|item| bad.contains(item)) {
                true => batch.settle_all(range, &refused(), Next::Halve),
                false => batch.settle_all(range, &Outcome::Delivered, Next::GoOn),
            }
        }
        (batch.into_outcomes(), requests)
    }

    #[test]
    fn a_refused_event_keeps_no_other_from_the_service() {
        let (outcomes, requests) = deliver(&[1; 8], &[5]);
        let mut expected = vec![Outcome::Delivered; 8];
        *expected.get_mut(5).unwrap() = refused();
        assert_eq!(outcomes, expected);
        assert_eq!(requests, 7, "8, 4, 4, 2, 1, 1, 2");
    }

    #[test]
    fn large_events_go_by_themselves() {
        let (outcomes, requests) = deliver(&[MAX_BYTES * 2, 10, 10, MAX_BYTES, 1], &[]);
        assert_eq!(outcomes, vec![Outcome::Delivered; 5]);
        assert_eq!(requests, 4);
    }

    #[test]
    fn what_is_not_sent_fares_as_what_was_sent_last() {
        let later = Outcome::Later {
            why: "503".into(),
            after: None,
        };
        let mut batch = Batch::new(&[MAX_BYTES, 0, MAX_BYTES], |size| Some((*size, *size)));
        let range = batch.next().unwrap().range;
        batch.settle_all(range, &later, Next::Stop);
        assert!(batch.next().is_none());
        assert_eq!(batch.into_outcomes(), vec![later; 3]);
    }

    #[test]
    fn events_that_are_nothing_for_the_service_are_skipped() {
        let mut batch = Batch::new(&[1, 2, 3], |n| (n % 2 == 1).then_some((*n, 1)));
        let request = batch.next().unwrap();
        assert_eq!(request.items, [1, 3]);
        let range = request.range;
        batch.settle(range, &[Outcome::Delivered, refused()], Next::GoOn);
        let expected = [Outcome::Delivered, Outcome::Skipped, refused()];
        assert_eq!(batch.into_outcomes(), expected);
    }

    proptest! {
        #[test]
        fn every_event_gets_its_own_outcome(
            sizes in prop::collection::vec(0..MAX_BYTES * 2, 0..20),
            bad in prop::collection::vec(0..20usize, 0..4),
        ) {
            let (outcomes, _) = deliver(&sizes, &bad);
            for (at, outcome) in outcomes.iter().enumerate() {
                prop_assert_eq!(outcome == &refused(), bad.contains(&at));
            }
            prop_assert_eq!(outcomes.len(), sizes.len());
        }
    }
}
