//! A gateway that does as it is told: real pools and breakers, no requests.

use std::collections::BTreeMap;
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};

use bytes::Bytes;
use http::{HeaderMap, HeaderValue};
use parking_lot::Mutex;
use weir_core::clock::Now;
use weir_core::config::{Effective, Source};
use weir_core::keys::{self, KeyId, KeyPool};
use weir_core::route::breaker::{Breaker, Outcome};
use weir_core::route::latency;
use weir_core::secret::Secret;
use weir_core::settings::{Health, Key, KeyStrategy, Provider, ProviderKind, Strategy};
use weir_core::steer::{
    Condition, EditError, Piece, Pieces, ProviderView, Reloaded, Replay, Replayed, Replaying,
    Requests, Stats, SteerError, Steering, Tokens,
};

/// Nothing ages here.
pub(crate) const NOW: Now = Now {
    ms: 1_000_000,
    unix_ms: 1_795_000_000_000,
};

#[derive(Debug)]
struct Member {
    provider: Provider,
    enabled: bool,
    breaker: Breaker,
    keys: KeyPool,
}

#[derive(Debug)]
pub(crate) struct Fake {
    members: Mutex<Vec<Member>>,
    strategy: Mutex<Strategy>,
    /// What the next reload comes to.
    pub(crate) next_reload: Mutex<Result<Reloaded, Vec<String>>>,
    pub(crate) stored: Mutex<BTreeMap<String, String>>,
    /// Times that figures were taken.
    pub(crate) asked: AtomicU64,
    /// The model that grades prompts.
    pub(crate) judge: Mutex<Option<String>>,
    /// What it answers: a status and a body.
    pub(crate) verdict: Mutex<(u16, String)>,
    /// What it was asked.
    pub(crate) judged: Mutex<Vec<Replay>>,
}

/// A body in one piece.
struct Whole(Option<Bytes>);

impl Pieces for Whole {
    fn next(&mut self) -> Pin<Box<dyn Future<Output = Piece> + Send + '_>> {
        let piece = self.0.take().map(Ok);
        Box::pin(async { piece })
    }
}

fn key(secret: &str, name: Option<&str>) -> Key {
    Key {
        name: name.map(str::to_owned),
        ..Key::new(Secret::new(secret))
    }
}

fn member(name: &str, kind: ProviderKind, keys: &[Key]) -> Member {
    let base = "http://user:hunter2@127.0.0.1:9801".parse().unwrap();
    let mut provider = Provider::new(name, kind, base);
    provider.keys = keys.to_vec();
    Member {
        breaker: Breaker::new(&Health::default()),
        keys: KeyPool::new(keys, KeyStrategy::default()),
        enabled: true,
        provider,
    }
}

impl Default for Fake {
    /// `u1` with two keys, `u2` with two of one name, `cloud` with none.
    fn default() -> Self {
        let first = [key("k-z1", None), key("k-z2", Some("spare"))];
        let twins = [key("k-t1", Some("twin")), key("k-t2", Some("twin"))];
        Self {
            members: Mutex::new(vec![
                member("u1", ProviderKind::Zai, &first),
                member("u 2/x", ProviderKind::Minimax, &twins),
                member("cloud", ProviderKind::Bedrock, &[]),
            ]),
            strategy: Mutex::default(),
            next_reload: Mutex::new(Ok(Reloaded::default())),
            stored: Mutex::default(),
            asked: AtomicU64::new(0),
            judge: Mutex::default(),
            verdict: Mutex::new((200, String::new())),
            judged: Mutex::default(),
        }
    }
}

impl Fake {
    /// The provider fails until its breaker opens.
    pub(crate) fn breaks(&self, name: &str) {
        let mut members = self.members.lock();
        let index = index(&members, name).unwrap();
        let breaker = &mut members[index].breaker;
        for _ in 0..Health::default().failure_threshold {
            let admission = breaker.admit(NOW);
            breaker.report(admission, Outcome::Failure, None, NOW);
        }
    }

    /// A provider answers a request with one of its keys.
    pub(crate) fn answers(&self, name: &str, key: &str, status: u16, headers: &[(&str, &str)]) {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            let name = http::HeaderName::from_bytes(name.as_bytes()).unwrap();
            map.insert(name, HeaderValue::from_str(value).unwrap());
        }
        let mut members = self.members.lock();
        let index = index(&members, name).unwrap();
        members[index].keys.learn(KeyId::of(key), status, &map, NOW);
    }

    fn key<T>(
        &self,
        provider: &str,
        key: &str,
        act: impl FnOnce(&mut KeyPool, KeyId) -> Result<T, keys::SteerError>,
    ) -> Result<T, SteerError> {
        let mut members = self.members.lock();
        let index = index(&members, provider)?;
        let pool = &mut members[index].keys;
        let done = pool.find(key).and_then(|id| act(pool, id));
        done.map_err(|error| SteerError::of_key(provider, key, error))
    }
}

fn index(members: &[Member], name: &str) -> Result<usize, SteerError> {
    let is = |member: &Member| &*member.provider.name == name;
    let found = members.iter().position(is);
    found.ok_or_else(|| SteerError::no_provider(name))
}

