//! What all nodes take, in the live feed of each: who has followers says so in a stream of the Redis
//! or Valkey that nodes share, and as long as anybody has, the others tell there what they take. No
//! bodies are in it, and no request waits for any of it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use prometheus_client::registry::Registry;
use redis::Cmd;
use tokio::sync::watch;
use tokio::time::Instant;
use weir_admin::Distant;
use weir_events::link::{Store, Words};
use weir_store::model::RequestSummary;
use weir_store::{Reader, Recorder, Summary};

use crate::nodes;
use crate::stream::{self, Counts, Fields, Heard, Link, Party, Queue, Weighs, field};

/// The stream.
const STREAM: &str = "weir:live";
/// Entries that it keeps, about: who is further behind has missed some.
const MAX_ENTRIES: usize = 2_000;
/// What the fields mean. Entries of another version are left alone.
const VERSION: &str = "1";
/// How long others tell after somebody has said that it has followers.
const WANTED: Duration = Duration::from_secs(10);
/// How often that is said.
const RENEW: Duration = Duration::from_secs(3);
/// How long after the last follower has gone: pages that lose their connection come back.
const LINGER: Duration = Duration::from_secs(20);

/// The live feed of all nodes.
#[derive(Debug)]
pub(crate) struct Live(Link<Teller>);

/// What tells and hears of exchanges.
#[derive(Debug)]
pub(crate) struct Teller {
    queue: Queue<Item>,
    counts: Arc<Counts>,
    /// This node's id, and what people call it.
    node: String,
    name: String,
    distant: Arc<Distant>,
    /// Whether somebody follows, or may come back.
    listens: AtomicBool,
    /// Until when another node has followers.
    wanted: watch::Sender<Instant>,
}

/// What is told.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Item {
    /// This node has followers.
    Followed,
    /// An exchange has begun or ended: its row, as JSON.
    Row(Arc<str>),
}

impl Weighs for Item {
    fn size(&self) -> usize {
        match self {
            Self::Followed => 16,
            Self::Row(row) => row.len() + 32,
        }
    }
}

impl Live {
    /// Tells in the name of `node`, and gives what others tell to `distant`, once there is a store.
    pub(crate) fn new(node: &nodes::Registry, distant: &Arc<Distant>) -> Self {
        let counts = Arc::new(Counts::default());
        Self(Link::new(Arc::new(Teller {
            queue: Queue::new(Arc::clone(&counts)),
            counts,
            node: node.id().to_owned(),
            name: node.name(),
            distant: Arc::clone(distant),
            listens: AtomicBool::new(false),
            wanted: watch::Sender::new(Instant::now()),
        })))
    }

    /// Shares by `store` from now on, or no longer. The same as before changes nothing.
    pub(crate) fn by(&self, store: Option<Store>) {
        self.0.party.queue.open(store.is_some());
        self.0.by(store);
    }

    /// Adds its figures to those of `/metrics`.
    pub(crate) fn show(&self, registry: &mut Registry) {
        let names = ("shared_live", "Rows of the live feed");
        stream::show(&self.0.party.counts, names, registry);
    }

    /// What other nodes take.
    pub(crate) fn distant(&self) -> &Arc<Distant> {
        &self.0.party.distant
    }

    /// The task that does it; it never ends by itself.
    pub(crate) fn run(
        &self,
        store: &Recorder,
        reader: Reader,
    ) -> impl Future<Output = ()> + Send + 'static {
        let link = self.0.run();
        let announcing = announce(Arc::clone(&self.0.party));
        let telling = tell(Arc::clone(&self.0.party), store.clone(), reader);
        async move {
            tokio::join!(link, announcing, telling);
        }
    }
}

