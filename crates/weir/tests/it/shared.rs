//! Several gateways that remember signatures together, over a real Redis.

pub(crate) mod redis;

use serde_json::{Value, json};
use weir_mock::{Mock, Raw};

use self::redis::{PASSWORD, Redis};
use crate::program::{Program, Setup, Two, entry, eventually, named, start_in};

const LONG: &str = "c2lnbmF0dXJlLXRoYXQtaXMtbG9uZy1lbm91Z2gtdG8tYmUtYS1yZWFsLW9uZQ==";
const OTHER: &str = "YW5vdGhlci1zaWduYXR1cmUtdGhhdC1pcy1sb25nLWVub3VnaC10by1iZS1yZWFs";
/// The beginning of SHA-256 over `a`.
const HASH_OF_A: &str = "ca978112ca1bbdca";

fn shared(redis: &Redis) -> String {
    format!("shared: {{redis_url: '{}'}}\n", redis.url())
}

/// A gateway that shares, once it does.
async fn sharing(redis: &Redis) -> Two {
    let two = Two::start(&shared(redis)).await;
    is_connected(&two.weir, true).await;
    two
}

async fn is_connected(weir: &Program, connected: bool) {
    is(weir, "connected", u64::from(connected)).await;
}

/// Waits until a figure is this.
async fn is(weir: &Program, name: &str, value: u64) {
    eventually(async || (figure(weir, name).await == value).then_some(())).await;
}

async fn figure(weir: &Program, name: &str) -> u64 {
    let text = weir.get("/metrics").await.text();
    let total = if name == "connected" { "" } else { "_total" };
    let start = format!("weir_shared_signatures_{name}{total} ");
    let value = text.lines().find_map(|line| line.strip_prefix(&start));
    value
        .unwrap_or_else(|| panic!("{name} in {text}"))
        .parse()
        .unwrap()
}

/// The client asks, and `mock` thinks `text` and signs it.
async fn learn(weir: &Program, mock: &Mock, text: &str, signature: &str) {
    mock.push(stream(text, signature));
    let got = ask(weir, &json!([{"role": "user", "content": "q"}])).await;
    assert!(got.contains(signature), "{got}");
}

/// What the client gets, which must be an answer.
async fn ask(weir: &Program, messages: &Value) -> String {
    let body = json!({"model": "claude-sonnet-4-5", "max_tokens": 5, "stream": true,
        "messages": messages});
    let got = weir.message(&[], &body).await;
    assert_eq!(got.status, 200, "{}", got.text());
    got.text()
}

fn event(name: &str, data: &Value) -> String {
    format!("event: {name}\ndata: {data}\n\n")
}

fn stream(text: &str, signature: &str) -> Raw {
    let delta = |delta: Value| {
        event(
            "content_block_delta",
            &json!({"type": "content_block_delta", "index": 0, "delta": delta}),
        )
    };
    Raw::new(200)
        .header("content-type", "text/event-stream")
        .piece(event(
            "message_start",
            &json!({"type": "message_start", "message": {"model": "m"}}),
        ))
        .piece(event(
            "content_block_start",
            &json!({"type": "content_block_start", "index": 0,
                "content_block": {"type": "thinking", "thinking": "", "signature": ""}}),
        ))
        .piece(delta(json!({"type": "thinking_delta", "thinking": text})))
        .piece(delta(
            json!({"type": "signature_delta", "signature": signature}),
        ))
        .piece(event(
            "content_block_stop",
            &json!({"type": "content_block_stop", "index": 0}),
        ))
        .piece(event("message_stop", &json!({"type": "message_stop"})))
}

fn turn(block: &Value) -> Value {
    json!([
        {"role": "user", "content": "q"},
        {"role": "assistant", "content": [block, {"type": "text", "text": "t"}]},
        {"role": "user", "content": "go on"},
    ])
}

