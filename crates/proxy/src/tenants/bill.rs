//! What a tenant's request may cost, and what it has cost.

use std::sync::Arc;

use http::StatusCode;
use uuid::Uuid;
use weir_core::clock::Now;
use weir_core::control::{Amounts, Grant, Holder, Money};
use weir_core::exchange::{End, RawBody, Tokens};
use weir_core::prices::Prices;
use weir_wire::dialect::{Dialect, Operation};
use weir_wire::most::most_output;
use weir_wire::usage::Usage;

use crate::ask::Ask;
use crate::fleet::Member;
use crate::keyring::Pool;
use crate::snapshot::Snapshot;

use super::Tenants;

/// Bytes of a body that are set aside as one token: fewer than most texts have, so that what is
/// reserved is seldom too little.
const BYTES_PER_TOKEN: u64 = 3;

/// A tenant's request under way.
#[derive(Debug)]
pub struct Tenancy<'a> {
    pub(super) tenants: &'a Tenants,
    /// The project, if it has keys of its own.
    pub(super) with_keys: Option<Uuid>,
    pub(super) bill: Bill,
}

impl Tenancy<'_> {
    /// The project's keys for `member`; none where it goes with the gateway's own.
    pub(crate) fn pool(&self, member: &Member) -> Option<Pool> {
        let project = self.with_keys?;
        Some(self.tenants.pool(project, member))
    }

    /// What is to be paid once the answer of `member` has ended; nothing for an error.
    pub(crate) fn bill(self, member: &Member, status: StatusCode) -> Option<Bill> {
        if !status.is_success() {
            self.spare();
            return None;
        }
        let mut bill = self.bill;
        bill.model = member.model_for(&bill.model).into();
        bill.provider = Arc::clone(member.name());
        Some(bill)
    }

    /// There was no answer, so there is nothing to pay.
    pub(crate) fn spare(self) {
        self.bill.spare();
    }
}

/// What is to be paid for an answer. Dropped without being settled it is what was set aside.
#[derive(Debug)]
pub struct Bill {
    grant: Option<Grant>,
    prices: Arc<Prices>,
    model: Box<str>,
    provider: Arc<str>,
    at_us: i64,
    generates: bool,
}

impl Bill {
    /// By the prices of now.
    pub(crate) fn new(
        snapshot: &Snapshot,
        (model, provider): (&str, &Arc<str>),
        (operation, now): (Operation, Now),
    ) -> Self {
        Self {
            grant: None,
            prices: Arc::clone(&snapshot.prices),
            model: model.into(),
            provider: Arc::clone(provider),
            at_us: now.unix_ms.saturating_mul(1000),
            generates: operation.generates(),
        }
    }

    /// With leave to be sent.
    pub(super) fn granted(self, grant: Grant) -> Self {
        Self {
            grant: Some(grant),
            ..self
        }
    }

    /// What tokens cost. A model without a price costs no money.
    pub(super) fn amounts(&self, tokens: &Tokens) -> Amounts {
        let cost = self
            .prices
            .cost(&self.model, &self.provider, self.at_us, tokens);
        Amounts {
            money: cost.map_or(Money(0), |cost| Money::from_pico(cost.total())),
            tokens: tokens.total(),
        }
    }

    /// The answer has ended, and the provider has counted this.
    pub(crate) fn settle(mut self, usage: Option<&Usage>, end: &End) {
        let used = match usage {
            Some(usage) => self.amounts(&Tokens::from(usage)),
            // Nobody knows what it was, so it is what it could be at most.
            None if self.generates && !matches!(end, End::Gateway(_)) => return,
            None => Amounts::default(),
        };
        if let Some(grant) = self.grant.take() {
            grant.settle(used);
        }
    }

    fn spare(mut self) {
        if let Some(grant) = self.grant.take() {
            grant.undo();
        }
    }
}

/// The tokens of a request's worst case: its input as it is estimated, and all the output that it
/// asks for. Nothing where nothing is metered.
pub(crate) fn worst_case(
    holder: &Holder,
    (dialect, operation): (Dialect, Operation),
    (ask, body): (&Ask, &RawBody),
) -> Tokens {
    if !holder.is_metered() || !operation.generates() {
        return Tokens::default();
    }
    let asked = most_output(dialect, &body.pieces);
    Tokens {
        input: Some((body.len as u64).div_ceil(BYTES_PER_TOKEN)),
        output: Some(asked.unwrap_or(ask.output_tokens)),
        ..Tokens::default()
    }
}
