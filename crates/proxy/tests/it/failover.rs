//! A request that one provider cannot serve is served by the next, and the client never knows.

use weir_core::exchange::End;
use weir_mock::{Cut, Gate, MockConfig, Raw};

use crate::net::{BODY, Wire, post, within};
use crate::rig::{Rig, rig, zai};

const SSE: (&str, &str) = ("content-type", "text/event-stream");
const ERROR_EVENT: &str = "event: error\ndata: {\"type\":\"error\",\"error\":{\"type\":\"overloaded_error\",\"message\":\"Overloaded\"}}\n\n";

fn yaml(routing: &str) -> String {
    format!(
        "routing:\n  debug: true\n{routing}providers:\n{}{}",
        zai("u1", "priority: 2"),
        zai("u2", "")
    )
}

async fn two() -> Rig {
    rig(2, &yaml("")).await
}

#[tokio::test]
async fn a_status_that_another_may_not_have_is_not_the_clients() {
    for status in [408, 429, 500, 502, 503, 504, 520, 529] {
        let rig = two().await;
        rig.mocks[0].push(Raw::new(status).body("{}"));
        let answer = rig.say(&[]).await;
        assert_eq!(answer.status, 200, "{status}");
        assert_eq!(answer.header("x-cc-relay-provider"), Some("u2"));
        assert_eq!(rig.received(), [1, 1]);
        let record = rig.net.records.ended(1).await;
        assert_eq!(&*record.route.provider, "u2");
        let statuses: Vec<_> = record.route.tries.iter().map(|one| one.status).collect();
        assert_eq!(statuses, [Some(status), Some(200)]);
        assert_eq!(
            rig.mocks[1].received()[0].body,
            BODY,
            "the same bytes again"
        );
    }
}

#[tokio::test]
async fn a_provider_that_is_not_there_is_passed_over() {
    let gone = weir_mock::serve(MockConfig::default()).await.unwrap();
    let url = gone.url();
    gone.shutdown().await;
    let rig = rig(2, &yaml("").replace("{u1}", &url)).await;
    assert_eq!(rig.who().await, "u2");
    for cut in [Cut::Fin, Cut::Rst] {
        let rig = two().await;
        rig.mocks[0].push(Raw::refuse(cut));
        assert_eq!(rig.who().await, "u2");
    }
}

#[tokio::test]
async fn the_clients_own_fault_goes_no_further() {
    for status in [400, 401, 403, 404, 413, 422] {
        let rig = two().await;
        rig.mocks[0].push(Raw::new(status).body("{\"why\":1}"));
        let answer = rig.say(&[]).await;
        assert_eq!(
            (answer.status, &*answer.body),
            (status, &b"{\"why\":1}"[..])
        );
        assert_eq!(rig.received(), [1, 0], "{status}");
    }
}

#[tokio::test]
async fn a_provider_that_hangs_is_given_up_while_another_is_left() {
    let rig = rig(2, &yaml("  failover_timeout: 200\n")).await;
    let gate = Gate::new();
    rig.mocks[0].push(Raw::new(200).pause_before_head(&gate).body("{}"));
    assert_eq!(rig.who().await, "u2");
    within(rig.mocks[0].wait_until(|all| all[0].client_closed_early.is_some())).await;
}

#[tokio::test]
async fn an_error_hidden_in_a_good_status_is_found_before_the_client_sees_it() {
    for beginning in [
        "",
        ": hello\n\n",
        "event: ping\ndata: {\"type\": \"ping\"}\n\n",
    ] {
        let rig = two().await;
        let body = format!("{beginning}{ERROR_EVENT}");
        rig.mocks[0].push(Raw::new(200).header(SSE.0, SSE.1).body(body));
        let answer = rig.say(&[]).await;
        assert_eq!(
            answer.header("x-cc-relay-provider"),
            Some("u2"),
            "{beginning}"
        );
        let record = rig.net.records.ended(1).await;
        assert_eq!(
            record.route.tries[0].status,
            Some(529),
            "what it stands for"
        );
    }
}

#[tokio::test]
async fn hidden_errors_everywhere_become_what_they_are() {
    let rig = two().await;
    for mock in &rig.mocks {
        mock.push(Raw::new(200).header(SSE.0, SSE.1).body(ERROR_EVENT));
    }
    let answer = rig.say(&[]).await;
    assert_eq!(answer.status, 529);
    assert_eq!(answer.json()["error"]["type"], "overloaded_error");
}

