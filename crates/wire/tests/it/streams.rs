//! Streams of any content: where the bytes are cut makes no difference, and what comes of a stream
//! is what comes of the whole answer.

use proptest::prelude::*;
use proptest::test_runner::{Config, TestCaseError, TestRunner};
use weir_wire::dialect::Dialect;
use weir_wire::translate::codec;
use weir_wire::translate::form::{Answer, Body, Input, OpaqueKind, Stop};
use weir_wire::translate::inbound::{self, Progress, Stream};
use weir_wire::translate::options::{Hints, Options};
use weir_wire::translate::outbound::{self, Back, Way};
use weir_wire::usage::Usage;

use crate::answers::{self, Kind, OPTIONS};
use crate::cells;
use crate::sides::{able, model, ways};

fn runner() -> TestRunner {
    TestRunner::new(Config {
        cases: 48,
        failure_persistence: None,
        ..Config::default()
    })
}

/// What the way back of a request needs that declares the tools of the answers.
fn back(way: Way) -> Back {
    let hints = Hints {
        path_model: Some("gemini-3-flash-preview"),
        stream: true,
    };
    let options = Options {
        model: model(way.provider),
        stream: true,
        profile: &able(),
    };
    let body = cells::request(way.client).as_bytes();
    let mut back = outbound::request(way, body, &hints, &options).unwrap().back;
    back.stops.clear();
    back
}

/// Translates a stream that comes in pieces which end at `cuts`.
fn translate(back: &Back, given: &[u8], cuts: &[usize]) -> Vec<u8> {
    let mut stream = Stream::new(back, &OPTIONS);
    let mut told = Vec::new();
    let mut from = 0;
    for &cut in cuts {
        stream.push(&given[from..cut], &mut told);
        from = cut;
    }
    stream.push(&given[from..], &mut told);
    stream.finish(&mut told);
    assert_eq!(*stream.progress(), Progress::Whole);
    told
}

fn kind(provider: Dialect) -> Kind {
    Kind {
        provider,
        issuer: match provider {
            Dialect::AnthropicMessages | Dialect::OpenaiChat => OpaqueKind::Signature,
            Dialect::OpenaiResponses => OpaqueKind::Encrypted,
            Dialect::Gemini => OpaqueKind::ThoughtSignature,
        },
        interleaved: provider != Dialect::OpenaiChat,
    }
}

#[test]
fn cuts_make_no_difference() {
    for way in ways() {
        let back = back(way);
        let recorded = cells::stream(way.provider).as_bytes().to_vec();
        let generated = answers::answer(kind(way.provider), false);
        let generated =
            (generated, 1usize..9).prop_map(|(answer, size)| answers::stream(&answer, size));
        let given = prop_oneof![Just(recorded), generated];
        let given = (given, any::<bool>()).prop_map(|(given, returns)| match returns {
            true => String::from_utf8(given)
                .unwrap()
                .replace('\n', "\r\n")
                .into_bytes(),
            false => given,
        });
        let cut = given.prop_flat_map(|given| {
            let cuts = proptest::collection::vec(0..=given.len(), 0..12);
            (Just(given), cuts)
        });
        let result = runner().run(&cut, |(given, mut cuts)| {
            cuts.sort_unstable();
            let whole = translate(&back, &given, &[]);
            prop_assert_eq!(&translate(&back, &given, &cuts), &whole);
            let everywhere: Vec<usize> = (0..given.len()).collect();
            prop_assert_eq!(&translate(&back, &given, &everywhere), &whole);
            Ok(())
        });
        assert!(result.is_ok(), "{way:?}: {}", result.unwrap_err());
    }
}

/// What an answer says.
#[derive(Debug, PartialEq)]
struct Said {
    parts: Vec<(&'static str, String, String)>,
    stop: Stop<'static>,
    /// Fresh, read, written and said; thought, which is part of what is said.
    usage: [u64; 5],
}

fn said(answer: &Answer<'_>) -> Said {
    let parts = answer.parts.iter().map(|part| match &part.body {
        Body::Text { text, .. } => ("text", text.to_string(), String::new()),
        Body::Thinking { text, opaque, .. } => {
            let proof = opaque
                .as_ref()
                .map(|it| format!("{:?} {}", it.kind, it.value));
            ("thinking", text.to_string(), proof.unwrap_or_default())
        }
        Body::Call(call) => {
            let input = match &call.input {
                // Who puts a stream together reads numbers.
                Input::Json(json) => {
                    let value: serde_json::Value = serde_json::from_str(json.as_str()).unwrap();
                    value.to_string()
                }
                Input::Text(text) => format!("text {text}"),
            };
            let proof = call.opaque.as_ref().map(|it| it.value.to_string());
            (
                "call",
                format!("{} {input}", call.name),
                proof.unwrap_or_default(),
            )
        }
        other => ("other", format!("{other:?}"), String::new()),
    });
    let parts: Vec<_> = parts.collect();
    let count = |pick: fn(&Usage) -> Option<u64>| answer.usage.as_ref().and_then(pick).unwrap_or(0);
    Said {
        parts,
        stop: match &answer.stop {
            Stop::EndTurn => Stop::EndTurn,
            Stop::ToolUse => Stop::ToolUse,
            other => Stop::Other(format!("{other:?}").into()),
        },
        usage: [
            count(|it| it.input_tokens),
            count(|it| it.cache_read_input_tokens),
            count(|it| it.cache_creation_input_tokens),
            count(|it| it.output_tokens),
            count(|it| it.output_tokens_details?.thinking_tokens),
        ],
    }
}

impl Said {
    /// All text, and the calls: those of a Chat message stand behind it.
    fn words(&self) -> (String, Vec<&str>) {
        let of = |kind| self.parts.iter().filter(move |part| part.0 == kind);
        let text = of("text").map(|part| &*part.1).collect();
        (text, of("call").map(|part| &*part.1).collect())
    }
}

#[test]
fn a_stream_says_what_the_whole_answer_says() {
    let mut wrong = Vec::new();
    for way in ways() {
        let back = back(way);
        let given = (answers::answer(kind(way.provider), false), 1usize..9);
        let result = runner().run(&given, |(answer, size)| {
            let given = answers::stream(&answer, size);
            let told = translate(&back, &given, &[]);
            let streamed = answers::gather(way.client, &told);
            let given = answers::gather(way.provider, &given);
            let whole = inbound::answer(&given, &back, &OPTIONS).unwrap();
            let read = |body: &[u8]| said(&codec::read_answer(way.client, body).unwrap());
            let text = |body: &[u8]| String::from_utf8_lossy(body).into_owned();
            let (left, right) = (read(&streamed), read(&whole));
            let meant = counted(&answer, way.client);
            let same = said(&answer).words() == right.words();
            if left == right && right.usage == meant && same {
                return Ok(());
            }
            Err(TestCaseError::fail(format!(
                "streamed {left:#?}\nwhole {right:#?}\nmeant {meant:?}\n{}\n-> {}\n-> {}",
                text(&given),
                text(&streamed),
                text(&whole)
            )))
        });
        if let Err(proptest::test_runner::TestError::Fail(why, _)) = result {
            wrong.push(format!("{way:?}: {why}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

/// The counts that the client must get. Google has no word for what was written to a cache.
fn counted(answer: &Answer<'_>, client: Dialect) -> [u64; 5] {
    let [fresh, read, written, said, thought] = said(answer).usage;
    match client {
        Dialect::Gemini => [fresh + written, read, 0, said, thought],
        _ => [fresh, read, written, said, thought],
    }
}
