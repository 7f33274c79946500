//! The providers as they are at this moment: connections, breakers, keys, what runs and how fast
//! it went. What has not changed in the configuration stays over a reload.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use arc_swap::ArcSwap;
use parking_lot::Mutex;
use prometheus_client::metrics::histogram::Histogram;
use weir_core::clock::Now;
use weir_core::echoes::Echoes;
use weir_core::exchange::End;
use weir_core::keys::KeyPool;
use weir_core::route::affinity::Affinity;
use weir_core::route::breaker::{Admission, Outcome, State, Transition};
use weir_core::route::latency::Latency;
use weir_core::route::strategy::Memory;
use weir_core::settings::{Health, Provider, Routing, Settings, Strategy};
use weir_core::subagents::Table;
use weir_core::tokens::calibration::Calibration;
use weir_core::vault::Vault;
use weir_wire::dialect::{Dialect, Operation};

use crate::attempt::KeyState;
use crate::breaker::SharedBreaker;
use crate::hints::Outlet;
use crate::keyring::{KeyUse, Pool};
use crate::metrics::SECONDS;
use crate::profiles::{Known, Profiles};
use crate::provider::{Api, api};
use crate::shape::{self, Credential};
use crate::upstream::Upstream;

/// Sessions that are remembered.
const MAX_SESSIONS: usize = 65_536;
/// Nobody has chosen a strategy.
const NOT_CHOSEN: usize = usize::MAX;

/// What settles how a provider is asked: [`api`], or what an embedding program does instead.
pub type Make<'a> = &'a dyn Fn(&Arc<Provider>) -> io::Result<Box<dyn Api>>;

/// A provider in use.
#[derive(Debug)]
pub struct Member {
    /// What was configured.
    pub provider: Arc<Provider>,
    /// The connections to it.
    pub upstream: Arc<Upstream>,
    /// What it makes of a request.
    pub api: Box<dyn Api>,
    /// Its keys.
    pub keys: Pool,
    /// Whether requests may go to it.
    pub breaker: SharedBreaker,
    /// Time to its first bytes.
    pub latency: Mutex<Latency>,
    /// The same for `/metrics`, since the start.
    pub first_bytes: Histogram,
    /// What it is known to be able to do, by model.
    pub profiles: Profiles,
    /// What was counted.
    pub tally: Tally,
    /// What other nodes must agree on to have something to tell of it.
    pub(crate) way: u64,
    /// Where what others should know goes.
    pub(crate) outlet: Arc<Outlet>,
    in_flight: AtomicU32,
    disabled: AtomicBool,
}

/// Counts since the start.
#[derive(Debug, Default)]
pub struct Tally {
    /// Requests that were sent to it, or tried to be.
    pub begun: AtomicU64,
    /// Answers that came to their end, whatever their status.
    pub succeeded: AtomicU64,
    /// Failures: of transport, of the provider, or in the middle of an answer.
    pub failed: AtomicU64,
    /// Input tokens, as far as they were read.
    pub input_tokens: AtomicU64,
    /// Output tokens, as far as they were read.
    pub output_tokens: AtomicU64,
}

