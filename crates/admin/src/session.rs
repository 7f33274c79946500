//! Being logged in: a cookie that says until when, signed so that nobody else can say it. And who
//! has guessed too often.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::net::IpAddr;
use std::time::{Duration, Instant};

use axum::http::HeaderMap;
use axum::http::header::COOKIE;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use jiff::Timestamp;
use parking_lot::Mutex;
use sha2::{Digest as _, Sha256};
use uuid::Uuid;
use weir_core::secret::Secret;

/// The cookie.
const NAME: &str = "weir_session";
/// How long somebody stays logged in who says nothing else.
const LASTS: Duration = Duration::from_secs(7 * 86_400);
/// How long somebody stays logged in who wishes to.
const REMEMBERED: Duration = Duration::from_secs(30 * 86_400);
/// Sessions that were ended and have not expired; beyond that all are ended.
const MOST_ENDED: usize = 4_096;
/// Addresses that are remembered for wrong passwords.
const MOST_GUESSERS: usize = 1_024;
/// Wrong passwords that cost nothing.
const FREE_GUESSES: u32 = 5;
/// The longest pause after a wrong password.
const LONGEST_PAUSE: Duration = Duration::from_secs(300);
/// How often it is told that an address brings no credential.
const TOLD_AGAIN_AFTER: Duration = Duration::from_secs(60);
/// After this long without a guess an address is forgotten.
const FORGOTTEN_AFTER: Duration = Duration::from_secs(900);

/// How long somebody stays logged in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stay {
    /// Until the browser ends, and no longer than a week.
    Browser,
    /// A week.
    Week,
    /// 30 days.
    Month,
}

impl Stay {
    fn lasts(self) -> Duration {
        match self {
            Self::Browser | Self::Week => LASTS,
            Self::Month => REMEMBERED,
        }
    }

    /// What the cookie says of it.
    fn max_age_s(self) -> Option<u64> {
        (self != Self::Browser).then(|| self.lasts().as_secs())
    }
}

/// Who is logged in, and who has guessed. Everything ends with the process, and all sessions with
/// a change of the password.
#[derive(Debug)]
pub(crate) struct Sessions {
    inner: Mutex<Inner>,
}

#[derive(Debug)]
struct Inner {
    key: [u8; 32],
    /// Sessions that were ended before they expired, with when they do.
    ended: HashMap<String, i64>,
    guessers: HashMap<IpAddr, Guesses>,
    /// When an address that brought no credential was last told of.
    strangers: HashMap<IpAddr, Instant>,
}

#[derive(Debug)]
struct Guesses {
    wrong: u32,
    last: Instant,
}

impl Default for Sessions {
    fn default() -> Self {
        let inner = Inner {
            key: random(),
            ended: HashMap::new(),
            guessers: HashMap::new(),
            strangers: HashMap::new(),
        };
        Self {
            inner: Mutex::new(inner),
        }
    }
}

impl Sessions {
    /// The value of `Set-Cookie` that logs somebody in.
    pub(crate) fn begin(&self, password: &Secret, stay: Stay, secure: bool) -> String {
        let until = Timestamp::now()
            .as_second()
            .saturating_add_unsigned(stay.lasts().as_secs());
        let said = format!("{until}.{}", Uuid::now_v7().simple());
        let sign = self
            .inner
            .lock()
            .sign(password, &said)
            .finalize()
            .into_bytes();
        let sign = URL_SAFE_NO_PAD.encode(sign);
        cookie(&format!("{said}.{sign}"), stay.max_age_s(), secure)
    }

    /// Whether a request comes from somebody who is logged in.
    pub(crate) fn holds(&self, password: &Secret, headers: &HeaderMap) -> bool {
        let now = Timestamp::now().as_second();
        let inner = self.inner.lock();
        cookies(headers).any(|cookie| inner.holds(password, cookie, now))
    }

