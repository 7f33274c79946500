//! Events of exchanges: followed where the recorder has read them, made on a thread of their own
//! behind a bounded queue, handed to the bus. Neither a request nor the recorder waits for any of
//! it: what does not fit is left out and counted.

pub(crate) mod dispatch;
mod figures;
mod follow;
mod maker;

use std::sync::Arc;
use std::time::Duration;

use anyhow::anyhow;
use arc_swap::ArcSwap;
use prometheus_client::registry::Registry;
use tokio::time::Instant;
use weir_core::event::EventsView;
use weir_core::settings::{Bus as Over, Settings};
use weir_events::bus::{Bus, Role, Shift};
use weir_events::status::Status;
use weir_store::Follow;

use self::figures::EventFigures;
use self::follow::Follower;
use self::maker::{Maker, Room};
use crate::nodes;

/// What this process tells of exchanges.
#[derive(Debug)]
pub(crate) struct Events {
    bus: Bus,
    maker: Maker,
    node: Option<Box<str>>,
    settings: Arc<ArcSwap<Settings>>,
    flush_timeout: Duration,
}

impl Events {
    /// Starts what the settings ask for; none where events are switched off. Within a runtime.
    ///
    /// # Errors
    /// When a sink cannot be made, or there can be no thread.
    pub(crate) fn start(settings: &Arc<ArcSwap<Settings>>) -> anyhow::Result<Option<Self>> {
        let current = settings.load();
        let events = &current.events;
        // Without a sink too: a reload may bring the first.
        if events.bus.is_none() {
            return Ok(None);
        }
        let bus = Bus::start(events, Role::Gateway, &consumer());
        let bus = bus.map_err(|wrong| anyhow!(wrong))?;
        let room = Room::new(events.queue_bytes);
        let maker = Maker::start(settings, (bus.entrance().clone(), room), events.queue)?;
        let several = matches!(events.bus, Some(Over::Redis(_)));
        let node = events.told.node.clone();
        Ok(Some(Self {
            bus,
            maker,
            node: node.or_else(|| several.then(|| host().into())),
            settings: Arc::clone(settings),
            flush_timeout: events.flush_timeout,
        }))
    }

    /// What follows exchanges on the recorder's thread.
    pub(crate) fn follow(&self) -> Follow {
        let told = self.settings.load().events.told.clone();
        let mut follower = Follower::new(told, self.node.clone(), self.maker.door());
        Box::new(move |moment| follower.see(moment))
    }

    /// How it is doing.
    pub(crate) fn status(&self) -> Arc<Status> {
        Arc::clone(self.bus.entrance().status())
    }

    /// Makes ready what the sinks of `settings` need; nothing has changed then.
    ///
    /// # Errors
    /// When a sink cannot be made of its settings.
    pub(crate) fn prepare(&self, settings: &Settings) -> anyhow::Result<Option<Shift>> {
        // Switched off, which takes a restart: until then everybody is told as before.
        if settings.events.bus.is_none() {
            return Ok(None);
        }
        let shift = self.bus.prepare(&settings.events.sinks);
        shift.map(Some).map_err(|wrong| anyhow!(wrong))
    }

    /// Has these sinks told from now on, and no others.
    pub(crate) fn take(&self, shift: Shift) {
        self.bus.take(shift);
    }

    /// Makes and delivers what is left, for no longer than the settings allow, both together. The
    /// recorder must have ended.
    pub(crate) async fn stop(self: Arc<Self>) {
        let until = Instant::now() + self.flush_timeout;
        let making = Arc::clone(&self);
        let made = tokio::task::spawn_blocking(move || making.maker.finish());
        if tokio::time::timeout_at(until, made).await.is_err() {
            self.maker.give_up();
            tracing::warn!("some events were not made before the end");
        }
        let left = until.saturating_duration_since(Instant::now());
        self.bus.stop(left).await;
    }
}

/// Adds the figures of `events`, if there are any, to those of `/metrics`.
pub(crate) fn show(events: Option<&Events>, registry: &mut Registry) {
    if let Some(events) = events {
        registry.register_collector(Box::new(EventFigures(events.status())));
    }
}

/// What the API says of `events`.
pub(crate) fn view(events: Option<&Events>) -> Box<dyn Fn() -> EventsView + Send + Sync> {
    match events.map(Events::status) {
        Some(status) => Box::new(move || status.view()),
        None => Box::new(EventsView::default),
    }
}

/// The name of this host.
fn host() -> String {
    nodes::host().unwrap_or_else(|| "weir".to_owned())
}

/// What this process is called among the readers of a group: the same whenever it is the only one
/// of its container, so that it finds again what it held.
fn consumer() -> String {
    format!("{}-{}", host(), std::process::id())
}
