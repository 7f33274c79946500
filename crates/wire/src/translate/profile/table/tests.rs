use super::*;
use crate::translate::profile::{
    CallIds, MaxTokens, ReasoningEcho, ReasoningRequest, SchemaRule, ToolChoiceSupport,
};

fn known() -> Table {
    toml::from_str(TABLE).unwrap()
}

#[test]
fn every_entry_can_be_used() {
    let table = known();
    table.check().unwrap();
    assert!(table.profile.len() > 20);
}

#[test]
fn providers_are_found_by_address_and_model() {
    let table = known();
    let find = |host, model| table.find(host, model);
    assert_eq!(
        find("api.openai.com", "gpt-5").max_tokens,
        MaxTokens::Completion
    );
    assert!(!find("x.openai.azure.com:443", "gpt-4o").service_tier);
    assert_eq!(
        find("openrouter.ai", "any/thing").reasoning,
        ReasoningRequest::Object
    );
    assert_eq!(
        find("api.deepseek.com", "deepseek-chat").echo,
        ReasoningEcho::Content
    );
    assert_eq!(
        find("api.deepseek.com", "deepseek-reasoner").tool_choice,
        ToolChoiceSupport::AutoOnly
    );
    assert_eq!(
        find("api.mistral.ai", "magistral-medium").call_ids,
        CallIds::Nine
    );
    assert_eq!(find("localhost:1234", "x").schemas, SchemaRule::Properties);
    assert_eq!(
        find("127.0.0.1:11434", "x").tool_choice,
        ToolChoiceSupport::None
    );
    assert!(find("generativelanguage.googleapis.com", "gemini-3-pro").thought_signatures);
    assert!(find("api.moonshot.ai", "kimi-k2-thinking").echo_required);
    assert_eq!(find("unknown.example", "unknown"), Profile::generic());
    assert_eq!(
        table.named("groq", "x").unwrap().max_tokens,
        MaxTokens::Completion
    );
    assert_eq!(table.named("nobody", "x"), None);
}

#[test]
fn the_longest_match_wins_and_the_users_over_ours() {
    let mut table = known();
    let more = r#"
        [[profile]]
        hosts = ["*"]
        set = { max_stops = 7 }
        [[profile]]
        hosts = ["api.x.ai"]
        models = ["grok-9*"]
        set = { max_stops = 2, sampling = { top_k = true } }
    "#;
    table.extend(toml::from_str(more).unwrap()).unwrap();
    assert_eq!(table.find("unknown.example", "x").max_stops, 7);
    assert_eq!(table.find("api.x.ai", "grok-9-fast").max_stops, 2);
    assert!(table.find("api.x.ai", "grok-9").sampling.top_k);
    assert!(table.find("api.x.ai", "grok-9").sampling.basic);
}

#[test]
fn what_a_profile_does_not_have_is_refused() {
    for set in ["nonsense = 1", "max_stops = 'many'", "reasoning = 'hard'"] {
        let text = format!("[[profile]]\nset = {{ {set} }}");
        let table: Table = toml::from_str(&text).unwrap();
        assert_eq!(table.check().unwrap_err().entry, 0, "{set}");
    }
}

#[test]
fn patterns_match_whole_texts() {
    for (pattern, text, fits) in [
        ("a", "a", true),
        ("a", "ab", false),
        ("*", "", true),
        ("*:1234", "h:1234", true),
        ("a*b*c", "aXbYc", true),
        ("a*b*c", "acb", false),
        ("GPT-*", "gpt-5", true),
    ] {
        assert_eq!(matches(pattern, text), fits, "{pattern} {text}");
    }
}
