//! An answer that is too old, given at once and asked for again behind the client's back.

use weir_mock::{Gate, Raw};

use super::{OPT_IN, cached, id, json, status};
use crate::net::{Net, within};

const WILLING: [(&str, &str); 2] = [
    (
        "cache-control",
        "public, max-age=60, stale-while-revalidate=30",
    ),
    ("etag", "\"e1\""),
];

/// A gateway that holds "a", ten seconds too old.
async fn old() -> Net {
    let net = cached(&[]).await;
    net.mock.push(json("a", &WILLING));
    assert_eq!(id(&net.get(&[]).await), "a");
    net.later(70_000);
    net
}

/// Waits until so many answers were kept or found to hold still.
async fn refreshed(net: &Net, count: u64) {
    let done = async {
        let view = || net.view();
        while view().stores + view().revalidations < count {
            tokio::task::yield_now().await;
        }
    };
    within(done).await;
}

#[tokio::test]
async fn an_old_answer_is_given_at_once_and_asked_for_again_once() {
    let net = old().await;
    let gate = Gate::new();
    net.mock.push(json("b", &WILLING).pause_before_head(&gate));
    for _ in 0..3 {
        let answer = net.get(&["If-None-Match: \"other\""]).await;
        assert_eq!(id(&answer), "a");
        assert_eq!(
            status(&answer),
            "weir; hit; ttl=-10; detail=stale-while-revalidate"
        );
    }
    gate.reached(1).await;
    assert_eq!((net.reached(), net.view().refreshes), (2, 1));
    gate.open();
    refreshed(&net, 2).await;
    let asked = net.mock.received().pop().unwrap();
    assert_eq!(asked.header("if-none-match"), Some("\"e1\""));
    let fresh = net.get(&[]).await;
    assert_eq!(
        (id(&fresh), status(&fresh)),
        ("b".into(), "weir; hit; ttl=60")
    );
    let view = net.view();
    assert_eq!((net.reached(), view.hits, view.misses), (2, 4, 1));
}

#[tokio::test]
async fn what_still_holds_is_fresh_again() {
    let net = old().await;
    let still = Raw::new(304).header("etag", "\"e1\"");
    net.mock
        .push(still.header("cache-control", "public, max-age=60"));
    assert_eq!(id(&net.get(&[]).await), "a");
    refreshed(&net, 2).await;
    let fresh = net.get(&[]).await;
    assert_eq!(
        (id(&fresh), status(&fresh)),
        ("a".into(), "weir; hit; ttl=60")
    );
    assert_eq!(net.reached(), 2);
}

#[tokio::test]
async fn who_insists_or_comes_too_late_waits_for_the_provider() {
    for (control, ms) in [("no-cache", 0), ("max-age=30", 0), ("max-age=600", 21_000)] {
        let net = old().await;
        net.later(ms);
        net.mock.push(json("b", &WILLING));
        let terms = format!("Cache-Control: {control}");
        assert_eq!(id(&net.get(&[&terms]).await), "b", "{control}");
        assert_eq!(net.view().refreshes, 0);
    }
}

#[tokio::test]
async fn a_failure_behind_the_back_is_nobody_s_and_it_is_tried_again() {
    let net = old().await;
    net.mock.push(Raw::new(400).body("{}"));
    assert_eq!(id(&net.get(&[]).await), "a");
    within(async {
        while net.reached() < 2 {
            tokio::task::yield_now().await;
        }
    })
    .await;
    net.mock.push(json("b", &WILLING));
    within(async {
        while net.view().refreshes < 2 {
            assert_eq!(id(&net.get(&[]).await), "a");
        }
    })
    .await;
    refreshed(&net, 2).await;
    assert_eq!(id(&net.get(&[]).await), "b");
}

#[tokio::test]
async fn who_has_its_own_answers_kept_may_wish_for_it() {
    let net = cached(&[]).await;
    net.mock.push(json("a", &[]));
    let wish = format!("{OPT_IN}, stale-while-revalidate=30");
    assert_eq!(id(&net.say(&[&wish]).await), "a");
    net.later(70_000);
    net.mock.push(json("b", &[]));
    let old = net.say(&[&wish]).await;
    assert_eq!(id(&old), "a");
    assert_eq!(
        old.header("cache-control"),
        Some("public, max-age=60, stale-while-revalidate=30")
    );
    refreshed(&net, 2).await;
    assert_eq!(id(&net.say(&[&wish]).await), "b");
    assert_eq!(net.reached(), 2);
}

#[tokio::test]
async fn what_one_client_wishes_is_no_wish_of_another() {
    let net = cached(&[]).await;
    net.mock.push(json("a", &[]));
    let wish = format!("{OPT_IN}, stale-while-revalidate=300");
    assert_eq!(id(&net.say(&[&wish]).await), "a");
    net.later(70_000);
    net.mock.push(json("b", &[]));
    let other = net.say(&[OPT_IN]).await;
    assert_eq!((id(&other), net.reached()), ("b".into(), 2));
}
