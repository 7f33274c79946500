//! How many requests a minute are let in: over all, and from each address. Who is refused takes
//! nothing from others.
//!
//! Addresses are known in two generations, of which the older is forgotten when the younger is full.
//! So the table has a bound, whoever comes often stays in it, and a look never sweeps. Who is
//! forgotten begins anew.

use std::collections::HashMap;
use std::hash::{BuildHasher as _, RandomState};
use std::mem;
use std::net::IpAddr;
use std::sync::atomic::{AtomicU64, Ordering};

use parking_lot::Mutex;

use crate::bucket::Bucket;
use crate::clock::Now;

/// Parts of the table, each with a lock of its own.
const PARTS: usize = 16;
/// Addresses that one generation of a part holds.
const GENERATION: usize = 2048;
/// What of an IPv6 address tells one customer of a network from another.
const NETWORK: u128 = !0 << 64;

/// Which limit a request met.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Limit {
    /// That of its address.
    Address,
    /// That of all.
    All,
}

/// Why a request is not let in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TooMany {
    /// The limit.
    pub limit: Limit,
    /// When the next one is let in, in milliseconds.
    pub wait_ms: u64,
}

/// The limits, with what was used of them. They can be changed while requests come.
#[derive(Debug)]
pub struct Rates {
    all: Mutex<Bucket>,
    /// A minute; 0 is unlimited.
    per_minute: AtomicU64,
    /// A minute from each address; 0 is unlimited.
    per_address: AtomicU64,
    hash: RandomState,
    parts: [Mutex<Part>; PARTS],
    refused: [AtomicU64; 2],
    forgotten: AtomicU64,
}

/// The addresses of a part of the table.
#[derive(Debug, Default)]
struct Part {
    young: HashMap<u128, Bucket>,
    old: HashMap<u128, Bucket>,
}

impl Default for Rates {
    fn default() -> Self {
        Self::new(0, 0)
    }
}

impl Rates {
    /// Lets in so many a minute, over all and from each address; 0 is any number.
    #[must_use]
    pub fn new(all: u64, per_address: u64) -> Self {
        Self {
            all: Mutex::new(Bucket::new(Some(all))),
            per_minute: AtomicU64::new(all),
            per_address: AtomicU64::new(per_address),
            hash: RandomState::new(),
            parts: std::array::from_fn(|_| Mutex::default()),
            refused: Default::default(),
            forgotten: AtomicU64::new(0),
        }
    }

    /// Changes the limits. What was used stays used.
    pub fn set_limits(&self, all: u64, per_address: u64, now: Now) {
        self.all.lock().set_limit(Some(all), now.ms);
        self.per_minute.store(all, Ordering::Relaxed);
        self.per_address.store(per_address, Ordering::Relaxed);
    }

    /// Lets a request in, or says when to come again.
    ///
    /// # Errors
    /// When a limit is reached. Nothing is taken then, of the other one neither.
    pub fn admit(&self, address: IpAddr, now: Now) -> Result<(), TooMany> {
        let admitted = match self.per_address.load(Ordering::Relaxed) {
            0 => self.admit_among_all(now),
            limit => {
                let key = key(address);
                let mut part = self.parts[self.part(key)].lock();
                let bucket = part.bucket(key, limit, now, &self.forgotten);
                match bucket.wait_ms(1, now.ms) {
                    0 => self.admit_among_all(now).inspect(|()| {
                        bucket.take(1, now.ms);
                    }),
                    wait_ms => Err(TooMany {
                        limit: Limit::Address,
                        wait_ms,
                    }),
                }
            }
        };
        admitted.inspect_err(|many| {
            self.refused[many.limit as usize].fetch_add(1, Ordering::Relaxed);
        })
    }

    fn admit_among_all(&self, now: Now) -> Result<(), TooMany> {
        if self.per_minute.load(Ordering::Relaxed) == 0 {
            return Ok(());
        }
        let mut all = self.all.lock();
        match all.wait_ms(1, now.ms) {
            0 => {
                all.take(1, now.ms);
                Ok(())
            }
            wait_ms => Err(TooMany {
                limit: Limit::All,
                wait_ms,
            }),
        }
    }

    /// Requests that were refused by a limit.
    pub fn refused(&self, limit: Limit) -> u64 {
        self.refused[limit as usize].load(Ordering::Relaxed)
    }

    /// Addresses that were forgotten while something of their limit was used.
    pub fn forgotten(&self) -> u64 {
        self.forgotten.load(Ordering::Relaxed)
    }

    /// Addresses that are known.
    pub fn known(&self) -> usize {
        let count = |part: &Mutex<Part>| {
            let part = part.lock();
            part.young.len() + part.old.len()
        };
        self.parts.iter().map(count).sum()
    }

    fn part(&self, key: u128) -> usize {
        usize::try_from(self.hash.hash_one(key) % PARTS as u64).unwrap_or(0)
    }
}

