//! What a real Redis is told.

use super::*;
use crate::queue::Queue;
use crate::stream::stand_in::Server;

/// One with events of so many bytes.
fn publisher(server: &Server, sizes: &[usize]) -> Publisher {
    let queue = Queue::new(1000, usize::MAX);
    for size in sizes {
        queue.push(Arc::new(Event {
            request_body: serde_json::value::to_raw_value(&"x".repeat(*size)).ok(),
            ..Event::default()
        }));
    }
    let bus = server.bus();
    Publisher {
        state: Arc::new(StreamState::new(&bus.stream, queue)),
        bus,
        store: server.store(),
    }
}

#[tokio::test]
async fn what_the_stream_has_is_told_once_though_the_rest_fails() {
    let server = Server::start();
    let mut connection = server.connect().await;
    // Five go in one round trip, and the sixth is more than Redis takes at once.
    let large = AT_ONCE_BYTES / 5 + 1;
    let publisher = publisher(&server, &[large, large, large, large, large, 2 << 20]);
    let state = Arc::clone(&publisher.state);
    let bound = ["CONFIG", "SET", "proto-max-bulk-len", "1mb"];
    let () = server.ask(&mut connection, &bound).await;
    let closing = CancellationToken::new();
    closing.cancel();
    let publishing = tokio::spawn(publisher.run(closing));
    server.time_of_connections(&mut connection, 3).await;
    let told = state.published.load(Ordering::Relaxed);
    assert!(!state.connected.load(Ordering::Relaxed));
    assert_eq!((told, state.queue.len()), (5, 1));
    let bound = ["CONFIG", "SET", "proto-max-bulk-len", "512mb"];
    let () = server.ask(&mut connection, &bound).await;
    publishing.await.unwrap();
    let kept: usize = server.ask(&mut connection, &["XLEN", "events"]).await;
    assert_eq!((kept, state.queue.len()), (6, 0));
    assert_eq!(state.published.load(Ordering::Relaxed), 6);
}

#[tokio::test]
async fn a_redis_that_answers_and_takes_nothing_is_not_asked_all_the_time() {
    let server = Server::start();
    let mut connection = server.connect().await;
    let () = server
        .ask(&mut connection, &["CONFIG", "SET", "maxmemory", "1"])
        .await;
    let publisher = publisher(&server, &[1]);
    let state = Arc::clone(&publisher.state);
    let publishing = tokio::spawn(publisher.run(CancellationToken::new()));
    let elapsed = server.time_of_connections(&mut connection, 5).await;
    assert!(!state.connected.load(Ordering::Relaxed));
    // 100, 200, 400 and 800 ms are between the first five.
    assert!(elapsed >= Duration::from_millis(1500), "{elapsed:?}");
    publishing.abort();
}