#[tokio::test]
async fn nothing_is_tried_after_the_first_byte() {
    let rig = two().await;
    let start = "event: message_start\ndata: {\"type\":\"message_start\",\"message\":{}}\n\n";
    rig.mocks[0].push(
        Raw::new(200)
            .header(SSE.0, SSE.1)
            .piece(start)
            .cut(Cut::Rst),
    );
    let answer = rig.say(&[]).await;
    assert_eq!(
        (answer.status, answer.whole),
        (200, false),
        "cut, and seen to be"
    );
    assert_eq!(rig.received(), [1, 0]);
    let record = rig.net.records.ended(1).await;
    assert!(matches!(record.end, End::UpstreamBroke(_)));
}

#[tokio::test]
async fn the_first_event_is_not_held_back() {
    let rig = two().await;
    let gate = Gate::new();
    let start = "event: message_start\ndata: {\"type\":\"message_start\",\"message\":{}}\n\n";
    rig.mocks[0].push(
        Raw::new(200)
            .header(SSE.0, SSE.1)
            .piece(start)
            .pause(&gate)
            .piece("rest"),
    );
    let mut wire = Wire::connect(rig.net.addr).await;
    wire.send(&post("/v1/messages", &[], BODY)).await;
    within(wire.head()).await;
    wire.until(b"message_start").await;
    gate.open();
    wire.until(b"rest").await;
}

#[tokio::test]
async fn when_all_fail_the_most_useful_answer_comes_back() {
    let rig = two().await;
    rig.mocks[0].push(Raw::new(529).header("x-a", "b").body("{\"first\":1}"));
    rig.mocks[1].push(Raw::refuse(Cut::Rst));
    let answer = rig.say(&[]).await;
    assert_eq!((answer.status, &*answer.body), (529, &b"{\"first\":1}"[..]));
    assert_eq!(answer.header("x-a"), Some("b"));
}

#[tokio::test]
async fn limits_everywhere_say_when_the_first_of_them_ends() {
    let rig = two().await;
    rig.mocks[0].push(Raw::new(429).header("retry-after", "30").body("{}"));
    rig.mocks[1].push(Raw::new(429).header("retry-after", "7").body("{}"));
    let answer = rig.say(&[]).await;
    assert_eq!(
        (answer.status, answer.header("retry-after")),
        (429, Some("7"))
    );
}

#[tokio::test]
async fn another_round_serves_what_the_first_could_not() {
    let one = format!("routing:\n  retries: 1\nproviders:\n{}", zai("u1", ""));
    let rig = rig(1, &one).await;
    rig.mocks[0].push(Raw::new(529).body("{}"));
    let answer = rig.say(&[]).await;
    assert_eq!((answer.status, rig.received()), (200, vec![2]));
    let start = "event: content_block_delta\ndata: {\"type\":\"content_block_delta\"}\n\n";
    rig.mocks[0].push(
        Raw::new(200)
            .header(SSE.0, SSE.1)
            .piece(start)
            .cut(Cut::Rst),
    );
    let answer = rig.say(&[]).await;
    assert!(!answer.whole);
    assert_eq!(rig.received(), [3], "content had come");
}

#[tokio::test]
async fn racers_start_together_and_the_losers_are_broken_off() {
    let yaml = format!(
        "routing:\n  race: true\n  debug: true\nproviders:\n{}{}{}",
        zai("u1", "priority: 2"),
        zai("u2", "priority: 1"),
        zai("u3", "priority: 0")
    );
    let rig = rig(3, &yaml).await;
    let gate = Gate::new();
    rig.mocks[0].push(Raw::new(500).body("{}"));
    rig.mocks[1].push(Raw::new(200).pause_before_head(&gate).body("{}"));
    assert_eq!(rig.who().await, "u3");
    within(rig.mocks[1].wait_until(|all| {
        all.first()
            .is_none_or(|one| one.client_closed_early.is_some())
    }))
    .await;
}

#[tokio::test]
async fn the_clients_credential_goes_only_where_it_is_wanted() {
    let yaml = format!(
        "routing:\n  debug: true\nproviders:\n  - name: u1\n    type: anthropic\n    base_url: \"{{u1}}\"\n    priority: 2\n{}",
        zai("u2", "")
    );
    let rig = rig(2, &yaml).await;
    rig.mocks[0].push(Raw::new(529).body("{}"));
    let answer = rig
        .say(&["Authorization: Bearer sub", "X-Custom: foo"])
        .await;
    assert_eq!(answer.status, 200);
    let (first, second) = (&rig.mocks[0].received()[0], &rig.mocks[1].received()[0]);
    assert_eq!(first.header("authorization"), Some("Bearer sub"));
    assert_eq!(first.header("x-api-key"), None);
    assert_eq!(second.header("authorization"), None, "another vendor");
    assert_eq!(second.header("x-api-key"), Some("key-of-u2"));
    assert_eq!(second.header("x-custom"), Some("foo"));
}
