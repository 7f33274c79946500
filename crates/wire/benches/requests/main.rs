//! What it costs to read and to change a request's body on its way, in bytes a second, and to judge
//! an answer by its beginning. Bodies are about 1 MB, as of an agent's session late in the day.
//!
//! `cargo bench -p weir-wire`

use std::hint::black_box;

use bytes::Bytes;
use divan::Bencher;
use divan::counter::BytesCount;
use weir_wire::dialect::Dialect;
use weir_wire::edit::Edits;
use weir_wire::inband::{FirstEvent, Judgement};
use weir_wire::peek::{Peek, Want};
use weir_wire::scan::Cursor;
use weir_wire::thinking::{Options, Resolver, Standing, may_hold_reasoning, plan_edits};

mod bodies;

use bodies::Body;

const MESSAGES: Dialect = Dialect::AnthropicMessages;
/// Bytes in a piece, as they come off a socket.
const PIECE: usize = 64 * 1024;

fn main() {
    divan::main();
}

fn pieces(body: &Bytes) -> Vec<Bytes> {
    (0..body.len())
        .step_by(PIECE)
        .map(|at| body.slice(at..body.len().min(at + PIECE)))
        .collect()
}

/// The whole body passed over, which is the most that any wish costs besides what it finds.
#[divan::bench(args = Body::ALL)]
fn skip(bencher: Bencher<'_, '_>, body: Body) {
    let body = body.bytes();
    bencher
        .counter(BytesCount::new(body.len()))
        .bench_local(|| {
            let mut cursor = Cursor::new(black_box(&body));
            cursor.skip();
            cursor.malformed()
        });
}

/// All that routing can want of a body that is one piece.
#[divan::bench(args = Body::ALL)]
fn peek_all(bencher: Bencher<'_, '_>, body: Body) {
    peek(bencher, body, Want::MODEL | Want::STREAM | Want::SESSION);
}

/// What a cloud wants, which has model and stream in the path.
#[divan::bench(args = Body::ALL)]
fn peek_model_and_stream(bencher: Bencher<'_, '_>, body: Body) {
    peek(bencher, body, Want::MODEL | Want::STREAM);
}

fn peek(bencher: Bencher<'_, '_>, body: Body, want: Want) {
    let pieces = [body.bytes()];
    bencher
        .counter(BytesCount::new(pieces[0].len()))
        .bench_local(|| Peek::of(MESSAGES, black_box(&pieces), want));
}

/// The model alone, which stands in front: the time tells, not the bytes.
#[divan::bench]
fn peek_model(bencher: Bencher<'_, '_>) {
    let pieces = pieces(&Body::Session.bytes());
    bencher.bench_local(|| Peek::of(MESSAGES, black_box(&pieces), Want::MODEL));
}

/// All of it, in a body that came in pieces and has to be put together.
#[divan::bench(args = Body::ALL)]
fn peek_all_of_pieces(bencher: Bencher<'_, '_>, body: Body) {
    let body = body.bytes();
    let pieces = pieces(&body);
    let want = Want::MODEL | Want::STREAM | Want::SESSION;
    bencher
        .counter(BytesCount::new(body.len()))
        .bench_local(|| Peek::of(MESSAGES, black_box(&pieces), want));
}

/// The search for reasoning in a body that holds none, each dialect's own way.
#[divan::bench(args = [MESSAGES, Dialect::OpenaiResponses, Dialect::Gemini])]
fn search_for_reasoning(bencher: Bencher<'_, '_>, dialect: Dialect) {
    let body = Body::Session.bytes();
    let pieces = pieces(&body);
    bencher
        .counter(BytesCount::new(body.len()))
        .bench_local(|| assert!(!may_hold_reasoning(dialect, black_box(&pieces))));
}

/// The same in one string without an end.
#[divan::bench]
fn search_one_string_for_reasoning(bencher: Bencher<'_, '_>) {
    let pieces = [Body::OneString.bytes()];
    bencher
        .counter(BytesCount::new(pieces[0].len()))
        .bench_local(|| assert!(!may_hold_reasoning(MESSAGES, black_box(&pieces))));
}

/// Another model's name put in, and the body's new pieces made.
#[divan::bench]
fn splice_model(bencher: Bencher<'_, '_>) {
    let body = Body::Session.bytes();
    let pieces = pieces(&body);
    let peek = Peek::of(MESSAGES, &pieces, Want::MODEL);
    let range = peek.model_range().expect("the body names a model");
    bencher
        .counter(BytesCount::new(body.len()))
        .bench_local(|| {
            let mut edits = Edits::default();
            edits.replace(range.clone(), Bytes::from_static(b"\"claude-sonnet-4-6\""));
            edits.apply(black_box(&pieces))
        });
}

/// A provider's view of signatures.
struct Knows {
    standing: Standing,
    finds: bool,
}

impl Resolver for Knows {
    fn find(&mut self, _group: &str, _text_hash: &str) -> Option<String> {
        self.finds.then(|| bodies::SIGNATURE.repeat(2))
    }

    fn standing(&mut self, _group: &str, _value: &str) -> Standing {
        self.standing
    }
}

/// The thoughts of a session looked through, then the body's new pieces made: none changes, all
/// get another signature, or all go.
#[divan::bench(args = ["good", "restored", "foreign"])]
fn mend_thinking(bencher: Bencher<'_, '_>, case: &str) {
    let body = Body::Thinking.bytes();
    let standing = match case {
        "good" => Standing::Good,
        _ => Standing::Foreign,
    };
    let finds = case == "restored";
    let options = Options { placeholder: "-" };
    bencher
        .counter(BytesCount::new(body.len()))
        .bench_local(|| {
            let mut knows = Knows { standing, finds };
            let plan = plan_edits(black_box(&body), MESSAGES, &mut knows, "claude", &options);
            assert_eq!(plan.edits.is_empty(), case == "good");
            plan.edits.apply(std::slice::from_ref(&body))
        });
}

/// The beginning of an answer as it comes: its first event and a ping.
#[divan::bench(args = [MESSAGES, Dialect::OpenaiChat, Dialect::OpenaiResponses, Dialect::Gemini])]
fn first_event(bencher: Bencher<'_, '_>, dialect: Dialect) {
    let chunk = bodies::first_chunk(dialect);
    bencher
        .counter(BytesCount::new(chunk.len()))
        .bench_local(|| {
            let judgement = FirstEvent::new(dialect).push(black_box(&chunk));
            assert_eq!(judgement, Judgement::Commit);
        });
}
