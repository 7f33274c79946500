//! What a new process makes of an older one's database.

use rusqlite::Connection;
use weir_store::{Filters, Page, StoreError};

use crate::support::{Place, exchange, request, response, rows, until};

const PAGE: Page = Page {
    number: 1,
    limit: 10,
};

#[tokio::test]
async fn what_was_open_when_weir_ended_is_interrupted() {
    let place = Place::new();
    let recorder = place.open();
    exchange(&recorder, b"{\"n\":1}", b"{}");
    recorder.started(Box::new(request("{\"n\":2}")));
    recorder.shutdown().await;
    let recorder = place.open();
    let (logs, total) = rows(recorder.reader().list(PAGE, &Filters::default()));
    assert_eq!(total, 2);
    assert_eq!(logs[0].summary.state, "interrupted");
    assert!(logs[0].response.is_none());
    assert_eq!(logs[1].summary.state, "complete");
    assert!(logs[1].response.is_some());
}

#[tokio::test]
async fn a_history_goes_on_over_a_restart() {
    let place = Place::new();
    let mut ids = Vec::new();
    for round in 0..3 {
        let recorder = place.open();
        for turn in 0..10 {
            let sent = format!(
                "{{\"messages\":[\"{}\"],\"r\":{round}}}",
                "hello ".repeat(200 * turn)
            );
            ids.push((exchange(&recorder, sent.as_bytes(), b"{}"), sent));
        }
        recorder.shutdown().await;
    }
    let reader = place.open().reader();
    for (id, sent) in ids {
        let log = reader.get(&id).unwrap().unwrap();
        assert_eq!(log.body.unwrap().get(), sent);
        assert!(log.headers.contains_key("user-agent"));
    }
}

#[tokio::test]
async fn a_newer_schema_is_refused_and_both_versions_are_named() {
    let place = Place::new();
    place.open().shutdown().await;
    let db = Connection::open(place.db()).unwrap();
    let ours: i64 = db
        .query_row("PRAGMA user_version", [], |row| row.get(0))
        .unwrap();
    db.pragma_update(None, "user_version", 4711).unwrap();
    drop(db);
    let error = weir_store::Recorder::open(place.options()).unwrap_err();
    assert!(matches!(error, StoreError::NewerSchema { found: 4711, .. }));
    let text = error.to_string();
    assert!(
        text.contains("4711") && text.contains(&format!(" {ours}:")) && text.contains("weir.db"),
        "{text}"
    );
}

#[tokio::test]
async fn an_older_connection_reads_while_another_writes() {
    let place = Place::new();
    let recorder = place.open();
    let reader = recorder.reader();
    for n in 1..=20 {
        exchange(&recorder, format!("{{\"n\":{n}}}").as_bytes(), b"{}");
        recorder.flush().await;
        assert_eq!(
            reader.list(PAGE, &Filters::default()).unwrap().total,
            Some(n)
        );
    }
}

#[tokio::test]
async fn what_is_handed_over_after_shutdown_is_counted() {
    let place = Place::new();
    let recorder = place.open();
    recorder.shutdown().await;
    exchange(&recorder, b"{}", b"{}");
    assert_eq!(
        recorder.status().dropped.shutdown,
        1,
        "both halves are one exchange"
    );
    recorder.shutdown().await;
    recorder.flush().await;
}

#[tokio::test]
async fn files_are_their_owners_only() {
    use std::os::unix::fs::PermissionsExt;
    let place = Place::new();
    let recorder = place.open();
    exchange(&recorder, b"{}", b"{}");
    recorder.flush().await;
    let dir = place.db().parent().unwrap().to_owned();
    let mode = |path: &std::path::Path| path.metadata().unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&dir), 0o700);
    let mut names = Vec::new();
    for file in std::fs::read_dir(dir).unwrap() {
        let file = file.unwrap();
        assert_eq!(mode(&file.path()), 0o600, "{file:?}");
        names.push(file.file_name().into_string().unwrap());
    }
    names.sort();
    assert_eq!(
        names,
        [
            "weir.db",
            "weir.db-shm",
            "weir.db-wal",
            "weir.db.bodies",
            "weir.db.key"
        ]
    );
}

#[tokio::test]
async fn a_reply_seconds_later_finishes_the_row() {
    let place = Place::new();
    let recorder = place.open();
    let request = request("{\"model\":\"m\"}");
    let id = request.id;
    recorder.started(Box::new(request));
    recorder.flush().await;
    // Others come and go in batches of their own.
    for _ in 0..3 {
        exchange(&recorder, b"{}", b"{}");
        recorder.flush().await;
    }
    recorder.finished(Box::new(response(id, "{\"late\":true}")));
    recorder.flush().await;
    let log = recorder.reader().get(&id.to_string()).unwrap().unwrap();
    assert_eq!(log.response.unwrap().body.unwrap().get(), "{\"late\":true}");
    assert_eq!(log.summary.model.as_deref(), Some("m"));
}

#[tokio::test]
async fn one_recorder_at_a_time_writes_to_a_database() {
    let place = Place::new();
    let first = place.open();
    let second = place.open();
    let reason = second.status().reason.unwrap();
    assert!(reason.contains("another weir writes to"), "{reason}");
    // What the first one has is there to be read all the same.
    first.started(Box::new(request("{}")));
    first.flush().await;
    assert_eq!(rows(second.reader().list(PAGE, &Filters::default())).1, 1);
    first.shutdown().await;
    // It takes over by itself.
    second.started(Box::new(request("{}")));
    until("the second takes over", || second.status().ok).await;
}
