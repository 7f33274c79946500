//! Gateways that keep answers together, over a real Redis.

use http::Method;
use serde_json::{Value, json};

use super::{MANAGER, OPT_IN, manage, word};
use crate::program::{Got, Program, Setup, eventually, small, start_with};
use crate::shared::redis::Redis;

const KEY: (&str, &str) = ("x-api-key", "sk-ant-api03-one");

/// As one that llm-proxy was configured for.
async fn node(redis: &Redis) -> Program {
    start_with(Setup {
        settings: &[
            ("cache.redis_timeout", "20s"),
            ("projects.required", "false"),
        ],
        env: &[
            ("MANAGEMENT_TOKEN", MANAGER),
            ("HTTP_CACHE_ENABLED", "true"),
            ("HTTP_CACHE_BACKEND", "redis"),
            ("REDIS_CACHE_URL", &redis.url()),
            ("REDIS_CACHE_KEY_PREFIX", "llmproxy:cache:"),
        ],
    })
    .await
}

async fn say(weir: &Program) -> Got {
    let got = weir.message(&[KEY, OPT_IN], &small()).await;
    assert_eq!(got.status, 200, "{}", got.text());
    got
}

async fn state(weir: &Program) -> Value {
    manage(weir, Method::GET, "/manage/cache", Value::Null)
        .await
        .json()
}

/// Waits until the store can be asked, or not.
async fn is_reachable(weir: &Program, wanted: bool) {
    eventually(async || (state(weir).await["reachable"] == wanted).then_some(())).await;
}

async fn purge_all(weir: &Program) -> Got {
    let all = json!({"all": true});
    manage(weir, Method::POST, "/manage/cache/purge", all).await
}

#[tokio::test]
async fn a_hit_outlasts_a_restart_and_two_gateways_share_it() {
    let redis = Redis::start();
    let (one, other) = (node(&redis).await, node(&redis).await);
    let first = say(&one).await;
    assert_eq!(word(&first), "stored");
    let hit = say(&one).await;
    assert_eq!((word(&hit).as_str(), &hit.body), ("hit", &first.body));
    one.signal("TERM");
    let mut one = one;
    assert!(one.exit().await.success());
    let there = say(&other).await;
    assert_eq!((word(&there).as_str(), &there.body), ("hit", &first.body));
    let again = node(&redis).await;
    assert_eq!(word(&say(&again).await), "hit");
    assert_eq!(other.mock.received().len() + again.mock.received().len(), 0);
    let told = state(&again).await;
    assert_eq!(
        (&told["backend"], &told["entries"], &told["max_bytes"]),
        (&json!("redis"), &json!(1), &Value::Null)
    );
    assert_eq!(
        (&told["hit_rate"], &told["errors"]),
        (&json!(1.0), &json!(0))
    );
    assert_eq!(purge_all(&other).await.json()["deleted"], 1);
    assert_eq!(word(&say(&again).await), "stored", "it is gone everywhere");
}

#[tokio::test]
async fn without_the_store_requests_are_misses_and_it_is_used_again_when_it_is_back() {
    let mut redis = Redis::start();
    let weir = node(&redis).await;
    assert_eq!(word(&say(&weir).await), "stored");
    assert_eq!(word(&say(&weir).await), "hit");
    redis.stop();
    for asked in 2..5 {
        say(&weir).await;
        assert_eq!(
            weir.mock.received().len(),
            asked,
            "each goes to the provider"
        );
    }
    is_reachable(&weir, false).await;
    assert!(state(&weir).await["errors"].as_u64() >= Some(3));
    let figures = weir.get("/metrics").await.text();
    assert!(figures.contains("weir_cache_reachable 0"), "{figures}");
    let refused = purge_all(&weir).await;
    assert_eq!(
        (refused.status.as_u16(), &refused.json()["error"]),
        (503, &json!("the store of the cache cannot be reached"))
    );
    while !redis.start_again() {
        redis.stop();
    }
    is_reachable(&weir, true).await;
    say(&weir).await;
    assert_eq!(word(&say(&weir).await), "hit");
    let log = weir.log();
    assert!(
        log.contains("answers of the cache are shared again"),
        "{log}"
    );
    assert!(!log.contains(crate::shared::redis::PASSWORD), "{log}");
}
