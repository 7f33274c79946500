//! Who may see and steer.

use http::{Method, StatusCode};

use crate::calls::Api;

const ALL: [(Method, &str); 16] = [
    (Method::GET, "/api/providers"),
    (Method::GET, "/api/providers/u1"),
    (Method::POST, "/api/providers/u1/enable"),
    (Method::POST, "/api/providers/u1/disable"),
    (Method::POST, "/api/providers/u1/reset"),
    (Method::POST, "/api/providers/u1/keys"),
    (Method::DELETE, "/api/providers/u1/keys/spare"),
    (Method::POST, "/api/providers/u1/keys/spare/enable"),
    (Method::POST, "/api/providers/u1/keys/spare/disable"),
    (Method::POST, "/api/providers/u1/keys/spare/reset"),
    (Method::GET, "/api/quota"),
    (Method::GET, "/api/stats"),
    (Method::GET, "/api/stats/stream"),
    (Method::PUT, "/api/routing/strategy"),
    (Method::POST, "/api/config/reload"),
    (Method::GET, "/api/config/effective"),
];

async fn everywhere(api: &Api, headers: &[(&str, &str)], expected: StatusCode) {
    for (method, path) in ALL {
        let got = api.call(method.clone(), path, headers, "").await;
        assert_eq!(got.status, expected, "{method} {path}");
        assert!(got.json["error"].is_string(), "{method} {path}");
    }
    let seen = api.gateway.as_ref();
    let seen = weir_core::steer::Steering::provider(seen, "u1").unwrap();
    assert!(seen.enabled && seen.keys.len() == 2, "nothing was done");
}

#[tokio::test]
async fn without_the_password_nothing_is_shown_and_nothing_done() {
    let api = Api::new(Some("hunter22"), None);
    everywhere(&api, &[], StatusCode::UNAUTHORIZED).await;
    // any:hunter22
    let right = [("authorization", "Basic YW55Omh1bnRlcjIy")];
    let path = "/api/providers/u1/disable";
    let got = api.call(Method::POST, path, &right, "").await;
    assert_eq!(got.status, StatusCode::OK);
}

#[tokio::test]
async fn without_the_gates_credential_nothing_is_shown_and_nothing_done() {
    let api = Api::new(None, Some("gate-key"));
    everywhere(&api, &[], StatusCode::UNAUTHORIZED).await;
    let right = [("x-api-key", "gate-key")];
    let got = api.call(Method::GET, "/api/providers", &right, "").await;
    assert_eq!(got.status, StatusCode::OK);
}

#[tokio::test]
async fn a_clients_own_account_shows_nothing_of_others() {
    let api = Api::of_subscribers();
    let own = [("authorization", "Bearer sk-ant-oat01-own")];
    everywhere(&api, &own, StatusCode::UNAUTHORIZED).await;
}

#[tokio::test]
async fn pages_of_other_origins_and_rebound_names_do_nothing() {
    let api = Api::open();
    let foreign = [("origin", "https://evil.example")];
    everywhere(&api, &foreign, StatusCode::FORBIDDEN).await;
    everywhere(&api, &[("origin", "null")], StatusCode::FORBIDDEN).await;
    let rebound = [("host", "evil.example:3001")];
    everywhere(&api, &rebound, StatusCode::MISDIRECTED_REQUEST).await;
    let own = [("origin", "http://127.0.0.1:3001")];
    let path = "/api/providers/u1/disable";
    let got = api.call(Method::POST, path, &own, "").await;
    assert_eq!(got.status, StatusCode::OK);
}
