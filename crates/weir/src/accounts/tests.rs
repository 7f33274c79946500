//! Three nodes and a real Redis.

use std::collections::HashMap;

use futures_util::future::join_all;
use weir_core::control::contract::{self, dollars, scope, with_dollars};
use weir_core::control::shared::CALENDAR;
use weir_core::control::{Code, Limit, Money, Period, ScopeId, Spent};
use weir_core::secret::Secret;

use super::*;
use crate::redis_server::Redis;

/// Nobody gives up because the machine is slow.
const PATIENT: Times = Times {
    answer: Duration::from_secs(10),
    hold: Duration::from_secs(20),
    joining: Duration::from_millis(300),
    beat: Duration::from_millis(50),
    lease: Duration::from_secs(60),
};

/// One that does not wait long for a Redis that hangs.
const QUICK: Times = Times {
    answer: Duration::from_millis(300),
    ..PATIENT
};

/// What all nodes write to.
#[derive(Debug, Default)]
struct Database(Mutex<HashMap<ScopeId, Account>>);

impl Database {
    fn add(&self, changes: &[Change]) {
        let mut accounts = self.0.lock();
        for change in changes {
            let account = accounts.entry(change.scope).or_insert_with(|| Account {
                scope: change.scope,
                requests: 0,
                spent: Vec::new(),
            });
            account.requests += change.requests;
            for new in &change.spent {
                let same = |old: &&mut Spent| (old.period, old.start) == (new.period, new.start);
                match account.spent.iter_mut().find(same) {
                    Some(old) => {
                        old.amounts.money.0 += new.amounts.money.0;
                        old.amounts.tokens += new.amounts.tokens;
                    }
                    None => account.spent.push(*new),
                }
            }
        }
    }

    /// What is written of a scope with one budget.
    fn money(&self, scope: &Scope) -> i64 {
        let accounts = self.0.lock();
        let spent = accounts.get(&scope.id).and_then(|it| it.spent.first());
        spent.map_or(0, |spent| spent.amounts.money.0)
    }
}

struct Member {
    accounts: Arc<Accounts>,
    database: Arc<Database>,
    tasks: [tokio::task::JoinHandle<()>; 2],
    _store: watch::Sender<Option<Store>>,
}

impl Drop for Member {
    /// As if it had been killed.
    fn drop(&mut self) {
        self.tasks.iter().for_each(tokio::task::JoinHandle::abort);
        self.accounts.session.store(None);
    }
}

impl Member {
    async fn start(redis: &Redis, database: &Arc<Database>, times: Times) -> Self {
        Self::with_clock(redis, database, (times, weir_proxy::clock::now)).await
    }

    async fn with_clock(
        redis: &Redis,
        database: &Arc<Database>,
        how: (Times, fn() -> Now),
    ) -> Self {
        Self::at(&redis.url(), database, how).await
    }

