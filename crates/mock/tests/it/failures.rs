//! How the mock lets requests fail, by choice and at random, and how it counts what it did.

use std::io;

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use weir_mock::{Mix, Mock, MockConfig, Raw, Tally};

use crate::client::{APIS, Api, Reply, ask, events, mock, post, raw, read_until, tell};

const REQUEST: &str = "POST /v1/messages HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\n{}";

#[tokio::test]
async fn a_closed_port_refuses_and_opens_again_under_the_same_number() {
    let mock = mock().await;
    let mut kept = TcpStream::connect(mock.addr).await.unwrap();
    kept.write_all(REQUEST.as_bytes()).await.unwrap();
    read_until(&mut kept, "message").await;
    for _ in 0..3 {
        mock.refuse().await.unwrap();
        mock.refuse().await.unwrap();
        let refused = TcpStream::connect(mock.addr).await.unwrap_err();
        assert_eq!(refused.kind(), io::ErrorKind::ConnectionRefused);
        mock.accept().await.unwrap();
        mock.accept().await.unwrap();
        assert_eq!(ask(&mock, Api::Chat, "text", false).await.status(), 200);
    }
    // It ends, in whatever way: the connection was closed with the port.
    kept.read_to_end(&mut Vec::new()).await.ok();
    assert_eq!(mock.received().len(), 4, "nothing is forgotten");
    mock.refuse().await.unwrap();
    mock.shutdown().await;
}

#[tokio::test]
async fn a_hanging_reply_gives_no_byte_until_it_is_released() {
    let mock = mock().await;
    for round in 1..=2 {
        let mut stream = TcpStream::connect(mock.addr).await.unwrap();
        let request = post("/v1/messages", &[("x-mock-scenario", "hang")], "{}");
        stream.write_all(&request).await.unwrap();
        mock.hanging().reached(1).await;
        let nothing = stream.try_read(&mut [0; 64]).unwrap_err();
        assert_eq!(nothing.kind(), io::ErrorKind::WouldBlock);
        mock.release();
        read_until(&mut stream, "HTTP/1.1 200 OK").await;
        assert_eq!(mock.tally().all.failed("hang"), round);
    }
    assert_eq!(mock.received()[0].fault.as_deref(), Some("hang"));
    assert_eq!(mock.tally().all.served, 0, "it counts once, as what it was");
}

#[tokio::test]
async fn a_client_that_does_not_wait_for_a_hanging_reply_is_noticed() {
    let mock = mock().await;
    let mut stream = TcpStream::connect(mock.addr).await.unwrap();
    let request = post("/v1/messages", &[("x-mock-scenario", "hang")], "{}");
    stream.write_all(&request).await.unwrap();
    mock.hanging().reached(1).await;
    drop(stream);
    mock.wait_until(|all| all[0].client_closed_early.is_some())
        .await;
    assert_eq!(mock.tally().all.failures(), 1);
}

#[tokio::test]
async fn every_error_status_can_be_asked_for() {
    let mock = mock().await;
    let statuses = [400, 401, 403, 404, 413, 429, 500, 502, 503, 504, 529];
    for status in statuses {
        for api in APIS {
            let reply = ask(&mock, api, &status.to_string(), true).await;
            assert_eq!(reply.status(), status, "{api:?}");
            assert!(reply.json()["error"].is_object());
        }
    }
    let failed = mock.tally().all.failed;
    assert!(failed.values().all(|&count| count == 4) && failed.len() == statuses.len());
}

#[tokio::test]
async fn an_error_hides_in_a_200_as_the_first_event() {
    let mock = mock().await;
    for api in APIS {
        let reply = ask(&mock, api, "error_200,status=429", true).await;
        assert_eq!(reply.status(), 200);
        assert!(reply.is_whole);
        let all = events(&reply.body());
        let (name, data) = all.last().unwrap();
        let data: Value = serde_json::from_str(data).unwrap();
        match api {
            Api::Anthropic => {
                assert_eq!((all.len(), name.as_deref()), (1, Some("error")));
                assert_eq!(data["error"]["type"], "rate_limit_error");
            }
            Api::Responses => {
                let names: Vec<&str> = all.iter().filter_map(|(name, _)| name.as_deref()).collect();
                assert_eq!(
                    names,
                    [
                        "response.created",
                        "response.in_progress",
                        "response.failed"
                    ]
                );
                assert_eq!(data["response"]["error"]["code"], "rate_limit_exceeded");
            }
            Api::Chat | Api::Gemini => {
                assert_eq!(all.len(), 1);
                assert!(data["error"]["message"].is_string());
            }
        }
    }
    let bare = ask(&mock, Api::Responses, "error_200,plain", true).await;
    assert_eq!(events(&bare.body())[0].0.as_deref(), Some("error"));
    let pinged = ask(&mock, Api::Anthropic, "error_200,ping=2", true).await;
    let names: Vec<_> = events(&pinged.body())
        .into_iter()
        .map(|(name, _)| name.unwrap())
        .collect();
    assert_eq!(names, ["ping", "ping", "error"]);
    let late = ask(&mock, Api::Anthropic, "error_200,after=1", true).await;
    assert!(late.text().starts_with("event: message_start\n"));
    let comment = ask(&mock, Api::Chat, "error_200,ping", true).await;
    assert!(
        comment
            .text()
            .starts_with(": keep-alive\n\ndata: {\"error\"")
    );
}

