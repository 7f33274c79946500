//! The ledger of the running gateway: accounts in its own memory or, where a Redis or Valkey is
//! shared, accounts of all nodes together. Without that store each goes by what it last knew.
//!
//! What is known to the store and what is in the database are both never more than what was really
//! used, so that the larger of the two is right, and whoever has lost something is told it again.

mod counts;
mod link;
mod outbox;

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering};
use std::time::Duration;

use arc_swap::ArcSwapOption;
use parking_lot::Mutex;
use prometheus_client::registry::Registry;
use redis::aio::MultiplexedConnection;
use redis::{ErrorKind, RedisError, RedisResult};
use tokio::sync::{Notify, watch};
use tokio::time::Instant;
use weir_core::clock::Now;
use weir_core::control::shared::{self, Adopted, Ask, Node, PREFIX, Said, Stamp, What};
use weir_core::control::{
    Amounts, Change, Claim, Grant, Held, Ledger, MemoryLedger, Refusal, Reserved, Scope, Taken,
};
use weir_store::control::Account;

use self::counts::Counts;
use self::outbox::{Letter, Outbox};
use weir_events::link::Store;

/// Times that a ledger keeps.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Times {
    /// Longest wait for the store's answer to a request.
    pub answer: Duration,
    /// Longest wait for the store to be back, by requests that may need what others are taking.
    pub hold: Duration,
    /// How long nodes that are back give each other to tell what they used meanwhile.
    pub joining: Duration,
    /// Between two signs of life.
    pub beat: Duration,
    /// How long a node is believed to live without one.
    pub lease: Duration,
}

impl Default for Times {
    fn default() -> Self {
        Self {
            answer: Duration::from_millis(80),
            hold: Duration::from_secs(8),
            joining: Duration::from_secs(1),
            beat: Duration::from_secs(2),
            lease: Duration::from_secs(20),
        }
    }
}

/// With whom limits are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Phase {
    /// With nobody, as the configuration has it.
    Off,
    /// With nobody, because the store cannot be reached.
    Local,
    /// With others who may not have told yet what they used while it could not be reached.
    Joining,
    /// With all.
    Shared,
}

impl Phase {
    /// Its name, where limits should be shared.
    pub(crate) fn as_str(self) -> Option<&'static str> {
        match self {
            Self::Off => None,
            Self::Local => Some("local"),
            Self::Joining => Some("joining"),
            Self::Shared => Some("shared"),
        }
    }
}

/// A connection to the store that works.
#[derive(Debug)]
struct Session {
    connection: MultiplexedConnection,
    /// The script's name there.
    script: String,
    /// Somebody found that it does not work any more.
    broken: Notify,
}

impl Session {
    async fn ask(&self, ask: &Ask) -> RedisResult<Vec<String>> {
        let mut command = redis::cmd("EVALSHA");
        command.arg(&self.script).arg(1).arg(PREFIX).arg(ask.args());
        command.query_async(&mut self.connection.clone()).await
    }
}

/// The accounts.
#[derive(Debug)]
pub(crate) struct Accounts {
    local: MemoryLedger,
    clock: fn() -> Now,
    times: Times,
    node: Node,
    phase: watch::Sender<Phase>,
    /// Whether the phase is another than [`Phase::Off`]: for each request, which takes no lock for it.
    wanted: AtomicBool,
    session: ArcSwapOption<Session>,
    /// The number of the next that is set aside.
    next: AtomicU64,
    /// Nodes that lived when the store was last asked.
    nodes: AtomicU64,
    /// The store's clock less our steady one, in milliseconds: never too much.
    ahead_ms: AtomicI64,
    outbox: Outbox,
    /// What of others is being made to last here.
    adopted: Mutex<HashSet<Box<str>>>,
    /// What is in the changes that are told next.
    lasting: Mutex<Vec<Box<str>>>,
    /// What is known to last, and the store is to be told.
    known: Mutex<Option<Vec<Account>>>,
    known_is_new: Notify,
    /// Something was used that the store learns from the database alone.
    used_alone: AtomicBool,
    counts: Counts,
}

/// What changed since it was last asked.
#[derive(Debug, Default)]
pub(crate) struct Unwritten {
    /// For the database.
    pub changes: Vec<Change>,
    /// For [`Accounts::lasts`], when that has taken it.
    lasting: Vec<Box<str>>,
}