    async fn at(url: &str, database: &Arc<Database>, (times, clock): (Times, fn() -> Now)) -> Self {
        let accounts = Arc::new(Accounts::new(clock, times));
        let (sender, receiver) = watch::channel(Some(store(url)));
        let link = tokio::spawn(accounts.run(receiver));
        let (writer, all) = (Arc::clone(&accounts), Arc::clone(database));
        let write = tokio::spawn(async move {
            loop {
                let unwritten = writer.unwritten();
                all.add(&unwritten.changes);
                writer.lasts(unwritten);
                writer.restore(all.0.lock().values().cloned().collect());
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        });
        let member = Self {
            accounts,
            database: Arc::clone(database),
            tasks: [link, write],
            _store: sender,
        };
        member.is(Phase::Shared).await;
        member
    }

    async fn is(&self, wanted: Phase) {
        let mut phase = self.accounts.phase.subscribe();
        let is = phase.wait_for(|phase| *phase == wanted);
        tokio::time::timeout(PATIENT.hold, is)
            .await
            .expect("it comes")
            .unwrap();
    }

    async fn ask(&self, scope: &Arc<Scope>, worst: Amounts) -> Result<Grant, Refusal> {
        contract::reserve(&self.accounts, &[scope], worst, self.accounts.now()).await
    }

    /// Waits until so much is written of a scope.
    async fn wrote(&self, scope: &Scope, money: i64) {
        eventually(|| (self.database.money(scope) == money).then_some(())).await;
    }
}

async fn eventually<T>(mut ask: impl FnMut() -> Option<T>) -> T {
    let found = async {
        loop {
            if let Some(found) = ask() {
                return found;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(PATIENT.hold, found)
        .await
        .expect("it happens")
}

fn store(url: &str) -> Store {
    Store::at(&Secret::new(url)).unwrap()
}

async fn three(redis: &Redis, times: Times) -> [Member; 3] {
    let database = Arc::default();
    [
        Member::start(redis, &database, times).await,
        Member::start(redis, &database, times).await,
        Member::start(redis, &database, times).await,
    ]
}

async fn knows_three(members: &[Member]) {
    for member in members {
        eventually(|| (member.accounts.nodes.load(Ordering::Relaxed) == 3).then_some(())).await;
    }
}

/// So many ask at once, in turn at each; gives what they got.
async fn at_once(
    members: &[Member],
    scope: &Arc<Scope>,
    (count, worst): (usize, Amounts),
) -> Vec<Result<Grant, Refusal>> {
    let members = members.iter().cycle().take(count);
    join_all(members.map(|member| member.ask(scope, worst))).await
}

fn granted(all: &[Result<Grant, Refusal>]) -> usize {
    all.iter().filter(|one| one.is_ok()).count()
}

#[tokio::test]
async fn it_does_what_every_ledger_does_alone_and_with_others() {
    let alone = Arc::new(Accounts::new(weir_proxy::clock::now, PATIENT));
    contract::holds(&alone, alone.now()).await;
    let redis = Redis::start();
    let member = Member::start(&redis, &Arc::default(), PATIENT).await;
    contract::holds(&member.accounts, member.accounts.now()).await;
    assert_eq!(member.accounts.counts.alone.load(Ordering::Relaxed), 0);
}

#[tokio::test]
async fn a_cap_of_ten_lets_ten_of_fifty_through_three_nodes() {
    let redis = Redis::start();
    let members = three(&redis, PATIENT).await;
    let scope = scope(1, |scope| scope.max_requests = Some(10));
    let all = at_once(&members, &scope, (50, Amounts::default())).await;
    assert_eq!(granted(&all), 10);
    for refusal in all.into_iter().filter_map(Result::err) {
        assert_eq!(refusal.code, Code::RequestCap);
    }
}

#[tokio::test]
async fn rates_and_places_are_those_of_all_nodes_together() {
    let redis = Redis::start();
    let members = three(&redis, PATIENT).await;
    // The next is there a minute later.
    let slow = scope(1, |scope| scope.limits.rpm = Some(1));
    let all = at_once(&members, &slow, (9, Amounts::default())).await;
    assert_eq!(granted(&all), 1);
    let refusal = all.into_iter().find_map(Result::err).unwrap();
    assert_eq!(refusal.limit, Some(Limit::Rpm));
    let few = scope(2, |scope| scope.limits.concurrency = Some(3));
    let mut all = at_once(&members, &few, (9, Amounts::default())).await;
    assert_eq!(granted(&all), 3);
    let first = all.iter().position(Result::is_ok).unwrap();
    drop(all.swap_remove(first));
    eventually(|| (members[0].accounts.outbox.len() == 0).then_some(())).await;
    eventually(|| (members[1].accounts.outbox.len() == 0).then_some(())).await;
    eventually(|| (members[2].accounts.outbox.len() == 0).then_some(())).await;
    let again = at_once(&members, &few, (9, Amounts::default())).await;
    assert_eq!(granted(&again), 1);
}

#[tokio::test]
async fn a_dead_nodes_reservations_are_charged_when_its_lease_ends() {
    let redis = Redis::start();
    let database = Arc::default();
    let survivor = Member::start(&redis, &database, PATIENT).await;
    let short = Times {
        lease: Duration::from_millis(1500),
        ..PATIENT
    };
    let dead = Member::start(&redis, &database, short).await;
    let scope = with_dollars(1, Period::Lifetime, 10);
    dead.ask(&scope, dollars(3, 1))
        .await
        .unwrap()
        .settle(dollars(1, 1));
    dead.wrote(&scope, 1_000_000_000).await;
    let held = dead.ask(&scope, dollars(4, 1)).await.unwrap();
    // It never comes to say what this has used.
    std::mem::forget(held);
    drop(dead);
    let refusal = survivor.ask(&scope, dollars(6, 0)).await.unwrap_err();
    assert_eq!(refusal.limit, Some(Limit::Budget));
    survivor.wrote(&scope, 5_000_000_000).await;
    assert_eq!(survivor.accounts.counts.adopted.load(Ordering::Relaxed), 1);
    assert!(survivor.ask(&scope, dollars(6, 0)).await.is_err());
    drop(survivor.ask(&scope, dollars(5, 0)).await.unwrap());
    survivor.wrote(&scope, 10_000_000_000).await;
}

fn behind() -> Now {
    let now = weir_proxy::clock::now();
    Now {
        unix_ms: now.unix_ms - 40 * 86_400_000,
        ..now
    }
}

fn ahead() -> Now {
    let now = weir_proxy::clock::now();
    Now {
        unix_ms: now.unix_ms + 40 * 86_400_000,
        ..now
    }
}

#[tokio::test]
async fn nobodys_clock_matters_but_the_stores() {
    let redis = Redis::start();
    let database = Arc::default();
    let late = Member::with_clock(&redis, &database, (PATIENT, behind)).await;
    let early = Member::with_clock(&redis, &database, (PATIENT, ahead)).await;
    let scope = with_dollars(1, Period::Month, 10);
    late.ask(&scope, dollars(6, 0))
        .await
        .unwrap()
        .settle(dollars(6, 0));
    late.wrote(&scope, 6_000_000_000).await;
    for member in [&late, &early] {
        let refusal = member.ask(&scope, dollars(6, 0)).await.unwrap_err();
        let now = weir_proxy::clock::now();
        assert_eq!(refusal.resets_at, Period::Month.end(now.unix_ms));
    }
    drop(redis);
    for member in [&late, &early] {
        member.is(Phase::Local).await;
        let refusal = member.ask(&scope, dollars(6, 0)).await.unwrap_err();
        let now = weir_proxy::clock::now();
        assert_eq!(refusal.resets_at, Period::Month.end(now.unix_ms));
    }
}

#[tokio::test]
async fn a_request_that_goes_while_it_asks_leaves_nothing_set_aside() {
    let redis = Redis::start();
    let members = three(&redis, PATIENT).await;
    let scope = scope(1, |scope| scope.limits.concurrency = Some(1));
    for member in &members {
        let mut asking = Box::pin(member.ask(&scope, Amounts::default()));
        let waker = std::task::Waker::noop();
        let mut context = std::task::Context::from_waker(waker);
        // It is on its way now.
        assert!(asking.as_mut().poll(&mut context).is_pending());
        drop(asking);
        eventually(|| (member.accounts.outbox.len() == 0).then_some(())).await;
    }
    let held = members[0].ask(&scope, Amounts::default()).await;
    assert!(held.is_ok(), "{held:?}");
}

#[tokio::test]
async fn without_the_store_each_has_its_share_and_then_waits_for_it() {
    let mut redis = Redis::start();
    let members = three(&redis, PATIENT).await;
    let scope = with_dollars(1, Period::Lifetime, 9);
    drop(
        join_all(
            members
                .iter()
                .map(|member| member.ask(&scope, dollars(0, 0))),
        )
        .await,
    );
    knows_three(&members).await;
    redis.stop();
    for member in &members {
        member.is(Phase::Local).await;
    }
    for member in &members {
        let within = member.ask(&scope, dollars(3, 0)).await.unwrap();
        within.settle(dollars(2, 0));
    }
    let more = join_all(
        members
            .iter()
            .map(|member| member.ask(&scope, dollars(2, 0))),
    );
    let (mut more, up) = tokio::join!(more, async { redis.start_again() });
    assert!(up);
    assert_eq!(granted(&more), 1, "three of nine are left");
    more.retain(Result::is_ok);
    drop(more);
    members[0].wrote(&scope, 8_000_000_000).await;
}

#[tokio::test]
async fn a_store_that_has_lost_everything_learns_it_again() {
    let redis = Redis::start();
    let members = three(&redis, PATIENT).await;
    let scope = with_dollars(1, Period::Lifetime, 10);
    let first = members[0].ask(&scope, dollars(4, 0)).await.unwrap();
    members[1]
        .ask(&scope, dollars(3, 0))
        .await
        .unwrap()
        .settle(dollars(3, 0));
    members[1].wrote(&scope, 3_000_000_000).await;
    redis.tell(&["FLUSHALL"]).await;
    first.settle(dollars(4, 0));
    members[0].wrote(&scope, 7_000_000_000).await;
    let refused = eventually_refused(&members[2], &scope).await;
    assert_eq!(
        refused.message,
        "token's lifetime budget: $7.00 of $10.00 used or set aside, $4.00 needed"
    );
    assert!(members[2].ask(&scope, dollars(3, 0)).await.is_ok());
}

/// Asks, and gives back, until all that was used is known.
async fn eventually_refused(member: &Member, scope: &Arc<Scope>) -> Refusal {
    let found = async {
        loop {
            match member.ask(scope, dollars(4, 0)).await {
                Ok(grant) => grant.undo(),
                Err(refusal) if refusal.message.contains("$7.00 of") => return refusal,
                Err(_) => {}
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(PATIENT.hold, found)
        .await
        .expect("it is known")
}

#[tokio::test]
async fn a_store_that_hangs_is_waited_for_once_and_what_it_was_asked_is_taken_back() {
    let redis = Redis::start();
    let member = Member::start(&redis, &Arc::default(), QUICK).await;
    let scope = scope(1, |scope| {
        scope.limits.concurrency = Some(2);
        scope.max_requests = Some(1000);
    });
    redis.signal("STOP");
    let first = member.ask(&scope, Amounts::default()).await.unwrap();
    assert_ne!(member.accounts.phase(), Phase::Shared);
    let asked = member.accounts.next.load(Ordering::Relaxed);
    let second = member.ask(&scope, Amounts::default()).await.unwrap();
    assert_eq!(member.accounts.next.load(Ordering::Relaxed), asked);
    redis.signal("CONT");
    member.is(Phase::Shared).await;
    drop((first, second));
    eventually(|| (member.accounts.outbox.len() == 0).then_some(())).await;
    let all = at_once(
        std::slice::from_ref(&member),
        &scope,
        (3, Amounts::default()),
    )
    .await;
    assert_eq!(granted(&all), 2);
}

#[tokio::test]
async fn a_user_that_may_do_what_the_manual_says_is_enough() {
    let redis = Redis::start();
    let may = "+@connection +evalsha +script|load +time +get +set +hget +hgetall +hset +hdel +hlen \
               +hscan +zadd +zrem +zrange +zrangebyscore +zcard +expire";
    let user = format!("ACL SETUSER gateway on >secret resetchannels -@all {may} ~weir:*");
    redis.tell(&[&user]).await;
    let database = Arc::default();
    let (_, place) = redis.url().split_once('@').map(own).unwrap();
    let url = format!("redis://gateway:secret@{place}");
    let member = Member::at(&url, &database, (PATIENT, weir_proxy::clock::now)).await;
    contract::holds(&member.accounts, member.accounts.now()).await;
    assert_eq!(member.accounts.phase(), Phase::Shared);
    member.accounts.leave().await;
}

fn own((before, after): (&str, &str)) -> (String, String) {
    (before.to_owned(), after.to_owned())
}

#[tokio::test]
async fn the_scripts_calendar_is_ours() {
    let redis = Redis::start();
    let mut connection = store(&redis.url()).connect(PATIENT.answer).await.unwrap();
    let script = format!(
        "{CALENDAR} local all = {{}} for at = 1, #ARGV do
         for _, period in ipairs({{'day', 'week', 'month', 'lifetime'}}) do
         all[#all + 1] = string.format('%.0f', start_of(period, tonumber(ARGV[at]))) end end
         return all"
    );
    // Each day of eight years, leap days and their absence in 2100 among them.
    let days: Vec<i64> = (0..4 * 366)
        .map(|day| 1_700_000_000 + day * 86_400)
        .chain((0..4 * 366).map(|day| 4_060_000_000 + day * 86_400))
        .collect();
    for days in days.chunks(500) {
        let mut command = redis::cmd("EVAL");
        command.arg(&script).arg(0).arg(days);
        let found: Vec<String> = command.query_async(&mut connection).await.unwrap();
        let ours = days
            .iter()
            .flat_map(|day| Period::ALL.map(|period| period.start(day * 1000).to_string()));
        assert_eq!(found, ours.collect::<Vec<_>>());
    }
}

#[test]
fn what_there_is_no_room_for_is_counted_and_written_at_once() {
    let accounts = Arc::new(Accounts::new(weir_proxy::clock::now, PATIENT));
    for number in 0..outbox::MAX_WAITING {
        accounts.send(Letter::new(number.to_string(), What::Lasts));
    }
    let scope = with_dollars(1, Period::Lifetime, 10);
    let claim = Claim {
        scopes: Arc::new([scope]),
        worst: dollars(2, 0),
        at_unix_ms: accounts.now().unix_ms,
        held: Some(Held {
            number: 1,
            era: "e".into(),
        }),
    };
    accounts.counts.outstanding.store(1, Ordering::Relaxed);
    accounts.settle(&claim, dollars(1, 0));
    assert_eq!(accounts.counts.dropped.load(Ordering::Relaxed), 1);
    let changes = accounts.unwritten().changes;
    assert_eq!(changes[0].spent[0].amounts.money, Money(1_000_000_000));
}
