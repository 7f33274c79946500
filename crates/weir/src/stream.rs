//! A stream of a Redis or Valkey that several nodes add to and read. What one tells the others hear a
//! moment later; no request waits for any of it.

mod counts;
mod link;
mod queue;

use std::sync::Arc;
use std::time::Duration;

use prometheus_client::registry::Registry;
use redis::Cmd;
use tokio::sync::watch;
use weir_events::link::{Store, Words};

pub(crate) use self::counts::{Counts, Figures, add};
pub(crate) use self::link::clock as time_ms;
pub(crate) use self::queue::{Queue, Weighs};

/// Names and values of an entry, in turn.
pub(crate) type Fields = Vec<Vec<u8>>;

/// What became of an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Heard {
    /// It was taken over.
    New,
    /// It says nothing new, or is not for this node.
    Known,
    /// It makes no sense, or is not believed.
    Senseless,
}

/// What tells and hears.
pub(crate) trait Party: Send + Sync + 'static {
    /// The stream's key.
    const STREAM: &'static str;
    /// What is said while there is no store.
    const WORDS: Words;

    /// What tells this node's own entries, in their field `node`.
    fn node(&self) -> &str;

    /// The figures.
    fn counts(&self) -> &Counts;

    /// How far back it reads that has not read before.
    fn looks_back(&self) -> Duration;

    /// There is a store, or there is one again.
    fn begins(&self) {}

    /// Waits until there is something to tell.
    ///
    /// # Cancel safety
    /// Yes.
    fn some(&self) -> impl Future<Output = ()> + Send;

    /// The commands that tell the oldest of what waits. It stays until it has been told.
    fn batch(&self) -> Vec<Cmd>;

    /// So many commands, the last that were given out, have been taken by the store.
    fn told(&self, count: usize);

    /// Takes over an entry that another node has added `age_ms` milliseconds ago.
    fn hear(&self, age_ms: u64, fields: &Fields) -> Heard;
}

/// One that tells and hears by a store, or by none.
#[derive(Debug)]
pub(crate) struct Link<P> {
    /// Who.
    pub(crate) party: Arc<P>,
    store: watch::Sender<Option<Store>>,
}

impl<P: Party> Link<P> {
    /// By none yet.
    pub(crate) fn new(party: Arc<P>) -> Self {
        Self {
            party,
            store: watch::Sender::new(None),
        }
    }

    /// By `store` from now on, or no longer. The same as before changes nothing.
    pub(crate) fn by(&self, store: Option<Store>) {
        self.store.send_if_modified(|current| {
            let differs = *current != store;
            if differs {
                *current = store;
            }
            differs
        });
    }

    /// The store, for whatever else is shared by it.
    pub(crate) fn store(&self) -> watch::Receiver<Option<Store>> {
        self.store.subscribe()
    }

    /// The task that does it; it never ends by itself.
    pub(crate) fn run(&self) -> impl Future<Output = ()> + Send + 'static {
        let party = Arc::clone(&self.party);
        let mut store = self.store.subscribe();
        async move {
            loop {
                let current = store.borrow_and_update().clone();
                let changed = match &current {
                    None => store.changed().await,
                    Some(current) => tokio::select! {
                        changed = store.changed() => changed,
                        never = link::keep(&*party, current) => match never {},
                    },
                };
                party.counts().set_connected(false);
                if changed.is_err() {
                    return;
                }
            }
        }
    }
}

/// Adds figures to those of `/metrics`; see [`Figures`].
pub(crate) fn show(
    counts: &Arc<Counts>,
    (prefix, what): (&'static str, &'static str),
    registry: &mut Registry,
) {
    registry.register_collector(Box::new(Figures {
        counts: Arc::clone(counts),
        prefix,
        what,
    }));
}

/// The value of a field, where it is text.
pub(crate) fn field<'a>(fields: &'a Fields, name: &str) -> Option<&'a str> {
    let mut pairs = fields.chunks_exact(2);
    let value = pairs.find_map(|pair| match pair {
        [key, value] if key == name.as_bytes() => Some(value),
        _ => None,
    })?;
    std::str::from_utf8(value).ok()
}

/// The fields that a command adds, as Redis would give them back.
#[cfg(test)]
pub(crate) fn added(command: &Cmd) -> Fields {
    let args = command.args_iter().filter_map(|arg| match arg {
        redis::Arg::Simple(bytes) => Some(bytes.to_vec()),
        _ => None,
    });
    let args: Fields = args.collect();
    let start = args.iter().position(|arg| arg == b"*").unwrap() + 1;
    args[start..].to_vec()
}
