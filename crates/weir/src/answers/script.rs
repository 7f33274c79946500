//! What the script in the store is asked, what it answers, and what lies there. Nothing here sends
//! anything.

use bytes::Bytes;
use http::{HeaderMap, Method};
use weir_core::cache::{About, Key, Purge, Put, Slot, Subject, Tenant};

/// The script.
pub(super) const SCRIPT: &str = include_str!("answers.lua");

/// Bytes of a piece in which sizes are counted.
pub(super) const UNIT: u64 = 512;
/// Most pieces that the index can count for one entry.
const MOST_UNITS: u64 = (1 << 21) - 1;
/// Bytes in front of what is kept: the purges there had been when it was asked for.
const COUNT: usize = 8;

/// The arguments of a call.
pub(super) type Args = Vec<Vec<u8>>;

/// Asks how things are.
pub(super) fn state() -> Args {
    vec![b"state".to_vec()]
}

/// Has an answer kept as of `seen` purges.
pub(super) fn put(put: &Put, seen: u64) -> Args {
    let mut args = vec![b"put".to_vec(), number(seen)];
    // The script bounds it further.
    let seconds = put.entry.kept_for().min(u32::MAX.into());
    for (key, slot) in put.slots() {
        let mut value = seen.to_le_bytes().to_vec();
        value.extend(slot.to_bytes());
        let units = (value.len() as u64).div_ceil(UNIT).min(MOST_UNITS);
        args.extend([
            member(&key, &slot),
            digits(&key),
            value,
            number(seconds),
            number(units),
        ]);
    }
    args
}

/// Has a purge remembered.
pub(super) fn purge(purge: &Purge) -> Args {
    let changed = match purge {
        Purge::Resource { tenant, path } => digits(&changed(tenant, path)),
        _ => Vec::new(),
    };
    vec![b"purge".to_vec(), purge.to_bytes(), changed]
}

/// Has members of the index taken out, with what they stand for.
pub(super) fn drop_all<'a>(members: impl Iterator<Item = (&'a [u8], Key)>) -> Args {
    let mut args = vec![b"drop".to_vec()];
    for (member, key) in members {
        args.extend([member.to_vec(), digits(&key)]);
    }
    args
}

/// Has an entry taken out.
pub(super) fn remove(key: &Key, about: &About) -> Args {
    let member = [b"e", &key.as_bytes()[..], &about.to_bytes()].concat();
    drop_all([(&*member, *key)].into_iter())
}

/// What stands in the index for something that is kept.
fn member(key: &Key, slot: &Slot) -> Vec<u8> {
    let kind = match slot {
        Slot::Entry(_) => b"e",
        Slot::Varies(_) => b"v",
    };
    [kind, &key.as_bytes()[..], &slot.about().to_bytes()].concat()
}

/// What a member of the index stands for; none of the one that says that it is there.
pub(super) fn member_of(member: &[u8]) -> Option<(Key, About)> {
    let (_, rest) = member.split_first()?;
    let (key, about) = rest.split_first_chunk::<32>()?;
    Some((Key::from_bytes(*key), About::from_bytes(about)?))
}

/// Under which key it is said that a tenant has changed what is at a path.
pub(super) fn changed(tenant: &Tenant, path: &str) -> Key {
    Key::of(&Subject {
        about: &About::new(*tenant, &Method::GET, path, None),
        headers: &HeaderMap::new(),
        body: &[],
        opt_in: None,
    })
}

pub(super) fn digits(key: &Key) -> Vec<u8> {
    key.to_hex().into_bytes()
}

fn number(number: u64) -> Vec<u8> {
    number.to_string().into_bytes()
}

/// What lies under a key: the purges that it knows of, and what it is. None of what makes no sense.
pub(super) fn kept(value: Vec<u8>) -> Option<(u64, Slot)> {
    let value = Bytes::from(value);
    let seen = u64::from_le_bytes(value.get(..COUNT)?.try_into().ok()?);
    Some((seen, Slot::from_bytes(&value.slice(COUNT..))?))
}

/// How things are in the store.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Stamp {
    /// Purges so far.
    pub purges: u64,
    /// Entries there.
    pub entries: u64,
    /// Their bytes, about.
    pub bytes: u64,
}

/// What the script has answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Said {
    /// It is kept.
    Kept,
    /// There were purges meanwhile; these, the newest first.
    Judge(Vec<Vec<u8>>),
    /// There were more purges meanwhile than are remembered.
    Lost,
    /// So many entries are gone.
    Dropped(u64),
    /// What was asked for is done.
    Done,
}

/// Reads an answer; none if it makes no sense.
pub(super) fn read(answer: Vec<Vec<u8>>) -> Option<(Stamp, Said)> {
    let mut parts = answer.into_iter();
    let what = parts.next()?;
    // A sum may be below zero after something was lost.
    let mut figure = || Some(number_of(&parts.next()?)?.max(0).unsigned_abs());
    let stamp = Stamp {
        purges: figure()?,
        entries: figure()?,
        bytes: figure()?.saturating_mul(UNIT),
    };
    let said = match &*what {
        b"kept" => Said::Kept,
        b"judge" => Said::Judge(parts.collect()),
        b"lost" => Said::Lost,
        b"dropped" => Said::Dropped(number_of(&parts.next()?)?.try_into().ok()?),
        b"purged" | b"state" => Said::Done,
        _ => return None,
    };
    Some((stamp, said))
}

/// A number as the store writes it.
pub(super) fn number_of(text: &[u8]) -> Option<i64> {
    str::from_utf8(text).ok()?.parse().ok()
}
