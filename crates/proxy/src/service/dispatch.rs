//! From the choice of candidates to the answer: the plan, the errand, and what comes of it.

use std::sync::Arc;
use std::time::Duration;

use http::Response;
use parking_lot::Mutex;
use scopeguard::ScopeGuard;
use weir_core::control::Refusal;
use weir_core::exchange::RawBody;
use weir_core::route::plan::Reason;
use weir_wire::dialect::Operation;
use weir_wire::errors::ErrorKind;

use super::cached::serve;
use super::{Cleared, Gateway};
use crate::ask::Ask;
use crate::attempt::Won;
use crate::body::Body;
use crate::cache::{Found, Visit};
use crate::candidates::Candidates;
use crate::clock::now;
use crate::errand::{Errand, Original};
use crate::fleet::{Fleet, Member};
use crate::header_rules;
use crate::incomer::{Answerer, Incomer};
use crate::misses::Miss;
use crate::order::Order;
use crate::plan::{self, Draw, Planned};
use crate::record::Recording;
use crate::refused::Refused;
use crate::relay::{Guards, Relay};
use crate::shape::{self, Spent};
use crate::snapshot::Snapshot;
use crate::tenants::{self, Bill, Tenancy};
use crate::told::{Told, add_times};

/// Claude Code gives up its look for models after three seconds.
const MODEL_LIST_TIMEOUT: Duration = Duration::from_millis(2500);

/// Who can take a request, what was settled of it, and whether the cache wants to see its answer.
type Chosen<'a> = (Candidates<'a>, Order, Option<Box<Visit>>);

impl Gateway {
    pub(super) async fn route(
        &self,
        mut incomer: Incomer,
        snapshot: &Snapshot,
        cleared: Cleared,
        ((chosen, order, visit), mut body): (Chosen<'_>, RawBody),
    ) -> Response<Body> {
        let fleet = &snapshot.fleet;
        let candidates = chosen.all();
        let spent = Spent {
            gate: &snapshot.gate,
            pass: &cleared.pass,
        };
        let keep = snapshot.bytes_to_keep();
        let answerer = Answerer::new(&incomer);
        let own = incomer.has_own_credential(spent);
        let ask = ask(fleet, (&candidates, &order), (&incomer, own), &mut body);
        let own = (spent, own, visit.as_deref());
        let original = match original(&mut incomer, own, body.clone(), keep) {
            Ok(original) => original,
            Err(refused) => return self.refuse(incomer, snapshot, refused),
        };
        let (started, worker, seed) = (incomer.started, incomer.peer.worker, incomer.seed());
        let home = ask.home(fleet);
        let known = (&ask, home.as_ref());
        let plan = plan::plan(fleet, &chosen, known, &original, Draw::of(seed));
        let first = plan::first(&plan);
        let waits = self.unless_gone(snapshot, incomer, body);
        let reserved = self.reserve(&waits, snapshot, (&ask, &first)).await;
        let (incomer, body) = ScopeGuard::into_inner(waits);
        let tenant = match reserved {
            Ok(tenant) => tenant,
            Err(refusal) => return self.refuse(incomer, snapshot, refusal),
        };
        let (request, busy) = incomer.into_record(&snapshot.gate, first, body, keep > 0);
        let mut recording = Recording::start(&self.sink, request, started, keep);
        recording.keep_raw(snapshot.keeps_raw());
        let caller = Caller {
            snapshot,
            visit,
            answerer,
            recording,
            guards: Guards {
                busy,
                admitted: cleared.admitted,
            },
        };
        let errand = Errand {
            fleet,
            metrics: &self.sink.metrics,
            spent,
            original,
            ask,
            home,
            worker,
            started,
            seed,
            alone: candidates.len() == 1,
            subagent: order.subagent,
            tenant,
            keeps: keep > 0,
            keeps_raw: snapshot.keeps_raw(),
            log: Mutex::default(),
        };
        dispatch(errand, plan, caller).await
    }
}

impl Gateway {
    /// Counts a tenant's request, and sets aside what it may cost at most.
    async fn reserve<'a>(
        &'a self,
        (incomer, body): &(Incomer, RawBody),
        snapshot: &Snapshot,
        (ask, provider): (&Ask, &Arc<str>),
    ) -> Result<Option<Tenancy<'a>>, Refusal> {
        let (Some(tenants), Some(holder)) = (&self.tenants, &incomer.tenant) else {
            return Ok(None);
        };
        let asked = (incomer.dialect, incomer.operation);
        let worst = tenants::worst_case(holder, asked, (ask, body));
        let model = ask.target().unwrap_or_default();
        let now = now();
        let bill = Bill::new(snapshot, (model, provider), (incomer.operation, now));
        tenants.admit(holder, (bill, now), &worst).await.map(Some)
    }
}

/// What is owed to whoever asked.
struct Caller<'a> {
    snapshot: &'a Snapshot,
    visit: Option<Box<Visit>>,
    answerer: Answerer,
    recording: Recording,
    guards: Guards,
}

