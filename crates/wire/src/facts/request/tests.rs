//! What is found in request bodies of each dialect, and that a rescan equals a scan.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::{Opening, Purpose, RequestFacts};
use crate::dialect::Dialect;
use crate::scan::Cursor;

const ALL: [Dialect; 4] = [
    Dialect::AnthropicMessages,
    Dialect::OpenaiChat,
    Dialect::OpenaiResponses,
    Dialect::Gemini,
];

fn scan(dialect: Dialect, body: &Value) -> RequestFacts {
    RequestFacts::scan(dialect, body.to_string().as_bytes())
}

fn anthropic(body: &Value) -> RequestFacts {
    scan(Dialect::AnthropicMessages, body)
}

fn fingerprints(facts: &RequestFacts) -> Vec<u64> {
    facts.marks.iter().map(|mark| mark.fingerprint).collect()
}

#[test]
fn an_agents_request_is_read() {
    let body = json!({
        "model": "claude-x", "messages": [
            {"role": "user", "content": [
                {"type": "text", "text": "<system-reminder>date</system-reminder>"},
                {"type": "text", "text": "hello"}]},
            {"role": "system", "content": "skills"},
            {"role": "assistant", "content": [{"type": "tool_use", "id": "1", "name": "Bash", "input": {}}]},
            {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "1", "content": "ok"}]}],
        "tools": [{"name": "Bash"}, {"name": "Read"}],
        "metadata": {"user_id": "{\"device_id\":\"d\",\"account_uuid\":\"\",\"session_id\":\"s-1\"}"},
        "thinking": {"type": "adaptive", "display": "omitted"}, "stream": true});
    let facts = anthropic(&body);
    assert_eq!(facts.model.as_deref(), Some("claude-x"));
    assert_eq!((facts.stream, facts.message_count), (Some(true), Some(4)));
    assert_eq!(
        (facts.tool_count, facts.has_tools(), facts.has_thinking),
        (2, true, true)
    );
    assert_eq!(facts.session_from_body.as_deref(), Some("s-1"));
    // The first half of SHA-256 of "hello".
    assert_eq!(
        facts.conversation_hash.as_deref(),
        Some("2cf24dba5fb0a30e26e83b2ac5b9e29e")
    );
    assert_eq!((facts.marks.len(), facts.malformed), (4, false));
}

#[test]
fn the_conversation_hash_is_the_same_in_every_dialect_and_turn() {
    let hello = Some("2cf24dba5fb0a30e26e83b2ac5b9e29e");
    let bodies = [
        (
            Dialect::OpenaiChat,
            json!({"messages": [
            {"role": "system", "content": "be brief"}, {"content": "hello", "role": "user"}]}),
        ),
        (
            Dialect::OpenaiChat,
            json!({"messages": [{"role": "user", "content": [
            {"text": " hello\n", "type": "text"}, {"type": "image_url", "image_url": {}}]}]}),
        ),
        (Dialect::OpenaiResponses, json!({"input": "hello"})),
        (
            Dialect::OpenaiResponses,
            json!({"input": [
            {"type": "message", "role": "developer", "content": [{"type": "input_text", "text": "x"}]},
            {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "hello"}]},
            {"type": "function_call", "name": "f", "arguments": "{}"}]}),
        ),
        (
            Dialect::Gemini,
            json!({"contents": [{"parts": [{"text": "hello"}], "role": "user"}]}),
        ),
        (
            Dialect::Gemini,
            json!({"contents": {"parts": [{"text": "hello"}]}}),
        ),
        (
            Dialect::AnthropicMessages,
            json!({"messages": [
            {"role": "user", "content": "<system-reminder>only this</system-reminder>"},
            {"role": "user", "content": "he<system-reminder>no"},
            {"role": "user", "content": "again"}]}),
        ),
    ];
    for (dialect, body) in &bodies[..6] {
        assert_eq!(
            scan(*dialect, body).conversation_hash.as_deref(),
            hello,
            "{body}"
        );
    }
    let (dialect, body) = &bodies[6];
    let cut = scan(*dialect, body).conversation_hash;
    assert_eq!(
        cut,
        anthropic(&json!({"messages": [{"role": "user", "content": "he"}]})).conversation_hash
    );
}