impl Member {
    fn new(
        provider: &Arc<Provider>,
        workers: usize,
        (health, outlet): (&Health, &Arc<Outlet>),
        old: Option<&Self>,
        make: Make<'_>,
    ) -> io::Result<Self> {
        let way = provider.way();
        let mut keys = match old {
            Some(old) => old
                .keys
                .lock()
                .rebuilt(&provider.keys, provider.key_strategy),
            None => KeyPool::new(&provider.keys, provider.key_strategy),
        };
        if old.is_some_and(|old| old.way != way) {
            keys.forget_hearsay();
        }
        let upstream = match old.filter(|old| same_way(&old.provider, provider)) {
            Some(old) => old.upstream.renewed(Arc::clone(provider)),
            None => Upstream::new(Arc::clone(provider), workers)?,
        };
        Ok(Self {
            upstream: Arc::new(upstream),
            api: make(provider)?,
            keys: Arc::new(Mutex::new(keys)),
            breaker: SharedBreaker::new(health),
            latency: Mutex::default(),
            first_bytes: Histogram::new(SECONDS),
            profiles: Profiles::default(),
            tally: Tally::default(),
            way,
            outlet: Arc::clone(outlet),
            in_flight: AtomicU32::new(0),
            disabled: AtomicBool::new(false),
            provider: Arc::clone(provider),
        })
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &Arc<str> {
        &self.provider.name
    }

    /// Requests under way.
    #[must_use]
    pub fn in_flight(&self) -> u32 {
        self.in_flight.load(Ordering::Relaxed)
    }

    /// Whether somebody has switched it off.
    #[must_use]
    pub fn is_disabled(&self) -> bool {
        self.disabled.load(Ordering::Relaxed)
    }

    /// Switches it on or off until the process ends or its configuration changes.
    pub fn set_disabled(&self, disabled: bool) {
        self.disabled.store(disabled, Ordering::Relaxed);
    }

    /// Whether it has the operation in the dialect.
    #[must_use]
    pub fn serves(&self, dialect: Dialect, operation: Operation) -> bool {
        self.provider.dialects.contains(&dialect) && self.api.serves(dialect, operation)
    }

    /// The dialect in which it is asked what a client asks in `dialect`: the same if it can be, else
    /// the first of its own; none if it cannot be asked at all.
    #[must_use]
    pub fn target(&self, dialect: Dialect, operation: Operation) -> Option<Dialect> {
        if self.serves(dialect, operation) {
            return Some(dialect);
        }
        if !operation.generates() {
            return None;
        }
        let mut own = self.provider.dialects.iter().copied();
        own.find(|own| *own != dialect && self.api.serves(*own, Operation::Generate))
    }

    /// Whose credential a request carries; `own` tells whether the client sent one of its own. What
    /// a client of another dialect sent is for somebody else.
    #[must_use]
    pub fn credential(&self, asked: (Dialect, Operation), own: bool) -> Credential {
        let (dialect, operation) = asked;
        let other = self.target(dialect, operation);
        if other.is_some_and(|other| other != dialect) {
            return Credential::Configured;
        }
        shape::credential(&self.provider, own, self.has_keys())
    }

    /// Counts a request in, if the breaker lets it; `force` asks nobody.
    pub fn admit(self: &Arc<Self>, now: Now, force: bool) -> Option<Permit> {
        let (lapsed, admission) = self.breaker.admit(now);
        self.changed(lapsed, now);
        let admission = match admission {
            Admission::Refused { .. } if force => None,
            Admission::Refused { .. } => return None,
            admitted => Some(admitted),
        };
        self.in_flight.fetch_add(1, Ordering::Relaxed);
        self.tally.begun.fetch_add(1, Ordering::Relaxed);
        Some(Permit {
            member: Arc::clone(self),
            admission,
        })
    }

    /// Whether there is a key to pick.
    #[must_use]
    pub fn has_keys(&self) -> bool {
        !self.keys.lock().is_empty()
    }

    /// Whether a client may use a credential here that is not its own.
    #[must_use]
    pub fn lends_credentials(&self) -> bool {
        self.api.has_credential() || self.has_keys()
    }

    /// What clients are told of a key.
    #[must_use]
    pub(crate) fn key_state(key: &KeyUse, now: Now) -> KeyState {
        let keys = key.pool.lock();
        KeyState {
            label: Arc::clone(&key.picked.label),
            total: keys.len(),
            available: keys.available(now),
            capacity: keys.capacity(key.id, now),
        }
    }

    /// The state of its breaker.
    #[must_use]
    pub fn breaker_state(&self, now: Now) -> State {
        self.breaker.state(now)
    }

    /// The name that it has for a model.
    #[must_use]
    pub fn model_for<'a>(&'a self, model: &'a str) -> &'a str {
        self.provider.mapped(model).unwrap_or(model)
    }

    /// Counts what an answer used.
    pub fn count_tokens(&self, input: u64, output: u64) {
        self.tally.input_tokens.fetch_add(input, Ordering::Relaxed);
        self.tally
            .output_tokens
            .fetch_add(output, Ordering::Relaxed);
    }

    /// Says what became of its breaker, to people and to other nodes.
    fn changed(&self, transition: Option<Transition>, now: Now) {
        let Some(transition) = transition else {
            return;
        };
        self.tell_of_breaker(transition, now);
        let Transition { from, to, .. } = transition;
        let provider = &*self.provider.name;
        if to.is_open() {
            tracing::warn!(provider, %from, %to, "circuit breaker state change");
        } else {
            tracing::info!(provider, %from, %to, "circuit breaker state change");
        }
    }

    /// Somebody says that it is well.
    pub fn reset(&self, now: Now) {
        let transition = self.breaker.reset(now);
        self.changed(transition, now);
        // Others may think it ill although it is not so here.
        self.tell_is_well();
    }

    /// A probe has found it alive.
    pub fn probed_well(&self, now: Now) {
        let transition = self.breaker.probe_succeeded(now);
        self.changed(transition, now);
    }
}

/// Whether two configurations of a provider lead to the same place in the same way.
fn same_way(old: &Provider, new: &Provider) -> bool {
    old.base_url == new.base_url
        && old.proxy == new.proxy
        && old.connect_timeout == new.connect_timeout
}

/// A request's place at a provider. Dropped without a report it says nothing of the provider's
/// health, as when the client left.
#[derive(Debug)]
pub struct Permit {
    member: Arc<Member>,
    admission: Option<Admission>,
}

impl Permit {
    /// The provider did well, or did not; `retry_after` is what it asked for.
    pub fn report(&mut self, outcome: Outcome, retry_after: Option<Duration>, now: Now) {
        let tally = &self.member.tally;
        let count = match outcome {
            Outcome::Success => &tally.succeeded,
            Outcome::Failure => &tally.failed,
        };
        count.fetch_add(1, Ordering::Relaxed);
        if let Some(admission) = self.admission.take() {
            let transition = self
                .member
                .breaker
                .report(admission, outcome, retry_after, now);
            self.member.changed(transition, now);
        }
    }