    /// Ends the session of a request, and gives the `Set-Cookie` that has the browser forget it.
    pub(crate) fn end(&self, password: &Secret, headers: &HeaderMap, secure: bool) -> String {
        let now = Timestamp::now().as_second();
        let mut inner = self.inner.lock();
        for cookie in cookies(headers) {
            if !inner.holds(password, cookie, now) {
                continue;
            }
            if inner.ended.len() >= MOST_ENDED {
                inner.ended.retain(|_, until| *until > now);
            }
            if inner.ended.len() >= MOST_ENDED {
                inner.key = random();
                inner.ended.clear();
                tracing::warn!("{MOST_ENDED} sessions were ended; all are now");
                continue;
            }
            inner
                .ended
                .insert(cookie.to_owned(), expiry(cookie).unwrap_or(now));
        }
        drop(inner);
        cookie("", Some(0), secure)
    }

    /// How long an address has to wait before it may try another password.
    pub(crate) fn pause(&self, address: IpAddr, now: Instant) -> Option<Duration> {
        let mut inner = self.inner.lock();
        let guesses = inner.guessers.get(&group(address))?;
        let since = now.saturating_duration_since(guesses.last);
        if since >= FORGOTTEN_AFTER {
            inner.guessers.remove(&group(address));
            return None;
        }
        let beyond = guesses.wrong.checked_sub(FREE_GUESSES)?;
        let pause = Duration::from_secs(1 << beyond.min(16)).min(LONGEST_PAUSE);
        pause.checked_sub(since).filter(|left| !left.is_zero())
    }

    /// An address gave a wrong password.
    pub(crate) fn wrong(&self, address: IpAddr, now: Instant) {
        let mut inner = self.inner.lock();
        let address = group(address);
        if inner.guessers.len() >= MOST_GUESSERS && !inner.guessers.contains_key(&address) {
            let oldest = inner
                .guessers
                .iter()
                .min_by_key(|(_, guesses)| guesses.last);
            if let Some(oldest) = oldest.map(|(address, _)| *address) {
                inner.guessers.remove(&oldest);
            }
        }
        let guesses = inner.guessers.entry(address).or_insert(Guesses {
            wrong: 0,
            last: now,
        });
        guesses.wrong = guesses.wrong.saturating_add(1);
        guesses.last = now;
    }

    /// Whether it is worth telling that an address has brought no credential: no more than once a
    /// minute of each, nor of more than are remembered.
    pub(crate) fn is_new_stranger(&self, address: IpAddr, now: Instant) -> bool {
        let strangers = &mut self.inner.lock().strangers;
        strangers.retain(|_, told| now.saturating_duration_since(*told) < TOLD_AGAIN_AFTER);
        let room = strangers.len() < MOST_GUESSERS;
        match strangers.entry(group(address)) {
            Entry::Vacant(new) if room => {
                new.insert(now);
                true
            }
            _ => false,
        }
    }

    /// An address gave the right one.
    pub(crate) fn right(&self, address: IpAddr) {
        self.inner.lock().guessers.remove(&group(address));
    }
}

impl Inner {
    /// The password is in it, so that another one ends every session.
    fn sign(&self, password: &Secret, said: &str) -> Hmac<Sha256> {
        let mut key = Sha256::new();
        key.update(self.key);
        key.update(password.expose());
        let mut sign =
            Hmac::<Sha256>::new_from_slice(&key.finalize()).expect("a key of any length will do");
        sign.update(NAME.as_bytes());
        sign.update(said.as_bytes());
        sign
    }

    fn holds(&self, password: &Secret, cookie: &str, now: i64) -> bool {
        let Some((said, sign)) = cookie.rsplit_once('.') else {
            return false;
        };
        let Ok(sign) = URL_SAFE_NO_PAD.decode(sign) else {
            return false;
        };
        self.sign(password, said).verify_slice(&sign).is_ok()
            && expiry(cookie).is_some_and(|until| until > now)
            && !self.ended.contains_key(cookie)
    }
}

fn expiry(cookie: &str) -> Option<i64> {
    cookie.split_once('.')?.0.parse().ok()
}

/// One without an age ends with the browser.
fn cookie(value: &str, max_age_s: Option<u64>, secure: bool) -> String {
    let age = max_age_s.map(|age| format!("; Max-Age={age}"));
    let age = age.unwrap_or_default();
    let secure = if secure { "; Secure" } else { "" };
    format!("{NAME}={value}; Path=/{age}; HttpOnly; SameSite=Strict{secure}")
}

