//! The dashboard's files.

use http::{Method, StatusCode};
use http_body_util::BodyExt as _;

use crate::calls::Api;

const BROWSER: (&str, &str) = ("accept", "text/html,application/xhtml+xml,*/*;q=0.8");

async fn text(api: &Api, path: &str, headers: &[(&str, &str)]) -> (StatusCode, String) {
    let got = api.ask(Method::GET, path, headers, "").await;
    let status = got.status();
    let body = got.into_body().collect().await.unwrap().to_bytes();
    (status, String::from_utf8(body.into()).unwrap())
}

#[tokio::test]
async fn a_browser_gets_the_page_on_every_address_and_may_run_only_its_script() {
    let api = Api::with_pages(None);
    for path in [
        "/",
        "/requests",
        "/requests/01-a",
        "/sessions/x",
        "/replay/1",
        "/login",
    ] {
        let got = api.ask(Method::GET, path, &[BROWSER], "").await;
        assert_eq!(got.status(), StatusCode::OK, "{path}");
        let headers = got.headers();
        assert_eq!(headers["content-type"], "text/html; charset=utf-8");
        assert_eq!(headers["cache-control"], "no-cache");
        let policy = headers["content-security-policy"].to_str().unwrap();
        assert!(
            policy.contains("default-src 'none'; script-src 'self'"),
            "{policy}"
        );
        assert!(!policy.contains("unsafe"), "{policy}");
        assert_eq!(headers["x-content-type-options"], "nosniff");
        assert_eq!(headers["referrer-policy"], "no-referrer");
        assert_eq!(headers["cross-origin-opener-policy"], "same-origin");
        assert_eq!(headers["cross-origin-resource-policy"], "same-origin");
    }
}

#[tokio::test]
async fn programs_get_text_at_the_root_and_errors_that_they_understand_elsewhere() {
    for api in [Api::with_pages(None), Api::open()] {
        let (status, root) = text(&api, "/", &[]).await;
        assert!(
            status == StatusCode::OK && root.starts_with("weir is running"),
            "{root}"
        );
        let (status, error) = text(&api, "/requests", &[]).await;
        assert_eq!(status, StatusCode::NOT_FOUND);
        assert!(error.contains("not_found_error"), "{error}");
    }
    let (_, root) = text(&Api::open(), "/", &[BROWSER]).await;
    assert!(root.starts_with("weir is running"), "{root}");
}

#[tokio::test]
async fn files_come_in_the_smallest_form_that_is_taken_and_stay_in_caches() {
    let api = Api::with_pages(None);
    for (accepted, form) in [
        ("gzip, br", "brotli"),
        ("gzip;q=1.0", "gzip"),
        ("br;q=0, gzip", "gzip"),
        ("identity", "plain"),
    ] {
        let headers = [("accept-encoding", accepted)];
        let (status, body) = text(&api, "/assets/a-1.js", &headers).await;
        assert_eq!(
            (status, body.as_str()),
            (StatusCode::OK, form),
            "{accepted}"
        );
    }
    let got = api.ask(Method::GET, "/assets/a-1.js", &[], "").await;
    let headers = got.headers();
    assert_eq!(
        headers["cache-control"],
        "public, max-age=31536000, immutable"
    );
    assert_eq!(headers["vary"], "accept-encoding");
    let etag = headers["etag"].to_str().unwrap();
    let known = [("if-none-match", etag)];
    let got = api.ask(Method::GET, "/assets/a-1.js", &known, "").await;
    assert_eq!(got.status(), StatusCode::NOT_MODIFIED);
    for path in [
        "/assets/none.js",
        "/assets/../index.html",
        "/index.html",
        "/assets/a-1.js.br",
    ] {
        let (status, _) = text(&api, path, &[BROWSER]).await;
        assert_eq!(status, StatusCode::NOT_FOUND, "{path}");
    }
}