    /// The answer has begun: that says something of a provider that is only said to be ill.
    pub fn answered(&mut self, now: Now) {
        let answered = |admission| self.member.breaker.answered(admission, now);
        if let Some((transition, admission)) = self.admission.and_then(answered) {
            self.admission = Some(admission);
            self.member.changed(Some(transition), now);
        }
    }

    /// It was a failure that is no reason to leave the provider alone.
    pub fn limited(&mut self) {
        self.member.tally.failed.fetch_add(1, Ordering::Relaxed);
        self.abstain();
    }

    /// What came says nothing of the provider.
    pub fn abstain(&mut self) {
        if let Some(admission) = self.admission.take() {
            self.member.breaker.release(admission);
        }
    }

    /// The same at the end of an answer whose head was a success.
    pub fn ended(&mut self, end: &End, now: Now) {
        match end {
            End::Complete => self.report(Outcome::Success, None, now),
            End::UpstreamBroke(_) | End::Gateway(_) => self.report(Outcome::Failure, None, now),
            End::ClientGone => {}
        }
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        self.member.in_flight.fetch_sub(1, Ordering::Relaxed);
        self.abstain();
    }
}

/// What outlives a reload.
#[derive(Debug)]
pub struct Memories {
    /// What the strategy remembers of its last choices.
    pub strategy: Mutex<Memory>,
    /// Where sessions have their prompt cached.
    pub affinity: Affinity,
    /// Who issued which thinking signature.
    pub vault: Arc<Vault>,
    /// Where what other nodes should know goes.
    pub hints: Arc<Outlet>,
    /// Thinking that clients may not hand back.
    pub echoes: Arc<Echoes>,
    /// How far estimates of tokens are off.
    pub calibration: Calibration,
    /// Which subagents have a model of their own.
    pub subagents: ArcSwap<Table>,
    /// The strategy that somebody chose at run time, by its place in [`Strategy::ALL`].
    chosen: AtomicUsize,
}

impl Memories {
    fn new(settings: &Settings) -> Self {
        let ttl = settings.routing.thinking.ttl;
        Self {
            strategy: Mutex::default(),
            affinity: Affinity::new(MAX_SESSIONS),
            vault: Arc::new(Vault::new(ttl)),
            hints: Arc::default(),
            echoes: Arc::new(Echoes::new(ttl)),
            calibration: Calibration::default(),
            subagents: ArcSwap::default(),
            chosen: AtomicUsize::new(NOT_CHOSEN),
        }
    }

