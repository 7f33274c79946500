use std::collections::HashMap;

use serde_json::{Value, json};

use super::*;

const LONG: &str = "c2lnbmF0dXJlLXRoYXQtaXMtbG9uZy1lbm91Z2gtdG8tYmUtYS1yZWFsLW9uZQ==";

#[derive(Default)]
struct Known {
    found: HashMap<(String, String), String>,
    foreign: Vec<String>,
}

impl Resolver for Known {
    fn find(&mut self, group: &str, text_hash: &str) -> Option<String> {
        self.found.get(&(group.into(), text_hash.into())).cloned()
    }

    fn standing(&mut self, _group: &str, value: &str) -> Standing {
        if self.foreign.iter().any(|one| one == value) {
            Standing::Foreign
        } else {
            Standing::Unknown
        }
    }
}

fn run(dialect: Dialect, text: &str, group: &str, known: &mut Known) -> (Plan, String) {
    let body = Bytes::copy_from_slice(text.as_bytes());
    let options = Options {
        placeholder: "[thinking omitted]",
    };
    let plan = plan_edits(&body, dialect, known, group, &options);
    let (out, _) = plan.edits.apply(&[body]);
    (plan, String::from_utf8(out.concat()).unwrap())
}

fn anthropic(messages: &Value, known: &mut Known) -> (Plan, Value) {
    let body = json!({"model": "m", "messages": messages, "stream": true});
    let text = body.to_string();
    let (plan, out) = run(Dialect::AnthropicMessages, &text, "claude", known);
    let out: Value = serde_json::from_str(&out).expect("still JSON");
    assert_eq!((&out["model"], &out["stream"]), (&"m".into(), &true.into()));
    (plan, out["messages"].clone())
}

fn thought(text: &str, signature: &str) -> Value {
    json!({"type": "thinking", "thinking": text, "signature": signature})
}

fn user(text: &str) -> Value {
    json!({"role": "user", "content": text})
}

fn assistant(content: &Value) -> Value {
    json!({"role": "assistant", "content": content})
}

#[test]
fn the_hash_is_the_one_that_others_use() {
    assert_eq!(text_hash("a"), "ca978112ca1bbdca");
}

#[test]
fn the_search_sees_blocks_and_not_the_setting_wherever_it_is_cut() {
    let may = |text: &str| {
        let bytes = Bytes::copy_from_slice(text.as_bytes());
        let answers: Vec<bool> = (0..=text.len())
            .map(|cut| {
                let pieces = [bytes.slice(..cut), bytes.slice(cut..)];
                may_hold_reasoning(Dialect::AnthropicMessages, &pieces)
            })
            .collect();
        let whole = may_hold_reasoning(Dialect::AnthropicMessages, &[bytes]);
        (whole, answers.iter().all(|answer| *answer || !whole))
    };
    assert_eq!(may(r#"{"a":[{"type":"thinking","x":1}]}"#), (true, true));
    assert_eq!(
        may(r#"{"a":[{"type": "redacted_thinking"}]}"#),
        (true, true)
    );
    assert!(!may(r#"{"thinking": {"type":"adaptive"}}"#).0);
}

#[test]
fn requests_in_which_all_is_well_stay_as_they_are() {
    let text = format!(
        r#"{{"n": 12345678901234567890, "messages":[ {{"role":"system","content":"s"}},{{"role":"assistant","content":[
          {{"type":"redacted_thinking","data":"opaque"}}, {{"type": "thinking", "thinking":"", "signature":"{LONG}"}},
          {{"type":"text","text":"<a>&"}},{{"type":"tool_use","id":"t","name":"n","input":{{"type":"thinking"}}}},
          {{"type":"thinking","thinking":"b","signature":"{LONG}","extra":1E5}} ]}}]}}"#
    );
    let (plan, out) = run(
        Dialect::AnthropicMessages,
        &text,
        "claude",
        &mut Known::default(),
    );
    assert_eq!(out, text);
    assert!(plan.edits.is_empty() && plan.signed);
    assert_eq!(plan.changes(), 0);
}

#[test]
fn prefixes_are_taken_off_for_their_own_family_only() {
    for (signature, kept) in [
        (format!("claude#{LONG}"), true),
        (format!("gpt#{LONG}"), false),
        ("claude#".to_owned(), false),
    ] {
        let text = json!({"type": "text", "text": "t"});
        let content = json!([thought("a", &signature), text]);
        let (_, out) = anthropic(
            &json!([assistant(&content), user("u")]),
            &mut Known::default(),
        );
        let expected = if kept {
            json!([thought("a", LONG), text])
        } else {
            json!([text])
        };
        assert_eq!(out[0]["content"], expected, "{signature}");
    }
}

