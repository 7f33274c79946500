//! What is kept, for how long and for whom.

use weir_core::exchange::End;
use weir_mock::Raw;

use super::{KEY, MODELS, OPT_IN, PUBLIC, cached, id, json, status, word};
use crate::net::{BODY, ask, net, post};

#[tokio::test]
async fn nothing_is_kept_unless_it_is_switched_on() {
    let net = net(&[]).await;
    for name in ["a", "b"] {
        net.mock.push(json(name, &[("cache-control", PUBLIC)]));
        let answer = net.get(&[OPT_IN]).await;
        assert_eq!(id(&answer), name);
        assert_eq!((status(&answer), word(&answer)), ("", ""));
    }
    assert_eq!(net.view().stores, 0);
}

#[tokio::test]
async fn what_the_provider_makes_public_is_given_again_with_its_age() {
    let net = cached(&[]).await;
    net.mock
        .push(json("a", &[("cache-control", PUBLIC), ("x-own", "kept")]));
    let first = net.get(&[]).await;
    assert_eq!(status(&first), "weir; fwd=uri-miss; stored");
    assert_eq!((word(&first), first.header("age")), ("stored", None));
    net.later(7000);
    let second = net.get(&["x-request-id: mine"]).await;
    assert_eq!((id(&second), net.reached()), ("a".into(), 1));
    assert_eq!(
        (word(&second), status(&second)),
        ("hit", "weir; hit; ttl=53")
    );
    assert_eq!(second.header("age"), Some("7"));
    assert_eq!(second.header("x-own"), Some("kept"));
    assert_eq!(second.header("x-request-id"), Some("mine"));
    let key = second.header("x-proxy-cache-key").unwrap();
    assert_eq!(
        (key.len(), Some(key)),
        (64, first.header("x-proxy-cache-key"))
    );
    let third = net.get(&[]).await;
    assert_ne!(third.header("x-request-id"), first.header("x-request-id"));
    let view = net.view();
    assert_eq!(
        (view.hits, view.misses, view.stores, view.store.entries),
        (2, 1, 1, 1)
    );
}

#[tokio::test]
async fn a_hit_is_an_exchange_that_no_provider_had() {
    let net = cached(&[]).await;
    net.mock.push(json("a", &[("cache-control", PUBLIC)]));
    net.get(&[]).await;
    let asked = net.records.ended(1).await;
    assert!(!asked.route.cached && !asked.route.provider.is_empty());
    net.get(&[]).await;
    let hit = net.records.ended(1).await;
    assert!(hit.route.cached);
    assert_eq!((&*hit.route.provider, hit.attempts), ("", 0));
    assert_eq!((hit.route.strategy, hit.route.reason), ("cache", "hit"));
    assert_eq!(
        (hit.end, hit.body.to_bytes()),
        (End::Complete, "{\"id\":\"a\"}".into())
    );
}

#[tokio::test]
async fn what_may_not_be_shared_or_kept_is_asked_for_each_time() {
    for (control, opts_in) in [
        ("max-age=60", true),
        ("private, max-age=60", true),
        ("no-store", true),
        ("public", false),
        ("no-cache", false),
    ] {
        let net = cached(&[]).await;
        for name in ["a", "b"] {
            net.mock.push(json(name, &[("cache-control", control)]));
            let terms = if opts_in { vec![OPT_IN] } else { vec![] };
            let answer = net.get(&terms).await;
            assert_eq!(
                (id(&answer), word(&answer)),
                (name.into(), "miss"),
                "{control}"
            );
        }
        assert_eq!(net.view().store.entries, 0, "{control}");
    }
}

#[tokio::test]
async fn only_whole_good_answers_are_kept() {
    for code in [206, 301, 404, 410] {
        let net = cached(&[]).await;
        for _ in 0..2 {
            let raw = Raw::new(code).header("cache-control", PUBLIC).body("{}");
            net.mock.push(raw);
            assert_eq!(net.get(&[OPT_IN]).await.status, code);
        }
        assert_eq!((net.reached(), net.view().stores), (2, 0), "{code}");
    }
}

