//! What proves thinking and only its issuer can read goes through a client of another dialect, which
//! sends it again as it got it, and comes back to the issuer at the same place.
//!
//! Not kept: in Chat, which thinking stood between texts and calls, as all of a message stands
//! together there; signatures of Google's texts, which Google does not ask for.

use proptest::prelude::*;
use proptest::test_runner::{Config, TestCaseError, TestError, TestRunner};
use serde_json::{Value, json};
use weir_wire::dialect::Dialect;
use weir_wire::translate::codec;
use weir_wire::translate::form::{Body, OpaqueKind, Part, Role};
use weir_wire::translate::inbound::{self, Stream};
use weir_wire::translate::options::{Hints, Options};
use weir_wire::translate::outbound::{self, Outbound, Way};
use weir_wire::translate::profile::Profile;

use crate::answers::{self, Kind, OPTIONS};
use crate::sides::{model, profile, ways};

/// Who gives an answer: a dialect, and in Chat whose model it is.
struct Side {
    kind: Kind,
    model: &'static str,
    profile: Profile,
}

fn sides(way: Way) -> Vec<Side> {
    let side = |issuer, model, profile| Side {
        kind: Kind {
            provider: way.provider,
            issuer,
            interleaved: way.provider != Dialect::OpenaiChat && way.client != Dialect::OpenaiChat,
        },
        model,
        profile,
    };
    let generic = |issuer| {
        let model = model(way.provider);
        vec![side(issuer, model, profile("api.openai.com", model))]
    };
    match way.provider {
        Dialect::AnthropicMessages => generic(OpaqueKind::Signature),
        Dialect::OpenaiResponses => generic(OpaqueKind::Encrypted),
        Dialect::Gemini => generic(OpaqueKind::ThoughtSignature),
        Dialect::OpenaiChat => [
            (OpaqueKind::Signature, "anthropic/claude-sonnet-4.6"),
            (OpaqueKind::Encrypted, "openai/gpt-5.2"),
            (OpaqueKind::ThoughtSignature, "google/gemini-3-pro-preview"),
        ]
        .map(|(issuer, model)| side(issuer, model, profile("openrouter.ai", model)))
        .into(),
    }
}

fn hints() -> Hints<'static> {
    Hints {
        path_model: Some("gemini-3-pro-preview"),
        stream: true,
    }
}

fn send(way: Way, side: &Side, body: &Value) -> Outbound {
    let options = Options {
        model: side.model,
        stream: true,
        profile: &side.profile,
    };
    let body = body.to_string();
    outbound::request(way, body.as_bytes(), &hints(), &options).unwrap()
}

/// What a client asks first, and again with the answer to it and the results of its calls.
fn ask(client: Dialect, answer: Option<&Value>) -> Value {
    let mut turns = vec![match client {
        Dialect::Gemini => json!({"role": "user", "parts": [{"text": "Go."}]}),
        _ => json!({"role": "user", "content": "Go."}),
    }];
    if let Some(answer) = answer {
        turns.extend(again(client, answer));
    }
    match client {
        Dialect::AnthropicMessages => json!({"model": "m", "max_tokens": 9000, "messages": turns,
            "thinking": {"type": "enabled", "budget_tokens": 4000}}),
        Dialect::OpenaiChat => json!({"model": "m", "messages": turns}),
        Dialect::OpenaiResponses => json!({"model": "m", "input": turns, "store": false}),
        Dialect::Gemini => json!({"contents": turns}),
    }
}

/// The answer as the client sends it again, and the results.
fn again(client: Dialect, answer: &Value) -> Vec<Value> {
    let items = |at: &str| answer.pointer(at).unwrap().as_array().unwrap().clone();
    let text = |it: &Value, key: &str| it[key].as_str().unwrap().to_owned();
    match client {
        Dialect::AnthropicMessages => {
            let content = items("/content");
            let calls = content.iter().filter(|block| block["type"] == "tool_use");
            let result = |call: &Value| json!({"type": "tool_result", "tool_use_id": call["id"], "content": "ok"});
            let mut results: Vec<Value> = calls.map(result).collect();
            results.push(json!({"type": "text", "text": "Go on."}));
            vec![
                json!({"role": "assistant", "content": content}),
                json!({"role": "user", "content": results}),
            ]
        }
        Dialect::OpenaiChat => {
            let message = answer.pointer("/choices/0/message").unwrap().clone();
            let calls = message["tool_calls"]
                .as_array()
                .cloned()
                .unwrap_or_default();
            let result =
                |call: Value| json!({"role": "tool", "tool_call_id": call["id"], "content": "ok"});
            let results: Vec<Value> = calls.into_iter().map(result).collect();
            let last = json!({"role": "user", "content": "Go on."});
            [vec![message], results, vec![last]].concat()
        }
        Dialect::OpenaiResponses => {
            let output = items("/output");
            let calls = output.iter().filter(|item| item["type"] == "function_call");
            let result = |call: &Value| json!({"type": "function_call_output", "call_id": call["call_id"], "output": "ok"});
            let results: Vec<Value> = calls.map(result).collect();
            let last = json!({"role": "user", "content": "Go on."});
            [output, results, vec![last]].concat()
        }
        Dialect::Gemini => {
            let parts = items("/candidates/0/content/parts");
            let calls = parts.iter().filter_map(|part| part.get("functionCall"));
            let result = |call: &Value| json!({"functionResponse": {"id": call["id"], "name": text(call, "name"), "response": {"output": "ok"}}});
            let mut results: Vec<Value> = calls.map(result).collect();
            results.push(json!({"text": "Go on."}));
            vec![
                json!({"role": "model", "parts": parts}),
                json!({"role": "user", "parts": results}),
            ]
        }
    }
}

