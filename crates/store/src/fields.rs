//! Header fields as they lie in the database: redacted, and short, because a client sends nearly
//! the same ones every time.

use std::collections::HashMap;

use crate::privacy::Door;
use http::{HeaderMap, HeaderName, HeaderValue};
use xxhash_rust::xxh3::Xxh3;

use crate::dictionary::{Dictionary, Kind, Names};
use crate::varint;

/// Fields whose code is remembered.
const MOST_REMEMBERED: usize = 4096;
/// The use that all header names share in the dictionary.
const NAME_USE: u64 = 1 << 32;

/// Codes header fields. Remembers the codes of fields by a hash of their raw form, so that a field
/// that repeats is neither redacted nor looked at again.
pub(crate) struct FieldCoder {
    remembered: HashMap<u128, i64>,
    hasher: Xxh3,
}

impl std::fmt::Debug for FieldCoder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("FieldCoder").finish_non_exhaustive()
    }
}

impl FieldCoder {
    /// A coder that remembers nothing yet. The seed keeps a client from choosing two fields with
    /// the same hash.
    pub(crate) fn new(seed: u64) -> Self {
        Self {
            remembered: HashMap::new(),
            hasher: Xxh3::with_seed(seed),
        }
    }

    /// Forgets all codes, because the dictionary is another.
    pub(crate) fn clear(&mut self) {
        self.remembered.clear();
    }

    /// The stored form of a set of fields: of each either the number of the whole field, or that
    /// of its name and the value, or both as they are. A coder is for one kind of door alone.
    pub(crate) fn encode(
        &mut self,
        headers: &HeaderMap,
        door: Door<'_>,
        dictionary: &mut Dictionary,
    ) -> Vec<u8> {
        let mut out = Vec::with_capacity(headers.len() * 8);
        for (name, value) in headers {
            let hash = self.hash(name, value);
            if let Some(&id) = self.remembered.get(&hash) {
                varint::put(&mut out, id.unsigned_abs() << 1);
                continue;
            }
            if let Some(id) = encode_new(&mut out, (name, value), door, dictionary) {
                if self.remembered.len() >= MOST_REMEMBERED {
                    self.remembered.clear();
                }
                self.remembered.insert(hash, id);
            }
        }
        out
    }

    fn hash(&mut self, name: &HeaderName, value: &HeaderValue) -> u128 {
        self.hasher.reset();
        self.hasher.update(name.as_str().as_bytes());
        self.hasher.update(&[0]);
        self.hasher.update(value.as_bytes());
        self.hasher.digest128()
    }
}

/// Codes a field that is not remembered; gives its number if it has one now.
fn encode_new(
    out: &mut Vec<u8>,
    (name, value): (&HeaderName, &HeaderValue),
    door: Door<'_>,
    dictionary: &mut Dictionary,
) -> Option<i64> {
    let shown = door.field(name, value);
    let text = shown.as_bytes();
    let name = name.as_str().as_bytes();
    let field = [name, b"\0", text].concat();
    let usage = xxhash_rust::xxh3::xxh3_64(name);
    if let Some(id) = dictionary.code(Kind::Field, usage, &field) {
        varint::put(out, id.unsigned_abs() << 1);
        return Some(id);
    }
    match dictionary.code(Kind::Name, NAME_USE, name) {
        Some(id) => varint::put(out, id.unsigned_abs() << 1 | 1),
        None => {
            varint::put(out, 0);
            varint::put_bytes(out, name);
        }
    }
    varint::put_bytes(out, text);
    None
}

/// Undoes [`FieldCoder::encode`]; stops at what it cannot read.
pub(crate) fn decode(mut bytes: &[u8], names: &Names) -> Vec<(String, String)> {
    let mut fields = Vec::new();
    while let Some(field) = decode_one(&mut bytes, names) {
        fields.push(field);
    }
    fields
}

fn decode_one(bytes: &mut &[u8], names: &Names) -> Option<(String, String)> {
    let tag = varint::take(bytes)?;
    let id = i64::try_from(tag >> 1).ok()?;
    let (name, value) = match (tag, tag & 1) {
        (0, _) => (varint::take_bytes(bytes)?, varint::take_bytes(bytes)?),
        (_, 1) => (names.get(id).unwrap_or(b"?"), varint::take_bytes(bytes)?),
        _ => {
            let field = names.get(id).unwrap_or(b"?\0?");
            let at = memchr::memchr(0, field)?;
            (field.get(..at)?, field.get(at + 1..)?)
        }
    };
    let text = |bytes| String::from_utf8_lossy(bytes).into_owned();
    Some((text(name), text(value)))
}
