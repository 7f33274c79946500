//! Requests in every dialect for providers of every other.

use std::collections::HashSet;
use std::sync::LazyLock;

use serde_json::Value;
use weir_wire::dialect::Dialect;
use weir_wire::translate::codec;
use weir_wire::translate::fault::Notes;
use weir_wire::translate::options::{Hints, Options};
use weir_wire::translate::outbound::{Outbound, Way, request};
use weir_wire::translate::profile::{Profile, TABLE, Table};

use super::super::check;
use super::super::input::Input;

/// Providers whose profiles differ much.
static PROFILES: LazyLock<Vec<Profile>> = LazyLock::new(|| {
    let table: Table = toml::from_str(TABLE).expect("the table is valid");
    let find = |host, model| table.find(host, model);
    vec![
        Profile::default(),
        find("api.openai.com", "gpt-5.2"),
        find("api.deepseek.com", "deepseek-reasoner"),
        find("openrouter.ai", "anthropic/claude-sonnet-4.5"),
        find("api.mistral.ai", "mistral-large"),
        find("localhost:1234", "qwen"),
        find("generativelanguage.googleapis.com", "gemini-2.5-pro"),
        find("dashscope.aliyuncs.com", "qwen3"),
    ]
});

const HINTS: Hints<'static> = Hints {
    path_model: Some("gemini-2.5-pro"),
    stream: true,
};

/// What is sent is JSON that its own dialect reads, with every call answered.
pub fn run(data: &[u8]) {
    let mut input = Input::new(data);
    let (way, profile, stream) = (input.way(), input.below(8), input.flag());
    let body = input.rest();
    let options = Options {
        model: "model",
        stream,
        profile: &PROFILES[profile],
    };
    let Ok(Outbound {
        body: sent, notes, ..
    }) = request(way, body, &HINTS, &options)
    else {
        return;
    };
    assert!(notes.notes.len() <= 32 && notes.notes.len() <= notes.count);
    check::bounded(sent.len(), body.len(), 40);
    let value = check::object(&sent);
    let read = codec::read_request(way.provider, &sent, &HINTS);
    assert!(
        read.is_ok(),
        "{way:?} {read:?}: {}",
        String::from_utf8_lossy(&sent)
    );
    let Ok(read) = read else { return };
    if let Some(value) = &value {
        paired(way.provider, value);
    }
    // Who reads it says it again.
    let back = codec::write_request(way.client, &read, &options, &mut Notes::default());
    if let Ok(back) = back {
        check::object(&back);
        let back = codec::read_request(way.client, &back, &HINTS);
        assert!(back.is_ok(), "{back:?}");
    }
    same(way, body, &options, &sent);
}

fn same(way: Way, body: &[u8], options: &Options<'_>, sent: &[u8]) {
    let again = request(way, body, &HINTS, options).map(|again| again.body);
    assert_eq!(again.as_deref(), Ok(sent));
}

fn list<'v>(value: &'v Value, key: &str) -> &'v [Value] {
    value[key].as_array().map(Vec::as_slice).unwrap_or_default()
}

fn ids<'v>(items: &'v [Value], kind: &str, id: &str) -> Vec<&'v str> {
    let items = items.iter().filter(|item| item["type"] == kind);
    items.filter_map(|item| item[id].as_str()).collect()
}

/// Sees that every call is answered where the provider expects it.
fn paired(dialect: Dialect, sent: &Value) {
    let messages = list(sent, "messages");
    match dialect {
        Dialect::AnthropicMessages => {
            for (at, message) in messages.iter().enumerate() {
                let calls = ids(list(message, "content"), "tool_use", "id");
                let distinct: HashSet<_> = calls.iter().collect();
                assert_eq!(distinct.len(), calls.len(), "{message}");
                let next = messages.get(at + 1).map(|next| list(next, "content"));
                let results = ids(next.unwrap_or_default(), "tool_result", "tool_use_id");
                assert!(message["role"] == "user" || calls == results, "{sent}");
            }
        }
        Dialect::OpenaiChat => {
            for (at, message) in messages.iter().enumerate() {
                let calls = list(message, "tool_calls").iter();
                let calls: Vec<_> = calls.map(|call| call["id"].as_str()).collect();
                let next = messages.iter().skip(at + 1).take(calls.len());
                let results: Vec<_> = next.map(|next| next["tool_call_id"].as_str()).collect();
                assert_eq!(calls, results, "{sent}");
            }
        }
        Dialect::OpenaiResponses => {
            let input = list(sent, "input");
            let calls = ids(input, "function_call", "call_id");
            let results = ids(input, "function_call_output", "call_id");
            assert_eq!(calls.len(), results.len(), "{sent}");
            assert!(calls.iter().all(|call| results.contains(call)), "{sent}");
        }
        Dialect::Gemini => {
            let contents = list(sent, "contents");
            let count = |parts: &[Value], kind| {
                parts.iter().filter(|part| part.get(kind).is_some()).count()
            };
            for (at, content) in contents.iter().enumerate() {
                let calls = count(list(content, "parts"), "functionCall");
                let next = contents.get(at + 1).map(|next| list(next, "parts"));
                let results = count(next.unwrap_or_default(), "functionResponse");
                assert!(content["role"] == "user" || calls == results, "{sent}");
            }
        }
    }
}

/// What the way back from a request is: of `body` if that can be translated.
pub(super) fn back(way: Way, body: &[u8]) -> weir_wire::translate::outbound::Back {
    let options = Options {
        model: "model",
        stream: true,
        profile: &PROFILES[0],
    };
    let plain: &[u8] = match way.client {
        Dialect::AnthropicMessages => {
            br#"{"model":"m","max_tokens":9,"messages":[{"role":"user","content":"a"}]}"#
        }
        Dialect::OpenaiChat => br#"{"model":"m","messages":[{"role":"user","content":"a"}]}"#,
        Dialect::OpenaiResponses => br#"{"model":"m","input":"a"}"#,
        Dialect::Gemini => br#"{"contents":[{"role":"user","parts":[{"text":"a"}]}]}"#,
    };
    let sent = request(way, body, &HINTS, &options);
    let sent = sent.or_else(|_| request(way, plain, &HINTS, &options));
    sent.expect("a plain request").back
}
