//! A request of 256 KB.

use std::hint::black_box;

use divan::Bencher;
use divan::counter::BytesCount;
use serde_json::Value;
use weir_wire::dialect::Dialect;
use weir_wire::translate::codec::{read_request, write_request};
use weir_wire::translate::fault::Notes;

use crate::conversation::body;
use crate::pair::{DIALECTS, Pair, hints, options, profile};

/// Read, written, and what its answer needs remembered.
#[divan::bench(args = Pair::ALL)]
fn request(bencher: Bencher<'_, '_>, pair: Pair) {
    let (body, profile) = (body(pair.0), profile());
    bencher
        .counter(BytesCount::new(body.len()))
        .bench_local(|| pair.translate(black_box(&body), &profile));
}

/// Only read.
#[divan::bench(args = DIALECTS)]
fn request_read(bencher: Bencher<'_, '_>, dialect: Dialect) {
    let body = body(dialect);
    bencher
        .counter(BytesCount::new(body.len()))
        .bench_local(|| read_request(dialect, black_box(&body), &hints()).expect("it is one"));
}

/// Only written, from what Anthropic's client says, or for Anthropic, from what Chat's does.
#[divan::bench(args = DIALECTS)]
fn request_write(bencher: Bencher<'_, '_>, dialect: Dialect) {
    let from = match dialect {
        Dialect::AnthropicMessages => Dialect::OpenaiChat,
        _ => Dialect::AnthropicMessages,
    };
    let (body, profile) = (body(from), profile());
    let request = read_request(from, &body, &hints()).expect("it is one");
    bencher
        .counter(BytesCount::new(body.len()))
        .bench_local(|| {
            let mut notes = Notes::default();
            write_request(
                dialect,
                black_box(&request),
                &options(dialect, &profile),
                &mut notes,
            )
            .expect("it can be said")
        });
}

/// What to hold it against: the same body copied.
#[divan::bench(args = DIALECTS)]
fn request_copied(bencher: Bencher<'_, '_>, dialect: Dialect) {
    let body = body(dialect);
    bencher
        .counter(BytesCount::new(body.len()))
        .bench_local(|| black_box(&body).clone());
}

/// What to hold it against: the same body made a tree, and nothing done with it.
#[divan::bench(args = DIALECTS)]
fn request_as_value(bencher: Bencher<'_, '_>, dialect: Dialect) {
    let body = body(dialect);
    bencher
        .counter(BytesCount::new(body.len()))
        .bench_local(|| serde_json::from_slice::<Value>(black_box(&body)).expect("it is JSON"));
}