#[test]
fn a_remembered_signature_comes_back_where_it_was_or_was_not() {
    let mut known = Known::default();
    let key = ("claude".to_owned(), text_hash("a \"quoted\" thought"));
    known.found.insert(key, LONG.to_owned());
    for block in [
        json!({"type": "thinking", "thinking": "a \"quoted\" thought"}),
        thought("a \"quoted\" thought", "short"),
        thought("a \"quoted\" thought", ""),
    ] {
        let (plan, out) = anthropic(&json!([assistant(&json!([block])), user("u")]), &mut known);
        assert_eq!(out[0]["content"][0]["signature"], LONG);
        assert_eq!((plan.restored, plan.signed), (1, true));
    }
}

#[test]
fn what_a_foreigner_signed_goes_redacted_or_not() {
    let mut known = Known {
        foreign: vec![LONG.to_owned(), "opaque".to_owned()],
        ..Known::default()
    };
    let text = json!({"type": "text", "text": "t"});
    let redacted = json!({"type": "redacted_thinking", "data": "opaque"});
    let content = json!([thought("a", LONG), redacted, text]);
    let (plan, out) = anthropic(&json!([assistant(&content), user("u")]), &mut known);
    assert_eq!(out[0]["content"], json!([text]));
    assert_eq!((plan.dropped, plan.signed), (2, false));
}

#[test]
fn thoughts_go_first_and_keep_all_their_fields() {
    let (a, mut b) = (thought("a", LONG), thought("b", LONG));
    b["extra"] = json!({"n": 1});
    let text = json!({"type": "text", "text": "t"});
    let redacted = json!({"type": "redacted_thinking", "data": "d"});
    let run = |content: Value| {
        let messages = json!([assistant(&content), user("u")]);
        anthropic(&messages, &mut Known::default()).1[0]["content"].clone()
    };
    assert_eq!(run(json!([text, a, b])), json!([a, b, text]));
    assert_eq!(run(json!([redacted, a, text])), json!([redacted, a, text]));
    let server = json!({"type": "server_tool_use", "id": "s"});
    let ran = json!([server, a, server, text]);
    assert_eq!(
        run(ran.clone()),
        ran,
        "the provider's own tools come before thoughts too"
    );
    let interleaved = json!([a, text, b]);
    assert_eq!(run(interleaved.clone()), interleaved);
}

#[test]
fn emptied_messages_leave_the_turns_in_order() {
    let gone = assistant(&json!([thought("a", "short")]));
    let placeholder = json!([{"type": "text", "text": "[thinking omitted]"}]);
    let result = json!({"role": "user", "content": [{"type": "tool_result", "tool_use_id": "t"}]});
    let run = |messages: Value| anthropic(&messages, &mut Known::default()).1;
    let out = run(json!([user("q"), gone, user("r")]));
    assert_eq!(out[1]["content"], placeholder);
    let out = run(json!([gone, result]));
    assert_eq!((&out[0]["content"], &out[1]), (&placeholder, &result));
    assert_eq!(run(json!([user("q"), gone])), json!([user("q")]));
    assert_eq!(run(json!([gone, user("q")])), json!([user("q")]));
    assert_eq!(
        run(json!([gone, gone, user("q"), gone, gone])),
        json!([user("q")])
    );
    assert_eq!(run(json!([gone])), json!([]));
}

