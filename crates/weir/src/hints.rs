//! Hints that nodes give each other over a Redis or Valkey: that a key rests, that a breaker has
//! opened or closed. What they are worth is settled in `core/route/breaker/hearsay` and
//! `core/keys/hearsay`; no request waits for any of this.

mod entry;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use arc_swap::ArcSwap;
use parking_lot::Mutex;
use prometheus_client::registry::Registry;
use redis::Cmd;
use tokio::sync::Notify;
use weir_core::keys::MAX_WINDOW_WAIT_MS;
use weir_core::route::hints::{Hint, Told};
use weir_events::link::{Store, Words};
use weir_proxy::Snapshot;
use weir_proxy::clock::now;
use weir_proxy::tenants::Tenants;

use crate::nodes;
use crate::stream::{self, Counts, Fields, Heard, Link, Party};

/// Most that is told at once.
const MAX_BATCH: usize = 128;

/// What this node tells others, and hears of them.
#[derive(Debug)]
pub(crate) struct Hints(Link<Teller>);

/// What tells hints, and hears them.
#[derive(Debug)]
pub(crate) struct Teller {
    is_open: AtomicBool,
    told: Mutex<Told>,
    some: Notify,
    counts: Arc<Counts>,
    /// This node's id, and what people call it.
    node: String,
    name: String,
    snapshot: Arc<ArcSwap<Snapshot>>,
    /// Those whose projects have keys of their own.
    tenants: Option<Arc<Tenants>>,
}

impl Hints {
    /// Tells in the name of `node` what is learnt of the providers of `snapshot`, and of the keys of
    /// `tenants`, once there is a store.
    pub(crate) fn new(
        node: &nodes::Registry,
        snapshot: &Arc<ArcSwap<Snapshot>>,
        tenants: Option<Arc<Tenants>>,
    ) -> Self {
        let teller = Arc::new(Teller {
            is_open: AtomicBool::new(false),
            told: Mutex::default(),
            some: Notify::new(),
            counts: Arc::default(),
            node: node.id().to_owned(),
            name: node.name(),
            snapshot: Arc::clone(snapshot),
            tenants,
        });
        let weak = Arc::downgrade(&teller);
        let outlet = Arc::clone(&snapshot.load().fleet.memories.hints);
        outlet.when_learnt(Box::new(move |hint| {
            if let Some(teller) = weak.upgrade() {
                teller.tell(hint);
            }
        }));
        Self(Link::new(teller))
    }

    /// Shares by `store` from now on, or no longer. The same as before changes nothing.
    pub(crate) fn by(&self, store: Option<Store>) {
        let teller = &self.0.party;
        teller.is_open.store(store.is_some(), Ordering::Relaxed);
        if store.is_none() {
            teller.told.lock().clear();
        }
        self.0.by(store);
    }

    /// Adds its figures to those of `/metrics`.
    pub(crate) fn show(&self, registry: &mut Registry) {
        stream::show(&self.0.party.counts, ("shared_hints", "Hints"), registry);
    }

    /// The task that does it; it never ends by itself.
    pub(crate) fn run(&self) -> impl Future<Output = ()> + Send + 'static {
        self.0.run()
    }
}

impl Teller {
    /// Takes a hint to be told. Never waits for anything but a short lock.
    fn tell(&self, hint: Hint) {
        if !self.is_open.load(Ordering::Relaxed) {
            return;
        }
        if self.told.lock().tell(hint, now()) {
            self.some.notify_one();
        } else {
            stream::add(&self.counts.dropped, 1);
        }
    }
}

impl Party for Teller {
    const STREAM: &'static str = entry::STREAM;
    const WORDS: Words = Words {
        what: "hints of ill providers and resting keys are",
        done: "shared",
        meanwhile: "this node goes by what it finds out itself",
    };

    fn node(&self) -> &str {
        &self.node
    }

    fn counts(&self) -> &Counts {
        &self.counts
    }

    fn looks_back(&self) -> Duration {
        Duration::from_millis(MAX_WINDOW_WAIT_MS)
    }

    fn begins(&self) {
        // The store may be another than before, or have lost what it had.
        self.told.lock().again();
    }

    async fn some(&self) {
        while self.told.lock().is_quiet() {
            self.some.notified().await;
        }
    }

    fn batch(&self) -> Vec<Cmd> {
        let hints = self.told.lock().next(MAX_BATCH, now());
        let me = (&*self.node, &*self.name);
        hints.iter().map(|hint| entry::write(hint, me)).collect()
    }

    fn told(&self, _count: usize) {
        self.told.lock().told();
    }

    fn hear(&self, age_ms: u64, fields: &Fields) -> Heard {
        let Some((mut hint, name)) = entry::read(fields) else {
            return Heard::Senseless;
        };
        hint.left_ms = hint.left_ms.saturating_sub(age_ms);
        if hint.left_ms == 0 {
            return Heard::Known;
        }
        let node = Arc::from(name);
        let fleet = &self.snapshot.load().fleet;
        match fleet.hear(&hint, self.tenants.as_deref(), (&node, now())) {
            true => Heard::New,
            false => Heard::Known,
        }
    }
}
