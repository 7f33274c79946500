//! Who issued which opaque reasoning: signatures of thinking blocks and their kin, remembered for
//! some hours, so that they can be given back and followed.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use parking_lot::Mutex;
use weir_wire::thinking::{Learnt, Resolver, Standing};
use xxhash_rust::xxh3::xxh3_128;

use crate::clock::Now;

/// Bytes of signatures that are kept, about.
const MAX_BYTES: usize = 32 * 1024 * 1024;
/// Longest value that is remembered, in bytes; issuers keep theirs well below.
const MAX_VALUE: usize = 512 * 1024;
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

/// Gets to know of every signature that is new here.
pub type OnNew = Box<dyn Fn(&str, &str) + Send + Sync>;

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

    /// Calls `hook` with key and signature for each that is learnt here.
    pub fn on_new(&self, hook: OnNew) {
        *self.on_new.lock() = Some(Arc::new(hook));
    }

    /// A model of `group` at `issuer` has issued something.
    pub fn learn(&self, group: &str, learnt: &Learnt, issuer: &Arc<str>, now: Now) {
        if learnt.value.is_empty() || learnt.value.len() > MAX_VALUE {
            return;
        }
        let entry = Issuer {
            provider: Arc::clone(issuer),
            group: group.into(),
        };
        let digest = xxh3_128(learnt.value.as_bytes());
        self.issuers.lock().put(digest, entry, ENTRY, now);
        let Some(text_hash) = &learnt.text_hash else {
            return;
        };
        let key = cache_key(group, text_hash);
        self.put(key.clone(), &learnt.value, now);
        let hook = self.on_new.lock().clone();
        if let Some(hook) = hook {
            hook(&key, &learnt.value);
        }
    }

    /// Takes over a signature that another gateway has learnt.
    pub fn put(&self, key: String, signature: &str, now: Now) {
        let cost = ENTRY + key.len() + signature.len();
        self.signatures.lock().put(key, signature.into(), cost, now);
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

/// A map whose entries age: two generations, of which the older goes when the younger is full.
#[derive(Debug)]
struct Aged<K, V> {
    young: HashMap<K, (V, u64)>,
    old: HashMap<K, (V, u64)>,
    /// Bytes in the young generation, about.
    held: usize,
    limit: usize,
}

impl<K: Eq + Hash, V> Aged<K, V> {
    fn new(limit: usize) -> Self {
        Self {
            young: HashMap::new(),
            old: HashMap::new(),
            held: 0,
            limit: limit / 2,
        }
    }

    fn put(&mut self, key: K, value: V, cost: usize, now: Now) {
        if self.held + cost > self.limit {
            self.old = std::mem::take(&mut self.young);
            self.held = 0;
        }
        if self.young.insert(key, (value, now.ms)).is_none() {
            self.held += cost;
        }
    }

    fn get(&self, key: &K, ttl_ms: u64, now: Now) -> Option<&V> {
        let (value, since) = self.young.get(key).or_else(|| self.old.get(key))?;
        (now.ms.saturating_sub(*since) <= ttl_ms).then_some(value)
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

    #[test]
    fn news_are_told_to_whoever_shares_them() {
        let vault = Vault::new(TTL);
        let told = Arc::new(Mutex::new(Vec::new()));
        let into = Arc::clone(&told);
        vault.on_new(Box::new(move |key, value| {
            into.lock().push((key.to_owned(), value.to_owned()));
        }));
        vault.learn("claude", &learnt(Some("h"), "sig"), &Arc::from("u1"), at(0));
        assert_eq!(
            *told.lock(),
            [("sig:claude:h".to_owned(), "sig".to_owned())]
        );
    }
}
