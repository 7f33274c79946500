//! Foundry and Azure OpenAI.

use serde_json::json;
use weir_core::settings::{AuthStyle, Azure, Cloud, Entra};

use super::*;
use crate::credentials::testing::Server;

fn foundry(azure: Azure) -> Provider {
    let mut provider = provider(ProviderKind::Azure, "https://res.services.ai.azure.com");
    provider.cloud = Cloud::Azure(azure);
    provider
}

#[test]
fn messages_go_below_anthropic_with_a_version_and_a_key() {
    let out = sent(
        foundry(Azure::default()),
        "k",
        Asking::post("/v1/messages?beta=true", MESSAGE),
    );
    assert_eq!(
        out.uri,
        "https://res.services.ai.azure.com/anthropic/v1/messages?beta=true"
    );
    assert_eq!(header(&out, "anthropic-version"), "2023-06-01");
    assert_eq!(header(&out, "x-api-key"), "k");
    assert_eq!(text(&out), MESSAGE);
    let newer = Asking::post("/v1/messages", MESSAGE).with(&[("anthropic-version", "2026-10-21")]);
    let out = sent(foundry(Azure::default()), "k", newer);
    assert_eq!(header(&out, "anthropic-version"), "2026-10-21");
}

#[test]
fn openais_dialects_go_below_openai_with_their_own_header() {
    for path in ["/v1/chat/completions", "/v1/responses"] {
        let out = sent(foundry(Azure::default()), "k", Asking::post(path, MESSAGE));
        assert_eq!(
            out.uri,
            *format!("https://res.services.ai.azure.com/openai{path}")
        );
        assert_eq!(header(&out, "api-key"), "k");
        assert!(!out.headers.contains_key("anthropic-version"));
    }
}

#[test]
fn an_api_version_goes_behind_the_clients_query() {
    let azure = || {
        foundry(Azure {
            api_version: Some("2024-06-01".to_owned()),
            ..Azure::default()
        })
    };
    let cases = [
        ("/v1/responses", "api-version=2024-06-01"),
        ("/v1/responses?a=1", "a=1&api-version=2024-06-01"),
        ("/v1/responses?api-version=preview", "api-version=preview"),
    ];
    for (path, query) in cases {
        let out = sent(azure(), "k", Asking::post(path, MESSAGE));
        assert_eq!(out.uri.query(), Some(query));
    }
}

#[test]
fn a_base_url_may_end_in_the_apis_own_part() {
    let mut provider = provider(
        ProviderKind::Azure,
        "https://res.services.ai.azure.com/anthropic",
    );
    provider.cloud = Cloud::Azure(Azure::default());
    let out = sent(provider, "k", Asking::post("/v1/messages", MESSAGE));
    assert_eq!(out.uri.path(), "/anthropic/v1/messages");
    assert_eq!(header(&out, "x-api-key"), "k");
}

#[test]
fn a_token_of_ones_own_goes_as_bearer() {
    let mut azure = foundry(Azure::default());
    azure.auth = AuthStyle::Bearer;
    let out = sent(azure, "eyJ0", Asking::post("/v1/messages", MESSAGE));
    assert_eq!(header(&out, "authorization"), "Bearer eyJ0");
}

#[tokio::test]
async fn entra_id_gives_a_token_once_for_many_requests() {
    let server = Server::start(|_| {
        let body = json!({ "access_token": "eyJ0", "expires_in": 3599 });
        (200, body.to_string())
    })
    .await;
    let azure = foundry(Azure {
        entra: Some(Entra {
            tenant_id: "t".to_owned(),
            client_id: "c".to_owned(),
            client_secret: Secret::new("s"),
            authority: server.address.parse().unwrap(),
        }),
        ..Azure::default()
    });
    let api = api(&Arc::new(azure)).unwrap();
    let asking = Asking::post("/v1/messages", MESSAGE);
    let mut first = shaped(&*api, asking).unwrap();
    let signing = api.sign(&mut first, None);
    assert!(matches!(signing, Signing::Wait(_)));
    signing.done().await.unwrap();
    assert_eq!(header(&first, "authorization"), "Bearer eyJ0");
    let mut second = shaped(&*api, asking).unwrap();
    let signing = api.sign(&mut second, None);
    assert!(matches!(signing, Signing::Ready(Ok(()))));
    drop(signing);
    assert_eq!(header(&second, "authorization"), "Bearer eyJ0");
    assert!(!second.headers.contains_key("x-api-key"));
    assert_eq!(server.seen().len(), 1);
}

#[test]
fn gemini_is_not_to_be_had_here() {
    let path = "/v1beta/models/gemini-3-pro:generateContent";
    let unfit = unfit(foundry(Azure::default()), Asking::post(path, "{}"));
    assert_eq!(unfit.kind, weir_wire::errors::ErrorKind::NotFound);
}
