//! Which provider a request goes to: the strategies, the model filter, sessions, and what clients
//! are told of it.

use weir_mock::{Gate, Raw};

use crate::net::{BODY, Wire, ask, bare, post, within};
use crate::rig::{Rig, rig, zai};

fn two(strategy: &str, first: &str, second: &str) -> String {
    format!(
        "routing:\n  strategy: {strategy}\n  debug: true\nproviders:\n{}{}",
        zai("u1", first),
        zai("u2", second)
    )
}

async fn names(rig: &Rig, count: usize) -> Vec<String> {
    let mut names = Vec::new();
    for _ in 0..count {
        names.push(rig.who().await);
    }
    names
}

fn share(names: &[String], name: &str) -> f64 {
    let count = names.iter().filter(|one| *one == name).count();
    f64::from(u32::try_from(count).unwrap()) / f64::from(u32::try_from(names.len()).unwrap())
}

#[tokio::test]
async fn in_turn_means_in_turn() {
    let rig = rig(2, &two("round_robin", "", "")).await;
    assert_eq!(names(&rig, 4).await, ["u1", "u2", "u1", "u2"]);
}

#[tokio::test]
async fn a_weight_is_a_share_and_comes_smoothly() {
    let rig = rig(2, &two("weighted_round_robin", "weight: 1", "weight: 3")).await;
    let names = names(&rig, 8).await;
    assert_eq!(names.iter().filter(|name| *name == "u1").count(), 2);
    let heavy = |four: &[String]| four.iter().all(|name| name == "u2");
    assert!(!names.windows(4).any(heavy), "{names:?}");
}

#[tokio::test]
async fn a_shuffled_deck_deals_each_provider_once() {
    let rig = rig(2, &two("shuffle", "", "")).await;
    let names = names(&rig, 12).await;
    for pair in names.chunks(2) {
        assert_ne!(pair[0], pair[1], "{names:?}");
    }
}

#[tokio::test]
async fn a_busy_provider_is_passed_over() {
    let rig = rig(2, &two("least_loaded", "priority: 2", "")).await;
    let gate = Gate::new();
    rig.mocks[0].push(Raw::new(200).pause_before_head(&gate).body("{}"));
    let mut busy = Wire::connect(rig.net.addr).await;
    busy.send(&post("/v1/messages", &[], BODY)).await;
    within(rig.mocks[0].wait_for(1)).await;
    assert_eq!(names(&rig, 6).await, ["u2"; 6]);
    gate.open();
    assert_eq!(busy.answer().await.status, 200);
}

#[tokio::test]
async fn the_higher_priority_goes_first() {
    let rig = rig(2, &two("failover", "priority: 1", "priority: 2")).await;
    assert_eq!(names(&rig, 3).await, ["u2"; 3]);
}

#[tokio::test]
async fn a_weighted_choice_follows_the_weights() {
    let rig = rig(2, &two("weighted_failover", "weight: 9", "weight: 1")).await;
    let share = share(&names(&rig, 400).await, "u1");
    assert!((0.84..=0.96).contains(&share), "{share}");
}

