//! Usage of each dialect in Anthropic's words, and how parts are merged.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::{Usage, UsageMerge};
use crate::dialect::Dialect;

fn merged(dialect: Dialect, parts: &[Value]) -> Value {
    let mut merge = UsageMerge::new(dialect);
    for part in parts {
        merge.add(part.to_string().as_bytes());
    }
    serde_json::to_value(merge.finish()).unwrap()
}

#[test]
fn anthropic_usage_comes_out_as_it_went_in() {
    let usage = json!({
        "input_tokens": 579, "output_tokens": 25, "cache_creation_input_tokens": 0,
        "cache_read_input_tokens": 3,
        "cache_creation": {"ephemeral_5m_input_tokens": 0, "ephemeral_1h_input_tokens": 0},
        "output_tokens_details": {"thinking_tokens": 9},
        "server_tool_use": {"web_search_requests": 1, "web_fetch_requests": 0},
        "service_tier": "standard", "inference_geo": "eu", "iterations": [{"input_tokens": 1}]});
    assert_eq!(
        merged(Dialect::AnthropicMessages, std::slice::from_ref(&usage)),
        usage
    );
}

#[test]
fn later_counts_replace_earlier_ones_but_null_does_not() {
    let parts = [
        json!({"input_tokens": 10, "output_tokens": 1, "service_tier": "standard", "new": null}),
        json!({"input_tokens": null, "output_tokens": 40, "cache_read_input_tokens": 7}),
        json!({"output_tokens": 30}),
        json!("no object"),
    ];
    assert_eq!(
        merged(Dialect::AnthropicMessages, &parts),
        json!({"input_tokens": 10, "output_tokens": 30, "cache_read_input_tokens": 7,
            "service_tier": "standard", "new": null})
    );
    assert_eq!(merged(Dialect::AnthropicMessages, &[]), Value::Null);
}

#[test]
fn openai_prompts_are_split_into_fresh_and_cached() {
    let chat = json!({"prompt_tokens": 100, "completion_tokens": 20, "total_tokens": 120,
        "prompt_tokens_details": {"cached_tokens": 60, "audio_tokens": 0},
        "completion_tokens_details": {"reasoning_tokens": 5}});
    assert_eq!(
        merged(Dialect::OpenaiChat, &[chat]),
        json!({"input_tokens": 40, "output_tokens": 20, "cache_read_input_tokens": 60,
            "output_tokens_details": {"thinking_tokens": 5}, "total_tokens": 120,
            "prompt_tokens_details": {"audio_tokens": 0}})
    );
    let responses = json!({"input_tokens": 100, "output_tokens": 20, "total_tokens": 120,
        "input_tokens_details": {"cached_tokens": 60, "cache_write_tokens": 30},
        "output_tokens_details": {"reasoning_tokens": 5}});
    assert_eq!(
        merged(Dialect::OpenaiResponses, &[responses]),
        json!({"input_tokens": 10, "output_tokens": 20, "cache_creation_input_tokens": 30,
            "cache_read_input_tokens": 60, "output_tokens_details": {"thinking_tokens": 5},
            "total_tokens": 120})
    );
}

#[test]
fn gemini_thoughts_count_as_output() {
    let parts = [
        json!({"promptTokenCount": 10, "thoughtsTokenCount": 50}),
        json!({"promptTokenCount": 10, "candidatesTokenCount": 5, "cachedContentTokenCount": 4,
            "toolUsePromptTokenCount": 3, "serviceTier": "standard"}),
    ];
    assert_eq!(
        merged(Dialect::Gemini, &parts),
        json!({"input_tokens": 9, "output_tokens": 55, "cache_read_input_tokens": 4,
            "output_tokens_details": {"thinking_tokens": 50}, "service_tier": "standard"})
    );
}

#[test]
fn odd_values_stay_as_they_are() {
    let usage = json!({"input_tokens": -1, "output_tokens": "9", "cache_creation": 3});
    let read = Usage::from_raw(
        Dialect::AnthropicMessages,
        usage.as_object().unwrap().clone(),
    );
    assert_eq!((read.input_tokens, read.output_tokens), (None, None));
    assert_eq!(Value::Object(read.extra), usage);
    let over = json!({"prompt_tokens": 1, "prompt_tokens_details": {"cached_tokens": 9}});
    assert_eq!(merged(Dialect::OpenaiChat, &[over])["input_tokens"], 0);
}

