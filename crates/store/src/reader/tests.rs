//! What a reader makes of exchanges that are removed while it reads.

use std::cell::Cell;
use std::time::Duration;

use uuid::Uuid;
use weir_core::exchange::{ExchangeId, samples};
use weir_core::settings::{Capture, Retention};

use super::*;
use crate::{DryRun, Filter, Options, Recorder, Tuning};

/// An answer that cannot be made smaller.
fn noise(seed: u64) -> Vec<u8> {
    let mut state = seed;
    let next = |_| {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        state.to_be_bytes()[0]
    };
    (0..40_000).map(next).collect()
}

async fn exchange(recorder: &Recorder, came: Vec<u8>) -> Uuid {
    let id = ExchangeId(Uuid::now_v7());
    let request = samples::request(id, 1_770_000_000_000_000, "{}");
    recorder.started(Box::new(request));
    recorder.finished(Box::new(samples::response(id, came)));
    let (reader, name) = (recorder.reader(), id.to_string());
    while reader.raw(&name, Side::Response).unwrap().is_none() {
        recorder.flush().await;
    }
    id.0
}

fn capture() -> Capture {
    Capture {
        enabled: true,
        required: false,
        max_body_bytes: 1 << 20,
        queue_bytes: 1 << 20,
        dedup_bytes: 1 << 20,
        search: false,
        retention: Retention::default(),
    }
}

#[test]
fn an_answer_whose_place_went_to_another_is_never_shown_as_its_own() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("weir.db");
    let recorder = Recorder::open(Options {
        db_path: path.clone(),
        capture: capture(),
        key_header: None,
        node: None,
        on_ended: None,
        follow: None,
        tuning: Tuning {
            // Giving room back waits so long for the reader's snapshot.
            busy: Duration::from_millis(20),
            ..Tuning::default()
        },
    })
    .unwrap();
    let first = runtime.block_on(exchange(&recorder, noise(1)));
    let mut view = View::open(&path).unwrap();
    let row = |view: &View| {
        let sql = "SELECT id FROM exchanges ORDER BY id LIMIT 1";
        view.db.query_row(sql, [], |row| row.get(0)).unwrap()
    };
    let removed: i64 = row(&view);
    let place = |view: &View| -> u64 {
        let sql = "SELECT place FROM responses";
        view.db.query_row(sql, [], |row| row.get(0)).unwrap()
    };
    let before = place(&view);
    let is_first = Cell::new(true);
    let read = view.settled(|view| {
        if is_first.replace(false) {
            let filter = Filter {
                id: Some(first),
                ..Filter::default()
            };
            let gone = runtime.block_on(recorder.purge(filter, DryRun::No));
            assert_eq!(gone.unwrap(), 1);
            runtime.block_on(exchange(&recorder, noise(2)));
        }
        view.response_body(removed)
    });
    assert_eq!(place(&view), before, "the second is where the first was");
    assert_eq!(read.unwrap(), None);
}
