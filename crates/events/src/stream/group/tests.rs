//! Readers of a group, with a real Redis.

use weir_core::settings::Sink;

use super::*;
use crate::dispatch::tests::settings;
use crate::stream::stand_in::{PATIENT, Server};

/// How long a reader may be silent.
const CLAIM_AFTER: Duration = Duration::from_millis(1500);

fn state() -> (Arc<Sink>, Arc<SinkState>) {
    let settings = Arc::new(Sink {
        name: "log".into(),
        group: "log".into(),
        flush_interval: Duration::ZERO,
        ..(*settings(10, 0)).clone()
    });
    let state = Arc::new(SinkState::new(&settings, None));
    (settings, state)
}

fn reader(server: &Server, name: &str) -> Group {
    let bus = RedisBus {
        claim_after: CLAIM_AFTER,
        ..server.bus()
    };
    Group::new(&bus, name, (server.store(), state()))
}

#[tokio::test]
async fn what_fills_a_batch_for_long_is_taken_over_by_nobody() {
    let server = Server::start();
    let mut connection = server.connect().await;
    for _ in 0..3 {
        server.add(&mut connection).await;
    }
    let open = CancellationToken::new();
    let mut first = reader(&server, "first");
    let mut second = reader(&server, "second");
    // The one has entries and waits for more, the other looks for what others left behind.
    let filling = async {
        let got = first.gather((10, CLAIM_AFTER * 3), &open).await;
        open.cancel();
        got.len()
    };
    let looking = async {
        // Not before the first has what there is.
        server.until_pending(&mut connection, 3).await;
        second.gather((10, Duration::ZERO), &open).await.len()
    };
    assert_eq!(tokio::join!(filling, looking), (3, 0));
}

#[tokio::test]
async fn what_is_held_is_shown_to_be_however_short_each_thing_that_is_done_with_it() {
    let server = Server::start();
    let mut connection = server.connect().await;
    server.add(&mut connection).await;
    let mut reader = reader(&server, "first");
    let open = CancellationToken::new();
    assert_eq!(reader.gather((1, PATIENT), &open).await.len(), 1);
    let due = reader.hold_at();
    assert!(due <= Instant::now() + CLAIM_AFTER / 3);
    // Other entries that come do not put it off.
    server.add(&mut connection).await;
    assert_eq!(reader.gather((1, PATIENT), &open).await.len(), 1);
    assert_eq!(reader.hold_at(), due);
    reader.hold().await;
    assert!(reader.hold_at() > due);
}

#[tokio::test]
async fn a_redis_that_lets_nothing_be_read_is_not_asked_all_the_time() {
    let server = Server::start();
    let mut connection = server.connect().await;
    server.add(&mut connection).await;
    let () = server
        .ask(
            &mut connection,
            &["ACL", "SETUSER", "default", "-xreadgroup"],
        )
        .await;
    let open = CancellationToken::new();
    let mut reader = reader(&server, "first");
    let reading = async { reader.gather((1, PATIENT), &open).await.len() };
    let elapsed = server.time_of_connections(&mut connection, 5);
    let waited = async {
        let elapsed = elapsed.await;
        open.cancel();
        elapsed
    };
    let (read, elapsed) = tokio::join!(reading, waited);
    assert_eq!(read, 0);
    // 100, 200, 400 and 800 ms are between the first five.
    assert!(elapsed >= Duration::from_millis(1500), "{elapsed:?}");
}
