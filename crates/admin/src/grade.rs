//! Grading a prompt: a model that the operator names judges what a person wrote. It costs money, so
//! nothing but this call asks for it.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::Arc;

use axum::Json;
use axum::extract::rejection::BytesRejection;
use axum::extract::{DefaultBodyLimit, Extension, State};
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use bytes::{Bytes, BytesMut};
use jiff::Timestamp;
use parking_lot::Mutex;
use serde_json::Value;
use serde_json::value::{RawValue, to_raw_value};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;
use weir_core::exchange::Origin;
use weir_core::grade::{self, GradeError, GradeRequest, PromptGrade};
use weir_core::steer::{Question, Replay, Steering};
use weir_store::model::{RequestLog, rfc3339};

use crate::fault::{BodyFaults, Error, Fault, HistoryFaults};
use crate::params::whole_of;
use crate::router::Admin;
use crate::routing::{MAX_QUESTION, invalid};

/// Most bytes of a judge's answer.
const MAX_ANSWER: usize = 1 << 20;
/// Where judges are asked, in the dialect that reaches any provider.
const PATH: &str = "/v1/messages";
const VERSION: HeaderName = HeaderName::from_static("anthropic-version");

/// The exchanges whose prompts are being judged, at most one judge for each, and since when. Only
/// here: a judge that is at work dies with the process.
#[derive(Debug, Default)]
pub(crate) struct Judging(Mutex<HashMap<Uuid, String>>);

impl Judging {
    /// What stands in the place of a grade while a judge is at work.
    pub(crate) fn instead(&self, request_id: &str) -> Option<Box<RawValue>> {
        let id = request_id.parse().ok()?;
        let since = self.0.lock().get(&id).cloned()?;
        to_raw_value(&PromptGrade::processing(since)).ok()
    }
}

/// An exchange's place among them, until it is dropped.
struct Turn {
    judging: Arc<Judging>,
    id: Uuid,
}

impl Turn {
    fn take(judging: &Arc<Judging>, id: Uuid) -> Result<Self, Fault> {
        if let Entry::Vacant(free) = judging.0.lock().entry(id) {
            free.insert(now());
            let judging = Arc::clone(judging);
            return Ok(Self { judging, id });
        }
        let message = "this prompt is being graded; wait for the grade";
        Err(Fault::new(StatusCode::CONFLICT, message))
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        self.judging.0.lock().remove(&self.id);
    }
}

/// Who judges.
struct Judge {
    provider: Option<String>,
    model: String,
}

/// Every call that has prompts graded.
pub(crate) fn routes() -> OpenApiRouter<Arc<Admin>> {
    OpenApiRouter::new()
        .routes(routes!(grade))
        .layer(DefaultBodyLimit::max(MAX_QUESTION))
}

/// Have a model grade a prompt
///
/// The model of `dashboard.grading.model` judges what the person wrote, and writes it better. That
/// is one request that costs money. The grade is kept with the exchange that `requestId` names.
#[utoipa::path(post, path = "/api/grade-prompt", tag = "requests", request_body = GradeRequest,
    responses(
        (status = 200, description = "The grade", body = PromptGrade),
        (status = 404, description = "There is no such exchange or provider", body = Error),
        (status = 409, description = "No model grades prompts, or this one is being graded",
            body = Error),
        (status = 502, description = "The judge gave no verdict", body = Error),
        BodyFaults, HistoryFaults))]
pub(crate) async fn grade(
    State(admin): State<Arc<Admin>>,
    Extension(judging): Extension<Arc<Judging>>,
    body: Result<Bytes, BytesRejection>,
) -> Result<Json<PromptGrade>, Fault> {
    let asked: GradeRequest = serde_json::from_slice(&whole_of(body, MAX_QUESTION)?)
        .map_err(|error| invalid("body", &error))?;
    let judge = judge(&*admin.steering)?;
    let log = captured(&admin, asked.request_id.as_deref()).await?;
    let question = question(&judge, &asked, log.as_ref())?;
    let kept = log.as_ref().map(kept_with).transpose()?;
    let turn = kept.map(|id| Turn::take(&judging, id)).transpose()?;
    // It goes on when whoever asked goes away: it is paid for by then.
    let work = async move {
        let result = work(&admin, judge, &question, kept).await;
        drop(turn);
        result
    };
    let broken = |_| {
        let message = "the grading broke off; weir's log says why";
        Fault::new(StatusCode::INTERNAL_SERVER_ERROR, message)
    };
    tokio::spawn(work).await.map_err(broken)?.map(Json)
}

/// Asks the judge, and keeps what it says instead of an earlier grade.
async fn work(
    admin: &Admin,
    judge: Judge,
    question: &Value,
    kept: Option<Uuid>,
) -> Result<PromptGrade, Fault> {
    let answer = ask(&*admin.steering, judge, question).await?;
    let grade = PromptGrade::of(grade::read_answer(&answer)?, now());
    if let Some(id) = kept {
        let text = serde_json::to_string(&grade).expect("numbers and texts can be JSON");
        admin.store.set_grade(id, Some(text)).await?;
    }
    Ok(grade)
}

