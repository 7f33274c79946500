//! One request on its errand: candidates in order, their keys, the tries, until there is an answer
//! or nobody is left to ask.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;
use http::uri::PathAndQuery;
use http::{HeaderMap, Method};
use parking_lot::Mutex;
use tokio::time::Instant;
use weir_core::exchange::{MAX_TRIES, RawBody, Route, Sent, Subagent, Try};
use weir_core::keys;
use weir_core::route::affinity::Home;
use weir_core::route::plan::Reason;
use weir_wire::dialect::{Dialect, Operation};
use weir_wire::errors::ErrorKind;

use crate::ask::Ask;
use crate::attempt::{Outcome, Won};
use crate::clock::now;
use crate::fleet::{Fleet, Member, Permit};
use crate::incomer::without_key;
use crate::judge::Ruling;
use crate::keyring::{KeyUse, Pool};
use crate::metrics::Metrics;
use crate::misses::{Miss, Misses};
use crate::plan;
use crate::shape::{Credential, Spent};
use crate::tenants::Tenancy;

/// The first pause before another round; each later one is twice as long.
const FIRST_PAUSE: Duration = Duration::from_secs(1);
/// The longest pause; a provider that asks for a longer one is not waited for.
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

/// A request as the client sent it, less what was the gateway's.
#[derive(Debug)]
pub struct Original {
    /// The method.
    pub method: Method,
    /// Path and query, without a credential of the gateway's.
    pub path: PathAndQuery,
    /// Whether the query carries a credential of the client's own.
    pub own_in_query: bool,
    /// Whether the client sent a credential of its own anywhere.
    pub own: bool,
    /// The headers, and their spelling as hyper keeps it. The last try takes them, those before
    /// it a copy.
    pub headers: Mutex<(HeaderMap, http::Extensions)>,
    /// The body.
    pub body: RawBody,
    /// What it speaks.
    pub dialect: Dialect,
    /// What it asks for.
    pub operation: Operation,
    /// A bound on the header deadline besides the provider's.
    pub header_timeout: Option<Duration>,
}

impl Original {
    /// The path as it goes to a provider that gets this credential.
    pub(crate) fn path_for(&self, credential: Credential) -> Result<PathAndQuery, http::Error> {
        if self.own_in_query && credential == Credential::Configured {
            without_key(&self.path)
        } else {
            Ok(self.path.clone())
        }
    }
}

/// What was found out on the way.
#[derive(Debug, Default)]
pub struct Log {
    /// How it found its provider.
    pub route: Route,
    /// Tries to connect and uses of kept connections.
    pub attempts: u32,
    /// What the last try that is told of has sent.
    pub sent: Option<Box<Sent>>,
    /// What it got, where something else was made of it as a whole and raw logs are kept.
    pub upstream: Option<RawBody>,
}

/// A request under way.
#[derive(Debug)]
pub struct Errand<'a> {
    /// The providers.
    pub fleet: &'a Fleet,
    /// What is counted.
    pub metrics: &'a Metrics,
    /// The gateway's own credential.
    pub spent: Spent<'a>,
    /// The request.
    pub original: Original,
    /// What routing knows of it.
    pub ask: Ask,
    /// Where its session is at home.
    pub home: Option<Home>,
    /// The worker it runs on.
    pub worker: usize,
    /// When it came.
    pub started: Instant,
    /// A number that differs between exchanges.
    pub seed: u64,
    /// Whether there is no other provider for it, so that its client has nobody else to blame.
    pub alone: bool,
    /// The subagent that it is from, where that decided.
    pub subagent: Option<Box<Subagent>>,
    /// The tenant that it is for.
    pub tenant: Option<Tenancy<'a>>,
    /// Whether what is sent is kept for the record.
    pub keeps: bool,
    /// Whether its body is, too.
    pub keeps_raw: bool,
    /// What was found out; several tries may run at once.
    pub log: Mutex<Log>,
}

/// What is left if a try fails.
#[derive(Clone, Copy, Debug)]
pub struct Left {
    /// Another key of the same provider.
    pub key: bool,
    /// Another provider, or another round.
    pub provider: bool,
    /// An earlier failure that may be the better answer.
    pub earlier: bool,
}

impl Left {
    /// Whether a failure would not be the end.
    #[must_use]
    pub fn anything(self) -> bool {
        self.key || self.provider || self.earlier
    }
}

/// How the tries at one provider ended.
enum Visit {
    Won(Box<Won>),
    /// It could not; the next might.
    Missed(Misses),
    /// It could not, and no other could.
    Final(Misses),
}

