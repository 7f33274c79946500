//! One request and the cache: the look-up, and what becomes of the provider's answer.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::header::{
    CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, IF_MATCH, IF_RANGE, IF_UNMODIFIED_SINCE, RANGE,
};
use http::{HeaderMap, Method, StatusCode};
use tokio::time::Instant;
use weir_core::cache::{
    About, Answer, Entry, Forward, Key, NotKept, Reuse, Seen, Slot, Source, Status, Subject,
    Tenant, Terms, Times, Vary, Wanted, lifetime, not_modified,
};
use weir_core::exchange::RawBody;
use weir_core::settings;
use weir_wire::dialect::{Dialect, Operation};
use weir_wire::facts::turns;
use weir_wire::sse::is_stream;

use super::flight::{Boarding, Lead};
use super::keeper::Copy;
use super::{Cache, Found, Keeper, Labels};
use crate::shape::X_WEIR_CACHE;

/// What the cache sees of a request.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Request<'a> {
    pub(crate) tenant: Tenant,
    pub(crate) method: &'a Method,
    pub(crate) path: &'a str,
    /// Without a credential.
    pub(crate) query: Option<&'a str>,
    pub(crate) headers: &'a HeaderMap,
    pub(crate) body: &'a RawBody,
    pub(crate) kind: (Dialect, Operation),
    /// Whether it is weir's own, for what a client was given although it is too old.
    pub(crate) again: bool,
}

/// What came of a look-up.
pub(crate) enum Looked {
    /// There is an answer.
    Found(Box<Found>),
    /// There is none, and the client wants no other.
    Nothing,
    /// The request goes on; with a visit, the cache wants to see the answer.
    Onward(Option<Box<Visit>>),
}

/// A request that goes on.
#[derive(Debug)]
pub(crate) struct Visit {
    cache: Arc<Cache>,
    rules: Arc<settings::Cache>,
    about: About,
    key: Key,
    /// The client's, for what the answer varies by.
    headers: HeaderMap,
    terms: Terms,
    status: Status,
    deed: Deed,
    /// Whether nobody waits for the answer but the cache.
    again: bool,
    /// What there is, although it will not do as it is.
    stored: Option<(Key, Arc<Entry>)>,
    /// By what the answers vary, as far as is known.
    vary: Vary,
    /// Whether the provider is asked if that still holds.
    asks: bool,
    lead: Option<Lead>,
    /// The purges that there were when it was looked for.
    seen: u64,
    /// How long looking may still take.
    patience: Duration,
    /// When it went on, in milliseconds since the Unix epoch.
    asked: i64,
    kind: (Dialect, Operation),
}

/// What the cache does with the answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Deed {
    /// Keeps it, if it may.
    Keep,
    /// Nothing, but to say why.
    Tell,
    /// Forgets what it had of the same path.
    Forget,
}

impl Visit {
    /// Looks a request up.
    pub(crate) async fn look(
        cache: &Arc<Cache>,
        rules: &Arc<settings::Cache>,
        request: Request<'_>,
    ) -> Looked {
        if !rules.enabled {
            return Looked::Onward(None);
        }
        let terms = Terms::of(request.headers);
        if !terms.concern(request.method) {
            let forgets = changes(request.method, request.kind.1);
            let visit = forgets.then(|| Self::new(cache, rules, (request, terms), Deed::Forget));
            return Looked::Onward(visit.map(Box::new));
        }
        if let Some(why) = not_for_it(&request, &terms, rules) {
            cache.counts.bypasses.inc();
            let mut visit = Self::new(cache, rules, (request, terms), Deed::Tell);
            visit.status.forward = Some(Forward::Bypass);
            visit.status.detail = Some(why);
            return Looked::Onward(Some(Box::new(visit)));
        }
        // An answer to `HEAD` lacks what is to be kept.
        let keeps = if *request.method == Method::HEAD {
            Deed::Tell
        } else {
            Deed::Keep
        };
        let mut visit = Box::new(Self::new(cache, rules, (request, terms), keeps));
        let found = visit.find_or_wait().await;
        visit.settle(found)
    }