/// Says that this node has followers, for as long as it has.
async fn announce(teller: Arc<Teller>) {
    let mut followers = teller.distant.followers();
    let mut until = Instant::now();
    loop {
        if *followers.borrow_and_update() > 0 {
            until = Instant::now() + LINGER;
        }
        let listens = Instant::now() < until;
        teller.listens.store(listens, Ordering::Relaxed);
        if listens {
            if teller.counts.is_connected() {
                teller.queue.push(Item::Followed);
            }
            // Another follower is no news, but the first after none must not wait.
            tokio::time::sleep(RENEW).await;
        } else if followers.wait_for(|count| *count > 0).await.is_err() {
            return;
        }
    }
}

/// Tells what this node takes while another has followers.
async fn tell(teller: Arc<Teller>, store: Recorder, reader: Reader) {
    let mut wanted = teller.wanted.subscribe();
    loop {
        if wanted
            .wait_for(|until| *until > Instant::now())
            .await
            .is_err()
        {
            return;
        }
        let mut exchanges = store.subscribe();
        loop {
            let until = *wanted.borrow_and_update();
            match tokio::time::timeout_at(until, exchanges.recv()).await {
                // What was adopted is told by the node that took it.
                Ok(Ok(summary)) if is_others(&summary, &teller.name) => {}
                Ok(Ok(summary)) => {
                    let row = RequestSummary::of(&summary, &reader.prices());
                    let row = serde_json::to_string(&row).unwrap_or_default();
                    teller.queue.push(Item::Row(row.into()));
                }
                Ok(Err(tokio::sync::broadcast::error::RecvError::Lagged(missed))) => {
                    let missed = usize::try_from(missed).unwrap_or(usize::MAX);
                    stream::add(&teller.counts.dropped, missed);
                }
                Ok(Err(tokio::sync::broadcast::error::RecvError::Closed)) => return,
                // It may have been renewed meanwhile.
                Err(_) if *wanted.borrow() > until => {}
                Err(_) => break,
            }
        }
    }
}

/// Whether another node than `name` took it.
fn is_others(summary: &Summary, name: &str) -> bool {
    summary.node.as_deref().is_some_and(|node| node != name)
}

impl Teller {
    fn command(&self, item: &Item) -> Cmd {
        let mut command = redis::cmd("XADD");
        command.arg(STREAM).arg("MAXLEN").arg("~").arg(MAX_ENTRIES);
        command.arg("*").arg("v").arg(VERSION);
        command.arg("node").arg(&self.node);
        if let Item::Row(row) = item {
            command.arg("name").arg(&self.name);
            command.arg("row").arg(&**row);
        }
        command
    }
}

impl Party for Teller {
    const STREAM: &'static str = STREAM;
    const WORDS: Words = Words {
        what: "live feeds are",
        done: "shared",
        meanwhile: "that of this node shows what it takes itself",
    };

    fn node(&self) -> &str {
        &self.node
    }

    fn counts(&self) -> &Counts {
        &self.counts
    }

    fn looks_back(&self) -> Duration {
        // Somebody may have said that it has followers.
        WANTED
    }

    async fn some(&self) {
        self.queue.some().await;
    }

    fn batch(&self) -> Vec<Cmd> {
        let batch = self.queue.batch_now();
        batch.iter().map(|item| self.command(item)).collect()
    }

    fn told(&self, count: usize) {
        self.queue.told(count);
    }

    fn hear(&self, age_ms: u64, fields: &Fields) -> Heard {
        if field(fields, "v") != Some(VERSION) {
            return Heard::Senseless;
        }
        let left = WANTED.saturating_sub(Duration::from_millis(age_ms));
        let Some(row) = field(fields, "row") else {
            let until = Instant::now() + left;
            self.wanted.send_if_modified(|known| {
                let is_later = *known < until;
                *known = until.max(*known);
                is_later
            });
            return Heard::Known;
        };
        if left.is_zero() || !self.listens.load(Ordering::Relaxed) {
            return Heard::Known;
        }
        let name = field(fields, "name").filter(|name| nodes::is_name(name));
        match name.is_some_and(|name| self.distant.take(row, &name.into())) {
            true => Heard::New,
            false => Heard::Senseless,
        }
    }
}
