//! The client against answers that are made up.

use std::convert::Infallible;

use axum::Router;
use axum::body::Body;
use axum::response::IntoResponse as _;
use axum::routing::get;
use http::Request;
use hyper::server::conn::http1;
use hyper_util::rt::TokioIo;
use hyper_util::service::TowerToHyperService;
use serde_json::json;
use tokio::net::TcpListener;
use weir_core::secret::Secret;

use super::*;

/// Serves for as long as the test runs, and gives the address.
pub(crate) async fn serve(router: Router) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let service = TowerToHyperService::new(router.clone());
            let serving = http1::Builder::new().serve_connection(TokioIo::new(stream), service);
            tokio::spawn(serving);
        }
    });
    url
}

/// A client without credentials.
pub(crate) fn client(url: &str) -> Client {
    with(url, None, None)
}

fn with(url: &str, password: Option<&str>, token: Option<&str>) -> Client {
    let gateway = Gateway {
        url: url.to_owned(),
        password: password.map(Secret::new),
        token: token.map(Secret::new),
    };
    Client::new(&gateway).unwrap()
}

/// Answers with the credential it was given.
async fn mirror(request: Request<Body>) -> axum::Json<Value> {
    let sent = request.headers().get(AUTHORIZATION);
    let sent = sent.map(|value| value.to_str().unwrap().to_owned());
    axum::Json(json!({ "sent": sent, "path": request.uri().path() }))
}

#[tokio::test]
async fn the_password_goes_before_the_token_and_empty_ones_are_none() {
    let url = serve(Router::new().fallback(get(mirror))).await;
    for (password, token, expected) in [
        (None, None, None),
        (Some(""), Some(""), None),
        (None, Some("t"), Some("Bearer t")),
        (
            Some("hunter22"),
            Some("t"),
            Some("Basic d2VpcjpodW50ZXIyMg=="),
        ),
    ] {
        let client = with(&format!("{url}/"), password, token);
        let answer = client.get("/api/x").await.unwrap();
        assert_eq!(answer, json!({ "sent": expected, "path": "/api/x" }));
        let shown = format!("{client:?}");
        assert!(!shown.contains("hunter22"), "{shown}");
    }
}

#[tokio::test]
async fn a_refusal_is_told_in_the_gateways_words() {
    let refuse = |status: u16, body: Value| {
        let status = StatusCode::from_u16(status).unwrap();
        get(async move || (status, axum::Json(body)).into_response())
    };
    let router = Router::new()
        .route(
            "/conflict",
            refuse(409, json!({"error": "`u1` has \u{1b}[2J it"})),
        )
        .route(
            "/locked",
            refuse(401, json!({"error": "a password is needed"})),
        )
        .route("/old", refuse(404, json!({"error": "Not found"})))
        .route(
            "/agents",
            refuse(503, json!({"type": "error", "error": {"message": "busy"}})),
        )
        .route("/bare", refuse(500, json!([])))
        .route("/page", get(async || "<html>"));
    let client = client(&serve(router).await);
    for (path, expected) in [
        ("/conflict", "`u1` has \u{fffd}[2J it"),
        ("/locked", "a password is needed\n  --password"),
        ("/old", "of another version"),
        ("/agents", "busy"),
        ("/bare", "500"),
        ("/page", "not weir's API"),
    ] {
        let error = format!("{:#}", client.get(path).await.unwrap_err());
        assert!(error.contains(expected), "{path}: {error}");
    }
    let followed = client.follow("/locked").await.unwrap_err();
    assert!(followed.to_string().contains("a password is needed"));
}

#[tokio::test]
async fn nobody_there_is_told_with_what_to_do() {
    let error = client("http://127.0.0.1:1").get("/api/stats").await;
    let error = format!("{:#}", error.unwrap_err());
    assert!(error.contains("is weir running?"), "{error}");
    let error = client("ftp://127.0.0.1:1").get("/").await.unwrap_err();
    assert!(format!("{error:#}").contains("http://"), "{error:#}");
}

#[tokio::test]
async fn events_are_picked_by_name_wherever_the_stream_is_cut() {
    let text = ": hello\n\nevent: missed\ndata: 3\n\nevent: stats\ndata: {\"a\":1}\n\n\
                event: stats\ndata: {\"a\":2}\n\n";
    let pieces = text.as_bytes().chunks(7).map(|piece| {
        let piece = bytes::Bytes::copy_from_slice(piece);
        Ok::<_, Infallible>(piece)
    });
    let pieces: Vec<_> = pieces.collect();
    let stream = async move || Body::from_stream(futures_util::stream::iter(pieces.clone()));
    let url = serve(Router::new().route("/stream", get(stream))).await;
    let mut events = client(&url).follow("/stream").await.unwrap();
    for expected in [1, 2] {
        let event: Value = events.next("stats").await.unwrap();
        assert_eq!(event["a"], expected);
    }
    let ended = events.next::<Value>("stats").await.unwrap_err();
    assert!(ended.to_string().contains("ended"), "{ended}");
}

#[test]
fn a_name_is_one_part_of_a_path_whatever_is_in_it() {
    assert_eq!(segment("u1-main_x~"), "u1-main_x~");
    assert_eq!(segment("a b/c%?#"), "a%20b%2Fc%25%3F%23");
    assert_eq!(segment(".."), "%2E%2E");
    assert_eq!(segment("ä"), "%C3%A4");
}
