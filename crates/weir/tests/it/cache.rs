//! The response cache of the whole product: tenants, their quotas, the management and the history.

mod alone;
mod shared;

use http::Method;
use serde_json::{Value, json};
use weir_mock::Raw;

use crate::program::{Got, Program, Setup, eventually, small, start_with};

const MANAGER: &str = "manager-0123456789";
const OPT_IN: (&str, &str) = ("cache-control", "public, max-age=600");

async fn start(settings: &[(&str, &str)]) -> Program {
    start_with(Setup {
        settings,
        env: &[("MANAGEMENT_TOKEN", MANAGER), ("HTTP_CACHE_ENABLED", "yes")],
    })
    .await
}

async fn manage(weir: &Program, method: Method, path: &str, body: Value) -> Got {
    let bearer = format!("Bearer {MANAGER}");
    let body = match &body {
        Value::Null => String::new(),
        body => body.to_string(),
    };
    weir.send(method, path, &[("authorization", &bearer)], body)
        .await
}

/// A project's id, and the id and the secret of a token of it.
async fn tenant(weir: &Program, name: &str, more: Value) -> (String, String, String) {
    let new = json!({"name": name, "api_key": format!("UPKEY-{name}"), "provider": "anthropic"});
    let made = manage(weir, Method::POST, "/manage/projects", new).await;
    let project = made.json()["id"].as_str().unwrap().to_owned();
    let mut new = json!({"project_id": project, "duration_minutes": 60});
    new.as_object_mut()
        .unwrap()
        .extend(more.as_object().cloned().unwrap_or_default());
    let made = manage(weir, Method::POST, "/manage/tokens", new).await;
    assert_eq!(made.status, 201, "{}", made.text());
    let text = |name: &str| made.json()[name].as_str().unwrap().to_owned();
    (project, text("id"), text("token"))
}

async fn say(weir: &Program, token: &str) -> Got {
    weir.message(&[("x-api-key", token), OPT_IN], &small())
        .await
}

fn word(got: &Got) -> String {
    let word = got.headers.get("x-proxy-cache");
    word.map_or_else(String::new, |word| word.to_str().unwrap().to_owned())
}

#[tokio::test]
async fn a_tenant_never_sees_what_another_asked_for_and_is_counted_apart() {
    let weir = start(&[]).await;
    let (first, _, one) = tenant(&weir, "one", json!({})).await;
    let (second, _, two) = tenant(&weir, "two", json!({})).await;
    for (token, expected) in [
        (&one, "stored"),
        (&two, "stored"),
        (&one, "hit"),
        (&two, "hit"),
        (&one, "hit"),
    ] {
        let got = say(&weir, token).await;
        assert_eq!((got.status.as_u16(), word(&got).as_str()), (200, expected));
    }
    let state = manage(&weir, Method::GET, "/manage/cache", Value::Null).await;
    let projects = state.json()["projects"].clone();
    for (index, (id, hits, rate)) in [(&first, 2, 2.0 / 3.0), (&second, 1, 0.5)]
        .into_iter()
        .enumerate()
    {
        let of = &projects[index];
        let told = (&of["project_id"], &of["hits"], &of["misses"], &of["stores"]);
        assert_eq!(told, (&json!(id), &json!(hits), &json!(1), &json!(1)));
        assert_eq!(of["hit_rate"], rate);
        assert!(of["stored_bytes"].as_u64() > Some(0), "{of}");
    }
    let credentials = weir.mock.received();
    let credentials: Vec<_> = credentials
        .iter()
        .filter_map(|one| one.credential())
        .collect();
    assert_eq!(credentials, ["UPKEY-one", "UPKEY-two"]);
}

#[tokio::test]
async fn a_hit_takes_no_quota_and_is_counted_for_its_token() {
    let weir = start(&[]).await;
    let budget = json!({"max_requests": 1, "budgets": [{"period": "day", "tokens": 1_000_000}]});
    let (_, id, token) = tenant(&weir, "one", budget).await;
    for expected in ["stored", "hit", "hit", "hit", "hit", "hit"] {
        let got = say(&weir, &token).await;
        assert_eq!((got.status.as_u16(), word(&got).as_str()), (200, expected));
    }
    let path = format!("/manage/tokens/{id}");
    let used = eventually(|| async {
        let token = manage(&weir, Method::GET, &path, Value::Null).await.json();
        (token["cache_hit_count"] == 5 && token["request_count"] == 1).then_some(token)
    })
    .await;
    assert_eq!(used["max_requests"], 1);
    let refused = weir
        .message(&[("x-api-key", token.as_str())], &small())
        .await;
    assert_eq!(refused.status, 429, "what is not there is not given");
}