/// What is left of a usage object for who wants the counts.
fn counted(dialect: Dialect, parts: &[Value]) -> Option<Usage> {
    let mut merge = UsageMerge::of_counts(dialect);
    for part in parts {
        merge.add(part.to_string().as_bytes());
    }
    merge.finish()
}

#[test]
fn counts_alone_are_those_of_the_whole_with_what_prices_depend_on() {
    let usage = json!({
        "input_tokens": 579, "output_tokens": 25, "cache_read_input_tokens": 3,
        "cache_creation": {"ephemeral_5m_input_tokens": 7}, "service_tier": "priority",
        "inference_geo": "us", "speed": "fast", "iterations": [{"input_tokens": 1}]});
    let counts = counted(Dialect::AnthropicMessages, std::slice::from_ref(&usage)).unwrap();
    let mut whole = usage;
    whole.as_object_mut().unwrap().remove("iterations");
    assert_eq!(serde_json::to_value(counts).unwrap(), whole);
    assert_eq!(counted(Dialect::Gemini, &[json!([1]), json!(1)]), None);
}

#[test]
fn counts_of_endless_usage_take_no_more_room_than_the_last() {
    let mut merge = UsageMerge::of_counts(Dialect::OpenaiChat);
    let long = "x".repeat(20_000);
    for n in 0..1000 {
        merge.add(
            json!({"completion_tokens": n, "a": long})
                .to_string()
                .as_bytes(),
        );
    }
    assert!(
        format!("{merge:?}").len() < 400_000,
        "what is stale is let go"
    );
    let many = (0..1000).map(|n| (n.to_string(), json!(n)));
    let many = Value::Object(many.collect());
    merge.add(many.to_string().as_bytes());
    merge.add(br#"{"completion_tokens": 5"#);
    assert_eq!(merge.finish().unwrap().output_tokens, Some(999));
}

fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        any::<u32>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        Just(Value::Null),
        Just(json!("fast")),
        Just(json!("\u{e9}\"\\\n")),
    ];
    let member = prop_oneof![
        Just("cached_tokens"),
        Just("cache_write_tokens"),
        Just("reasoning_tokens"),
        Just("ephemeral_5m_input_tokens"),
        Just("web_search_requests"),
    ];
    let inner = prop::collection::btree_map(member.prop_map(str::to_owned), leaf.clone(), 0..4);
    prop_oneof![
        4 => leaf,
        2 => inner.prop_map(|members| Value::Object(members.into_iter().collect())),
        1 => Just(json!([{"input_tokens": 9}])),
    ]
}

fn object() -> impl Strategy<Value = Value> {
    const NAMES: [&str; 20] = [
        "input_tokens",
        "output_tokens",
        "cache_creation_input_tokens",
        "cache_read_input_tokens",
        "cache_creation",
        "output_tokens_details",
        "server_tool_use",
        "service_tier",
        "prompt_tokens",
        "completion_tokens",
        "prompt_tokens_details",
        "completion_tokens_details",
        "prompt_cache_hit_tokens",
        "input_tokens_details",
        "promptTokenCount",
        "candidatesTokenCount",
        "thoughtsTokenCount",
        "cachedContentTokenCount",
        "speed",
        "inference_geo",
    ];
    let name = prop::sample::select(&NAMES[..]).prop_map(str::to_owned);
    prop::collection::btree_map(name, value(), 0..12)
        .prop_map(|members| Value::Object(members.into_iter().collect()))
}

proptest! {
    #[test]
    fn counts_alone_are_the_counts_of_the_whole(parts in prop::collection::vec(object(), 0..4)) {
        for dialect in [
            Dialect::AnthropicMessages,
            Dialect::OpenaiChat,
            Dialect::OpenaiResponses,
            Dialect::Gemini,
        ] {
            let mut merge = UsageMerge::new(dialect);
            for part in &parts {
                merge.add(part.to_string().as_bytes());
            }
            let whole = merge.finish().map(|mut usage| {
                usage.extra.retain(|name, word| {
                    ["speed", "inference_geo", "trafficType"].contains(&name.as_str()) && word.is_string()
                });
                usage
            });
            prop_assert_eq!(counted(dialect, &parts), whole);
        }
    }
}