    /// Goes by this strategy instead of the configured one, or by that again.
    pub fn set_strategy(&self, strategy: Option<Strategy>) {
        let index = Strategy::ALL.iter().position(|one| Some(*one) == strategy);
        self.chosen
            .store(index.unwrap_or(NOT_CHOSEN), Ordering::Relaxed);
    }
}

/// Every provider of a configuration.
#[derive(Debug)]
pub struct Fleet {
    /// In the order of the configuration.
    pub members: Vec<Arc<Member>>,
    /// How one is picked.
    pub routing: Routing,
    /// When one is ill.
    pub health: Health,
    /// What providers and models can do.
    pub known: Arc<Known>,
    /// What outlives this configuration.
    pub memories: Arc<Memories>,
}

impl Fleet {
    /// Makes the providers of `settings` ready; those of `previous` that did not change stay as
    /// they are. Nothing that is in use changes until [`Self::take_over`].
    ///
    /// # Errors
    /// When a provider's proxy, TLS or credentials cannot be set up; the text names the provider.
    pub fn build(settings: &Settings, workers: usize, previous: Option<&Self>) -> io::Result<Self> {
        Self::build_with(settings, workers, previous, &api)
    }

    /// The same with providers that are asked in another way than their kind's.
    ///
    /// # Errors
    /// As [`Fleet::build`], and as `make` says.
    pub fn build_with(
        settings: &Settings,
        workers: usize,
        previous: Option<&Self>,
        make: Make<'_>,
    ) -> io::Result<Self> {
        let known = Known::read(&settings.routing, previous.map(|fleet| &fleet.known))?;
        let memories = match previous {
            Some(fleet) => Arc::clone(&fleet.memories),
            None => Arc::new(Memories::new(settings)),
        };
        let mut members = Vec::with_capacity(settings.providers.len());
        for provider in &settings.providers {
            known.check(provider)?;
            let old = previous.and_then(|fleet| fleet.member(&provider.name));
            let kept = old.filter(|old| old.provider == *provider);
            members.push(match kept {
                Some(member) => Arc::clone(member),
                None => Arc::new(Member::new(
                    provider,
                    workers,
                    (&settings.health, &memories.hints),
                    old.map(|old| &**old),
                    make,
                )?),
            });
        }
        Ok(Self {
            members,
            routing: settings.routing.clone(),
            health: settings.health.clone(),
            known,
            memories,
        })
    }

    /// Changes what it has in common with `previous`, whose place it has just taken.
    pub fn take_over(&self, previous: &Self) {
        for member in &self.members {
            member.breaker.configure(&self.health);
        }
        self.memories.vault.set_ttl(self.routing.thinking.ttl);
        self.memories.echoes.set_ttl(self.routing.thinking.ttl);
        if previous.routing.strategy != self.routing.strategy {
            // What the file says now is newer than what somebody chose.
            self.memories.set_strategy(None);
        }
    }

    /// The strategy in force.
    #[must_use]
    pub fn strategy(&self) -> Strategy {
        let chosen = self.memories.chosen.load(Ordering::Relaxed);
        let chosen = Strategy::ALL.get(chosen).copied();
        chosen.unwrap_or(self.routing.strategy)
    }

    /// The provider of this name.
    #[must_use]
    pub fn member(&self, name: &str) -> Option<&Arc<Member>> {
        self.members.iter().find(|member| &**member.name() == name)
    }

    /// Whether the model of a request decides anything.
    #[must_use]
    pub fn reads_models(&self, candidates: &[&Arc<Member>]) -> bool {
        let by_model = matches!(self.strategy(), Strategy::ModelBased | Strategy::CostBased);
        (by_model && candidates.len() > 1)
            || candidates
                .iter()
                .any(|member| !member.provider.model_mapping.is_empty())
    }

    /// The providers that can be asked what a client asks in `dialect` only in another one.
    pub fn translating(&self, dialect: Dialect) -> impl Iterator<Item = &Arc<Member>> {
        self.members.iter().filter(move |member| {
            let target = || member.target(dialect, Operation::Generate);
            !member.is_disabled() && target().is_some_and(|target| target != dialect)
        })
    }

    /// The providers that can take such a request, in the order of the configuration.
    pub fn serving(
        &self,
        dialect: Dialect,
        operation: Operation,
    ) -> impl Iterator<Item = &Arc<Member>> {
        self.members
            .iter()
            .filter(move |member| !member.is_disabled() && member.serves(dialect, operation))
    }
}
