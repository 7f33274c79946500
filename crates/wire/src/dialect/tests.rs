//! What `recognise` makes of the paths that real clients send.

use http::{HeaderMap, HeaderName, HeaderValue, Method};

use super::{Dialect, Operation, recognise};

const ANTHROPIC: &[(&str, &str)] = &[("x-api-key", "k"), ("anthropic-version", "2023-06-01")];
const NEW_ANTHROPIC: &[(&str, &str)] = &[
    ("authorization", "Bearer sk-ant-api"),
    ("anthropic-version", "2026-10-21"),
];
const OPENAI: &[(&str, &str)] = &[("authorization", "Bearer sk-proj-1")];
const GOOGLE: &[(&str, &str)] = &[("authorization", "Bearer k"), ("x-goog-api-key", "k")];
const NOTHING: &[(&str, &str)] = &[];

fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
    pairs
        .iter()
        .map(|(name, value)| {
            (
                HeaderName::from_static(name),
                HeaderValue::from_static(value),
            )
        })
        .collect()
}

/// `METHOD /path?query` with headers, as `dialect operation model`.
fn seen(request: &str, pairs: &[(&'static str, &'static str)]) -> String {
    let (method, target) = request.split_once(' ').expect("METHOD TARGET");
    let method: Method = method.parse().expect("a method");
    let (path, query) = target
        .split_once('?')
        .map_or((target, None), |(p, q)| (p, Some(q)));
    match recognise(&method, path, query, &headers(pairs)) {
        None => "none".to_owned(),
        Some(found) => format!(
            "{} {:?} {}",
            found.dialect.as_str(),
            found.operation,
            found.path_model.unwrap_or("-")
        ),
    }
}

#[test]
fn anthropic_paths_are_anthropic_whatever_the_credential() {
    for pairs in [ANTHROPIC, NEW_ANTHROPIC, OPENAI, NOTHING] {
        assert_eq!(
            seen("POST /v1/messages?beta=true", pairs),
            "anthropic_messages Generate -"
        );
        assert_eq!(
            seen("POST /v1/complete", pairs),
            "anthropic_messages Generate -"
        );
        assert_eq!(
            seen("POST /v1/messages/count_tokens", pairs),
            "anthropic_messages CountTokens -"
        );
        assert_eq!(
            seen("POST /v1/messages/batches", pairs),
            "anthropic_messages Other -"
        );
        assert_eq!(
            seen("GET /v1/messages/batches/b/results", pairs),
            "anthropic_messages Other -"
        );
        assert_eq!(
            seen("GET /v1/organizations/me", pairs),
            "anthropic_messages Other -"
        );
    }
}

#[test]
fn openai_paths_are_openai_whatever_the_credential() {
    for pairs in [OPENAI, NOTHING, ANTHROPIC] {
        assert_eq!(
            seen("POST /v1/chat/completions", pairs),
            "openai_chat Generate -"
        );
        assert_eq!(
            seen("POST /v1/completions", pairs),
            "openai_chat Generate -"
        );
        assert_eq!(
            seen("POST /v1/embeddings", pairs),
            "openai_chat Embeddings -"
        );
        assert_eq!(seen("POST /v1/audio/speech", pairs), "openai_chat Other -");
        assert_eq!(
            seen("GET /v1/threads/t/messages?order=desc", pairs),
            "openai_chat Other -"
        );
        assert_eq!(
            seen("POST /v1/responses", pairs),
            "openai_responses Generate -"
        );
        assert_eq!(seen("GET /v1/responses", pairs), "openai_responses Other -");
        assert_eq!(
            seen("POST /v1/responses/input_tokens", pairs),
            "openai_responses CountTokens -"
        );
        assert_eq!(
            seen("GET /v1/responses/resp_1?stream=false", pairs),
            "openai_responses Other -"
        );
    }
}

