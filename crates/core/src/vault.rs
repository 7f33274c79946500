//! Who issued which opaque reasoning: signatures of thinking blocks and their kin, remembered for
//! some hours, so that they can be given back and followed.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use parking_lot::Mutex;
use weir_wire::thinking::{Learnt, Resolver, Standing};
use xxhash_rust::xxh3::xxh3_128;

use crate::aged::{Aged, signed};
use crate::clock::Now;

mod news;

pub use news::{Issued, MAX_VALUE, News};

/// Bytes of signatures that are kept, about.
const MAX_BYTES: usize = 32 * 1024 * 1024;
/// What an entry takes besides its text, in bytes, about.
const ENTRY: usize = 200;

/// The family of a model, whose signatures are good for each other.
#[must_use]
pub fn group(model: &str) -> &str {
    let lower = model.to_ascii_lowercase();
    ["claude", "gpt", "gemini"]
        .into_iter()
        .find(|family| lower.contains(family))
        .unwrap_or(model)
}

/// The name that a signature has in a store that gateways share.
#[must_use]
pub fn cache_key(group: &str, text_hash: &str) -> String {
    format!("sig:{group}:{text_hash}")
}

/// Who issued a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Issuer {
    /// The provider.
    pub provider: Arc<str>,
    /// The family of the model.
    pub group: Arc<str>,
}

/// Gets to know of everything that is learnt here. It is called on the way of an answer, so it must
/// not wait for anything.
pub type OnNew = Box<dyn Fn(News) + Send + Sync>;

/// The memory. It is shared by all requests; each look holds a lock for a look-up.
pub struct Vault {
    ttl_ms: AtomicU64,
    signatures: Mutex<Aged<String, Arc<str>>>,
    issuers: Mutex<Aged<u128, Issuer>>,
    on_new: Mutex<Option<Arc<OnNew>>>,
}

impl std::fmt::Debug for Vault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Vault").finish_non_exhaustive()
    }
}

impl Vault {
    /// An empty one that remembers for `ttl`.
    #[must_use]
    pub fn new(ttl: Duration) -> Self {
        let vault = Self {
            ttl_ms: AtomicU64::new(0),
            signatures: Mutex::new(Aged::new(MAX_BYTES)),
            issuers: Mutex::new(Aged::new(MAX_BYTES)),
            on_new: Mutex::new(None),
        };
        vault.set_ttl(ttl);
        vault
    }

    /// Remembers for `ttl` from now on, what it has already too.
    pub fn set_ttl(&self, ttl: Duration) {
        let ms = u64::try_from(ttl.as_millis()).unwrap_or(u64::MAX);
        self.ttl_ms.store(ms, Ordering::Relaxed);
    }

    /// How long it remembers.
    #[must_use]
    pub fn ttl(&self) -> Duration {
        Duration::from_millis(self.ttl_ms.load(Ordering::Relaxed))
    }

    /// Calls `hook` with whatever is learnt here and fit to be told to other gateways.
    pub fn on_new(&self, hook: OnNew) {
        *self.on_new.lock() = Some(Arc::new(hook));
    }

    /// A model of `group` at `issuer` has issued something.
    pub fn learn(&self, group: &str, learnt: &Learnt, issuer: &Arc<str>, now: Now) {
        if learnt.value.is_empty() || learnt.value.len() > MAX_VALUE {
            return;
        }
        let issued = match &learnt.text_hash {
            None => Issued::Opaque(xxh3_128(learnt.value.as_bytes())),
            Some(text_hash) => Issued::Signature {
                text_hash: text_hash.as_str().into(),
                value: learnt.value.as_str().into(),
            },
        };
        let news = News {
            provider: Arc::clone(issuer),
            group: group.into(),
            issued,
        };
        self.keep(&news, signed(now.ms));
        let hook = self.on_new.lock().clone();
        if let Some(hook) = hook
            && news.is_fit()
        {
            hook(news);
        }
    }

    /// Takes over what another gateway has learnt `age_ms` milliseconds ago. False if it is not fit
    /// to be believed; nothing is kept then.
    #[must_use]
    pub fn adopt(&self, news: &News, age_ms: u64, now: Now) -> bool {
        if !news.is_fit() {
            return false;
        }
        self.keep(news, signed(now.ms).saturating_sub(signed(age_ms)));
        true
    }

