use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::translate::form::{Call, Extra, Input, Opaque, OpaqueKind, Tool, Turn};
use crate::translate::gemini::read_request;
use crate::translate::options::Hints;
use crate::translate::profile::Profile;

fn written(request: &Request<'_>, model: &str) -> (Value, Notes) {
    written_for(request, model, &Profile::default())
}

fn written_for(request: &Request<'_>, model: &str, profile: &Profile) -> (Value, Notes) {
    let mut notes = Notes::default();
    let options = Options {
        model,
        stream: true,
        profile,
    };
    let body = write_request(request, &options, &mut notes).unwrap();
    (serde_json::from_slice(&body).unwrap(), notes)
}

fn again(body: &Value) -> Value {
    let body = body.to_string();
    let request = read_request(body.as_bytes(), &Hints::default()).unwrap();
    written(&request, "gemini-3-flash").0
}

fn empty() -> Request<'static> {
    let mut request = read_request(b"{\"contents\":[]}", &Hints::default()).unwrap();
    request.dialect = Dialect::AnthropicMessages;
    request
}

fn text(text: &'static str) -> Part<'static> {
    let annotations = Vec::new();
    Part::from(Body::Text {
        text: text.into(),
        annotations,
    })
}

fn turn(role: Role, parts: Vec<Part<'static>>) -> Turn<'static> {
    let extra = Extra::default();
    Turn { role, parts, extra }
}

fn call(id: &'static str, opaque: Option<OpaqueKind>) -> Part<'static> {
    Part::from(Body::Call(Call {
        id: id.into(),
        name: "mcp/read".into(),
        input: Input::Json(Json::of_valid("{\"n\":1}")),
        item: None,
        opaque: opaque.map(|kind| Opaque {
            value: "value".into(),
            kind,
        }),
    }))
}

fn result(id: &'static str, parts: Vec<Part<'static>>) -> Part<'static> {
    Part::from(Body::Result {
        call: id.into(),
        name: None,
        parts,
        is_error: false,
    })
}

#[test]
fn a_request_of_geminis_comes_back_as_it_was() {
    let body = json!({
        "systemInstruction": {"parts": [{"text": "be brief"}]},
        "contents": [
            {"role": "user", "parts": [{"text": "hi"}, {"inlineData": {"mimeType": "image/png", "data": "AAAA"}}]},
            {"role": "model", "parts": [
                {"text": "", "thought": true, "thoughtSignature": "t"},
                {"text": "so", "thoughtSignature": "u"},
                {"functionCall": {"id": "1", "name": "f", "args": {"n": 1}}, "thoughtSignature": "s"},
                {"functionCall": {"id": "2", "name": "g", "args": {}}},
                {"executableCode": {"language": "PYTHON", "code": "1"}}]},
            {"role": "user", "parts": [
                {"functionResponse": {"id": "1", "name": "f", "response": {"output": "a"},
                    "parts": [{"inlineData": {"mimeType": "image/png", "data": "AAAA"}}]}},
                {"functionResponse": {"id": "2", "name": "g", "response": {"error": "b"}}},
                {"fileData": {"mimeType": "application/pdf", "fileUri": "https://x.test/a"}}]},
        ],
        "tools": [
            {"functionDeclarations": [{"name": "f", "description": "d", "parameters": {
                "type": "object", "properties": {"n": {"type": "integer"}}}}]},
            {"googleSearch": {}}],
        "toolConfig": {"functionCallingConfig": {"mode": "ANY", "allowedFunctionNames": ["f"]}},
        "generationConfig": {"temperature": 0.5, "maxOutputTokens": 10, "stopSequences": ["x"],
            "responseMimeType": "application/json", "thinkingConfig": {"thinkingLevel": "low", "includeThoughts": true},
            "responseModalities": ["TEXT"]},
        "safetySettings": [{"category": "A", "threshold": "B"}],
    });
    assert_eq!(again(&body), body);
    assert_eq!(again(&again(&body)), body);
}

fn with_calls() -> Request<'static> {
    let mut request = empty();
    let image = Part::from(Body::Image(crate::translate::form::Media {
        kind: Some("image/png".into()),
        place: crate::translate::form::Place::Base64("AAAA".into()),
        detail: None,
    }));
    request.turns = vec![
        turn(Role::System, vec![text("first")]),
        turn(
            Role::Assistant,
            vec![
                call("a", Some(OpaqueKind::Signature)),
                call("b", None),
                call("c", None),
            ],
        ),
        turn(
            Role::User,
            vec![
                result("b", vec![text("B"), image]),
                result("a", vec![text("A")]),
            ],
        ),
        turn(Role::System, vec![text("later")]),
        turn(
            Role::User,
            vec![text("go on"), result("zz", vec![text("lost")])],
        ),
    ];
    request
}

#[test]
fn calls_are_answered_in_order() {
    let request = with_calls();
    let (body, notes) = written(&request, "gemini-2.5-pro");
    assert_eq!(
        body["systemInstruction"],
        json!({"parts": [{"text": "first"}]})
    );
    let contents = body["contents"].as_array().unwrap();
    let roles: Vec<_> = contents.iter().map(|content| &content["role"]).collect();
    assert_eq!(roles, ["user", "model", "user"]);
    let name = names::sent("mcp/read", Rule::GEMINI);
    let answers = contents[2]["parts"].as_array().unwrap();
    for (at, id, response) in [
        (0, "a", json!({"output": "A"})),
        (1, "b", json!({"output": "B"})),
        (2, "c", json!({"error": "no result was given"})),
    ] {
        assert_eq!(
            answers[at],
            json!({"functionResponse": {"id": id, "name": name, "response": response}})
        );
    }
    assert!(answers[3].get("inlineData").is_some());
    let said = answers[4..]
        .iter()
        .map(|part| part["text"].as_str().unwrap());
    let said: Vec<_> = said.collect();
    assert_eq!(
        said,
        [
            "<system-reminder>\nlater\n</system-reminder>",
            "go on",
            "[result of the tool call zz]\nlost"
        ]
    );
    assert_eq!(notes.count, 1);
    assert_eq!(contents[1]["parts"][0].get("thoughtSignature"), None);
}

#[test]
fn newer_models_get_a_signature_and_pictures_within_results() {
    let request = with_calls();
    let (body, _) = written(&request, "gemini-3-pro-preview");
    let calls = &body["contents"][1]["parts"];
    assert_eq!(
        calls[0]["thoughtSignature"],
        crate::thinking::GEMINI_STAND_IN
    );
    assert_eq!(calls[1].get("thoughtSignature"), None);
    let nested = &body["contents"][2]["parts"][1]["functionResponse"]["parts"];
    assert_eq!(nested[0]["inlineData"]["mimeType"], "image/png");
}

#[test]
fn what_google_cannot_say_is_noted() {
    let mut request = empty();
    request.system = vec![text("x-anthropic-billing-header: cc=1;"), text("be brief")];
    request.max_tokens = Some(128_000);
    request.stop = vec!["a".into(); 7];
    request.format = Some(Format::Json);
    let server = ToolKind::Server {
        kind: "web_search_20250305".into(),
        name: Some("web_search".into()),
        json: Json::of_valid("{}"),
    };
    let freeform = ToolKind::Freeform {
        name: "apply_patch".into(),
        description: None,
        format: None,
    };
    let tool = |kind| Tool {
        kind,
        cache: None,
        extra: Extra::default(),
    };
    request.tools = vec![tool(server.clone())];
    let (body, notes) = written(&request, "gemini-2.5-flash");
    assert_eq!(
        body["systemInstruction"]["parts"],
        json!([{"text": "be brief"}])
    );
    assert_eq!(
        body["contents"],
        json!([{"role": "user", "parts": [{"text": "..."}]}])
    );
    assert_eq!(body["tools"], json!([{"googleSearch": {}}]));
    let config = &body["generationConfig"];
    assert_eq!(config["maxOutputTokens"], 65_536);
    assert_eq!(config["stopSequences"].as_array().unwrap().len(), 5);
    assert_eq!(config["responseMimeType"], "application/json");
    assert_eq!(notes.count, 1);
    request.tools.push(tool(freeform));
    let (body, notes) = written(&request, "gemini-2.5-flash");
    let declared = &body["tools"][0]["functionDeclarations"][0];
    assert_eq!(declared["name"], "apply_patch");
    assert_eq!(declared["parameters"]["required"], json!(["input"]));
    assert_eq!(body["generationConfig"].get("responseMimeType"), None);
    assert_eq!(notes.count, 3);
}

#[test]
fn what_only_another_dialect_knows_is_told_as_text() {
    let mut request = empty();
    let foreign = |kind: &'static str, json: &'static str| {
        let json = Json::of_valid(json);
        Part::from(Body::Foreign {
            kind: kind.into(),
            json,
        })
    };
    let found = r#"{"type":"search_result","source":"https://a.b","title":"T","content":[{"type":"text","text":"one"}]}"#;
    let upload = r#"{"type":"container_upload","file_id":"file_1"}"#;
    let search = r#"{"type":"server_tool_use","id":"s","input":{"query":"q"},"name":"web_search"}"#;
    request.turns = vec![
        turn(
            Role::User,
            vec![
                foreign("search_result", found),
                foreign("container_upload", upload),
            ],
        ),
        turn(Role::Assistant, vec![foreign("server_tool_use", search)]),
    ];
    let (body, notes) = written(&request, "gemini-2.5-pro");
    assert_eq!(
        body["contents"],
        json!([
            {"role": "user", "parts": [
                {"text": "[search_result: T, https://a.b]\none"},
                {"text": "[container_upload: {\"file_id\":\"file_1\"}]"}]},
            {"role": "model", "parts": [
                {"text": "[server_tool_use: {\"input\":{\"query\":\"q\"},\"name\":\"web_search\"}]"}]},
        ])
    );
    assert_eq!(notes.count, 3);
}

#[test]
fn what_the_model_is_known_not_to_take_is_not_sent() {
    let mut request = with_calls();
    request.turns.push(turn(Role::Assistant, vec![text("So")]));
    request.sampling.temperature = Some(Json::of_valid("0.5"));
    request.sampling.seed = Some(Json::of_valid("7"));
    request.format = Some(Format::Schema {
        name: None,
        description: None,
        schema: Json::of_valid(r#"{"type":"object"}"#),
        strict: None,
    });
    request.max_tokens = Some(1);
    let mut profile = Profile {
        vision: false,
        json_schema: false,
        prefill: false,
        min_output: Some(16),
        ..Profile::default()
    };
    profile.sampling.basic = false;
    let (body, _) = written_for(&request, "gemini-3-flash", &profile);
    assert_eq!(
        body["generationConfig"],
        json!({"seed": 7, "maxOutputTokens": 16, "responseMimeType": "application/json"})
    );
    let contents = body["contents"].to_string();
    assert!(!contents.contains("inlineData"), "{contents}");
    assert!(contents.contains("[image, which cannot be shown here]"));
    let last = body["contents"].as_array().unwrap().last().unwrap();
    assert_eq!(last["role"], "user");
    profile.response_format = false;
    let (body, _) = written_for(&request, "gemini-3-flash", &profile);
    assert_eq!(
        body["generationConfig"],
        json!({"seed": 7, "maxOutputTokens": 16})
    );
}

/// What is said, without how it is put into turns.
fn said(turns: &[Turn<'_>]) -> Vec<String> {
    let parts = turns
        .iter()
        .flat_map(|turn| turn.parts.iter().map(move |part| (turn.role, part)));
    let told = parts.map(|(role, part)| match &part.body {
        Body::Text { text, .. } => format!("{role:?} {text}"),
        Body::Call(call) => format!("call {} {} {:?}", call.id, call.name, call.input),
        Body::Result {
            call,
            parts,
            is_error,
            ..
        } => {
            let text = parts.iter().find_map(words).unwrap_or_default();
            format!("result {call} {is_error} {text}")
        }
        other => format!("{other:?}"),
    });
    told.collect()
}

proptest! {
    #[test]
    fn what_is_written_is_read_as_it_was_meant(
        exchanges in prop::collection::vec((".{1,8}", ".{0,8}", "[a-z_]{1,9}", any::<bool>()), 1..6),
        model in prop::sample::select(vec!["gemini-2.5-pro", "gemini-3-flash", "other"]),
    ) {
        let mut request = empty();
        for (at, (asked, gave, name, is_error)) in exchanges.into_iter().enumerate() {
            let text = |text: String| {
                let annotations = Vec::new();
                Part::from(Body::Text { text: text.into(), annotations })
            };
            let id = format!("id{at}");
            let call = Part::from(Body::Call(Call {
                id: id.clone().into(),
                name: name.into(),
                input: Input::Json(Json::of_valid("{\"n\":1.50}")),
                item: None,
                opaque: None,
            }));
            let parts = match gave.is_empty() {
                true => Vec::new(),
                false => vec![text(gave)],
            };
            let result = Part::from(Body::Result { call: id.into(), name: None, parts, is_error });
            request.turns.push(turn(Role::User, vec![text(asked)]));
            request.turns.push(turn(Role::Assistant, vec![call]));
            request.turns.push(turn(Role::User, vec![result]));
        }
        let options = Options { model, stream: true, profile: &Profile::default() };
        let body = write_request(&request, &options, &mut Notes::default()).unwrap();
        let back = read_request(&body, &Hints::default()).unwrap();
        prop_assert_eq!(said(&back.turns), said(&request.turns));
    }
}