#[test]
fn gemini_calls_name_the_model_in_the_path() {
    for version in ["v1beta", "v1", "v1alpha", "v1beta1", "v2"] {
        let call = |verb: &str| seen(&format!("POST /{version}/models/g-3.1-pro:{verb}"), GOOGLE);
        assert_eq!(call("generateContent"), "gemini Generate g-3.1-pro");
        assert_eq!(
            call("streamGenerateContent?alt=sse"),
            "gemini GenerateStream g-3.1-pro"
        );
        assert_eq!(call("countTokens"), "gemini CountTokens g-3.1-pro");
        assert_eq!(call("batchEmbedContents"), "gemini Embeddings g-3.1-pro");
        assert_eq!(call("batchGenerateContent"), "gemini Other g-3.1-pro");
        assert_eq!(call("inventedLater"), "gemini Other g-3.1-pro");
    }
    assert_eq!(
        seen("POST /v1beta/models/g%3AgenerateContent", GOOGLE),
        "gemini Generate g"
    );
    assert_eq!(
        seen("GET /v1beta/models?pageSize=2", NOTHING),
        "gemini Models -"
    );
    assert_eq!(seen("GET /v1beta/models/g", NOTHING), "gemini Other -");
    assert_eq!(seen("POST /v1beta/interactions", OPENAI), "gemini Other -");
    assert_eq!(
        seen("PATCH /v1beta/cachedContents/x?updateMask=ttl", GOOGLE),
        "gemini Other -"
    );
}

#[test]
fn a_colon_in_a_fine_tuned_models_name_is_not_a_gemini_call() {
    let name = "DELETE /v1/models/ft:gpt-4.1-mini-2025-04-14:team::BkaILRSh";
    assert_eq!(seen(name, OPENAI), "openai_chat Other -");
}

#[test]
fn shared_paths_follow_the_credential() {
    for path in ["/v1/files", "/v1/models/x", "/v1/batches/b", "/v1/invented"] {
        let owner = |query: &str, pairs| seen(&format!("GET {path}{query}"), pairs);
        assert_eq!(owner("", ANTHROPIC), "anthropic_messages Other -");
        assert_eq!(owner("", NEW_ANTHROPIC), "anthropic_messages Other -");
        assert_eq!(
            owner("", &[("x-api-key", "k")]),
            "anthropic_messages Other -"
        );
        assert_eq!(
            owner("", &[("authorization", "Bearer sk-ant-oat01")]),
            "anthropic_messages Other -"
        );
        assert_eq!(owner("", GOOGLE), "gemini Other -");
        assert_eq!(owner("?a=b&key=k", NOTHING), "gemini Other -");
        assert_eq!(owner("?monkey=k", NOTHING), "anthropic_messages Other -");
        assert_eq!(owner("", OPENAI), "openai_chat Other -");
        assert_eq!(
            owner("", &[("authorization", "bearer x")]),
            "openai_chat Other -"
        );
        assert_eq!(owner("", NOTHING), "anthropic_messages Other -");
    }
    assert_eq!(
        seen("GET /v1/models?limit=1000", ANTHROPIC),
        "anthropic_messages Models -"
    );
    assert_eq!(seen("GET /v1/models", OPENAI), "openai_chat Models -");
    assert_eq!(seen("GET /v1/models", GOOGLE), "gemini Models -");
}

#[test]
fn other_paths_are_not_the_data_planes() {
    for path in [
        "/",
        "",
        "*",
        "/v1",
        "/api/hello",
        "/api/v1/audio/speech",
        "/health",
        "/vbeta/x",
        "/v1x/y",
        "//v1/messages",
    ] {
        assert_eq!(seen(&format!("POST {path}"), ANTHROPIC), "none", "{path}");
    }
}

#[test]
fn names_are_stable() {
    assert_eq!(Dialect::Gemini.as_str(), "gemini");
    assert_eq!(Operation::GenerateStream.as_str(), "generate");
}
