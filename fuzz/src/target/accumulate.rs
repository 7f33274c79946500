//! Streams put together, and answers taken apart.

use weir_wire::accumulate::{AccumulateError, Accumulated, Accumulator, expand};
use weir_wire::dialect::Dialect;
use weir_wire::sse::Splitter;

use super::super::check;
use super::super::input::{Input, cut};

const LIMIT: usize = 1 << 20;

/// Cuts make no difference; what was put together and is taken apart comes together as the same.
pub fn run(data: &[u8]) {
    let mut input = Input::new(data);
    let (dialect, seed, usage) = (input.dialect(), input.byte(), input.flag());
    let bytes = input.rest();
    let whole = together(dialect, &[bytes], LIMIT);
    assert_eq!(whole, together(dialect, &cut(bytes, seed), LIMIT));
    match &whole {
        Ok(answer) => {
            check::bounded(answer.body.len(), bytes.len(), 16);
            let held = check::object(&answer.body).is_some();
            if held {
                again(dialect, &answer.body, usage);
            }
        }
        Err(AccumulateError::Provider { status, body }) => {
            assert!(status.is_client_error() || status.is_server_error());
            check::object(body);
        }
        Err(AccumulateError::Incomplete | AccumulateError::TooLarge) => {}
    }
    let small = together(dialect, &[bytes], 64);
    assert!(small == whole || matches!(small, Err(AccumulateError::TooLarge)));
    apart(dialect, bytes, usage);
}

fn together(
    dialect: Dialect,
    pieces: &[&[u8]],
    limit: usize,
) -> Result<Accumulated, AccumulateError> {
    let mut splitter = Splitter::new();
    let mut accumulator = Accumulator::new(dialect, limit);
    for piece in pieces {
        splitter.push(piece, |event| accumulator.push(event));
    }
    splitter.finish(|event| accumulator.push(event));
    accumulator.finish()
}

/// The events of a body, which are events whatever it is.
fn apart(dialect: Dialect, body: &[u8], usage: bool) -> Option<Vec<u8>> {
    let mut out = b"before".to_vec();
    let outcome = expand(dialect, body, usage, &mut out);
    let stream = out.strip_prefix(b"before").expect("what was there stays");
    if outcome.is_err() {
        assert!(stream.is_empty());
        return None;
    }
    check::bounded(stream.len(), body.len(), 100);
    for event in check::sse::events(stream) {
        let data = event.data.expect("no comment");
        if data != "[DONE]" {
            check::json(data.as_bytes());
        }
    }
    Some(stream.to_vec())
}

/// What is added to an answer on its way through a stream is added once.
fn again(dialect: Dialect, body: &[u8], usage: bool) {
    let Some(stream) = apart(dialect, body, usage) else {
        return;
    };
    let Ok(first) = together(dialect, &[&stream], LIMIT) else {
        return;
    };
    let stream = apart(dialect, &first.body, usage).expect("an answer");
    let second = together(dialect, &[&stream], LIMIT);
    let second = second.map(|answer| check::json(&answer.body));
    assert_eq!(second, Ok(check::json(&first.body)));
}
