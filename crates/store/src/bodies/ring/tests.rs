//! The ring against a plain store of what it hands out.

use std::collections::HashMap;

use proptest::prelude::*;

use super::*;

#[derive(Default)]
struct Rows(HashMap<i64, Placed>);

impl Rows {
    fn read(&self, row: i64) -> Vec<u8> {
        let placed = &self.0[&row];
        let Some(base) = placed.base else {
            return placed.fresh.to_vec();
        };
        let old = self.read(base.row);
        [
            &old[..base.prefix],
            &placed.fresh,
            &old[old.len() - base.suffix..],
        ]
        .concat()
    }
}

fn raw(body: &[u8], cut: usize) -> RawBody {
    let mut raw = RawBody::default();
    let cut = cut % (body.len() + 1);
    raw.push(Bytes::copy_from_slice(&body[..cut]));
    raw.push(Bytes::copy_from_slice(&body[cut..]));
    raw
}

fn store(ring: &mut Ring<usize>, rows: &mut Rows, body: &[u8], session: u64) -> Placed {
    let row = rows.0.len() as i64 + 1;
    let (placed, facts) = ring.place(&raw(body, body.len() / 3), row, session, |b, _| b.len());
    assert_eq!(facts, body.len());
    rows.0.insert(row, placed.clone());
    assert_eq!(rows.read(row), body);
    assert_eq!(placed.digest, super::super::digest::digest(body));
    placed
}

fn turn(session: usize, turns: usize) -> Vec<u8> {
    let mut body = br#"{"model":"m","messages":["#.to_vec();
    for t in 0..turns {
        body.extend(
            format!(
                "{{\"s\":{session},\"t\":{t},\"x\":\"{}\"}},",
                "y".repeat(2000)
            )
            .bytes(),
        );
    }
    body.extend(b"],\"tools\":\"");
    body.extend(b"tool ".repeat(4000));
    body.extend(b"\"}");
    body
}

#[test]
fn a_growing_history_is_stored_as_what_is_new() {
    let (mut ring, mut rows) = (Ring::new(1 << 20), Rows::default());
    store(&mut ring, &mut rows, &turn(0, 1), 0);
    for turns in 2..40 {
        let placed = store(&mut ring, &mut rows, &turn(0, turns), 0);
        assert!(placed.base.is_some());
        assert!(
            placed.fresh.len() < 2200,
            "turn {turns}: {}",
            placed.fresh.len()
        );
    }
    assert_eq!(
        ring.entries.len(),
        1,
        "a successor takes its predecessor's place"
    );
}

#[test]
fn interleaved_conversations_each_find_their_own() {
    let (mut ring, mut rows) = (Ring::new(8 << 20), Rows::default());
    for turns in 1..12 {
        for session in 0..20 {
            let placed = store(&mut ring, &mut rows, &turn(session, turns), 0);
            if turns > 1 {
                assert!(
                    placed.fresh.len() < 2200,
                    "{session} {turns}: {}",
                    placed.fresh.len()
                );
            }
        }
    }
}

#[test]
fn an_identical_body_stores_nothing_new() {
    let (mut ring, mut rows) = (Ring::new(1 << 20), Rows::default());
    store(&mut ring, &mut rows, &turn(0, 3), 5);
    let again = store(&mut ring, &mut rows, &turn(0, 3), 5);
    assert_eq!(again.fresh.len(), 0);
}

#[test]
fn chains_are_cut_at_the_depth_bound() {
    let (mut ring, mut rows) = (Ring::new(1 << 20), Rows::default());
    let mut whole = 0;
    for turns in 1..=(2 * MAX_DEPTH as usize + 4) {
        let mut body = turn(0, 1);
        body.extend(b"z".repeat(turns));
        whole += usize::from(store(&mut ring, &mut rows, &body, 0).base.is_none());
    }
    assert_eq!(whole, 3);
}

#[test]
fn the_byte_bound_holds() {
    let mut ring = Ring::new(100_000);
    for n in 0..500u32 {
        let body: Vec<u8> = (0..5000u32)
            .flat_map(|i| (i * 7 + n * 13).to_le_bytes())
            .collect();
        ring.place(&raw(&body, 9), i64::from(n), 0, |_, _| ());
        assert!(ring.bytes <= 100_000);
    }
    assert!(ring.entries.len() <= 5);
    assert!(ring.order.len() <= 64 + 4 * 6);
    assert!(ring.buckets.len() <= 256 + 16 * 6);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]
    #[test]
    fn any_sequence_of_related_bodies_reads_back(
        edits in proptest::collection::vec(
            (0usize..6, any::<usize>(), 0usize..3000, any::<u8>(), 0u64..3), 1..60),
        limit in prop_oneof![Just(4000usize), Just(100_000), Just(10_000_000)],
    ) {
        let (mut ring, mut rows) = (Ring::new(limit), Rows::default());
        let mut bodies: Vec<Vec<u8>> = vec![b"seed ".repeat(200)];
        for (kind, at, len, byte, session) in edits {
            let mut body = bodies[at % bodies.len()].clone();
            let spot = at % (body.len() + 1);
            match kind {
                0 => body.extend(vec![byte; len]),
                1 => { body.splice(spot..spot, vec![byte; len]); }
                2 => { body.drain(spot..(spot + len).min(body.len())); }
                3 => body.truncate(spot),
                4 => for b in body.iter_mut().skip(spot).take(len) { *b ^= byte; },
                _ => {}
            }
            store(&mut ring, &mut rows, &body, session);
            bodies.push(body);
        }
    }
}