/// Sends a request on its errand and answers with what it brings.
async fn dispatch(
    mut errand: Errand<'_>,
    plan: Result<Planned<'_>, Box<Miss>>,
    caller: Caller<'_>,
) -> Response<Body> {
    let Caller {
        snapshot,
        mut visit,
        answerer,
        mut recording,
        guards,
    } = caller;
    let (outcome, reason) = match plan {
        Ok(plan) => {
            errand.note_plan(plan.reason);
            (errand.run(&plan.order).await, Some(plan.reason))
        }
        Err(miss) => (Err(miss), None),
    };
    let log = std::mem::take(&mut *errand.log.lock());
    let last = Arc::clone(&log.route.provider);
    recording.routed(log.route, log.attempts, log.sent);
    recording.got(log.upstream);
    let won = match outcome {
        Ok(won) => won,
        Err(miss) => {
            if let Some(found) = visit.as_ref().and_then(|visit| visit.stand_in(None)) {
                spare(&mut errand);
                return serve(&found, (answerer, recording), snapshot);
            }
            return unanswered(errand, (miss, reason), &last, (answerer, recording));
        }
    };
    if let Some(found) = visit.as_mut().and_then(|visit| stored(visit, &won.head)) {
        spare(&mut errand);
        won.answer.set_aside();
        return serve(&found, (answerer, recording), snapshot);
    }
    let won = (won, reason, visit);
    relayed(errand, won, (answerer, recording, guards))
}

/// What the cache answers with in the place of the provider: it says that this still holds, or it
/// failed.
fn stored(visit: &mut Visit, head: &http::response::Parts) -> Option<Found> {
    visit
        .still_holds(head.status, &head.headers)
        .or_else(|| visit.stand_in(Some(head.status)))
}

/// A tenant pays nothing for what was not given to it.
fn spare(errand: &mut Errand<'_>) {
    if let Some(tenant) = errand.tenant.take() {
        tenant.spare();
    }
}

/// The provider's answer on its way to the client.
fn relayed(
    errand: Errand<'_>,
    (won, reason, visit): (Box<Won>, Option<Reason>, Option<Box<Visit>>),
    (answerer, mut recording, guards): (Answerer, Recording, Guards),
) -> Response<Body> {
    let Won {
        head,
        answer,
        member,
        key,
        breaker,
    } = *won;
    recording.responded(head.status, &head.headers);
    let status = head.status;
    let mut response = Response::new(());
    *response.status_mut() = status;
    *response.extensions_mut() = head.extensions;
    let mut headers = shape::response_headers(head.headers);
    let (keeper, labels) = visit.map_or((None, None), |visit| visit.offer(status, &headers));
    answerer.add_request_id(&mut headers);
    shape::forbid_buffering(&mut headers);
    if let Some(labels) = labels {
        labels.add_to(&mut headers);
    }
    let told = Told::of(&errand, &member, (breaker, reason, key));
    told.add_to(&mut headers);
    if errand.fleet.routing.debug {
        add_times(&mut headers, &recording);
    }
    header_rules::apply(&errand.fleet.routing.response_header_rules, &mut headers);
    recording.shown(&headers);
    *response.headers_mut() = headers;
    let bill = errand
        .tenant
        .and_then(|tenant| tenant.bill(&member, status));
    let relay = Relay::new(answer, recording, (guards, bill, keeper));
    response.map(|()| Body::Relay(Box::new(relay)))
}

/// Tells the client that there is no answer.
fn unanswered(
    mut errand: Errand<'_>,
    (mut miss, reason): (Box<Miss>, Option<Reason>),
    last: &Arc<str>,
    (answerer, recording): (Answerer, Recording),
) -> Response<Body> {
    spare(&mut errand);
    let key = miss.kept.as_mut().and_then(|kept| kept.key.take());
    let gate = errand.spent.gate;
    let mut response = answerer.failed(*miss, &errand.original.body, recording, gate);
    if let Some(member) = errand.fleet.member(last) {
        let breaker = member.breaker_state(now());
        let told = Told::of(&errand, member, (breaker, reason, key));
        told.add_to(response.headers_mut());
    }
    let rules = &errand.fleet.routing.response_header_rules;
    header_rules::apply(rules, response.headers_mut());
    response
}

/// What routing has to know of a request.
fn ask(
    fleet: &Fleet,
    given: (&[&Arc<Member>], &Order),
    (incomer, own): (&Incomer, bool),
    body: &mut RawBody,
) -> Ask {
    let head = (&incomer.parts.headers, incomer.parts.uri.path(), own);
    let asked = (incomer.dialect, incomer.operation);
    let mut ask = Ask::of(fleet, given, asked, head, body);
    ask.path_model.clone_from(&incomer.path_model);
    ask
}

/// The request as it is needed for as many tries as it takes.
fn original(
    incomer: &mut Incomer,
    (spent, own, visit): (Spent<'_>, bool, Option<&Visit>),
    body: RawBody,
    keep: usize,
) -> Result<Original, Refused> {
    let own_in_query = incomer.has_own_key_in_query(spent);
    let path = incomer.path_without(spent).map_err(|error| {
        let message = format!("the path cannot be forwarded: {error}");
        Refused::from((ErrorKind::InvalidRequest, message))
    })?;
    let parts = &mut incomer.parts;
    // The record takes the client's own; without one they need not be copied.
    let mut headers = if keep > 0 {
        parts.headers.clone()
    } else {
        std::mem::take(&mut parts.headers)
    };
    if let Some(visit) = visit {
        visit.ask(&mut headers);
    }
    Ok(Original {
        method: parts.method.clone(),
        path,
        own_in_query,
        own,
        headers: Mutex::new((headers, std::mem::take(&mut parts.extensions))),
        body,
        dialect: incomer.dialect,
        operation: incomer.operation,
        header_timeout: (incomer.operation == Operation::Models).then_some(MODEL_LIST_TIMEOUT),
    })
}
