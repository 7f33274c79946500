//! The way of events to a sink that does not always take them, without Redis.

use std::collections::HashMap;

use parking_lot::Mutex;
use weir_core::settings::{self, FileSink, LineFormat, RotatedFiles, SinkKind};

use super::*;
use crate::sink::Delivery;

/// A sink that does with each event what it was told to, in turn, and then takes it.
#[derive(Debug, Default)]
struct Told {
    script: Mutex<HashMap<u128, Vec<Outcome>>>,
    got: Arc<Mutex<Vec<Vec<u128>>>>,
}

impl Sink for Told {
    fn kind(&self) -> &'static str {
        "told"
    }

    fn deliver<'a>(&'a self, batch: &'a [Arc<Event>]) -> Delivery<'a> {
        let numbers: Vec<u128> = batch.iter().map(|one| one.request_id.as_u128()).collect();
        let mut script = self.script.lock();
        let mut outcome = |number| match script.get_mut(number) {
            Some(left) if !left.is_empty() => left.remove(0),
            _ => Outcome::Delivered,
        };
        let outcomes = numbers.iter().map(&mut outcome).collect();
        self.got.lock().push(numbers.clone());
        Box::pin(async move { outcomes })
    }
}

fn later() -> Outcome {
    Outcome::Later {
        why: "503".to_owned(),
        after: Some(Duration::from_millis(1)),
    }
}

pub(crate) fn settings(batch_size: usize, retries: u32) -> Arc<settings::Sink> {
    Arc::new(settings::Sink {
        name: "told".into(),
        group: "told".into(),
        batch_size,
        flush_interval: Duration::from_millis(20),
        retries,
        to: SinkKind::File(FileSink {
            files: RotatedFiles {
                path: "/unused".into(),
                max_bytes: u64::MAX,
                max_files: 0,
                max_age: None,
            },
            format: LineFormat::Event,
        }),
    })
}

/// Delivers these many events and gives what each delivery held, and how the sink is doing.
async fn deliver(
    events: u128,
    script: HashMap<u128, Vec<Outcome>>,
    bounds: (usize, u32),
) -> (Vec<Vec<u128>>, weir_core::event::SinkView) {
    let sink = Told {
        script: Mutex::new(script),
        ..Told::default()
    };
    let got = Arc::clone(&sink.got);
    let view = deliver_to(sink, events, bounds).await;
    let got = got.lock().clone();
    (got, view)
}

/// The same by any sink.
async fn deliver_to(
    sink: impl Sink,
    events: u128,
    (batch_size, retries): (usize, u32),
) -> weir_core::event::SinkView {
    let queue = Arc::new(Queue::new(100, 1 << 20));
    for number in 0..events {
        queue.push(Arc::new(Event {
            request_id: uuid::Uuid::from_u128(number),
            ..Event::default()
        }));
    }
    let settings = settings(batch_size, retries);
    let state = Arc::new(SinkState::new(&settings, Some(Arc::clone(&queue))));
    let runner = Runner {
        sink: Box::new(sink),
        source: Source::Memory(queue),
        settings,
        state: Arc::clone(&state),
    };
    let stop = Stop::default();
    // Closing at once delivers all that waits.
    stop.close();
    runner.run(stop).await;
    state.view()
}

#[tokio::test]
async fn what_was_delivered_is_not_offered_again_and_the_rest_is_after_a_while() {
    let script = HashMap::from([(1, vec![later(), later()]), (2, vec![Outcome::Skipped])]);
    let started = Instant::now();
    let (got, view) = deliver(3, script, (10, 3)).await;
    // Though the service asked for a millisecond.
    assert!(started.elapsed() >= Duration::from_secs(3));
    assert_eq!(got, [vec![0, 1, 2], vec![1], vec![1]]);
    assert_eq!((view.delivered, view.skipped, view.retried), (2, 1, 2));
    assert_eq!((view.waiting, view.dead, view.dropped), (0, 0, 0));
    assert!(view.last_success.is_some());
    assert_eq!(view.last_error.as_deref(), Some("503"));
}

#[tokio::test]
async fn a_batch_is_no_larger_than_it_may_be() {
    let (got, view) = deliver(5, HashMap::new(), (2, 0)).await;
    assert_eq!(got, [vec![0, 1], vec![2, 3], vec![4]]);
    assert_eq!(view.delivered, 5);
}

