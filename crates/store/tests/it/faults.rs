//! Whatever happens to the store, those who hand records over notice nothing.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use rusqlite::Connection;
use weir_store::{DryRun, FigureQuery, Filter, Filters, Options, Page, Recorder, Tuning};

use crate::support::{Place, exchange, headers, now_us, request, response, rows, until};

const PAGE: Page = Page {
    number: 1,
    limit: 10,
};

fn impatient(options: Options) -> Options {
    let tuning = Tuning {
        window: Duration::from_millis(1),
        busy: Duration::from_millis(20),
        flush: Duration::from_millis(250),
        retry: Duration::from_millis(10),
        ..options.tuning
    };
    Options { tuning, ..options }
}

#[tokio::test]
async fn a_database_that_cannot_be_opened_is_tried_again() {
    let place = Place::new();
    std::fs::create_dir_all(place.db()).unwrap();
    let recorder = Recorder::open(impatient(place.options())).unwrap();
    let status = recorder.status();
    assert!(!status.ok);
    assert!(status.reason.unwrap().contains("weir.db"));
    exchange(&recorder, b"{}", b"{}");
    until("counted", || recorder.status().dropped.store_failed == 1).await;
    std::fs::remove_dir(place.db()).unwrap();
    until("open", || recorder.status().ok).await;
    let id = exchange(&recorder, b"{}", b"{}");
    recorder.flush().await;
    assert!(recorder.reader().get(&id).unwrap().is_some());
    assert_eq!(recorder.status().dropped.total(), 1);
}

#[tokio::test]
async fn a_locked_database_delays_captures_and_loses_none() {
    let place = Place::new();
    let recorder = Recorder::open(impatient(place.options())).unwrap();
    let lock = Connection::open(place.db()).unwrap();
    lock.execute_batch("BEGIN IMMEDIATE").unwrap();
    let ids: Vec<String> = (0..50).map(|_| exchange(&recorder, b"{}", b"{}")).collect();
    until("noticed", || !recorder.status().ok).await;
    lock.execute_batch("ROLLBACK").unwrap();
    until("resumed", || recorder.status().ok).await;
    recorder.flush().await;
    let reader = recorder.reader();
    assert!(ids.iter().all(|id| reader.get(id).unwrap().is_some()));
    assert_eq!(recorder.status().dropped.total(), 0);
}

#[tokio::test]
async fn a_full_disk_is_survived_within_bounds() {
    let place = Place::new();
    let mut options = impatient(place.options());
    options.tuning.max_pages = Some(30);
    options.capture.queue_bytes = 256 * 1024;
    let reported = Arc::new(AtomicUsize::new(0));
    let count = reported.clone();
    options.on_ended = Some(Box::new(move |_| {
        count.fetch_add(1, Ordering::Relaxed);
    }));
    let recorder = Recorder::open(options).unwrap();
    let noise: String = (0..1500u32)
        .map(|i| format!("{:x}", i * 2_654_435))
        .collect();
    let mut handed = 0;
    while recorder.status().ok {
        exchange(&recorder, noise.as_bytes(), b"{}");
        handed += 1;
        assert!(handed < 10_000);
        recorder.flush().await;
    }
    assert!(recorder.status().reason.unwrap().contains("full"));
    for _ in 0..500 {
        exchange(&recorder, noise.as_bytes(), b"{}");
        tokio::task::yield_now().await;
    }
    until("counted", || recorder.status().dropped.total() > 300).await;
    let status = recorder.status();
    assert!(status.queued_bytes <= 256 * 1024, "{status:?}");
    assert!(status.dropped.store_failed + status.dropped.queue_bytes > 0);
    // Who empties it has room again.
    assert!(recorder.delete_all().await.unwrap() > 0);
    until("works", || recorder.status().ok).await;
    let id = exchange(&recorder, b"{}", b"{}");
    recorder.flush().await;
    assert!(recorder.reader().get(&id).unwrap().is_some());
}