#[tokio::test]
async fn the_shared_lifetime_goes_before_the_other() {
    let net = cached(&[]).await;
    for name in ["a", "b"] {
        let control = [("cache-control", "public, s-maxage=1, max-age=60")];
        net.mock.push(json(name, &control));
    }
    assert_eq!(id(&net.get(&[]).await), "a");
    net.later(500);
    assert_eq!(id(&net.get(&[]).await), "a");
    net.later(1000);
    let third = net.get(&[]).await;
    assert_eq!(
        (id(&third), status(&third)),
        ("b".into(), "weir; fwd=stale; stored")
    );
}

#[tokio::test]
async fn a_client_may_have_kept_what_says_nothing_of_it() {
    let net = cached(&[]).await;
    net.mock.push(json("a", &[]));
    net.mock.push(json("b", &[]));
    let first = net.get(&[OPT_IN]).await;
    assert_eq!(status(&first), "weir; fwd=uri-miss; stored; detail=forced");
    assert_eq!(word(&first), "stored");
    let hit = net.get(&[OPT_IN]).await;
    assert_eq!(
        (id(&hit), hit.header("cache-control")),
        ("a".into(), Some(PUBLIC))
    );
    net.later(60_000);
    assert_eq!(id(&net.get(&[OPT_IN]).await), "b");
}

#[tokio::test]
async fn the_default_is_for_what_is_public_for_nobody_knows_how_long() {
    let net = cached(&[("cache.default_ttl", "5")]).await;
    net.mock.push(json("a", &[("cache-control", "public")]));
    net.mock.push(json("b", &[]));
    net.mock.push(json("c", &[]));
    assert_eq!(id(&net.get(&[]).await), "a");
    net.later(2000);
    assert_eq!(id(&net.get(&[]).await), "a");
    net.later(4000);
    assert_eq!(id(&net.get(&[]).await), "b");
    assert_eq!(id(&net.get(&[]).await), "c", "that was not public");
}

#[tokio::test]
async fn what_is_sent_is_looked_up_only_for_who_opts_in() {
    let net = cached(&[]).await;
    let other: &[u8] = br#"{"model":"m","messages":[{"role":"user","content":"ho"}]}"#;
    for name in ["a", "b", "c", "d", "e"] {
        net.mock.push(json(name, &[("cache-control", PUBLIC)]));
    }
    for name in ["a", "b"] {
        let answer = net.say(&[]).await;
        assert_eq!((id(&answer), status(&answer)), (name.into(), ""));
    }
    let view = net.view();
    let untouched = weir_core::cache::CacheView {
        enabled: true,
        store: view.store,
        ..Default::default()
    };
    assert_eq!((view, view.store.entries), (untouched, 0));
    for _ in 0..2 {
        assert_eq!(id(&net.say(&[OPT_IN]).await), "c");
    }
    assert_eq!(
        id(&net.say_this(&[OPT_IN], other).await),
        "d",
        "another body"
    );
    let shorter = "Cache-Control: public, max-age=30";
    assert_eq!(id(&net.say(&[shorter]).await), "e", "another time");
    assert_eq!(net.reached(), 5);
}

#[tokio::test]
async fn a_conversation_is_not_kept_unless_that_is_wanted_and_it_is_said() {
    let turn: &[u8] = br#"{"model":"m","messages":[{"role":"user","content":"a"},
        {"role":"assistant","content":"b"},{"role":"user","content":"c"}]}"#;
    let net = cached(&[]).await;
    net.mock.push(json("a", &[]));
    net.mock.push(json("b", &[]));
    let refused = net.say_this(&[OPT_IN], turn).await;
    assert_eq!(status(&refused), "weir; fwd=bypass; detail=multi-turn");
    assert_eq!((word(&refused), net.view().bypasses), ("bypass", 1));
    let wanted = [OPT_IN, "X-Weir-Cache: multi-turn"];
    for _ in 0..2 {
        assert_eq!(id(&net.say_this(&wanted, turn).await), "b");
    }
    let last = net.mock.received().pop().unwrap();
    assert_eq!(last.header("x-weir-cache"), None, "it is for weir alone");
    let net = cached(&[("cache.multi_turn", "true")]).await;
    net.mock.push(json("c", &[]));
    for _ in 0..2 {
        assert_eq!(id(&net.say_this(&[OPT_IN], turn).await), "c");
    }
}

