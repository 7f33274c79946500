//! The link to the store: what it is told beside requests, and patience when it is away.

use std::collections::HashMap;
use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use redis::{ErrorKind, RedisResult};
use tokio::sync::watch;
use tokio::time::Instant;
use weir_core::control::ScopeId;
use weir_core::control::shared::{self, Ask, SCRIPT, Stamp, What};
use weir_events::link::{Outage, Store, Words};
use weir_store::control::Account;

use super::{Accounts, Phase, Session, senseless};

/// How long the store may take to be connected to, or to answer what no request waits for.
const ANSWER: Duration = Duration::from_secs(1);
/// Longest time between two tries to connect: nodes that come back together must not miss each
/// other by much.
const PAUSE: Duration = Duration::from_millis(250);
/// What is said while there is no store.
const WORDS: Words = Words {
    what: "limits are",
    done: "shared",
    meanwhile: "this gateway goes by its own memory",
};
/// Most scopes that are told of at once.
const AT_ONCE: usize = 100;

/// Keeps `accounts` together with others for as long as somebody says by which store.
pub(super) async fn run(accounts: Arc<Accounts>, mut store: watch::Receiver<Option<Store>>) {
    let mut link = Link::new(accounts);
    loop {
        let current = store.borrow_and_update().clone();
        let changed = match &current {
            None => {
                link.accounts.set_phase(Phase::Off);
                store.changed().await
            }
            Some(current) => tokio::select! {
                changed = store.changed() => changed,
                never = link.keep(current) => match never {},
            },
        };
        link.disconnected().await;
        if changed.is_err() {
            return;
        }
    }
}

struct Link {
    accounts: Arc<Accounts>,
    /// The store's memory.
    era: Option<Arc<str>>,
    /// What it was told that lasts.
    told: HashMap<ScopeId, Account>,
}

impl Link {
    fn new(accounts: Arc<Accounts>) -> Self {
        Self {
            accounts,
            era: None,
            told: HashMap::new(),
        }
    }

    async fn keep(&mut self, store: &Store) -> Infallible {
        let mut outage = Outage::new(store.address(), WORDS);
        self.accounts.set_phase(Phase::Local);
        loop {
            let Err(error) = self.session(store, &mut outage).await;
            self.accounts.session.store(None);
            self.accounts.set_phase(Phase::Local);
            outage.begins(&error);
            tokio::time::sleep(outage.pause().min(PAUSE)).await;
        }
    }

    /// Says goodbye to a store that is not wanted any more.
    async fn disconnected(&mut self) {
        let session = self.accounts.session.swap(None);
        if let Some(session) = session {
            let leave = Ask::leave(&self.accounts.node);
            let _gone = tokio::time::timeout(ANSWER, session.ask(&leave)).await;
        }
        self.told.clear();
        self.accounts.set_phase(Phase::Off);
    }

    /// One connection, for as long as it holds.
    async fn session(&mut self, store: &Store, outage: &mut Outage) -> RedisResult<Infallible> {
        let mut connection = store.connect(ANSWER).await?;
        let mut load = redis::cmd("SCRIPT");
        load.arg("LOAD").arg(SCRIPT);
        let session = Arc::new(Session {
            script: load.query_async(&mut connection).await?,
            connection,
            broken: tokio::sync::Notify::new(),
        });
        self.beat(&session).await?;
        self.flush(&session).await?;
        let accounts = Arc::clone(&self.accounts);
        accounts.session.store(Some(Arc::clone(&session)));
        // Others who were cut off too have things to tell; who never was has nothing to wait for.
        let joining = outage.has_begun();
        let phase = if joining {
            Phase::Joining
        } else {
            Phase::Shared
        };
        accounts.used_alone.store(true, Ordering::Relaxed);
        accounts.set_phase(phase);
        outage.ends();
        let joined = tokio::time::sleep(accounts.times.joining);
        let mut joined = std::pin::pin!(joined);
        let mut beat =
            tokio::time::interval_at(Instant::now() + accounts.times.beat, accounts.times.beat);
        let mut is_joining = joining;
        loop {
            tokio::select! {
                () = session.broken.notified() => {
                    return Err((ErrorKind::Io, "it does not answer in time").into());
                }
                () = &mut joined, if is_joining => {
                    is_joining = false;
                    accounts.local.together();
                    accounts.set_phase(Phase::Shared);
                }
                () = accounts.outbox.some.notified() => self.flush(&session).await?,
                () = accounts.known_is_new.notified() => self.tell_known(&session).await?,
                _ = beat.tick() => self.beat(&session).await?,
            }
        }
    }