#[tokio::test]
async fn the_longest_prefix_of_the_model_decides() {
    let yaml = two("model_based", "", "").replace(
        "  debug: true\n",
        "  debug: true\n  default_provider: u2\n  model_mapping: {claude: u2, claude-op: u1}\n",
    );
    let rig = rig(2, &yaml).await;
    for (model, expected) in [
        ("claude-opus-4", "u1"),
        ("claude-sonnet", "u2"),
        ("gpt-5", "u2"),
    ] {
        let body = format!(r#"{{"model":"{model}","max_tokens":1,"messages":[]}}"#);
        let answer = rig.send(&[], body.as_bytes()).await;
        assert_eq!(
            answer.header("x-cc-relay-provider"),
            Some(expected),
            "{model}"
        );
        assert_eq!(answer.header("x-cc-relay-strategy"), Some("model_based"));
    }
}

#[tokio::test]
async fn a_mapping_to_a_provider_that_is_off_still_finds_another() {
    let yaml = two("model_based", "enabled: false", "").replace(
        "  debug: true\n",
        "  debug: true\n  model_mapping: {claude: u1}\n",
    );
    let rig = rig(2, &yaml).await;
    assert_eq!(rig.who().await, "u2");
}

#[tokio::test]
async fn the_faster_provider_gets_nearly_all() {
    let rig = rig(2, &two("latency_based", "", "")).await;
    let slow = || {
        Raw::new(200)
            .sleep(std::time::Duration::from_millis(150))
            .body("{}")
    };
    for _ in 0..60 {
        rig.mocks[0].push(slow());
    }
    names(&rig, 10).await;
    let share = share(&names(&rig, 50).await, "u2");
    assert!(share >= 0.9, "{share}");
}

#[tokio::test]
async fn the_cheaper_provider_of_the_model_goes_first() {
    let rig = rig(
        2,
        &two(
            "cost_based",
            "prices: {claude-sonnet-4-5: 3/15}",
            "prices: {\"*\": 0.6/2.2}",
        ),
    )
    .await;
    assert_eq!(names(&rig, 3).await, ["u2"; 3]);
}

#[tokio::test]
async fn what_routing_did_is_told_only_when_asked_for() {
    let rig = rig(2, &two("round_robin", "", "")).await;
    let answer = rig.say(&[]).await;
    for (name, value) in [
        ("x-cc-relay-strategy", "round_robin"),
        ("x-cc-relay-provider", "u1"),
        ("x-cc-relay-health", "closed"),
    ] {
        assert_eq!(answer.header(name), Some(value));
    }
    rig.reload(&two("round_robin", "", "").replace("debug: true", "debug: false"));
    let answer = rig.say(&[]).await;
    let told = answer
        .headers
        .iter()
        .any(|(name, _)| name.starts_with("x-cc-relay"));
    assert!(!told, "{:?}", answer.headers);
}

#[tokio::test]
async fn when_it_was_asked_and_answered_is_told_only_when_asked_for() {
    const TIMES: [&str; 4] = [
        "x-proxy-received-at",
        "x-proxy-first-response-at",
        "x-upstream-request-start",
        "x-upstream-request-stop",
    ];
    let rig = rig(2, &two("round_robin", "", "")).await;
    let gate = Gate::new();
    rig.mocks[0].push(Raw::new(200).pause_before_head(&gate).body("{}"));
    let asked = async {
        gate.reached(1).await;
        let known = nanoseconds(jiff::Timestamp::now());
        gate.open();
        known
    };
    let (answer, arrived) = tokio::join!(rig.say(&[]), asked);
    let [received, first, start, stop] = TIMES.map(|name| answer.header(name).unwrap());
    let moment = |text: &str| nanoseconds(text.parse().unwrap());
    let nanos = |text: &str| text.parse::<i128>().unwrap();
    let (start, stop) = (nanos(start), nanos(stop));
    assert!(moment(received) <= start && start < stop, "{answer:?}");
    assert_eq!(moment(first), stop);
    // The clock that measures and the one that tells the time are two.
    let slack = 50_000_000;
    assert!(
        start < arrived + slack && stop + slack > arrived,
        "{answer:?}"
    );
    rig.reload(&two("round_robin", "", "").replace("debug: true", "debug: false"));
    let answer = rig.say(&[]).await;
    assert!(
        TIMES.iter().all(|name| answer.header(name).is_none()),
        "{answer:?}"
    );
}

fn nanoseconds(at: jiff::Timestamp) -> i128 {
    at.as_nanosecond()
}

#[tokio::test]
async fn a_session_stays_where_its_cache_is_warm() {
    let rig = rig(2, &two("round_robin", "", "")).await;
    let session = |id: &str| format!("X-Claude-Code-Session-Id: {id}");
    for id in ["a", "b", "c", "d"] {
        let first = rig.say(&[&session(id)]).await;
        let home = first.header("x-cc-relay-provider").unwrap().to_owned();
        for _ in 0..3 {
            let next = rig.say(&[&session(id)]).await;
            assert_eq!(next.header("x-cc-relay-provider"), Some(&*home));
            assert_eq!(next.header("x-weir-route-reason"), Some("affinity"));
        }
    }
    let record = rig.net.records.ended(16).await;
    assert_eq!(record.route.reason, "affinity");
    assert!(record.route.session.is_some());
}

#[tokio::test]
async fn a_session_leaves_a_provider_that_fails_and_stays_where_it_went() {
    let rig = rig(2, &two("failover", "priority: 2", "")).await;
    let session = ["X-Claude-Code-Session-Id: s"];
    rig.say(&session).await;
    rig.mocks[0].push(Raw::new(500).body("{}"));
    for _ in 0..3 {
        let answer = rig.say(&session).await;
        assert_eq!(answer.status, 200);
        assert_eq!(answer.header("x-cc-relay-provider"), Some("u2"));
    }
}

#[tokio::test]
async fn small_requests_without_a_session_spread() {
    let rig = rig(2, &two("round_robin", "", "")).await;
    names(&rig, 10).await;
    assert_eq!(rig.received(), [5, 5]);
}

#[tokio::test]
async fn a_large_prompt_without_a_session_id_goes_where_it_went_before() {
    let rig = rig(2, &two("round_robin", "", "")).await;
    let prompt = "All work and no play. ".repeat(600);
    let turn = |more: &str| {
        format!(
            r#"{{"model":"m","messages":[{{"role":"user","content":"{prompt}"}}{more}],"max_tokens":1}}"#
        )
    };
    let more = r#",{"role":"assistant","content":"ok"},{"role":"user","content":"go on"}"#;
    for body in [turn(""), turn(more), turn(more)] {
        rig.send(&[], body.as_bytes()).await;
    }
    let received = rig.received();
    assert!(received == [3, 0] || received == [0, 3], "{received:?}");
}

#[tokio::test]
async fn models_and_providers_in_use_are_listed() {
    let yaml = two("failover", "enabled: false", "models: [a, b]");
    let rig = rig(2, &yaml).await;
    let models = ask(rig.net.addr, &bare("GET", "/v1/models", &[]))
        .await
        .json();
    assert_eq!(models["object"], "list");
    let ids: Vec<_> = models["data"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| &one["id"])
        .collect();
    assert_eq!(ids, ["a", "b"]);
    let one = &models["data"][0];
    assert_eq!(
        (&one["object"], &one["owned_by"]),
        (&"model".into(), &"zhipu".into())
    );
    assert_eq!(one["provider"], "u2");
    assert!(one["created"].as_i64().unwrap() > 1_700_000_000);
    let providers = ask(rig.net.addr, &bare("GET", "/v1/providers", &[]))
        .await
        .json();
    let all = providers["data"].as_array().unwrap();
    assert_eq!(all.len(), 1, "one is off");
    assert_eq!(
        (&all[0]["name"], &all[0]["type"]),
        (&"u2".into(), &"zhipu".into())
    );
    assert_eq!(all[0]["base_url"], rig.mocks[1].url());
    assert_eq!(
        (&all[0]["models"][1], &all[0]["active"]),
        (&"b".into(), &true.into())
    );

    rig.reload(&two("failover", "", ""));
    let models = ask(rig.net.addr, &bare("GET", "/v1/models", &[]))
        .await
        .json();
    let ids: Vec<_> = models["data"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| &one["id"])
        .collect();
    assert_eq!(
        ids[..3],
        ["GLM-5", "GLM-4.7", "GLM-4.5-Air"],
        "the vendor's own"
    );
    assert_eq!(ids.len(), 6, "of both");
}

#[tokio::test]
async fn models_are_listed_in_the_order_of_the_configuration_and_each_says_whose_it_is() {
    let yaml = format!(
        "providers:\n{}{}{}  - {{name: u4, type: ollama, base_url: \"{{u4}}\", models: [z, same]}}\n",
        zai("u1", "models: [m, same, a]"),
        zai("u2", "models: [unseen]\nenabled: false"),
        zai("u3", "models: [b]").replace("type: zai", "type: minimax"),
    );
    let rig = rig(4, &yaml).await;
    let now = || weir_proxy::clock::now().unix_ms / 1000;
    let before = now();
    let models = ask(rig.net.addr, &bare("GET", "/v1/models", &[])).await;
    let after = now();
    assert_eq!(models.status, 200);
    assert_eq!(models.header("content-type"), Some("application/json"));
    let list = models.json();
    assert_eq!(list["object"], "list");
    let data = list["data"].as_array().unwrap();
    let expected = [
        ("m", "zhipu", "u1"),
        ("same", "zhipu", "u1"),
        ("a", "zhipu", "u1"),
        ("b", "minimax", "u3"),
        ("z", "ollama", "u4"),
        ("same", "ollama", "u4"),
    ];
    let told = |name: &str| -> Vec<_> {
        let values = data.iter().map(|one| one[name].as_str().unwrap());
        values.collect()
    };
    assert_eq!(told("id"), expected.map(|(id, _, _)| id));
    assert_eq!(told("owned_by"), expected.map(|(_, owner, _)| owner));
    assert_eq!(told("provider"), expected.map(|(_, _, provider)| provider));
    assert_eq!(told("object"), ["model"; 6]);
    for one in data {
        let created = one["created"].as_i64().unwrap();
        assert!((before..=after).contains(&created), "{created}");
    }
}
