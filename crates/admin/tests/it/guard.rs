//! Who may see and steer.

use http::{Method, StatusCode};

use crate::calls::Api;

const ALL: [(Method, &str); 19] = [
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
    // There without projects, and guarded as the rest then.
    (Method::GET, "/manage/cache"),
    (Method::POST, "/manage/cache/purge"),
    (Method::GET, "/manage/me"),
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

#[tokio::test]
async fn a_foreign_page_cannot_even_measure_how_long_a_search_takes() {
    let api = Api::with_pages(None);
    let ask = async |path: &str, site: &str, mode: &str, dest: &str| {
        let headers = [
            ("sec-fetch-site", site),
            ("sec-fetch-mode", mode),
            ("sec-fetch-dest", dest),
            ("accept", "text/html"),
        ];
        api.ask(Method::GET, path, &headers, "").await.status()
    };
    let search = "/api/requests/summary?q=secret";
    for site in ["cross-site", "same-site"] {
        for (mode, dest) in [
            ("no-cors", "image"),
            ("no-cors", "script"),
            ("navigate", "iframe"),
            ("navigate", "document"),
        ] {
            let got = ask(search, site, mode, dest).await;
            assert_eq!(got, StatusCode::FORBIDDEN, "{site} {mode} {dest}");
        }
        let framed = ask("/requests", site, "navigate", "iframe").await;
        assert_eq!(framed, StatusCode::FORBIDDEN);
        let link = ask("/requests", site, "navigate", "document").await;
        assert_eq!(link, StatusCode::OK, "a link to a page");
    }
    for site in ["same-origin", "none"] {
        let got = ask("/api/routing", site, "navigate", "document").await;
        assert_eq!(got, StatusCode::OK, "{site}");
    }
}

#[tokio::test]
async fn nobody_keeps_or_shows_what_the_api_answers() {
    let api = Api::new(Some("hunter22"), None);
    let basic = [("authorization", "Basic YW55Omh1bnRlcjIy")];
    for (path, headers) in [
        ("/api/providers", &basic[..]),
        ("/api/providers", &[]),
        ("/api/nothing", &basic),
    ] {
        let got = api.ask(Method::GET, path, headers, "").await;
        assert_eq!(got.headers()["cache-control"], "no-store", "{path}");
        let policy = got.headers()["content-security-policy"].to_str().unwrap();
        assert!(policy.starts_with("default-src 'none'"), "{policy}");
        assert_eq!(got.headers()["x-content-type-options"], "nosniff");
    }
}