fn cookies(headers: &HeaderMap) -> impl Iterator<Item = &str> {
    let values = headers.get_all(COOKIE).iter();
    let pairs = values
        .filter_map(|value| value.to_str().ok())
        .flat_map(|text| text.split(';'));
    pairs.filter_map(|pair| pair.trim().strip_prefix(NAME)?.strip_prefix('='))
}

/// Whoever has an IPv6 address has a whole network of them.
fn group(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => {
            let network = u128::from(address) & !u128::from(u64::MAX);
            IpAddr::V6(network.into())
        }
        four @ IpAddr::V4(_) => four,
    }
}

/// What nobody can guess: each of these has 32 bits of it, those of one millisecond 42 more.
fn random() -> [u8; 32] {
    let mut digest = Sha256::new();
    for _ in 0..8 {
        digest.update(Uuid::now_v7().as_bytes());
    }
    digest.finalize().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asking(set_cookie: &str) -> HeaderMap {
        let pair = set_cookie.split_once(';').unwrap().0;
        let mut headers = HeaderMap::new();
        headers.insert(COOKIE, format!("a=b; {pair}").parse().unwrap());
        headers
    }

    #[test]
    fn a_session_holds_until_it_is_ended_or_the_password_changes() {
        let sessions = Sessions::default();
        let password = Secret::new("one");
        let set = sessions.begin(&password, Stay::Week, true);
        assert!(
            set.ends_with("; HttpOnly; SameSite=Strict; Secure"),
            "{set}"
        );
        let headers = asking(&set);
        assert!(sessions.holds(&password, &headers));
        assert!(!sessions.holds(&Secret::new("two"), &headers));
        assert!(!Sessions::default().holds(&password, &headers));
        let gone = sessions.end(&password, &headers, false);
        assert!(gone.contains("Max-Age=0"), "{gone}");
        assert!(!sessions.holds(&password, &headers));
    }

    #[test]
    fn what_was_changed_or_has_expired_does_not_hold() {
        let sessions = Sessions::default();
        let password = Secret::new("one");
        let set = sessions.begin(&password, Stay::Browser, false);
        let value = set.split_once(';').unwrap().0.split_once('=').unwrap().1;
        let (said, sign) = value.rsplit_once('.').unwrap();
        let later = said.replacen(said.split_once('.').unwrap().0, "99999999999", 1);
        let old = "1000000000.0";
        let signed = sessions.inner.lock().sign(&password, old).finalize();
        let expired = format!("{old}.{}", URL_SAFE_NO_PAD.encode(signed.into_bytes()));
        for bad in [&format!("{later}.{sign}"), &expired, "", "..", "a.b.c"] {
            let headers = asking(&format!("{NAME}={bad}; x"));
            assert!(!sessions.holds(&password, &headers), "{bad}");
        }
    }

    #[test]
    fn guessing_takes_longer_each_time_and_is_forgotten() {
        let (sessions, now) = (Sessions::default(), Instant::now());
        let address: IpAddr = "2001:db8::1".parse().unwrap();
        for _ in 0..FREE_GUESSES {
            assert_eq!(sessions.pause(address, now), None);
            sessions.wrong(address, now);
        }
        assert_eq!(sessions.pause(address, now), Some(Duration::from_secs(1)));
        sessions.wrong(address, now);
        let neighbour = "2001:db8::2".parse().unwrap();
        assert_eq!(sessions.pause(neighbour, now), Some(Duration::from_secs(2)));
        assert_eq!(sessions.pause("127.0.0.1".parse().unwrap(), now), None);
        let now = now + Duration::from_secs(2);
        assert_eq!(sessions.pause(address, now), None);
        sessions.right(address);
        for number in 0..3_000u32 {
            sessions.wrong(IpAddr::V4(number.into()), now);
        }
        assert_eq!(sessions.inner.lock().guessers.len(), MOST_GUESSERS);
    }
}
