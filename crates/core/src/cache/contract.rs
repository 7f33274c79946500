//! What every store of answers does, wherever it keeps them.

use std::future::poll_fn;
use std::sync::Arc;
use std::task::{Poll, Waker};
use std::time::Duration;

use bytes::Bytes;
use http::header::{ACCEPT_LANGUAGE, CACHE_CONTROL, SET_COOKIE, WARNING};
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use parking_lot::Mutex;
use uuid::Uuid;

use super::{
    About, Entry, Key, Lifetime, Purge, Put, Seen, Slot, Source, Store, Subject, Tenant, Terms,
    Times, Vary, Wanted,
};

/// Nobody gives up because the machine is slow.
const PATIENCE: Duration = Duration::from_secs(20);

/// A request that can be asked again.
#[derive(Debug)]
pub struct Asked {
    /// What it is about.
    pub about: About,
    /// Its first key.
    pub key: Key,
}

/// A request of a project; no two paths have a key in common.
#[must_use]
pub fn asked(project: u128, method: &Method, path: &str) -> Asked {
    let tenant = Tenant {
        project: Some(Uuid::from_u128(project)),
        own: Some([7; 32]),
    };
    let about = About::new(tenant, method, path, Some("b=2&a=1"));
    let key = Key::of(&Subject {
        about: &about,
        headers: &HeaderMap::new(),
        body: &[],
        opt_in: None,
    });
    Asked { about, key }
}

impl Asked {
    /// An answer to it, good for a minute from `now_ms`.
    #[must_use]
    pub fn answer(&self, body: &'static [u8], now_ms: i64) -> Arc<Entry> {
        let mut headers = HeaderMap::new();
        let lasting = HeaderValue::from_static("public, max-age=60");
        headers.insert(CACHE_CONTROL, lasting);
        for text in ["one", "\u{e9}t\u{e9}"] {
            if let Ok(value) = HeaderValue::from_bytes(text.as_bytes()) {
                headers.append(WARNING, value);
            }
        }
        headers.insert(SET_COOKIE, HeaderValue::from_static("never=kept"));
        let times = Times {
            asked: now_ms,
            answered: now_ms,
        };
        let lifetime = Lifetime {
            seconds: 60,
            source: Source::Header,
            always_asks: false,
        };
        let entry = Entry::new(
            self.about.clone(),
            (StatusCode::OK, headers),
            times,
            (lifetime, &Terms::default()),
        );
        Arc::new(entry.with_body(Bytes::from_static(body)))
    }

    /// What a store has for it.
    pub async fn get(&self, store: &dyn Store) -> Seen {
        get(store, &self.about, &self.key).await
    }

    /// The body that a store has for it.
    pub async fn body(&self, store: &dyn Store) -> Option<Bytes> {
        body(self.get(store).await)
    }

    /// Has an answer kept; says whether it was, once that is known.
    pub async fn put(&self, store: &dyn Store, entry: &Arc<Entry>, seen: u64) -> bool {
        let place = (self.key, Vary::default(), self.key);
        put(store, place, entry, seen).await
    }
}

fn body(seen: Seen) -> Option<Bytes> {
    match seen.slot? {
        Slot::Entry(entry) => Some(entry.body.clone()),
        Slot::Varies(_) => None,
    }
}

async fn get(store: &dyn Store, about: &About, key: &Key) -> Seen {
    let wanted = Wanted {
        key,
        about,
        patience: PATIENCE,
    };
    store.get(wanted).get().await
}

/// Has an answer kept; says whether it was, once that is known.
pub async fn put(
    store: &dyn Store,
    place: (Key, Vary, Key),
    entry: &Arc<Entry>,
    seen: u64,
) -> bool {
    let told: Arc<Mutex<(Option<bool>, Option<Waker>)>> = Arc::default();
    let tell = Arc::clone(&told);
    store.put(Put::new(place, Arc::clone(entry), seen, move |kept| {
        let mut told = tell.lock();
        told.0 = Some(kept);
        if let Some(waker) = told.1.take() {
            waker.wake();
        }
    }));
    let kept = poll_fn(|context| {
        let mut told = told.lock();
        told.1 = Some(context.waker().clone());
        told.0.map_or(Poll::Pending, Poll::Ready)
    });
    kept.await
}

/// Takes entries out; says how many there were.
///
/// # Panics
/// When the store cannot be reached.
pub async fn purge(store: &dyn Store, purge: &Purge) -> u64 {
    store.purge(purge).get().await.expect("it can be reached")
}

/// Goes through all of it with a store that nobody else uses. `now_ms` is the time, in milliseconds
/// since the Unix epoch.
///
/// # Panics
/// When the store does anything else.
pub async fn holds(store: &dyn Store, now_ms: i64) {
    keeps(store, now_ms).await;
    varies(store, now_ms).await;
    forgets(store, now_ms).await;
    purges(store, now_ms).await;
    meanwhile(store, now_ms).await;
    assert_eq!(purge(store, &Purge::All).await, 2);
    assert_eq!(store.state().entries, 0);
}

