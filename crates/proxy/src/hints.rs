//! What a provider's troubles here are worth to other nodes, and what theirs are worth here. Who
//! carries hints is told of them as they come about, and must not wait.

use std::sync::{Arc, OnceLock};

use weir_core::clock::Now;
use weir_core::keys::{KeyId, Learnt};
use weir_core::route::breaker::Transition;
use weir_core::route::hints::{Hint, Said, Subject};

use crate::fleet::{Fleet, Member};
use crate::keyring::Pool;
use crate::tenants::Tenants;

/// Is told of each hint.
pub type OnHint = Box<dyn Fn(Hint) + Send + Sync>;

/// Where hints go.
#[derive(Default)]
pub struct Outlet(OnceLock<OnHint>);

impl std::fmt::Debug for Outlet {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Outlet").finish_non_exhaustive()
    }
}

impl Outlet {
    /// Has `told` called with each; only the first call counts.
    pub fn when_learnt(&self, told: OnHint) {
        let _first = self.0.set(told);
    }

    fn tell(&self, hint: impl FnOnce() -> Hint) {
        if let Some(told) = self.0.get() {
            told(hint());
        }
    }
}

impl Member {
    fn subject(&self, key: Option<KeyId>) -> Subject {
        Subject {
            provider: Arc::clone(self.name()),
            way: self.way,
            key,
        }
    }

    /// An answer has said this of a key, or nothing.
    pub fn tell_of_key(&self, id: KeyId, learnt: &Learnt) {
        if let Some((rest, left_ms)) = learnt.rest() {
            self.outlet.tell(|| Hint {
                subject: self.subject(Some(id)),
                said: Said::Rests(rest),
                left_ms,
            });
        }
    }

    /// Somebody has put a key right.
    pub fn tell_key_is_well(&self, id: KeyId) {
        self.outlet.tell(|| Hint::well(self.subject(Some(id))));
    }

    /// Somebody says that the provider is well.
    pub fn tell_is_well(&self) {
        self.outlet.tell(|| Hint::well(self.subject(None)));
    }

    /// Its breaker has changed.
    pub(crate) fn tell_of_breaker(&self, transition: Transition, now: Now) {
        if !transition.own {
            return;
        }
        if transition.to.is_open() {
            self.outlet.tell(|| Hint {
                subject: self.subject(None),
                said: Said::Open,
                left_ms: self.breaker.wait_ms(now),
            });
        } else if transition.to.is_closed() {
            self.tell_is_well();
        }
    }

    /// Another node says this of the provider. Gives whether that changes anything.
    fn hear(&self, said: Said, left_ms: u64, (node, now): (&Arc<str>, Now)) -> bool {
        let transition = match said {
            Said::Open => self.breaker.hear_open(left_ms, node, now),
            Said::Well => self.breaker.hear_closed(now),
            Said::Rests(_) => None,
        };
        if let Some(transition) = transition {
            let (provider, to) = (&**self.name(), transition.to);
            tracing::info!(provider, %to, node = &**node, "circuit breaker state change by the word of another node");
        }
        transition.is_some()
    }
}

impl Fleet {
    /// Another node says this. Gives whether that changes anything: a hint of a provider that is not
    /// here, or not the same, does not.
    pub fn hear(
        &self,
        hint: &Hint,
        tenants: Option<&Tenants>,
        (node, now): (&Arc<str>, Now),
    ) -> bool {
        let Subject { provider, way, key } = &hint.subject;
        let member = self.member(provider);
        let Some(member) = member.filter(|member| member.way == *way) else {
            return false;
        };
        let rest = match (hint.said, *key) {
            (said, None) => return member.hear(said, hint.left_ms, (node, now)),
            (Said::Rests(rest), Some(_)) => (rest, hint.left_ms),
            (Said::Well | Said::Open, Some(_)) => (weir_core::keys::Rest::Limited, 0),
        };
        let Some(key) = *key else { return false };
        let told = |pool: &Pool| pool.lock().hear(key, rest, node, now);
        let projects = tenants.map_or_else(Vec::new, |tenants| tenants.pools_of(provider));
        let in_projects = projects.iter().filter(|pool| told(pool)).count();
        told(&member.keys) || in_projects > 0
    }
}
