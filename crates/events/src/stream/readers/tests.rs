//! Who stays in a group.

use super::*;
use crate::stream::stand_in::Server;

#[tokio::test]
async fn readers_that_are_gone_are_taken_off_unless_they_hold_something() {
    let server = Server::start();
    let mut connection = server.connect().await;
    let bus = server.bus();
    let place = (&*bus.stream, "log");
    server.add(&mut connection).await;
    let () = server
        .ask(&mut connection, &["XGROUP", "CREATE", place.0, "log", "0"])
        .await;
    for name in ["own", "gone", "also-gone"] {
        let make = ["XGROUP", "CREATECONSUMER", place.0, "log", name];
        let _made: u64 = server.ask(&mut connection, &make).await;
    }
    let read = [
        "XREADGROUP",
        "GROUP",
        "log",
        "holds",
        "STREAMS",
        place.0,
        ">",
    ];
    let _read: Value = server.ask(&mut connection, &read).await;
    let seen = sweep(&mut connection, place, ("own", GONE)).await;
    assert_eq!(seen.unwrap(), Vec::<String>::new());
    let gone = sweep(&mut connection, place, ("own", Duration::ZERO)).await;
    let mut gone = gone.unwrap();
    gone.sort();
    assert_eq!(gone, ["also-gone", "gone"]);
    assert!(leave(&mut connection, place, "own").await.unwrap());
    assert!(!leave(&mut connection, place, "holds").await.unwrap());
    let left = ["XINFO", "CONSUMERS", place.0, "log"];
    let left: Vec<Value> = server.ask(&mut connection, &left).await;
    assert_eq!(left.len(), 1);
}