/// The signature with which a thought that lost its own reaches the provider.
async fn restored(two: &Two, text: &str) -> Option<String> {
    let mocks = [&two.weir.mock, &two.second];
    let before = mocks.map(|mock| mock.received().len());
    ask(
        &two.weir,
        &turn(&json!({"type": "thinking", "thinking": text})),
    )
    .await;
    let mut seen = mocks
        .iter()
        .zip(before)
        .flat_map(|(mock, before)| mock.received().split_off(before));
    let seen = seen.next().expect("one of them is asked").json();
    let signature = &seen["messages"][1]["content"][0]["signature"];
    signature.as_str().map(str::to_owned)
}

/// Waits until the gateway can sign a thought.
async fn comes_to_know(two: &Two, text: &str, signature: &str) {
    let found = eventually(async || restored(two, text).await).await;
    assert_eq!(found, signature);
}

#[tokio::test]
async fn a_signature_that_one_gateway_learns_is_used_by_the_other() {
    let redis = Redis::start();
    let (one, other) = (sharing(&redis).await, sharing(&redis).await);
    assert_eq!(restored(&other, "let me see").await, None);
    learn(&one.weir, &one.weir.mock, "let me see", LONG).await;
    comes_to_know(&other, "let me see", LONG).await;
    learn(&other.weir, &other.weir.mock, "and now", OTHER).await;
    comes_to_know(&one, "and now", OTHER).await;
    for two in [&one, &other] {
        is(&two.weir, "sent", 1).await;
        is(&two.weir, "received", 1).await;
        assert_eq!(figure(&two.weir, "dropped").await, 0);
        assert!(!two.weir.log().contains(PASSWORD));
    }
}

#[tokio::test]
async fn a_gateway_follows_the_issuer_that_another_has_met() {
    let redis = Redis::start();
    let in_turn = format!("routing: {{strategy: round_robin}}\n{}", shared(&redis));
    let one = Two::start(&in_turn).await;
    is_connected(&one.weir, true).await;
    let debug = format!("routing: {{debug: true}}\n{}", shared(&redis));
    let other = Two::start(&debug).await;
    is_connected(&other.weir, true).await;
    assert_eq!(one.who().await, "u1");
    // What only its issuer can read has no text that it could be found by.
    let opaque = json!({"type": "redacted_thinking", "data": LONG});
    let answer = json!({"type": "message", "content": [opaque]});
    one.second.push(
        Raw::new(200)
            .header("content-type", "application/json")
            .body(answer.to_string()),
    );
    let answered = one.say(&[]).await;
    assert_eq!(answered.json(), answer);
    is(&other.weir, "received", 1).await;
    let body = json!({"model": "claude-sonnet-4-5", "max_tokens": 5, "messages": turn(&opaque)});
    let got = other.weir.message(&[], &body).await;
    assert_eq!(got.name(), "u2");
    assert_eq!(got.headers["x-weir-route-reason"], "issuer");
}

#[tokio::test]
async fn a_gateway_that_starts_later_knows_what_was_learnt_before() {
    let redis = Redis::start();
    let one = sharing(&redis).await;
    for number in 0..200 {
        let signature = format!("{LONG}{number}");
        learn(
            &one.weir,
            &one.weir.mock,
            &format!("thought {number}"),
            &signature,
        )
        .await;
    }
    is(&one.weir, "sent", 200).await;
    let other = sharing(&redis).await;
    assert_eq!(figure(&other.weir, "received").await, 200);
    for number in [0, 63, 64, 199] {
        let signature = restored(&other, &format!("thought {number}")).await;
        assert_eq!(signature, Some(format!("{LONG}{number}")));
    }
    drop(one);
    let again = sharing(&redis).await;
    assert_eq!(figure(&again.weir, "received").await, 200);
}

