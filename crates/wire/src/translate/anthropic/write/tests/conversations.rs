//! Who speaks, what is called and answered, what is shown.

use super::*;

#[test]
fn instructions_before_the_user_are_the_system_prompt_and_later_ones_reminders() {
    let mut request = request(vec![
        turn(Role::System, [text("two")]),
        turn(Role::User, [text("hi")]),
        turn(Role::System, [text("three")]),
        turn(Role::Assistant, [text("ho")]),
        turn(Role::User, [text("go")]),
    ]);
    request.system.push(text("one").into());
    let (body, _) = written(&request, SONNET);
    let block = |text: &str| json!({"type":"text","text":text});
    assert_eq!(body["system"], json!([block("one"), block("two")]));
    let reminder = "<system-reminder>\nthree\n</system-reminder>";
    let want = json!([
        {"role":"user","content":[block("hi"), block(reminder)]},
        {"role":"assistant","content":[block("ho")]},
        {"role":"user","content":[block("go")]}]);
    assert_eq!(body["messages"], want);
}

#[test]
fn nothing_empty_is_sent_and_roles_alternate() {
    let want = json!([
        {"role":"user","content":[{"type":"text","text":"(The assistant begins.)"}]},
        {"role":"assistant","content":[{"type":"text","text":"a"},{"type":"text","text":"b"}]},
        {"role":"user","content":[{"type":"text","text":"c"}]},
        {"role":"assistant","content":[{"type":"text","text":"so far"}]}]);
    let got = messages(vec![
        turn(Role::User, [text(" \n")]),
        turn(Role::Assistant, [text("a"), text("")]),
        turn(Role::Assistant, [text("b")]),
        turn(Role::User, [text("c")]),
        turn(Role::Assistant, [text("so far \n")]),
    ]);
    assert_eq!(got, want);
}

#[test]
fn new_models_are_asked_to_go_on_instead_of_being_given_a_beginning() {
    let turns = vec![
        turn(Role::User, [text("hi")]),
        turn(Role::Assistant, [text("{")]),
    ];
    let (body, notes) = written(&request(turns), OPUS);
    assert_eq!(
        (body["messages"][2]["role"].as_str(), notes),
        (Some("user"), 1)
    );
}

#[test]
fn a_conversation_of_instructions_alone_gets_a_beginning() {
    let only = request(vec![turn(Role::System, [text("be brief")])]);
    let (body, _) = written(&only, SONNET);
    assert_eq!(body["messages"][0]["content"][0]["text"], "Begin.");
    let options = Options {
        model: SONNET,
        stream: false,
        profile: &Profile::default(),
    };
    let fault = write_request(&request(Vec::new()), &options, &mut Notes::default()).unwrap_err();
    assert_eq!(fault.field, "messages");
}