#[test]
fn thinking_is_seen_in_each_dialects_words() {
    let thinks = |dialect, body: Value| scan(dialect, &body).has_thinking;
    for kind in ["enabled", "adaptive"] {
        assert!(thinks(
            Dialect::AnthropicMessages,
            json!({"thinking": {"type": kind}})
        ));
    }
    assert!(!thinks(
        Dialect::AnthropicMessages,
        json!({"thinking": {"type": "disabled"}})
    ));
    assert!(thinks(
        Dialect::OpenaiChat,
        json!({"reasoning_effort": "high"})
    ));
    assert!(!thinks(
        Dialect::OpenaiChat,
        json!({"reasoning_effort": "none"})
    ));
    assert!(!thinks(
        Dialect::OpenaiChat,
        json!({"reasoning_effort": null})
    ));
    assert!(thinks(
        Dialect::OpenaiResponses,
        json!({"reasoning": {"effort": "low"}})
    ));
    assert!(!thinks(
        Dialect::OpenaiResponses,
        json!({"reasoning": {"effort": "none"}})
    ));
    assert!(!thinks(
        Dialect::OpenaiResponses,
        json!({"reasoning": null})
    ));
    let gemini = |config| json!({"generationConfig": {"thinkingConfig": config}});
    assert!(thinks(
        Dialect::Gemini,
        gemini(json!({"thinkingBudget": -1}))
    ));
    assert!(!thinks(
        Dialect::Gemini,
        gemini(json!({"thinkingBudget": 0}))
    ));
}

#[test]
fn tools_are_counted_as_functions() {
    let tools =
        json!([{"functionDeclarations": [{"name": "a"}, {"name": "b"}]}, {"googleSearch": {}}]);
    assert_eq!(
        scan(Dialect::Gemini, &json!({"tools": tools})).tool_count,
        3
    );
    assert_eq!(
        scan(Dialect::OpenaiChat, &json!({"tools": []})).tool_count,
        0
    );
    assert_eq!(
        scan(Dialect::OpenaiChat, &json!({"tools": null})).tool_count,
        0
    );
}