/// The exchange that is asked about, if one is.
async fn captured(admin: &Admin, id: Option<&str>) -> Result<Option<RequestLog>, Fault> {
    let Some(id) = id.map(str::to_owned) else {
        return Ok(None);
    };
    admin.store.flush().await;
    let log = admin.reader.run(move |reader| reader.get(&id)).await?;
    let unknown = || Fault::new(StatusCode::NOT_FOUND, "Request not found").of_field("requestId");
    log.ok_or_else(unknown).map(Some)
}

/// The id of the exchange that the grade is kept with.
fn kept_with(log: &RequestLog) -> Result<Uuid, Fault> {
    let id = log.summary.request_id.parse();
    id.map_err(|error| invalid("requestId", &error))
}

fn judge(steering: &dyn Steering) -> Result<Judge, Fault> {
    let settings = steering.config();
    let value = |path: &str| {
        let found = settings.iter().find(|setting| setting.path == path);
        found
            .and_then(|setting| setting.value.clone())
            .filter(|value| !value.is_empty())
    };
    let model = value("dashboard.grading.model").ok_or_else(|| {
        let message = "no model grades prompts: set `dashboard.grading.model`, and \
                       `dashboard.grading.provider` if another than its usual provider is to do it";
        Fault::new(StatusCode::CONFLICT, message)
    })?;
    Ok(Judge {
        provider: value("dashboard.grading.provider"),
        model,
    })
}

/// What the judge is asked: about the messages that were sent here, else those of the exchange.
fn question(judge: &Judge, asked: &GradeRequest, log: Option<&RequestLog>) -> Result<Value, Fault> {
    let body: Value = log
        .and_then(|log| log.body.as_ref())
        .and_then(|body| serde_json::from_str(body.get()).ok())
        .unwrap_or_default();
    let of_body = |names: &[&str]| names.iter().find_map(|name| body.get(*name));
    let messages = asked
        .messages
        .as_ref()
        .filter(|messages| !messages.is_null());
    let messages = messages
        .or_else(|| of_body(&["messages", "input", "contents"]))
        .ok_or_else(|| invalid("messages", &"missing; give them, or `requestId`"))?;
    let system = asked
        .system_messages
        .as_ref()
        .filter(|system| !system.is_null());
    let system = system.or_else(|| of_body(&["system", "instructions", "systemInstruction"]));
    Ok(grade::question(&judge.model, messages, system)?)
}

/// Sends the question the way of all requests; gives the whole answer.
async fn ask(steering: &dyn Steering, judge: Judge, question: &Value) -> Result<Bytes, Fault> {
    let body = Bytes::from(question.to_string());
    let mut headers = HeaderMap::new();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(VERSION, HeaderValue::from_static("2023-06-01"));
    let provider = match judge.provider {
        Some(provider) => provider,
        None => usual(steering, &headers, &body)?,
    };
    let mut answer = steering
        .replay(Replay {
            method: Method::POST,
            path: PATH.to_owned(),
            headers,
            body,
            provider,
            model: None,
            origin: Origin::Judge,
        })
        .await?;
    let mut whole = BytesMut::new();
    while let Some(piece) = answer.body.next().await {
        let piece =
            piece.map_err(|error| unusable(&format!("the judge's answer broke off: {error}")))?;
        if whole.len() + piece.len() > MAX_ANSWER {
            return Err(unusable("the judge's answer is larger than 1 MiB"));
        }
        whole.extend_from_slice(&piece);
    }
    if answer.status.is_success() {
        return Ok(whole.freeze());
    }
    let said = String::from_utf8_lossy(&whole);
    let said: String = said.chars().take(500).collect();
    Err(unusable(&format!(
        "the judge answered {}: {said}",
        answer.status.as_u16()
    )))
}

/// The provider that a request for the judge's model would go to.
fn usual(steering: &dyn Steering, headers: &HeaderMap, body: &Bytes) -> Result<String, Fault> {
    let explained = steering.explain(&Question {
        path: PATH.to_owned(),
        headers: headers.clone(),
        body: body.clone(),
    })?;
    let first = explained
        .candidates
        .into_iter()
        .find(|candidate| candidate.eligible);
    let none = || {
        let message =
            "no provider takes `dashboard.grading.model` now; set `dashboard.grading.provider`";
        Fault::new(StatusCode::CONFLICT, message)
    };
    first
        .map(|candidate| candidate.provider.to_string())
        .ok_or_else(none)
}

fn unusable(message: &str) -> Fault {
    Fault::new(StatusCode::BAD_GATEWAY, message)
}

impl From<GradeError> for Fault {
    fn from(error: GradeError) -> Self {
        match error {
            GradeError::NothingToGrade => {
                Self::new(StatusCode::BAD_REQUEST, error.to_string()).of_field("messages")
            }
            GradeError::BadVerdict(_) => unusable(&error.to_string()),
        }
    }
}

fn now() -> String {
    rfc3339(Timestamp::now().as_microsecond())
}
