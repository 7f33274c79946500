use http::Method;

use super::{MAX_ANSWER, Question};
use crate::credentials::testing::{Server, fetcher};

#[tokio::test]
async fn an_answer_has_a_largest_size() {
    let server = Server::start(|seen| {
        let more = usize::from(seen.path == "/more");
        (200, "x".repeat(MAX_ANSWER + more))
    })
    .await;
    let ask = async |path: &str| {
        let address = format!("{}{path}", server.address);
        fetcher().ask(Question::new(Method::GET, &address)?).await
    };
    assert_eq!(ask("/just").await.unwrap().body.len(), MAX_ANSWER);
    let error = ask("/more").await.unwrap_err();
    assert_eq!(error.to_string(), "the server broke off");
}

#[tokio::test]
async fn a_server_that_is_not_there_is_told_without_its_address() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}/", listener.local_addr().unwrap());
    drop(listener);
    let question = Question::new(Method::GET, &address).unwrap();
    let error = fetcher().ask(question).await.unwrap_err();
    assert_eq!(error.to_string(), "the server cannot be reached");
    assert!(error.cause().is_some());
}

#[test]
fn only_absolute_web_addresses_are_asked() {
    for address in ["", "/path", "ftp://host/", "localhost", "http://"] {
        assert!(Question::new(Method::GET, address).is_err(), "{address}");
    }
}