#[tokio::test]
async fn who_brings_a_credential_has_a_cache_of_their_own() {
    let net = cached(&[]).await;
    for name in ["a", "b", "c"] {
        net.mock.push(json(name, &[]));
    }
    let say = async |credential: &str| {
        let request = post("/v1/messages", &[credential, OPT_IN], BODY);
        id(&ask(net.addr, &request).await)
    };
    for _ in 0..2 {
        assert_eq!(say(KEY).await, "a");
        assert_eq!(say("x-api-key: sk-ant-api03-two").await, "b");
        assert_eq!(say("Authorization: Bearer sk-ant-oat01-x").await, "c");
    }
    assert_eq!(net.reached(), 3);
}

#[tokio::test]
async fn a_digest_that_a_client_claims_is_not_believed() {
    let net = cached(&[]).await;
    net.mock.push(json("planted", &[]));
    net.mock.push(json("genuine", &[]));
    let forged = "X-Body-Hash: 2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824";
    let chunked = format!(
        "POST /v1/messages HTTP/1.1\r\nHost: x\r\n{KEY}\r\n{OPT_IN}\r\n{forged}\r\n\
         Transfer-Encoding: chunked\r\n\r\n2\r\n{{}}\r\n0\r\n\r\n"
    );
    ask(net.addr, chunked.as_bytes()).await;
    assert_eq!(id(&net.say(&[OPT_IN, forged]).await), "genuine");
    let received = net.mock.received();
    assert!(
        received
            .iter()
            .all(|one| one.header("x-body-hash").is_none())
    );
}

#[tokio::test]
async fn nothing_of_one_exchange_is_given_to_another() {
    let net = cached(&[]).await;
    let own = [
        ("cache-control", PUBLIC),
        ("set-cookie", "session=secret"),
        ("request-id", "req_1"),
        ("anthropic-ratelimit-requests-remaining", "1"),
    ];
    net.mock.push(json("a", &own));
    let first = net.get(&[]).await;
    assert_eq!(first.header("set-cookie"), Some("session=secret"));
    let hit = net.get(&[]).await;
    assert_eq!(id(&hit), "a");
    assert_eq!(hit.header("set-cookie"), None);
    assert_eq!(hit.header("anthropic-ratelimit-requests-remaining"), None);
    assert_eq!(hit.header("request-id"), hit.header("x-request-id"));
    assert_ne!(hit.header("request-id"), Some("req_1"));
}

#[tokio::test]
async fn what_is_too_large_is_only_relayed() {
    let net = cached(&[("cache.max_object_bytes", "100")]).await;
    let body = format!(r#"{{"id":"{}"}}"#, "x".repeat(200));
    let raw = || {
        Raw::new(200)
            .header("content-type", "application/json")
            .header("cache-control", PUBLIC)
    };
    for raw in [
        raw().body(body.clone()),
        raw().piece(body.clone()).split_every(30),
    ] {
        net.mock.push(raw);
        let answer = net.get(&[]).await;
        assert_eq!(
            (answer.body, answer.whole),
            (body.clone().into_bytes(), true)
        );
    }
    assert_eq!((net.reached(), net.view().store.entries), (2, 0));
}

#[tokio::test]
async fn all_together_have_a_bound() {
    let net = cached(&[("cache.max_bytes", "64KiB")]).await;
    for number in 0..40 {
        let raw = Raw::new(200)
            .header("cache-control", PUBLIC)
            .body("x".repeat(8000));
        net.mock.push(raw);
        net.at("GET", &format!("{MODELS}?n={number}"), &[]).await;
    }
    let view = net.view();
    assert!(
        view.store.bytes <= 64 << 10 && view.store.entries < 10,
        "{view:?}"
    );
    assert!(view.store.entries > 0, "{view:?}");
}