impl Part {
    /// What is left of the limit of an address.
    fn bucket(&mut self, key: u128, limit: u64, now: Now, forgotten: &AtomicU64) -> &mut Bucket {
        if !self.young.contains_key(&key) {
            let known = self.old.remove(&key);
            if self.young.len() >= GENERATION {
                let gone = mem::replace(&mut self.old, mem::take(&mut self.young));
                let used = gone.values().filter(|bucket| bucket.full_in_ms(now.ms) > 0);
                forgotten.fetch_add(used.count() as u64, Ordering::Relaxed);
            }
            self.young
                .insert(key, known.unwrap_or_else(|| Bucket::new(Some(limit))));
        }
        let bucket = self.young.entry(key).or_default();
        bucket.set_limit(Some(limit), now.ms);
        bucket
    }
}

/// Who is counted together: an IPv4 address, or the /64 of an IPv6 address, which is what a customer
/// of a network has at the least.
fn key(address: IpAddr) -> u128 {
    match address.to_canonical() {
        IpAddr::V4(address) => address.to_ipv6_mapped().to_bits(),
        IpAddr::V6(address) => address.to_bits() & NETWORK,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(ms: u64) -> Now {
        Now { ms, unix_ms: 0 }
    }

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    fn passed(rates: &Rates, address: &str, ms: u64) -> bool {
        rates.admit(ip(address), at(ms)).is_ok()
    }

    #[test]
    fn the_fourth_of_three_a_minute_is_refused_and_told_when_to_come_again() {
        let rates = Rates::new(0, 3);
        for _ in 0..3 {
            assert!(passed(&rates, "192.0.2.1", 0));
        }
        let many = rates.admit(ip("192.0.2.1"), at(0)).unwrap_err();
        assert_eq!((many.limit, many.wait_ms), (Limit::Address, 20_000));
        assert!(passed(&rates, "192.0.2.2", 0), "others are not concerned");
        assert!(passed(&rates, "192.0.2.1", 20_000));
        assert_eq!(rates.refused(Limit::Address), 1);
    }

    #[test]
    fn who_is_refused_takes_nothing_from_others() {
        let rates = Rates::new(2, 1);
        assert!(passed(&rates, "192.0.2.1", 0));
        for _ in 0..5 {
            assert!(!passed(&rates, "192.0.2.1", 0));
        }
        assert!(passed(&rates, "192.0.2.2", 0));
        let many = rates.admit(ip("192.0.2.3"), at(0)).unwrap_err();
        assert_eq!((many.limit, many.wait_ms), (Limit::All, 30_000));
        assert!(passed(&rates, "192.0.2.3", 30_000), "nor from itself");
        assert_eq!(rates.refused(Limit::All), 1);
    }

    #[test]
    fn networks_of_ipv6_are_counted_together_and_an_embedded_ipv4_address_is_one() {
        let rates = Rates::new(0, 1);
        assert!(passed(&rates, "2001:db8:0:1::1", 0));
        assert!(!passed(&rates, "2001:db8:0:1:ffff::2", 0));
        assert!(passed(&rates, "2001:db8:0:2::1", 0));
        assert!(passed(&rates, "192.0.2.1", 0));
        assert!(!passed(&rates, "::ffff:192.0.2.1", 0));
        assert!(passed(&rates, "::1", 0));
    }

    #[test]
    fn other_limits_hold_at_once_and_none_is_none() {
        let rates = Rates::default();
        for _ in 0..100 {
            assert!(passed(&rates, "192.0.2.1", 0));
        }
        rates.set_limits(0, 2, at(0));
        assert!(passed(&rates, "192.0.2.1", 0) && passed(&rates, "192.0.2.1", 0));
        assert!(!passed(&rates, "192.0.2.1", 0));
        rates.set_limits(0, 3, at(0));
        assert!(passed(&rates, "192.0.2.1", 0), "one more than before");
        rates.set_limits(1, 0, at(0));
        assert!(passed(&rates, "192.0.2.1", 0));
        assert!(!passed(&rates, "192.0.2.9", 0));
    }

    #[test]
    fn the_table_has_a_bound_and_who_keeps_coming_stays_in_it() {
        let rates = Rates::new(0, 2);
        assert!(passed(&rates, "192.0.2.1", 0) && passed(&rates, "192.0.2.1", 0));
        let bound = 2 * PARTS * GENERATION;
        for n in 0..4 * bound {
            let network = 0x2001_0db8_u128 << 96 | (n as u128) << 64;
            let address = IpAddr::V6(network.into());
            assert!(rates.admit(address, at(0)).is_ok());
            assert!(n % 1000 != 0 || !passed(&rates, "192.0.2.1", 0), "{n}");
        }
        assert!(rates.known() <= bound, "{}", rates.known());
        assert!(rates.forgotten() > 0);
    }
}
