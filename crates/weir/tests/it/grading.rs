//! Prompts graded by a judge behind the whole program, which answers as a real provider does.

use http::Method;
use serde_json::{Value, json};
use weir_mock::{Gate, Raw};

use crate::program::{Got, Program, eventually, start, within};

/// A weir whose judge is asked with a key of weir's own.
async fn judged() -> Program {
    start(&[
        ("dashboard.grading.model", "judge-1"),
        ("dashboard.grading.provider", "anthropic"),
        ("providers.anthropic.keys.0.key", "k-judge"),
        // A judge that fails is not asked again, so that each answer is the one that is meant.
        ("routing.retries", "0"),
    ])
    .await
}

fn verdict() -> Value {
    let criterion = json!({"score": 4, "feedback": "why"});
    json!({
        "overallScore": 3.5,
        "detailedFeedback": "Says what, not where.",
        "improvedPrompt": "In `a.rs`:\n```rust\nfn new() {}\n```",
        "criteria": {"clarity": criterion, "context": criterion, "structure": criterion,
            "examples": criterion, "taskSpecific": criterion},
    })
}

/// A whole answer over Anthropic Messages.
fn answer(content: &Value, stop: &str) -> Raw {
    let body = json!({
        "id": "msg_judge", "type": "message", "role": "assistant", "model": "judge-1",
        "content": content, "stop_reason": stop, "stop_sequence": null,
        "usage": {"input_tokens": 900, "output_tokens": 300, "service_tier": "standard"},
    });
    Raw::new(200)
        .header("content-type", "application/json")
        .body(body.to_string())
}

fn text(text: &str) -> Raw {
    answer(&json!([{"type": "text", "text": text}]), "end_turn")
}

/// An exchange whose prompt can be graded; gives its id.
async fn asked(weir: &Program) -> String {
    let body = json!({"model": "claude-x", "max_tokens": 9, "system": "Be brief.",
        "messages": [{"role": "user", "content": "Rename it"}]});
    let got = weir.message(&[], &body).await;
    assert_eq!(got.status, 200, "{}", got.text());
    let newest = weir.newest().await;
    newest["requestId"].as_str().unwrap().to_owned()
}

async fn grade(weir: &Program, id: &str) -> Got {
    let body = json!({"requestId": id}).to_string();
    let headers = [("content-type", "application/json")];
    weir.send(Method::POST, "/api/grade-prompt", &headers, body)
        .await
}

async fn kept(weir: &Program, id: &str) -> Value {
    let log = weir.get(&format!("/api/requests/{id}")).await.json();
    log["promptGrade"].clone()
}

#[tokio::test]
async fn a_judge_is_understood_however_it_hands_its_verdict_in() {
    let weir = judged().await;
    let id = asked(&weir).await;
    let tool = json!([
        {"type": "text", "text": "Here it is."},
        {"type": "tool_use", "id": "toolu_1", "name": "hand_in_grade", "input": verdict()},
    ]);
    let fenced = format!(
        "I looked at {{both}} texts.\n\n```json\n{:#}\n```\nThat is all.",
        verdict()
    );
    for raw in [
        answer(&tool, "tool_use"),
        text(&verdict().to_string()),
        text(&fenced),
        text(&format!("```\n{}\n```", verdict())),
        text(&format!("Sure! {}", verdict())),
    ] {
        weir.mock.push(raw);
        let got = grade(&weir, &id).await;
        assert_eq!(got.status, 200, "{}", got.text());
        let got = got.json();
        assert_eq!(
            (&got["score"], &got["isProcessing"]),
            (&json!(3.5), &json!(false))
        );
        assert_eq!(got["improvedPrompt"], verdict()["improvedPrompt"]);
        assert_eq!(kept(&weir, &id).await, got);
    }
    let received = weir.mock.received().pop().unwrap();
    assert_eq!(received.path(), "/v1/messages");
    assert_eq!(received.header("x-api-key"), Some("k-judge"));
    assert_eq!(
        received.header("x-claude-code-request-class"),
        None,
        "weir's own affair"
    );
    let body: Value = serde_json::from_slice(&received.body).unwrap();
    assert_eq!(body["model"], "judge-1");
    assert_eq!(body["tool_choice"]["name"], body["tools"][0]["name"]);
    let question = body["messages"][0]["content"].as_str().unwrap();
    assert!(question.contains("Rename it") && question.contains("Be brief."));
}

