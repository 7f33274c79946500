//! Exchanges on their way to events: the request is held by reference until its end comes.

use std::collections::HashMap;

use http::header::{CONTENT_ENCODING, CONTENT_TYPE};
use http::{HeaderMap, HeaderName};
use jiff::Timestamp;
use uuid::Uuid;
use weir_core::event::{Event, Leg, Materials, VERSION};
use weir_core::exchange::{ExchangeId, RawBody};
use weir_core::settings::Told;
use weir_store::{Moment, Summary};

use super::maker::Door;

/// Sees every exchange begin and end.
#[derive(Debug)]
pub(super) struct Follower {
    told: Told,
    node: Option<Box<str>>,
    door: Door,
    open: HashMap<ExchangeId, Leg>,
}

impl Follower {
    pub(super) fn new(told: Told, node: Option<Box<str>>, door: Door) -> Self {
        Self {
            told,
            node,
            door,
            open: HashMap::new(),
        }
    }

    pub(super) fn see(&mut self, moment: Moment<'_>) {
        match moment {
            // Who comes to be told later hears of what begins then.
            Moment::Started(_) if !self.door.is_heard() => {}
            Moment::Started(record) => {
                let headers = match self.told.request_headers {
                    true => record.headers.clone(),
                    false => only_kind(&record.headers),
                };
                let bytes = record.body.len as u64;
                let leg = self.leg(headers, &record.body, (bytes, false));
                self.open.insert(record.id, leg);
            }
            Moment::Ended(summary, record) => {
                let Some(request) = self.open.remove(&summary.id) else {
                    return;
                };
                if record.route.cached && !self.told.cache_hits {
                    self.door.release(request.body.as_ref());
                    return;
                }
                let bytes = summary.response_bytes.unwrap_or(0);
                let facts = (bytes, record.truncated);
                let response = self.leg(record.headers.clone(), &record.body, facts);
                self.door.take(Box::new(Materials {
                    head: self.head(summary, record.route.cached),
                    dialect: summary.dialect,
                    operation: summary.operation,
                    tokens: summary.tokens,
                    request,
                    response,
                }));
            }
            Moment::Lost(id) => {
                if let Some(request) = self.open.remove(&id) {
                    self.door.release(request.body.as_ref());
                }
            }
        }
    }

    /// One direction, with its body as far as there is room.
    fn leg(&self, headers: HeaderMap, body: &RawBody, (bytes, truncated): (u64, bool)) -> Leg {
        let held = body.len == 0 || self.door.hold(body);
        Leg {
            headers,
            body: (body.len > 0 && held).then(|| body.clone()),
            bytes,
            truncated,
        }
    }

    /// All that is known without reading bodies.
    fn head(&self, summary: &Summary, cached: bool) -> Event {
        let id = |text: &Option<Box<str>>| text.as_deref().and_then(|id| Uuid::parse_str(id).ok());
        Event {
            version: VERSION,
            request_id: summary.id.0,
            client_request_id: summary.client_request_id.clone(),
            node: self.node.clone(),
            timestamp: Timestamp::from_microsecond(summary.started_at_us).unwrap_or_default(),
            duration_us: summary.duration_us.unwrap_or(0),
            headers_us: summary.headers_us,
            content_us: summary.content_us,
            method: summary.method.clone(),
            path: summary.path.clone(),
            query: summary.query.clone(),
            status: summary.status,
            outcome: summary.state.as_str().into(),
            error: summary.stream_error.clone(),
            dialect: summary.dialect.as_str().into(),
            operation: summary.operation.as_str().into(),
            streamed: summary.is_streaming,
            cached,
            provider: Some(&*summary.provider)
                .filter(|name| !name.is_empty())
                .map(Into::into),
            model: summary.model.clone(),
            routed_model: summary.routed_model.clone(),
            stop_reason: summary.stop_reason.clone(),
            attempts: summary.attempts.unwrap_or(0),
            project_id: id(&summary.project),
            token_id: id(&summary.token),
            session_id: summary.session.clone(),
            agent_id: summary.agent.clone(),
            parent_agent_id: summary.parent_agent.clone(),
            client: summary.client_kind.clone(),
            class: summary.class.clone(),
            user_agent: summary.user_agent.clone(),
            ..Event::default()
        }
    }
}

/// The headers that say what a body is.
fn only_kind(headers: &HeaderMap) -> HeaderMap {
    const KIND: [HeaderName; 2] = [CONTENT_TYPE, CONTENT_ENCODING];
    KIND.into_iter()
        .filter_map(|name| {
            let value = headers.get(&name)?.clone();
            Some((name, value))
        })
        .collect()
}