    fn new(
        cache: &Arc<Cache>,
        rules: &Arc<settings::Cache>,
        (request, terms): (Request<'_>, Terms),
        deed: Deed,
    ) -> Self {
        let about = About::new(request.tenant, request.method, request.path, request.query);
        // A large upload is not read for nothing.
        let looks = deed == Deed::Keep;
        let body = request.body.pieces.as_slice();
        let key = Key::of(&Subject {
            about: &about,
            headers: request.headers,
            body: if looks { body } else { &[] },
            opt_in: terms.opt_in,
        });
        Self {
            cache: Arc::clone(cache),
            rules: Arc::clone(rules),
            about,
            key,
            headers: request.headers.clone(),
            terms,
            status: Status::default(),
            deed,
            again: request.again,
            stored: None,
            vary: Vary::default(),
            asks: false,
            lead: None,
            seen: 0,
            patience: rules.redis_timeout,
            asked: cache.now(),
            kind: request.kind,
        }
    }

    /// Looks, and where the client has opted in waits for somebody who asks for the same.
    async fn find_or_wait(&mut self) -> Option<Found> {
        let found = self.find().await;
        let waits = self.terms.opt_in.is_some()
            && self.deed == Deed::Keep
            && self.status.forward != Some(Forward::Request)
            && !self.terms.directives.only_if_cached
            && !self.again;
        if found.is_some() || !waits {
            return found;
        }
        match self.cache.flights.board(self.key) {
            Boarding::Lead(lead) => {
                self.lead = Some(lead);
                // It may have come just now.
                self.find().await
            }
            Boarding::Wait(mut other) => {
                self.cache.counts.collapsed.inc();
                self.status.collapsed = true;
                // The error says that the other one is done; nothing is ever sent.
                while other.changed().await.is_ok() {}
                self.find().await
            }
        }
    }

    /// Two steps: what the request leads to, and if that is what its answers vary by, the entry.
    async fn find(&mut self) -> Option<Found> {
        self.asked = self.cache.now();
        self.status.forward = Some(Forward::UriMiss);
        let first = self.key;
        let Seen { slot, purges } = self.get(&first).await;
        self.seen = purges;
        let (key, entry) = match slot? {
            Slot::Entry(entry) => (first, entry),
            Slot::Varies(varies) => {
                self.status.forward = Some(Forward::VaryMiss);
                let key = first.variant(&varies.1, &self.headers);
                self.vary.clone_from(&varies.1);
                match self.get(&key).await.slot? {
                    Slot::Entry(entry) => (key, entry),
                    Slot::Varies(_) => return None,
                }
            }
        };
        let at = self.cache.now();
        self.asked = at;
        let reuse = entry.reuse(&self.terms, at);
        let ttl = match reuse {
            Reuse::Yes(ttl) if !self.again => ttl,
            Reuse::Meanwhile(ttl) if self.deed == Deed::Keep && !self.again => ttl,
            other => {
                let stale = other != Reuse::NotForThis;
                self.status.forward = Some(if stale {
                    Forward::Stale
                } else {
                    Forward::Request
                });
                self.stored = Some((key, entry));
                return None;
            }
        };
        let is_old = matches!(reuse, Reuse::Meanwhile(_));
        let status = Status {
            ttl: Some(ttl),
            collapsed: self.status.collapsed,
            detail: is_old.then_some("stale-while-revalidate"),
            ..Status::default()
        };
        let mut found = self.found((key, entry), status, "hit");
        // Somebody else may be asking for it.
        if is_old && let Boarding::Lead(lead) = self.cache.flights.board(self.key) {
            self.cache.counts.refreshes.inc();
            found.again = Some(lead);
        }
        Some(found)
    }

    /// What a key leads to, within the time that is left for looking.
    async fn get(&mut self, key: &Key) -> Seen {
        let wanted = Wanted {
            key,
            about: &self.about,
            patience: self.patience,
        };
        match self.cache.store.get(wanted) {
            Answer::Ready(seen) => seen,
            Answer::Wait(comes) => {
                let started = Instant::now();
                let seen = comes.await;
                self.patience = self.patience.saturating_sub(started.elapsed());
                seen
            }
        }
    }

    fn found(&self, (key, entry): (Key, Arc<Entry>), status: Status, word: &'static str) -> Found {
        let conditional = self.about.method == Method::GET && entry.status.is_success();
        let unchanged = conditional && not_modified(&self.headers, &entry.headers);
        Found {
            labels: Labels {
                status,
                word: if unchanged { "conditional-hit" } else { word },
                key: Some(key),
            },
            entry,
            unchanged,
            head_only: self.deed == Deed::Tell,
            at: self.cache.now(),
            again: None,
        }
    }

    /// Counts what came of the look-up.
    fn settle(mut self: Box<Self>, found: Option<Found>) -> Looked {
        if let Some(found) = found {
            self.count_hit();
            return Looked::Found(Box::new(found));
        }
        if self.terms.directives.only_if_cached {
            self.count_miss();
            return Looked::Nothing;
        }
        let validators = self.stored.as_ref().map(|(_, entry)| entry.validators());
        self.asks = self.deed == Deed::Keep && validators.is_some_and(|own| !own.is_empty());
        if !self.asks && !self.again {
            self.count_miss();
        }
        Looked::Onward(Some(self))
    }

    fn count_hit(&self) {
        self.cache.counts.hits.inc();
        let tallies = &self.cache.tallies;
        tallies.count(&self.about.tenant, |tally| &tally.hits);
    }

    fn count_miss(&self) {
        self.cache.counts.misses.inc();
        let tallies = &self.cache.tallies;
        tallies.count(&self.about.tenant, |tally| &tally.misses);
    }

    /// Has the provider asked whether what is stored still holds.
    pub(crate) fn ask(&self, request: &mut HeaderMap) {
        if let Some((_, entry)) = self.stored.as_ref().filter(|_| self.asks) {
            entry.validators().ask(request);
        }
    }

    /// What answers instead of a provider that failed: with this status, or without any.
    pub(crate) fn stand_in(&self, status: Option<StatusCode>) -> Option<Found> {
        let failed = status.is_none_or(|status| status.is_server_error());
        let at = self.cache.now();
        let stored = self
            .stored
            .as_ref()
            .filter(|_| failed && self.deed != Deed::Forget && !self.again)?;
        if !stored.1.stands_in(&self.terms, at) {
            return None;
        }
        self.count_hit();
        let status = Status {
            forward: self.status.forward,
            forward_status: status.map(|status| status.as_u16()),
            ttl: Some(stored.1.ttl_at(at)),
            detail: Some("stale-if-error"),
            ..Status::default()
        };
        Some(self.found(stored.clone(), status, "hit"))
    }

    /// What answers when the provider says that what is stored still holds. It is fresh again.
    pub(crate) fn still_holds(&mut self, status: StatusCode, news: &HeaderMap) -> Option<Found> {
        if status != StatusCode::NOT_MODIFIED || !self.asks {
            return None;
        }
        let (key, entry) = self.stored.take()?;
        self.cache.counts.revalidations.inc();
        let tallies = &self.cache.tallies;
        tallies.count(&self.about.tenant, |tally| &tally.revalidations);
        let times = Times {
            asked: self.asked,
            answered: self.cache.now(),
        };
        let mut fresh = entry.freshened(news.clone(), times, entry.lifetime);
        let whole = (fresh.status, &fresh.headers);
        let again = lifetime(&self.terms, whole, self.rules.default_ttl.as_secs());
        let fresh = match again {
            Ok(again) => {
                fresh.lifetime = again;
                let fresh = Arc::new(fresh);
                // With what leads there, which would else be gone before it.
                let place = (self.key, std::mem::take(&mut self.vary), key);
                self.cache.put(place, Arc::clone(&fresh), self.seen);
                fresh
            }
            Err(_) => {
                self.cache.store.remove(&key, &entry.about);
                Arc::new(fresh)
            }
        };
        let status = Status {
            forward: self.status.forward,
            forward_status: Some(status.as_u16()),
            ttl: Some(fresh.ttl_at(times.answered)),
            stored: again.is_ok(),
            ..Status::default()
        };
        Some(self.found((key, fresh), status, "revalidated"))
    }

    /// Takes the head of the provider's answer, as the client is to get it: what is to be kept of
    /// the body, and what the client is told.
    pub(crate) fn offer(
        mut self: Box<Self>,
        status: StatusCode,
        headers: &HeaderMap,
    ) -> (Option<Box<Keeper>>, Option<Labels>) {
        match self.deed {
            Deed::Forget => {
                if status.is_success() || status.is_redirection() {
                    let About { tenant, path, .. } = &self.about;
                    self.cache.store.forget(tenant, path);
                }
                (None, None)
            }
            Deed::Tell => {
                let bypass = self.status.forward == Some(Forward::Bypass);
                (
                    None,
                    Some(self.labels(if bypass { "bypass" } else { "miss" }, None)),
                )
            }
            Deed::Keep => match self.may_keep(status, headers) {
                Ok((entry, vary, length)) => self.keep(entry, vary, length),
                Err(why) => {
                    self.status.detail = Some(why.as_str());
                    // Those who wait go on by themselves, now.
                    drop(self.lead.take());
                    (None, Some(self.labels("miss", None)))
                }
            },
        }
    }

    fn labels(&self, word: &'static str, key: Option<Key>) -> Labels {
        Labels {
            status: self.status,
            word,
            key,
        }
    }

    fn may_keep(
        &self,
        status: StatusCode,
        headers: &HeaderMap,
    ) -> Result<(Entry, Vary, Option<usize>), NotKept> {
        let default = self.rules.default_ttl.as_secs();
        let found = lifetime(&self.terms, (status, headers), default)?;
        let vary = Vary::of(headers).ok_or(NotKept::Varies)?;
        let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
        if text(CONTENT_TYPE).is_some_and(is_stream) && !self.rules.streams {
            return Err(NotKept::Stream);
        }
        let times = Times {
            asked: self.asked,
            answered: self.cache.now(),
        };
        let head = (status, headers.clone());
        let entry = Entry::new(self.about.clone(), head, times, (found, &self.terms));
        if entry.kept_for() == 0 {
            return Err(NotKept::NoLifetime);
        }
        let length = text(CONTENT_LENGTH).and_then(|length| length.parse().ok());
        if length.is_some_and(|length: usize| length > self.rules.max_object_bytes) {
            return Err(NotKept::TooLarge);
        }
        Ok((entry, vary, length))
    }

    fn keep(
        mut self: Box<Self>,
        entry: Entry,
        vary: Vary,
        length: Option<usize>,
    ) -> (Option<Box<Keeper>>, Option<Labels>) {
        let variant = if vary.is_empty() {
            self.key
        } else {
            self.key.variant(&vary, &self.headers)
        };
        // Only of a body whose length is known can it be said now.
        self.status.stored = length.is_some();
        if entry.lifetime.source == Source::Client {
            self.status.detail = Some("forced");
        }
        let word = if self.status.stored { "stored" } else { "miss" };
        let labels = self.labels(word, Some(variant));
        let keeper = Keeper {
            entry: Some(entry),
            key: self.key,
            vary,
            variant,
            seen: self.seen,
            lead: self.lead,
            kind: self.kind,
            length,
            limit: self.rules.max_object_bytes,
            copy: Copy::default(),
            cache: self.cache,
        };
        (Some(Box::new(keeper)), Some(labels))
    }
}

/// Whether a request changes what is at its path. Asking a model changes nothing.
fn changes(method: &Method, operation: Operation) -> bool {
    let other = matches!(operation, Operation::Other | Operation::Models);
    other && !method.is_safe() && *method != Method::CONNECT
}

/// Why a request is not for the cache.
fn not_for_it(
    request: &Request<'_>,
    terms: &Terms,
    rules: &settings::Cache,
) -> Option<&'static str> {
    if terms.directives.no_store {
        return Some("no-store");
    }
    if request.headers.contains_key(RANGE) || request.headers.contains_key(IF_RANGE) {
        return Some("range");
    }
    let conditions = [IF_MATCH, IF_UNMODIFIED_SINCE];
    if conditions
        .iter()
        .any(|name| request.headers.contains_key(name))
    {
        return Some("precondition");
    }
    let (dialect, operation) = request.kind;
    if !operation.generates() || rules.multi_turn || asks_for_turns(request.headers) {
        return None;
    }
    if request.headers.contains_key(CONTENT_ENCODING) {
        return Some("encoded");
    }
    let body: Bytes = request.body.to_bytes();
    turns::goes_on(dialect, &body).then_some("multi-turn")
}

/// Whether the client says that answers within a conversation will do.
fn asks_for_turns(headers: &HeaderMap) -> bool {
    let asked = headers.get(X_WEIR_CACHE).map(http::HeaderValue::as_bytes);
    asked.is_some_and(|value| value.eq_ignore_ascii_case(b"multi-turn"))
}
