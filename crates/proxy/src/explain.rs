//! Where a request would go, and why: the stages up to the plan, run without sending, counting or
//! remembering anything.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

use http::uri::PathAndQuery;
use http::{Extensions, HeaderMap, Method};
use parking_lot::Mutex;
use weir_core::exchange::RawBody;
use weir_core::identity::Pass;
use weir_core::route::plan::Reason;
use weir_core::steer::{
    CandidateTold, Explanation, Question, SessionTold, SteerError, SubagentTold,
};
use weir_wire::dialect::{Dialect, Operation, recognise};
use weir_wire::peek::{Peek, Want};

use crate::ask::Ask;
use crate::candidates::Candidates;
use crate::clock::now;
use crate::errand::Original;
use crate::fleet::{Fleet, Member};
use crate::order::Order;
use crate::plan::{self, Draw, Planned};
use crate::service::nobody_serves;
use crate::shape::{self, Spent};
use crate::snapshot::Snapshot;
use crate::translation;

/// Says where a request would go at this moment.
///
/// # Errors
/// [`SteerError::Invalid`] when its path is no request's to a model.
pub fn explain(snapshot: &Snapshot, question: &Question) -> Result<Explanation, SteerError> {
    let invalid = |message: &str| SteerError::Invalid {
        field: "path".to_owned(),
        message: format!("`path`: {message}"),
    };
    let path: PathAndQuery = question
        .path
        .parse()
        .map_err(|_| invalid("not a path such as `/v1/messages`"))?;
    let found = recognise(&Method::POST, path.path(), path.query(), &question.headers)
        .ok_or_else(|| invalid("no API of a model has it; `/v1/messages` is one that has"))?;
    let path_model = found.path_model.map(Box::from);
    let told = Told {
        snapshot,
        question,
        asked: (found.dialect, found.operation),
    };
    Ok(told.explain(&path, path_model))
}

/// A request that is looked at.
struct Told<'a> {
    snapshot: &'a Snapshot,
    question: &'a Question,
    asked: (Dialect, Operation),
}

