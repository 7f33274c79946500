//! Streams of every dialect for clients of every other.

use weir_wire::accumulate::Accumulator;
use weir_wire::dialect::Dialect;
use weir_wire::sse::Splitter;
use weir_wire::translate::inbound::{Progress, Stream};
use weir_wire::translate::options::AnswerOptions;
use weir_wire::translate::outbound::Back;

use super::super::check::{self, End};
use super::super::input::{Input, cut};

/// What a call that cannot be read ends with.
const MALFORMED: &str = "the model called a tool in a way that cannot be read";

/// Whatever comes, the client's grammar is kept, success is not invented, cuts make no difference
/// and what is written is bounded by what came.
pub fn run(data: &[u8]) {
    let mut input = Input::new(data);
    let (way, choice, seed) = (input.way(), input.byte(), input.byte());
    let back = super::requests::back(way, input.part());
    let bytes = input.rest();
    let options = AnswerOptions {
        model: if choice & 1 == 0 { "mine\"" } else { "" },
        now_unix: 1_700_000_000,
        seed: 7,
        estimated_input: if choice & 4 == 0 { 11 } else { 0 },
        include_usage: choice & 2 == 0,
    };
    let breaks = choice & 8 == 8;
    let (out, progress) = translated(&back, &options, &[bytes], breaks);
    let (pieces, at_pieces) = translated(&back, &options, &cut(bytes, seed), breaks);
    let text = String::from_utf8_lossy(&out);
    assert_eq!(text, String::from_utf8_lossy(&pieces));
    assert_eq!(progress, at_pieces);
    check::bounded(out.len(), bytes.len(), 200);
    let end = check::stream(way.client, &out);
    let whole = progress == Progress::Whole;
    if let Some(end) = end {
        // Responses has no other word for it than that it failed.
        let malformed = way.client == Dialect::OpenaiResponses && text.contains(MALFORMED);
        let agreed = (end == End::Whole) == whole || (whole && malformed);
        assert!(agreed, "{progress:?}: {text}");
        // A response that failed is a response, too.
        let together = comes_together(way.client, &out);
        assert!(whole == together || (together && way.client == Dialect::OpenaiResponses));
    }
}

fn translated(
    back: &Back,
    options: &AnswerOptions<'_>,
    pieces: &[&[u8]],
    breaks: bool,
) -> (Vec<u8>, Progress) {
    let mut stream = Stream::new(back, options);
    let mut out = Vec::new();
    for piece in pieces {
        stream.push(piece, &mut out);
    }
    if breaks {
        stream.break_off("gone", &mut out);
    } else {
        stream.finish(&mut out);
    }
    let length = out.len();
    stream.push(b"data: {}\n\n", &mut out);
    stream.ping(&mut out);
    stream.finish(&mut out);
    assert_eq!(out.len(), length);
    assert_ne!(*stream.progress(), Progress::Running);
    (out, stream.progress().clone())
}

/// Whether the client's own kind of reader finds a whole answer.
fn comes_together(dialect: Dialect, stream: &[u8]) -> bool {
    let mut accumulator = Accumulator::new(dialect, 1 << 24);
    Splitter::new().push(stream, |event| accumulator.push(event));
    accumulator.finish().is_ok()
}
