//! The cache on the way of a request: after who asks is known and what they may ask for, and before
//! anything of it is counted or sent.

use std::pin::Pin;
use std::sync::Arc;

use http::header::{IF_MODIFIED_SINCE, IF_NONE_MATCH};
use http::uri::PathAndQuery;
use http::{HeaderName, HeaderValue, Response, StatusCode};
use http_body_util::BodyExt as _;
use weir_core::cache::{Tenant, own_credential};
use weir_core::exchange::{End, RawBody, Route};
use weir_core::identity::Pass;
use weir_wire::dialect::Dialect;
use weir_wire::errors::ErrorKind;

use super::{Gateway, Peer};
use crate::body::Body;
use crate::cache::{Found, Lead, Looked, Request, Visit};
use crate::header_rules;
use crate::incomer::{Answerer, Incomer, without_key};
use crate::record::Recording;
use crate::refused::Refused;
use crate::reply::X_REQUEST_ID;
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
            again: incomer.peer.again,
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

    /// Asks again, behind the client's back, for what it was given although it is too old. That is a
    /// request like any other of the same client: it is let in, counted, paid and recorded as such.
    pub(super) fn ask_again(self: &Arc<Self>, incomer: &Incomer, body: RawBody, lead: Lead) {
        let mut parts = incomer.parts.clone();
        for name in [IF_NONE_MATCH, IF_MODIFIED_SINCE, X_REQUEST_ID] {
            parts.headers.remove(name);
        }
        let peer = Arc::new(Peer {
            address: incomer.peer.address,
            activity: Arc::default(),
            worker: incomer.peer.worker,
            order: None,
            again: true,
        });
        let busy = peer.activity.begin(parts.version);
        let kind = (
            incomer.dialect,
            incomer.operation,
            incomer.path_model.clone(),
        );
        let mut again = Incomer::new(parts, peer, busy, kind);
        again.by_path = incomer.by_path;
        tokio::spawn(Arc::clone(self).asked_again(again, body, lead));
    }

    /// Boxed, as it is part of what it is made of.
    fn asked_again(
        self: Arc<Self>,
        mut incomer: Incomer,
        body: RawBody,
        lead: Lead,
    ) -> Pin<Box<dyn Future<Output = ()> + Send>> {
        Box::pin(async move {
            let snapshot = self.snapshot.load_full();
            incomer.believe(&snapshot.trusted_proxies);
            let running = self.lifecycle.begin();
            let response = match self.admit(&mut incomer, &snapshot, running) {
                Ok(cleared) => self.send(incomer, &snapshot, cleared, body).await,
                Err(refused) => self.refuse(incomer, &snapshot, refused),
            };
            // The cache takes what passes here; nobody else wants it.
            let mut body = response.into_body();
            while let Some(Ok(_)) = body.frame().await {}
            drop(lead);
        })
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
        && let Some(id) = reply.headers.get(X_REQUEST_ID).cloned()
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
