//! Requests as clients write them.

use super::*;
use crate::translate::form::{Body, Input, Media, OpaqueKind, Place, Role, ToolChoice, ToolKind};

fn read(body: &str) -> Request<'_> {
    read_request(body.as_bytes(), &Hints::default()).unwrap()
}

fn fault(body: &str) -> Fault {
    read_request(body.as_bytes(), &Hints::default()).unwrap_err()
}

fn items(items: &str) -> String {
    format!(r#"{{"model":"m","input":[{items}]}}"#)
}

fn said<'r>(part: &'r Part<'_>) -> &'r str {
    match &part.body {
        Body::Text { text, .. } | Body::Thinking { text, .. } => text,
        body => panic!("{body:?}"),
    }
}

#[test]
fn what_the_provider_would_have_to_remember_is_refused() {
    for (body, field) in [
        (
            r#"{"model":"m","input":"x","previous_response_id":"resp_1"}"#,
            "previous_response_id",
        ),
        (
            r#"{"model":"m","input":"x","conversation":"conv_1"}"#,
            "conversation",
        ),
        (r#"{"model":"m","prompt":{"id":"pmpt_1"}}"#, "prompt"),
        (
            r#"{"model":"m","input":"x","background":true}"#,
            "background",
        ),
        (
            r#"{"model":"m","input":[{"type":"item_reference","id":"rs_1"}]}"#,
            "input.0",
        ),
        (r#"{"model":"m","input":[{"id":"rs_1"}]}"#, "input.0"),
    ] {
        let fault = fault(body);
        assert_eq!(fault.field, field);
        assert!(fault.message.contains("another dialect"), "{fault}");
    }
    let body = r#"{"model":"m","input":"x","previous_response_id":null,"background":false}"#;
    assert_eq!(read(body).turns.len(), 1);
}

#[test]
fn bodies_that_cannot_be_read_say_where() {
    for (body, field) in [
        ("", ""),
        ("[]", ""),
        (r#"{"model":"m","input":"x"} x"#, ""),
        (r#"{"input":"x"}"#, "model"),
        (r#"{"model":"m"}"#, "input"),
        (r#"{"model":"m","input":3}"#, "input"),
        (r#"{"model":"m","input":["x"]}"#, "input.0"),
        (
            r#"{"model":"m","input":[{"role":"tool","content":""}]}"#,
            "input.0.role",
        ),
        (
            r#"{"model":"m","input":[{"role":"user","content":[{}]}]}"#,
            "input.0.content.0",
        ),
        (
            r#"{"model":"m","input":[{"type":"function_call","name":"f"}]}"#,
            "input.0.call_id",
        ),
        (
            r#"{"model":"m","input":"x","tools":[{"type":"function"}]}"#,
            "tools.0.name",
        ),
        (
            r#"{"model":"m","input":"x","text":{"format":{"type":"xml"}}}"#,
            "text.format.type",
        ),
    ] {
        assert_eq!(fault(body).field, field, "{body}");
    }
}

#[test]
fn instructions_are_those_before_anybody_speaks() {
    let body = r#"{"input":[{"role":"developer","content":"b"},{"type":"message","role":"system",
        "content":[{"type":"input_text","text":"c"}]},{"role":"user","content":"u"},
        {"role":"developer","content":"d"}],"instructions":"a","model":"m"}"#;
    let request = read(body);
    let system: Vec<_> = request.system.iter().map(said).collect();
    assert_eq!(system, ["a", "b", "c"]);
    let roles: Vec<_> = request.turns.iter().map(|turn| turn.role).collect();
    assert_eq!(roles, [Role::User, Role::System]);
}

#[test]
fn calls_of_every_kind_keep_their_ids_and_inputs() {
    let body = items(
        r#"{"type":"function_call","id":"fc_1","call_id":"a","name":"f","arguments":"{\"n\":1E5}"},
        {"type":"function_call","call_id":"b","name":"f","arguments":""},
        {"type":"function_call","call_id":"c","name":"f","arguments":"{\"n\":"},
        {"type":"function_call","call_id":"d","namespace":"mcp__x","name":"g","arguments":"{}"},
        {"type":"custom_tool_call","call_id":"e","name":"apply_patch","input":"*** Begin\n"},
        {"type":"local_shell_call","call_id":"f","action":{"type":"exec","command":["ls"]}},
        {"type":"tool_search_call","call_id":"g","execution":"client","arguments":{"q":1}}"#,
    );
    let request = read(&body);
    let calls = request.turns[0].parts.iter().map(|part| match &part.body {
        Body::Call(call) => match &call.input {
            Input::Json(json) => (call.id.as_ref(), call.name.as_ref(), json.as_str()),
            Input::Text(text) => (call.id.as_ref(), call.name.as_ref(), text.as_ref()),
        },
        body => panic!("{body:?}"),
    });
    let expected = [
        ("a", "f", r#"{"n":1E5}"#),
        ("b", "f", "{}"),
        ("c", "f", r#"{"n":"#),
        ("d", "mcp__x__g", "{}"),
        ("e", "apply_patch", "*** Begin\n"),
        ("f", "local_shell", r#"{"type":"exec","command":["ls"]}"#),
        ("g", "tool_search", r#"{"q":1}"#),
    ];
    assert_eq!(calls.collect::<Vec<_>>(), expected);
}

#[test]
fn results_are_what_the_user_says() {
    let body = items(
        r#"{"type":"function_call","call_id":"a","name":"f","arguments":"{}"},
        {"type":"function_call_output","call_id":"a","output":[{"type":"input_text","text":"x"},
        {"type":"input_image","image_url":"data:image/png;base64,AAAA","detail":"low"}]},
        {"type":"shell_call_output","call_id":"b","output":[{"stdout":"s"}]}"#,
    );
    let request = read(&body);
    assert_eq!(request.turns[1].role, Role::User);
    let Body::Result { call, parts, .. } = &request.turns[1].parts[0].body else {
        panic!("{:?}", request.turns[1]);
    };
    assert_eq!((call.as_ref(), said(&parts[0])), ("a", "x"));
    let image = Media {
        kind: Some("image/png".into()),
        place: Place::Base64("AAAA".into()),
        detail: Some("low".into()),
    };
    assert_eq!(parts[1].body, Body::Image(image));
    let Body::Result { parts, .. } = &request.turns[1].parts[1].body else {
        panic!("{:?}", request.turns[1]);
    };
    assert_eq!(said(&parts[0]), r#"[{"stdout":"s"}]"#);
}

#[test]
fn reasoning_keeps_what_proves_it_and_whose_that_is() {
    let body = items(
        r#"{"type":"reasoning","id":"rs_1","summary":[{"type":"summary_text","text":"a"},
        {"type":"summary_text","text":"b"}],"encrypted_content":"gAAA"},
        {"type":"reasoning","id":"rs_2","summary":[],"encrypted_content":"weir:signature:Eq"},
        {"type":"reasoning","summary":[],"content":[{"type":"reasoning_text","text":"c"}]}"#,
    );
    let request = read(&body);
    let parts = request.turns[0].parts.iter();
    let read = parts.map(|part| match &part.body {
        Body::Thinking { text, opaque, .. } => {
            let opaque = opaque.as_ref().map(|o| (o.kind, o.value.as_ref()));
            (text.as_ref(), opaque)
        }
        body => panic!("{body:?}"),
    });
    let expected = [
        ("a\n\nb", Some((OpaqueKind::Encrypted, "gAAA"))),
        ("", Some((OpaqueKind::Signature, "Eq"))),
        ("c", None),
    ];
    assert_eq!(read.collect::<Vec<_>>(), expected);
}

#[test]
fn what_travels_with_a_call_is_given_back_to_it() {
    let body = items(
        r#"{"type":"reasoning","id":"rs_1","summary":[],
        "encrypted_content":"weir:call:a:weir:thought:sig"},
        {"type":"function_call","call_id":"a","name":"f","arguments":"{}"}"#,
    );
    let request = read(&body);
    assert_eq!(request.turns[0].parts.len(), 1);
    let Body::Call(call) = &request.turns[0].parts[0].body else {
        panic!("{:?}", request.turns[0]);
    };
    let opaque = call.opaque.as_ref().map(|o| (o.kind, o.value.as_ref()));
    assert_eq!(opaque, Some((OpaqueKind::ThoughtSignature, "sig")));
}

#[test]
fn files_are_documents_wherever_they_are() {
    let body = items(
        r#"{"role":"user","content":[
        {"type":"input_file","filename":"a.pdf","file_data":"data:application/pdf;base64,JVBERi0"},
        {"type":"input_file","file_data":"JVBERi0"},
        {"type":"input_file","filename":"a.txt","file_data":"data:text/plain;base64,aGk="},
        {"type":"input_file","file_url":"https://x/y.pdf"},
        {"type":"input_file","file_id":"file_1"},
        {"type":"input_audio","input_audio":{"data":"AA==","format":"wav"}}]}"#,
    );
    let request = read(&body);
    let parts = request.turns[0].parts.iter();
    let media = parts.map(|part| match &part.body {
        Body::Document { media, .. } | Body::Audio(media) => {
            (media.kind.as_deref(), media.place.clone())
        }
        body => panic!("{body:?}"),
    });
    let expected = [
        (Some("application/pdf"), Place::Base64("JVBERi0".into())),
        (Some("application/pdf"), Place::Base64("JVBERi0".into())),
        (Some("text/plain"), Place::Text("hi".into())),
        (None, Place::Url("https://x/y.pdf".into())),
        (None, Place::File("file_1".into())),
        (Some("audio/wav"), Place::Base64("AA==".into())),
    ];
    assert_eq!(media.collect::<Vec<_>>(), expected);
}

#[test]
fn items_that_only_openai_knows_stay_whole() {
    let search = r#"{"type":"web_search_call","id":"ws_1","status":"completed"}"#;
    let compaction = r#"{"type":"compaction","id":"cmp_1","encrypted_content":"x"}"#;
    let body = items(&format!("{search},{compaction}"));
    let request = read(&body);
    let parts = request.turns[0].parts.iter();
    let foreign = parts.map(|part| match &part.body {
        Body::Foreign { kind, json } => (kind.as_ref(), json.as_str()),
        body => panic!("{body:?}"),
    });
    let expected = [("web_search_call", search), ("compaction", compaction)];
    assert_eq!(foreign.collect::<Vec<_>>(), expected);
}

#[test]
fn tools_of_every_kind_are_told_apart() {
    let body = r#"{"model":"m","tools":[
        {"type":"function","name":"f","description":"d","parameters":{"type":"object"},"strict":true},
        {"type":"custom","name":"apply_patch","format":{"type":"grammar"}},
        {"type":"namespace","name":"mcp__x","description":"n","tools":[{"type":"function","name":"g"}]},
        {"type":"web_search"}],"tool_choice":{"type":"custom","name":"apply_patch"},
        "input":[{"type":"additional_tools","role":"developer","tools":[
        {"type":"function","name":"more"}]},{"type":"tool_search_output","tools":[
        {"type":"function","name":"f"},{"type":"function","name":"late"}]}]}"#;
    let request = read(body);
    let names = request.tools.iter().map(|tool| match &tool.kind {
        ToolKind::Function { name, strict, .. } => ("function", name.as_ref(), *strict),
        ToolKind::Freeform { name, .. } => ("freeform", name.as_ref(), None),
        ToolKind::Server { kind, .. } => ("server", kind.as_ref(), None),
    });
    let expected = [
        ("function", "f", Some(true)),
        ("freeform", "apply_patch", None),
        ("function", "mcp__x__g", None),
        ("server", "web_search", None),
        ("function", "more", None),
        ("function", "late", None),
    ];
    assert_eq!(names.collect::<Vec<_>>(), expected);
    let choice = ToolChoice::Tool("apply_patch".into());
    assert_eq!(request.tool_choice, Some(choice));
}

#[test]
fn tools_that_are_not_allowed_are_taken_out() {
    let body = r#"{"model":"m","input":"x","tools":[{"type":"function","name":"a"},
        {"type":"function","name":"b"},{"type":"web_search"},{"type":"code_interpreter"}],
        "tool_choice":{"type":"allowed_tools","mode":"required","tools":
        [{"type":"function","name":"b"},{"type":"web_search"}]}}"#;
    let request = read(body);
    assert_eq!(request.tools.len(), 2);
    assert_eq!(request.tool_choice, Some(ToolChoice::Any));
}

#[test]
fn the_rest_of_the_body_is_kept() {
    let body = r#"{"model":"m","input":"x","max_output_tokens":99,"temperature":0.50,"stream":true,
        "reasoning":{"effort":"xhigh","summary":"detailed"},"text":{"verbosity":"low",
        "format":{"type":"json_schema","name":"n","schema":{"a":1.0},"strict":true}},
        "safety_identifier":"u","prompt_cache_key":"k","service_tier":"flex","store":false}"#;
    let request = read(body);
    assert_eq!((request.max_tokens, request.stream), (Some(99), true));
    let temperature = request.sampling.temperature.as_ref().unwrap();
    assert_eq!(temperature.as_str(), "0.50");
    let thinking = Thinking {
        amount: Amount::Effort(Effort::ExtraHigh),
        shown: Some(true),
    };
    assert_eq!(request.thinking, Some(thinking));
    assert!(matches!(
        request.format,
        Some(Format::Schema {
            strict: Some(true),
            ..
        })
    ));
    assert_eq!(request.user.as_deref(), Some("u"));
    assert_eq!(request.cache_key.as_deref(), Some("k"));
    assert_eq!(request.service_tier.as_deref(), Some("flex"));
    let extra = request.extra.members.iter();
    let extra: Vec<_> = extra.map(|(k, v)| (k.as_ref(), v.as_str())).collect();
    let expected = [
        ("store", "false"),
        ("reasoning", r#"{"summary":"detailed"}"#),
        ("text", r#"{"verbosity":"low"}"#),
    ];
    assert_eq!(extra, expected);
}
