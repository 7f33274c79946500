//! Calls that make something: with an `Idempotency-Key` they do so once, however often they are sent.

use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::{IntoParams, IntoResponses};
use weir_core::secret::Secret;
use weir_store::control::{
    Answer, By, ControlError, ControlStore, Draft, Event, IdempotencyKey, Keyed,
};

use crate::fault::{Error, Fault};

const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");
const IDEMPOTENT_REPLAYED: HeaderName = HeaderName::from_static("idempotent-replayed");

/// What a call that makes something may be sent with.
#[derive(IntoParams)]
#[into_params(parameter_in = Header)]
#[expect(dead_code, reason = "describes a header; never made")]
pub(super) struct OnceHeader {
    /// Any random text, such as a UUID. Sent again with the same key within a day, the call makes
    /// nothing again and gives the same answer, with `Idempotent-Replayed: true`.
    #[param(rename = "Idempotency-Key", value_type = String, required = false, pattern = "^[!-~]{16,255}$")]
    idempotency_key: Option<String>,
}

/// Of calls that take an `Idempotency-Key`.
#[derive(IntoResponses)]
#[expect(dead_code, reason = "describes responses; never made")]
pub(super) enum OnceFaults {
    /// There is one of that name, somebody else changed it first, or the same request is still under
    /// way: `Retry-After` says when to ask again
    #[response(status = 409)]
    UnderWay(#[to_schema] Error),
    /// The `Idempotency-Key` was sent with another request
    #[response(status = 422)]
    Reused(#[to_schema] Error),
}

/// A request that may have come before.
pub(super) struct Once<'a> {
    keyed: Option<Keyed>,
    by: &'a By,
}

impl<'a> Once<'a> {
    /// A request by its headers and its body.
    ///
    /// # Errors
    /// When its key is none.
    pub(super) fn new(headers: &HeaderMap, body: &[u8], by: &'a By) -> Result<Self, Fault> {
        let said = |text: &'a Option<String>| text.as_deref().unwrap_or_default();
        let keyed = key(headers)?
            .map(|key| Keyed::new(&key, &by.actor, (said(&by.method), said(&by.path), body)));
        Ok(Self { keyed, by })
    }

    /// Makes what is drafted and answers, or answers as it did before.
    pub(super) async fn make<T>(
        self,
        store: &ControlStore,
        draft: impl Future<Output = Result<Draft<T>, ControlError>>,
        answer: impl FnOnce(&T) -> Result<Answer, Fault>,
    ) -> Result<Response, Fault> {
        let Some(keyed) = &self.keyed else {
            let draft = draft.await?;
            let answer = answer(draft.made())?;
            store.write(draft, self.by).await?;
            return Ok(sent(answer));
        };
        let _under_way = store.begin(keyed)?;
        if let Some(kept) = store.kept(keyed).await? {
            return self.again(store, kept).await;
        }
        let draft = draft.await?;
        let answer = answer(draft.made())?;
        if store.write_once(draft, (keyed, &answer), self.by).await? {
            return Ok(sent(answer));
        }
        // Another node was faster.
        match store.kept(keyed).await? {
            Some(kept) => self.again(store, kept).await,
            None => Err(ControlError::UnderWay.into()),
        }
    }

    /// What was answered before. It may show a secret once more, so the audit says so.
    async fn again(&self, store: &ControlStore, kept: Answer) -> Result<Response, Fault> {
        let event = Event::success("answer.replay").with("status", kept.status);
        store.audit(&[(self.by.clone(), event)]).await?;
        let mut response = sent(kept);
        let replayed = HeaderValue::from_static("true");
        response.headers_mut().insert(IDEMPOTENT_REPLAYED, replayed);
        Ok(response)
    }
}

fn key(headers: &HeaderMap) -> Result<Option<IdempotencyKey>, Fault> {
    let mut sent = headers.get_all(IDEMPOTENCY_KEY).iter();
    let Some(value) = sent.next() else {
        return Ok(None);
    };
    let key = IdempotencyKey::parse(value.as_bytes()).filter(|_| sent.next().is_none());
    key.map(Some).ok_or_else(|| {
        let message = "`Idempotency-Key` is one value of 16 to 255 visible ASCII characters; send a \
                       random one, such as a UUID";
        Fault::bad(message).of_field("Idempotency-Key")
    })
}

/// The answer of something that was made.
pub(super) fn made(
    status: StatusCode,
    version: i64,
    body: &impl Serialize,
) -> Result<Answer, Fault> {
    let body = serde_json::to_string(body).map_err(|error| {
        let message = "the answer cannot be written";
        Fault::new(StatusCode::INTERNAL_SERVER_ERROR, message).because(error.to_string())
    })?;
    let tag = super::shapes::tag(version);
    let json = (CONTENT_TYPE, "application/json".to_owned());
    let headers = tag.into_iter().chain([json]);
    Ok(Answer {
        status: status.as_u16(),
        headers: headers
            .map(|(name, value)| (name.to_string(), value))
            .collect(),
        body: Secret::new(body),
    })
}

fn sent(answer: Answer) -> Response {
    let status = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::OK);
    let mut response = (status, answer.body.expose().to_owned()).into_response();
    for (name, value) in answer.headers {
        let name = HeaderName::from_bytes(name.as_bytes());
        if let (Ok(name), Ok(value)) = (name, HeaderValue::from_str(&value)) {
            response.headers_mut().insert(name, value);
        }
    }
    response
}
