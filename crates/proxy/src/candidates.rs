//! Who can take a request at all: the providers that speak the client's dialect, and those that can
//! be asked in another.

use std::sync::Arc;

use weir_core::exchange::RawBody;
use weir_core::route::models;
use weir_core::settings::Strategy;
use weir_wire::dialect::{Dialect, Operation};
use weir_wire::peek::{Peek, Want};

use crate::fleet::{Fleet, Member};
use crate::order::Order;

/// The candidates for a request, before anything is known of how they are.
#[derive(Debug, Default)]
pub struct Candidates<'a> {
    /// Those that are asked first.
    pub first: Vec<&'a Arc<Member>>,
    /// Those that are asked when none of the others can.
    pub then: Vec<&'a Arc<Member>>,
}

impl<'a> Candidates<'a> {
    /// Chooses them. Who speaks the client's dialect goes first, unless somebody else alone is
    /// said to have the model; who does not speak it is a second choice only for models that he is
    /// said to have. Where nobody speaks it the others are the only choice.
    #[must_use]
    pub fn of(
        fleet: &'a Fleet,
        (dialect, operation): (Dialect, Operation),
        (path_model, body): (Option<&str>, &RawBody),
        order: &Order,
    ) -> Self {
        if order.provider.is_some() {
            let only = order.member(fleet, (dialect, operation));
            return Self::only(only.into_iter().collect());
        }
        let mut natives = Vec::with_capacity(fleet.members.len());
        natives.extend(fleet.serving(dialect, operation));
        let translates = operation.generates() || operation == Operation::CountTokens;
        if !translates || !fleet.routing.translate {
            return Self::only(natives);
        }
        let foreigners: Vec<_> = fleet.translating(dialect).collect();
        if foreigners.is_empty() {
            return Self::only(natives);
        }
        let peek;
        let model = match order.model.as_deref().or(path_model) {
            Some(model) => Some(model),
            None => {
                peek = Peek::of(dialect, &body.pieces, Want::MODEL);
                peek.model()
            }
        };
        if let Some(named) = by_model(fleet, &foreigners, model) {
            return Self::only(vec![named]);
        }
        Self::among(natives, foreigners, model)
    }

    fn only(first: Vec<&'a Arc<Member>>) -> Self {
        let then = Vec::new();
        Self { first, then }
    }

    fn among(
        natives: Vec<&'a Arc<Member>>,
        foreigners: Vec<&'a Arc<Member>>,
        model: Option<&str>,
    ) -> Self {
        let claims =
            |member: &&Arc<Member>| model.is_some_and(|model| member.provider.claims(model));
        let claimed: Vec<_> = foreigners.iter().copied().filter(claims).collect();
        if natives.is_empty() {
            let first = if claimed.is_empty() {
                foreigners
            } else {
                claimed
            };
            return Self::only(first);
        }
        let listed = claimed.iter().any(|member| {
            let mut models = member.provider.models.iter();
            models.any(|listed| Some(listed.as_str()) == model)
        });
        if listed && !natives.iter().any(claims) {
            return Self::only(claimed);
        }
        Self {
            first: natives,
            then: claimed,
        }
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.first.is_empty()
    }

    /// All of them.
    #[must_use]
    pub fn all(&self) -> Vec<&'a Arc<Member>> {
        let all = self.first.iter().chain(&self.then);
        all.copied().collect()
    }
}

/// The one of another dialect that `model_based` sends the model to.
fn by_model<'a>(
    fleet: &Fleet,
    foreigners: &[&'a Arc<Member>],
    model: Option<&str>,
) -> Option<&'a Arc<Member>> {
    if fleet.strategy() != Strategy::ModelBased {
        return None;
    }
    let target = models::target(&fleet.routing, model)?;
    let mut foreigners = foreigners.iter().copied();
    foreigners.find(|member| &**member.name() == target)
}
