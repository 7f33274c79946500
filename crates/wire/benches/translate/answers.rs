//! Whole answers, streams put together, and answers taken apart to streams: about 20 KB of text,
//! for the record.

use std::hint::black_box;

use divan::Bencher;
use divan::counter::BytesCount;
use weir_wire::accumulate::{Accumulator, expand};
use weir_wire::dialect::Dialect;
use weir_wire::sse::Splitter;
use weir_wire::translate::inbound;

use crate::conversation::body;
use crate::events::{Events, Said};
use crate::pair::{DIALECTS, Pair, answer_options, profile};

fn accumulated(dialect: Dialect, stream: &[u8]) -> Vec<u8> {
    let mut accumulator = Accumulator::new(dialect, usize::MAX);
    Splitter::new().push(stream, |event| accumulator.push(event));
    accumulator.finish().expect("the stream is whole").body
}

/// A whole answer, translated.
#[divan::bench(args = Pair::ALL)]
fn answer(bencher: Bencher<'_, '_>, pair: Pair) {
    let whole = accumulated(pair.1, &Events::new(pair.1, Said::Text).whole());
    let back = pair.translate(&body(pair.0), &profile()).back;
    bencher
        .counter(BytesCount::new(whole.len()))
        .bench_local(|| {
            inbound::answer(black_box(&whole), &back, &answer_options()).expect("it is an answer")
        });
}

/// A stream of a thousand deltas put together.
#[divan::bench(args = DIALECTS)]
fn accumulate(bencher: Bencher<'_, '_>, dialect: Dialect) {
    let stream = Events::new(dialect, Said::Text).whole();
    bencher
        .counter(BytesCount::new(stream.len()))
        .bench_local(|| accumulated(dialect, black_box(&stream)));
}

/// A whole answer as a stream.
#[divan::bench(args = DIALECTS)]
fn take_apart(bencher: Bencher<'_, '_>, dialect: Dialect) {
    let whole = accumulated(dialect, &Events::new(dialect, Said::Text).whole());
    bencher
        .counter(BytesCount::new(whole.len()))
        .bench_local(|| {
            let mut out = Vec::new();
            expand(dialect, black_box(&whole), true, &mut out).expect("it is an answer");
            out
        });
}
