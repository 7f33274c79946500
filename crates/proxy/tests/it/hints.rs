//! What other nodes say of providers and keys, where requests meet it.

use std::sync::Arc;

use futures_util::future::join_all;
use parking_lot::Mutex;
use weir_core::keys::{KeyId, Rest};
use weir_core::route::hints::{Hint, Said, Subject};
use weir_mock::{Gate, Raw};
use weir_proxy::clock::now;

use crate::net::within;
use crate::rig::{Rig, rig, zai};

/// Two providers of which each failure tells.
fn yaml() -> String {
    let health =
        "  health_check:\n    enabled: false\n  circuit_breaker:\n    failure_threshold: 1\n";
    let providers = zai("u1", "priority: 2") + &zai("u2", "");
    format!("routing:\n  debug: true\nhealth:\n{health}providers:\n{providers}")
}

/// What is told of what happens here.
fn told(rig: &Rig) -> Arc<Mutex<Vec<Hint>>> {
    let told = Arc::new(Mutex::new(Vec::new()));
    let into = Arc::clone(&told);
    let fleet = &rig.net.gateway.snapshot.load().fleet;
    let outlet = &fleet.memories.hints;
    outlet.when_learnt(Box::new(move |hint| into.lock().push(hint)));
    told
}

fn hear(rig: &Rig, hint: &Hint) -> bool {
    let fleet = &rig.net.gateway.snapshot.load().fleet;
    fleet.hear(hint, None, (&"other".into(), now()))
}

/// That the breaker of the first provider is open elsewhere.
fn ill(rig: &Rig) -> Hint {
    let fleet = &rig.net.gateway.snapshot.load().fleet;
    Hint {
        subject: Subject {
            provider: "u1".into(),
            way: fleet.member("u1").unwrap().provider.way(),
            key: None,
        },
        said: Said::Open,
        left_ms: 60_000,
    }
}

fn state(rig: &Rig) -> &'static str {
    let snapshot = rig.net.gateway.snapshot.load();
    let member = snapshot.fleet.member("u1").unwrap();
    member.breaker_state(now()).as_str()
}

#[tokio::test]
async fn while_one_finds_out_the_others_ask_the_next() {
    let rig = rig(2, &yaml()).await;
    let told = told(&rig);
    assert!(hear(&rig, &ill(&rig)));
    let gate = Gate::new();
    rig.mocks[0].push(Raw::new(200).pause_before_head(&gate).body("{}"));
    let trial = async {
        let name = rig.who().await;
        assert_eq!(name, "u1");
    };
    let others = async {
        within(rig.mocks[0].wait_until(|all| all.len() == 1)).await;
        let names = join_all((0..5).map(|_| rig.who())).await;
        assert!(names.iter().all(|name| name == "u2"), "{names:?}");
        gate.open();
    };
    tokio::join!(trial, others);
    assert_eq!(rig.received(), [1, 5]);
    assert_eq!((state(&rig), rig.who().await.as_str()), ("closed", "u1"));
    assert!(told.lock().is_empty(), "what was only heard is not told");
    assert!(!hear(&rig, &ill(&rig)), "it was just shown to be wrong");
}

#[tokio::test]
async fn who_has_nobody_else_asks_all_the_same() {
    let rig = rig(2, &yaml()).await;
    assert!(hear(&rig, &ill(&rig)));
    let gate = Gate::new();
    rig.mocks[0].push(Raw::new(200).pause_before_head(&gate).body("{}"));
    let trial = rig.who();
    let other = async {
        within(rig.mocks[0].wait_until(|all| all.len() == 1)).await;
        rig.mocks[1].push(Raw::new(500).body("{}"));
        assert_eq!(rig.who().await, "u1", "the last that can be asked");
        gate.open();
    };
    tokio::join!(trial, other);
    assert_eq!(rig.received(), [2, 1]);
}

#[tokio::test]
async fn the_failure_of_the_trial_opens_and_is_told() {
    let rig = rig(2, &yaml()).await;
    let told = told(&rig);
    hear(&rig, &ill(&rig));
    rig.mocks[0].push(Raw::new(500).body("{}"));
    assert_eq!(rig.who().await, "u2");
    assert_eq!((state(&rig), rig.who().await.as_str()), ("open", "u2"));
    let told = told.lock().clone();
    assert_eq!(told.len(), 1);
    let expected = ill(&rig).subject;
    assert_eq!((&told[0].subject, told[0].said), (&expected, Said::Open));
    let well = Hint::well(expected);
    assert!(hear(&rig, &well));
    assert_eq!(rig.who().await, "u1", "it is tried at once");
}

#[tokio::test]
async fn another_place_of_the_same_name_is_not_meant() {
    let rig = rig(2, &yaml()).await;
    let mut hint = ill(&rig);
    hint.subject.way ^= 1;
    assert!(!hear(&rig, &hint));
    hint = ill(&rig);
    rig.reload(&yaml().replace("{u1}", "{u2}"));
    assert!(!hear(&rig, &hint), "it leads elsewhere now");
    assert_eq!(state(&rig), "closed");
}

#[tokio::test]
async fn a_key_that_rests_is_told_with_its_time_and_no_secret() {
    let rig = rig(2, &yaml()).await;
    let told = told(&rig);
    rig.mocks[0].push(Raw::new(429).header("retry-after", "90").body("{}"));
    assert_eq!(rig.who().await, "u2");
    let told = told.lock().clone();
    let key = told.iter().find(|hint| hint.subject.key.is_some()).unwrap();
    assert_eq!(key.subject.key, Some(KeyId::of("key-of-u1")));
    assert_eq!(
        (key.said, key.left_ms),
        (Said::Rests(Rest::Limited), 90_000)
    );
    assert!(!format!("{told:?}").contains("key-of-u1"));
}
