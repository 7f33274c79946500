use serde_json::{Value, json};

use super::*;
use crate::marks::gemini as mark;
use crate::translate::form::{
    Amount, Call, Effort, Input, Opaque, OpaqueKind, Place, Thinking, ToolKind,
};

fn request(body: &Value) -> Request<'static> {
    let body: &'static str = Box::leak(body.to_string().into_boxed_str());
    let hints = Hints {
        path_model: Some("models/gemini-2.5-pro%40001"),
        stream: true,
    };
    read_request(body.as_bytes(), &hints).unwrap()
}

fn snake() -> Value {
    json!({
        "system_instruction": {"parts": {"text": "be brief"}},
        "contents": [
            {"parts": [{"text": "hi"}, {"inline_data": {"mime_type": "image/png", "data": "a-_b"}}]},
            {"role": "model", "parts": [
                {"text": "hm", "thought": true},
                {"function_call": {"name": "f", "args": {"n": 1.50}}, "thought_signature": "sig"}]},
            {"role": "function", "parts": [{"function_response": {"name": "f", "response": {"error": "no"},
                "parts": [{"fileData": {"fileUri": "gs://b/x.png", "mimeType": "image/png"}}]}}]},
        ],
        "tools": [{"function_declarations": [{"name": "f", "parameters": {"type": "OBJECT"}}]}, {"google_search": {}}],
        "tool_config": {"function_calling_config": {"mode": "any", "allowed_function_names": ["f"]}},
        "generation_config": {"max_output_tokens": 10, "stop_sequences": ["x"], "temperature": 0.10,
            "thinking_config": {"thinking_level": "low", "include_thoughts": true},
            "response_mime_type": "application/json", "responseModalities": ["TEXT"]},
        "safetySettings": [],
    })
}

#[test]
fn a_conversation_is_read_in_both_spellings() {
    let request = request(&snake());
    assert_eq!(
        (&*request.model, request.stream),
        ("gemini-2.5-pro@001", true)
    );
    assert_eq!((request.system.len(), request.turns.len()), (1, 3));
    let Body::Image(media) = &request.turns[0].parts[1].body else {
        panic!("an image")
    };
    assert_eq!(media.place, Place::Base64("a+/b".into()));
    let Body::Call(Call { input, opaque, .. }) = &request.turns[1].parts[1].body else {
        panic!("a call")
    };
    assert_eq!(input, &Input::Json(Json::of_valid("{\"n\":1.5}")));
    assert_eq!(opaque.as_ref().unwrap().kind, OpaqueKind::ThoughtSignature);
    let Body::Result {
        name,
        parts,
        is_error,
        ..
    } = &request.turns[2].parts[0].body
    else {
        panic!("a result")
    };
    assert_eq!(
        (name.as_deref(), parts.len(), *is_error),
        (Some("f"), 2, true)
    );
}

#[test]
fn settings_are_read_in_both_spellings() {
    let request = request(&snake());
    assert!(matches!(request.tools[0].kind, ToolKind::Function { .. }));
    assert!(
        matches!(&request.tools[1].kind, ToolKind::Server { kind, .. } if kind == "googleSearch")
    );
    assert_eq!(request.tool_choice, Some(ToolChoice::Tool("f".into())));
    assert_eq!((request.max_tokens, request.stop.len()), (Some(10), 1));
    let thinking = Thinking {
        amount: Amount::Effort(Effort::Low),
        shown: Some(true),
    };
    assert_eq!(request.thinking, Some(thinking));
    assert_eq!(request.format, Some(Format::Json));
    let extra: Vec<_> = request
        .extra
        .members
        .iter()
        .map(|(name, _)| &**name)
        .collect();
    assert_eq!(extra, ["safetySettings", "generationConfig"]);
}

#[test]
fn what_a_function_gave_is_text() {
    for (response, text, is_error) in [
        (json!({"output": "a\n"}), Some("a\n"), false),
        (json!({"output": {"a": 1}}), Some("{\"a\":1}"), false),
        (json!({"error": "b"}), Some("b"), true),
        (json!({"result": "c"}), Some("{\"result\":\"c\"}"), false),
        (json!({}), None, false),
    ] {
        let part = json!({"functionResponse": {"id": "1", "name": "f", "response": response}});
        let request = request(&json!({"contents": [{"role": "user", "parts": [part]}]}));
        let Body::Result {
            call,
            parts,
            is_error: failed,
            ..
        } = &request.turns[0].parts[0].body
        else {
            panic!("a result")
        };
        assert_eq!((&**call, *failed), ("1", is_error));
        let said = parts.first().map(|part| match &part.body {
            Body::Text { text, .. } => &**text,
            _ => "",
        });
        assert_eq!(said, text);
    }
}

#[test]
fn bad_bodies_are_told_what_is_wrong() {
    for (body, field) in [
        ("", ""),
        ("[]", ""),
        ("{\"contents\":", ""),
        ("{}", "contents"),
        (
            r#"{"contents":[{"parts":[]},{"role":"bot"}]}"#,
            "contents.1.role",
        ),
    ] {
        let fault = read_request(body.as_bytes(), &Hints::default()).unwrap_err();
        assert_eq!(fault.field, field, "{body}");
    }
}

#[test]
fn thinking_that_a_call_carries_stands_before_what_was_said() {
    let opaque = Opaque {
        value: "EqQB".into(),
        kind: OpaqueKind::Signature,
    };
    let thought = mark::Thought {
        id: None,
        text: "hm".into(),
        opaque: Some(opaque.clone()),
    };
    let carried = mark::carried(&[thought]).unwrap();
    let own = mark::to_client(&opaque, None);
    let thought = json!({"text": "hm", "thought": true, "thoughtSignature": own});
    let said = json!({"text": "I look."});
    let call = json!({"functionCall": {"name": "f", "args": {}}, "thoughtSignature": carried});
    for parts in [json!([said, call]), json!([thought, said, call])] {
        let request = request(&json!({"contents": [{"role": "model", "parts": parts}]}));
        let [thinking, _, called] = request.turns[0].parts.as_slice() else {
            panic!("three parts")
        };
        let expected = Body::Thinking {
            text: "hm".into(),
            opaque: Some(opaque.clone()),
            id: None,
        };
        assert_eq!(thinking.body, expected);
        assert!(matches!(&called.body, Body::Call(call) if call.opaque.is_none()));
    }
}
