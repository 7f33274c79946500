//! Requests keep what they mean, whatever is said in them.

use proptest::prelude::*;

use super::*;
use crate::translate::openai_responses::read_request;
use crate::translate::options::Hints;

/// One item of a conversation, or a call with its result.
fn exchange() -> impl Strategy<Value = Vec<Value>> {
    let text = any::<String>();
    prop_oneof![
        (text, "user|assistant|developer").prop_map(|(text, role)| {
            let kind = if role == "assistant" {
                "output_text"
            } else {
                "input_text"
            };
            let content = json!([{"type": kind, "text": text}]);
            vec![json!({"type": "message", "role": role, "content": content, "id": "msg"})]
        }),
        (text, text).prop_map(|(id, text)| {
            vec![
                json!({"type": "reasoning", "id": id, "encrypted_content": format!("g{text}"),
                    "summary": [{"type": "summary_text", "text": text}]}),
            ]
        }),
        ("[a-z]{1,9}", text, text, text).prop_map(|(id, name, n, out)| {
            let arguments = json!({"n": n}).to_string();
            vec![
                json!({"type": "function_call", "id": "fc", "call_id": id, "name": name,
                    "arguments": arguments, "status": "completed"}),
                json!({"type": "function_call_output", "call_id": id, "output": out}),
            ]
        }),
        text.prop_map(|text| vec![json!({"type": "web_search_call", "action": {"query": text}})]),
    ]
}

/// A turn of another dialect by what is said in it: who, and texts or calls.
fn said() -> impl Strategy<Value = (bool, Vec<(bool, String)>)> {
    let parts = prop::collection::vec((any::<bool>(), "[a-z\"\\\\\n]{1,9}"), 1..4);
    (any::<bool>(), parts)
}

/// The turns that are meant, and what their items must say.
fn conversation(said: &[(bool, Vec<(bool, String)>)]) -> (Vec<Turn<'static>>, Vec<String>) {
    let (mut turns, mut means) = (Vec::new(), Vec::new());
    for (at, (assistant, parts)) in said.iter().enumerate() {
        let (mut calls, mut results, mut answers) = (Vec::new(), Vec::new(), Vec::new());
        for (number, (is_call, words)) in parts.iter().enumerate() {
            let text = |words: &str| Body::Text {
                text: words.to_owned().into(),
                annotations: Vec::new(),
            };
            if !assistant || !is_call {
                calls.push(text(words));
                means.push(format!("{assistant} {words}"));
                continue;
            }
            let id = format!("call_{at}_{number}");
            calls.push(Body::Call(Call {
                id: id.clone().into(),
                name: "f".into(),
                input: Input::Json(Json::of_valid(json!({ "n": words }).to_string())),
                item: None,
                opaque: None,
            }));
            means.push(format!("{id} {}", json!({ "n": words })));
            answers.push(format!("{id} {words}"));
            results.push(Body::Result {
                call: id.into(),
                name: None,
                parts: vec![Part::from(text(words))],
                is_error: false,
            });
        }
        let role = if *assistant {
            Role::Assistant
        } else {
            Role::User
        };
        turns.push(turn(role, calls));
        if !results.is_empty() {
            turns.push(turn(Role::User, results));
            means.append(&mut answers);
        }
    }
    (turns, means)
}

/// What the items of a request say.
fn meaning(request: &Request<'_>) -> Vec<String> {
    let mut means = Vec::new();
    for turn in &request.turns {
        let assistant = turn.role == Role::Assistant;
        for part in &turn.parts {
            means.push(match &part.body {
                Body::Text { text, .. } => format!("{assistant} {text}"),
                Body::Call(call) => match &call.input {
                    Input::Json(json) => format!("{} {}", call.id, json.as_str()),
                    Input::Text(text) => panic!("{text}"),
                },
                Body::Result { call, parts, .. } => match &parts[0].body {
                    Body::Text { text, .. } => format!("{call} {text}"),
                    body => panic!("{body:?}"),
                },
                body => panic!("{body:?}"),
            });
        }
    }
    means
}

/// Puts together what the assistant says without a pause, as that becomes one text.
fn in_one(means: Vec<String>) -> Vec<String> {
    let mut list: Vec<String> = Vec::new();
    for one in means {
        match (list.last_mut(), one.strip_prefix("true ")) {
            (Some(last), Some(words)) if last.starts_with("true ") => last.push_str(words),
            _ => list.push(one),
        }
    }
    list
}

proptest! {
    #[test]
    fn a_request_of_another_dialect_keeps_its_meaning(said in prop::collection::vec(said(), 0..7)) {
        let (turns, means) = conversation(&said);
        let profile = Profile::openai("gpt-5");
        let options = Options { model: "gpt-5", stream: false, profile: &profile };
        let mut notes = Notes::default();
        let body = write_request(&claude(turns), &options, &mut notes).unwrap();
        let back = read_request(&body, &Hints::default()).unwrap();
        prop_assert_eq!(in_one(meaning(&back)), in_one(means));
        prop_assert!(notes.notes.is_empty());
    }

    #[test]
    fn a_request_of_this_dialect_comes_back(
        items in prop::collection::vec(exchange(), 0..8),
        instructions in any::<Option<String>>(),
        members in prop::collection::btree_map("x_[a-z]{1,6}", any::<i64>(), 0..4),
    ) {
        let items: Vec<_> = items.into_iter().flatten().collect();
        let mut body = json!({"model": "gpt-5", "input": items});
        for (name, value) in members {
            body[name] = value.into();
        }
        if let Some(instructions) = instructions {
            body["instructions"] = instructions.into();
        }
        let bytes = body.to_string();
        let request = read_request(bytes.as_bytes(), &Hints::default()).unwrap();
        let (mut back, _) = written(&request, "gpt-5");
        // Names that OpenAI refuses do not stay.
        let names = |body: &mut Value| {
            for item in body["input"].as_array_mut().unwrap() {
                if let Some(name) = item.get_mut("name") {
                    *name = crate::translate::names::sent(
                        name.as_str().unwrap(),
                        crate::translate::names::Rule::OPENAI,
                    ).into_owned().into();
                }
            }
        };
        names(&mut body);
        names(&mut back);
        prop_assert_eq!(back, body);
    }

    #[test]
    fn no_bytes_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..200), cut in any::<prop::sample::Index>()) {
        drop(read_request(&bytes, &Hints::default()));
        let whole = r#"{"model":"m","input":[{"type":"reasoning","summary":3},{"type":"function_call","call_id":"a","name":"f","arguments":{"a":1}},{"role":"user","content":[{"type":"input_image","image_url":"data:,"}]}],"text":{"format":7},"reasoning":[],"tools":[{"type":"namespace","name":"n","tools":[]}],"tool_choice":{}}"#;
        let end = cut.index(whole.len());
        drop(read_request(&whole.as_bytes()[..end], &Hints::default()));
        drop(read_request(whole.as_bytes(), &Hints::default()));
    }
}
