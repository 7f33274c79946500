//! What clients can ask for: variants, conditions, directives, and that things be forgotten.

use http::Method;
use weir_core::cache::Purge;
use weir_mock::{Cut, Raw};

use super::{MODELS, OPT_IN, PUBLIC, cached, id, json, status, word};

const TAGGED: [(&str, &str); 2] = [("cache-control", PUBLIC), ("etag", "\"e1\"")];

#[tokio::test]
async fn what_varies_has_an_entry_for_each() {
    let net = cached(&[]).await;
    for name in ["en", "de"] {
        net.mock.push(json(
            name,
            &[("cache-control", PUBLIC), ("vary", "Accept-Language")],
        ));
    }
    for round in 0..2 {
        for name in ["en", "de"] {
            let language = format!("Accept-Language: {name}");
            let other = format!("X-Round: {round}");
            let answer = net.get(&[&language, &other]).await;
            assert_eq!(id(&answer), name);
            if (round, name) == (0, "de") {
                assert_eq!(status(&answer), "weir; fwd=vary-miss; stored");
            }
        }
    }
    assert_eq!((net.reached(), net.view().store.entries), (2, 2));
}

#[tokio::test]
async fn who_has_it_already_is_told_so() {
    let net = cached(&[]).await;
    net.mock.push(json("a", &TAGGED));
    net.get(&[]).await;
    for tag in ["\"e1\"", "W/\"e1\"", "\"x\", \"e1\""] {
        let answer = net
            .get(&[&format!("If-None-Match: {tag}"), "Connection: close"])
            .await;
        assert_eq!(
            (answer.status, word(&answer)),
            (304, "conditional-hit"),
            "{tag}"
        );
        assert_eq!(answer.header("etag"), Some("\"e1\""));
        assert!(answer.body.is_empty() && answer.header("content-type").is_none());
    }
    assert_eq!(id(&net.get(&["If-None-Match: \"e2\""]).await), "a");
    assert_eq!((net.reached(), net.view().hits), (1, 4));
}

#[tokio::test]
async fn who_wants_it_asked_again_gets_the_stored_body_if_it_still_holds() {
    let net = cached(&[]).await;
    net.mock.push(json("a", &TAGGED));
    net.get(&[]).await;
    net.later(50_000);
    net.mock.push(
        Raw::new(304)
            .header("etag", "\"e1\"")
            .header("cache-control", PUBLIC),
    );
    let answer = net.get(&["Cache-Control: no-cache"]).await;
    assert_eq!((id(&answer), word(&answer)), ("a".into(), "revalidated"));
    assert_eq!(
        status(&answer),
        "weir; fwd=request; fwd-status=304; ttl=60; stored"
    );
    let asked = net.mock.received().pop().unwrap();
    assert_eq!(asked.header("if-none-match"), Some("\"e1\""));
    net.later(50_000);
    assert_eq!(
        status(&net.get(&[]).await),
        "weir; hit; ttl=10",
        "it was made fresh"
    );
    net.mock.push(json("b", &TAGGED));
    net.later(50_000);
    assert_eq!(id(&net.get(&[]).await), "b", "it had changed");
    assert_eq!((net.reached(), net.view().revalidations), (3, 1));
    let recorded = net.records.ended(4).await;
    assert!(!recorded.route.cached);
}

#[tokio::test]
async fn a_client_can_insist_or_do_with_less() {
    let net = cached(&[]).await;
    let nothing = net.get(&["Cache-Control: only-if-cached"]).await;
    assert_eq!((nothing.status, net.reached()), (504, 0));
    net.mock.push(json("a", &[("cache-control", PUBLIC)]));
    net.get(&[]).await;
    net.later(30_000);
    for (control, hit) in [
        ("only-if-cached", true),
        ("min-fresh=30", true),
        ("max-age=30", true),
        ("min-fresh=31", false),
        ("max-age=29", false),
        ("no-store", false),
        ("max-age=0", false),
    ] {
        if !hit {
            net.mock.push(json("other", &[]));
        }
        let answer = net.get(&[&format!("Cache-Control: {control}")]).await;
        assert_eq!(id(&answer), if hit { "a" } else { "other" }, "{control}");
    }
    net.later(40_000);
    let stale = net.get(&["Cache-Control: max-stale=10"]).await;
    assert_eq!(
        (id(&stale), status(&stale)),
        ("a".into(), "weir; hit; ttl=-10")
    );
}