#[tokio::test]
async fn what_is_stored_is_for_who_is_still_let_in() {
    let weir = start(&[]).await;
    let (project, id, token) = tenant(&weir, "one", json!({})).await;
    assert_eq!(word(&say(&weir, &token).await), "stored");
    let path = format!("/manage/projects/{project}");
    let rules = json!({"rules": {"allowed_models": ["gpt-*"]}});
    assert_eq!(manage(&weir, Method::PATCH, &path, rules).await.status, 200);
    assert_eq!(say(&weir, &token).await.status, 403);
    let none = json!({"rules": {}, "is_active": false});
    assert_eq!(manage(&weir, Method::PATCH, &path, none).await.status, 200);
    assert_eq!(say(&weir, &token).await.status, 403);
    let on = json!({"is_active": true});
    assert_eq!(manage(&weir, Method::PATCH, &path, on).await.status, 200);
    assert_eq!(word(&say(&weir, &token).await), "hit");
    let path = format!("/manage/tokens/{id}");
    let revoked = manage(&weir, Method::DELETE, &path, Value::Null).await;
    assert_eq!(revoked.status, 204);
    assert_eq!(say(&weir, &token).await.status, 401);
    assert_eq!(weir.mock.received().len(), 1);
}

#[tokio::test]
async fn what_is_asked_for_again_behind_its_back_is_the_token_s_and_no_more_than_it_may() {
    let weir = start(&[]).await;
    let (_, id, token) = tenant(&weir, "one", json!({"max_requests": 2})).await;
    let wish = "public, max-age=1, stale-while-revalidate=600";
    let say = async || {
        let headers = [("x-api-key", token.as_str()), ("cache-control", wish)];
        weir.message(&headers, &small()).await
    };
    assert_eq!(word(&say().await), "stored");
    let path = format!("/manage/tokens/{id}");
    let counted = async |count: u64| {
        eventually(async || {
            // Who comes while it is old has it asked for again.
            let got = say().await;
            assert_eq!((got.status.as_u16(), word(&got).as_str()), (200, "hit"));
            let token = manage(&weir, Method::GET, &path, Value::Null).await.json();
            (token["request_count"] == count).then_some(())
        })
        .await;
    };
    counted(2).await;
    assert_eq!(weir.mock.received().len(), 2);
    // The cap is used up. What is there is given all the same, and nobody is asked.
    eventually(async || {
        let got = say().await;
        assert_eq!((got.status.as_u16(), word(&got).as_str()), (200, "hit"));
        let figures = weir.get("/metrics").await.text();
        let name = "weir_limit_refusals_total{limit=\"requests\"} ";
        let refused = figures.lines().find_map(|line| line.strip_prefix(name));
        refused.is_some_and(|count| count != "0").then_some(())
    })
    .await;
    assert_eq!(weir.mock.received().len(), 2);
    let revoked = manage(&weir, Method::DELETE, &path, Value::Null).await;
    assert_eq!(revoked.status, 204);
    assert_eq!(say().await.status, 401);
}

#[tokio::test]
async fn a_hit_is_in_the_history_and_costs_nothing() {
    let weir = start(&[]).await;
    let (_, _, token) = tenant(&weir, "one", json!({})).await;
    say(&weir, &token).await;
    let asked = weir_request(&weir, 1).await;
    assert!(
        asked["response"]["usage"]["output_tokens"].as_u64() > Some(0),
        "{asked}"
    );
    say(&weir, &token).await;
    let hit = weir_request(&weir, 2).await;
    assert_eq!(hit["response"]["statusCode"], 200, "{hit}");
    assert_eq!(hit["provider"], "", "{hit}");
    assert!(hit["response"]["usage"].is_null(), "{hit}");
    assert_eq!(hit["route"]["strategy"], "cache", "{hit}");
}

/// The newest exchange once there are so many that have ended.
async fn weir_request(weir: &Program, count: usize) -> Value {
    eventually(async || {
        let bearer = format!("Bearer {MANAGER}");
        let list = weir
            .send(
                Method::GET,
                "/api/requests?limit=10",
                &[("authorization", &bearer)],
                "",
            )
            .await
            .json();
        let all = list["requests"].as_array().cloned().unwrap_or_default();
        let ended = all.iter().filter(|one| one["response"].is_object()).count();
        (ended == count).then(|| all.first().cloned()).flatten()
    })
    .await
}