#[tokio::test]
async fn an_error_hides_in_a_200_body() {
    let mock = mock().await;
    for api in APIS {
        let reply = ask(&mock, api, "error_200,message=\"so sorry\"", false).await;
        assert_eq!(reply.status(), 200);
        assert_eq!(reply.json()["error"]["message"], "so sorry");
    }
    assert_eq!(mock.tally().all.failed("error_200"), 4);
}

#[tokio::test]
async fn a_corrupt_stream_holds_one_event_that_is_no_json() {
    let mock = mock().await;
    for api in APIS {
        let reply = ask(&mock, api, "corrupt,after=2", true).await;
        let all = events(&reply.body());
        let broken: Vec<usize> = all
            .iter()
            .enumerate()
            .filter(|(_, (_, data))| data != "[DONE]")
            .filter(|(_, (_, data))| serde_json::from_str::<Value>(data).is_err())
            .map(|(at, _)| at)
            .collect();
        assert_eq!(broken, [2], "{api:?}");
        assert!(reply.is_whole);
    }
    assert_eq!(mock.tally().all.failed("corrupt"), 4);
}

async fn turn(mock: &Mock, key: &str, id: &str, scenario: Option<&str>) -> Reply {
    let mut headers = vec![("x-api-key", key), ("x-request-id", id)];
    headers.extend(scenario.map(|scenario| ("x-mock-scenario", scenario)));
    let body = Api::Anthropic.body("hi", true).to_string();
    raw(mock, &post("/v1/messages", &headers, &body)).await
}

fn kind(reply: &Reply) -> String {
    match reply.status() {
        0 => "refuse".to_owned(),
        200 if !reply.is_whole => "drop".to_owned(),
        200 if reply.text().starts_with("event: error") => "error_200".to_owned(),
        200 => "served".to_owned(),
        status => status.to_string(),
    }
}

#[tokio::test]
async fn a_mix_fails_as_often_as_its_tally_says() {
    let mix = || Mix::new(0.5, 7).kinds("529,503*2,refuse,drop,error_200");
    let mock = weir_mock::serve(MockConfig {
        mix: Some(mix().unwrap()),
        ..Default::default()
    })
    .await
    .unwrap();
    let mut seen = std::collections::BTreeMap::<String, u64>::new();
    for number in 0..200 {
        let reply = turn(&mock, "key", &number.to_string(), None).await;
        *seen.entry(kind(&reply)).or_default() += 1;
    }
    let tally = mock.wait_tally(|tally| tally.by_request.len() == 200).await;
    assert_eq!(seen.remove("served"), Some(tally.all.served));
    assert_eq!(seen, tally.all.failed);
    assert!((70..130).contains(&tally.all.failures()), "{tally:?}");
    assert_eq!(seen.len(), 5, "{seen:?}");
    assert_eq!(tally.by_credential["key"], tally.all);
    assert!(tally.answered_twice().is_empty());
    mock.set_mix(Some(Mix::new(1.0, 0)));
    assert_eq!(kind(&turn(&mock, "key", "a", Some("text")).await), "served");
    let models = b"GET /v1/models HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n";
    assert_eq!(raw(&mock, models).await.status(), 200);
    mock.set_mix(None);
    for number in 0..20 {
        let reply = turn(&mock, "key", &number.to_string(), None).await;
        assert_eq!(kind(&reply), "served");
    }
}

#[tokio::test]
async fn the_same_seed_lets_the_same_requests_fail() {
    let mut runs = Vec::new();
    for seed in [1, 1, 2] {
        let mock = mock().await;
        mock.set_mix(Some(Mix::new(0.5, seed).kind("529", 1).kind("503", 1)));
        let mut kinds = Vec::new();
        for _ in 0..40 {
            kinds.push(kind(&turn(&mock, "key", "r", None).await));
        }
        runs.push(kinds);
    }
    assert_eq!(runs[0], runs[1]);
    assert_ne!(runs[0], runs[2]);
}