#[tokio::test]
async fn a_head_is_answered_from_what_a_get_has_left() {
    let net = cached(&[]).await;
    net.mock.push(json("abc", &[("cache-control", PUBLIC)]));
    net.get(&[]).await;
    let head = bare_head(&net).await;
    assert!(
        head.contains("x-proxy-cache: hit") && head.contains("content-length: 12"),
        "{head}"
    );
    assert_eq!(net.reached(), 1);
}

/// The head of an answer to `HEAD`, which has no body whatever its length says.
async fn bare_head(net: &crate::net::Net) -> String {
    let request = crate::net::bare("HEAD", MODELS, &[super::KEY]);
    let mut wire = crate::net::Wire::connect(net.addr).await;
    wire.send(&request).await;
    let (status, headers) = wire.head().await;
    let lines = headers
        .iter()
        .map(|(name, value)| format!("{name}: {value}\n"));
    format!("{status}\n{}", lines.collect::<String>())
}

#[tokio::test]
async fn parts_and_preconditions_go_past_it() {
    let net = cached(&[]).await;
    net.mock.push(json("a", &TAGGED));
    net.get(&[]).await;
    for (header, why) in [
        ("Range: bytes=0-1", "range"),
        ("If-Match: \"e1\"", "precondition"),
    ] {
        net.mock.push(json("b", &TAGGED));
        let answer = net.get(&[header]).await;
        assert_eq!(id(&answer), "b");
        assert_eq!(status(&answer), format!("weir; fwd=bypass; detail={why}"));
    }
    assert_eq!(id(&net.get(&[]).await), "a");
}

#[tokio::test]
async fn an_old_answer_stands_in_for_a_failure_where_that_is_allowed() {
    let net = cached(&[]).await;
    let willing = [("cache-control", "public, max-age=60, stale-if-error=30")];
    net.mock.push(json("a", &willing));
    net.get(&[]).await;
    net.later(80_000);
    net.mock.push(Raw::new(500).body("broken"));
    let answer = net.get(&[]).await;
    assert_eq!(id(&answer), "a");
    assert_eq!(
        status(&answer),
        "weir; fwd=stale; fwd-status=500; ttl=-20; detail=stale-if-error"
    );
    for _ in 0..4 {
        net.mock.push(Raw::refuse(Cut::Rst));
    }
    assert_eq!(id(&net.get(&[]).await), "a");
    net.later(20_000);
    net.mock.reset();
    net.mock.push(Raw::new(500).body("broken"));
    assert_eq!(net.get(&[]).await.status, 500, "that is too old");
}

#[tokio::test]
async fn a_change_forgets_what_was_there_and_asking_a_model_does_not() {
    let net = cached(&[]).await;
    let file = "/v1/files/file_1";
    net.mock.push(json("before", &[("cache-control", PUBLIC)]));
    net.mock.push(json("a", &[]));
    assert_eq!(id(&net.at("GET", file, &[]).await), "before");
    for _ in 0..2 {
        assert_eq!(id(&net.say(&[OPT_IN]).await), "a");
    }
    assert_eq!(id(&net.at("GET", file, &[]).await), "before");
    net.mock.push(json("deleted", &[]));
    assert_eq!(id(&net.at("DELETE", file, &[]).await), "deleted");
    net.mock.push(json("after", &[]));
    assert_eq!(id(&net.at("GET", file, &[]).await), "after");
    assert_eq!(id(&net.say(&[OPT_IN]).await), "a");
}

#[tokio::test]
async fn a_purge_takes_every_variant_of_a_path() {
    let net = cached(&[]).await;
    let cache = &net.gateway.cache;
    let path = || Purge::Path {
        method: Method::GET,
        path: MODELS.into(),
        query: None,
        project: None,
    };
    for name in ["a", "b", "c"] {
        net.mock.push(json(name, &[("cache-control", PUBLIC)]));
    }
    assert_eq!(id(&net.get(&["Accept: */*"]).await), "a");
    assert_eq!(id(&net.get(&["Accept: application/json"]).await), "b");
    for taken in [2, 0] {
        assert_eq!(cache.purge(&path()).await, Ok(taken));
    }
    let third = net.get(&["Accept: */*"]).await;
    assert_eq!(id(&third), "c");
    let key = third.header("x-proxy-cache-key").unwrap();
    let digits: String = key.chars().take(6).collect();
    let prefix = Purge::Prefix(digits.into());
    assert_eq!(cache.purge(&prefix).await, Ok(1));
    assert_eq!(net.view().store.entries, 0);
}
