//! Answers what people ask of providers and keys, and does what they say, on the snapshot in force.

use std::sync::atomic::Ordering;
use std::sync::{Arc, OnceLock, Weak};

use tokio::time::Instant;
use weir_core::clock::Now;
use weir_core::config::Effective;
use weir_core::health::Lifecycle;
use weir_core::keys::{KeyId, KeyPool};
use weir_core::settings::{Key, Strategy};
use weir_core::steer::{
    Condition, EditError, Explanation, ModelMapped, ProviderView, Question, Reloaded, Replay,
    Replaying, Requests, Stats, SteerError, Steering, SubagentView, SubagentsView, Tokens,
};
use weir_core::subagents::Agent;
use weir_proxy::Gateway;
use weir_proxy::clock::now;
use weir_proxy::fleet::Member;

use crate::figures::Figures;
use crate::reload::Reload;

/// The gateway of this process.
#[derive(Debug)]
pub(crate) struct Steer {
    /// What requests read, and what reads the configuration again.
    pub reload: Arc<Reload>,
    /// What was counted of exchanges that have ended.
    pub figures: Arc<Figures>,
    /// Requests under way.
    pub lifecycle: Arc<Lifecycle>,
    /// When it started.
    pub started: Instant,
    /// What sends requests; set once there is one.
    pub gateway: OnceLock<Weak<Gateway>>,
}

impl Steer {
    fn member(&self, name: &str) -> Result<Arc<Member>, SteerError> {
        let snapshot = self.reload.snapshot.load();
        let member = snapshot.fleet.member(name);
        member
            .map(Arc::clone)
            .ok_or_else(|| SteerError::no_provider(name))
    }

    /// Does something to one key.
    fn key<T>(
        &self,
        provider: &str,
        key: &str,
        act: impl FnOnce(&mut KeyPool, KeyId) -> Result<T, weir_core::keys::SteerError>,
    ) -> Result<T, SteerError> {
        let member = self.member(provider)?;
        let mut keys = member.keys.lock();
        let done = keys.find(key).and_then(|id| act(&mut keys, id));
        done.map_err(|error| SteerError::of_key(provider, key, error))
    }
}

fn subagent(agent: &Agent) -> SubagentView {
    SubagentView {
        name: agent.name.to_string(),
        model: agent.target.model.to_string(),
        provider: agent.target.provider.as_deref().map(str::to_owned),
        file: agent.file.as_ref().map(|file| file.display().to_string()),
        hash: agent.hash(),
        loaded: agent.usable && agent.hash().is_some(),
        warning: agent.warning.clone(),
    }
}

fn view(member: &Member, figures: &Figures, now: Now) -> ProviderView {
    let count = |counter: &std::sync::atomic::AtomicU64| counter.load(Ordering::Relaxed);
    let tally = &member.tally;
    let keys = member.keys.lock().views(now);
    // Not every answer is read on its way; the recorder reads those that it captures.
    let used = figures.used(member.name());
    let tokens = Tokens {
        input: used.input.max(count(&tally.input_tokens)),
        output: used.output.max(count(&tally.output_tokens)),
    };
    let (succeeded, failed) = (count(&tally.succeeded), count(&tally.failed));
    let condition = Condition {
        enabled: !member.is_disabled(),
        breaker: member.breaker.view(now),
        in_flight: member.in_flight().into(),
        requests: Requests {
            total: count(&tally.begun),
            succeeded,
            failed,
        },
        latency: member.latency.lock().view(now),
        tokens,
    };
    ProviderView::new(&member.provider, condition, keys)
}

impl Steering for Steer {
    fn providers(&self) -> Vec<ProviderView> {
        let now = now();
        let snapshot = self.reload.snapshot.load();
        let members = snapshot.fleet.members.iter();
        let view = |member: &Arc<Member>| view(member, &self.figures, now);
        members.map(view).collect()
    }

    fn set_provider_enabled(&self, name: &str, enabled: bool) -> Result<(), SteerError> {
        let member = self.member(name)?;
        member.set_disabled(!enabled);
        tracing::info!(provider = name, enabled, "provider switched");
        Ok(())
    }

    fn reset_provider(&self, name: &str) -> Result<(), SteerError> {
        let member = self.member(name)?;
        let now = now();
        member.reset(now);
        let keys = {
            let mut keys = member.keys.lock();
            keys.reset_all();
            keys.views(now)
        };
        keys.iter().for_each(|key| member.tell_key_is_well(key.id));
        Ok(())
    }