/// What is put is found as it was, by its own key alone, and the newest of it.
async fn keeps(store: &dyn Store, now_ms: i64) {
    let (one, other) = (
        asked(1, &Method::GET, "/v1/models"),
        asked(2, &Method::GET, "/v1/models"),
    );
    let nothing = one.get(store).await;
    assert_eq!(nothing.slot, None);
    let entry = one.answer(b"\x00\xffnot a text", now_ms);
    assert!(one.put(store, &entry, nothing.purges).await);
    let found = one.get(store).await.slot.expect("it is kept");
    assert_eq!(found, Slot::Entry(Arc::clone(&entry)));
    assert!(!entry.headers.contains_key(SET_COOKIE));
    assert_eq!(other.get(store).await.slot, None, "it is another's");
    let state = store.state();
    assert_eq!((state.entries, state.reachable), (1, true));
    assert!(state.bytes > 0);
    let newer = one.answer(b"newer", now_ms);
    assert!(one.put(store, &newer, nothing.purges).await);
    assert_eq!(one.body(store).await.as_deref(), Some(&b"newer"[..]));
    assert_eq!(store.state().entries, 1);
    store.remove(&one.key, &one.about);
    assert_eq!(one.body(store).await, None);
    store.remove(&one.key, &one.about);
}

/// What varies is found in two steps.
async fn varies(store: &dyn Store, now_ms: i64) {
    let one = asked(3, &Method::GET, "/v1/models");
    let vary = Vary([ACCEPT_LANGUAGE].into());
    for language in ["en", "de"] {
        let mut headers = HeaderMap::new();
        headers.insert(
            HeaderName::from_static("accept-language"),
            HeaderValue::from_static(language),
        );
        let variant = one.key.variant(&vary, &headers);
        let seen = one.get(store).await.purges;
        let entry = one.answer(language.as_bytes(), now_ms);
        assert!(put(store, (one.key, vary.clone(), variant), &entry, seen).await);
        let leads = (one.about.clone(), vary.clone());
        let leads = Slot::Varies(Arc::new(leads));
        assert_eq!(one.get(store).await.slot, Some(leads));
        let found = get(store, &one.about, &variant).await;
        assert_eq!(body(found).as_deref(), Some(language.as_bytes()));
    }
    let project = Purge::Project(Uuid::from_u128(3));
    assert_eq!(purge(store, &project).await, 2, "what leads there is none");
    assert_eq!(one.get(store).await.slot, None);
}

/// A change forgets what its tenant got of the path, and nothing else.
async fn forgets(store: &dyn Store, now_ms: i64) {
    let path = "/v1/files/file_1";
    let (own, sent, others) = (
        asked(4, &Method::GET, path),
        asked(4, &Method::POST, path),
        asked(5, &Method::GET, path),
    );
    for asked in [&own, &sent, &others] {
        let seen = asked.get(store).await.purges;
        assert!(
            asked
                .put(store, &asked.answer(b"before", now_ms), seen)
                .await
        );
    }
    let before = own.get(store).await.purges;
    store.forget(&own.about.tenant, path);
    assert_eq!(own.body(store).await, None);
    for asked in [&sent, &others] {
        assert!(asked.body(store).await.is_some());
    }
    let late = own.answer(b"asked before", now_ms);
    assert!(!own.put(store, &late, before).await);
    assert_eq!(own.body(store).await, None);
    let seen = own.get(store).await.purges;
    assert!(own.put(store, &own.answer(b"after", now_ms), seen).await);
    assert_eq!(own.body(store).await.as_deref(), Some(&b"after"[..]));
    for project in [4, 5] {
        purge(store, &Purge::Project(Uuid::from_u128(project))).await;
    }
}

/// A purge takes what it names, and says how many there were.
async fn purges(store: &dyn Store, now_ms: i64) {
    let all = [
        asked(6, &Method::GET, "/v1/models"),
        asked(6, &Method::POST, "/v1/messages"),
        asked(7, &Method::GET, "/v1/models"),
    ];
    for asked in &all {
        let seen = asked.get(store).await.purges;
        assert!(asked.put(store, &asked.answer(b"a", now_ms), seen).await);
    }
    let path = |query: Option<&str>, project: Option<u128>| Purge::Path {
        method: Method::GET,
        path: "/v1/models".into(),
        query: query.map(Into::into),
        project: project.map(Uuid::from_u128),
    };
    assert_eq!(purge(store, &path(Some("a=2"), None)).await, 0);
    let of_one = path(Some("a=1&b=2"), Some(7));
    assert_eq!(purge(store, &of_one).await, 1);
    assert_eq!(purge(store, &of_one).await, 0);
    assert!(all[0].body(store).await.is_some());
    assert_eq!(purge(store, &path(None, None)).await, 1);
    let digits: String = all[1].key.to_hex().chars().take(9).collect();
    assert_eq!(purge(store, &Purge::Prefix(digits.into())).await, 1);
    for asked in &all {
        assert_eq!(asked.body(store).await, None);
    }
}

/// What was purged while it was on its way is not kept; what a purge does not name is. Two are left.
async fn meanwhile(store: &dyn Store, now_ms: i64) {
    let (one, other) = (
        asked(8, &Method::POST, "/v1/messages"),
        asked(9, &Method::POST, "/v1/messages"),
    );
    let before = one.get(store).await.purges;
    assert_eq!(
        purge(store, &Purge::Project(Uuid::from_u128(8))).await,
        0,
        "there is nothing yet"
    );
    let entry = one.answer(b"late", now_ms);
    assert!(!one.put(store, &entry, before).await);
    assert_eq!(one.body(store).await, None);
    assert!(
        other
            .put(store, &other.answer(b"late", now_ms), before)
            .await
    );
    let seen = one.get(store).await.purges;
    assert!(one.put(store, &entry, seen).await);
    assert!(one.body(store).await.is_some() && other.body(store).await.is_some());
}