impl Errand<'_> {
    /// Microseconds since the request came.
    pub(crate) fn elapsed_us(&self) -> u64 {
        u64::try_from(self.started.elapsed().as_micros()).unwrap_or(u64::MAX)
    }

    /// Tries `order` until there is an answer.
    ///
    /// # Errors
    /// What the client gets instead.
    pub async fn run(&self, order: &[&Arc<Member>]) -> Result<Box<Won>, Box<Miss>> {
        let rounds = self.fleet.routing.retries;
        let mut misses = Misses::default();
        for round in 0..=rounds {
            let more = round < rounds;
            misses.begin_round();
            let (won, last) = self.round(order, more, &mut misses).await;
            if let Some(won) = won {
                return Ok(won);
            }
            if last || !more || !self.pause(round, &misses).await {
                break;
            }
        }
        Err(Box::new(misses.best().unwrap_or_else(nobody)))
    }

    /// One round; says whether it was the last that makes sense.
    async fn round(
        &self,
        order: &[&Arc<Member>],
        more: bool,
        misses: &mut Misses,
    ) -> (Option<Box<Won>>, bool) {
        for (position, member) in order.iter().enumerate() {
            let rest = order.get(position + 1..).unwrap_or_default();
            if position > 0 && self.fleet.routing.race && !rest.is_empty() {
                let racers = order.get(position..).unwrap_or_default();
                return self.race(racers, misses).await;
            }
            let left = Left {
                key: false,
                provider: more || !rest.is_empty(),
                earlier: !misses.is_empty(),
            };
            match self.visit(member, left).await {
                Visit::Won(won) => return (Some(won), false),
                Visit::Missed(more) => misses.extend(more),
                Visit::Final(more) => {
                    misses.extend(more);
                    return (None, true);
                }
            }
        }
        (None, false)
    }

    /// Tries all of `racers` at once. The first answer wins and the others are broken off.
    async fn race(&self, racers: &[&Arc<Member>], misses: &mut Misses) -> (Option<Box<Won>>, bool) {
        let left = Left {
            key: false,
            provider: true,
            earlier: true,
        };
        let mut running: FuturesUnordered<_> = racers
            .iter()
            .map(|member| self.visit(member, left))
            .collect();
        while let Some(visit) = running.next().await {
            match visit {
                Visit::Won(won) => return (Some(won), false),
                Visit::Missed(more) | Visit::Final(more) => misses.extend(more),
            }
        }
        (None, false)
    }

    /// Waits before the next round; false when that would take too long.
    async fn pause(&self, round: u32, misses: &Misses) -> bool {
        let doubled = FIRST_PAUSE.saturating_mul(1 << round.min(10));
        let share = u32::try_from(self.seed.rotate_left(round * 8) & 0xff).unwrap_or(0);
        let own = doubled.min(LONGEST_PAUSE);
        let own = own / 2 + own / 2 * share / 255;
        let pause = misses.pause().max(own);
        if pause > LONGEST_PAUSE {
            return false;
        }
        tokio::time::sleep(pause).await;
        true
    }

    /// Tries one provider, with as many of its keys as it takes.
    async fn visit(&self, member: &Arc<Member>, left: Left) -> Visit {
        let mut misses = Misses::default();
        let Some((pool, credential)) = self.means(member) else {
            misses.add(no_key(member));
            return Visit::Missed(misses);
        };
        let has_key = !pool.lock().is_empty();
        let mut tried = Vec::new();
        // Keys that are no good are for somebody to put right, so that is not hidden; but who was
        // refused with one key and limited with another may go on.
        let mut only_refused = !left.earlier;
        loop {
            let key = if credential == Credential::Configured && has_key {
                match self.key((member, &pool), &tried) {
                    Ok(key) => Some(key),
                    Err(exhausted) => {
                        self.note_exhausted(member, &exhausted);
                        // What the keys themselves got says more.
                        if misses.is_empty() || exhausted.why != keys::Why::Tried {
                            misses.add(spent(&exhausted));
                        }
                        return Visit::Missed(misses);
                    }
                }
            } else {
                None
            };
            if let Some(key) = &key {
                tried.push(key.index);
            }
            let left = Left {
                key: key.as_ref().is_some_and(|key| key.others),
                earlier: left.earlier || !misses.is_empty(),
                ..left
            };
            let Some(permit) = self.permit(member, credential, left) else {
                if let Some(key) = key {
                    key.undo();
                }
                misses.add(ill(member));
                return Visit::Missed(misses);
            };
            match self.attempt(member, (credential, key), permit, left).await {
                Outcome::Won(won) => return Visit::Won(won),
                Outcome::Again => {
                    tried.pop();
                }
                Outcome::Missed(ruling, miss) => {
                    misses.add(*miss);
                    only_refused &= ruling == Ruling::NextKey;
                    match ruling {
                        Ruling::NextKey | Ruling::NextCandidate if left.key => {}
                        Ruling::NextCandidate | Ruling::NextProvider => {
                            return Visit::Missed(misses);
                        }
                        Ruling::NextKey if !only_refused => return Visit::Missed(misses),
                        Ruling::NextKey | Ruling::Answer => return Visit::Final(misses),
                    }
                }
            }
        }
    }

    /// With which keys it goes to `member`, and with whose credential. None if it is a project's that
    /// has keys, but none for this provider.
    fn means(&self, member: &Arc<Member>) -> Option<(Pool, Credential)> {
        let own = self.tenant.as_ref().and_then(|tenant| tenant.pool(member));
        let Some(pool) = own else {
            let asked = (self.original.dialect, self.original.operation);
            let credential = member.credential(asked, self.original.own);
            return Some((Arc::clone(&member.keys), credential));
        };
        let has_key = !pool.lock().is_empty();
        has_key.then_some((pool, Credential::Configured))
    }

    /// The request's place at `member`, if its breaker gives it one. The word of another node alone
    /// is no reason to refuse it.
    fn permit(&self, member: &Arc<Member>, credential: Credential, left: Left) -> Option<Permit> {
        let now = now();
        let force = self.insists(credential, left) || member.breaker.is_suspected(now);
        member.admit(now, force)
    }

    /// Whether a request goes out although the breaker is open: a client's own credential is
    /// good for this provider only, and weir is not to stand between the two.
    fn insists(&self, credential: Credential, left: Left) -> bool {
        credential == Credential::Client && self.alone && !left.earlier
    }

    fn key(
        &self,
        (member, pool): (&Member, &Pool),
        tried: &[usize],
    ) -> Result<KeyUse, keys::Exhausted> {
        let now = now();
        let home = self.home.as_ref();
        let prefer = home
            .filter(|home| home.provider == *member.name())
            .and_then(|home| home.key);
        let ask = keys::Ask {
            class: self.ask.class,
            input_tokens: self.ask.input_tokens,
            output_tokens: self.ask.output_tokens,
            prefer,
            tried,
        };
        KeyUse::take(
            pool,
            &ask,
            now,
            plan::chance(!self.seed, tried.len() as u64),
        )
    }

    fn note_exhausted(&self, member: &Member, exhausted: &keys::Exhausted) {
        self.metrics.exhausted(member.name());
        let one = Try {
            provider: Arc::clone(member.name()),
            key: None,
            started_us: self.elapsed_us(),
            elapsed_us: 0,
            status: None,
            failure: Some(exhausted.to_string().into()),
        };
        self.note(one, None);
    }

    /// Writes a try down, and what it has sent.
    pub(crate) fn note(&self, one: Try, sent: Option<Box<Sent>>) {
        let mut log = self.log.lock();
        log.sent = sent.or_else(|| log.sent.take());
        log.upstream = None;
        log.route.provider = Arc::clone(&one.provider);
        log.route.key.clone_from(&one.key);
        if log.route.tries.len() < MAX_TRIES {
            log.route.tries.push(one);
        }
    }

    /// Keeps what the try that was written down last has got, if that is wanted.
    pub(crate) fn note_upstream(&self, said: impl FnOnce() -> Vec<Bytes>) {
        if self.keeps_raw {
            let mut body = RawBody::default();
            said().into_iter().for_each(|piece| body.push(piece));
            self.log.lock().upstream = Some(body);
        }
    }

    /// Says why the first candidate is the first.
    pub fn note_plan(&self, reason: Reason) {
        let mut log = self.log.lock();
        log.route.strategy = self.fleet.strategy().as_str();
        log.route.reason = reason.as_str();
        log.route.subagent.clone_from(&self.subagent);
        log.route.session = self.ask.session.as_ref().map(|(_, source)| source.as_str());
    }
}

