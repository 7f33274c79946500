//! What is read of dead letters.

use uuid::Uuid;

use super::*;
use crate::stream::letters::Given;
use crate::stream::stand_in::Server;

/// Bytes of a letter.
const BODY: usize = 1 << 20;

async fn bury(connection: &mut MultiplexedConnection, key: &str, numbers: std::ops::Range<u128>) {
    let mut pipe = redis::pipe();
    for number in numbers {
        let given = Given {
            id: "1-0".to_owned(),
            request_id: Some(Uuid::from_u128(number)),
            data: vec![b'x'; BODY],
            reason: "503".to_owned(),
            tries: 2,
        };
        letters::add(&mut pipe, key, &given, 1000);
    }
    pipe.exec_async(connection).await.unwrap();
}

fn shown(letters: &Letters) -> Vec<u128> {
    let number = |letter: &DeadLetter| letter.request_id.unwrap().as_u128();
    letters.latest.iter().map(number).collect()
}

#[tokio::test]
async fn dead_letters_are_read_once_and_again_when_some_are_taken_away() {
    let server = Server::start();
    let mut connection = server.connect().await;
    let (key, mut letters) = ("events:dead:log", Letters::default());
    letters.read_on(&mut connection, key).await.unwrap();
    assert_eq!((letters.kept, letters.latest.len()), (0, 0));
    bury(&mut connection, key, 0..2).await;
    letters.read_on(&mut connection, key).await.unwrap();
    assert_eq!((letters.kept, shown(&letters)), (2, vec![1, 0]));
    let before = server.sent(&mut connection).await;
    letters.read_on(&mut connection, key).await.unwrap();
    bury(&mut connection, key, 2..3).await;
    letters.read_on(&mut connection, key).await.unwrap();
    let sent = server.sent(&mut connection).await - before;
    assert!(sent < 2 * BODY as u64, "{sent} bytes for one new letter");
    assert_eq!((letters.kept, shown(&letters)), (3, vec![2, 1, 0]));
    let newest = letters.latest[0].id.clone();
    let _gone: u64 = server.ask(&mut connection, &["XDEL", key, &newest]).await;
    bury(&mut connection, key, 3..4).await;
    letters.read_on(&mut connection, key).await.unwrap();
    assert_eq!((letters.kept, shown(&letters)), (3, vec![3, 1, 0]));
    bury(&mut connection, key, 4..30).await;
    letters.read_on(&mut connection, key).await.unwrap();
    assert_eq!((letters.kept, letters.latest.len()), (29, SHOWN));
    assert_eq!(shown(&letters)[0], 29);
    let _gone: u64 = server.ask(&mut connection, &["DEL", key]).await;
    letters.read_on(&mut connection, key).await.unwrap();
    assert_eq!((letters.kept, letters.latest.len()), (0, 0));
}

#[tokio::test]
async fn the_exchange_of_a_letter_that_an_older_weir_wrote_is_read_in_its_event() {
    let server = Server::start();
    let mut connection = server.connect().await;
    let event = weir_core::event::Event {
        request_id: Uuid::from_u128(7),
        ..weir_core::event::Event::default()
    };
    let data = serde_json::to_string(&event).unwrap();
    let add = ["XADD", "old", "*", "reason", "503", "data", &data];
    let _id: String = server.ask(&mut connection, &add).await;
    let read = letters::latest(&mut connection, "old", (None, SHOWN)).await;
    assert_eq!(read.unwrap()[0].request_id, Some(Uuid::from_u128(7)));
}