/// The accounts as those who keep them see them.
impl Accounts {
    /// Empty ones, kept with nobody.
    pub(crate) fn new(clock: fn() -> Now, times: Times) -> Self {
        Self {
            local: MemoryLedger::new(clock),
            clock,
            times,
            node: Node {
                name: uuid::Uuid::now_v7().simple().to_string().into(),
                lease_ms: millis(times.lease),
            },
            phase: watch::Sender::new(Phase::Off),
            wanted: AtomicBool::new(false),
            session: ArcSwapOption::empty(),
            next: AtomicU64::new(1),
            nodes: AtomicU64::new(1),
            ahead_ms: AtomicI64::new(i64::MIN),
            outbox: Outbox::default(),
            adopted: Mutex::default(),
            lasting: Mutex::default(),
            known: Mutex::default(),
            known_is_new: Notify::new(),
            used_alone: AtomicBool::new(false),
            counts: Counts::default(),
        }
    }

    /// With whom limits are kept at this moment.
    pub(crate) fn phase(&self) -> Phase {
        *self.phase.borrow()
    }

    /// Whether they should be kept with others.
    pub(crate) fn is_wanted(&self) -> bool {
        self.wanted.load(Ordering::Acquire)
    }

    /// Adds its figures to those of `/metrics`.
    pub(crate) fn show(self: &Arc<Self>, registry: &mut Registry) {
        counts::show(self, registry);
    }

    /// The task that keeps them together with others, by the store that `store` holds; it ends when
    /// the sender is gone.
    pub(crate) fn run(
        self: &Arc<Self>,
        store: watch::Receiver<Option<Store>>,
    ) -> impl Future<Output = ()> + Send + 'static {
        link::run(Arc::clone(self), store)
    }

    /// Takes over what the database knows.
    pub(crate) fn restore(&self, accounts: Vec<Account>) {
        for account in &accounts {
            self.local
                .restore(account.scope, account.requests, &account.spent);
        }
        if self.is_wanted() {
            *self.known.lock() = Some(accounts);
            self.known_is_new.notify_one();
        }
    }

    /// What has not been made to last yet.
    pub(crate) fn unwritten(&self) -> Unwritten {
        // The names first: what they are for is in the changes, in these or in earlier ones.
        let lasting = std::mem::take(&mut *self.lasting.lock());
        let changes = self.local.changes();
        Unwritten { changes, lasting }
    }

    /// What was unwritten is written.
    pub(crate) fn lasts(&self, written: Unwritten) {
        for id in written.lasting {
            // Left in the store it would be charged when this node ends; there is no room for more.
            self.send(Letter::new(id, What::Lasts));
        }
    }

    /// Whether something was used since the last call that the store learns by
    /// [`restore`](Self::restore) alone.
    pub(crate) fn used_alone(&self) -> bool {
        self.used_alone.swap(false, Ordering::Relaxed)
    }

    /// Waits until the store knows everything. What it cannot be told in `most` is a change from
    /// then on.
    pub(crate) async fn farewell(&self, most: Duration) {
        if tokio::time::timeout(most, self.outbox.emptied())
            .await
            .is_ok()
        {
            return;
        }
        loop {
            let batch = self.outbox.batch();
            if batch.is_empty() {
                return;
            }
            for (claim, used) in batch.iter().filter_map(|letter| letter.owed.as_ref()) {
                self.local.owe(claim, *used);
            }
            self.outbox.told(batch.len());
        }
    }

    /// Tells the others that this node ends.
    pub(crate) async fn leave(&self) {
        if let Some(session) = self.session.swap(None) {
            let leave = Ask::leave(&self.node);
            let _gone = tokio::time::timeout(self.times.answer, session.ask(&leave)).await;
        }
    }

    /// Waits until limits are kept together with others, but no longer than `most`.
    pub(crate) async fn together(&self, most: Duration) {
        let mut phase = self.phase.subscribe();
        let together = phase.wait_for(|phase| *phase == Phase::Shared);
        let _alone = tokio::time::timeout(most, together).await;
    }

    fn send(&self, letter: Letter) {
        let Err(letter) = self.outbox.push(letter) else {
            return;
        };
        self.counts.dropped.fetch_add(1, Ordering::Relaxed);
        if let Some((claim, used)) = &letter.owed {
            self.local.owe(claim, *used);
        }
    }

    /// Charges what a node that died had set aside, once.
    fn adopt(&self, adopted: Vec<Adopted>) {
        for one in adopted {
            if !self.adopted.lock().insert(one.id.clone()) {
                continue;
            }
            for (scope, spent) in &one.scopes {
                self.local.owe_scope(*scope, one.at_unix_ms, spent);
            }
            self.counts.adopted.fetch_add(1, Ordering::Relaxed);
            self.lasting.lock().push(one.id);
        }
    }

    /// The time by the store's clock, if it was ever heard of, else by our own.
    fn now(&self) -> Now {
        let now = (self.clock)();
        let ahead_ms = self.ahead_ms.load(Ordering::Relaxed);
        if ahead_ms == i64::MIN {
            return now;
        }
        Now {
            unix_ms: ahead_ms.saturating_add_unsigned(now.ms),
            ..now
        }
    }

    fn heard(&self, stamp: &Stamp) {
        let steady = i64::try_from((self.clock)().ms).unwrap_or(i64::MAX);
        let ahead_ms = stamp.unix_ms.saturating_sub(steady);
        self.ahead_ms.store(ahead_ms, Ordering::Relaxed);
        self.nodes.store(stamp.nodes.max(1), Ordering::Relaxed);
    }
}

