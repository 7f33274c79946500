//! A thousand deltas of a stream.

use std::collections::VecDeque;
use std::hint::black_box;

use bytes::{Bytes, BytesMut};
use divan::Bencher;
use divan::counter::{BytesCount, ItemsCount};
use serde_json::Value;
use weir_wire::dialect::Dialect;
use weir_wire::sse::Splitter;
use weir_wire::translate::inbound::{Progress, Stream};
use weir_wire::translate::outbound::Back;

use crate::conversation::body;
use crate::events::{DELTAS, Events, Said};
use crate::pair::{DIALECTS, Pair, answer_options, profile};

/// What the proxy allocates at once for what a translation writes.
const BLOCK: usize = 16 * 1024;

/// What the way back of a request needs.
fn back(pair: Pair) -> Back {
    pair.translate(&body(pair.0), &profile()).back
}

fn begun(back: &Back, events: &Events) -> Stream {
    let mut stream = Stream::new(back, &answer_options());
    stream.push(&events.before, &mut Vec::new());
    stream
}

fn deltas(bencher: Bencher<'_, '_>, pair: Pair, (said, in_piece): (Said, usize)) {
    let events = Events::new(pair.1, said);
    let (pieces, back) = (events.pieces(in_piece), back(pair));
    bencher
        .counter(ItemsCount::new(DELTAS))
        .with_inputs(|| (begun(&back, &events), Vec::with_capacity(BLOCK)))
        .bench_local_refs(|(stream, out)| {
            for piece in black_box(&pieces) {
                stream.push(piece, out);
                black_box(&out);
                out.clear();
            }
            assert_eq!(*stream.progress(), Progress::Running);
        });
}

/// Text, every event a piece of its own.
#[divan::bench(args = Pair::ALL)]
fn text_delta(bencher: Bencher<'_, '_>, pair: Pair) {
    deltas(bencher, pair, (Said::Text, 1));
}

/// Text, sixteen events in a piece.
#[divan::bench(args = Pair::ALL)]
fn text_delta_of_16(bencher: Bencher<'_, '_>, pair: Pair) {
    deltas(bencher, pair, (Said::Text, 16));
}

/// Arguments of twenty calls, every event a piece of its own.
#[divan::bench(args = Pair::ALL)]
fn call_delta(bencher: Bencher<'_, '_>, pair: Pair) {
    deltas(bencher, pair, (Said::Calls, 1));
}

/// Arguments of twenty calls, sixteen events in a piece.
#[divan::bench(args = Pair::ALL)]
fn call_delta_of_16(bencher: Bencher<'_, '_>, pair: Pair) {
    deltas(bencher, pair, (Said::Calls, 16));
}

/// Text as the proxy hands it on: what each piece becomes is cut off a block and sent.
#[divan::bench(args = Pair::ALL)]
fn text_delta_handed_on(bencher: Bencher<'_, '_>, pair: Pair) {
    let events = Events::new(pair.1, Said::Text);
    let (pieces, back) = (events.pieces(1), back(pair));
    bencher
        .counter(ItemsCount::new(DELTAS))
        .with_inputs(|| (begun(&back, &events), Vec::new(), VecDeque::<Bytes>::new()))
        .bench_local_refs(|(stream, written, sent)| {
            let mut block = BytesMut::new();
            for piece in black_box(&pieces) {
                stream.push(piece, written);
                if block.capacity() < written.len() {
                    block = BytesMut::with_capacity(BLOCK.max(written.len()));
                }
                block.extend_from_slice(written);
                written.clear();
                sent.push_back(block.split().freeze());
                black_box(sent.pop_front());
            }
        });
}

/// What to hold it against: the same text's bytes copied.
#[divan::bench(args = DIALECTS)]
fn text_delta_copied(bencher: Bencher<'_, '_>, dialect: Dialect) {
    let pieces = Events::new(dialect, Said::Text).pieces(1);
    bencher
        .counter(ItemsCount::new(DELTAS))
        .with_inputs(|| Vec::with_capacity(BLOCK))
        .bench_local_refs(|out: &mut Vec<u8>| {
            for piece in black_box(&pieces) {
                out.extend_from_slice(piece);
                black_box(&out);
                out.clear();
            }
        });
}

/// What to hold it against: the same text's events made trees, and nothing done with them.
#[divan::bench(args = DIALECTS)]
fn text_delta_as_value(bencher: Bencher<'_, '_>, dialect: Dialect) {
    let pieces = Events::new(dialect, Said::Text).pieces(1);
    bencher
        .counter(ItemsCount::new(DELTAS))
        .with_inputs(Splitter::new)
        .bench_local_refs(|splitter| {
            for piece in black_box(&pieces) {
                splitter.push(piece, |event| {
                    let value: Value = serde_json::from_slice(event.data).expect("it is JSON");
                    black_box(value);
                });
            }
        });
}

/// A stream of a thousand deltas from its beginning to its end.
#[divan::bench(args = Pair::ALL)]
fn whole_stream(bencher: Bencher<'_, '_>, pair: Pair) {
    let stream = Events::new(pair.1, Said::Text).whole();
    let back = back(pair);
    bencher
        .counter(BytesCount::new(stream.len()))
        .bench_local(|| {
            let mut translated = Stream::new(&back, &answer_options());
            let mut out = Vec::new();
            translated.push(black_box(&stream), &mut out);
            translated.finish(&mut out);
            assert_eq!(*translated.progress(), Progress::Whole);
            out
        });
}
