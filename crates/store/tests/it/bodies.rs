//! Bodies are stored once, and come back exactly.

use proptest::prelude::*;
use weir_store::{Side, StoreError, Verdict};

use crate::support::{Place, Recorder, exchange};

fn turn(session: usize, turns: usize) -> Vec<u8> {
    let mut body = br#"{"model":"m","messages":["#.to_vec();
    for t in 0..turns {
        // Text that does not shrink, so that sizes say what is stored.
        let noise: String = (0..250u64)
            .map(|i| {
                format!(
                    "{:08x}",
                    (i + 1) * (t as u64 + 3) * (session as u64 + 7) * 2_654_435_761 % 4_294_967_291
                )
            })
            .collect();
        body.extend(
            format!("{{\"role\":\"user\",\"content\":\"{session} {t} {noise}\"}},").bytes(),
        );
    }
    body.extend(b"],\"tools\":[]}");
    body
}

fn stored(place: &Place) -> u64 {
    let db = place.db();
    let size = |ending: &str| {
        let mut path = db.clone().into_os_string();
        path.push(ending);
        std::fs::metadata(path).map_or(0, |m| m.len())
    };
    size("") + size(".bodies")
}

#[tokio::test]
async fn a_resent_history_is_stored_once() {
    let place = Place::new();
    let recorder = place.open();
    let mut sent = 0;
    let mut ids = Vec::new();
    for turns in 1..=60 {
        for session in 0..3 {
            let body = turn(session, turns);
            sent += body.len() as u64;
            ids.push((exchange(&recorder, &body, b"{}"), body));
        }
    }
    recorder.shutdown().await;
    let fresh = turn(0, 60).len() as u64 * 3;
    let stored = stored(&place);
    assert!(
        stored < fresh * 2,
        "sent {sent}, of it new {fresh}, stored {stored}"
    );
    let reader = place.open().reader();
    for (id, body) in ids {
        let raw = reader.raw(&id, Side::Request).unwrap().unwrap();
        assert!(raw.bytes == body);
        assert_eq!(raw.verdict, Verdict::Verified);
    }
}

#[tokio::test]
async fn fingerprints_show_which_request_extends_which() {
    let place = Place::new();
    let recorder = place.open();
    let ids: Vec<String> = (1..=20)
        .map(|turns| exchange(&recorder, &turn(0, turns), b"{}"))
        .collect();
    recorder.flush().await;
    let reader = recorder.reader();
    let last = reader.get(&ids[19]).unwrap().unwrap().message_fingerprints;
    assert_eq!(last.len(), 20);
    for (n, id) in ids.iter().enumerate() {
        let log = reader.get(id).unwrap().unwrap();
        assert_eq!(log.message_fingerprints, last[..=n], "request {n}");
        assert_eq!(log.summary.conversation_hash.unwrap().len(), 32);
    }
}

#[tokio::test]
async fn a_body_that_changed_on_the_disk_is_reported() {
    let place = Place::new();
    let recorder = place.open();
    let body = turn(1, 40);
    let id = exchange(&recorder, &body, b"{}");
    recorder.shutdown().await;
    let path = format!("{}.bodies", place.db().display());
    let mut bytes = std::fs::read(&path).unwrap();
    bytes[5000] ^= 1;
    std::fs::write(&path, bytes).unwrap();
    let reader = place.open().reader();
    let error = reader.raw(&id, Side::Request).unwrap_err();
    assert!(matches!(error, StoreError::Damaged(_)), "{error}");
    let log = reader.get(&id).unwrap().unwrap();
    assert!(log.body.is_none() && log.body_damaged.is_some());
    assert!(log.response.is_some(), "the rest is still there");
}

#[tokio::test]
async fn large_responses_come_back() {
    let place = Place::new();
    let recorder = place.open();
    for size in [0usize, 1, 511, 512, 16 * 1024 - 1, 16 * 1024, 3 << 20] {
        let body: Vec<u8> = (0..size)
            .map(|i| u8::try_from(i * i % 251).unwrap())
            .collect();
        let id = exchange(&recorder, b"{}", &body);
        recorder.flush().await;
        let raw = recorder.reader().raw(&id, Side::Response).unwrap().unwrap();
        assert!(raw.bytes == body, "{size}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, ..ProptestConfig::default() })]
    #[test]
    fn any_sequence_of_related_bodies_reads_back(
        edits in proptest::collection::vec(
            (0usize..5, any::<usize>(), 0usize..40_000, any::<u8>()), 1..40),
        restarts in any::<u64>(),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let place = Place::new();
            let mut recorder = place.open();
            let mut bodies = vec![b"0123456789".repeat(3000)];
            let mut ids = Vec::new();
            for (n, (kind, at, len, byte)) in edits.into_iter().enumerate() {
                let body = edited(&bodies[at % bodies.len()], (kind, at, len, byte));
                ids.push(exchange(&recorder, &body, &body));
                bodies.push(body);
                if restarts >> (n % 64) & 1 == 1 {
                    recorder.shutdown().await;
                    recorder = place.open();
                }
            }
            check(&recorder, &ids, &bodies[1..]).await;
        });
    }
}

fn edited(body: &[u8], (kind, at, len, byte): (usize, usize, usize, u8)) -> Vec<u8> {
    let mut body = body.to_vec();
    let spot = at % (body.len() + 1);
    match kind {
        0 => body.extend(vec![byte; len]),
        1 => drop(body.splice(spot..spot, vec![byte; len])),
        2 => drop(body.drain(spot..(spot + len).min(body.len()))),
        3 => body.truncate(spot),
        _ => body
            .iter_mut()
            .skip(spot)
            .take(len)
            .for_each(|b| *b ^= byte),
    }
    body
}

async fn check(recorder: &Recorder, ids: &[String], bodies: &[Vec<u8>]) {
    recorder.flush().await;
    let reader = recorder.reader();
    for (id, body) in ids.iter().zip(bodies) {
        let sent = reader.raw(id, Side::Request).unwrap().unwrap();
        let came = reader.raw(id, Side::Response).unwrap().unwrap();
        assert!(sent.bytes == *body && came.bytes == *body);
    }
}