/// A recorder whose disk is full, with something left to be written.
async fn full(place: &Place) -> Recorder {
    let mut options = impatient(place.options());
    options.tuning.max_pages = Some(60);
    options.capture.search = false;
    let recorder = Recorder::open(options).unwrap();
    let noise: String = (0..1000u32)
        .map(|i| format!("{:x}", i.wrapping_mul(2_654_435)))
        .collect();
    let mut handed = 0;
    while recorder.status().ok {
        let sent = format!("{handed}{}", noise.get(handed..).unwrap());
        exchange(&recorder, sent.as_bytes(), b"{}");
        handed += 1;
        assert!(handed < 1000);
        recorder.flush().await;
    }
    recorder
}

#[tokio::test]
async fn a_purge_makes_room_on_a_full_disk() {
    let place = Place::new();
    let recorder = full(&place).await;
    let old = Filter {
        before_us: Some(now_us()),
        ..Filter::default()
    };
    let purge = recorder.purge(old, DryRun::No);
    let gone = tokio::time::timeout(Duration::from_secs(10), purge).await;
    assert!(gone.expect("it ends").unwrap() > 0);
    until("works", || recorder.status().ok).await;
    let id = exchange(&recorder, b"{}", b"{}");
    recorder.flush().await;
    assert!(recorder.reader().get(&id).unwrap().is_some());
}

#[tokio::test]
async fn retention_makes_room_on_a_full_disk() {
    let place = Place::new();
    let recorder = full(&place).await;
    let mut capture = place.options_with_rows(5);
    capture.search = false;
    recorder.reconfigure(capture, None);
    until("works", || recorder.status().ok).await;
    let id = exchange(&recorder, b"{}", b"{}");
    recorder.flush().await;
    assert!(recorder.reader().get(&id).unwrap().is_some());
}

#[tokio::test]
async fn what_is_in_flight_while_the_store_fails_counts_once() {
    let place = Place::new();
    let recorder = Recorder::open(impatient(place.options())).unwrap();
    let begun = |session| {
        let mut begun = request(r#"{"model":"m","messages":[{"role":"user","content":"hi"}]}"#);
        begun.headers = headers(&[("x-claude-code-session-id", session)]);
        begun
    };
    let request = begun("one");
    let id = request.id;
    recorder.started(Box::new(request));
    recorder.flush().await;
    let other = Connection::open(place.db()).unwrap();
    other.busy_timeout(Duration::from_secs(5)).unwrap();
    other
        .execute_batch("ALTER TABLE responses RENAME TO away")
        .unwrap();
    let second = begun("two");
    let second_id = second.id;
    recorder.started(Box::new(second));
    recorder.finished(Box::new(response(second_id, "{}")));
    until("noticed", || !recorder.status().ok).await;
    other
        .execute_batch("ALTER TABLE away RENAME TO responses")
        .unwrap();
    until("resumed", || recorder.status().ok).await;
    recorder.finished(Box::new(response(id, "{}")));
    recorder.flush().await;
    let reader = recorder.reader();
    let log = reader.get(&id.to_string()).unwrap().unwrap();
    assert_eq!(log.summary.state, "complete");
    let day = 86_400_000_000;
    let asked = FigureQuery::between(now_us() - day, now_us() + day);
    let total = reader.figures(&asked).unwrap().total;
    assert_eq!((total.requests, total.errors), (2, 0));
    let session = reader.session("one", 0, 10).unwrap().unwrap().outline;
    assert_eq!((session.requests, session.errors), (1, 0));
}

#[tokio::test]
async fn counts_beyond_belief_harm_no_other_exchange() {
    let place = Place::new();
    let recorder = Recorder::open(impatient(place.options())).unwrap();
    for most in [u64::MAX, i64::MAX.unsigned_abs(), u64::MAX] {
        let came = format!(
            r#"{{"content":[],"usage":{{"input_tokens":{most},"output_tokens":{most},
            "cache_read_input_tokens":{most},"cache_creation_input_tokens":{most}}}}}"#
        );
        let mut sent = request(r#"{"model":"m","messages":[{"role":"user","content":"hi"}]}"#);
        sent.headers = headers(&[
            ("x-claude-code-session-id", "one"),
            ("content-type", "application/json"),
        ]);
        let id = sent.id;
        recorder.started(Box::new(sent));
        recorder.finished(Box::new(response(id, came)));
        recorder.flush().await;
    }
    assert_eq!(recorder.status().dropped.total(), 0);
    let reader = recorder.reader();
    let session = reader.session("one", 0, 10).unwrap().unwrap();
    assert_eq!((session.outline.requests, session.turns.len()), (3, 3));
}

