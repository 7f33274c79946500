//! A bounded map whose entries age.

use std::collections::HashMap;
use std::hash::Hash;

use crate::clock::Now;

/// A moment that others may be before.
pub(crate) fn signed(ms: u64) -> i64 {
    i64::try_from(ms).unwrap_or(i64::MAX)
}

/// A map whose entries age: two generations, of which the older goes when the younger is full.
#[derive(Debug)]
pub(crate) struct Aged<K, V> {
    pub(crate) young: HashMap<K, (V, i64)>,
    pub(crate) old: HashMap<K, (V, i64)>,
    /// Bytes in the young generation, about.
    held: usize,
    limit: usize,
}

impl<K: Eq + Hash, V> Aged<K, V> {
    pub(crate) fn new(limit: usize) -> Self {
        Self {
            young: HashMap::new(),
            old: HashMap::new(),
            held: 0,
            limit: limit / 2,
        }
    }

    /// Keeps `value` as of `since`, on the clock of [`Now::ms`]; what was before the process began
    /// is below zero. Something newer stays.
    pub(crate) fn put(&mut self, key: K, value: V, cost: usize, since: i64) {
        let known = self.young.get(&key).or_else(|| self.old.get(&key));
        if known.is_some_and(|(_, known)| *known > since) {
            return;
        }
        if self.held + cost > self.limit {
            self.old = std::mem::take(&mut self.young);
            self.held = 0;
        }
        if self.young.insert(key, (value, since)).is_none() {
            self.held += cost;
        }
    }

    pub(crate) fn get(&self, key: &K, ttl_ms: u64, now: Now) -> Option<&V> {
        let (value, since) = self.young.get(key).or_else(|| self.old.get(key))?;
        let age = signed(now.ms).saturating_sub(*since).max(0).unsigned_abs();
        (age <= ttl_ms).then_some(value)
    }
}
