//! The adapters over streams of pieces, cut anywhere, failing and pending.

use std::pin::pin;
use std::task::Waker;

use proptest::prelude::*;

use super::*;

/// Pieces with a pause before each of them.
struct Pieces {
    pieces: VecDeque<Result<Bytes, &'static str>>,
    pause: bool,
}

impl Stream for Pieces {
    type Item = Result<Bytes, &'static str>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.pause = !self.pause;
        if self.pause {
            context.waker().wake_by_ref();
            return Poll::Pending;
        }
        Poll::Ready(self.pieces.pop_front())
    }
}

fn pieces(stream: &[u8], step: usize) -> Pieces {
    Pieces {
        pieces: stream
            .chunks(step)
            .map(|piece| Ok(Bytes::copy_from_slice(piece)))
            .collect(),
        pause: false,
    }
}

fn all<S: Stream>(stream: S) -> Vec<S::Item> {
    let mut stream = pin!(stream);
    let mut context = Context::from_waker(Waker::noop());
    let mut items = Vec::new();
    loop {
        match stream.as_mut().poll_next(&mut context) {
            Poll::Ready(Some(item)) => items.push(item),
            Poll::Ready(None) => return items,
            Poll::Pending => {}
        }
    }
}

fn wait<F: Future>(future: F) -> F::Output {
    let mut future = pin!(future);
    let mut context = Context::from_waker(Waker::noop());
    loop {
        if let Poll::Ready(output) = future.as_mut().poll(&mut context) {
            return output;
        }
    }
}

const STREAM: &[u8] =
    b"event: ping\ndata:\n\ndata: x\nid: 7\nretry: 30\n\nevent: content_stop\ndata: y\n\nevent: pi";

fn kinds(stream: impl Stream<Item = Result<SseEvent, SseError<&'static str>>>) -> Vec<String> {
    all(stream)
        .into_iter()
        .map(|event| event.unwrap().event)
        .collect()
}

#[test]
fn events_are_chosen_changed_and_counted() {
    for step in [1, 7, 1000] {
        let events = || pieces(STREAM, step).events();
        assert_eq!(kinds(events()), ["ping", "", "content_stop"]);
        assert_eq!(kinds(events().filter_type("message")), [""]);
        assert_eq!(kinds(events().filter_type("content")), [""; 0]);
        assert_eq!(kinds(events().filter_prefix("content_")), ["content_stop"]);
        assert_eq!(wait(events().count()), Ok(3));
        let changed = events().map(|event| SseEvent::new("z", event.data));
        assert_eq!(kinds(changed), ["z", "z", "z"]);
        let full = SseEvent {
            id: Some("7".into()),
            retry: Some(30),
            ..SseEvent::new("", "x")
        };
        assert_eq!(all(events())[1], Ok(full));
    }
}

#[test]
fn bytes_are_forwarded_as_they_are() {
    let mut seen = Vec::new();
    let given = all(pieces(STREAM, 5));
    let forwarded = all(pieces(STREAM, 5).forward(|event| seen.push(event.data.to_vec())));
    assert_eq!(forwarded, given);
    assert_eq!(seen, [b"".to_vec(), b"x".to_vec(), b"y".to_vec()]);
}

#[test]
fn a_failure_ends_the_events_and_passes_the_filters() {
    let mut failing = pieces(b"data: 1\n\ndata: 2\n", 100);
    failing.pieces.push_back(Err("gone"));
    failing.pieces.push_back(Ok(Bytes::from_static(b"\n\n")));
    let events = all(failing.events().filter_type("message"));
    assert_eq!(
        events,
        [Ok(SseEvent::new("", "1")), Err(SseError::Source("gone"))]
    );
}

#[test]
fn an_event_over_the_limit_is_an_error_and_the_stream_goes_on() {
    let stream = format!(
        "data: 1\n\ndata: {0}\n\ndata: 2\n\ndata: {0}\n\n",
        "x".repeat(100)
    );
    for step in [1, 9, 1000] {
        let events = all(pieces(stream.as_bytes(), step).events_up_to(50));
        let event = |data: &str| Ok(SseEvent::new("", data));
        let expected = [
            event("1"),
            Err(SseError::TooLarge),
            event("2"),
            Err(SseError::TooLarge),
        ];
        assert_eq!(events, expected);
    }
    assert_eq!(
        wait(pieces(stream.as_bytes(), 9).events_up_to(50).count()),
        Err(SseError::TooLarge)
    );
}

proptest! {
    #[test]
    fn written_events_come_back(
        events in prop::collection::vec(
            ("[a-z: é]{0,5}", "[a-z:\n é]{0,9}", prop::option::of("[a-z: ]{0,4}"), any::<Option<u64>>()), 0..5),
        step in 1usize..40,
    ) {
        let events: Vec<_> = events
            .into_iter()
            .map(|(event, data, id, retry)| SseEvent { event, data, id, retry })
            .collect();
        let mut stream = Vec::new();
        for event in &events {
            event.write(&mut stream);
        }
        prop_assert_eq!(&SseEvent::parse(&stream), &events);
        let back: Vec<_> = all(pieces(&stream, step).events()).into_iter().flatten().collect();
        prop_assert_eq!(back, events);
    }

    #[test]
    fn any_text_makes_one_valid_event(event in any::<String>(), data in any::<String>(), id in any::<String>()) {
        let written = SseEvent { id: Some(id.clone()), ..SseEvent::new(event.clone(), data.clone()) };
        let back = SseEvent::parse(written.to_string().as_bytes());
        let flat = |text: &str| text.replace(['\r', '\n'], "");
        let expected = SseEvent {
            event: flat(&event),
            data: data.replace("\r\n", "\n").replace('\r', "\n"),
            id: Some(flat(&id)).filter(|id| !id.contains('\0')),
            retry: None,
        };
        prop_assert_eq!(back, [expected]);
    }
}
