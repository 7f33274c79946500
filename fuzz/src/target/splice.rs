//! Edits of bodies: members out and in, a stream demanded, what clouds want.

use bytes::Bytes;
use serde_json::{Map, Value};
use weir_wire::cloud;
use weir_wire::demote::demand_stream;
use weir_wire::dialect::Dialect;
use weir_wire::edit::{Edits, Members};

use super::super::input::{Input, cut};

/// What was valid stays valid, means what it should, and is the same however it lies in memory.
pub fn run(data: &[u8]) {
    let mut input = Input::new(data);
    let (dialect, seed, gone) = (input.dialect(), input.byte(), input.byte());
    let body = input.rest();
    let text = body.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(body);
    let before = serde_json::from_slice::<Map<String, Value>>(text).ok();
    let apply = |edits: &Edits| applied(edits, body, seed);
    ranges(body, seed, gone);

    let edits = demand_stream(dialect, body);
    assert!(edits.is_some() || before.is_none());
    if let (Some(edits), Some(before)) = (&edits, &before) {
        let mut expected = before.clone();
        expected.insert("stream".into(), true.into());
        if dialect == Dialect::OpenaiChat && !expected.contains_key("stream_options") {
            let options = serde_json::json!({"include_usage": true});
            expected.insert("stream_options".into(), options);
        }
        same(&apply(edits), &expected);
    } else if let Some(edits) = &edits {
        apply(edits);
    }

    members(body, before.as_ref(), seed, gone);
    clouds(body, before.as_ref(), seed, gone);
}

/// Members out and in.
fn members(body: &[u8], before: Option<&Map<String, Value>>, seed: u8, gone: u8) {
    let names = ["model", "stream", "a", "b", ""];
    let names = || {
        (0..)
            .zip(names)
            .filter(|(bit, _)| gone >> bit & 1 == 1)
            .map(|(_, name)| name)
    };
    if let Some(mut members) = Members::of(body) {
        for name in names() {
            members.remove(name);
        }
        let first = if gone & 32 == 0 { "" } else { "\"first\":[1]" };
        let mut edits = Edits::default();
        members.edit(first, &mut edits);
        let after = applied(&edits, body, seed);
        if let Some(before) = before {
            let mut expected = Map::new();
            if !first.is_empty() {
                expected.insert("first".into(), serde_json::json!([1]));
            }
            expected.extend(before.clone());
            expected.retain(|name, _| names().all(|gone| gone != name));
            same(&after, &expected);
        }
    } else {
        assert!(before.is_none());
    }
}

/// What clouds want.
fn clouds(body: &[u8], before: Option<&Map<String, Value>>, seed: u8, gone: u8) {
    let pieces = [Bytes::copy_from_slice(body)];
    let betas = ["one".to_owned(), "two".to_owned()];
    let betas = if gone & 64 == 0 { &betas[..] } else { &[] };
    let clouds = [
        cloud::bedrock(&pieces, betas),
        cloud::vertex(&pieces, (gone & 128 == 0).then_some("m\"")),
    ];
    for (edits, model) in clouds
        .iter()
        .zip([None, (gone & 128 == 0).then_some("m\"")])
    {
        assert!(edits.is_ok() || before.is_none());
        let after = edits.as_ref().map(|edits| applied(edits, body, seed));
        if let (Some(before), Ok(after)) = (before, after) {
            let after: Map<String, Value> =
                serde_json::from_slice(unmarked(&after)).expect("valid JSON");
            assert_eq!(after.get("model").and_then(Value::as_str), model);
            assert!(after["anthropic_version"].is_string());
            for (name, value) in before {
                let own = ["model", "stream", "anthropic_version", "anthropic_beta"];
                assert!(own.contains(&name.as_str()) || after.get(name) == Some(value));
            }
        }
    }
}

/// Edits at any place.
fn ranges(body: &[u8], seed: u8, gone: u8) {
    let mut edits = Edits::default();
    let mut at = usize::from(seed);
    for step in [usize::from(gone), 1, 0, 7] {
        edits.replace(at..at + step, "new");
        at = at.wrapping_mul(3) % (body.len() + 3);
    }
    let out = applied(&edits, body, seed);
    assert!(out.len() <= body.len() + 3 * edits.len());
}

fn applied(edits: &Edits, body: &[u8], seed: u8) -> Vec<u8> {
    let (one, length) = edits.apply(&[Bytes::copy_from_slice(body)]);
    let pieces: Vec<Bytes> = cut(body, seed)
        .into_iter()
        .map(Bytes::copy_from_slice)
        .collect();
    let (many, _) = edits.apply(&pieces);
    let one = one.concat();
    assert_eq!(one.len(), length);
    assert_eq!(one, many.concat());
    one
}

fn unmarked(body: &[u8]) -> &[u8] {
    body.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(body)
}

fn same(after: &[u8], expected: &Map<String, Value>) {
    let after: Map<String, Value> = serde_json::from_slice(unmarked(after)).expect("valid JSON");
    assert_eq!(&after, expected);
}
