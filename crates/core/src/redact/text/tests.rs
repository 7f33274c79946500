//! What of a text is shown, and what is not.

use proptest::prelude::*;

use super::mask_text;

#[test]
fn values_of_sensitive_names_are_blotted_out_wherever_they_stand() {
    for text in [
        r#"{"api_key":"sss"}"#,
        r#"{"model":"m","API-Key" : "sss","max_tokens":5}"#,
        r#"{"x-api-key":"sss"}"#,
        r#"{"apiKey":"sss"}"#,
        r#"{"access_token":"sss"}"#,
        r#"{"password":"a\"sss\\"}"#,
        r#"{"client_secret":12, "secret":["sss",{"a":"sss"}], "b": 1}"#,
        r#"{"authorization":{"scheme":"x","value":"}sss"}}"#,
        r#"{"api\u005fkey":"sss"}"#,
        r#"{"text":"{\"api_key\":\"sss\"}"}"#,
        r#"{"text":"{\"a\":\"{\\\"api_key\\\":\\\"sss\\\"}\"}"}"#,
        r#"{"text":"say \"token\": \"a\\\"sss\\\\\" twice"}"#,
        r#"{"text":"export API_KEY=sss && run"}"#,
        r#"{"text":"curl -H 'Authorization: Bearer sss' http://h"}"#,
        r#"{"text":"curl -H \"x-api-key: sss\" http://h"}"#,
        r#"{"text":"run --api-key sss -v"}"#,
        r#"{"text":"https://user:sss@host/a"}"#,
        r#"{"text":"-----BEGIN RSA PRIVATE KEY-----\nsss\n-----END RSA PRIVATE KEY-----"}"#,
        "password = 'sss'",
        "Cookie: a=1; b=sss",
        "grant_type=x&client_secret=sss&a=b",
        "{\"api_key\":\n  \"sss\"}",
    ] {
        let masked = mask_text(text);
        assert!(!masked.contains("sss"), "{text}\n{masked}");
        assert!(
            masked.contains("***") || masked.contains("host/a"),
            "{masked}"
        );
    }
}

#[test]
fn a_cut_text_shows_no_part_of_a_credential() {
    let whole = r#"{"a":"b","api_key":"SSSSSSSS","text":"{\"token\":\"SSSSSSSS\"}","authorization":["SSS","SSS"],"c":"Bearer SSSSSSSSSSSSSSSSSSSS"}"#;
    for end in 0..=whole.len() {
        let masked = mask_text(whole.get(..end).expect("it is ASCII"));
        assert!(!masked.contains('S'), "{end}: {masked}");
    }
}

#[test]
fn keys_of_services_are_known_by_their_looks() {
    for text in [
        "use sk-ant-api03-abcdefghijkl please",
        "AIzaSyA1234567890abcdefghijk",
        "ghp_0123456789abcdefghij",
        "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln",
        "cut off: sk-ant-ap",
    ] {
        let masked = mask_text(text);
        assert!(masked.contains("***"), "{masked}");
        for part in ["sk-ant", "AIza", "ghp_", "eyJ"] {
            assert!(!masked.contains(part), "{masked}");
        }
    }
}

#[test]
fn what_is_no_credential_stays() {
    for text in [
        r#"{"model":"claude-sonnet-4-5","max_tokens":1024,"stream":true}"#,
        r#"{"messages":[{"role":"user","content":"count the tokens of a key"}]}"#,
        r#"{"thinking":{"type":"enabled","budget_tokens":1024}}"#,
        "a bearer of news; sk-learn; eyJ is how it begins",
        "-----BEGIN CERTIFICATE-----\nabc\n-----END CERTIFICATE-----",
        "Grüße, 世界 \u{1f600}",
        "",
    ] {
        assert_eq!(mask_text(text), text);
    }
}

#[test]
fn what_follows_a_credential_stays() {
    let masked = mask_text(r#"{"api_key":"sss","model":"m","t":"{\"token\":\"sss\",\"n\":1}"}"#);
    let expected = r#"{"api_key":"***","model":"m","t":"{\"token\":\"***\",\"n\":1}"}"#;
    assert_eq!(masked, expected);
}

proptest! {
    #[test]
    fn any_value_of_a_sensitive_name_is_blotted_out(
        before in "[ -~]{0,20}",
        value in "[ -~\u{e4}\n]{0,30}",
        depth in 0_usize..3,
    ) {
        let secret = format!("qQ{value}qQ");
        let mut text = serde_json::json!({"api_key": secret, "n": 1}).to_string();
        for _ in 0..depth {
            text = serde_json::json!({"text": text}).to_string();
        }
        let masked = mask_text(&text);
        prop_assert!(!masked.contains("qQ"), "{text}\n{masked}");
        let _never_panics = mask_text(&format!("{before}{text}"));
    }

    #[test]
    fn any_text_can_be_masked(text in any::<String>()) {
        let _masked = mask_text(&text);
    }

    #[test]
    fn any_text_of_marks_and_names_can_be_masked(
        text in r#"(api_key|token|[\\"':=\[\]{} ]|\\u00|6|1|Bearer|sk-|-----BEGIN |é){0,40}"#,
    ) {
        let _masked = mask_text(&text);
    }
}
