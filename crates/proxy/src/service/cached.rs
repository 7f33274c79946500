//! The cache on the way of a request: after who asks is known and what they may ask for, and before
//! anything of it is counted or sent.

use std::sync::Arc;

use http::uri::PathAndQuery;
use http::{HeaderName, HeaderValue, Response, StatusCode};
use weir_core::cache::{Tenant, own_credential};
use weir_core::exchange::{End, RawBody, Route};
use weir_core::identity::Pass;
use weir_wire::dialect::Dialect;
use weir_wire::errors::ErrorKind;

use super::Gateway;
use crate::body::Body;
use crate::cache::{Found, Looked, Request, Visit};
use crate::header_rules;
use crate::incomer::{Answerer, Incomer, without_key};
use crate::record::Recording;
use crate::refused::Refused;
use crate::shape::{self, Spent};
use crate::snapshot::Snapshot;

/// Where Anthropic's clients look for the id of an exchange.
const REQUEST_ID: HeaderName = HeaderName::from_static("request-id");

impl Gateway {
    /// What the cache has for a request; requests of weir's own go past it.
    pub(super) async fn look_up(
        &self,
        incomer: &Incomer,
        snapshot: &Snapshot,
        (pass, body): (&Pass, &RawBody),
    ) -> Looked {
        if !snapshot.cache.enabled || incomer.peer.order.is_some() {
            return Looked::Onward(None);
        }
        let Some((tenant, path)) = whose(incomer, snapshot, pass) else {
            return Looked::Onward(None);
        };
        let request = Request {
            tenant,
            method: &incomer.parts.method,
            path: path.path(),
            query: path.query(),
            headers: &incomer.parts.headers,
            body,
            kind: (incomer.dialect, incomer.operation),
        };
        Visit::look(&self.cache, &snapshot.cache, request).await
    }

    /// Answers from the cache. It is an exchange like any other, but costs nobody anything.
    pub(super) fn answer_from_cache(
        &self,
        incomer: Incomer,
        snapshot: &Snapshot,
        (found, body): (&Found, RawBody),
    ) -> Response<Body> {
        if let (Some(tenants), Some(holder)) = (&self.tenants, &incomer.tenant) {
            tenants.hit(holder.token_id());
        }
        let keep = snapshot.bytes_to_keep();
        let answerer = Answerer::new(&incomer);
        let started = incomer.started;
        let (request, _busy) = incomer.into_record(&snapshot.gate, Arc::from(""), body, keep > 0);
        let mut recording = Recording::start(&self.sink, request, started, keep);
        let route = Route {
            strategy: "cache",
            reason: found.reason(),
            ..Route::default()
        };
        recording.routed(route, 0, None);
        serve(found, (answerer, recording), snapshot)
    }

    /// Tells a client that wants nothing but what is stored that there is nothing.
    pub(super) fn not_cached(&self, incomer: Incomer, snapshot: &Snapshot) -> Response<Body> {
        let message = "nothing is stored that may be used, and `Cache-Control: only-if-cached` \
                       forbids to ask the provider";
        let refused = Refused::from((ErrorKind::Timeout, message.to_owned()));
        let mut response = self.refuse(incomer, snapshot, refused);
        let status = HeaderValue::from_static("weir; detail=only-if-cached");
        response.headers_mut().insert("cache-status", status);
        debug_assert_eq!(response.status(), StatusCode::GATEWAY_TIMEOUT);
        response
    }
}

/// Whose a request is, and its path and query without any credential; none if it has no path that
/// can be sent on.
fn whose(incomer: &Incomer, snapshot: &Snapshot, pass: &Pass) -> Option<(Tenant, PathAndQuery)> {
    let spent = Spent {
        gate: &snapshot.gate,
        pass,
    };
    let mut path = incomer.path_without(spent).ok()?;
    let mut own_query = None;
    if incomer.has_own_key_in_query(spent) {
        own_query = incomer.parts.uri.query();
        path = without_key(&path).ok()?;
    }
    let mut own = shape::own_parts(&incomer.parts.headers, spent)
        .chain(own_query.map(|query| ("?", query.as_bytes())))
        .peekable();
    let tenant = Tenant {
        project: incomer.tenant.as_ref().map(|holder| holder.project.id),
        own: own.peek().is_some().then(|| own_credential(own)),
    };
    Some((tenant, path))
}

/// Answers an exchange under way with what was found, and ends its record.
pub(super) fn serve(
    found: &Found,
    (answerer, mut recording): (Answerer, Recording),
    snapshot: &Snapshot,
) -> Response<Body> {
    let mut reply = found.reply();
    answerer.add_request_id(&mut reply.headers);
    if answerer.dialect() == Dialect::AnthropicMessages
        && let Some(id) = reply.headers.get(crate::reply::X_REQUEST_ID).cloned()
    {
        reply.headers.insert(REQUEST_ID, id);
    }
    let rules = &snapshot.fleet.routing.response_header_rules;
    header_rules::apply(rules, &mut reply.headers);
    recording.from_cache();
    recording.answered(reply.status, &reply.headers, &reply.body);
    recording.finish(End::Complete);
    reply.into_response()
}
