//! Usage of each dialect in Anthropic's words, and how parts are merged.

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
