//! What is settled about a request before routing: the model and the provider of a subagent, or
//! those that somebody asks for who sends a captured request again.

use std::borrow::Cow;
use std::sync::Arc;

use http::HeaderMap;
use weir_core::exchange::{Origin, RawBody, Subagent};
use weir_core::route::models;
use weir_core::subagents::Target;
use weir_wire::dialect::{Dialect, Operation};
use weir_wire::system;

use crate::fleet::{Fleet, Member};

/// What is settled.
#[derive(Clone, Debug, Default)]
pub struct Order {
    /// The only provider that may be asked.
    pub provider: Option<Arc<str>>,
    /// The model to ask for instead of the client's.
    pub model: Option<Box<str>>,
    /// The subagent that this is for.
    pub subagent: Option<Box<Subagent>>,
    /// Whose wish the request is.
    pub origin: Origin,
}

impl Order {
    /// Nothing, unless the request is that of a subagent with a model of its own. Where there is no
    /// such subagent at all, nothing of the request is looked at.
    #[must_use]
    pub fn of(
        fleet: &Fleet,
        asked: (Dialect, Operation),
        headers: &HeaderMap,
        body: &RawBody,
    ) -> Self {
        let table = fleet.memories.subagents.load();
        if table.is_empty() || !asked.1.generates() {
            return Self::default();
        }
        let body = body.to_bytes();
        let texts: Vec<Cow<'_, str>> = system::texts(asked.0, &body);
        let Some((agent, rule)) = table.find(headers, &texts) else {
            return Self::default();
        };
        let Ok(provider) = provider(fleet, asked, &agent.target) else {
            tracing::warn!(
                subagent = &*agent.name,
                provider = agent.target.provider.as_deref(),
                "the subagent's provider is switched off or cannot be asked this; its own model is used"
            );
            return Self::default();
        };
        tracing::debug!(
            subagent = &*agent.name,
            rule = rule.as_str(),
            model = &*agent.target.model,
            provider = provider.as_deref(),
            "subagent routed"
        );
        Self {
            provider: provider.clone(),
            model: Some(agent.target.model.clone()),
            subagent: Some(Box::new(Subagent {
                name: agent.name.clone(),
                rule: rule.as_str(),
                model: agent.target.model.clone(),
                provider,
            })),
            origin: Origin::Client,
        }
    }

    /// The member that this leaves, if it leaves one only and that can be asked.
    pub(crate) fn member<'a>(
        &self,
        fleet: &'a Fleet,
        asked: (Dialect, Operation),
    ) -> Option<&'a Arc<Member>> {
        let member = fleet.member(self.provider.as_deref()?)?;
        can_take(member, asked).then_some(member)
    }
}

/// The provider that a subagent's requests go to: the one that is named, else the one that has the
/// model by the operator's word, else one of the model's vendor. None leaves it to routing.
fn provider(
    fleet: &Fleet,
    asked: (Dialect, Operation),
    target: &Target,
) -> Result<Option<Arc<str>>, ()> {
    let able = |member: &&Arc<Member>| can_take(member, asked);
    let name = |member: &Arc<Member>| Arc::clone(member.name());
    if let Some(named) = target.provider.as_deref() {
        let member = fleet.member(named).filter(able).ok_or(())?;
        return Ok(Some(name(member)));
    }
    let model = &*target.model;
    let members = || fleet.members.iter().filter(able);
    let mapped = models::target(&fleet.routing, Some(model));
    let by_map = mapped.and_then(|mapped| members().find(|one| &**one.name() == mapped));
    let by_claim = || members().find(|one| one.provider.claims(model));
    let vendor = models::vendor(model);
    let by_vendor = || members().find(|one| Some(one.provider.kind) == vendor);
    Ok(by_map.or_else(by_claim).or_else(by_vendor).map(name))
}

fn can_take(member: &Member, (dialect, operation): (Dialect, Operation)) -> bool {
    !member.is_disabled()
        && (member.serves(dialect, operation) || member.target(dialect, operation).is_some())
}