#[test]
fn calls_are_answered_at_once_and_in_order() {
    let got = messages(vec![
        turn(Role::User, [text("hi")]),
        turn(
            Role::Assistant,
            [
                call("a", "f", object("{}")),
                call("b", "g", object(r#""{\"x\":1}""#)),
                call("c", "f", object("{}")),
            ],
        ),
        turn(
            Role::User,
            [
                text("by the way"),
                result("b", vec![text("B").into()]),
                result("a", Vec::new()),
                result("z", vec![text("Z").into()]),
            ],
        ),
    ]);
    assert_eq!(got[1]["content"][1]["input"], json!({"x":1}));
    let want = json!([
        {"type":"tool_result","tool_use_id":"a"},
        {"type":"tool_result","tool_use_id":"b","content":"B"},
        {"type":"tool_result","tool_use_id":"c","is_error":true,
         "content":"There is no result: the call was interrupted."},
        {"type":"text","text":"by the way"},
        {"type":"text","text":"[result of the tool call z]"},
        {"type":"text","text":"Z"}]);
    assert_eq!(got[2]["content"], want);
}

#[test]
fn ids_become_legal_and_differ_everywhere() {
    let exchange = || {
        [
            turn(Role::Assistant, [call("f:0", "a/b", object("{}"))]),
            turn(Role::User, [result("f:0", vec![text("r").into()])]),
        ]
    };
    let mut turns = vec![turn(Role::User, [text("hi")])];
    turns.extend(exchange().into_iter().chain(exchange()));
    let got = messages(turns);
    let id = |at: usize| got[at]["content"][0]["id"].as_str().unwrap();
    assert_ne!(id(1), id(3));
    for at in [1, 3] {
        let legal = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
        assert!(id(at).chars().all(legal));
        assert_eq!(got[at + 1]["content"][0]["tool_use_id"], id(at));
        assert!(
            got[at]["content"][0]["name"]
                .as_str()
                .unwrap()
                .starts_with("a_b_")
        );
    }
}

#[test]
fn one_id_in_every_step_takes_no_time_to_speak_of() {
    const STEPS: usize = 8000;
    let step = |_| {
        [
            turn(Role::Assistant, [call("c", "f", object("{}"))]),
            turn(Role::User, [result("c", vec![text("r").into()])]),
        ]
    };
    let got = messages((0..STEPS).flat_map(step).collect());
    let mut ids = std::collections::HashSet::new();
    for pair in got.as_array().unwrap().windows(2) {
        let id = pair[0]["content"][0]["id"].as_str();
        if let Some(id) = id {
            assert_eq!(pair[1]["content"][0]["tool_use_id"], id);
            ids.insert(id.to_owned());
        }
    }
    assert_eq!(ids.len(), STEPS);
    assert!(ids.contains("c") && ids.contains("c_2") && ids.contains("c_8000"));
}

#[test]
fn only_thinking_that_anthropic_signed_goes_back() {
    let got = messages(vec![
        turn(Role::User, [text("hi")]),
        turn(
            Role::Assistant,
            [
                thinking("signed", Some(OpaqueKind::Signature)),
                thinking("", Some(OpaqueKind::Redacted)),
                thinking("foreign", Some(OpaqueKind::Encrypted)),
                thinking("bare", None),
                text("ho"),
                thinking("after", Some(OpaqueKind::Signature)),
            ],
        ),
        turn(Role::User, [text("go")]),
    ]);
    let want = json!([
        {"type":"thinking","thinking":"signed","signature":"sig"},
        {"type":"redacted_thinking","data":"sig"},
        {"type":"text","text":"ho"}]);
    assert_eq!(got[1]["content"], want);
}

#[test]
fn free_text_travels_in_an_object() {
    let mut request = request(vec![
        turn(Role::User, [text("hi")]),
        turn(
            Role::Assistant,
            [
                call("a", "apply_patch", Input::Text("*** Begin".into())),
                call("b", "f", Input::Text("{\"cut\":".into())),
            ],
        ),
    ]);
    request.tools.push(tool(ToolKind::Freeform {
        name: "apply_patch".into(),
        description: Some("Patches.".into()),
        format: Some(Json::of_valid(
            r#"{"type":"grammar","syntax":"lark","definition":"start: \"x\""}"#,
        )),
    }));
    request.tools.push(function("f"));
    let (body, _) = written(&request, SONNET);
    let calls = &body["messages"][1]["content"];
    assert_eq!(calls[0]["input"], json!({"input":"*** Begin"}));
    assert_eq!(calls[1]["input"], json!({"raw":"{\"cut\":"}));
    let description = body["tools"][0]["description"].as_str().unwrap();
    assert!(description.starts_with("Patches.") && description.ends_with("start: \"x\""));
    assert_eq!(body["tools"][1]["input_schema"]["type"], "object");
}

#[test]
fn media_are_sent_where_they_can_be_and_told_where_not() {
    let media = |kind: &'static str, place| Media {
        kind: (!kind.is_empty()).then_some(kind.into()),
        place,
        detail: Some("high".into()),
    };
    let document = |media| Body::Document {
        media,
        title: Some("t.pdf".into()),
        context: None,
    };
    let base64 = |data: &'static str| Place::Base64(data.into());
    let url = |url: &'static str| Place::Url(url.into());
    let got = messages(vec![turn(
        Role::User,
        [
            Body::Image(media("", url("https://example.com/a.png"))),
            Body::Image(media("", url("data:image/png;base64,iVBORw0="))),
            Body::Image(media("image/svg+xml", base64("PHN2Zz4="))),
            Body::Image(media("", Place::File("file_1".into()))),
            document(media("application/pdf", base64("JVBERi0="))),
            document(media("text/markdown", base64("IyBo"))),
            Body::Audio(media("audio/wav", base64("UklG"))),
        ],
    )]);
    let blocks = got[0]["content"].as_array().unwrap();
    let kind = |at: usize| blocks[at]["type"].as_str().unwrap();
    let source = |at: usize| &blocks[at]["source"];
    assert_eq!(
        source(0),
        &json!({"type":"url","url":"https://example.com/a.png"})
    );
    let png = json!({"type":"base64","media_type":"image/png","data":"iVBORw0="});
    assert_eq!(source(1), &png);
    assert_eq!((kind(2), kind(3), kind(6)), ("text", "text", "text"));
    assert_eq!(
        (kind(4), &blocks[4]["title"]),
        ("document", &"t.pdf".into())
    );
    let markdown = json!({"type":"text","media_type":"text/plain","data":"# h"});
    assert_eq!(source(5), &markdown);
}

#[test]
fn items_of_other_dialects_are_told_as_far_as_they_can_be_read() {
    let item = |kind: &'static str, json: String| Body::Foreign {
        kind: kind.into(),
        json: Json::of_valid(json),
    };
    let got = messages(vec![
        turn(Role::User, [text("hi")]),
        turn(
            Role::Assistant,
            [
                item("web_search_call", r#"{"query":"q"}"#.to_owned()),
                item("image_generation_call", format!("\"{}\"", "x".repeat(9999))),
                item("compaction", r#"{"encrypted_content":"x"}"#.to_owned()),
            ],
        ),
    ]);
    let want = json!([{"type":"text","text":"[web_search_call: {\"query\":\"q\"}]"}]);
    assert_eq!(got[1]["content"], want);
}

fn bodies() -> impl Strategy<Value = (bool, u8, String, u8)> {
    (any::<bool>(), 0..7_u8, "[ a-c]{0,3}", 0..3_u8)
}

/// A part of some kind; ids repeat often.
fn body<'a>(kind: u8, said: &'a str, id: &'a str) -> Body<'a> {
    match kind {
        0 => call(id, "f", object("{\"n\":1.0}")),
        1 => result(id, vec![text(said).into()]),
        2 => thinking("t", Some(OpaqueKind::Signature)),
        3 => call(id, "g", Input::Text(said.into())),
        _ => text(said),
    }
}

proptest! {
    #[test]
    fn whatever_was_said_the_order_is_kept_and_the_provider_can_read_it(
        list in prop::collection::vec(bodies(), 1..14)
    ) {
        let ids = ["", "x", "y"];
        let turns = list.iter().map(|(user, kind, said, id)| {
            let role = if *user { Role::User } else { Role::Assistant };
            turn(role, [body(*kind, said, ids[usize::from(*id)])])
        });
        let request = request(turns.collect());
        let options = Options { model: SONNET, stream: true, profile: &Profile::default() };
        if let Ok(written) = write_request(&request, &options, &mut Notes::default()) {
            let back = read_request(&written, &Hints::default()).unwrap();
            check_order(&back.turns)?;
            let calls = |turns: &[Turn<'_>]| {
                let parts = turns.iter().flat_map(|turn| turn.parts.iter().map(|p| (turn.role, p)));
                parts.filter(|(role, part)| *role == Role::Assistant && matches!(part.body, Body::Call(_))).count()
            };
            prop_assert_eq!(calls(&back.turns), calls(&request.turns));
        }
    }
}

/// Roles alternate from the user on, and every turn with calls is answered by the next.
fn check_order(turns: &[Turn<'_>]) -> Result<(), TestCaseError> {
    let mut open: Vec<&str> = Vec::new();
    let mut seen = std::collections::HashSet::new();
    for (at, turn) in turns.iter().enumerate() {
        let role = if at % 2 == 0 {
            Role::User
        } else {
            Role::Assistant
        };
        prop_assert_eq!(turn.role, role);
        prop_assert!(!turn.parts.is_empty());
        let results = turn.parts.iter().filter_map(|part| match &part.body {
            Body::Result { call, .. } => Some(call.as_ref()),
            _ => None,
        });
        prop_assert_eq!(results.collect::<Vec<_>>(), std::mem::take(&mut open));
        for part in &turn.parts {
            match &part.body {
                Body::Call(call) => {
                    prop_assert!(seen.insert(&call.id));
                    open.push(&call.id);
                }
                Body::Text { text, .. } => prop_assert!(!text.trim().is_empty()),
                _ => {}
            }
        }
    }
    prop_assert!(open.is_empty());
    Ok(())
}