impl Told<'_> {
    fn explain(&self, path: &PathAndQuery, path_model: Option<Box<str>>) -> Explanation {
        let fleet = &self.snapshot.fleet;
        let headers = &self.question.headers;
        let mut body = RawBody::default();
        if !self.question.body.is_empty() {
            body.push(self.question.body.clone());
        }
        let order = Order::of(fleet, self.asked, headers, &body);
        let peek = Peek::of(self.asked.0, &body.pieces, Want::MODEL | Want::STREAM);
        let chosen = Candidates::of(fleet, self.asked, (path_model.as_deref(), &body), &order);
        let pass = self.pass(path);
        let spent = Spent {
            gate: &self.snapshot.gate,
            pass: &pass,
        };
        let own = shape::has_own_credential(headers, spent);
        let head = (headers, path.path(), own);
        let candidates = chosen.all();
        let mut ask = Ask::of(fleet, (&candidates, &order), self.asked, head, &mut body);
        ask.path_model = path_model;
        let original = self.original(path, own, body);
        let home = ask.home(fleet);
        let planned = if candidates.is_empty() {
            Err(nobody_serves(fleet, self.asked.0, self.asked.1).1)
        } else {
            let draw = Draw::dry();
            plan::plan(fleet, &chosen, (&ask, home.as_ref()), &original, draw)
                .map_err(|miss| miss.message)
        };
        let model = ask.model().or(peek.model());
        let wanted = ask.target().or(peek.model());
        let session = ask.session.map(|(key, source)| SessionTold {
            id: format!("{:016x}", key.0),
            by: source.as_str(),
        });
        Explanation {
            dialect: self.asked.0.as_str(),
            operation: self.asked.1.as_str(),
            model: model.map(str::to_owned),
            stream: self.asked.1 == Operation::GenerateStream || peek.stream().unwrap_or(false),
            session,
            subagent: order.subagent.as_ref().map(|one| SubagentTold {
                name: one.name.to_string(),
                rule: one.rule,
                model: one.model.to_string(),
            }),
            strategy: fleet.strategy().as_str(),
            reason: planned.as_ref().ok().map(|planned| planned.reason.as_str()),
            candidates: self.candidates(planned.as_ref().ok(), wanted, &order),
            error: planned.err(),
        }
    }

    /// What the gate makes of it. Who explains has shown a credential already, so that it would be
    /// refused is none of this.
    fn pass(&self, path: &PathAndQuery) -> Pass {
        let peer = IpAddr::V4(Ipv4Addr::LOCALHOST);
        let gate = &self.snapshot.gate;
        let checked = gate.check(&self.question.headers, path.query(), peer);
        checked.unwrap_or_else(|_| Pass::unasked())
    }

    fn original(&self, path: &PathAndQuery, own: bool, body: RawBody) -> Original {
        Original {
            method: Method::POST,
            path: path.clone(),
            own_in_query: false,
            own,
            headers: Mutex::new((HeaderMap::new(), Extensions::new())),
            body,
            dialect: self.asked.0,
            operation: self.asked.1,
            header_timeout: None,
        }
    }

    /// Those that would be asked, in order, then all others.
    fn candidates(
        &self,
        planned: Option<&Planned<'_>>,
        model: Option<&str>,
        order: &Order,
    ) -> Vec<CandidateTold> {
        let fleet = &self.snapshot.fleet;
        let asked: &[&Arc<Member>] = planned.map_or(&[], |planned| &planned.order);
        let is_asked = |member: &Arc<Member>| asked.iter().any(|one| Arc::ptr_eq(one, member));
        let reason = planned.map(|planned| planned.reason);
        let first = asked.iter().enumerate().map(|(at, member)| {
            let why = match (at, reason) {
                (0, Some(reason)) => because(reason, fleet, order),
                _ => "asked when those before it cannot answer".to_owned(),
            };
            let why = match member.breaker.view(now()).told_by {
                Some(node) => format!("{why}; {node} says that it is ill, one request finds out"),
                None => why,
            };
            self.told(member, model, Ok(why))
        });
        let others = fleet.members.iter().filter(|member| !is_asked(member));
        let others =
            others.map(|member| self.told(member, model, Err(self.why_not(member, order))));
        first.chain(others).collect()
    }

    fn told(
        &self,
        member: &Member,
        model: Option<&str>,
        why: Result<String, String>,
    ) -> CandidateTold {
        let (dialect, operation) = self.asked;
        let spoken = member.target(dialect, operation);
        let translated = spoken.is_some_and(|spoken| spoken != dialect);
        let model = model.map(|model| match translated {
            true => translation::model_for(member, model),
            false => member.model_for(model),
        });
        let keys = member.keys.lock().len();
        CandidateTold {
            provider: member.name().to_string(),
            kind: member.provider.kind.as_str(),
            model: model.map(str::to_owned),
            dialect: spoken.map(Dialect::as_str),
            translated,
            eligible: why.is_ok(),
            why: why.unwrap_or_else(|why| why),
            keys: (keys > 0).then_some(keys),
        }
    }

    fn why_not(&self, member: &Member, order: &Order) -> String {
        let (dialect, operation) = self.asked;
        let now = now();
        if member.is_disabled() {
            return "it is switched off".to_owned();
        }
        match member.target(dialect, operation) {
            None => {
                return format!(
                    "it has no `{}` operation for this dialect",
                    operation.as_str()
                );
            }
            Some(spoken) if spoken != dialect && !self.snapshot.fleet.routing.translate => {
                return format!(
                    "it speaks {}, and `routing.translate` is off",
                    spoken.as_str()
                );
            }
            Some(_) => {}
        }
        if let (Some(provider), Some(subagent)) = (&order.provider, &order.subagent) {
            return format!("requests of `{}` go to `{provider}`", subagent.name);
        }
        if !member.breaker.would_admit(now) {
            let seconds = member.breaker.wait_ms(now).div_ceil(1000);
            return format!("its circuit breaker is open for {seconds} s more");
        }
        "others speak the client's dialect or are said to have the model".to_owned()
    }
}

/// Why the first is the first.
fn because(reason: Reason, fleet: &Fleet, order: &Order) -> String {
    if let (Some(subagent), Some(_)) = (&order.subagent, &order.provider) {
        return format!("the subagent `{}` is mapped to it", subagent.name);
    }
    match reason {
        Reason::Only => "no other can take it".to_owned(),
        Reason::Strategy => format!("first by the strategy `{}`", fleet.strategy().as_str()),
        Reason::Affinity => "the session's prompt is cached there".to_owned(),
        Reason::Issuer => "it signed the thinking that the request brings back".to_owned(),
        Reason::Thinking => {
            "the request brings signed thinking back, and this is the best guess of who signed it"
                .to_owned()
        }
    }
}
