//! Who may manage projects: by tokens with roles and names, and by the cookie of the pages.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use http::Method;
use serde_json::{Value, json};

use super::{MANAGER, manage, project, start};
use crate::program::{Setup, start_with};

#[tokio::test]
async fn managers_may_do_what_their_role_says() {
    let weir = start(&[
        ("projects.read_token", "reader-0123456789"),
        ("projects.operate_token", "operator-01234"),
    ])
    .await;
    let project = project(&weir, json!({})).await;
    let ask = async |token: &str, method: Method, path: &str, body: Value| {
        let bearer = format!("Bearer {token}");
        let got = weir
            .send(
                method,
                path,
                &[("authorization", &bearer)],
                body.to_string(),
            )
            .await;
        got.status.as_u16()
    };
    let token = json!({"project_id": project, "duration_minutes": 5});
    for (who, list, make_token, make_project) in [
        ("reader-0123456789", 200, 403, 403),
        ("operator-01234", 200, 201, 403),
        (MANAGER, 200, 201, 201),
        ("somebody", 401, 401, 401),
    ] {
        assert_eq!(
            ask(who, Method::GET, "/manage/projects", json!({})).await,
            list,
            "{who}"
        );
        let made = ask(who, Method::POST, "/manage/tokens", token.clone()).await;
        assert_eq!(made, make_token, "{who}");
        let new = json!({"name": who});
        let made = ask(who, Method::POST, "/manage/projects", new).await;
        assert_eq!(made, make_project, "{who}");
    }
    let bare = weir.get("/manage/projects").await;
    assert_eq!(bare.status, 401);
    assert_eq!(bare.headers["content-type"], "application/json");
}

#[tokio::test]
async fn a_manager_is_told_their_role_and_nobody_else_is() {
    let weir = start(&[
        ("projects.read_token", "reader-0123456789"),
        ("projects.operate_token", "operator-01234"),
    ])
    .await;
    for (token, name, role) in [
        ("reader-0123456789", "read_token", "read"),
        ("operator-01234", "operate_token", "operate"),
        (MANAGER, "management_api", "admin"),
    ] {
        let bearer = format!("Bearer {token}");
        let headers = [("authorization", bearer.as_str())];
        let told = weir.send(Method::GET, "/manage/me", &headers, "").await;
        assert_eq!(told.status, 200, "{}", told.text());
        assert_eq!(told.json(), json!({"name": name, "role": role}));
    }
    assert_eq!(weir.get("/manage/me").await.status, 401);
}

#[tokio::test]
async fn managers_with_names_do_what_their_role_says_under_their_name() {
    let managers = r#"{"alice": {"role": "operate", "token": "alice-0123456789"},
        "bob": {"role": "read", "token": "bob-0123456789"}}"#;
    let weir = start(&[("projects.managers", managers)]).await;
    let project = project(&weir, json!({})).await;
    let new = json!({"project_id": project, "duration_minutes": 5}).to_string();
    let make = async |token: &str| {
        let bearer = format!("Bearer {token}");
        let headers = [("authorization", &*bearer)];
        weir.send(Method::POST, "/manage/tokens", &headers, new.clone())
            .await
    };
    assert_eq!(make("alice-0123456789").await.status, 201);
    assert_eq!(make("bob-0123456789").await.status, 403);
    let log_in = json!({"management_token": "bob-0123456789"}).to_string();
    let entered = weir.send(Method::POST, "/manage/login", &[], log_in).await;
    assert_eq!(entered.status, 204, "{}", entered.text());
    for (query, action) in [
        ("actor=alice&outcome=success", "token.create"),
        ("actor=bob&outcome=denied", "admin.access"),
        ("actor=bob&outcome=success", "admin.login"),
    ] {
        let path = format!("/manage/audit?{query}");
        let found = manage(&weir, Method::GET, &path, Value::Null).await.json();
        assert_eq!(found["events"][0]["action"], action, "{found}");
    }
    let shown = weir.get("/api/config/effective").await.text();
    assert!(shown.contains("projects.managers"), "{shown}");
    assert!(!shown.contains("0123456789"), "{shown}");
}

#[tokio::test]
async fn a_management_token_logs_in_to_the_pages_and_its_cookie_does_not_hold_it() {
    let weir = start(&[("projects.read_token", "reader-0123456789")]).await;
    let log_in = async |token: &str, remember: bool| {
        let body = json!({"management_token": token, "remember": remember});
        weir.send(Method::POST, "/manage/login", &[], body.to_string())
            .await
    };
    assert_eq!(log_in("guess", false).await.status, 401);
    let set = async |token: &str, remember: bool| {
        let got = log_in(token, remember).await;
        assert_eq!(got.status, 204, "{}", got.text());
        got.headers["set-cookie"].to_str().unwrap().to_owned()
    };
    let brief = set(MANAGER, false).await;
    assert!(brief.contains("HttpOnly; SameSite=Strict"), "{brief}");
    assert!(!brief.contains("Max-Age"), "{brief}");
    let long = set(MANAGER, true).await;
    assert!(long.contains("Max-Age=2592000"), "{long}");
    let value = |set: &str| set.split_once(';').unwrap().0.to_owned();
    let cookie = value(&long);
    for part in cookie.split(['=', '.']) {
        for engine in [&STANDARD_NO_PAD, &URL_SAFE_NO_PAD] {
            let decoded = engine.decode(part).unwrap_or_default();
            let holds = decoded
                .windows(MANAGER.len())
                .any(|part| part == MANAGER.as_bytes());
            assert!(!holds && !part.contains(MANAGER), "{cookie}");
        }
    }

    let ask = async |method: Method, path: &str, cookie: &str, body: Value| {
        let headers = [("cookie", cookie), ("sec-fetch-site", "same-origin")];
        weir.send(method, path, &headers, body.to_string()).await
    };
    let new = json!({"name": "by a browser"});
    let made = ask(Method::POST, "/manage/projects", &cookie, new.clone()).await;
    assert_eq!(made.status, 201, "{}", made.text());
    let bare = [("cookie", cookie.as_str())];
    let bare = weir.send(Method::POST, "/manage/projects", &bare, new.to_string());
    assert_eq!(bare.await.status, 403, "a cookie alone changes nothing");
    let path = "/manage/audit?action=project.create";
    let event = ask(Method::GET, path, &cookie, Value::Null).await.json();
    let event = &event["events"][0];
    assert_eq!(event["metadata"]["origin"], "admin-ui");
    assert_eq!(event["actor"], "management_api");

    let reader = value(&set("reader-0123456789", false).await);
    let refused = ask(Method::POST, "/manage/projects", &reader, new).await;
    assert_eq!(refused.status, 403);
    let out = ask(Method::POST, "/api/logout", &cookie, Value::Null).await;
    assert!(
        out.headers["set-cookie"]
            .to_str()
            .unwrap()
            .contains("Max-Age=0")
    );
    let gone = ask(Method::GET, "/manage/projects", &cookie, Value::Null).await;
    assert_eq!(gone.status, 401);
}

#[tokio::test]
async fn without_projects_the_answer_says_how_to_switch_them_on() {
    let weir = start_with(Setup::default()).await;
    for path in ["/manage/projects", "/manage/tokens", "/manage/audit"] {
        let got = weir.get(path).await;
        assert_eq!(got.status, 503);
        let said = got.json()["error"].as_str().unwrap().to_owned();
        assert!(said.contains("projects.management_token"), "{said}");
    }
}
