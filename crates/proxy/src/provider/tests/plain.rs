//! Providers that take a client's dialect as it is.

use http::header::AUTHORIZATION;
use weir_core::settings::AuthStyle;
use weir_wire::dialect::Dialect;

use super::*;
use crate::provider::{Form, Probe};

fn mapped(mut provider: Provider, from: &str, to: &str) -> Provider {
    provider
        .model_mapping
        .insert(from.to_owned(), to.to_owned());
    provider
}

#[test]
fn zai_gets_the_clients_bytes_and_the_configured_key() {
    let zai = provider(ProviderKind::Zai, "https://api.z.ai/api/anthropic");
    let out = sent(zai, "k-z1", Asking::post("/v1/messages", MESSAGE));
    assert_eq!(out.uri, "https://api.z.ai/api/anthropic/v1/messages");
    assert_eq!(header(&out, "x-api-key"), "k-z1");
    assert!(!out.headers.contains_key(AUTHORIZATION));
    assert_eq!(header(&out, "content-type"), "application/json");
    assert_eq!(text(&out), MESSAGE);
    assert_eq!(out.body.pieces.len(), 2, "not even joined");
}

#[test]
fn a_base_path_goes_in_front_and_the_query_stays() {
    for kind in [
        ProviderKind::Zai,
        ProviderKind::Anthropic,
        ProviderKind::Minimax,
    ] {
        let provider = provider(kind, "http://u1:9801/pre");
        let asking = Asking::post("/v1/messages?beta=true&x=1", MESSAGE);
        let out = sent(provider, "k", asking);
        assert_eq!(out.uri, "http://u1:9801/pre/v1/messages?beta=true&x=1");
    }
}

#[test]
fn a_clients_version_is_never_replaced() {
    let at_anthropic = || provider(ProviderKind::Anthropic, "https://api.anthropic.com");
    let asking = Asking::post("/v1/messages", MESSAGE);
    let out = sent(at_anthropic(), "", asking);
    assert_eq!(header(&out, "anthropic-version"), "2023-06-01");
    let newer = asking.with(&[
        ("anthropic-version", "2026-10-21"),
        ("anthropic-beta", "a,b"),
    ]);
    let out = sent(at_anthropic(), "", newer);
    assert_eq!(header(&out, "anthropic-version"), "2026-10-21");
    assert_eq!(header(&out, "anthropic-beta"), "a,b");
    let zai = provider(ProviderKind::Zai, "https://api.z.ai");
    let out = sent(zai, "k", asking);
    assert!(!out.headers.contains_key("anthropic-version"));
}

#[test]
fn a_content_type_is_added_only_to_a_body_without_one() {
    let zai = || provider(ProviderKind::Zai, "https://api.z.ai");
    let asking = Asking::post("/v1/messages", MESSAGE).with(&[]);
    let out = sent(zai(), "k", asking);
    assert_eq!(header(&out, "content-type"), "application/json");
    let odd = asking.with(&[("content-type", "application/json; charset=utf-8")]);
    let out = sent(zai(), "k", odd);
    assert_eq!(
        header(&out, "content-type"),
        "application/json; charset=utf-8"
    );
    let list = Asking {
        method: "GET",
        path: "/v1/models",
        headers: &[],
        body: "",
    };
    assert!(!sent(zai(), "k", list).headers.contains_key("content-type"));
}

#[test]
fn each_kind_puts_its_key_where_the_vendor_wants_it() {
    let subscription = "sk-ant-oat01-x";
    let cases = [
        (ProviderKind::Anthropic, "sk-ant-api03-x", "x-api-key"),
        (ProviderKind::Anthropic, subscription, "authorization"),
        (ProviderKind::Openai, "k", "authorization"),
        (ProviderKind::OpenaiCompatible, "k", "authorization"),
        (ProviderKind::Gemini, "k", "x-goog-api-key"),
        (ProviderKind::Zai, "k", "x-api-key"),
        (ProviderKind::Minimax, "k", "authorization"),
        (ProviderKind::Ollama, "k", "x-api-key"),
        (ProviderKind::Openrouter, "k", "authorization"),
    ];
    for (kind, secret, place) in cases {
        let provider = provider(kind, "http://u1:9801");
        let out = sent(provider, secret, Asking::post("/v1/messages", MESSAGE));
        let expected = match place {
            "authorization" => format!("Bearer {secret}"),
            _ => secret.to_owned(),
        };
        assert_eq!(header(&out, place), expected, "{kind:?}");
        assert!(out.headers[place].is_sensitive(), "{kind:?}");
        let others = ["authorization", "x-api-key", "x-goog-api-key", "api-key"];
        let there = others
            .iter()
            .filter(|name| out.headers.contains_key(**name));
        assert_eq!(there.count(), 1, "{kind:?}");
    }
}

#[test]
fn settings_may_name_another_place_for_the_key() {
    let cases = [
        (AuthStyle::Bearer, "authorization", "Bearer k"),
        (AuthStyle::XApiKey, "x-api-key", "k"),
        (AuthStyle::ApiKey, "api-key", "k"),
        (AuthStyle::XGoogApiKey, "x-goog-api-key", "k"),
    ];
    for (style, place, expected) in cases {
        let mut provider = provider(ProviderKind::Ollama, "https://ollama.com");
        provider.auth = style;
        let out = sent(provider, "k", Asking::post("/v1/messages", MESSAGE));
        assert_eq!(header(&out, place), expected);
    }
}

