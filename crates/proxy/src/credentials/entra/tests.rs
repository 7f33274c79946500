use serde_json::json;
use weir_core::secret::Secret;
use weir_core::settings::Entra;

use super::EntraSource;
use crate::credentials::cache::Source as _;
use crate::credentials::testing::{Server, fetcher};

fn source(authority: &str) -> EntraSource {
    let entra = Entra {
        tenant_id: "tenant".to_owned(),
        client_id: "client".to_owned(),
        client_secret: Secret::new("hush"),
        authority: authority.parse().unwrap(),
    };
    EntraSource::new("cloud".into(), entra, fetcher())
}

#[tokio::test]
async fn client_credentials_become_a_token() {
    let server = Server::start(|_| {
        let body = json!({ "token_type": "Bearer", "expires_in": "3599", "access_token": "eyJ0" });
        (200, body.to_string())
    })
    .await;
    let found = source(&server.address).fetch().await.unwrap();
    assert_eq!(found.value, "Bearer eyJ0");
    assert!(found.value.is_sensitive());
    let seen = &server.seen()[0];
    assert_eq!(seen.path, "/tenant/oauth2/v2.0/token");
    let sent = ["grant_type", "client_id", "client_secret", "scope"];
    assert_eq!(
        sent.map(|name| seen.field(name)),
        [
            "client_credentials",
            "client",
            "hush",
            "https://ai.azure.com/.default"
        ]
    );
}

#[tokio::test]
async fn a_refusal_has_the_code_and_keeps_the_rest_for_the_log() {
    let server = Server::start(|_| {
        let body = json!({ "error": "invalid_client", "error_description": "AADSTS7000215: Invalid client secret" });
        (401, body.to_string())
    })
    .await;
    let error = source(&server.address).fetch().await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "Entra ID client credentials: the token server answered 401 `invalid_client`"
    );
    assert_eq!(error.cause(), Some("AADSTS7000215: Invalid client secret"));
}
