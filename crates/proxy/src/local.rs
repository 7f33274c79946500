//! What weir answers itself where only a provider of another dialect could be asked: Claude Code's
//! question for its quota.

use http::HeaderValue;
use http::header::CONTENT_TYPE;
use weir_core::exchange::RawBody;
use weir_wire::accumulate::expand;
use weir_wire::dialect::{Dialect, Operation};
use weir_wire::translate::codec;
use weir_wire::translate::form::{Answer, Body, Extra, Request, Role, Stop};
use weir_wire::translate::openai_responses::Declared;
use weir_wire::translate::options::{AnswerOptions, Hints};
use weir_wire::usage::Usage;

use crate::candidates::Candidates;
use crate::clock::now;
use crate::fleet::Fleet;
use crate::incomer::Incomer;
use crate::reply::Reply;

/// Larger requests are no question for the quota.
const MAX_PROBE: usize = 16 * 1024;

/// The answer, if the request is one of those; none leaves it to a provider.
pub(crate) fn answer(
    incomer: &Incomer,
    fleet: &Fleet,
    candidates: &Candidates<'_>,
    body: &RawBody,
) -> Option<Reply> {
    let (dialect, operation) = (incomer.dialect, incomer.operation);
    let native = |member: &&std::sync::Arc<crate::fleet::Member>| member.serves(dialect, operation);
    if candidates.is_empty() || candidates.first.iter().any(native) {
        return None;
    }
    let request_id = incomer.request_id();
    let hints = Hints {
        path_model: incomer.path_model.as_deref(),
        stream: false,
    };
    match operation {
        Operation::Generate
            if dialect == Dialect::AnthropicMessages
                && fleet.routing.quota_probe
                && body.len <= MAX_PROBE =>
        {
            quota(incomer, body, &hints, &request_id)
        }
        _ => None,
    }
}

/// Answers the question for the quota as the model would.
fn quota(incomer: &Incomer, body: &RawBody, hints: &Hints<'_>, request_id: &str) -> Option<Reply> {
    let body = body.to_bytes();
    let request = codec::read_request(Dialect::AnthropicMessages, &body, hints).ok()?;
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
