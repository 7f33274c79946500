//! Answers of any content in the words of a provider, whole and streamed.

use proptest::collection::vec;
use proptest::option::of;
use proptest::prelude::*;
use proptest::sample::select;
use weir_wire::dialect::Dialect;
use weir_wire::sse::Splitter;
use weir_wire::translate::codec::{self, Sink};
use weir_wire::translate::form::{
    Answer, Body, Call, Extra, Input, Opaque, OpaqueKind, Part, Stop,
};
use weir_wire::translate::json::Json;
use weir_wire::translate::openai_responses::Declared;
use weir_wire::translate::options::AnswerOptions;
use weir_wire::translate::signal::{Ending, Opening, Piece, Signal};
use weir_wire::usage::{OutputDetails, Usage};

/// What a client or a provider is told besides the answer.
pub(crate) const OPTIONS: AnswerOptions<'_> = AnswerOptions {
    model: "the-model",
    now_unix: 1_760_000_000,
    seed: 7,
    estimated_input: 50,
    include_usage: true,
};

/// Which answers.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Kind {
    /// Who gives them.
    pub provider: Dialect,
    /// Whose proofs they hold.
    pub issuer: OpaqueKind,
    /// Whether thinking may stand between texts and calls, too.
    pub interleaved: bool,
}

/// Answers that end well, with a call at least where `calls` says so.
pub(crate) fn answer(kind: Kind, calls: bool) -> impl Strategy<Value = Answer<'static>> {
    let round = (vec(thought(), 0..3), of(words()), vec(call(), 0..3));
    let rounds = vec(round, 1..4);
    (rounds, call(), usage(kind.provider)).prop_map(move |(rounds, last, usage)| {
        let (mut thoughts, mut said) = (Vec::new(), Vec::new());
        let rounds = rounds
            .into_iter()
            .take(if kind.interleaved { 3 } else { 1 });
        let mut all: Vec<Part<'static>> = Vec::new();
        for (thinking, text, calls) in rounds {
            thoughts.extend(thinking);
            // Google's texts that follow each other are one.
            let follows = all.last().is_some_and(is_text) && thoughts.is_empty();
            said.extend(text.filter(|_| !follows).map(text_part));
            all.append(&mut thoughts);
            all.append(&mut said);
            all.extend(calls);
        }
        let is_call = |part: &Part<'_>| matches!(part.body, Body::Call(_));
        if calls && !all.last().is_some_and(is_call) {
            all.push(last);
        }
        // Nobody ends with thinking.
        let thinks = |part: &Part<'_>| matches!(part.body, Body::Thinking { .. });
        if all.last().is_none_or(thinks) {
            all.push(text_part("Done.".to_owned()));
        }
        finish(kind, all, usage)
    })
}

fn is_text(part: &Part<'_>) -> bool {
    matches!(part.body, Body::Text { .. })
}

fn finish(kind: Kind, mut parts: Vec<Part<'static>>, usage: Usage) -> Answer<'static> {
    let mut signed = false;
    for (index, part) in parts.iter_mut().enumerate() {
        prove(kind, index, part, &mut signed);
    }
    let called = parts.iter().any(|part| matches!(part.body, Body::Call(_)));
    Answer {
        dialect: kind.provider,
        id: "answer-1".into(),
        model: "the-model".into(),
        parts,
        stop: if called { Stop::ToolUse } else { Stop::EndTurn },
        usage: Some(usage),
        extra: Extra::default(),
    }
}

/// Gives a part the proof and the ids that its provider would give it.
fn prove(kind: Kind, index: usize, part: &mut Part<'static>, signed: &mut bool) {
    let proof = |kind| Opaque {
        value: format!("proof+{index}/=").into(),
        kind,
    };
    let google = kind.issuer == OpaqueKind::ThoughtSignature;
    match &mut part.body {
        Body::Thinking { text, opaque, id } if !google => {
            let redacted = kind.issuer == OpaqueKind::Signature && text.is_empty();
            *opaque = Some(proof(if redacted {
                OpaqueKind::Redacted
            } else {
                kind.issuer
            }));
            let names = kind.issuer == OpaqueKind::Encrypted;
            *id = names.then(|| format!("rs_{index}").into());
        }
        Body::Thinking { text, .. } if text.is_empty() => *text = "Hm.".into(),
        Body::Call(call) => {
            // Google signs the first of a step.
            let first = !std::mem::replace(signed, true);
            call.opaque = (google && first).then(|| proof(kind.issuer));
            let names = kind.provider != Dialect::Gemini;
            call.id = if names {
                format!("call_{index}").into()
            } else {
                "".into()
            };
            if kind.provider == Dialect::OpenaiResponses {
                call.item = Some(format!("fc_{index}").into());
            }
        }
        _ => {}
    }
}

fn words() -> impl Strategy<Value = String> {
    "[a-zäß💧\"\\\\\n ]{0,12}[a-z]"
}

fn text_part(text: String) -> Part<'static> {
    let annotations = Vec::new();
    let text = text.into();
    Body::Text { text, annotations }.into()
}