#[test]
fn ollama_needs_no_key() {
    let ollama = provider(ProviderKind::Ollama, "http://localhost:11434");
    for path in ["/v1/messages", "/v1/chat/completions", "/v1/responses"] {
        let out = sent(ollama.clone(), "", Asking::post(path, MESSAGE));
        assert_eq!(out.uri.path(), path);
        assert_eq!(out.headers.len(), 1, "only the content type");
    }
}

#[test]
fn a_key_that_no_header_can_carry_is_an_error_that_does_not_show_it() {
    let zai = api(&Arc::new(provider(ProviderKind::Zai, "http://u1"))).unwrap();
    let mut out = shaped(&*zai, Asking::post("/v1/messages", MESSAGE)).unwrap();
    let key = key("hush\nhush");
    let Signing::Ready(Err(error)) = zai.sign(&mut out, Some(&key)) else {
        panic!("it was signed");
    };
    assert!(matches!(error, SignError::Key));
    assert!(!format!("{error} {error:?}").contains("hush"));
}

#[test]
fn a_mapped_model_changes_its_value_and_no_other_byte() {
    let zai = mapped(provider(ProviderKind::Zai, "http://u1"), "m1", "\"GLM\"");
    let out = sent(zai.clone(), "k", Asking::post("/v1/messages", MESSAGE));
    assert_eq!(text(&out), MESSAGE.replacen("\"m1\"", r#""\"GLM\"""#, 1));
    let other = r#"{"model":"m2","max_tokens":1}"#;
    let out = sent(zai, "k", Asking::post("/v1/messages", other));
    assert_eq!(text(&out), other);
}

#[test]
fn geminis_mapped_model_stands_in_the_path() {
    let gemini = mapped(
        provider(ProviderKind::Gemini, "https://g.example"),
        "gemini-3-pro",
        "gemini-x y",
    );
    let body = r#"{"contents":[]}"#;
    for colon in [":", "%3A"] {
        let path: &'static str =
            format!("/v1beta/models/gemini-3-pro{colon}streamGenerateContent?alt=sse&key=k").leak();
        let out = sent(gemini.clone(), "k", Asking::post(path, body));
        let expected = format!(
            "https://g.example/v1beta/models/gemini-x%20y{colon}streamGenerateContent?alt=sse&key=k"
        );
        assert_eq!(out.uri, *expected);
        assert_eq!(text(&out), body);
    }
    let path = "/v1beta/models/other:generateContent";
    let out = sent(gemini, "k", Asking::post(path, body));
    assert_eq!(out.uri.path(), path);
}

#[test]
fn openrouter_has_both_shapes_below_its_base_path() {
    let openrouter = provider(ProviderKind::Openrouter, "https://openrouter.ai/api");
    for path in ["/v1/messages", "/v1/chat/completions"] {
        let out = sent(openrouter.clone(), "k", Asking::post(path, MESSAGE));
        assert_eq!(out.uri, *format!("https://openrouter.ai/api{path}"));
    }
}

#[test]
fn a_compatible_base_url_may_have_a_version_of_its_own() {
    let cases = [
        ("http://gpu:8000", "http://gpu:8000/v1/chat/completions?x=1"),
        (
            "https://api.groq.com/openai",
            "https://api.groq.com/openai/v1/chat/completions?x=1",
        ),
        (
            "https://z.example/api/paas/v4",
            "https://z.example/api/paas/v4/chat/completions?x=1",
        ),
        (
            "https://g.example/v1beta/openai",
            "https://g.example/v1beta/openai/chat/completions?x=1",
        ),
    ];
    for (base_url, expected) in cases {
        let provider = provider(ProviderKind::OpenaiCompatible, base_url);
        let asking = Asking::post("/v1/chat/completions?x=1", MESSAGE);
        assert_eq!(sent(provider, "k", asking).uri, *expected);
    }
}

#[test]
fn a_kind_serves_the_dialects_that_it_is_configured_for() {
    let mut zai = provider(ProviderKind::Zai, "http://u1");
    let serves = |provider: &Provider, dialect| {
        api(&Arc::new(provider.clone()))
            .unwrap()
            .serves(dialect, weir_wire::dialect::Operation::Generate)
    };
    assert!(serves(&zai, Dialect::AnthropicMessages));
    assert!(!serves(&zai, Dialect::OpenaiChat));
    zai.dialects.push(Dialect::OpenaiChat);
    assert!(serves(&zai, Dialect::OpenaiChat));
}

#[test]
fn a_probe_goes_to_the_base_path_or_where_the_settings_say() {
    let zai = api(&Arc::new(provider(ProviderKind::Zai, "http://u1"))).unwrap();
    let probe = Probe {
        method: Method::GET,
        path: PathAndQuery::from_static("/"),
        signed: false,
    };
    assert_eq!(zai.probe(), probe);
    let ollama = provider(ProviderKind::Ollama, "http://u1");
    let ollama = api(&Arc::new(ollama)).unwrap();
    assert_eq!(ollama.probe().path, "/api/tags");
    assert!(ollama.probe().signed);
    assert_eq!(
        zai.form(http::StatusCode::OK, &HeaderMap::new()),
        Form::AsIs
    );
}

#[test]
fn every_kind_has_an_api() {
    for kind in ProviderKind::ALL {
        let provider = Arc::new(provider(kind, "http://u1"));
        let api = api(&provider).unwrap();
        assert_eq!(api.provider().kind, kind);
        for dialect in kind.dialects() {
            let operation = weir_wire::dialect::Operation::Generate;
            assert!(api.serves(*dialect, operation), "{kind:?}");
        }
    }
}