#[tokio::test]
async fn a_key_that_a_full_disk_left_empty_is_made_anew() {
    let place = Place::new();
    std::fs::create_dir_all(place.db().parent().unwrap()).unwrap();
    let key = place.db().with_extension("db.key");
    std::fs::write(&key, b"").unwrap();
    let recorder = place.open();
    assert_eq!(recorder.status().reason, None);
    assert_eq!(std::fs::metadata(&key).unwrap().len(), 32);
    recorder.shutdown().await;
    // One that holds something is somebody's, and is never replaced.
    std::fs::write(&key, b"short").unwrap();
    let reason = place.open().status().reason.unwrap();
    assert!(reason.contains("must hold 32 bytes"), "{reason}");
    assert_eq!(std::fs::read(&key).unwrap(), b"short");
}

#[tokio::test]
async fn captures_resume_when_the_disk_has_room() {
    let place = Place::new();
    let recorder = Recorder::open(impatient(place.options())).unwrap();
    let first = exchange(&recorder, b"{}", b"{}");
    recorder.flush().await;
    // Another process's limit is not ours, so the lock stands in for the lack of room.
    let lock = Connection::open(place.db()).unwrap();
    lock.execute_batch("BEGIN EXCLUSIVE").unwrap();
    let second = exchange(&recorder, b"{}", b"{}");
    until("noticed", || !recorder.status().ok).await;
    drop(lock);
    until("resumed", || recorder.status().ok).await;
    recorder.flush().await;
    for id in [first, second] {
        assert!(recorder.reader().get(&id).unwrap().is_some());
    }
}

#[tokio::test]
async fn a_database_that_is_deleted_is_made_anew() {
    let place = Place::new();
    let recorder = Recorder::open(impatient(place.options())).unwrap();
    let body = b"{\"messages\":[\"hello\"]}".repeat(100);
    exchange(&recorder, &body, b"{}");
    recorder.flush().await;
    for file in std::fs::read_dir(place.db().parent().unwrap()).unwrap() {
        std::fs::remove_file(file.unwrap().path()).unwrap();
    }
    let id = exchange(&recorder, &body, b"{}");
    recorder.flush().await;
    until("again", || {
        recorder.reader().get(&id).is_ok_and(|log| log.is_some())
    })
    .await;
    let (logs, total) = rows(recorder.reader().list(PAGE, &Filters::default()));
    assert_eq!(total, 1);
    assert!(
        logs[0].body_damaged.is_none(),
        "it does not build on a body that is gone"
    );
    assert!(recorder.status().ok);
}

#[tokio::test]
async fn past_its_bound_the_queue_drops_and_counts_exchanges() {
    let place = Place::new();
    let mut options = impatient(place.options());
    options.capture.queue_bytes = 64 * 1024;
    let recorder = Recorder::open(options).unwrap();
    let lock = Connection::open(place.db()).unwrap();
    lock.execute_batch("BEGIN IMMEDIATE").unwrap();
    let body = vec![b'x'; 10_000];
    let ids: Vec<String> = (0..200)
        .map(|_| exchange(&recorder, &body, b"{}"))
        .collect();
    let status = recorder.status();
    assert!(status.queued_bytes <= 64 * 1024);
    drop(lock);
    until("resumed", || {
        recorder.status().ok && recorder.status().queued_bytes == 0
    })
    .await;
    recorder.flush().await;
    let reader = recorder.reader();
    let kept = ids
        .iter()
        .filter(|id| reader.get(id).unwrap().is_some())
        .count() as u64;
    let dropped = recorder.status().dropped;
    assert!(kept > 0 && dropped.total() > 100, "{kept} {dropped:?}");
    assert!(kept + dropped.total() >= 200, "{kept} {dropped:?}");
    let id = exchange(&recorder, b"{}", b"{}");
    recorder.flush().await;
    assert!(recorder.reader().get(&id).unwrap().is_some());
}

