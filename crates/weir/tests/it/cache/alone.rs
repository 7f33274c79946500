//! The cache of a weir without projects: who may see and empty it.

use http::Method;
use serde_json::{Value, json};

use super::{MANAGER, OPT_IN, word};
use crate::program::{Got, Program, Setup, small, start_with, weir};

const PASSWORD: &str = "open-sesame";
const TOKEN: &str = "token-of-the-gateway";

async fn start(env: &[(&str, &str)], settings: &[(&str, &str)]) -> Program {
    let env: Vec<_> = env
        .iter()
        .copied()
        .chain([("HTTP_CACHE_ENABLED", "yes")])
        .collect();
    let setup = Setup {
        settings,
        env: &env,
    };
    start_with(setup).await
}

async fn see(weir: &Program, headers: &[(&str, &str)]) -> Got {
    weir.send(Method::GET, "/manage/cache", headers, "").await
}

async fn empty(weir: &Program, headers: &[(&str, &str)]) -> Got {
    let all = json!({"all": true}).to_string();
    weir.send(Method::POST, "/manage/cache/purge", headers, all)
        .await
}

/// A command of `weir cache` with these variables: its exit code, and what it said.
async fn cache(weir_at: &Program, args: &[&str], env: &[(&str, &str)]) -> (i32, String) {
    let mut command = weir();
    command
        .arg("cache")
        .args(args)
        .env("WEIR_URL", &weir_at.url);
    command.envs(env.iter().copied());
    let output = tokio::task::spawn_blocking(move || command.output().unwrap());
    let output = output.await.unwrap();
    let said = [output.stdout, output.stderr].concat();
    let code = output.status.code().unwrap();
    (code, String::from_utf8(said).unwrap())
}

#[tokio::test]
async fn on_loopback_without_any_credential_it_is_seen_and_emptied() {
    let weir = start(&[], &[]).await;
    assert_eq!(word(&weir.message(&[OPT_IN], &small()).await), "stored");
    assert_eq!(word(&weir.message(&[OPT_IN], &small()).await), "hit");
    let state = see(&weir, &[]).await;
    assert_eq!(state.status, 200, "{}", state.text());
    let state = state.json();
    assert_eq!(
        (&state["enabled"], &state["hits"], &state["entries"]),
        (&json!(true), &json!(1), &json!(1))
    );
    let me = weir.get("/manage/me").await.json();
    assert_eq!(me["role"], "admin");
    let (code, said) = cache(&weir, &["status"], &[]).await;
    assert!(code == 0 && said.contains("hits         1"), "{said}");
    let (code, said) = cache(&weir, &["purge", "--all", "--yes"], &[]).await;
    assert_eq!((code, said.trim()), (0, "1 answer deleted"));
    assert_eq!(see(&weir, &[]).await.json()["entries"], 0);
    assert_eq!(word(&weir.message(&[OPT_IN], &small()).await), "stored");
    // What is of projects is still not there.
    assert_eq!(weir.get("/manage/projects").await.status, 503);
    // No page of somebody else's empties it.
    let foreign = empty(&weir, &[("origin", "https://evil.example")]).await;
    assert_eq!(foreign.status, 403);
}

#[tokio::test]
async fn with_the_dashboards_password_nobody_without_it_does() {
    let weir = start(&[("DASHBOARD_PASSWORD", PASSWORD)], &[]).await;
    let bearer = ("authorization", "Bearer open-sesame");
    for headers in [&[][..], &[bearer][..]] {
        assert_eq!(see(&weir, headers).await.status, 401);
        assert_eq!(empty(&weir, headers).await.status, 401);
    }
    let (code, said) = cache(&weir, &["status"], &[]).await;
    assert!(code == 1 && said.contains("DASHBOARD_PASSWORD"), "{said}");
    let known = [("DASHBOARD_PASSWORD", PASSWORD)];
    assert_eq!(cache(&weir, &["status"], &known).await.0, 0);
    let purge = cache(&weir, &["purge", "--all", "--yes"], &known).await;
    assert_eq!((purge.0, purge.1.trim()), (0, "0 answers deleted"));
}

#[tokio::test]
async fn with_the_gateways_token_nobody_without_it_does() {
    let env = [("AUTH_ENABLED", "true"), ("AUTH_TOKEN", TOKEN)];
    let settings = [("auth.allow_localhost_bypass", "false")];
    let weir = start(&env, &settings).await;
    assert_eq!(see(&weir, &[]).await.status, 401);
    assert_eq!(empty(&weir, &[]).await.status, 401);
    let known = [("AUTH_TOKEN", TOKEN)];
    let (code, said) = cache(&weir, &["status"], &known).await;
    assert_eq!(code, 0, "{said}");
}

#[tokio::test]
async fn where_managers_are_named_they_alone_do_by_their_roles() {
    const READER: &str = "reader-0123456789";
    let settings = [
        ("projects.enabled", "false"),
        ("projects.read_token", READER),
    ];
    let weir = start(&[("MANAGEMENT_TOKEN", MANAGER)], &settings).await;
    let bearer = |token: &str| format!("Bearer {token}");
    let (manager, reader) = (bearer(MANAGER), bearer(READER));
    assert_eq!(see(&weir, &[]).await.status, 401);
    assert_eq!(empty(&weir, &[]).await.status, 401);
    let reader = [("authorization", reader.as_str())];
    assert_eq!(see(&weir, &reader).await.status, 200);
    assert_eq!(empty(&weir, &reader).await.status, 403);
    let manager = [("authorization", manager.as_str())];
    let emptied = empty(&weir, &manager).await;
    assert_eq!(emptied.json()["deleted"], Value::from(0));
    assert!(weir.log().contains("management_api"), "{}", weir.log());
    // Whoever has shown a token to the pages has a cookie, which no other page's request uses.
    let shown = json!({"management_token": MANAGER}).to_string();
    let login = weir.send(Method::POST, "/manage/login", &[], shown).await;
    assert_eq!(login.status, 204, "{}", login.text());
    let cookie = login.headers["set-cookie"].to_str().unwrap();
    let cookie = ("cookie", cookie.split(';').next().unwrap());
    assert_eq!(see(&weir, &[cookie]).await.status, 200);
    assert_eq!(empty(&weir, &[cookie]).await.status, 403);
    let ours = ("origin", weir.url.as_str());
    assert_eq!(empty(&weir, &[cookie, ours]).await.status, 200);
}