    /// Remembers it as of `since`.
    fn keep(&self, news: &News, since: i64) {
        let issuer = Issuer {
            provider: Arc::clone(&news.provider),
            group: Arc::clone(&news.group),
        };
        let digest = match &news.issued {
            Issued::Opaque(digest) => *digest,
            Issued::Signature { value, .. } => xxh3_128(value.as_bytes()),
        };
        self.issuers.lock().put(digest, issuer, ENTRY, since);
        if let Issued::Signature { text_hash, value } = &news.issued {
            let key = cache_key(&news.group, text_hash);
            let cost = ENTRY + key.len() + value.len();
            let value = Arc::clone(value);
            self.signatures.lock().put(key, value, cost, since);
        }
    }

    /// The signature of a thought.
    #[must_use]
    pub fn find(&self, group: &str, text_hash: &str, now: Now) -> Option<Arc<str>> {
        let key = cache_key(group, text_hash);
        let ttl = self.ttl_ms.load(Ordering::Relaxed);
        self.signatures.lock().get(&key, ttl, now).cloned()
    }

    /// Who issued a value.
    #[must_use]
    pub fn issuer_of(&self, value: &str, now: Now) -> Option<Issuer> {
        let ttl = self.ttl_ms.load(Ordering::Relaxed);
        let digest = xxh3_128(value.as_bytes());
        self.issuers.lock().get(&digest, ttl, now).cloned()
    }

    /// What a request to `provider` goes by. `portable` tells whether a family's signatures are
    /// good at every provider, as Anthropic's are, or only where they were issued.
    #[must_use]
    pub fn resolver<'a>(&'a self, provider: &'a str, portable: bool, now: Now) -> View<'a> {
        View {
            vault: self,
            provider,
            portable,
            now,
        }
    }
}

/// The vault as one target sees it.
#[derive(Debug)]
pub struct View<'a> {
    vault: &'a Vault,
    provider: &'a str,
    portable: bool,
    now: Now,
}