    /// Says that this node lives, and takes over what those who died have left.
    async fn beat(&mut self, session: &Session) -> RedisResult<()> {
        let accounts = Arc::clone(&self.accounts);
        let answer = session.ask(&Ask::beat(&accounts.node)).await?;
        let (stamp, adopted) = shared::beaten(&answer).ok_or_else(senseless)?;
        self.heard(&stamp);
        if !adopted.is_empty() {
            let count = adopted.len();
            accounts.adopt(adopted);
            tracing::debug!(count, "what nodes that died had set aside is charged");
        }
        Ok(())
    }

    /// Tells the store what waits, and owes to the database what it has taken.
    async fn flush(&mut self, session: &Session) -> RedisResult<()> {
        let accounts = Arc::clone(&self.accounts);
        loop {
            let batch = accounts.outbox.batch();
            if batch.is_empty() {
                return Ok(());
            }
            let all: Vec<_> = batch.iter().map(|letter| letter.settling.clone()).collect();
            let answer = session.ask(&Ask::settle(&accounts.node, &all)).await?;
            let (stamp, found) = shared::settled(&answer).ok_or_else(senseless)?;
            if found.len() != batch.len() {
                return Err(senseless());
            }
            self.heard(&stamp);
            for (letter, found) in batch.iter().zip(found) {
                if letter.settling.what == What::Lasts {
                    accounts.adopted.lock().remove(&letter.settling.id);
                }
                let Some((claim, used)) = &letter.owed else {
                    continue;
                };
                let held = claim.held.as_ref();
                let is_lost = held.is_some_and(|held| held.era != stamp.era);
                // If it is neither there nor lost, another node has charged it.
                if found || is_lost {
                    accounts.local.owe(claim, *used);
                }
                if found {
                    let id = letter.settling.id.clone();
                    accounts.lasting.lock().push(id);
                } else if is_lost {
                    accounts.used_alone.store(true, Ordering::Relaxed);
                }
            }
            accounts.outbox.told(batch.len());
        }
    }

    /// Tells the store what lasts, as far as it was not told before.
    async fn tell_known(&mut self, session: &Session) -> RedisResult<()> {
        let Some(all) = self.accounts.known.lock().take() else {
            return Ok(());
        };
        let is_new = |account: &Account| self.told.get(&account.scope) != Some(account);
        let news: Vec<Account> = all.into_iter().filter(is_new).collect();
        for some in news.chunks(AT_ONCE) {
            let known: Vec<_> = some
                .iter()
                .map(|account| (account.scope, account.requests, account.spent.clone()))
                .collect();
            let ask = Ask::known(&self.accounts.node, &known);
            session.ask(&ask).await?;
            for account in some {
                self.told.insert(account.scope, account.clone());
            }
        }
        Ok(())
    }

    fn heard(&mut self, stamp: &Stamp) {
        self.accounts.heard(stamp);
        if self.era.as_ref() != Some(&stamp.era) {
            self.told.clear();
            self.era = Some(Arc::clone(&stamp.era));
            // Whatever is in the database is to be told again.
            self.accounts.used_alone.store(true, Ordering::Relaxed);
        }
    }
}
