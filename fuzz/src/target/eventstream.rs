//! Amazon's event stream.

use std::collections::VecDeque;

use aws_smithy_eventstream::frame::write_message_to;
use aws_smithy_types::event_stream::{Header, HeaderValue, Message};
use bytes::Bytes;
use weir_wire::eventstream::{Broken, ToSse};

use super::super::check;
use super::super::input::{Input, cut};

/// Cuts make no difference; what comes out are events, and not more of them than came in.
pub fn run(data: &[u8]) {
    let mut input = Input::new(data);
    let (seed, raw) = (input.byte(), input.flag());
    let stream = match raw {
        true => input.rest().to_vec(),
        false => frames(input),
    };
    let (out, outcome) = converted(&[&stream]);
    let (pieces, again) = converted(&cut(&stream, seed));
    assert_eq!((&out, &outcome), (&pieces, &again));
    check::bounded(out.len(), stream.len(), 12);
    if std::str::from_utf8(&out).is_ok() && !raw && outcome.is_ok() {
        let mut splitter = weir_wire::sse::Splitter::new();
        let mut count = 0;
        splitter.push(&out, |_| count += 1);
        splitter.finish(|_| count += 1);
        assert!(count <= stream.len() / 16 + 1);
    }
}

/// Valid frames of what the input says: a kind, a length, a payload each.
fn frames(mut input: Input<'_>) -> Vec<u8> {
    let mut stream = Vec::new();
    for _ in 0..64 {
        if input.rest().is_empty() {
            break;
        }
        let kind = input.below(6);
        let name = [
            "chunk",
            "chunk",
            "other",
            "throttlingException",
            "",
            "odd\nname",
        ][kind];
        let length = usize::from(input.byte());
        let payload = input.take(length).to_vec();
        let payload = match kind {
            0 => {
                use base64::Engine as _;
                let inner = base64::engine::general_purpose::STANDARD.encode(&payload);
                serde_json::json!({ "bytes": inner })
                    .to_string()
                    .into_bytes()
            }
            _ => payload,
        };
        let header = match kind {
            3 => ":exception-type",
            _ => ":event-type",
        };
        let value = HeaderValue::String(name.to_owned().into());
        let headers = vec![Header::new(header, value)];
        let message = Message::new_from_parts(headers, Bytes::from(payload));
        write_message_to(&message, &mut stream).expect("a small frame");
    }
    stream.extend(input.rest().first());
    stream
}

fn converted(pieces: &[&[u8]]) -> (Vec<u8>, Result<(), Broken>) {
    let mut converter = ToSse::default();
    let mut out = VecDeque::new();
    let mut outcome = Ok(());
    for piece in pieces {
        outcome = outcome.and_then(|()| converter.push(piece, &mut out));
    }
    let outcome = outcome.and_then(|()| converter.finish());
    (out.into_iter().flatten().collect(), outcome)
}
