//! What is written from the words of Messages is read as the same.

use super::*;

/// A form as Messages has it; calls are answered and roles alternate.
fn native() -> impl Strategy<Value = Request<'static>> {
    let exchanges = prop::collection::vec((said(), answer()), 1..4);
    let settings = (
        amount(),
        choice(),
        prop::option::of(any::<bool>()),
        prop::option::of("\\PC{1,9}"),
        (1..99_u64, any::<bool>(), prop::option::of(Just("0.50"))),
    );
    (exchanges, said(), settings).prop_map(|(exchanges, last, settings)| {
        let (thinking, tool_choice, parallel, user, (max, stream, top_p)) = settings;
        let mut turns = Vec::new();
        let mut asked = Vec::new();
        for (mut parts, answer) in exchanges {
            asked.append(&mut parts);
            turns.push(of_parts(Role::User, std::mem::take(&mut asked)));
            let answer: Vec<_> = numbered(answer, turns.len());
            asked = answer.iter().filter_map(result_of).collect();
            turns.push(of_parts(Role::Assistant, answer));
        }
        asked.extend(last);
        turns.push(of_parts(Role::User, asked));
        Request {
            dialect: Dialect::AnthropicMessages,
            model: OPUS.into(),
            thinking,
            parallel_tools: parallel
                .filter(|_| !matches!(tool_choice, None | Some(ToolChoice::None))),
            tool_choice,
            user: user.map(Cow::Owned),
            max_tokens: Some(max),
            stream,
            sampling: Sampling {
                top_p: top_p.map(Json::of_valid),
                ..Sampling::default()
            },
            tools: vec![function_with_schema()],
            ..request(turns)
        }
    })
}

fn function_with_schema() -> Tool<'static> {
    tool(ToolKind::Function {
        name: "f".into(),
        description: Some("d".into()),
        schema: Some(Json::of_valid(r#"{ "type":"object","maximum":1.0 }"#)),
        strict: Some(false),
    })
}

fn of_parts<'a>(role: Role, parts: Vec<Part<'a>>) -> Turn<'a> {
    Turn {
        parts,
        ..turn(role, [])
    }
}

fn amount() -> impl Strategy<Value = Option<Thinking>> {
    let amounts = prop_oneof![
        Just(Amount::Off),
        Just(Amount::Adaptive),
        (0..99_999_u64).prop_map(Amount::Tokens),
        Just(Amount::Effort(Effort::ExtraHigh)),
    ];
    let thinking = (amounts, prop::option::of(any::<bool>()));
    prop::option::of(thinking.prop_map(|(amount, shown)| Thinking { amount, shown }))
}

fn choice() -> impl Strategy<Value = Option<ToolChoice<'static>>> {
    prop::option::of(prop_oneof![
        Just(ToolChoice::Auto),
        Just(ToolChoice::None),
        Just(ToolChoice::Any),
        Just(ToolChoice::Tool("f".into())),
    ])
}

fn part() -> impl Strategy<Value = Body<'static>> {
    let foreign = r#"{"type":"container_upload","file_id":"x"}"#;
    let place = prop_oneof![
        Just(Place::Base64("aGk=".into())),
        Just(Place::Url("s3://a".into())),
        Just(Place::File("file_1".into())),
    ];
    prop_oneof![
        "\\PC{0,5}[a-z]\\PC{0,5}".prop_map(text),
        Just(Body::Foreign {
            kind: "container_upload".into(),
            json: Json::of_valid(foreign),
        }),
        place.prop_map(|place| Body::Image(Media {
            kind: matches!(place, Place::Base64(_)).then_some("image/png".into()),
            place,
            detail: None,
        })),
    ]
}

fn said() -> impl Strategy<Value = Vec<Part<'static>>> {
    let extra = Extra {
        members: vec![("new".into(), Json::of_valid("[1.0]"))],
    };
    let cache = Json::of_valid(r#"{"type":"ephemeral"}"#);
    let marked = (part(), any::<bool>()).prop_map(move |(body, marked)| {
        let plain = !marked || matches!(body, Body::Foreign { .. });
        Part {
            body,
            cache: (!plain).then(|| cache.clone()),
            extra: if plain {
                Extra::default()
            } else {
                extra.clone()
            },
        }
    });
    prop::collection::vec(marked, 1..4)
}

fn answer() -> impl Strategy<Value = Vec<Part<'static>>> {
    let body = prop_oneof![
        part(),
        Just(thinking("t", Some(OpaqueKind::Signature))),
        Just(thinking("", Some(OpaqueKind::Redacted))),
        Just(call("", "f", object(r#"{"n":1.50}"#))),
    ];
    prop::collection::vec(body.prop_map(Part::from), 1..5)
}

/// Gives the calls of an answer ids.
fn numbered(mut parts: Vec<Part<'static>>, turn: usize) -> Vec<Part<'static>> {
    for (at, part) in parts.iter_mut().enumerate() {
        if let Body::Call(call) = &mut part.body {
            call.id = format!("toolu_{turn}_{at}").into();
        }
    }
    parts
}

fn result_of(part: &Part<'static>) -> Option<Part<'static>> {
    let Body::Call(call) = &part.body else {
        return None;
    };
    let result = Body::Result {
        call: call.id.clone(),
        name: None,
        parts: vec![text("r").into(), text("s").into()],
        is_error: call.id.ends_with('1'),
    };
    Some(result.into())
}

proptest! {
    #[test]
    fn nothing_changes(request in native()) {
        let options = Options {
            model: OPUS,
            stream: request.stream,
            profile: &Profile::default(),
        };
        let mut notes = Notes::default();
        let body = write_request(&request, &options, &mut notes).unwrap();
        let back = read_request(&body, &Hints::default()).unwrap();
        prop_assert_eq!(back, request);
        prop_assert_eq!(notes.count, 0);
    }
}
