//! Prompts are graded when somebody asks, by the model that the settings name.

use http::StatusCode;
use serde_json::{Value, json};
use weir_core::exchange::Origin;

use crate::calls::Api;
use crate::figures::recorded;

const CALL: &str = "/api/grade-prompt";

fn verdict() -> Value {
    let criterion = |score: u8| json!({ "score": score, "feedback": "why" });
    json!({
        "overallScore": 3.5,
        "detailedFeedback": "Says what, not where.",
        "improvedPrompt": "In `a.rs`, rename it.",
        "criteria": {
            "clarity": criterion(4), "context": criterion(2), "structure": criterion(5),
            "examples": criterion(3), "taskSpecific": criterion(4),
        },
    })
}

/// An API whose judge says `text`.
fn judged(text: &str) -> Api {
    let api = Api::recording();
    *api.gateway.judge.lock() = Some("judge-1".to_owned());
    let answer = json!({ "type": "message", "content": [{ "type": "text", "text": text }] });
    *api.gateway.verdict.lock() = (200, answer.to_string());
    api
}

fn fenced() -> String {
    format!("My verdict:\n```json\n{:#}\n```\n", verdict())
}

#[tokio::test]
async fn a_prompt_is_graded_by_five_criteria_and_the_grade_stays_with_its_exchange() {
    let api = judged(&fenced());
    let id = recorded(&api);
    let messages = json!([{ "role": "user", "content": "Rename it" }]);
    let body = json!({ "messages": messages, "systemMessages": "Be brief.", "requestId": id });
    let got = api.post(CALL, &body.to_string()).await;
    assert_eq!(got.status, StatusCode::OK, "{:?}", got.json);
    assert_eq!(got.json["score"], 3.5);
    assert_eq!(got.json["maxScore"], 5.0);
    assert_eq!(got.json["isProcessing"], false);
    assert_eq!(got.json["criteria"].as_object().unwrap().len(), 5);
    let kept = api.get(&format!("/api/requests/{id}")).await;
    assert_eq!(kept.json["promptGrade"], got.json);
    let asked = api.gateway.judged.lock().remove(0);
    assert_eq!(
        (asked.path.as_str(), asked.provider.as_str()),
        ("/v1/messages", "u1")
    );
    assert_eq!(asked.origin, Origin::Judge);
    let asked: Value = serde_json::from_slice(&asked.body).unwrap();
    assert_eq!(asked["model"], "judge-1");
    let text = asked["messages"][0]["content"].as_str().unwrap();
    assert!(text.contains("Rename it") && text.contains("Be brief."));
}

#[tokio::test]
async fn a_prompt_of_reminders_alone_is_refused_and_no_judge_is_asked() {
    let api = judged(&fenced());
    let text = "<system-reminder>Today is Monday.</system-reminder>";
    let body = json!({ "messages": [{ "role": "user", "content": text }], "systemMessages": [] });
    let got = api.post(CALL, &body.to_string()).await;
    assert_eq!(got.status, StatusCode::BAD_REQUEST);
    assert_eq!(got.json["field"], "messages");
    assert!(api.gateway.judged.lock().is_empty());
}

#[tokio::test]
async fn without_a_model_in_the_settings_nothing_is_graded() {
    let api = Api::recording();
    let got = api.post(CALL, r#"{"messages":"Rename it"}"#).await;
    assert_eq!(got.status, StatusCode::CONFLICT);
    let error = got.json["error"].as_str().unwrap();
    assert!(error.contains("`dashboard.grading.model`"), "{error}");
    assert!(api.gateway.judged.lock().is_empty());
}

#[tokio::test]
async fn a_judge_that_fails_takes_no_earlier_grade_away() {
    let api = judged(&fenced());
    let id = recorded(&api);
    let body = json!({ "messages": "Rename it", "requestId": id }).to_string();
    let first = api.post(CALL, &body).await;
    assert_eq!(first.status, StatusCode::OK, "{:?}", first.json);
    for (status, answer, why) in [
        (529, "overloaded", "529"),
        (
            200,
            "{\"content\":[{\"type\":\"text\",\"text\":\"no\"}]}",
            "no JSON object",
        ),
    ] {
        *api.gateway.verdict.lock() = (status, answer.to_owned());
        let got = api.post(CALL, &body).await;
        assert_eq!(got.status, StatusCode::BAD_GATEWAY);
        assert!(
            got.json["error"].as_str().unwrap().contains(why),
            "{:?}",
            got.json
        );
    }
    let kept = api.get(&format!("/api/requests/{id}")).await;
    assert_eq!(kept.json["promptGrade"], first.json);
}

#[tokio::test]
async fn an_exchange_that_is_not_there_is_not_graded() {
    let api = judged(&fenced());
    let body = r#"{"messages":"Rename it","requestId":"deadbeef"}"#;
    let got = api.post(CALL, body).await;
    assert_eq!(got.status, StatusCode::NOT_FOUND);
    assert_eq!(got.json["field"], "requestId");
}