#[tokio::test]
async fn managers_see_it_and_take_things_out() {
    let weir = start(&[]).await;
    let (project, _, token) = tenant(&weir, "one", json!({})).await;
    let models = || {
        Raw::new(200)
            .header("content-type", "application/json")
            .header("cache-control", "public, max-age=600")
            .body("{\"data\":[]}")
    };
    let get = async |accept: &str| {
        weir.mock.push(models());
        let headers = [("x-api-key", token.as_str()), ("accept", accept)];
        let got = weir
            .send(Method::GET, "/v1/models?limit=9", &headers, "")
            .await;
        weir.mock.reset();
        got
    };
    let purge = async |body: Value| {
        let got = manage(&weir, Method::POST, "/manage/cache/purge", body).await;
        assert_eq!(got.status, 200, "{}", got.text());
        got.json()["deleted"].clone()
    };
    let exact = json!({"method": "GET", "url": "/v1/models"});
    assert_eq!(word(&get("*/*").await), "stored");
    assert_eq!(word(&get("*/*").await), "hit");
    assert_eq!(purge(exact.clone()).await, true);
    assert_eq!(purge(exact).await, false);
    let again = get("*/*").await;
    assert_eq!(word(&again), "stored");
    let key = again.headers["x-proxy-cache-key"].to_str().unwrap();
    let digits: String = key.chars().take(6).collect();
    assert_eq!(
        purge(json!({"method": "GET", "url": "/x", "prefix": digits})).await,
        1
    );
    assert_eq!(word(&get("*/*").await), "stored");
    assert_eq!(word(&get("application/json").await), "stored");
    let nobody = "00000000-0000-7000-8000-000000000000";
    assert_eq!(purge(json!({"project_id": nobody})).await, 0);
    assert_eq!(purge(json!({"project_id": project})).await, 2);
    assert_eq!(word(&get("*/*").await), "stored");
    assert_eq!(purge(json!({"all": true})).await, 1);
    let state = manage(&weir, Method::GET, "/manage/cache", Value::Null)
        .await
        .json();
    assert_eq!(state["enabled"], true);
    assert_eq!(
        (&state["hits"], &state["stores"], &state["entries"]),
        (&json!(1), &json!(5), &json!(0))
    );
    let audit = manage(
        &weir,
        Method::GET,
        "/manage/audit?action=cache.purge",
        Value::Null,
    )
    .await;
    assert_eq!(audit.json()["pagination"]["total_count"], 6);
    let figures = weir.get("/metrics").await.text();
    for line in [
        "weir_cache_hits_total 1",
        "weir_cache_stores_total 5",
        "weir_cache_entries 0",
    ] {
        assert!(figures.contains(line), "{figures}");
    }
}

#[tokio::test]
async fn what_cannot_be_purged_is_said() {
    let weir = start(&[]).await;
    for (body, message) in [
        ("no json", "invalid JSON"),
        ("{}", "method and url are required"),
        (r#"{"method":"GET"}"#, "method and url are required"),
        (r#"{"method":"GET","url":"models"}"#, "invalid URL"),
        (
            r#"{"prefix":"*"}"#,
            "`prefix` is the beginning of a key: 1 to 64 hexadecimal digits",
        ),
    ] {
        let bearer = format!("Bearer {MANAGER}");
        let headers = [("authorization", bearer.as_str())];
        let got = weir
            .send(Method::POST, "/manage/cache/purge", &headers, body)
            .await;
        assert_eq!(
            (got.status.as_u16(), &got.json()["error"]),
            (400, &json!(message)),
            "{body}"
        );
    }
    let off = start(&[("cache.enabled", "false")]).await;
    let purged = manage(
        &off,
        Method::POST,
        "/manage/cache/purge",
        json!({"all": true}),
    )
    .await;
    assert_eq!(
        (purged.status.as_u16(), &purged.json()["error"]),
        (400, &json!("caching is disabled"))
    );
    let state = manage(&off, Method::GET, "/manage/cache", Value::Null)
        .await
        .json();
    assert_eq!(state["enabled"], false);
    let outside = weir
        .send(Method::POST, "/manage/cache/purge", &[], "{\"all\":true}")
        .await;
    assert_eq!(outside.status, 401);
}

#[tokio::test]
async fn hits_are_counted_however_fast_they_come_and_the_log_holds_no_token() {
    const CLIENTS: usize = 8;
    const EACH: usize = 125;
    let weir = start(&[("logging.level", "debug")]).await;
    let (_, id, token) = tenant(&weir, "one", json!({})).await;
    assert_eq!(word(&say(&weir, &token).await), "stored");
    let client = async || {
        for _ in 0..EACH {
            assert_eq!(word(&say(&weir, &token).await), "hit");
        }
    };
    futures_util::future::join_all((0..CLIENTS).map(|_| client())).await;
    let listed = eventually(|| async {
        let all = manage(&weir, Method::GET, "/manage/tokens", Value::Null).await;
        let all = all.json();
        (all[0]["cache_hit_count"] == CLIENTS * EACH).then(|| all[0].clone())
    })
    .await;
    assert_eq!(
        (&listed["id"], &listed["request_count"]),
        (&json!(id), &json!(1))
    );
    assert_eq!(weir.mock.received().len(), 1);
    assert!(!weir.log().contains(&token));
}
