//! `weir replay`: a captured session, played to whoever asks the same again.

use std::process::{Output, Stdio};

use serde_json::{Value, json};
use weir_mock::{Mock, MockConfig};

use crate::program::{Program, start, weir};

const SESSION: &str = "5f0c9b1e-0d3a-4c58-9a53-6f2f4f1d7c11";

fn first(day: &str) -> Value {
    json!({"model": "claude-sonnet-4-5", "max_tokens": 10, "stream": true,
        "system": format!("Today is {day}."),
        "messages": [{"role": "user", "content": "list the files"}]})
}

fn second(day: &str, result: &str) -> Value {
    let mut body = first(day);
    let messages = body["messages"].as_array_mut().unwrap();
    messages.push(json!({"role": "assistant", "content": [
        {"type": "tool_use", "id": "toolu_1", "name": "Bash", "input": {"command": "ls"}}]}));
    messages.push(json!({"role": "user", "content": [
        {"type": "tool_result", "tool_use_id": "toolu_1", "content": result}]}));
    body
}

/// Two turns through weir, and the bytes of their answers.
async fn record(program: &Program) -> [Vec<u8>; 2] {
    let headers = [("x-claude-code-session-id", SESSION), ("x-api-key", "own")];
    let one = program.message(&headers, &first("2026-11-20")).await;
    let two = program
        .message(&headers, &second("2026-11-20", "README.md"))
        .await;
    program.newest().await;
    [one.body.to_vec(), two.body.to_vec()]
}

/// Runs `weir replay` with a script as the agent.
async fn replay(program: &Program, options: &[&str], bodies: &[Value]) -> (Output, Vec<Vec<u8>>) {
    let folder = program.folder.path();
    let mut script = String::new();
    for (at, body) in bodies.iter().enumerate() {
        std::fs::write(folder.join(format!("ask{at}.json")), body.to_string()).unwrap();
        script += &format!(
            "curl -s $ANTHROPIC_BASE_URL/v1/messages?beta=true -d @ask{at}.json -o got{at}; "
        );
    }
    let mut command = weir();
    command
        .current_dir(folder)
        .env("PATH", std::env::var_os("PATH").unwrap())
        .args(["replay", "--db", "requests.db", "--session", "5f0c9b1e"])
        .args(options)
        .args(["--", "sh", "-c", &script])
        .stdin(Stdio::null());
    let output = tokio::task::spawn_blocking(move || command.output().unwrap());
    let output = output.await.unwrap();
    let got = (0..bodies.len()).map(|at| std::fs::read(folder.join(format!("got{at}"))));
    (output, got.map(Result::unwrap).collect())
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[tokio::test]
async fn a_session_is_answered_byte_for_byte_without_its_provider() {
    let program = start(&[]).await;
    let recorded = record(&program).await;
    let before = program.mock.received().len();
    // In another order and on another day; the tool has found something else.
    let bodies = [second("2027-01-01", "LICENSE"), first("2027-01-01")];
    let (output, got) = replay(&program, &["--strict"], &bodies).await;
    assert!(output.status.success(), "{}", said(&output));
    assert_eq!(got, [recorded[1].clone(), recorded[0].clone()]);
    assert_eq!(program.mock.received().len(), before);
    let said = said(&output);
    assert!(
        said.contains("1 but for ids and times, 1 by its place"),
        "{said}"
    );
    assert!(
        said.contains("0 found no answer, 0 recorded were not asked for"),
        "{said}"
    );
}

#[tokio::test]
async fn what_was_not_recorded_is_refused_in_the_clients_words() {
    let program = start(&[]).await;
    record(&program).await;
    let mut other = first("2026-11-20");
    other["messages"][0]["content"] = json!("delete the files");
    let (output, got) = replay(&program, &["--strict"], &[other]).await;
    assert_eq!(output.status.code(), Some(1));
    let error: Value = serde_json::from_slice(&got[0]).unwrap();
    assert_eq!(error["type"], "error");
    let message = error["error"]["message"].as_str().unwrap();
    assert!(
        message.contains("no recorded exchange answers POST /v1/messages"),
        "{message}"
    );
    assert!(
        said(&output).contains("1 found no answer, 2 recorded"),
        "{}",
        said(&output)
    );
}

#[tokio::test]
async fn another_gateway_is_asked_when_told_so() {
    let program = start(&[]).await;
    record(&program).await;
    let other: Mock = weir_mock::serve(MockConfig::default()).await.unwrap();
    let mut body = first("2026-11-20");
    body["messages"][0]["content"] = json!("something else");
    body["stream"] = json!(false);
    let (output, got) = replay(&program, &["--upstream", &other.url()], &[body.clone()]).await;
    assert!(output.status.success(), "{}", said(&output));
    let answer: Value = serde_json::from_slice(&got[0]).unwrap();
    assert_eq!(answer["type"], "message");
    let received = other.received();
    assert_eq!(received[0].path(), "/v1/messages");
    assert_eq!(received[0].body, body.to_string().into_bytes());
}

#[tokio::test]
async fn a_session_that_is_not_there_is_named() {
    let program = start(&[]).await;
    record(&program).await;
    let mut command = weir();
    command.current_dir(program.folder.path()).args([
        "replay",
        "--db",
        "requests.db",
        "--session",
        "nobody",
    ]);
    let output = tokio::task::spawn_blocking(move || command.output().unwrap());
    let output = output.await.unwrap();
    assert!(!output.status.success());
    assert!(
        said(&output).contains("`nobody`: there is none"),
        "{}",
        said(&output)
    );
}

#[tokio::test]
async fn codex_is_told_to_go_on_without_a_websocket() {
    let program = start(&[]).await;
    record(&program).await;
    let ask =
        "curl -s -o /dev/null -w '%{http_code}' -H 'connection: upgrade' -H 'upgrade: websocket'";
    let script = format!(
        "{ask} $OPENAI_BASE_URL/responses; {ask} $WEIR_URL/v1/responses \
        -H \"authorization: Bearer $CODEX_API_KEY\"; {ask} $WEIR_URL/v1/responses"
    );
    let mut command = weir();
    command
        .current_dir(program.folder.path())
        .env("PATH", std::env::var_os("PATH").unwrap())
        // What is lent to Codex is lent to who has its name.
        .args(["replay", "--db", "requests.db", "--", "sh", "-c"])
        .arg(script.replace("$CODEX_API_KEY", "$OPENAI_API_KEY"));
    let output = tokio::task::spawn_blocking(move || command.output().unwrap());
    let output = output.await.unwrap();
    assert_eq!(
        String::from_utf8_lossy(&output.stdout),
        "426426401",
        "{}",
        said(&output)
    );
}