impl Resolver for View<'_> {
    fn find(&mut self, group: &str, text_hash: &str) -> Option<String> {
        let found = self.vault.find(group, text_hash, self.now)?;
        Some(found.to_string())
    }

    fn standing(&mut self, group: &str, value: &str) -> Standing {
        match self.vault.issuer_of(value, self.now) {
            None => Standing::Unknown,
            Some(issuer) if *issuer.group != *group => Standing::Foreign,
            Some(issuer) if !self.portable && *issuer.provider != *self.provider => {
                Standing::Foreign
            }
            Some(_) => Standing::Good,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TTL: Duration = Duration::from_secs(3 * 3600);

    fn at(ms: u64) -> Now {
        Now { ms, unix_ms: 0 }
    }

    fn learnt(hash: Option<&str>, value: &str) -> Learnt {
        Learnt {
            text_hash: hash.map(str::to_owned),
            value: value.to_owned(),
        }
    }

    #[test]
    fn families_are_told_by_what_the_name_holds() {
        for (model, family) in [
            ("claude-opus-4", "claude"),
            ("anthropic.Claude-3", "claude"),
            ("gpt-5", "gpt"),
            ("models/gemini-2.5", "gemini"),
            ("GLM-5", "GLM-5"),
        ] {
            assert_eq!(group(model), family);
        }
        assert_eq!(
            cache_key("claude", "ca978112ca1bbdca"),
            "sig:claude:ca978112ca1bbdca"
        );
    }

    #[test]
    fn a_family_shares_what_it_signed_and_others_do_not() {
        let vault = Vault::new(TTL);
        let issuer = Arc::from("u1");
        vault.learn("claude", &learnt(Some("h"), "sig"), &issuer, at(0));
        assert_eq!(vault.find("claude", "h", at(1)).as_deref(), Some("sig"));
        assert_eq!(vault.find("gpt", "h", at(1)), None);
        assert_eq!(&*vault.issuer_of("sig", at(1)).unwrap().provider, "u1");
        let mut same = vault.resolver("u2", true, at(1));
        assert_eq!(same.standing("claude", "sig"), Standing::Good);
        assert_eq!(same.standing("gpt", "sig"), Standing::Foreign);
        assert_eq!(same.standing("claude", "other"), Standing::Unknown);
        let mut bound = vault.resolver("u2", false, at(1));
        assert_eq!(bound.standing("claude", "sig"), Standing::Foreign);
    }

    #[test]
    fn three_hours_are_three_hours() {
        let vault = Vault::new(TTL);
        let issuer = Arc::from("u1");
        vault.learn("claude", &learnt(Some("h"), "sig"), &issuer, at(0));
        let end = 3 * 3600 * 1000;
        assert!(vault.find("claude", "h", at(end)).is_some());
        assert!(vault.find("claude", "h", at(end + 1)).is_none());
        assert!(vault.issuer_of("sig", at(end + 1)).is_none());
    }

    #[test]
    fn it_stays_within_its_bound_and_keeps_the_newest() {
        let vault = Vault::new(TTL);
        let issuer = Arc::from("u1");
        let value = "x".repeat(100_000);
        for n in 0..2000 {
            let one = learnt(Some(&n.to_string()), &format!("{n}{value}"));
            vault.learn("claude", &one, &issuer, at(n));
        }
        let signatures = vault.signatures.lock();
        let kept = signatures.young.len() + signatures.old.len();
        assert!(kept <= MAX_BYTES / 100_000, "{kept}");
        drop(signatures);
        assert!(vault.find("claude", "1999", at(2000)).is_some());
    }

    /// A signature that may be one.
    fn real(start: &str) -> String {
        format!("{start}{}", "x".repeat(60))
    }

    const HASH: &str = "ca978112ca1bbdca";

    fn told_by(vault: &Vault) -> Arc<Mutex<Vec<News>>> {
        let told = Arc::new(Mutex::new(Vec::new()));
        let into = Arc::clone(&told);
        vault.on_new(Box::new(move |news| into.lock().push(news)));
        told
    }

    #[test]
    fn what_one_has_learnt_another_knows() {
        let (one, other) = (Vault::new(TTL), Vault::new(TTL));
        let told = told_by(&one);
        let issuer = Arc::from("u1");
        let values = [(Some(HASH), real("sig")), (None, real("opaque"))];
        for (hash, value) in &values {
            one.learn("claude", &learnt(*hash, value), &issuer, at(5));
        }
        one.learn("claude", &learnt(Some(HASH), "too short"), &issuer, at(0));
        let told = std::mem::take(&mut *told.lock());
        assert_eq!(told.len(), 2, "{told:?}");
        for news in &told {
            assert!(other.adopt(news, 0, at(0)));
        }
        assert_eq!(
            other.find("claude", HASH, at(1)).as_deref(),
            Some(&*values[0].1)
        );
        for (_, value) in &values {
            let issuer = other.issuer_of(value, at(1)).unwrap();
            assert_eq!((&*issuer.provider, &*issuer.group), ("u1", "claude"));
        }
        let mut unfit = told[0].clone();
        unfit.provider = "".into();
        assert!(!other.adopt(&unfit, 0, at(0)));
    }

    #[test]
    fn what_is_taken_over_is_as_old_as_it_is_and_never_replaces_something_newer() {
        let vault = Vault::new(TTL);
        let news = |value: &str| News {
            provider: "u1".into(),
            group: "claude".into(),
            issued: Issued::Signature {
                text_hash: HASH.into(),
                value: value.into(),
            },
        };
        let hour = 3600 * 1000;
        assert!(vault.adopt(&news(&real("old")), 2 * hour, at(10)));
        assert!(vault.find("claude", HASH, at(10 + hour)).is_some());
        assert!(vault.find("claude", HASH, at(11 + hour)).is_none());
        let own = learnt(Some(HASH), &real("own"));
        vault.learn("claude", &own, &Arc::from("u2"), at(20));
        assert!(vault.adopt(&news(&real("old")), hour, at(30)));
        let kept = vault.find("claude", HASH, at(40)).unwrap();
        assert_eq!(*kept, *real("own"));
    }
}