fn thought() -> impl Strategy<Value = Part<'static>> {
    prop_oneof![4 => words(), 1 => Just(String::new())].prop_map(|text| {
        let (text, opaque, id) = (text.into(), None, None);
        Body::Thinking { text, opaque, id }.into()
    })
}

fn call() -> impl Strategy<Value = Part<'static>> {
    let input = prop_oneof![
        1 => Just("{}".to_owned()),
        3 => words().prop_map(|text| {
            let text = serde_json::Value::from(text);
            format!(r#"{{"n":1.50,"text":{text},"deep":{{"list":[null,[]]}}}}"#)
        }),
    ];
    (select(&["crop", "list_files"][..]), input).prop_map(|(name, input)| {
        let input = Input::Json(Json::of_valid(input));
        let call = Call {
            id: "".into(),
            name: name.into(),
            input,
            item: None,
            opaque: None,
        };
        Body::Call(call).into()
    })
}

/// Counts that the provider can tell.
fn usage(provider: Dialect) -> impl Strategy<Value = Usage> {
    (1u64..5000, 0u64..5000, 0u64..500, 1u64..500, 0u64..500).prop_map(
        move |(fresh, read, written, said, thought)| {
            let anthropic = provider == Dialect::AnthropicMessages;
            Usage {
                input_tokens: Some(fresh),
                cache_read_input_tokens: Some(read),
                cache_creation_input_tokens: Some(if anthropic { written } else { 0 }),
                output_tokens: Some(said + thought),
                output_tokens_details: (!anthropic).then_some(OutputDetails {
                    thinking_tokens: Some(thought),
                }),
                ..Usage::default()
            }
        },
    )
}

/// The answer's body.
pub(crate) fn whole(answer: &Answer<'_>) -> Vec<u8> {
    codec::write_answer(answer.dialect, answer, &OPTIONS, &Declared::default())
}

/// The answer's stream, with texts and inputs in pieces of about `size` bytes.
pub(crate) fn stream(answer: &Answer<'_>, size: usize) -> Vec<u8> {
    let mut sink = Sink::new(answer.dialect, &OPTIONS, Declared::default());
    let mut out = Vec::new();
    let mut say = |signal: Signal<'_>| sink.write(&signal, &mut out);
    say(Signal::Start {
        id: answer.id.clone(),
        model: answer.model.clone(),
        usage: answer.usage.clone(),
    });
    for (number, part) in answer.parts.iter().enumerate() {
        let delta = |piece| Signal::Delta {
            part: number,
            piece,
        };
        let open = |kind| Signal::Open { part: number, kind };
        match &part.body {
            Body::Text { text, .. } => {
                say(open(Opening::Text));
                for piece in pieces(text, size) {
                    say(delta(Piece::Text(piece.into())));
                }
            }
            Body::Thinking { text, opaque, id } => {
                say(open(Opening::Thinking { id: id.clone() }));
                for piece in pieces(text, size) {
                    say(delta(Piece::Text(piece.into())));
                }
                if let Some(opaque) = opaque {
                    say(delta(Piece::Opaque(opaque.clone())));
                }
            }
            Body::Call(call) => {
                say(open(Opening::Call {
                    id: call.id.clone(),
                    name: call.name.clone(),
                    freeform: matches!(call.input, Input::Text(_)),
                    item: call.item.clone(),
                }));
                if let Some(opaque) = &call.opaque {
                    say(delta(Piece::Opaque(opaque.clone())));
                }
                let input = match &call.input {
                    Input::Json(json) => json.as_str(),
                    Input::Text(text) => text,
                };
                for piece in pieces(input, size) {
                    say(delta(Piece::Input(piece.into())));
                }
            }
            _ => continue,
        }
        say(Signal::Close { part: number });
    }
    say(Signal::Usage(answer.usage.clone().unwrap_or_default()));
    say(Signal::Stop(answer.stop.clone()));
    sink.finish(Ending::Whole, &mut out);
    out
}

fn pieces(text: &str, size: usize) -> Vec<String> {
    let chars: Vec<char> = text.chars().collect();
    chars
        .chunks(size)
        .map(|piece| piece.iter().collect())
        .collect()
}

/// Puts a stream of `dialect` together.
pub(crate) fn gather(dialect: Dialect, stream: &[u8]) -> Vec<u8> {
    let mut accumulator = weir_wire::accumulate::Accumulator::new(dialect, 1 << 20);
    let mut splitter = Splitter::new();
    splitter.push(stream, |event| accumulator.push(event));
    splitter.finish(|event| accumulator.push(event));
    let whole = accumulator.finish();
    assert!(
        whole.is_ok(),
        "{whole:?}: {}",
        String::from_utf8_lossy(stream)
    );
    whole.unwrap().body
}
