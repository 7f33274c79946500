//! What is written is read again as it was meant.

use std::borrow::Cow;
use std::sync::LazyLock;

use proptest::prelude::*;

use super::{read_request, write_request};
use crate::dialect::Dialect;
use crate::translate::fault::Notes;
use crate::translate::form::{
    Amount, Body, Call, Effort, Extra, Format, Input, Media, Part, Place, Request, Role, Sampling,
    Text, Thinking, Tool, ToolChoice, ToolKind, Turn,
};
use crate::translate::json::Json;
use crate::translate::options::{Hints, Options};
use crate::translate::profile::{Efforts, Profile, ReasoningEcho, ReasoningRequest, TABLE, Table};

type Held = Text<'static>;

fn words() -> impl Strategy<Value = Held> {
    any::<String>()
        .prop_filter("empty texts are left out", |text| !text.is_empty())
        .prop_map(Cow::Owned)
}

fn text(text: Held) -> Part<'static> {
    Part::from(Body::Text {
        text,
        annotations: Vec::new(),
    })
}

fn image(detail: Option<Held>) -> Part<'static> {
    Part::from(Body::Image(Media {
        kind: Some("image/png".into()),
        place: Place::Base64("AAAA".into()),
        detail,
    }))
}

fn turn(role: Role, parts: Vec<Part<'static>>) -> Turn<'static> {
    Turn {
        role,
        parts,
        extra: Extra::default(),
    }
}

fn user() -> impl Strategy<Value = Vec<Turn<'static>>> {
    let seen = prop::option::of(words()).prop_map(|detail| vec![image(detail)]);
    (words(), prop_oneof![Just(Vec::new()), seen]).prop_map(|(said, seen)| {
        let parts = std::iter::once(text(said)).chain(seen).collect();
        vec![turn(Role::User, parts)]
    })
}

/// What the model says, and the results of what it calls.
fn exchange() -> impl Strategy<Value = Vec<Turn<'static>>> {
    let calls = prop::collection::vec((words(), words()), 0..3);
    (prop::option::of(words()), words(), calls).prop_map(|(thought, said, calls)| {
        let thinking = |text| {
            Part::from(Body::Thinking {
                text,
                opaque: None,
                id: None,
            })
        };
        let mut parts: Vec<_> = thought.map(thinking).into_iter().collect();
        parts.push(text(said));
        let mut results = Vec::new();
        for (at, (value, result)) in calls.into_iter().enumerate() {
            let id: Held = format!("call_{at}").into();
            let input = serde_json::json!({"value": value, "n": 1.5});
            parts.push(Part::from(Body::Call(Call {
                id: id.clone(),
                name: "f".into(),
                input: Input::Json(Json::from(&input)),
                item: None,
                opaque: None,
            })));
            results.push(Part::from(Body::Result {
                call: id,
                name: None,
                parts: vec![text(result)],
                is_error: false,
            }));
        }
        let mut turns = vec![turn(Role::Assistant, parts)];
        if !results.is_empty() {
            turns.push(turn(Role::User, results));
        }
        turns
    })
}

fn settings() -> impl Strategy<Value = Request<'static>> {
    let choice = prop_oneof![
        Just(ToolChoice::Auto),
        Just(ToolChoice::Any),
        Just(ToolChoice::None),
        Just(ToolChoice::Tool("f".into()))
    ];
    let amount = prop_oneof![
        Just(Amount::Off),
        Just(Amount::Effort(Effort::Minimal)),
        Just(Amount::Effort(Effort::Max))
    ];
    let stops = prop::collection::vec(words(), 0..4);
    let some = (
        prop::option::of(amount),
        any::<Option<bool>>(),
        any::<bool>(),
    );
    (choice, some, stops, words(), any::<Option<u32>>()).prop_map(
        |(choice, (amount, parallel, stream), stop, user, tokens)| Request {
            dialect: Dialect::OpenaiChat,
            model: "m".into(),
            system: Vec::new(),
            turns: Vec::new(),
            tools: vec![Tool {
                kind: ToolKind::Function {
                    name: "f".into(),
                    description: Some(user.clone()),
                    schema: Some(Json::of_valid(r#"{"type":"object","properties":{}}"#)),
                    strict: parallel,
                },
                cache: None,
                extra: Extra::default(),
            }],
            tool_choice: Some(choice),
            parallel_tools: parallel,
            max_tokens: tokens.map(u64::from),
            sampling: Sampling {
                temperature: Some(Json::of_valid("0.70")),
                ..Sampling::default()
            },
            stop,
            stream,
            thinking: amount.map(|amount| Thinking {
                amount,
                shown: None,
            }),
            format: parallel.map(|_| Format::Json),
            user: Some(user.clone()),
            cache_key: Some(user),
            service_tier: None,
            extra: Extra::default(),
        },
    )
}

fn requests() -> impl Strategy<Value = Request<'static>> {
    let turns = prop::collection::vec((user(), exchange()), 0..4);
    (settings(), prop::option::of(words()), turns).prop_map(|(mut request, system, turns)| {
        request.system = system.map(text).into_iter().collect();
        let turns = turns.into_iter();
        request.turns = turns
            .flat_map(|(said, answered)| [said, answered])
            .flatten()
            .collect();
        request
    })
}

