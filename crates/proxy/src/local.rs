//! What weir answers itself where only a provider of another dialect could be asked: Claude Code's
//! question for its quota, and how many tokens a request has.

use std::sync::Arc;

use http::HeaderValue;
use http::header::CONTENT_TYPE;
use weir_core::exchange::RawBody;
use weir_core::tokens;
use weir_wire::accumulate::expand;
use weir_wire::dialect::{Dialect, Operation};
use weir_wire::errors::ErrorKind;
use weir_wire::scan::Cursor;
use weir_wire::translate::codec;
use weir_wire::translate::fault::Fault;
use weir_wire::translate::form::{Answer, Body, Extra, Request, Role, Stop};
use weir_wire::translate::openai_responses::Declared;
use weir_wire::translate::options::{AnswerOptions, Hints};
use weir_wire::usage::Usage;

use crate::candidates::Candidates;
use crate::clock::now;
use crate::fleet::{Fleet, Member};
use crate::incomer::Incomer;
use crate::reply::Reply;

/// Larger requests are no question for the quota.
const MAX_PROBE: usize = 16 * 1024;

/// Whether none of the candidates speaks the client's dialect, so that some questions are for weir.
pub(crate) fn is_asked(incomer: &Incomer, candidates: &Candidates<'_>) -> bool {
    let native = |member: &&Arc<Member>| member.serves(incomer.dialect, incomer.operation);
    !candidates.is_empty() && !candidates.first.iter().any(native)
}

/// The answer, if the request is the question for the quota; none leaves it to a provider.
pub(crate) fn quota(
    incomer: &Incomer,
    fleet: &Fleet,
    candidates: &Candidates<'_>,
    body: &RawBody,
) -> Option<Reply> {
    let may_be = incomer.operation == Operation::Generate
        && incomer.dialect == Dialect::AnthropicMessages
        && fleet.routing.quota_probe
        && body.len <= MAX_PROBE;
    if !may_be || !is_asked(incomer, candidates) {
        return None;
    }
    answer(incomer, body)
}

/// Answers the question for the quota as the model would.
fn answer(incomer: &Incomer, body: &RawBody) -> Option<Reply> {
    let request_id = &incomer.request_id();
    let body = body.to_bytes();
    let hints = Hints::default();
    let request = codec::read_request(Dialect::AnthropicMessages, &body, &hints).ok()?;
    if !asks_for_quota(&request) {
        return None;
    }
    let answer = Answer {
        dialect: Dialect::OpenaiChat,
        id: "".into(),
        model: request.model.clone(),
        parts: vec![
            Body::Text {
                text: "ok".into(),
                annotations: Vec::new(),
            }
            .into(),
        ],
        stop: Stop::EndTurn,
        usage: Some(Usage {
            input_tokens: Some(1),
            output_tokens: Some(1),
            ..Usage::default()
        }),
        extra: Extra::default(),
    };
    let options = AnswerOptions {
        model: &request.model,
        now_unix: now().unix_ms / 1000,
        seed: incomer.seed(),
        ..AnswerOptions::default()
    };
    let dialect = Dialect::AnthropicMessages;
    let whole = codec::write_answer(dialect, &answer, &options, &Declared::default());
    if !request.stream {
        return Some(Reply::json(whole, request_id));
    }
    let mut stream = Vec::new();
    expand(dialect, &whole, false, &mut stream).ok()?;
    let mut reply = Reply::json(stream, request_id);
    let kind = HeaderValue::from_static("text/event-stream");
    reply.headers.insert(CONTENT_TYPE, kind);
    Some(reply)
}

/// One token for the one word `quota`, and nothing else.
fn asks_for_quota(request: &Request<'_>) -> bool {
    let [turn] = request.turns.as_slice() else {
        return false;
    };
    let [part] = turn.parts.as_slice() else {
        return false;
    };
    let Body::Text { text, .. } = &part.body else {
        return false;
    };
    request.max_tokens == Some(1)
        && request.tools.is_empty()
        && turn.role == Role::User
        && text.trim().eq_ignore_ascii_case("quota")
}

/// How many tokens a request has, by estimate.
///
/// # Cancel safety
/// What was begun is finished on its own thread.
pub(crate) async fn count(
    incomer: &Incomer,
    fleet: &Fleet,
    candidates: &Candidates<'_>,
    body: &RawBody,
) -> Reply {
    let dialect = incomer.dialect;
    let body = body.to_bytes();
    let path_model = incomer.path_model.clone();
    let first = candidates.first.first().map(|member| Arc::clone(member));
    let memories = Arc::clone(&fleet.memories);
    let counted = tokio::task::spawn_blocking(move || {
        let hints = Hints {
            path_model: path_model.as_deref(),
            stream: false,
        };
        let mut request = codec::read_request(dialect, counted_part(dialect, &body), &hints)?;
        if let Some(member) = first {
            request.model = member.model_for(&request.model).to_owned().into();
        }
        let count = tokens::count(&request);
        Ok::<u64, Fault>(memories.calibration.apply(&request.model, count))
    });
    let request_id = incomer.request_id();
    let message = match counted.await {
        Ok(Ok(count)) => return counts(dialect, count, &request_id),
        Ok(Err(fault)) => fault.to_string(),
        Err(_) => "the tokens could not be counted".to_owned(),
    };
    Reply::error(dialect, ErrorKind::InvalidRequest, &message, &request_id)
}

/// What of the body is counted: Gemini may wrap it.
fn counted_part(dialect: Dialect, body: &[u8]) -> &[u8] {
    if dialect != Dialect::Gemini {
        return body;
    }
    let mut inner = None;
    Cursor::new(body).object(|key, cursor| {
        let value = cursor.value();
        if key.is("generateContentRequest") {
            inner = Some(value);
        }
    });
    inner.unwrap_or(body)
}

fn counts(dialect: Dialect, count: u64, request_id: &str) -> Reply {
    let text = match dialect {
        Dialect::AnthropicMessages => format!("{{\"input_tokens\":{count}}}"),
        Dialect::Gemini => format!("{{\"totalTokens\":{count}}}"),
        Dialect::OpenaiChat | Dialect::OpenaiResponses => {
            format!("{{\"object\":\"response.input_tokens\",\"input_tokens\":{count}}}")
        }
    };
    Reply::json(text.into_bytes(), request_id)
}
