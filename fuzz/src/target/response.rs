//! Responses that go by: changes on their way, errors in disguise, and what is read of them.

use std::collections::VecDeque;

use bytes::Bytes;
use serde::de::IgnoredAny;
use weir_wire::dialect::{Dialect, Operation};
use weir_wire::facts::response::{ResponseFacts, ResponseObserver};
use weir_wire::inband::{FirstEvent, Judgement};
use weir_wire::rewrite::Rewriter;
use weir_wire::sse::Splitter;
use weir_wire::usage::UsageMerge;

use super::super::input::{Input, cut};

/// Cuts make no difference; JSON that was valid stays so; nothing but what is meant changes.
pub fn run(data: &[u8]) {
    let mut input = Input::new(data);
    let (dialect, seed, choice) = (input.dialect(), input.byte(), input.byte());
    let body = input.rest();
    rewritten(dialect, body, seed, choice);
    if body.len() < 16 * 1024 {
        let one = judged(dialect, &[body]);
        assert_eq!(one, judged(dialect, &cut(body, seed)));
        if let Judgement::Error { status, body } = one {
            assert!((400..600).contains(&status));
            super::super::check::object(&body);
        }
    }
    let kinds = [
        None,
        Some("text/event-stream"),
        Some("application/json"),
        Some("audio/wav"),
    ];
    let kind = kinds[usize::from(choice >> 2) % 4];
    let mut observer = ResponseObserver::new(dialect, Operation::Generate, kind);
    for piece in cut(body, seed) {
        observer.push(&Bytes::copy_from_slice(piece));
    }
    let facts = ResponseFacts::of_body(dialect, Operation::Generate, kind, body);
    assert_eq!(observer.finish(), facts);
    for mut usage in [UsageMerge::new(dialect), UsageMerge::of_counts(dialect)] {
        usage.add(body);
        usage.add(b"{\"input_tokens\":1}");
        usage.add(body);
        std::hint::black_box(usage.finish());
    }
}

fn rewritten(dialect: Dialect, body: &[u8], seed: u8, choice: u8) {
    let group = (choice & 1 == 1).then_some("claude");
    let model = (choice & 2 == 2).then_some("mine\"");
    let mut outs = Vec::new();
    for pieces in [vec![body], cut(body, seed)] {
        let mut rewriter = Rewriter::new(dialect, group, model);
        let mut out = VecDeque::new();
        for piece in pieces {
            rewriter.push(Bytes::copy_from_slice(piece), &mut out);
        }
        rewriter.finish(&mut out);
        outs.push(out.into_iter().flatten().collect::<Vec<u8>>());
    }
    let (one, many) = (outs.swap_remove(0), outs.swap_remove(0));
    assert_eq!(one, many);
    super::super::check::bounded(one.len(), body.len(), 8);
    if group.is_none() && model.is_none() {
        assert_eq!(one, body);
    }
    let valid = |text: &[u8]| serde_json::from_slice::<IgnoredAny>(text).is_ok();
    assert!(!valid(body) || valid(&one));
    let lines = |stream: &[u8]| {
        let mut lines = Vec::new();
        let mut splitter = Splitter::new();
        splitter.push(stream, |event| lines.push(valid(event.data)));
        splitter.finish(|event| lines.push(valid(event.data)));
        lines
    };
    let (before, after) = (lines(body), lines(&one));
    assert_eq!(before.len(), after.len());
    assert!(
        before
            .iter()
            .zip(&after)
            .all(|(before, after)| !before || *after)
    );
}

fn judged(dialect: Dialect, pieces: &[&[u8]]) -> Judgement {
    let mut first = FirstEvent::new(dialect);
    let judgements = pieces.iter().map(|piece| first.push(piece));
    let mut said = judgements.filter(|judgement| *judgement != Judgement::Pending);
    said.next().unwrap_or(Judgement::Pending)
}