fn view(member: &Member) -> ProviderView {
    let condition = Condition {
        enabled: member.enabled,
        breaker: member.breaker.view(NOW),
        in_flight: 1,
        requests: Requests {
            total: 10,
            succeeded: 7,
            failed: 2,
        },
        latency: latency::View {
            ewma: Some(12.5),
            p50: Some(11.0),
            p95: Some(30.0),
            p99: None,
        },
        tokens: Tokens {
            input: 1000,
            output: 200,
        },
    };
    ProviderView::new(&member.provider, condition, member.keys.views(NOW))
}

impl Steering for Fake {
    fn providers(&self) -> Vec<ProviderView> {
        self.members.lock().iter().map(view).collect()
    }

    fn set_provider_enabled(&self, name: &str, enabled: bool) -> Result<(), SteerError> {
        let mut members = self.members.lock();
        let index = index(&members, name)?;
        members[index].enabled = enabled;
        Ok(())
    }

    fn reset_provider(&self, name: &str) -> Result<(), SteerError> {
        let mut members = self.members.lock();
        let index = index(&members, name)?;
        members[index].breaker.reset(NOW);
        members[index].keys.reset_all();
        Ok(())
    }

    fn add_key(&self, provider: &str, key: Key) -> Result<KeyId, SteerError> {
        let mut members = self.members.lock();
        let index = index(&members, provider)?;
        if members[index].provider.kind.signs_itself() {
            let message = format!("`{provider}` signs with its cloud's own credentials");
            return Err(SteerError::Conflict(message));
        }
        let id = KeyId::of(key.secret.expose()).to_string();
        let added = members[index].keys.add(key);
        added.map_err(|error| SteerError::of_key(provider, &id, error))
    }

    fn remove_key(&self, provider: &str, key: &str) -> Result<(), SteerError> {
        self.key(provider, key, KeyPool::remove)
    }

    fn set_key_enabled(&self, provider: &str, key: &str, enabled: bool) -> Result<(), SteerError> {
        self.key(provider, key, |pool, id| pool.set_enabled(id, enabled))
    }

    fn reset_key(&self, provider: &str, key: &str) -> Result<(), SteerError> {
        self.key(provider, key, KeyPool::reset)
    }

    fn stats(&self) -> Stats {
        let times = self.asked.fetch_add(1, Ordering::Relaxed);
        let mut stats = Stats::new("9.9.9", self.strategy(), &self.providers());
        stats.timestamp_ms = NOW.unix_ms;
        stats.uptime_ms = times;
        stats.active = 3;
        stats
    }

    fn strategy(&self) -> Strategy {
        *self.strategy.lock()
    }

    fn set_strategy(&self, strategy: Strategy) -> Result<(), SteerError> {
        if strategy == Strategy::ModelBased {
            let message = "`model_based` needs `routing.model_mapping`".to_owned();
            return Err(SteerError::Conflict(message));
        }
        *self.strategy.lock() = strategy;
        Ok(())
    }

    fn reload(&self) -> Result<Reloaded, Vec<String>> {
        self.next_reload.lock().clone()
    }

    fn stored(&self) -> Result<Vec<(String, String)>, EditError> {
        Ok(self.stored.lock().clone().into_iter().collect())
    }

    fn edit(&self, edits: &[(String, Option<String>)]) -> Result<Reloaded, EditError> {
        let outcome = self.next_reload.lock().clone();
        let done = outcome.map_err(EditError::Faults)?;
        let mut stored = self.stored.lock();
        for (path, value) in edits {
            match value {
                Some(value) => stored.insert(path.clone(), value.clone()),
                None => stored.remove(path),
            };
        }
        Ok(done)
    }

    fn config(&self) -> Vec<Effective> {
        let setting = |path: &str, value: Option<&str>, source| Effective {
            path: path.to_owned(),
            value: value.map(str::to_owned),
            source,
            live: path != "server.port",
        };
        let judge = self.judge.lock().clone();
        let judge =
            judge.map(|judge| setting("dashboard.grading.model", Some(&judge), Source::Flag));
        let provider = setting("dashboard.grading.provider", Some("u1"), Source::Flag);
        let mut all = vec![
            setting("server.port", Some("3001"), Source::File { line: 4 }),
            setting("auth.token", Some("***"), Source::Env("AUTH_TOKEN")),
            setting("routing.strategy", Some("shuffle"), Source::Flag),
            setting("dashboard.password", None, Source::Default),
        ];
        all.extend(
            judge
                .into_iter()
                .flat_map(|judge| [judge, provider.clone()]),
        );
        all
    }

    fn replay(&self, replay: Replay) -> Replaying<'_> {
        self.judged.lock().push(replay);
        let (status, body) = self.verdict.lock().clone();
        let answer = Replayed {
            status: http::StatusCode::from_u16(status).unwrap(),
            headers: HeaderMap::new(),
            body: Box::new(Whole(Some(body.into()))),
        };
        Box::pin(async { Ok(answer) })
    }
}