#[tokio::test]
async fn a_judge_that_refuses_or_has_no_room_gives_no_grade_and_takes_none_away() {
    let weir = judged().await;
    let id = asked(&weir).await;
    weir.mock.push(text(&verdict().to_string()));
    let first = grade(&weir, &id).await.json();
    for (raw, why) in [
        (text("I can't help with grading that."), "no JSON object"),
        (answer(&json!([]), "refusal"), "refused"),
        (answer(&json!([{"type": "text", "text": "```json\n{\"overall"}]), "max_tokens"), "cut off"),
        (
            Raw::new(429)
                .header("content-type", "application/json")
                .header("retry-after", "30")
                .body(r#"{"type":"error","error":{"type":"rate_limit_error","message":"Slow down."}}"#),
            "429",
        ),
    ] {
        weir.mock.push(raw);
        let got = grade(&weir, &id).await;
        assert_eq!(got.status, 502, "{}", got.text());
        let error = got.json()["error"].as_str().unwrap().to_owned();
        assert!(error.contains(why), "{why}: {error}");
        assert_eq!(kept(&weir, &id).await, first);
    }
}

#[tokio::test]
async fn a_restart_while_a_judge_is_at_work_leaves_the_grade_from_before() {
    let mut weir = judged().await;
    let id = asked(&weir).await;
    weir.mock.push(text(&verdict().to_string()));
    let first = grade(&weir, &id).await.json();
    let gate = Gate::new();
    weir.mock.push(Raw::new(200).pause_before_head(&gate));
    let again = {
        let asking = grade(&weir, &id);
        tokio::pin!(asking);
        let seen = async {
            within(gate.reached(1)).await;
            let at_work = kept(&weir, &id).await;
            assert_eq!(at_work["isProcessing"], true, "{at_work}");
            grade(&weir, &id).await
        };
        tokio::select! {
            got = &mut asking => got,
            second = seen => second,
        }
    };
    assert_eq!(again.status, 409, "{}", again.text());
    weir.kill_and_restart(&[]);
    assert_eq!(kept(&weir, &id).await, first);
    let rejected = grade(&weir, &id).await;
    assert_eq!(rejected.status, 409);
    assert!(
        rejected.text().contains("dashboard.grading.model"),
        "{}",
        rejected.text()
    );
}

#[tokio::test]
async fn only_weirs_own_questions_to_a_judge_stay_out_of_figures() {
    let weir = judged().await;
    let id = asked(&weir).await;
    weir.mock.push(text(&verdict().to_string()));
    assert_eq!(grade(&weir, &id).await.status, 200);
    let body = json!({"model": "claude-claims", "max_tokens": 9,
        "messages": [{"role": "user", "content": "hi"}]});
    let claims = [("x-claude-code-request-class", "grading")];
    weir.message(&claims, &body).await;
    let models = eventually(async || {
        let stats = weir.get("/api/stats/models?start=1h&end=0s").await.json();
        let models = stats["modelStats"].as_array()?;
        let named = models
            .iter()
            .map(|one| one["model"].as_str().unwrap().to_owned());
        let named: Vec<String> = named.collect();
        (named.len() > 1).then_some(named)
    })
    .await;
    assert_eq!(models, ["claude-claims", "claude-x"]);
    let all = weir.get("/api/requests/summary").await.json();
    let classes = all["requests"].as_array().unwrap().iter();
    let classes: Vec<_> = classes
        .map(|one| (one["model"].as_str().unwrap(), one["class"].as_str()))
        .collect();
    assert_eq!(
        classes,
        [
            ("claude-claims", None),
            ("judge-1", Some("grading")),
            ("claude-x", None)
        ]
    );
}
