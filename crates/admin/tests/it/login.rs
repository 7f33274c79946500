//! The dashboard's password: by HTTP Basic, and by logging in.

use http::{Method, StatusCode};

use crate::calls::Api;

const RIGHT: &str = r#"{"password": "hunter22"}"#;
const WRONG: &str = r#"{"password": "hunter23"}"#;

/// The cookie of somebody who has logged in.
async fn log_in(api: &Api) -> String {
    let got = api.ask(Method::POST, "/api/login", &[], RIGHT).await;
    assert_eq!(got.status(), StatusCode::NO_CONTENT);
    let set = got.headers()["set-cookie"].to_str().unwrap();
    for part in [
        "weir_session=",
        "HttpOnly",
        "SameSite=Strict",
        "Path=/",
        "Max-Age=",
    ] {
        assert!(set.contains(part), "{set}");
    }
    assert!(!set.contains("Secure"), "{set}");
    set.split_once(';').unwrap().0.to_owned()
}

#[tokio::test]
async fn without_the_password_pages_and_data_are_401_and_say_how_to_send_it() {
    let api = Api::with_pages(Some("hunter22"));
    // any:hunter22
    let basic = [("authorization", "Basic YW55Omh1bnRlcjIy")];
    for path in ["/", "/api/providers"] {
        let got = api.ask(Method::GET, path, &[], "").await;
        assert_eq!(got.status(), StatusCode::UNAUTHORIZED, "{path}");
        let scheme = got.headers()["www-authenticate"].to_str().unwrap();
        assert!(scheme.starts_with("Basic "), "{scheme}");
        let got = api.ask(Method::GET, path, &basic, "").await;
        assert_eq!(got.status(), StatusCode::OK, "{path}");
    }
}

#[tokio::test]
async fn a_person_is_sent_to_the_page_to_log_in_on() {
    let api = Api::with_pages(Some("hunter22"));
    let browser = [("accept", "text/html,*/*;q=0.8")];
    let got = api
        .ask(Method::GET, "/requests/a?b=c&d", &browser, "")
        .await;
    assert_eq!(got.status(), StatusCode::SEE_OTHER);
    assert_eq!(
        got.headers()["location"],
        "/login?next=/requests/a%3Fb%3Dc%26d"
    );
    for path in ["/login", "/assets/a-1.js", "/favicon.svg"] {
        let got = api.ask(Method::GET, path, &browser, "").await;
        assert_eq!(got.status(), StatusCode::OK, "{path}");
    }
    let page = [("sec-fetch-mode", "cors")];
    let got = api.ask(Method::GET, "/api/requests", &page, "").await;
    assert_eq!(got.status(), StatusCode::UNAUTHORIZED);
    assert!(!got.headers().contains_key("www-authenticate"));
}

#[tokio::test]
async fn a_session_opens_the_api_until_it_is_ended() {
    let api = Api::new(Some("hunter22"), None);
    let cookie = log_in(&api).await;
    let with = [("cookie", cookie.as_str())];
    let got = api.call(Method::GET, "/api/providers", &with, "").await;
    assert_eq!(got.status, StatusCode::OK);
    let got = api.ask(Method::POST, "/api/logout", &with, "").await;
    assert_eq!(got.status(), StatusCode::NO_CONTENT);
    let got = api.call(Method::GET, "/api/providers", &with, "").await;
    assert_eq!(got.status, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn a_change_with_a_cookie_must_come_from_our_own_page() {
    let api = Api::new(Some("hunter22"), None);
    let cookie = log_in(&api).await;
    let path = "/api/providers/u1/disable";
    for (extra, status) in [
        (None, StatusCode::FORBIDDEN),
        (
            Some(("sec-fetch-site", "cross-site")),
            StatusCode::FORBIDDEN,
        ),
        (Some(("sec-fetch-site", "same-site")), StatusCode::FORBIDDEN),
        (
            Some(("origin", "https://evil.example")),
            StatusCode::FORBIDDEN,
        ),
        (Some(("origin", "http://127.0.0.1:3001")), StatusCode::OK),
        (Some(("sec-fetch-site", "same-origin")), StatusCode::OK),
    ] {
        let mut headers = vec![("cookie", cookie.as_str())];
        headers.extend(extra);
        let got = api.call(Method::POST, path, &headers, "").await;
        assert_eq!(got.status, status, "{extra:?}");
    }
}

#[tokio::test]
async fn guessing_is_slowed_down_also_for_the_right_password() {
    let api = Api::new(Some("hunter22"), None);
    for _ in 0..5 {
        let got = api.post("/api/login", WRONG).await;
        assert_eq!(got.status, StatusCode::UNAUTHORIZED);
    }
    for _ in 0..2 {
        let got = api.ask(Method::POST, "/api/login", &[], RIGHT).await;
        assert_eq!(got.status(), StatusCode::TOO_MANY_REQUESTS);
        assert_eq!(got.headers()["retry-after"], "1");
    }
    let basic = [("authorization", "Basic YW55Omh1bnRlcjIy")];
    let got = api.ask(Method::GET, "/api/providers", &basic, "").await;
    assert_eq!(got.status(), StatusCode::TOO_MANY_REQUESTS);
}

#[tokio::test]
async fn one_that_guesses_behind_a_proxy_does_not_slow_the_others_down() {
    let api = Api::new(Some("hunter22"), None);
    let guess = async |client: &str, password: &str| {
        // What a client claims of itself comes first, and is not believed.
        let chain = format!("198.51.100.7, {client}");
        let headers = [("x-forwarded-for", chain.as_str())];
        let got = api.ask(Method::POST, "/api/login", &headers, password);
        got.await.status()
    };
    for _ in 0..5 {
        assert_eq!(guess("203.0.113.9", WRONG).await, StatusCode::UNAUTHORIZED);
    }
    let slowed = guess("203.0.113.9", RIGHT).await;
    assert_eq!(slowed, StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(guess("203.0.113.10", RIGHT).await, StatusCode::NO_CONTENT);
}

#[tokio::test]
async fn a_body_that_is_none_is_refused_and_not_repeated() {
    let api = Api::new(Some("hunter22"), None);
    for body in [
        "",
        "hunter22",
        r#"{"passwd": "hunter22"}"#,
        r#"{"password": 1}"#,
    ] {
        let got = api.post("/api/login", body).await;
        assert_eq!(got.status, StatusCode::BAD_REQUEST, "{body}");
        assert!(!got.json.to_string().contains("hunter22"), "{}", got.json);
    }
    let open = Api::open();
    let got = open.post("/api/login", RIGHT).await;
    assert_eq!(got.status, StatusCode::CONFLICT);
    let got = open.ask(Method::POST, "/api/logout", &[], "").await;
    assert_eq!(got.status(), StatusCode::NO_CONTENT);
}
