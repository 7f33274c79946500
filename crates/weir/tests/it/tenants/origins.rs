//! Web pages of other origins that call with a project's token.

use http::Method;
use serde_json::json;

use super::{project, refusal, start, token};
use crate::program::small;

#[tokio::test]
async fn pages_of_named_origins_may_call_and_read_refusals_too() {
    let weir = start(&[(
        "server.cors.allowed_origins",
        "https://ok, http://127.0.0.1:5173",
    )])
    .await;
    let asks = |origin: &'static str| {
        [
            ("origin", origin),
            ("access-control-request-method", "POST"),
            ("access-control-request-headers", "x-foo, authorization"),
        ]
    };
    let path = "/v1/messages";
    let told = weir
        .send(Method::OPTIONS, path, &asks("https://ok"), "")
        .await;
    assert_eq!(told.status, 204);
    assert_eq!(told.headers["access-control-allow-origin"], "https://ok");
    assert_eq!(
        told.headers["access-control-allow-headers"],
        "x-foo, authorization"
    );
    assert_eq!(told.headers["access-control-max-age"], "86400");
    let told = weir
        .send(Method::OPTIONS, path, &asks("https://bad"), "")
        .await;
    assert!(!told.headers.contains_key("access-control-allow-origin"));
    assert_eq!(weir.mock.received().len(), 0);

    let project = project(&weir, json!({})).await;
    let (_, token) = token(&weir, &project, json!({})).await;
    for (sent, status) in [(token.as_str(), 200), ("sk-bad", 401)] {
        let headers = [("x-api-key", sent), ("origin", "https://ok")];
        let got = weir.message(&headers, &small()).await;
        assert_eq!(got.status, status);
        assert_eq!(got.headers["access-control-allow-origin"], "https://ok");
        let exposed = got.headers["access-control-expose-headers"]
            .to_str()
            .unwrap();
        assert!(exposed.contains("X-Request-ID"), "{exposed}");
        let vary: Vec<_> = got.headers.get_all("vary").iter().collect();
        assert!(vary.iter().any(|one| *one == "Origin"), "{vary:?}");
    }
    let headers = [("x-api-key", token.as_str()), ("origin", "https://bad")];
    let got = weir.message(&headers, &small()).await;
    assert!(!got.headers.contains_key("access-control-allow-origin"));
}

#[tokio::test]
async fn every_page_may_ask_where_every_client_needs_a_credential() {
    let weir = start(&[("server.cors.allowed_origins", "*")]).await;
    let asks = [
        ("origin", "https://any"),
        ("access-control-request-method", "POST"),
    ];
    let told = weir
        .send(Method::OPTIONS, "/v1/chat/completions", &asks, "")
        .await;
    assert_eq!((told.status.as_u16(), told.body.len()), (204, 0));
    assert_eq!(told.headers["access-control-allow-origin"], "*");
    assert_eq!(
        told.headers["access-control-allow-headers"],
        "Authorization, Content-Type, X-Requested-With"
    );
    assert_eq!(
        refusal(&weir.message(&[("origin", "https://any")], &small()).await).0,
        401
    );
}
