//! Which providers a request is tried with, in which order, and why: the view that the rules need,
//! and their answer.

use std::sync::Arc;
use std::time::Duration;

use weir_core::clock::Now;
use weir_core::route::affinity::Home;
use weir_core::route::models;
use weir_core::route::plan::{Reason, Wish, plan as rank};
use weir_core::route::strategy::{Candidate, Memory};
use weir_core::settings::Strategy;
use weir_core::vault::Vault;
use weir_wire::errors::ErrorKind;
use weir_wire::thinking::{Options, Resolver, Standing, plan_edits};

use crate::ask::{Ask, between_two};
use crate::candidates::Candidates;
use crate::clock::now;
use crate::errand::{ALL_UNHEALTHY, Original};
use crate::fleet::{Fleet, Member};
use crate::misses::Miss;

/// The candidates in order.
#[derive(Debug)]
pub struct Planned<'a> {
    /// The first one's name.
    pub provider: Arc<str>,
    /// All of them.
    pub order: Vec<&'a Arc<Member>>,
    /// Why the first is the first.
    pub reason: Reason,
}

/// How it is drawn.
#[derive(Clone, Copy, Debug)]
pub struct Draw {
    /// Where chance comes from.
    pub seed: u64,
    /// Whether it is only to see: what strategies remember stays as it is.
    pub dry: bool,
}

impl Draw {
    /// For a request that is sent.
    #[must_use]
    pub fn of(seed: u64) -> Self {
        Self { seed, dry: false }
    }

    /// For one that is only looked at.
    #[must_use]
    pub fn dry() -> Self {
        Self { seed: 1, dry: true }
    }
}

/// Puts the first candidates in order, and behind them those that are asked when they cannot.
///
/// # Errors
/// When none of them all can take a request at present; says when one can.
pub fn plan<'a>(
    fleet: &Fleet,
    candidates: &Candidates<'a>,
    (ask, home): (&Ask, Option<&Home>),
    original: &Original,
    draw: Draw,
) -> Result<Planned<'a>, Box<Miss>> {
    let first = tier(fleet, &candidates.first, (ask, home), original, draw);
    if candidates.then.is_empty() {
        return first;
    }
    let then = tier(fleet, &candidates.then, (ask, home), original, draw);
    match (first, then) {
        (Ok(mut first), Ok(then)) => {
            first.order.extend(then.order);
            Ok(first)
        }
        (Err(_), Ok(then)) => Ok(then),
        (first, Err(_)) => first,
    }
}

/// Puts `candidates`, of which there is at least one, in order.
///
/// # Errors
/// When none of them can take a request at present; says when one can.
fn tier<'a>(
    fleet: &Fleet,
    candidates: &[&'a Arc<Member>],
    (ask, home): (&Ask, Option<&Home>),
    original: &Original,
    draw: Draw,
) -> Result<Planned<'a>, Box<Miss>> {
    if let [only] = candidates {
        let order = vec![*only];
        // A client's own credential is not refused: see `Errand::insists`.
        let asked = (original.dialect, original.operation);
        let now = now();
        if between_two(candidates, asked, original.own)
            || only.breaker.would_admit(now)
            || only.breaker.is_suspected(now)
        {
            return Ok(planned(order, Reason::Only));
        }
        return Err(unhealthy(candidates, now));
    }
    let now = now();
    let named = by_model(fleet, candidates, ask);
    let eligible = named.as_ref().map_or(candidates, std::slice::from_ref);
    let (mut healthy, mut suspected) = well(eligible, now);
    if healthy.is_empty() {
        healthy = std::mem::take(&mut suspected);
    }
    if healthy.is_empty() {
        return Err(unhealthy(eligible, now));
    }
    let strategy = fleet.strategy();
    let views: Vec<_> = healthy
        .iter()
        .map(|member| view(member, strategy, ask, now))
        .collect();
    let spoken = spoken(fleet, ask, original, now);
    let wish = Wish {
        issuer: spoken.issuer.as_deref(),
        signed: spoken.signed,
        home: home.map(|home| &*home.provider),
    };
    let mut dice = dice(draw.seed);
    let mut order = Vec::with_capacity(views.len());
    let mut memory = fleet.memories.strategy.lock();
    let reason = if draw.dry {
        let mut copy: Memory = memory.clone();
        drop(memory);
        rank(strategy, wish, &views, (&mut copy, &mut dice), &mut order)
    } else {
        rank(strategy, wish, &views, (&mut memory, &mut dice), &mut order)
    };
    let order = order.iter().map(|index| healthy[*index]);
    Ok(planned(order.chain(suspected).collect(), reason))
}

