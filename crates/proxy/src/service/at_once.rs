//! What is answered without a provider: because it needs none, or because none may be asked.

use std::sync::Arc;

use weir_core::exchange::RawBody;
use weir_core::identity::Pass;
use weir_wire::dialect::{Dialect, Operation};
use weir_wire::errors::ErrorKind;

use crate::candidates::Candidates;
use crate::clock::now;
use crate::fleet::{Fleet, Member};
use crate::incomer::Incomer;
use crate::local;
use crate::metrics::Metrics;
use crate::reply::Reply;

/// What needs no provider, and what none may be asked.
pub(super) fn at_once(
    incomer: &Incomer,
    fleet: &Fleet,
    chosen: &Candidates<'_>,
    (pass, body, metrics): (&Pass, &RawBody, &Metrics),
) -> Option<Result<Reply, (ErrorKind, String)>> {
    let candidates = chosen.all();
    if let Some(reply) = own_answer(incomer, fleet, candidates.first().copied()) {
        return Some(Ok(reply));
    }
    if candidates.is_empty() {
        let missing = nobody_serves(fleet, incomer.dialect, incomer.operation);
        return Some(Err(missing));
    }
    if let Some(message) = lent_to_a_page(incomer, &candidates, pass) {
        return Some(Err((ErrorKind::Permission, message.to_owned())));
    }
    let quota = local::quota(incomer, fleet, chosen, body)?;
    metrics.quota_probed();
    Some(Ok(quota))
}

/// Why there is no candidate: somebody has switched them off, or there are none.
pub(crate) fn nobody_serves(
    fleet: &Fleet,
    dialect: Dialect,
    operation: Operation,
) -> (ErrorKind, String) {
    let name = dialect.as_str();
    let mut members = fleet.members.iter();
    if members.any(|member| member.serves(dialect, operation)) {
        let message = format!("every provider for {name} is switched off");
        return (ErrorKind::Unavailable, message);
    }
    (
        ErrorKind::NotFound,
        format!("no provider is configured for {name}"),
    )
}

/// Why a web page may not have this answered: it would be at the cost of a configured key.
fn lent_to_a_page(
    incomer: &Incomer,
    candidates: &[&Arc<Member>],
    pass: &Pass,
) -> Option<&'static str> {
    let lends = candidates.iter().any(|member| member.lends_credentials());
    (lends && incomer.is_foreign_page(pass)).then_some(
        "requests of web pages are refused while no credential is demanded: turn on `auth.enabled`",
    )
}

/// Answers that need no provider: lists of what is configured.
fn own_answer(incomer: &Incomer, fleet: &Fleet, first: Option<&Arc<Member>>) -> Option<Reply> {
    let request_id = incomer.request_id();
    if incomer.asks_for_providers() {
        return Some(Reply::providers(fleet, &request_id));
    }
    // A provider whose models nobody has listed knows them best.
    let listed = match first {
        Some(member) => member.provider.models.is_empty(),
        None => fleet.members.is_empty(),
    };
    (incomer.asks_for_models() && !listed).then(|| Reply::models(fleet, now(), &request_id))
}
