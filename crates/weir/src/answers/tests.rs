//! Gateways and a real Redis.

use std::time::Instant;

use bytes::Bytes;
use http::header::CACHE_CONTROL;
use http::{HeaderValue, Method};
use weir_core::cache::Vary;
use weir_core::cache::contract::{self, Asked, asked, purge};
use weir_core::secret::Secret;

use super::*;
use crate::redis_server::Redis;

/// Nobody gives up because the machine is slow.
const PATIENT: Duration = Duration::from_secs(20);
/// One that does not wait long for a Redis that hangs.
const QUICK: Duration = Duration::from_millis(300);
const PREFIX: &str = "test:{cache}:";

struct Node {
    answers: Arc<Answers>,
    task: tokio::task::JoinHandle<()>,
}

impl Drop for Node {
    /// As if it had been killed.
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Node {
    async fn start(redis: &Redis, patience: Duration) -> Self {
        let answers = Arc::new(Answers::new(1 << 20));
        let url = Secret::new(redis.url());
        answers.on(Some(Shelf {
            store: Store::at(&url).unwrap(),
            prefix: PREFIX.into(),
            patience,
        }));
        let task = tokio::spawn(answers.run());
        let node = Self { answers, task };
        node.is_together(true).await;
        node
    }

    async fn is_together(&self, wanted: bool) {
        let mut together = self.answers.together.subscribe();
        let is = together.wait_for(|is| *is == wanted);
        timeout(PATIENT, is).await.expect("it comes").unwrap();
    }

    async fn body(&self, asked: &Asked) -> Option<Bytes> {
        asked.body(&*self.answers).await
    }

    /// Asks with the patience of the settings.
    async fn look(&self, asked: &Asked, patience: Duration) -> Option<Slot> {
        let wanted = Wanted {
            key: &asked.key,
            about: &asked.about,
            patience,
        };
        self.answers.get(wanted).get().await.slot
    }

    /// Has an answer kept that nobody has purged.
    async fn keep(&self, asked: &Asked, body: &'static [u8]) {
        let seen = asked.get(&*self.answers).await.purges;
        let entry = asked.answer(body, now_ms());
        assert!(asked.put(&*self.answers, &entry, seen).await);
    }
}

fn now_ms() -> i64 {
    weir_proxy::clock::now().unix_ms
}

fn models(project: u128) -> Asked {
    asked(project, &Method::GET, "/v1/models")
}

/// What somebody asks the Redis besides.
async fn ask<T: redis::FromRedisValue>(redis: &Redis, command: &[&str]) -> T {
    let store = Store::at(&Secret::new(redis.url())).unwrap();
    let mut connection = store.connect(PATIENT).await.unwrap();
    let (name, args) = command.split_first().unwrap();
    let mut command = redis::cmd(name);
    command.arg(args);
    command.query_async(&mut connection).await.unwrap()
}

fn name(rest: &str) -> String {
    format!("{PREFIX}{rest}")
}

#[tokio::test]
async fn it_does_what_every_store_does() {
    let redis = Redis::start();
    let node = Node::start(&redis, PATIENT).await;
    contract::holds(&*node.answers, now_ms()).await;
    assert_eq!(node.answers.state().errors, 0);
}

#[tokio::test]
async fn what_one_node_keeps_the_others_have_and_so_has_it_after_a_restart() {
    let redis = Redis::start();
    let (one, other) = (
        Node::start(&redis, PATIENT).await,
        Node::start(&redis, PATIENT).await,
    );
    let asked = models(1);
    one.keep(&asked, b"shared").await;
    assert_eq!(other.body(&asked).await.as_deref(), Some(&b"shared"[..]));
    drop((one, other));
    let again = Node::start(&redis, PATIENT).await;
    assert_eq!(again.body(&asked).await.as_deref(), Some(&b"shared"[..]));
    assert_eq!(again.answers.state().entries, 1);
}

#[tokio::test]
async fn a_purge_by_one_node_is_at_once_everywhere_and_for_what_is_on_its_way() {
    let redis = Redis::start();
    let (one, other) = (
        Node::start(&redis, PATIENT).await,
        Node::start(&redis, PATIENT).await,
    );
    let (asked, sent) = (models(1), asked(1, &Method::POST, "/v1/messages"));
    one.keep(&asked, b"old").await;
    one.keep(&sent, b"sent").await;
    let before = other.body(&asked).await;
    let seen = asked.get(&*other.answers).await.purges;
    assert!(before.is_some());
    let path = Purge::Path {
        method: Method::GET,
        path: "/v1/models".into(),
        query: None,
        project: None,
    };
    assert_eq!(purge(&*one.answers, &path).await, 1);
    assert_eq!(other.body(&asked).await, None);
    let late = asked.answer(b"late", now_ms());
    assert!(!asked.put(&*other.answers, &late, seen).await);
    assert_eq!(one.body(&asked).await, None);
    let sent_late = sent.answer(b"newer", now_ms());
    assert!(sent.put(&*other.answers, &sent_late, seen).await);
    assert_eq!(one.body(&sent).await.as_deref(), Some(&b"newer"[..]));
    // What a tenant changes is void for the other node too.
    other.keep(&asked, b"new").await;
    one.answers.forget(&asked.about.tenant, "/v1/models");
    one.answers.outbox.emptied().await;
    assert_eq!(other.body(&asked).await, None);
}

#[tokio::test]
async fn nothing_is_kept_longer_than_it_may_be_used_and_no_name_tells_of_anybody() {
    let redis = Redis::start();
    let node = Node::start(&redis, PATIENT).await;
    let asked = models(1);
    node.keep(&asked, b"a").await;
    let key = name(&asked.key.to_hex());
    let ttl: i64 = ask(&redis, &["TTL", &key]).await;
    // A minute, and an hour for who takes an old one.
    assert!((3601..=3660).contains(&ttl), "{ttl}");
    node.answers.forget(&asked.about.tenant, "/v1/models");
    node.answers.outbox.emptied().await;
    let mut names: Vec<String> = ask(&redis, &["KEYS", "*"]).await;
    names.sort();
    let changed = script::changed(&asked.about.tenant, "/v1/models").to_hex();
    let mut expected = [
        name("index"),
        name("purges"),
        name("state"),
        name(&format!("changed:{changed}")),
        key,
    ];
    expected.sort();
    assert_eq!(names, expected);
}

#[tokio::test]
async fn what_has_ended_is_no_longer_counted() {
    let redis = Redis::start();
    let node = Node::start(&redis, PATIENT).await;
    let (asked, other) = (models(1), models(2));
    let mut entry = (*asked.answer(b"short", now_ms())).clone();
    entry.lifetime.seconds = 1;
    let said = HeaderValue::from_static("public, max-age=1, must-revalidate");
    entry.headers.insert(CACHE_CONTROL, said);
    let seen = asked.get(&*node.answers).await.purges;
    assert!(asked.put(&*node.answers, &Arc::new(entry), seen).await);
    assert_eq!(node.answers.state().entries, 1);
    let gone = async {
        while node.body(&asked).await.is_some() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    timeout(PATIENT, gone).await.expect("it ends");
    let counted = async {
        loop {
            node.keep(&other, b"long").await;
            if node.answers.state().entries == 1 {
                return;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    timeout(PATIENT, counted).await.expect("it is counted");
}

#[tokio::test]
async fn a_redis_that_hangs_is_waited_for_a_little_then_not_at_all_and_is_back_by_itself() {
    let redis = Redis::start();
    let node = Node::start(&redis, QUICK).await;
    let asked = models(1);
    node.keep(&asked, b"a").await;
    redis.signal("STOP");
    let started = Instant::now();
    for _ in 0..MOST_FAILURES {
        assert_eq!(node.look(&asked, QUICK).await, None);
    }
    // Each has waited for its time, and none for that of the connection.
    assert!(started.elapsed() >= QUICK * MOST_FAILURES);
    node.is_together(false).await;
    for _ in 0..100 {
        let wanted = Wanted {
            key: &asked.key,
            about: &asked.about,
            patience: PATIENT,
        };
        let answer = node.answers.get(wanted);
        assert!(matches!(answer, Answer::Ready(_)), "nobody waits any more");
    }
    let state = node.answers.state();
    assert_eq!((state.errors, state.reachable), (103, false));
    let entry = asked.answer(b"b", now_ms());
    assert!(!asked.put(&*node.answers, &entry, u64::MAX).await);
    let unavailable = node.answers.purge(&Purge::All).get().await;
    assert_eq!(unavailable, Err(Unavailable));
    // It is void although nobody can be told now.
    let changed = models(2);
    node.answers.forget(&asked.about.tenant, "/v1/models");
    redis.signal("CONT");
    node.is_together(true).await;
    assert_eq!(node.body(&asked).await, None);
    node.keep(&changed, b"c").await;
}

#[tokio::test]
async fn a_redis_that_was_empty_when_it_came_back_is_used_like_any_other() {
    let mut redis = Redis::start();
    let node = Node::start(&redis, PATIENT).await;
    let asked = models(1);
    node.keep(&asked, b"a").await;
    let seen = asked.get(&*node.answers).await.purges;
    redis.stop();
    assert_eq!(node.body(&asked).await, None);
    node.is_together(false).await;
    while !redis.start_again() {
        redis.stop();
    }
    node.is_together(true).await;
    assert_eq!(node.body(&asked).await, None);
    let late = asked.answer(b"late", now_ms());
    assert!(!asked.put(&*node.answers, &late, seen).await);
    node.keep(&asked, b"b").await;
    assert_eq!(node.body(&asked).await.as_deref(), Some(&b"b"[..]));
}

#[tokio::test]
async fn a_session_that_is_left_late_takes_no_other_along() {
    let redis = Redis::start();
    let node = Node::start(&redis, PATIENT).await;
    let old = node.answers.session.load_full().unwrap();
    old.broken.notify_one();
    let renewed = async {
        loop {
            match node.answers.session.load_full() {
                Some(new) if !Arc::ptr_eq(&new, &old) => return new,
                _ => tokio::task::yield_now().await,
            }
        }
    };
    let new = timeout(PATIENT, renewed).await.expect("it comes");
    // From here on nobody but this test sets it.
    node.task.abort();
    let (answers, stop) = (
        Arc::clone(&node.answers),
        std::sync::atomic::AtomicBool::new(false),
    );
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while !stop.load(Ordering::Relaxed) {
                answers.leave(&old);
            }
        });
        let kept = (0..20_000).all(|_| {
            answers.set_session(Some(Arc::clone(&old)));
            answers.set_session(Some(Arc::clone(&new)));
            let current = answers.session.load_full();
            current.is_some_and(|current| Arc::ptr_eq(&current, &new))
        });
        stop.store(true, Ordering::Relaxed);
        assert!(kept, "the new session is gone");
    });
    assert!(*answers.together.borrow());
}

#[tokio::test]
async fn more_that_is_void_than_can_be_remembered_makes_all_void() {
    let redis = Redis::start();
    let node = Node::start(&redis, QUICK).await;
    let asked = models(1);
    node.keep(&asked, b"a").await;
    redis.signal("STOP");
    for _ in 0..MOST_FAILURES {
        node.look(&asked, QUICK).await;
    }
    node.is_together(false).await;
    for number in 0..5000 {
        let path = format!("/v1/files/{number}");
        node.answers.forget(&asked.about.tenant, &path);
    }
    redis.signal("CONT");
    node.is_together(true).await;
    assert_eq!(node.body(&asked).await, None);
    assert_eq!(node.answers.state().entries, 0);
}

#[tokio::test]
async fn a_redis_without_room_is_looked_into_and_purged_all_the_same() {
    let redis = Redis::start();
    let node = Node::start(&redis, PATIENT).await;
    let (asked, other) = (models(1), models(2));
    node.keep(&asked, b"a").await;
    let _full: String = ask(&redis, &["CONFIG", "SET", "maxmemory", "1"]).await;
    let entry = other.answer(b"b", now_ms());
    let seen = other.get(&*node.answers).await.purges;
    assert!(!other.put(&*node.answers, &entry, seen).await);
    assert_eq!(node.answers.state().errors, 1);
    assert!(node.body(&asked).await.is_some());
    assert_eq!(purge(&*node.answers, &Purge::All).await, 1);
    assert_eq!(node.body(&asked).await, None);
    assert!(node.answers.state().reachable);
}

#[tokio::test]
async fn what_a_lost_index_cannot_name_is_void() {
    let redis = Redis::start();
    let node = Node::start(&redis, PATIENT).await;
    for lost in ["index", "state"] {
        let asked = models(1);
        node.keep(&asked, b"a").await;
        let _gone: i64 = ask(&redis, &["DEL", &name(lost)]).await;
        purge(&*node.answers, &Purge::Project(uuid::Uuid::from_u128(2))).await;
        assert_eq!(node.body(&asked).await, None, "{lost}");
        node.keep(&asked, b"b").await;
        assert_eq!(node.body(&asked).await.as_deref(), Some(&b"b"[..]));
    }
}

#[tokio::test]
async fn what_makes_no_sense_or_is_another_request_s_is_not_given() {
    let redis = Redis::start();
    let node = Node::start(&redis, PATIENT).await;
    let (asked, other) = (models(1), models(2));
    node.keep(&asked, b"a").await;
    let (key, others) = (name(&asked.key.to_hex()), name(&other.key.to_hex()));
    let _copied: i64 = ask(&redis, &["COPY", &key, &others]).await;
    assert_eq!(node.body(&other).await, None, "it was made for another");
    for text in ["", "x", "12345678", "12345678\u{1}\u{2}\u{1}"] {
        let _set: String = ask(&redis, &["SET", &key, text]).await;
        assert_eq!(node.body(&asked).await, None, "{text:?}");
    }
    assert_eq!(node.answers.state().errors, 5);
    node.keep(&asked, b"b").await;
    assert_eq!(node.body(&asked).await.as_deref(), Some(&b"b"[..]));
}

#[tokio::test]
async fn many_are_purged_in_steps() {
    const MANY: usize = 1300;
    let redis = Redis::start();
    let node = Node::start(&redis, PATIENT).await;
    let seen = models(1).get(&*node.answers).await.purges;
    let mut last = None;
    for number in 0..MANY {
        let path = format!("/v1/files/{number}");
        let asked = asked(1, &Method::GET, &path);
        let place = (asked.key, Vary::default(), asked.key);
        let entry = asked.answer(b"a", now_ms());
        node.answers.put(Put::new(place, entry, seen, |_| ()));
        // There is room for so many at once.
        if number % 500 == 0 {
            node.answers.outbox.emptied().await;
        }
        last = Some(asked);
    }
    node.answers.outbox.emptied().await;
    assert_eq!(node.answers.state().entries, MANY as u64);
    node.keep(&models(2), b"other").await;
    let project = Purge::Project(uuid::Uuid::from_u128(1));
    assert_eq!(purge(&*node.answers, &project).await, MANY as u64);
    assert_eq!(node.body(&last.unwrap()).await, None);
    assert_eq!(node.answers.state().entries, 1);
}