    fn add_key(&self, provider: &str, key: Key) -> Result<KeyId, SteerError> {
        let member = self.member(provider)?;
        if member.provider.kind.signs_itself() {
            return Err(SteerError::Conflict(format!(
                "`{provider}` signs with its cloud's own credentials and has no keys"
            )));
        }
        let added = member.keys.lock().add(key);
        let id = added.map_err(|error| SteerError::of_key(provider, "", error))?;
        tracing::info!(provider, key = %id, "key added");
        Ok(id)
    }

    fn remove_key(&self, provider: &str, key: &str) -> Result<(), SteerError> {
        self.key(provider, key, KeyPool::remove)?;
        tracing::info!(provider, key, "key removed");
        Ok(())
    }

    fn set_key_enabled(&self, provider: &str, key: &str, enabled: bool) -> Result<(), SteerError> {
        self.key(provider, key, |keys, id| keys.set_enabled(id, enabled))
    }

    fn reset_key(&self, provider: &str, key: &str) -> Result<(), SteerError> {
        let id = self.key(provider, key, |keys, id| keys.reset(id).map(|()| id))?;
        self.member(provider)?.tell_key_is_well(id);
        Ok(())
    }

    fn stats(&self) -> Stats {
        let providers = self.providers();
        let uptime = self.started.elapsed().as_millis();
        Stats {
            timestamp_ms: now().unix_ms,
            uptime_ms: u64::try_from(uptime).unwrap_or(u64::MAX),
            active: self.lifecycle.in_flight() as u64,
            ..Stats::new(env!("CARGO_PKG_VERSION"), self.strategy(), &providers)
        }
    }

    fn strategy(&self) -> Strategy {
        self.reload.snapshot.load().fleet.strategy()
    }

    fn set_strategy(&self, strategy: Strategy) -> Result<(), SteerError> {
        let snapshot = self.reload.snapshot.load();
        let fleet = &snapshot.fleet;
        if strategy == Strategy::ModelBased && fleet.routing.model_mapping.is_empty() {
            return Err(SteerError::Conflict(
                "`model_based` goes by `routing.model_mapping`, which is not set".to_owned(),
            ));
        }
        fleet.memories.set_strategy(Some(strategy));
        tracing::info!(strategy = strategy.as_str(), "strategy changed");
        Ok(())
    }

    fn reload(&self) -> Result<Reloaded, Vec<String>> {
        self.reload.by("the API")
    }

    fn stored(&self) -> Result<Vec<(String, String)>, EditError> {
        self.reload.stored()
    }

    fn edit(&self, edits: &[(String, Option<String>)]) -> Result<Reloaded, EditError> {
        self.reload.edit(edits)
    }

    fn config(&self) -> Vec<Effective> {
        self.reload.effective()
    }

    fn subagents(&self) -> SubagentsView {
        let snapshot = self.reload.snapshot.load();
        let table = snapshot.fleet.memories.subagents.load();
        let mut agents: Vec<_> = table.agents().iter().map(subagent).collect();
        agents.sort_by(|a, b| a.name.cmp(&b.name));
        SubagentsView {
            enabled: self.reload.settings.load().subagents.enable,
            agents,
        }
    }

    fn model_map(&self) -> Vec<ModelMapped> {
        let snapshot = self.reload.snapshot.load();
        let members = snapshot.fleet.members.iter();
        let pairs = members.flat_map(|member| {
            let map = member.provider.model_mapping.iter();
            map.map(|(from, to)| ModelMapped {
                provider: member.name().to_string(),
                from: from.clone(),
                to: to.clone(),
            })
        });
        pairs.collect()
    }

    fn explain(&self, question: &Question) -> Result<Explanation, SteerError> {
        weir_proxy::explain::explain(&self.reload.snapshot.load(), question)
    }

    fn replay(&self, replay: Replay) -> Replaying<'_> {
        Box::pin(async move {
            let gateway = self.gateway.get().and_then(Weak::upgrade);
            let gateway = gateway.ok_or_else(|| {
                SteerError::Conflict("the gateway does not serve yet, or no more".to_owned())
            })?;
            let member = self.member(&replay.provider)?;
            crate::resend::resend(gateway, member, replay).await
        })
    }
}
