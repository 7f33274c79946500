//! Commands for whoever begins: set up, talk, measure.

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Output;

use http::Method;
use serde_json::{Value, json};
use weir_mock::MockConfig;

use crate::program::{
    MESSAGES, Program, Setup, named, output, small, start, start_before, start_in, weir,
};

const KEY: &str = "sk-proj-of-$the-setup";
const TOKEN: &str = "sk-ant-api03-of-the-client";

/// Runs a command in a folder.
async fn run(folder: &Path, args: &[&str], env: &[(&str, &str)], input: &str) -> Output {
    let mut command = weir();
    command
        .current_dir(folder)
        .args(args)
        .envs(env.iter().copied());
    output(command, input).await
}

/// The same with a gateway and a client's credential.
async fn with(weir: &Program, args: &[&str], input: &str) -> Output {
    let env = [("WEIR_URL", weir.url.as_str()), ("PROXY_TOKEN", TOKEN)];
    run(weir.folder.path(), args, &env, input).await
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[tokio::test]
async fn a_setup_is_its_owners_alone_and_serves_the_project_that_it_made() {
    let folder = tempfile::tempdir().unwrap();
    let setup = ["setup", "--api-key-stdin", "--project", "team"];
    let done = run(folder.path(), &setup, &[], &format!("{KEY}\n")).await;
    let (said, errors) = (text(&done.stdout), text(&done.stderr));
    assert!(done.status.success(), "{errors}");
    let file = folder.path().join("weir.yaml");
    let mode = file.metadata().unwrap().permissions().mode() & 0o777;
    assert_eq!(mode, 0o600);
    let written = std::fs::read_to_string(&file).unwrap();
    let value = |name: &str| {
        let start = format!("{name}: \"");
        let found = written
            .lines()
            .find_map(|line| line.trim().strip_prefix(&start));
        found
            .and_then(|rest| rest.strip_suffix('"'))
            .unwrap()
            .to_owned()
    };
    let manager = value("management_token");
    assert!(manager.len() >= 32 && manager.bytes().all(|digit| digit.is_ascii_hexdigit()));
    assert!(value("encryption_key").len() == 44 && !value("api_key").is_empty());
    assert!(
        written.contains("port: 3001") && written.contains("level: info"),
        "{written}"
    );
    for secret in [KEY, manager.as_str()] {
        assert!(!said.contains(secret) && !errors.contains(secret), "{said}");
    }
    let token = said
        .lines()
        .find_map(|line| line.split_once("shown this once: "));
    let token = token.unwrap().1.to_owned();
    let checked = run(folder.path(), &["config", "check"], &[], "").await;
    assert!(checked.status.success(), "{}", text(&checked.stderr));

    let mock = weir_mock::serve(MockConfig::default()).await.unwrap();
    let weir = start_in(folder, mock, Setup::default());
    let bearer = format!("Bearer {token}");
    let headers = [("authorization", bearer.as_str())];
    let body = json!({"model": "gpt-5.2", "messages": [{"role": "user", "content": "hi"}]});
    let path = "/v1/chat/completions";
    let got = weir
        .send(Method::POST, path, &headers, body.to_string())
        .await;
    assert_eq!(got.status, 200, "{}", got.text());
    assert_eq!(weir.mock.received()[0].credential(), Some(KEY));
    let bearer = format!("Bearer {manager}");
    let headers = [("authorization", bearer.as_str())];
    let listed = weir
        .send(Method::GET, "/manage/projects", &headers, "")
        .await;
    assert_eq!(listed.json()[0]["name"], "team", "{}", listed.text());
}

#[tokio::test]
async fn a_setup_takes_a_key_and_replaces_nothing_unasked() {
    let folder = tempfile::tempdir().unwrap();
    let env = [
        ("MY_KEY", KEY),
        ("MANAGEMENT_TOKEN", "my own token of managers"),
    ];
    let setup = async |more: &[&str]| {
        let args = [&["setup"], more].concat();
        let done = run(folder.path(), &args, &env, "").await;
        (done.status.code(), text(&done.stderr))
    };
    let (code, said) = setup(&[]).await;
    assert_eq!(code, Some(1));
    assert!(said.contains("--api-key-stdin"), "{said}");
    let key = ["--api-key-env", "MY_KEY"];
    for (more, code, part) in [
        (&["--config", "weir.toml"][..], 1, "name it .yaml"),
        (&["--provider", "nobody"], 1, "nobody"),
        (&["--project", " "], 1, "--project"),
        (&["--project", "a", "--duration", "0"], 2, "365d"),
        (&["--provider", "anthropic"], 0, ""),
        (&[], 1, "--force"),
        (&["--force", "--port", "4000"], 0, ""),
    ] {
        let (got, said) = setup(&[&key, more].concat()).await;
        assert!(got == Some(code) && said.contains(part), "{more:?}: {said}");
    }
    let written = std::fs::read_to_string(folder.path().join("weir.yaml")).unwrap();
    assert!(written.contains("port: 4000"), "{written}");
    assert!(written.contains("my own token of managers"), "{written}");
    std::fs::write(folder.path().join("control.db"), "").unwrap();
    let (code, said) = setup(&[&key[..], &["--force"]].concat()).await;
    assert_eq!(code, Some(1));
    assert!(said.contains("control.db"), "{said}");
}

#[tokio::test]
async fn a_chat_shows_what_comes_and_remembers_what_was_said() {
    for (model, path) in [
        ("claude-haiku-4-5", MESSAGES),
        ("gpt-5.2", "/v1/chat/completions"),
    ] {
        let weir = start_before(named("hello", false).await, Setup::default());
        for (more, requests) in [(&["--verbose"][..], 2), (&["--no-stream"], 4)] {
            let args = [&["chat", "--model", model, "--system", "be brief"], more].concat();
            let said = with(&weir, &args, "first\n\nsecond\nexit\nnever\n").await;
            let errors = text(&said.stderr);
            assert_eq!(said.status.code(), Some(0), "{errors}");
            assert_eq!(text(&said.stdout), "hello\nhello\n");
            assert_eq!(
                errors.matches("tokens in").count(),
                if more[0] == "--verbose" { 2 } else { 0 }
            );
            let received = weir.mock.received();
            assert_eq!(received.len(), requests);
            let last = received.last().unwrap();
            assert_eq!((last.path(), last.credential()), (path, Some(TOKEN)));
            let asked = last.json();
            let texts: Vec<Value> = asked["messages"].as_array().unwrap().clone();
            let texts: Vec<_> = texts
                .iter()
                .map(|one| one["content"].as_str().unwrap())
                .collect();
            assert!(texts.ends_with(&["first", "hello", "second"]), "{asked}");
            assert!(asked.to_string().contains("be brief"), "{asked}");
        }
    }
}

#[tokio::test]
async fn a_chat_that_is_refused_says_why_and_fails_for_scripts() {
    let weir = start(&[
        ("auth.enabled", "true"),
        ("auth.token", "gateway-token"),
        ("auth.allow_localhost_bypass", "false"),
    ])
    .await;
    let said = with(&weir, &["chat"], "hello\n").await;
    let errors = text(&said.stderr);
    assert_eq!(
        (said.status.code(), text(&said.stdout).as_str()),
        (Some(1), "")
    );
    assert!(
        errors.contains("answered 401") && !errors.contains(TOKEN),
        "{errors}"
    );
    let env = [
        ("WEIR_URL", weir.url.as_str()),
        ("MY_TOKEN", "gateway-token"),
    ];
    for (scenario, expected) in [
        ("drop,after=3", "broke off"),
        ("stream_error,after=3", "failed"),
    ] {
        weir.mock.for_path(MESSAGES, scenario);
        let args = ["chat", "--token-env", "MY_TOKEN"];
        let said = run(weir.folder.path(), &args, &env, "hello\n").await;
        let errors = text(&said.stderr);
        assert_eq!(said.status.code(), Some(1), "{scenario}");
        assert!(errors.contains(expected), "{scenario}: {errors}");
    }
}

#[tokio::test]
async fn a_benchmark_tells_times_statuses_and_what_came_from_the_cache() {
    let settings = [("cache.enabled", "true"), ("routing.debug", "true")];
    let weir = start(&settings).await;
    let args = ["benchmark", "-r", "20", "-c", "4", "--json"];
    let json = async |more: &[&str]| -> Value {
        let done = with(&weir, &[&args, more].concat(), "").await;
        assert!(done.status.success(), "{}", text(&done.stderr));
        serde_json::from_slice(&done.stdout).unwrap()
    };
    let plain = json(&[]).await;
    assert_eq!(
        (
            &plain["requests"],
            &plain["succeeded"],
            &plain["cache_hits"]
        ),
        (&json!(20), &json!(20), &json!(0))
    );
    assert_eq!(plain["statuses"], json!({"200": 20}));
    for times in ["total_ms", "upstream_ms", "gateway_ms"] {
        let time = |name: &str| plain[times][name].as_f64().unwrap();
        assert!(
            time("min") <= time("p50") && time("p50") <= time("p90"),
            "{plain}"
        );
        assert!(
            time("p90") <= time("p99") && time("p99") <= time("max"),
            "{plain}"
        );
    }
    assert_eq!(weir.mock.received().len(), 20);
    let cached = json(&["--cache"]).await;
    let hits = cached["cache_hits"].as_u64().unwrap();
    assert!((16..=19).contains(&hits), "{cached}");
    let shown = with(&weir, &["benchmark", "-r", "3", "-c", "1"], "").await;
    let shown = text(&shown.stdout);
    for part in [
        "requests   3 in",
        "succeeded  3",
        "statuses   200: 3",
        "p90",
        "gateway",
    ] {
        assert!(shown.contains(part), "{part} in {shown}");
    }
}

#[tokio::test]
async fn a_benchmark_of_what_fails_fails_and_shows_no_token() {
    let weir = start(&[("providers.anthropic.max_retries", "0")]).await;
    weir.mock.for_path(MESSAGES, "echo");
    let body = small().to_string();
    let debug = [
        "benchmark",
        "-r",
        "2",
        "-c",
        "1",
        "--debug",
        "--body",
        &body,
    ];
    let echoed = with(&weir, &debug, "").await;
    assert!(echoed.status.success(), "{}", text(&echoed.stderr));
    let shown = text(&echoed.stdout);
    assert!(shown.contains("200: ") && !shown.contains(TOKEN), "{shown}");
    weir.mock.for_path(MESSAGES, "429");
    let refused = with(&weir, &debug, "").await;
    assert_eq!(refused.status.code(), Some(1));
    let shown = text(&refused.stdout);
    assert!(
        shown.contains("failed     2") && shown.contains("429: "),
        "{shown}"
    );
    let nobody = [
        "benchmark",
        "-r",
        "2",
        "--url",
        "http://127.0.0.1:1",
        "--debug",
    ];
    let nobody = with(&weir, &nobody, "").await;
    assert_eq!(nobody.status.code(), Some(1));
    assert!(
        text(&nobody.stdout).contains("no answer: "),
        "{}",
        text(&nobody.stdout)
    );
    let nothing = with(&weir, &["benchmark", "--path", "/v1/responses"], "").await;
    assert!(
        text(&nothing.stderr).contains("--body"),
        "{}",
        text(&nothing.stderr)
    );
}