#[test]
fn tool_calls_lose_their_signature_and_nothing_else() {
    let text = format!(
        r#"{{"messages":[{{"role":"assistant","content":[{{"type":"thinking","thinking":"a","signature":"{LONG}"}},{{"signature" : "x", "type":"tool_use","input":{{"signature":"mine", "n":1.0}}, "signature":"y"}}]}},{{"role":"user","content":[]}}]}}"#
    );
    let (plan, out) = run(
        Dialect::AnthropicMessages,
        &text,
        "claude",
        &mut Known::default(),
    );
    let expected = text
        .replace(r#""signature" : "x", "#, "")
        .replace(r#", "signature":"y""#, "");
    assert_eq!(out, expected);
    assert_eq!(plan.stripped, 1);
}

#[test]
fn the_stand_in_is_for_gemini() {
    assert!(is_plausible(GEMINI_STAND_IN, "gemini"));
    assert!(!is_plausible(GEMINI_STAND_IN, "claude"));
    assert!(!is_plausible("short", "gemini"));
}

#[test]
fn a_body_that_breaks_off_is_not_touched() {
    let text = format!(
        r#"{{"messages":[{{"role":"assistant","content":[{{"type":"thinking","thinking":"a","signature":"{LONG}x"}},{{"type":"text"}}]}},{{"role":"user","content":"q"}}]}}"#
    )
    .replace(&format!("{LONG}x"), "short");
    for cut in 0..text.len() {
        let part = text.get(..cut).unwrap();
        let (_, out) = run(
            Dialect::AnthropicMessages,
            part,
            "claude",
            &mut Known::default(),
        );
        assert_eq!(out, part);
    }
}

#[test]
fn encrypted_reasoning_of_others_goes_and_its_items_stay_in_order() {
    let mut known = Known {
        foreign: vec!["theirs".to_owned()],
        ..Known::default()
    };
    let item = |value: &str| json!({"type": "reasoning", "encrypted_content": value});
    let call = json!({"type": "function_call", "name": "f"});
    let text = json!({"input": [item("theirs"), call, item("ours"), item("theirs")]}).to_string();
    let (plan, out) = run(Dialect::OpenaiResponses, &text, "gpt", &mut known);
    let out: Value = serde_json::from_str(&out).unwrap();
    assert_eq!(out["input"], json!([call, item("ours")]));
    assert_eq!((plan.dropped, plan.signed), (2, true));
}

#[test]
fn thought_signatures_of_others_become_the_stand_in() {
    let mut known = Known {
        foreign: vec!["theirs".to_owned()],
        ..Known::default()
    };
    let text = r#"{"contents":[{"role":"model","parts":[{"functionCall":{"name":"f"}, "thoughtSignature": "theirs"},{"text":"t","thoughtSignature":"ours"}]}]}"#;
    let (_, out) = run(Dialect::Gemini, text, "gemini", &mut known);
    assert_eq!(out, text.replace("theirs", GEMINI_STAND_IN));
}

/// Notes what it is asked about, and knows nothing.
#[derive(Default)]
struct Trusting(Vec<String>);

impl Resolver for Trusting {
    fn find(&mut self, _group: &str, _text_hash: &str) -> Option<String> {
        None
    }

    fn standing(&mut self, _group: &str, value: &str) -> Standing {
        self.0.push(value.to_owned());
        Standing::Unknown
    }
}

fn trusting(dialect: Dialect, text: &str) -> (Plan, Value, Vec<String>) {
    let (body, mut asked) = (Bytes::copy_from_slice(text.as_bytes()), Trusting::default());
    let options = Options { placeholder: "-" };
    let plan = plan_edits(&body, dialect, &mut asked, "claude", &options);
    let (out, _) = plan.edits.apply(&[body]);
    (
        plan,
        serde_json::from_slice(&out.concat()).unwrap(),
        asked.0,
    )
}

#[test]
fn what_was_wrapped_for_a_client_never_reaches_anthropic_wrapped() {
    let said = json!({"type": "text", "text": "t"});
    let content = json!([
        thought("a", "weir1.e.rs_1.gAAAAABencryptedcontentthatislongerthanfiftycharacters"),
        thought("b", "weir1.n.rs_2."),
        thought("c", &format!("weir1.s.i%2E1.{LONG}")),
        thought("", "weir1.r.i.hidden"),
        thought("", "weir1.T.call_1.thoughtsignaturethatislongerthanfiftycharactersinall"),
        thought("d", "weir1.from.a.later.version.of.it.with.more.than.fifty.characters"),
        {"type": "redacted_thinking", "data": "weir1.r.i.more"},
        {"type": "redacted_thinking", "data": "weir1.e.i.others"},
        said
    ]);
    let text = json!({"messages": [assistant(&content), user("u")]}).to_string();
    let (plan, out, asked) = trusting(Dialect::AnthropicMessages, &text);
    let redacted = |data: &str| json!({"type": "redacted_thinking", "data": data});
    let expected = json!([
        thought("c", LONG),
        redacted("hidden"),
        redacted("more"),
        said
    ]);
    assert_eq!(out["messages"][0]["content"], expected);
    assert_eq!(asked, [LONG, "hidden", "more"]);
    assert_eq!((plan.dropped, plan.restored, plan.signed), (5, 3, true));

    let alone = json!([thought("a", &format!("weir1.e.rs_1.{LONG}")), said]);
    let text = json!({"messages": [assistant(&alone), user("u")]}).to_string();
    let (plan, out, asked) = trusting(Dialect::AnthropicMessages, &text);
    assert_eq!(out["messages"][0]["content"], json!([said]));
    assert!(!plan.signed && asked.is_empty());
}

#[test]
fn what_was_wrapped_for_a_client_never_reaches_openai_or_google() {
    let item = |value: &str| json!({"type": "reasoning", "encrypted_content": value});
    let text = json!({"input": [
        item("weir:signature:EqQB"), item("weir:call:c:weir:thought:x"), item("gAAAA")
    ]});
    let (plan, out, asked) = trusting(Dialect::OpenaiResponses, &text.to_string());
    assert_eq!(out["input"], json!([item("gAAAA")]));
    assert_eq!(
        (plan.dropped, plan.signed, asked),
        (2, true, vec!["gAAAA".to_owned()])
    );

    let contents = |signature: &str| {
        let call = json!({"functionCall": {"name": "f"}, "thoughtSignature": signature});
        json!({"contents": [{"role": "model", "parts": [call]}]})
    };
    let worn = contents("d2VpcjEuZS4wLmdBQUFB").to_string();
    let (plan, out, asked) = trusting(Dialect::Gemini, &worn);
    assert_eq!(out, contents(GEMINI_STAND_IN));
    assert_eq!((plan.restored, plan.signed, asked), (1, false, vec![]));
}

#[test]
fn reasoning_that_openai_never_had_is_not_sent_to_it() {
    let item = |id: &str| json!({"type": "reasoning", "id": id, "summary": []});
    let own = item(&crate::marks::item_id("rs", 7, 1));
    let theirs = item("rs_68a1f0c3b2d481a0b1c2d3e4f5061728394a5b6c7d8e9f01");
    let mut sealed = own.clone();
    sealed["encrypted_content"] = "gAAAA".into();
    let text = json!({"reasoning": {}, "input": [own, theirs, sealed, own]}).to_string();
    let (plan, out, _) = trusting(Dialect::OpenaiResponses, &text);
    assert_eq!(out["input"], json!([theirs, sealed]));
    assert_eq!(plan.dropped, 2);
    let may = |body: Value| {
        let body = Bytes::from(body.to_string());
        may_hold_reasoning(Dialect::OpenaiResponses, &[body])
    };
    assert!(may(json!({"input": [own]})));
    assert!(!may(json!({"reasoning": {"effort": "low"}, "input": "q"})));
}

fn learnt(dialect: Dialect, text: &str) -> Vec<Learnt> {
    let mut all = Vec::new();
    for size in [1, 7, text.len()] {
        let mut tap = SignatureTap::new(dialect);
        let mut found = Vec::new();
        for piece in text.as_bytes().chunks(size) {
            tap.push(piece, &mut |one| found.push(one));
        }
        tap.finish(&mut |one| found.push(one));
        assert!(all.is_empty() || all == found, "pieces make no difference");
        all = found;
    }
    all
}

fn event(data: &Value) -> String {
    format!(
        "event: {}\ndata: {data}\n\n",
        data["type"].as_str().unwrap_or_default()
    )
}

#[test]
fn a_streams_signatures_are_noted_with_what_they_sign() {
    let delta = |index: u64, delta: Value| {
        event(&json!({"type": "content_block_delta", "index": index, "delta": delta}))
    };
    let start = |index: u64, block: Value| {
        event(&json!({"type": "content_block_start", "index": index, "content_block": block}))
    };
    let text = [
        start(
            0,
            json!({"type": "thinking", "thinking": "", "signature": ""}),
        ),
        start(
            1,
            json!({"type": "thinking", "thinking": "", "signature": ""}),
        ),
        delta(0, json!({"type": "thinking_delta", "thinking": "le"})),
        delta(1, json!({"type": "thinking_delta", "thinking": "other"})),
        delta(0, json!({"type": "thinking_delta", "thinking": "t"})),
        delta(0, json!({"type": "signature_delta", "signature": "s0"})),
        delta(1, json!({"type": "signature_delta", "signature": "s1"})),
        start(2, json!({"type": "redacted_thinking", "data": "d"})),
        start(
            3,
            json!({"type": "thinking", "thinking": "", "signature": ""}),
        ),
        delta(3, json!({"type": "signature_delta", "signature": "unseen"})),
    ]
    .concat();
    let one = |text: Option<&str>, value: &str| Learnt {
        text_hash: text.map(text_hash),
        value: value.to_owned(),
    };
    let expected = [
        one(Some("let"), "s0"),
        one(Some("other"), "s1"),
        one(None, "d"),
        one(None, "unseen"),
    ];
    assert_eq!(learnt(Dialect::AnthropicMessages, &text), expected);
}

#[test]
fn plain_answers_and_other_dialects_are_noted_too() {
    let body = json!({"content": [thought("a", "s"), {"type": "text", "text": "t"}]}).to_string();
    let found = learnt(Dialect::AnthropicMessages, &body);
    assert_eq!(found[0].text_hash.as_deref(), Some("ca978112ca1bbdca"));
    let gemini =
        json!({"candidates": [{"content": {"parts": [{"text": "t", "thoughtSignature": "g"}]}}]});
    let stream = format!("data: {gemini}\r\n\r\n");
    assert_eq!(learnt(Dialect::Gemini, &stream)[0].value, "g");
    let item = json!({"type": "response.output_item.done", "item": {"encrypted_content": "e"}});
    assert_eq!(
        learnt(Dialect::OpenaiResponses, &event(&item))[0].value,
        "e"
    );
}
