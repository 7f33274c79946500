//! The upstream's credential, which is asked for each time, and the translator's own.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::json;
use weir::embed::{
    HeaderMap, Secret, Setup, TokenError, TokenFuture, TokenSource, start, start_passthrough,
};
use weir_mock::Raw;

use crate::client::{BODY, ask, key, mock, say, translator};

#[tokio::test]
async fn a_token_is_asked_for_each_request() {
    let mock = mock().await;
    let asked = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&asked);
    let token = move || {
        let number = counter.fetch_add(1, Ordering::Relaxed) + 1;
        async move {
            // As one that comes over the net.
            tokio::task::yield_now().await;
            Ok::<_, TokenError>(Secret::new(format!("t{number}")))
        }
    };
    let translator = start(&mock.url(), token, HeaderMap::new(), None, "mock").unwrap();
    for number in 1..=3 {
        say(&translator, BODY).await;
        let expected = format!("Bearer t{number}");
        let received = mock.received();
        assert_eq!(
            received.last().unwrap().header("authorization"),
            Some(&*expected)
        );
    }
    assert_eq!(asked.load(Ordering::Relaxed), 3);
}

#[tokio::test]
async fn no_token_is_an_error_in_the_clients_words() {
    let mock = mock().await;
    let none = || async {
        Err(TokenError::unavailable(
            "keychain locked, password=hunter2hunter2",
        ))
    };
    let rejected = || async { Err(TokenError::rejected("log in again")) };
    let (url, headers) = (mock.url(), HeaderMap::new);
    let cases = [
        (
            start(&url, none, headers(), None, "m").unwrap(),
            502,
            "keychain locked",
        ),
        (
            start(&url, rejected, headers(), None, "m").unwrap(),
            401,
            "log in again",
        ),
        (
            start_passthrough(&url, none, None, "m").unwrap(),
            502,
            "keychain locked",
        ),
        (
            start_passthrough(&url, rejected, None, "m").unwrap(),
            401,
            "log in again",
        ),
    ];
    for (translator, status, text) in &cases {
        let answer = say(translator, BODY).await;
        assert_eq!(answer.status, *status);
        let answer = answer.json();
        assert_eq!(answer["type"], "error");
        let message = answer["error"]["message"].as_str().unwrap();
        assert!(message.contains(text), "{message}");
        assert!(!message.contains("hunter2"), "{message}");
        let chat = ask(
            translator,
            "POST /v1/chat/completions",
            &[&key(translator)],
            BODY,
        )
        .await;
        assert_eq!(chat.status, *status);
        let chat = chat.json();
        assert!(
            chat.get("type").is_none() && chat["error"]["message"].is_string(),
            "{chat}"
        );
    }
    assert!(mock.received().is_empty());
}

#[tokio::test]
async fn a_source_is_told_that_its_token_was_refused() {
    #[derive(Default)]
    struct Source(AtomicUsize);

    impl TokenSource for Source {
        fn token(&self) -> TokenFuture<'_> {
            Secret::new("stale").token_for_good()
        }

        fn refused(&self) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }

    trait ForGood {
        fn token_for_good(self) -> TokenFuture<'static>;
    }

    impl ForGood for Secret {
        fn token_for_good(self) -> TokenFuture<'static> {
            Box::pin(std::future::ready(Ok(self)))
        }
    }

    let mock = mock().await;
    let source = Arc::new(Source::default());
    let error = json!({"error": {"message": "expired", "type": "invalid_request_error"}});
    let refusal = || {
        Raw::new(401)
            .header("content-type", "application/json")
            .body(error.to_string())
    };
    let translating = start(
        &mock.url(),
        Arc::clone(&source),
        HeaderMap::new(),
        None,
        "m",
    )
    .unwrap();
    let passing = start_passthrough(&mock.url(), Arc::clone(&source), None, "m").unwrap();
    for (times, translator) in [(1, &translating), (2, &passing)] {
        mock.push(refusal());
        let headers = [&*key(translator), "Authorization: Bearer sk-ant-oat01-own"];
        let answer = ask(translator, "POST /v1/messages", &headers, BODY).await;
        assert_eq!(answer.status, 401);
        assert_eq!(answer.json()["error"]["message"], "expired");
        assert_eq!(source.0.load(Ordering::Relaxed), times);
        let received = mock.received();
        assert_eq!(
            received.last().unwrap().header("authorization"),
            Some("Bearer stale")
        );
    }
}

#[tokio::test]
async fn without_this_runs_token_nobody_is_let_in() {
    let mock = mock().await;
    let one = translator(&mock);
    let other = translator(&mock);
    let (own, others) = (
        one.token().unwrap().expose(),
        other.token().unwrap().expose(),
    );
    assert_ne!(own, others);
    assert!(own.len() > 60 && !format!("{one:?}").contains(own));
    let wrong = format!("x-api-key: {others}");
    let headers: [&[&str]; 3] = [&[], &[&wrong], &["Authorization: Bearer upstreams-token"]];
    for headers in headers {
        let answer = ask(&one, "POST /v1/messages", headers, BODY).await;
        assert_eq!(answer.status, 401, "{headers:?}");
        assert_eq!(answer.json()["error"]["type"], "authentication_error");
    }
    assert!(mock.received().is_empty());
    let bearer = format!("Authorization: Bearer {own}");
    assert_eq!(
        ask(&one, "POST /v1/messages", &[&bearer], BODY)
            .await
            .status,
        200
    );
}

#[tokio::test]
async fn who_demands_none_still_refuses_web_pages() {
    let mock = mock().await;
    let setup = Setup::translating(&mock.url(), Secret::new("upstreams-token"));
    let translator = setup.without_token().start().unwrap();
    assert!(translator.token().is_none());
    let line = "POST /v1/messages";
    assert_eq!(ask(&translator, line, &[], BODY).await.status, 200);
    let page = ask(&translator, line, &["Origin: https://evil.example"], BODY).await;
    assert_eq!(page.status, 403);
    assert_eq!(mock.received().len(), 1);
}