#[tokio::test]
async fn without_redis_everyone_goes_on_alone_and_nothing_is_lost() {
    let mut redis = Redis::start();
    let (one, other) = (sharing(&redis).await, sharing(&redis).await);
    learn(&one.weir, &one.weir.mock, "before", LONG).await;
    comes_to_know(&other, "before", LONG).await;
    redis.stop();
    for two in [&one, &other] {
        is_connected(&two.weir, false).await;
    }
    let late = Two::start(&shared(&redis)).await;
    learn(&one.weir, &one.weir.mock, "meanwhile", OTHER).await;
    assert_eq!(restored(&one, "meanwhile").await.as_deref(), Some(OTHER));
    assert_eq!(restored(&other, "before").await.as_deref(), Some(LONG));
    assert_eq!(restored(&other, "meanwhile").await, None);
    assert_eq!(restored(&late, "before").await, None);
    assert!(redis.start_again());
    comes_to_know(&other, "meanwhile", OTHER).await;
    comes_to_know(&late, "meanwhile", OTHER).await;
    for (two, again) in [(&one, 1), (&other, 1), (&late, 1)] {
        is_connected(&two.weir, true).await;
        let log = two.weir.log();
        assert_eq!(log.matches("signatures are not shared").count(), 1, "{log}");
        assert_eq!(
            log.matches("signatures are shared again").count(),
            again,
            "{log}"
        );
        assert!(!log.contains(PASSWORD), "{log}");
    }
}

#[tokio::test]
async fn nobody_waits_for_a_redis_that_hangs() {
    let redis = Redis::start();
    let (one, other) = (sharing(&redis).await, sharing(&redis).await);
    redis.signal("STOP");
    learn(&one.weir, &one.weir.mock, "let me see", LONG).await;
    assert_eq!(restored(&one, "let me see").await.as_deref(), Some(LONG));
    assert_eq!(restored(&other, "let me see").await, None);
    redis.signal("CONT");
    comes_to_know(&other, "let me see", LONG).await;
}

#[tokio::test]
async fn what_was_learnt_last_is_told_before_the_end() {
    let redis = Redis::start();
    let mut one = sharing(&redis).await;
    learn(&one.weir, &one.weir.mock, "let me see", LONG).await;
    one.weir.signal("TERM");
    assert!(one.weir.exit().await.success());
    let other = sharing(&redis).await;
    assert_eq!(restored(&other, "let me see").await.as_deref(), Some(LONG));
}

#[tokio::test]
async fn what_is_learnt_while_a_connection_is_cut_is_read_once() {
    let redis = Redis::start();
    let two = sharing(&redis).await;
    let add = |number: u32| {
        format!(
            "XADD weir:signatures * v 1 node x provider u1 group claude hash {HASH_OF_A} signature {LONG}{number}"
        )
    };
    redis.tell(&[&add(1)]).await;
    is(&two.weir, "received", 1).await;
    redis
        .tell(&["CLIENT KILL TYPE normal SKIPME yes", &add(2)])
        .await;
    is(&two.weir, "received", 2).await;
    is_connected(&two.weir, true).await;
    assert_eq!(restored(&two, "a").await, Some(format!("{LONG}2")));
    redis.tell(&[&add(3)]).await;
    is(&two.weir, "received", 3).await;
}

#[tokio::test]
async fn rubbish_in_the_stream_is_skipped_and_counted() {
    let redis = Redis::start();
    let two = sharing(&redis).await;
    let good = format!("v 1 node x provider u1 group claude hash {HASH_OF_A} signature {LONG}");
    let bad = [
        "who knows".to_owned(),
        r#""\xff\xfe" "\x00""#.to_owned(),
        good.replace("v 1", "v 2"),
        good.replace(LONG, "short"),
        good.replace(
            LONG,
            "\"with a quote \\\" and blanks that no signature has in it ever\"",
        ),
        good.replace(HASH_OF_A, "nothing"),
        good.replace("u1", "\"\""),
        format!("v 1 node x provider u1 group claude digest {LONG}"),
    ];
    for fields in &bad {
        redis
            .tell(&[&format!("XADD weir:signatures * {fields}")])
            .await;
    }
    redis
        .tell(&[&format!("XADD weir:signatures * {good}")])
        .await;
    is(&two.weir, "received", 1).await;
    assert_eq!(figure(&two.weir, "rejected").await, bad.len() as u64);
    assert_eq!(restored(&two, "a").await.as_deref(), Some(LONG));
    let log = two.weir.log();
    assert!(!log.contains("signatures are not shared"), "{log}");
}