#[tokio::test]
async fn what_is_refused_or_offered_too_often_is_a_dead_letter() {
    let refused = Outcome::Refused {
        why: "400 no model".to_owned(),
    };
    let script = HashMap::from([(0, vec![refused]), (1, vec![later(), later(), later()])]);
    let (got, view) = deliver(2, script, (10, 1)).await;
    assert_eq!(got, [vec![0, 1], vec![1]]);
    assert_eq!((view.delivered, view.refused, view.dead), (0, 1, 2));
    let letters: Vec<_> = view
        .dead_letters
        .iter()
        .map(|letter| (letter.reason.as_str(), letter.tries))
        .collect();
    assert_eq!(
        letters,
        [("offered 2 times, at last: 503", 2), ("400 no model", 1)]
    );
}

#[tokio::test]
async fn a_sink_that_says_nothing_of_an_event_is_asked_again() {
    #[derive(Debug, Default)]
    struct Mute(std::sync::atomic::AtomicBool);
    impl Sink for Mute {
        fn kind(&self) -> &'static str {
            "mute"
        }
        fn deliver<'a>(&'a self, batch: &'a [Arc<Event>]) -> Delivery<'a> {
            let spoke = self.0.swap(true, std::sync::atomic::Ordering::Relaxed);
            let outcomes = if spoke { batch.len() } else { 0 };
            Box::pin(async move { vec![Outcome::Delivered; outcomes] })
        }
    }
    let queue = Arc::new(Queue::new(9, 1 << 20));
    queue.push(Arc::default());
    let settings = settings(9, 1);
    let state = SinkState::new(&settings, Some(Arc::clone(&queue)));
    let state = Arc::new(state);
    let runner = Runner {
        sink: Box::<Mute>::default(),
        source: Source::Memory(queue),
        settings,
        state: Arc::clone(&state),
    };
    let stop = Stop::default();
    stop.close();
    runner.run(stop).await;
    let counts = (&state.delivered, &state.retried);
    let get =
        |counter: &std::sync::atomic::AtomicU64| counter.load(std::sync::atomic::Ordering::Relaxed);
    assert_eq!((get(counts.0), get(counts.1)), (1, 1));
}

#[tokio::test]
async fn what_was_not_taken_is_handed_over_in_its_order_and_not_counted_twice() {
    let queue = Arc::new(Queue::new(100, 1 << 20));
    let event = |number| {
        Arc::new(Event {
            request_id: uuid::Uuid::from_u128(number),
            ..Event::default()
        })
    };
    for number in 0..4 {
        queue.push(event(number));
    }
    // 1 and 2 are not taken, and would be offered again in five minutes.
    let down = || {
        vec![Outcome::Later {
            why: "503".to_owned(),
            after: Some(MOST_ASKED),
        }]
    };
    let sink = Told {
        script: Mutex::new(HashMap::from([(1, down()), (2, down())])),
        ..Told::default()
    };
    let got = Arc::clone(&sink.got);
    let settings = settings(3, 9);
    let state = Arc::new(SinkState::new(&settings, Some(Arc::clone(&queue))));
    let runner = Runner {
        sink: Box::new(sink),
        source: Source::Memory(Arc::clone(&queue)),
        settings,
        state: Arc::clone(&state),
    };
    let stop = Stop::default();
    let running = tokio::spawn(runner.run(stop.clone()));
    while state.view().retried == 0 {
        tokio::task::yield_now().await;
    }
    assert_eq!(state.view().waiting, 3);
    stop.hand_over();
    let ended = tokio::time::timeout(Duration::from_secs(20), running).await;
    ended.unwrap().unwrap();
    assert_eq!(*got.lock(), [vec![0, 1, 2]]);
    let left: Vec<_> = queue.take(9).iter().map(|one| one.request_id).collect();
    let numbers = [1, 2, 3].map(uuid::Uuid::from_u128);
    assert_eq!(left, numbers);
    let view = state.view();
    assert_eq!((view.delivered, view.waiting, view.dead), (1, 0, 0));
}

/// A sink that panics where it is told of the event 3.
#[derive(Debug, Default)]
struct Panics(Arc<Mutex<Vec<Vec<u128>>>>);