#[test]
fn sessions_are_found_in_both_forms_of_the_user_id() {
    let session = |user: &str| anthropic(&json!({"metadata": {"user_id": user}})).session_from_body;
    assert_eq!(
        session("user_ab_account_cd_session_1f-2e").as_deref(),
        Some("1f-2e")
    );
    assert_eq!(session(r#"{"session_id":"x"}"#).as_deref(), Some("x"));
    assert_eq!(session("someone"), None);
    assert_eq!(session(r#"{"session_id":7"#), None);
    let codex = scan(
        Dialect::OpenaiResponses,
        &json!({"prompt_cache_key": "k-1"}),
    );
    assert_eq!(codex.session_from_body.as_deref(), Some("k-1"));
}

#[test]
fn a_cache_mark_does_not_change_a_fingerprint() {
    let mark = json!({"type": "ephemeral"});
    let plain = anthropic(&json!({"messages": [
        {"role": "user", "content": "hi"},
        {"role": "user", "content": [{"type": "text", "text": "a"}, {"type": "tool_result", "content": "x"}]}]}));
    let marked = anthropic(&json!({"messages": [
        {"role": "user", "content": [{"type": "text", "text": "hi", "cache_control": mark}]},
        {"role": "user", "content": [{"type": "text", "text": "a"},
            {"cache_control": mark, "type": "tool_result", "content": "x"}]}]}));
    assert_eq!(fingerprints(&plain), fingerprints(&marked));
}

#[test]
fn different_messages_have_different_fingerprints() {
    let messages = json!([
        {"role": "user", "content": "a"}, {"role": "assistant", "content": "a"},
        {"role": "user", "content": "b"}, {"role": "user", "content": ["a", "b"]},
        {"role": "user", "content": ["ab"]},
        {"role": "assistant", "content": [{"type": "tool_use", "name": "a"}]},
        {"role": "assistant", "content": [{"type": "tool_use", "name": "b"}]},
        {"role": "assistant", "content": [{"type": "thinking", "thinking": "a"}]},
        {"role": "user", "content": [{"type": "tool_result"}]},
        {"role": "assistant", "content": null, "tool_calls": [{"function": {"name": "a"}}]},
        {"role": "assistant", "content": null, "tool_calls": [{"function": {"name": "b"}}]},
        {"role": "assistant", "content": null}, {"role": "tool", "content": "a"}]);
    let mut seen = fingerprints(&anthropic(&json!({"messages": messages})));
    let count = seen.len();
    seen.sort_unstable();
    seen.dedup();
    assert_eq!(seen.len(), count);
    let items = json!([{"type": "function_call", "name": "a"}, {"type": "function_call", "name": "b"},
        {"type": "function_call_output"}, {"type": "reasoning"}]);
    let mut seen = fingerprints(&scan(Dialect::OpenaiResponses, &json!({"input": items})));
    seen.dedup();
    assert_eq!(seen.len(), 4);
}

#[test]
fn the_last_of_two_equal_members_counts() {
    let body = br#"{"model":"a","messages":[{"role":"user","content":"x"},{}],"stream":true,
        "mod\u0065l":"b","messages":[{"role":"user","content":"hello"}],"stream":false}"#;
    let facts = RequestFacts::scan(Dialect::AnthropicMessages, body);
    assert_eq!(facts.model.as_deref(), Some("b"));
    assert_eq!((facts.stream, facts.message_count), (Some(false), Some(1)));
    assert_eq!(
        facts.conversation_hash.as_deref(),
        Some("2cf24dba5fb0a30e26e83b2ac5b9e29e")
    );
}

#[test]
fn a_broken_body_gives_what_stands_before_the_fault() {
    let whole = br#"{"model":"m","messages":[{"role":"user","content":"hello"}],"stream":true}"#;
    let facts = RequestFacts::scan(Dialect::AnthropicMessages, &whole[..58]);
    assert_eq!(facts.model.as_deref(), Some("m"));
    assert_eq!(
        (facts.message_count, facts.stream, facts.malformed),
        (Some(1), None, true)
    );
    for odd in [&b""[..], b"--boundary\r\n", b"[1]", b"null", b"{} x"] {
        assert!(RequestFacts::scan(Dialect::OpenaiChat, odd).malformed);
    }
}

#[test]
fn an_overlong_model_name_is_none() {
    let body = json!({"model": "x".repeat(1025)});
    assert_eq!(anthropic(&body).model, None);
}

fn message() -> impl Strategy<Value = Value> {
    let text = prop_oneof![
        Just("hello".to_owned()),
        Just("<system-reminder>r</system-reminder>".to_owned()),
        r#"[a-z"\\\n\[\]{}]{0,20}"#,
    ];
    let block = prop_oneof![
        text.clone()
            .prop_map(|text| json!({"type": "text", "text": text})),
        text.clone().prop_map(|text| json!({"text": text})),
        Just(json!({"type": "tool_use", "name": "Bash", "input": {"a": [1, {"b": "}"}]}})),
        Just(json!({"functionCall": {"name": "f", "args": {}}})),
        Just(json!({"type": "tool_result", "content": [{"type": "text", "text": "x"}]})),
    ];
    let content = prop_oneof![
        text.prop_map(Value::from),
        prop::collection::vec(block, 0..4).prop_map(Value::from),
        Just(Value::Null),
    ];
    let role = prop::sample::select(vec!["user", "assistant", "tool", "model"]);
    prop_oneof![
        9 => (role, content, prop::bool::ANY).prop_map(|(role, content, parts)| {
            let name = if parts { "parts" } else { "content" };
            json!({"role": role, name: content})
        }),
        1 => prop::sample::select(vec![json!(12), json!(null), json!([]), json!("hello"), json!(
            {"type": "function_call", "name": "f"})]),
    ]
}

/// A body's text with its members in the order given by `order`, some twice.
fn body_text() -> impl Strategy<Value = String> {
    let messages = prop::collection::vec(message(), 0..6);
    let members = messages.prop_flat_map(|messages| {
        let list = Value::from(messages).to_string();
        prop::collection::vec(
            prop_oneof![
                3 => prop::sample::select(vec!["messages", "input", "contents"])
                    .prop_map(move |name| format!("\"{name}\":{list}")),
                1 => Just(r#""input":"hello""#.to_owned()),
                1 => Just(r#""model":"m""#.to_owned()),
                1 => Just(r#""model" : "n" "#.to_owned()),
                1 => Just(r#""stream":true"#.to_owned()),
                1 => Just(r#""thinking":{"type":"enabled"}"#.to_owned()),
                1 => Just(r#""tools":[{},{}]"#.to_owned()),
                1 => Just(r#""prompt_cache_key":"k""#.to_owned()),
            ],
            0..7,
        )
    });
    members.prop_map(|members| format!("{{{}}}", members.join(",")))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1500))]

    #[test]
    fn a_rescan_equals_a_scan(
        earlier in body_text(), later in body_text(), cut in 0usize..400, from in 0usize..400,
        shorter in 0usize..30,
    ) {
        let earlier = earlier.as_bytes();
        let later = later.as_bytes();
        // A body that starts like the earlier one and goes on as the later one does somewhere.
        let mut body = earlier[..cut.min(earlier.len())].to_vec();
        body.extend_from_slice(&later[from.min(later.len())..]);
        let common = earlier.iter().zip(&body).take_while(|(a, b)| a == b).count();
        for dialect in ALL {
            let previous = RequestFacts::scan(dialect, earlier);
            let full = RequestFacts::scan(dialect, &body);
            for prefix in [common, common.saturating_sub(shorter)] {
                let again = RequestFacts::rescan(dialect, &body, &previous, prefix);
                prop_assert_eq!(&again, &full, "{}", String::from_utf8_lossy(&body));
            }
        }
    }

    #[test]
    fn the_opening_alone_is_that_of_a_scan(body in body_text(), cut in 0usize..400) {
        for body in [body.as_bytes(), &body.as_bytes()[..cut.min(body.len())]] {
            for dialect in ALL {
                let mut opening = Opening::new(dialect, body);
                let mut cursor = Cursor::new(body);
                cursor.object(|key, cursor| opening.member(&key.decode(), cursor));
                let full = RequestFacts::scan(dialect, body);
                let expected = (full.session_from_body, full.conversation_hash);
                prop_assert_eq!(opening.finish(), expected, "{}", String::from_utf8_lossy(body));
            }
        }
    }

    #[test]
    fn a_growing_conversation_rescans_to_the_same(messages in prop::collection::vec(message(), 1..8)) {
        for dialect in ALL {
            let name = match dialect {
                Dialect::AnthropicMessages | Dialect::OpenaiChat => "messages",
                Dialect::OpenaiResponses => "input",
                Dialect::Gemini => "contents",
            };
            let turn = |n: usize| format!(
                r#"{{"model":"m","{name}":{},"tools":[{{}}],"stream":true}}"#,
                Value::from(messages[..n].to_vec())
            );
            let mut facts = RequestFacts::scan(dialect, turn(0).as_bytes());
            for n in 1..=messages.len() {
                let (before, now) = (turn(n - 1), turn(n));
                let common = before.bytes().zip(now.bytes()).take_while(|(a, b)| a == b).count();
                facts = RequestFacts::rescan(dialect, now.as_bytes(), &facts, common);
                prop_assert_eq!(&facts, &RequestFacts::scan(dialect, now.as_bytes()));
                prop_assert_eq!(facts.message_count, u32::try_from(n).ok());
            }
        }
    }

    #[test]
    fn any_bytes_are_survived(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        for dialect in ALL {
            prop_assert!(RequestFacts::scan(dialect, &bytes).marks.len() <= bytes.len());
        }
    }
}

#[test]
fn the_opening_words_are_short_and_on_one_line() {
    let words = |text: &str| {
        let content = json!([{"type": "text", "text": "<system-reminder>r</system-reminder>"},
            {"type": "text", "text": text}]);
        let facts = anthropic(&json!({"messages": [{"role": "user", "content": content}]}));
        facts.opening_words.map(String::from)
    };
    assert_eq!(
        words("fix\n  the   build").as_deref(),
        Some("fix the build")
    );
    assert_eq!(words(""), None);
    assert_eq!(words(&"é".repeat(200)), Some("é".repeat(200)));
    assert_eq!(words(&"é".repeat(201)), Some("é".repeat(200) + "..."));
    let spaced = words(&"ab ".repeat(100)).unwrap();
    assert_eq!(spaced.chars().count(), 203);
    assert!(
        spaced.ends_with("ab a...") || spaced.ends_with("ab..."),
        "{spaced}"
    );
}

#[test]
fn what_a_request_is_for_is_told_by_its_body() {
    let purpose = |body| anthropic(&body).purpose;
    let billing = |rest: &str| json!([{"type": "text", "text": format!("x-anthropic-billing-header: cc_version=2.1.329.0a8;{rest}")}]);
    assert_eq!(purpose(json!({"system": billing("")})), Purpose::Unknown);
    let subagent = billing(" cc_is_subagent=true;");
    assert_eq!(
        purpose(json!({"system": subagent, "tools": [{"name": "Bash"}]})),
        Purpose::Subagent
    );
    let schema =
        json!({"format": {"type": "json_schema", "schema": {"properties": {"title": {}}}}});
    assert_eq!(
        purpose(json!({"output_config": schema, "tools": []})),
        Purpose::Title
    );
    assert_eq!(
        purpose(json!({"output_config": schema, "tools": [{"name": "StructuredOutput"}]})),
        Purpose::Unknown
    );
    assert_eq!(
        purpose(json!({"system": "You are a title generator."})),
        Purpose::Title
    );
    let search = json!({"type": "web_search_20250305", "name": "web_search"});
    assert_eq!(purpose(json!({"tools": [search]})), Purpose::Search);
    assert_eq!(
        purpose(json!({"tools": [search, {"name": "Bash"}]})),
        Purpose::Unknown
    );
    assert_eq!(purpose(json!({"max_tokens": 1})), Purpose::Probe);
    assert_eq!(purpose(json!({"max_tokens": 10})), Purpose::Unknown);
}

#[test]
fn what_an_agent_asks_for_itself_is_no_turn() {
    let purpose = |dialect, body| scan(dialect, &body).purpose;
    let titles = json!("You are a title generator. You output ONLY a title.");
    let chat = json!({"messages": [{"role": "system", "content": titles},
        {"role": "user", "content": "Generate a title"}]});
    assert_eq!(purpose(Dialect::OpenaiChat, chat), Purpose::Title);
    let input = json!({"input": [{"role": "developer",
        "content": [{"type": "input_text", "text": titles}]}, {"role": "user", "content": "x"}]});
    assert_eq!(purpose(Dialect::OpenaiResponses, input), Purpose::Title);
    let told = json!({"instructions": titles, "input": "x"});
    assert_eq!(purpose(Dialect::OpenaiResponses, told), Purpose::Title);
    let said = json!({"messages": [{"role": "user", "content": titles}]});
    assert_eq!(purpose(Dialect::OpenaiChat, said), Purpose::Unknown);
    let router = json!({"contents": [{"parts": [{"text": "x"}]}],
        "systemInstruction": {"parts": [{"text": "You are a Task Routing AI."}]}});
    assert_eq!(purpose(Dialect::Gemini, router.clone()), Purpose::Aside);
    let mut with_tools = router;
    with_tools["tools"] = json!([{"functionDeclarations": [{"name": "ls"}]}]);
    assert_eq!(purpose(Dialect::Gemini, with_tools), Purpose::Unknown);
    let config = json!({"responseJsonSchema": {"properties": {"next_speaker": {}}}});
    let speaker = json!({"contents": [], "generationConfig": config});
    assert_eq!(purpose(Dialect::Gemini, speaker), Purpose::Aside);
}

#[test]
fn the_response_that_a_request_goes_on_from_is_told() {
    let body = json!({"previous_response_id": "resp_1", "input": "go on"});
    let facts = scan(Dialect::OpenaiResponses, &body);
    assert_eq!(facts.previous_response.as_deref(), Some("resp_1"));
    for odd in [json!(null), json!(""), json!(7), json!("x".repeat(1025))] {
        let body = json!({"previous_response_id": odd, "input": "go on"});
        assert_eq!(
            scan(Dialect::OpenaiResponses, &body).previous_response,
            None
        );
    }
}
