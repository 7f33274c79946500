//! What is said of a body and of headers.

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue};
use weir_core::exchange::RawBody;

use super::{asked, cut, is_text, preview, shown};

fn body(pieces: &[&[u8]]) -> RawBody {
    let mut body = RawBody::default();
    for piece in pieces {
        body.push(Bytes::copy_from_slice(piece));
    }
    body
}

#[test]
fn a_preview_is_cut_between_characters() {
    let text = "aéü世界\u{1f600}";
    for limit in 1..=text.len() + 1 {
        let (first, last) = text.as_bytes().split_at(4);
        let preview = preview(&body(&[first, last]), limit);
        assert!(preview.len() <= limit, "{limit}: {preview}");
        assert!(text.starts_with(&preview), "{limit}: {preview}");
        assert!(limit - preview.len() < 4 || preview == text);
    }
    assert_eq!(preview(&body(&[b"a\xff\xfeb"]), 20), "a\u{fffd}\u{fffd}b");
    assert_eq!(preview(&RawBody::default(), 20), "");
}

#[test]
fn a_preview_that_is_cut_within_a_credential_shows_none_of_it() {
    let text = br#"{"model":"m","api_key":"SSSSSSSSSSSSSSSSSS"}"#;
    for limit in 1..=text.len() {
        let preview = preview(&body(&[text]), limit);
        assert!(!preview.contains('S'), "{limit}: {preview}");
    }
}

#[test]
fn model_and_most_tokens_are_read_in_every_dialect() {
    for (text, model, tokens) in [
        (r#"{"max_tokens":5,"model":"a"}"#, Some("a"), Some(5)),
        (
            r#"{"model":"b","max_completion_tokens":6}"#,
            Some("b"),
            Some(6),
        ),
        (
            r#"{"input":[{"model":"x"}],"max_output_tokens":7}"#,
            None,
            Some(7),
        ),
        (
            r#"{"generationConfig":{"maxOutputTokens":8,"x":1}}"#,
            None,
            Some(8),
        ),
        (r#"{"model":7,"max_tokens":"many"}"#, None, None),
        (r#"{"model":"cut off","messages":["#, Some("cut off"), None),
        ("no JSON", None, None),
    ] {
        let (first, last) = text.as_bytes().split_at(3);
        let asked = asked(&body(&[first, last]));
        assert_eq!(
            (asked.model.as_deref(), asked.max_tokens),
            (model, tokens),
            "{text}"
        );
    }
}

#[test]
fn only_harmless_headers_are_said() {
    let mut headers = HeaderMap::new();
    for (name, value) in [
        ("request-id", "req_1"),
        ("retry-after", "3"),
        ("anthropic-ratelimit-tokens-remaining", "7"),
        ("x-weir-route-reason", "strategy"),
        ("set-cookie", "SSS"),
        ("x-api-key", "SSS"),
        ("x-codex-access-token", "SSS"),
        ("x-anything", "SSS"),
        ("server", "Bearer SSS12"),
    ] {
        headers.insert(
            HeaderName::from_static(name),
            HeaderValue::from_static(value),
        );
    }
    let shown = shown(&headers);
    assert_eq!(shown["request-id"], "req_1");
    assert_eq!(shown["anthropic-ratelimit-tokens-remaining"], "7");
    assert_eq!(shown.as_object().map(serde_json::Map::len), Some(5));
    assert!(!shown.to_string().contains("SSS"), "{shown}");
}

#[test]
fn only_text_is_said() {
    for (content_type, text) in [
        (None, true),
        (Some("application/json; charset=utf-8"), true),
        (Some("TEXT/plain"), true),
        (Some("application/octet-stream"), false),
        (Some("multipart/form-data; boundary=x"), false),
    ] {
        assert_eq!(is_text(content_type), text, "{content_type:?}");
    }
    assert_eq!(cut("aé", 2), "a");
}
