//! What a pool does, seen from outside.

mod hearsay;
mod learning;
mod properties;
mod replay;
mod selecting;
mod steering;
mod weather;

use http::{HeaderMap, HeaderName, HeaderValue};

use super::*;
use crate::secret::Secret;

/// Thu, 01 Jan 2026 18:01:29 GMT, a thousand seconds after the start.
const START: Now = Now {
    ms: 1_000_000,
    unix_ms: 1_767_290_489_000,
};

fn key(secret: &str) -> Key {
    Key {
        secret: Secret::new(secret),
        name: None,
        rpm_limit: None,
        itpm_limit: None,
        otpm_limit: None,
        priority: 1,
        weight: 1,
        enabled: true,
    }
}

fn keys(count: usize) -> Vec<Key> {
    (0..count).map(|index| key(&format!("k-{index}"))).collect()
}

fn pool(count: usize, strategy: KeyStrategy) -> KeyPool {
    KeyPool::new(&keys(count), strategy)
}

fn id(index: usize) -> KeyId {
    KeyId::of(&format!("k-{index}"))
}

fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
    pairs
        .iter()
        .map(|(name, value)| {
            let value = HeaderValue::from_str(value).unwrap();
            (HeaderName::from_static(name), value)
        })
        .collect()
}

/// The place of the key for one more request, which is not settled.
fn next(pool: &mut KeyPool, now: Now) -> Option<usize> {
    pool.select(&Ask::default(), now, 0)
        .ok()
        .map(|chosen| chosen.index)
}

fn tokens(input: u64) -> Ask<'static> {
    Ask {
        input_tokens: input,
        ..Ask::default()
    }
}