#[tokio::test]
async fn what_was_done_is_counted_by_kind_credential_and_request() {
    let (one, two) = (mock().await, mock().await);
    turn(&one, "a", "r1", Some("529")).await;
    turn(&one, "b", "r1", None).await;
    turn(&one, "b", "r2", None).await;
    turn(&two, "a", "r2", None).await;
    two.push(Raw::new(503).body(""));
    turn(&two, "a", "r3", None).await;
    raw(
        &two,
        b"HEAD / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n",
    )
    .await;
    let one = one.wait_tally(|tally| tally.all.served == 2).await;
    let two = two.wait_tally(|tally| tally.other == 1).await;
    assert_eq!(one.by_credential["a"].failed("529"), 1);
    assert_eq!(one.by_credential["b"].served, 2);
    assert_eq!(one.by_request["r1"].served, 1);
    assert_eq!((two.all.served, two.all.failed("503")), (1, 1));
    assert!(one.answered_twice().is_empty() && two.answered_twice().is_empty());
    let both = Tally::sum([&one, &two]);
    assert_eq!(both.answered_twice(), ["r2"]);
    assert_eq!(
        (both.all.served, both.all.failures(), both.other),
        (3, 2, 1)
    );
}

#[tokio::test]
async fn a_client_that_leaves_a_good_answer_counts_as_gone() {
    let mock = mock().await;
    let mut stream = TcpStream::connect(mock.addr).await.unwrap();
    let body = Api::Anthropic.body("hi", true).to_string();
    let headers = [("x-mock-scenario", "text,gap=60000")];
    let request = post("/v1/messages", &headers, &body);
    stream.write_all(&request).await.unwrap();
    read_until(&mut stream, "message_start").await;
    drop(stream);
    let tally = mock.wait_tally(|tally| tally.all.gone == 1).await;
    assert_eq!((tally.all.served, tally.all.failures()), (0, 0));
}

#[tokio::test]
async fn failures_can_be_steered_from_outside_the_process() {
    let mock = mock().await;
    let mix = json!({"share": 1, "seed": 3, "kinds": "503"});
    assert_eq!(tell(&mock, "/_mock/mix", &mix).await.status(), 200);
    assert_eq!(kind(&turn(&mock, "a", "r1", None).await), "503");
    let bad = json!({"share": 1, "kinds": "tulips"});
    assert_eq!(tell(&mock, "/_mock/mix", &bad).await.status(), 400);
    tell(&mock, "/_mock/mix", &json!({})).await;
    let rule = json!({"credential": "a", "scenario": "401"});
    assert_eq!(tell(&mock, "/_mock/credential", &rule).await.status(), 200);
    assert_eq!(kind(&turn(&mock, "a", "r2", None).await), "401");
    assert_eq!(kind(&turn(&mock, "b", "r3", None).await), "served");
    tell(&mock, "/_mock/credential", &json!({"credential": "a"})).await;
    assert_eq!(kind(&turn(&mock, "a", "r4", None).await), "served");
    assert_eq!(
        tell(&mock, "/_mock/credential", &json!({})).await.status(),
        400
    );
    mock.wait_tally(|tally| tally.all.served == 2).await;
    let tally = raw(
        &mock,
        b"GET /_mock/tally HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n",
    )
    .await
    .json();
    assert_eq!(
        tally["all"],
        json!({"served": 2, "gone": 0, "failed": {"401": 1, "503": 1}})
    );
    assert_eq!(tally["by_credential"]["b"]["served"], 1);
    let mut stream = TcpStream::connect(mock.addr).await.unwrap();
    let request = post("/v1/messages", &[("x-mock-scenario", "hang")], "{}");
    stream.write_all(&request).await.unwrap();
    mock.hanging().reached(1).await;
    tell(&mock, "/_mock/release", &json!({})).await;
    read_until(&mut stream, "HTTP/1.1 200").await;
}

#[tokio::test]
async fn a_path_fails_until_it_is_forgotten() {
    let mock = mock().await;
    let probe = b"GET /?x=1 HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n";
    mock.for_path("/", "503");
    for _ in 0..2 {
        assert_eq!(raw(&mock, probe).await.status(), 503);
    }
    assert_eq!(kind(&turn(&mock, "a", "r", None).await), "served");
    mock.for_path("/v1/messages", "529");
    assert_eq!(kind(&turn(&mock, "a", "r", None).await), "529");
    assert_eq!(kind(&turn(&mock, "a", "r", Some("text")).await), "served");
    mock.forget_path("/");
    assert_eq!(raw(&mock, probe).await.status(), 200);
    let rule = json!({"path": "/v1/messages"});
    assert_eq!(tell(&mock, "/_mock/path", &rule).await.status(), 200);
    assert_eq!(kind(&turn(&mock, "a", "r", None).await), "served");
    let tally = mock.wait_tally(|tally| tally.other == 3).await;
    assert_eq!(tally.all.failures(), 1, "a probe is no model turn");
}