#[tokio::test]
async fn a_reload_begins_and_ends_sharing() {
    let redis = Redis::start();
    let (one, other) = (Two::start("").await, sharing(&redis).await);
    learn(&one.weir, &one.weir.mock, "for myself", LONG).await;
    assert_eq!(figure(&one.weir, "connected").await, 0);
    one.save(&one.text(["", ""], &shared(&redis)));
    is_connected(&one.weir, true).await;
    learn(&one.weir, &one.weir.mock, "for all", OTHER).await;
    comes_to_know(&other, "for all", OTHER).await;
    assert_eq!(restored(&other, "for myself").await, None);

    let nonsense = format!("shared: {{redis_url: 'redis://:{PASSWORD}@h:99999'}}\n");
    std::fs::write(one.file(), one.text(["", ""], &nonsense)).unwrap();
    let refused = one.weir.run(&["config", "reload"]).await;
    let said = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(
        !refused.status.success() && said.contains("shared.redis_url"),
        "{said}"
    );
    assert!(!said.contains(PASSWORD), "{said}");
    assert_eq!(figure(&one.weir, "connected").await, 1);

    one.save(&one.text(["", ""], ""));
    is_connected(&one.weir, false).await;
    learn(&one.weir, &one.weir.mock, "for myself again", LONG).await;
    assert_eq!(figure(&one.weir, "dropped").await, 0);
    assert!(!one.weir.log().contains(PASSWORD));
}

#[tokio::test]
async fn a_redis_that_refuses_is_said_and_harms_nobody() {
    let redis = Redis::start();
    let wrong = redis.url().replace(PASSWORD, "wr0ng-one");
    let two = Two::start(&format!("shared: {{redis_url: '{wrong}'}}\n")).await;
    eventually(async || {
        two.weir
            .log()
            .contains("signatures are not shared")
            .then_some(())
    })
    .await;
    learn(&two.weir, &two.weir.mock, "alone", LONG).await;
    assert_eq!(restored(&two, "alone").await.as_deref(), Some(LONG));
    assert!(!two.weir.log().contains("wr0ng-one"));
}

#[tokio::test]
async fn a_user_that_may_append_read_and_ask_the_time_is_enough() {
    let redis = Redis::start();
    let may = "resetchannels -@all +xadd +xread +time ~weir:signatures";
    redis
        .tell(&[&format!("ACL SETUSER gateway on >{PASSWORD} {may}")])
        .await;
    let url = redis.url().replace("//:", "//gateway:");
    let one = Two::start(&format!("shared: {{redis_url: '{url}'}}\n")).await;
    is_connected(&one.weir, true).await;
    learn(&one.weir, &one.weir.mock, "let me see", LONG).await;
    comes_to_know(&sharing(&redis).await, "let me see", LONG).await;
}

#[tokio::test]
async fn redis_may_be_spoken_to_over_tls() {
    let certified = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
    let redis = Redis::start_tls(
        &certified.cert.pem(),
        &certified.signing_key.serialize_pem(),
    );
    let mock = named("u1", false).await;
    let folder = tempfile::tempdir().unwrap();
    let roots = folder.path().join("roots.pem");
    std::fs::write(&roots, certified.cert.pem()).unwrap();
    let text = format!(
        "providers:\n{}shared: {{redis_url: '{}'}}\n",
        entry("u1", &mock.url(), ""),
        redis.tls_url()
    );
    std::fs::write(folder.path().join("weir.yaml"), text).unwrap();
    let env = [("SSL_CERT_FILE", roots.to_str().unwrap())];
    let setup = Setup {
        env: &env,
        ..Setup::default()
    };
    let weir = start_in(folder, mock, setup);
    is_connected(&weir, true).await;
    learn(&weir, &weir.mock, "a", LONG).await;
    is(&weir, "sent", 1).await;
}