/// What the model did, with its proofs.
#[derive(Clone, Debug, PartialEq)]
enum Step {
    Text(String),
    Thinking(OpaqueKind, String),
    Call(String, Option<String>),
}

/// The steps that can be checked. Thinking without a proof is left out: nobody takes it back.
fn steps(parts: &[Part<'_>]) -> Vec<Step> {
    let steps = parts.iter().filter_map(|part| match &part.body {
        Body::Text { text, .. } => (!text.is_empty()).then(|| Step::Text(text.to_string())),
        Body::Thinking { opaque, text, .. } => {
            let opaque = opaque.as_ref()?;
            // What Anthropic signs must not change.
            let signed = opaque.kind == OpaqueKind::Signature;
            let text = if signed { &**text } else { "" };
            Some(Step::Thinking(
                opaque.kind,
                format!("{} {text}", opaque.value),
            ))
        }
        Body::Call(call) => {
            let proof = call.opaque.as_ref().map(|it| it.value.to_string());
            Some(Step::Call(call.name.to_string(), proof))
        }
        _ => None,
    });
    joined(steps.collect())
}

/// The steps of the model in a request to the provider.
fn sent(way: Way, body: &[u8]) -> Vec<Step> {
    let read = codec::read_request(way.provider, body, &hints()).unwrap();
    let turns = read
        .turns
        .into_iter()
        .filter(|turn| turn.role == Role::Assistant);
    let parts: Vec<_> = turns.flat_map(|turn| turn.parts).collect();
    steps(&parts)
}

/// What comes back from clients that forget thoughts, as Gemini CLI does: a call carries the
/// thinking before it.
fn remembered(steps: &[Step]) -> Vec<Step> {
    let (mut kept, mut said, mut thoughts) = (Vec::new(), Vec::new(), Vec::new());
    for step in steps {
        match step {
            Step::Thinking(..) => thoughts.push(step.clone()),
            Step::Text(_) => said.push(step.clone()),
            Step::Call(..) => {
                kept.append(&mut thoughts);
                kept.append(&mut said);
                kept.push(step.clone());
            }
        }
    }
    kept.append(&mut said);
    joined(kept)
}

/// Texts that follow each other are one.
fn joined(steps: Vec<Step>) -> Vec<Step> {
    let mut joined: Vec<Step> = Vec::new();
    for step in steps {
        match (joined.last_mut(), step) {
            (Some(Step::Text(text)), Step::Text(more)) => text.push_str(&more),
            (_, step) => joined.push(step),
        }
    }
    joined
}

fn check(way: Way, side: &Side, told: &[u8], given: &[u8]) -> Result<(), TestCaseError> {
    let answer = codec::read_answer(way.provider, given).unwrap();
    let meant = steps(&answer.parts);
    let told: Value = serde_json::from_slice(told).unwrap();
    compare(way, side, &told, &meant, given)?;
    if way.client != Dialect::Gemini {
        return Ok(());
    }
    let mut told = told;
    let parts = told.pointer_mut("/candidates/0/content/parts").unwrap();
    let parts = parts.as_array_mut().unwrap();
    parts.retain(|part| part["thought"] != true);
    compare(way, side, &told, &remembered(&meant), given)
}

fn compare(
    way: Way,
    side: &Side,
    told: &Value,
    meant: &[Step],
    given: &[u8],
) -> Result<(), TestCaseError> {
    let next = send(way, side, &ask(way.client, Some(told)));
    let came = sent(way, &next.body);
    if meant == came {
        return Ok(());
    }
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    Err(TestCaseError::fail(format!(
        "meant {meant:?}\ncame {came:?}\n{}\n-> {told}\n-> {}",
        text(given),
        text(&next.body)
    )))
}

#[test]
fn proofs_come_back_to_their_issuer_where_they_were() {
    let mut wrong = Vec::new();
    for way in ways() {
        for side in sides(way) {
            let back = send(way, &side, &ask(way.client, None)).back;
            let mut runner = TestRunner::new(Config {
                cases: 32,
                failure_persistence: None,
                ..Config::default()
            });
            let given = (any::<bool>(), 1usize..9);
            let given = given
                .prop_flat_map(|(calls, size)| (answers::answer(side.kind, calls), Just(size)));
            let result = runner.run(&given, |(answer, size)| {
                let given = answers::whole(&answer);
                let told = inbound::answer(&given, &back, &OPTIONS).unwrap();
                check(way, &side, &told, &given)?;
                let given = answers::stream(&answer, size);
                let mut stream = Stream::new(&back, &OPTIONS);
                let mut told = Vec::new();
                stream.push(&given, &mut told);
                stream.finish(&mut told);
                let told = answers::gather(way.client, &told);
                let given = answers::gather(way.provider, &given);
                check(way, &side, &told, &given)
            });
            if let Err(TestError::Fail(why, _)) = result {
                wrong.push(format!("{way:?} {}: {why}", side.model));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}