/// Every key of a provider is at its limit.
fn spent(exhausted: &keys::Exhausted) -> Miss {
    Miss {
        kind: ErrorKind::RateLimit,
        message: "All API keys are currently at rate limit capacity. Please retry after the \
                  specified time."
            .into(),
        cause: exhausted.to_string(),
        kept: None,
        wait: Some(Duration::from_millis(exhausted.wait_ms)),
    }
}

/// The project has keys, but none that is for this provider.
fn no_key(member: &Member) -> Miss {
    let message = format!("the project has no key for provider {}", member.name());
    Miss {
        kind: ErrorKind::Unavailable,
        cause: message.clone(),
        message,
        kept: None,
        wait: None,
    }
}

/// Its breaker closed in on it between plan and try.
fn ill(member: &Member) -> Miss {
    let wait = member.breaker.wait_ms(now());
    Miss {
        kind: ErrorKind::Unavailable,
        message: ALL_UNHEALTHY.into(),
        cause: "the circuit breaker is open".into(),
        kept: None,
        wait: Some(Duration::from_millis(wait)),
    }
}

/// What the client is told when every provider that could take its request is ill.
pub(crate) const ALL_UNHEALTHY: &str = "failed to select provider: router: all providers unhealthy";

fn nobody() -> Miss {
    Miss {
        kind: ErrorKind::Unavailable,
        message: "failed to select provider: router: no providers configured".into(),
        cause: "there was no candidate".into(),
        kept: None,
        wait: None,
    }
}