/// What became of asking the store.
enum Asked {
    Granted(Grant),
    Refused(Refusal),
    Failed(RedisError),
}

/// The way of a request.
impl Accounts {
    /// Asks the store, or decides alone when it cannot be asked.
    async fn ask(self: Arc<Self>, scopes: Scopes, worst: Amounts) -> Result<Grant, Refusal> {
        let (mut deadline, mut again, mut failed) = (None, true, false);
        loop {
            let patient = self.is_wanted() && deadline.is_none_or(|until| Instant::now() < until);
            let nodes = if patient {
                self.nodes.load(Ordering::Relaxed)
            } else {
                1
            };
            // One that failed this request is not asked by it again before it was away.
            let session = self.session.load_full().filter(|_| !failed);
            if let Some(session) = session {
                let fits = || self.local.fits_share(&scopes, (worst, self.now()), nodes);
                if self.phase() == Phase::Shared || !patient || fits() {
                    // What others of this node gave back may be under way to the store.
                    let early = self.outbox.len() > 0;
                    match self.ask_store(&session, &scopes, worst).await {
                        Asked::Granted(grant) => return Ok(grant),
                        Asked::Refused(_) if again && (early || self.outbox.len() > 0) => {
                            again = false;
                            let told = self.outbox.emptied();
                            let _late = tokio::time::timeout(self.times.answer, told).await;
                        }
                        Asked::Refused(refusal) => return Err(refusal),
                        Asked::Failed(error) => {
                            self.lost(&session, &error);
                            failed = true;
                        }
                    }
                    continue;
                }
            } else if let Some(grant) = self.take_alone(&scopes, worst, nodes)? {
                return Ok(grant);
            }
            let until = *deadline.get_or_insert_with(|| {
                self.counts.waited.fetch_add(1, Ordering::Relaxed);
                Instant::now() + self.times.hold
            });
            let mut phase = self.phase.subscribe();
            let settled = phase.wait_for(|phase| matches!(phase, Phase::Shared | Phase::Off));
            let _late = tokio::time::timeout_at(until, settled).await;
            failed = false;
        }
    }

    /// `None` if others may be taking what is left.
    fn take_alone(
        self: &Arc<Self>,
        scopes: &Scopes,
        worst: Amounts,
        nodes: u64,
    ) -> Result<Option<Grant>, Refusal> {
        let now = self.now();
        if self.local.take_alone(scopes, (worst, now), nodes)? == Taken::Unsure {
            return Ok(None);
        }
        if self.is_wanted() {
            self.counts.alone.fetch_add(1, Ordering::Relaxed);
        }
        let (accounts, scopes) = (Arc::clone(self), Arc::clone(scopes));
        Ok(Some(accounts.grant(scopes, worst, (now, None))))
    }