impl Sink for Panics {
    fn kind(&self) -> &'static str {
        "panics"
    }

    fn deliver<'a>(&'a self, batch: &'a [Arc<Event>]) -> Delivery<'a> {
        Box::pin(async move {
            let numbers: Vec<u128> = batch.iter().map(|one| one.request_id.as_u128()).collect();
            tokio::task::yield_now().await;
            self.0.lock().push(numbers.clone());
            assert!(!numbers.contains(&3), "it is of no use");
            vec![Outcome::Delivered; batch.len()]
        })
    }
}

#[tokio::test]
async fn an_event_over_which_the_sink_panics_costs_no_other() {
    let sink = Panics::default();
    let got = Arc::clone(&sink.0);
    let view = deliver_to(sink, 5, (10, 3)).await;
    assert_eq!(
        *got.lock(),
        [
            vec![0, 1, 2, 3, 4],
            vec![0],
            vec![1],
            vec![2],
            vec![3],
            vec![4]
        ]
    );
    assert_eq!((view.delivered, view.refused, view.dead), (4, 1, 1));
    let [letter] = &*view.dead_letters else {
        panic!("{view:?}")
    };
    assert_eq!(letter.reason, PANICKED);
    // What is alone is not offered twice.
    let alone = deliver_to(Panics::default(), 4, (1, 3)).await;
    assert_eq!((alone.delivered, alone.refused, alone.waiting), (3, 1, 0));
}

/// A sink that never answers.
#[derive(Debug)]
struct Silent;

impl Sink for Silent {
    fn kind(&self) -> &'static str {
        "silent"
    }

    fn deliver<'a>(&'a self, _: &'a [Arc<Event>]) -> Delivery<'a> {
        Box::pin(std::future::pending())
    }
}

/// Waits until a view is as it is wanted.
async fn shows(
    state: &Arc<SinkState>,
    wanted: impl Fn(&weir_core::event::SinkView) -> bool,
) -> weir_core::event::SinkView {
    let seen = async {
        loop {
            let view = state.view();
            if wanted(&view) {
                return view;
            }
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(30), seen)
        .await
        .unwrap()
}

#[tokio::test]
async fn an_event_waits_while_the_batch_fills_and_while_it_is_delivered() {
    for batch_size in [1, 2] {
        let queue = Arc::new(Queue::new(100, 1 << 20));
        let settings = settings::Sink {
            // A batch of two stays half full.
            flush_interval: Duration::from_secs(3600),
            ..(*settings(batch_size, 0)).clone()
        };
        let settings = Arc::new(settings);
        let state = Arc::new(SinkState::new(&settings, Some(Arc::clone(&queue))));
        let runner = Runner {
            sink: Box::new(Silent),
            source: Source::Memory(Arc::clone(&queue)),
            settings,
            state: Arc::clone(&state),
        };
        let running = tokio::spawn(runner.run(Stop::default()));
        let event = Event {
            timestamp: Timestamp::UNIX_EPOCH,
            ..Event::default()
        };
        let ended = event.ended_at();
        queue.push(Arc::new(event));
        shows(&state, |_| queue.is_empty()).await;
        let view = shows(&state, |view| view.waiting == 1).await;
        assert_eq!(view.oldest_waiting, Some(ended));
        running.abort();
    }
}

#[test]
fn a_service_may_ask_for_a_longer_wait_and_for_no_shorter_one() {
    let asked = |seconds| Some(Duration::from_secs(seconds));
    for (tries, asked, expected) in [
        (1, asked(0), 1),
        (3, asked(1), 4),
        (3, asked(60), 60),
        (3, None, 4),
    ] {
        assert_eq!(pause_after(tries, 0, asked), Duration::from_secs(expected));
    }
}

#[test]
fn waits_double_up_to_half_a_minute_and_never_come_together() {
    let seconds: Vec<f64> = (1..=8)
        .map(|tries| backoff(tries, 0).as_secs_f64())
        .collect();
    assert_eq!(seconds, [1.0, 2.0, 4.0, 8.0, 16.0, 30.0, 30.0, 30.0]);
    for chance in [1, 99, 255, u64::MAX] {
        let pause = backoff(3, chance);
        assert!(pause > Duration::from_secs(4) && pause < Duration::from_secs(5));
    }
    assert!(backoff(u32::MAX, u64::MAX) < Duration::from_secs(38));
}
