//! Where a request would go, and why: what is asked and what is answered.

use bytes::Bytes;
use http::HeaderMap;
use serde::Serialize;
use utoipa::ToSchema;

/// A request of which somebody wants to know where it would go.
#[derive(Clone, Debug)]
pub struct Question {
    /// The path, with or without a query.
    pub path: String,
    /// The headers that the client would send.
    pub headers: HeaderMap,
    /// The body that it would send.
    pub body: Bytes,
}

/// Where a request would go. Nothing was sent, counted or changed to find out.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Explanation {
    /// What the client speaks.
    pub dialect: &'static str,
    /// What it asks for.
    pub operation: &'static str,
    /// The model that the client names.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    /// Whether it wants a stream.
    pub stream: bool,
    /// Its session, where that counts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub session: Option<SessionTold>,
    /// The subagent that it is from, where that decides.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub subagent: Option<SubagentTold>,
    /// How providers are picked.
    pub strategy: &'static str,
    /// Why the first candidate is the first; absent when none can take it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<&'static str>,
    /// Every provider: first those that would be asked, in order.
    pub candidates: Vec<CandidateTold>,
    /// What the client would be told instead of an answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}

/// A session, as routing knows it.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct SessionTold {
    /// A hash over what told of it, 16 hexadecimal digits.
    pub id: String,
    /// What told of it: `header`, `turn_state`, `body` or `prefix`.
    #[schema(schema_with = crate::described::session_sources)]
    pub by: &'static str,
}

/// A subagent that has a model of its own.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct SubagentTold {
    /// Its name in the settings.
    pub name: String,
    /// By what it was told: `prefix`, `hash`, `header` or `marker`.
    #[schema(schema_with = crate::described::rules)]
    pub rule: &'static str,
    /// Its model.
    pub model: String,
}

/// A provider, and whether it would be asked.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct CandidateTold {
    /// Its name.
    pub provider: String,
    /// What kind it is.
    #[serde(rename = "type")]
    pub kind: &'static str,
    /// The model that it would be asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    /// The dialect in which it would be asked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dialect: Option<&'static str>,
    /// Whether that is another than the client's.
    pub translated: bool,
    /// Whether it would be asked at all.
    pub eligible: bool,
    /// Why, or why not; a sentence.
    pub why: String,
    /// How many keys it has, if any.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub keys: Option<usize>,
}