    async fn ask_store(
        self: &Arc<Self>,
        session: &Arc<Session>,
        scopes: &Scopes,
        worst: Amounts,
    ) -> Asked {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        let now = self.now();
        let known: Vec<_> = scopes
            .iter()
            .map(|scope| self.local.known(scope, now.unix_ms))
            .collect();
        let valid_until = now.plus_ms(millis(self.times.answer)).unix_ms;
        let ask = Ask::reserve(&self.node, (number, valid_until), (scopes, worst), &known);
        let mut unknown = Unknown {
            accounts: self,
            number,
            is_known: false,
        };
        let answer = tokio::time::timeout(self.times.answer, session.ask(&ask)).await;
        let read =
            |answer: Vec<String>| shared::reserved(&answer, (scopes, worst)).ok_or_else(senseless);
        let (stamp, said) = match answer {
            Ok(answer) => match answer.and_then(read) {
                Ok(read) => read,
                Err(error) => return Asked::Failed(error),
            },
            Err(_) => return Asked::Failed((ErrorKind::Io, "no answer in time").into()),
        };
        unknown.is_known = true;
        drop(unknown);
        self.heard(&stamp);
        match said {
            Said::Late => Asked::Failed((ErrorKind::Io, "it came too late").into()),
            Said::Refused(refusal) => Asked::Refused(refusal),
            Said::Granted(known) => {
                let now = Now {
                    unix_ms: stamp.unix_ms,
                    ..now
                };
                match self.phase() {
                    Phase::Shared => self.local.note(scopes, (worst, now), &known),
                    _ => self.local.note_joining(scopes, (worst, now), &known),
                }
                let era = stamp.era;
                let held = Held { number, era };
                let (accounts, scopes) = (Arc::clone(self), Arc::clone(scopes));
                Asked::Granted(accounts.grant(scopes, worst, (now, Some(held))))
            }
        }
    }

    fn grant(
        self: Arc<Self>,
        scopes: Scopes,
        worst: Amounts,
        (now, held): (Now, Option<Held>),
    ) -> Grant {
        self.counts.outstanding.fetch_add(1, Ordering::Relaxed);
        let claim = Claim {
            scopes,
            worst,
            at_unix_ms: now.unix_ms,
            held,
        };
        Grant::new(self, claim)
    }

    /// The store does not answer by `session`: nobody else waits for that.
    fn lost(&self, session: &Arc<Session>, error: &RedisError) {
        tracing::debug!(%error, "the shared limits do not answer");
        let current = self.session.load();
        if current
            .as_ref()
            .is_some_and(|current| Arc::ptr_eq(current, session))
        {
            self.session.store(None);
            self.set_phase(Phase::Local);
        }
        session.broken.notify_one();
    }

    fn set_phase(&self, phase: Phase) {
        self.phase.send_if_modified(|current| {
            let differs = *current != phase;
            *current = phase;
            self.wanted.store(phase != Phase::Off, Ordering::Release);
            differs
        });
    }
}

type Scopes = Arc<[Arc<Scope>]>;

impl Ledger for Accounts {
    fn reserve(self: Arc<Self>, scopes: Scopes, worst: Amounts, _now: Now) -> Reserved {
        let is_metered = scopes.iter().any(|scope| scope.is_metered());
        if !self.is_wanted() || !is_metered {
            // One moment: it is given back to the period that it was taken from.
            let now = self.now();
            let taken = self.local.take_alone(&scopes, (worst, now), 1);
            let taken = taken.inspect_err(|refusal| self.counts.refused(refusal));
            return Reserved::Ready(taken.map(|_| self.grant(scopes, worst, (now, None))));
        }
        Reserved::Wait(Box::pin(async move {
            let asked = Arc::clone(&self).ask(scopes, worst).await;
            asked.inspect_err(|refusal| self.counts.refused(refusal))
        }))
    }

    fn settle(&self, claim: &Claim, used: Amounts) {
        self.counts.outstanding.fetch_sub(1, Ordering::Relaxed);
        let Some(held) = &claim.held else {
            // Written by every request it would be in the way of all.
            if !self.used_alone.load(Ordering::Relaxed) {
                self.used_alone.store(true, Ordering::Relaxed);
            }
            return self.local.settle(claim, used);
        };
        self.local.settle_noted(claim, used);
        let mut letter = Letter::new(held.number.to_string(), What::Used(used));
        letter.owed = Some((claim.clone(), used));
        self.send(letter);
    }
}

/// Something that may be set aside in the store, which has not answered. Dropped like that it is
/// taken back.
struct Unknown<'a> {
    accounts: &'a Accounts,
    number: u64,
    is_known: bool,
}

impl Drop for Unknown<'_> {
    fn drop(&mut self) {
        if !self.is_known {
            let letter = Letter::new(self.number.to_string(), What::Cancelled);
            self.accounts.send(letter);
        }
    }
}

fn senseless() -> RedisError {
    (ErrorKind::UnexpectedReturnType, "its answer makes no sense").into()
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests;