#[tokio::test]
async fn an_end_that_was_dropped_closes_its_row() {
    let place = Place::new();
    let mut options = impatient(place.options());
    options.capture.queue_bytes = 64 * 1024;
    let recorder = Recorder::open(options).unwrap();
    let request = request("{}");
    let id = request.id;
    recorder.started(Box::new(request));
    recorder.flush().await;
    recorder.finished(Box::new(response(id, vec![b'x'; 100_000])));
    assert_eq!(recorder.status().dropped.queue_bytes, 1);
    exchange(&recorder, b"{}", b"{}");
    recorder.flush().await;
    let log = recorder.reader().get(&id.to_string()).unwrap().unwrap();
    assert_eq!(log.summary.state, "lost");
}

#[tokio::test]
async fn with_capture_off_only_the_report_is_made() {
    let place = Place::new();
    let mut options = place.options();
    options.capture.enabled = false;
    let (told, mut tell) = tokio::sync::mpsc::channel(4);
    options.on_ended = Some(Box::new(move |summary| {
        drop(told.try_send((summary.path.clone(), summary.status)));
    }));
    let recorder = Recorder::open(options).unwrap();
    assert!(!recorder.captures());
    exchange(&recorder, b"", b"");
    assert_eq!(
        tell.recv().await.unwrap(),
        ("/v1/messages".into(), Some(200))
    );
    recorder.flush().await;
    assert!(recorder.status().ok);
    assert_eq!(recorder.status().dropped.total(), 0);
    assert!(!place.db().parent().unwrap().exists(), "no file is touched");
}

#[tokio::test]
async fn capture_can_be_switched_while_it_runs() {
    let place = Place::new();
    let options = place.options();
    let mut capture = options.capture.clone();
    let recorder = Recorder::open(options).unwrap();
    let kept = exchange(&recorder, b"{}", b"{}");
    capture.enabled = false;
    recorder.reconfigure(capture.clone(), None);
    recorder.flush().await;
    let not_kept = exchange(&recorder, b"{}", b"{}");
    recorder.flush().await;
    capture.enabled = true;
    recorder.reconfigure(capture, None);
    recorder.flush().await;
    let again = exchange(&recorder, b"{}", b"{}");
    recorder.flush().await;
    let reader = recorder.reader();
    assert!(reader.get(&kept).unwrap().is_some());
    assert!(reader.get(&not_kept).unwrap().is_none());
    assert!(reader.get(&again).unwrap().is_some());
    assert_eq!(recorder.status().dropped.total(), 0);
}

#[tokio::test]
async fn exchanges_whose_end_was_dropped_do_not_stay_open() {
    let place = Place::new();
    let mut options = place.options();
    options.capture.queue_bytes = 256 * 1024;
    let recorder = Recorder::open(options).unwrap();
    let mut dropped = 0;
    for _ in 0..20 {
        let requests: Vec<_> = (0..40).map(|_| request("{}")).collect();
        let ids: Vec<_> = requests.iter().map(|request| request.id).collect();
        // Starts first, until the queue is full; most of the ends then find no room.
        for request in requests {
            recorder.started(Box::new(request));
        }
        for id in ids {
            recorder.finished(Box::new(response(id, "{}")));
        }
        dropped = recorder.status().dropped.total();
    }
    assert!(dropped > 0, "the queue was never full");
    let query = weir_store::SummaryQuery::default();
    until("closed", || {
        let (rows, _) = crate::support::rows(recorder.reader().summaries(&query));
        recorder.status().queued_bytes == 0 && rows.iter().all(|row| row.state != "open")
    })
    .await;
    let id = exchange(&recorder, b"{}", b"{}");
    recorder.flush().await;
    assert!(recorder.reader().get(&id).unwrap().is_some());
}