proptest! {
    #[test]
    fn what_is_written_is_read_as_it_was_meant(request in requests()) {
        prop_assume!(!request.system.iter().any(|part| {
            matches!(&part.body, Body::Text { text, .. } if text.starts_with("x-anthropic-"))
        }));
        let known = Efforts { none: true, minimal: true, xhigh: true, max: true };
        let profile = Profile {
            reasoning: ReasoningRequest::Effort(known),
            echo: ReasoningEcho::Content,
            ..Profile::openai("gpt-4o")
        };
        let options = Options { model: "m", stream: request.stream, profile: &profile };
        let body = write_request(&request, &options, &mut Notes::default()).unwrap();
        let mut again = read_request(&body, &Hints::default()).unwrap();
        again.extra.members.retain(|(key, _)| key != "stream_options");
        prop_assert_eq!(again, request);
    }

    #[test]
    fn no_bytes_make_the_reader_panic(body in prop::collection::vec(any::<u8>(), 0..200)) {
        drop(read_request(&body, &Hints::default()));
    }

    /// JSON of any shape where messages, tools and choices are expected is read or refused, and
    /// what is read can be written.
    #[test]
    fn json_of_any_shape_is_read_or_refused(pieces in prop::collection::vec(0..PIECES.len(), 1..12)) {
        let piece = |at: usize| PIECES[pieces[at % pieces.len()]];
        let body = format!(
            r#"{{"model":{},"messages":[{{"role":"user","content":{}}},{{"role":"assistant","content":[{}],"tool_calls":[{},{{"id":{},"function":{}}}],"reasoning_details":{}}},{{"role":"tool","content":{},"tool_call_id":{}}}],"tools":[{}],"tool_choice":{},"stop":{},"response_format":{},"reasoning":{}}}"#,
            piece(0), piece(1), piece(2), piece(3), piece(4), piece(5), piece(6),
            piece(7), piece(8), piece(9), piece(10), piece(11), piece(0), piece(1),
        );
        if let Ok(request) = read_request(body.as_bytes(), &Hints::default()) {
            let profile = &PROFILES[pieces.iter().sum::<usize>() % PROFILES.len()];
            let options = Options { model: "m", stream: true, profile };
            let out = write_request(&request, &options, &mut Notes::default()).unwrap();
            prop_assert!(serde_json::from_slice::<serde_json::Value>(&out).is_ok());
        }
    }
}

/// Everything that is known of providers.
static PROFILES: LazyLock<Vec<Profile>> = LazyLock::new(|| {
    let table: Table = toml::from_str(TABLE).unwrap();
    let names = table
        .profile
        .iter()
        .filter_map(|entry| entry.name.as_deref());
    names.filter_map(|name| table.named(name, "m")).collect()
});

const PIECES: [&str; 14] = [
    "null",
    "true",
    "-1.5e3",
    r#""text""#,
    r#""""#,
    "[]",
    "{}",
    r#"["a",{"type":"text","text":"b"},[1]]"#,
    r#"{"type":"function","function":{"name":"f","arguments":{"a":1}}}"#,
    r#"{"type":"image_url","image_url":"data:,x"}"#,
    r#"{"type":"file","file":{"file_data":"data:text/plain;base64,QQ=="}}"#,
    r#"[{"type":"reasoning.encrypted","data":"d","id":"x"},7]"#,
    r#"{"type":"json_schema","json_schema":{"schema":{"type":"array"}}}"#,
    r#"{"name":"f","arguments":"{\"a\":"}"#,
];