/// Those that a request may go to, and those that are asked last: another node says that they are
/// ill, and somebody finds out already.
fn well<'a>(
    eligible: &[&'a Arc<Member>],
    now: Now,
) -> (Vec<&'a Arc<Member>>, Vec<&'a Arc<Member>>) {
    let mut healthy = Vec::with_capacity(eligible.len());
    let mut suspected = Vec::new();
    for member in eligible.iter().copied() {
        if member.breaker.would_admit(now) {
            healthy.push(member);
        } else if member.breaker.is_suspected(now) {
            suspected.push(member);
        }
    }
    (healthy, suspected)
}

/// The name of the provider that is asked first; empty when there is none.
#[must_use]
pub fn first(plan: &Result<Planned<'_>, Box<Miss>>) -> Arc<str> {
    match plan {
        Ok(plan) => Arc::clone(&plan.provider),
        Err(_) => Arc::from(""),
    }
}

fn planned(order: Vec<&Arc<Member>>, reason: Reason) -> Planned<'_> {
    let provider = order
        .first()
        .map_or_else(|| Arc::from(""), |one| Arc::clone(one.name()));
    Planned {
        provider,
        order,
        reason,
    }
}

/// The one that the request's model goes to, healthy or not; none where nothing says so.
fn by_model<'a>(
    fleet: &Fleet,
    candidates: &[&'a Arc<Member>],
    ask: &Ask,
) -> Option<&'a Arc<Member>> {
    if fleet.strategy() != Strategy::ModelBased {
        return None;
    }
    let target = models::target(&fleet.routing, ask.target())?;
    let mut candidates = candidates.iter().copied();
    candidates.find(|member| &**member.name() == target)
}

fn view<'a>(member: &'a Member, strategy: Strategy, ask: &Ask, now: Now) -> Candidate<'a> {
    let provider = &member.provider;
    let measured = strategy == Strategy::LatencyBased;
    let priced = strategy == Strategy::CostBased;
    let price = || {
        let model = ask.target().map(|model| member.model_for(model));
        models::price(&provider.prices, model)
            .or_else(|| models::price(&provider.prices, ask.target()))
    };
    Candidate {
        name: &provider.name,
        weight: provider.weight,
        priority: provider.priority,
        in_flight: member.in_flight(),
        first_byte: measured
            .then(|| member.latency.lock().average(now))
            .flatten(),
        price: priced.then(price).flatten(),
    }
}

fn unhealthy(candidates: &[&Arc<Member>], now: Now) -> Box<Miss> {
    let waits = candidates.iter().map(|member| member.breaker.wait_ms(now));
    Box::new(Miss {
        kind: ErrorKind::Unavailable,
        message: ALL_UNHEALTHY.into(),
        cause: "every circuit breaker is open".into(),
        kept: None,
        wait: waits.min().map(Duration::from_millis),
    })
}

/// What the request's thinking says of where it should go.
#[derive(Default)]
struct Spoken {
    issuer: Option<Arc<str>>,
    signed: bool,
}

/// Finds out who issued the request's thinking, as far as that is known.
fn spoken(fleet: &Fleet, ask: &Ask, original: &Original, now: Now) -> Spoken {
    if !ask.thinking {
        return Spoken::default();
    }
    let mut listener = Listener {
        vault: &fleet.memories.vault,
        now,
        issuer: None,
    };
    let body = original.body.to_bytes();
    let group = weir_core::vault::group(ask.target().unwrap_or_default());
    let options = Options {
        placeholder: &fleet.routing.thinking.placeholder,
    };
    let plan = plan_edits(&body, original.dialect, &mut listener, group, &options);
    Spoken {
        issuer: listener.issuer,
        signed: plan.signed,
    }
}

/// Notes the last issuer that is known.
struct Listener<'a> {
    vault: &'a Vault,
    now: Now,
    issuer: Option<Arc<str>>,
}

impl Resolver for Listener<'_> {
    fn find(&mut self, group: &str, text_hash: &str) -> Option<String> {
        let found = self.vault.find(group, text_hash, self.now)?;
        Some(found.to_string())
    }

    fn standing(&mut self, _group: &str, value: &str) -> Standing {
        if let Some(issuer) = self.vault.issuer_of(value, self.now) {
            self.issuer = Some(issuer.provider);
        }
        Standing::Unknown
    }
}

/// Numbers for the strategies, from one that differs between exchanges.
fn dice(seed: u64) -> impl FnMut() -> u64 {
    let mut at = 0;
    move || {
        at += 1;
        chance(seed, at)
    }
}

/// The `at`th random number of a seed: SplitMix64. An id's own bits will not do, some are fixed.
pub(crate) fn chance(seed: u64, at: u64) -> u64 {
    let mut bits = seed.wrapping_add(at.wrapping_mul(0x9E37_79B9_7F4A_7C15));
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    bits = (bits ^ (bits >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    bits ^ (bits >> 31)
}
