//! What went upstream as it lies in the database: the headers as all headers, the rest short.

use http::Uri;
use weir_core::exchange::{Sent, SentBody};
use weir_core::redact::bare_address;

use crate::dictionary::{Code, Dictionary, Names};
use crate::model::{SentBodyLog, SentEdit};
use crate::privacy::Privacy;
use crate::varint;

/// The addresses' use of the dictionary.
const ADDRESS_USE: u64 = 64;

/// The stored form of all but the headers.
pub(crate) fn encode(sent: &Sent, privacy: &Privacy, words: &mut Dictionary) -> Vec<u8> {
    let url = address(&sent.uri, privacy);
    encode_parts(&url, &sent.body, sent.size as u64, words)
}

/// The same of an address as it may be kept, what became of the body, and its length.
pub(crate) fn encode_parts(
    url: &str,
    body: &SentBody,
    size: u64,
    words: &mut Dictionary,
) -> Vec<u8> {
    let mut out = Vec::with_capacity(16);
    let edits = match body {
        SentBody::Identical => {
            out.push(0);
            &[][..]
        }
        SentBody::Edited(edits) => {
            out.push(1);
            edits
        }
        SentBody::Translated => {
            out.push(2);
            &[]
        }
    };
    match words.column(ADDRESS_USE, url) {
        Code::Known(id) => varint::put(&mut out, id.unsigned_abs()),
        Code::Text(text) => {
            varint::put(&mut out, 0);
            varint::put_bytes(&mut out, text.as_bytes());
        }
    }
    varint::put(&mut out, size);
    for edit in edits {
        varint::put(&mut out, edit.at as u64);
        varint::put(&mut out, edit.removed as u64);
        varint::put(&mut out, edit.inserted as u64);
    }
    out
}

/// Undoes [`encode`]: the address and what became of the body. None for what it cannot read.
pub(crate) fn decode(mut bytes: &[u8], names: &Names) -> Option<(String, SentBodyLog)> {
    let (verdict, rest) = bytes.split_first()?;
    bytes = rest;
    let verdict = match verdict {
        0 => "identical",
        1 => "edited",
        2 => "translated",
        _ => "unknown",
    };
    let url = match i64::try_from(varint::take(&mut bytes)?).ok()? {
        0 => varint::take_bytes(&mut bytes)?,
        id => names.get(id)?,
    };
    let url = String::from_utf8_lossy(url).into_owned();
    let size = varint::take(&mut bytes)?;
    let mut edits = Vec::new();
    while !bytes.is_empty() {
        edits.push(SentEdit {
            at: varint::take(&mut bytes)?,
            removed: varint::take(&mut bytes)?,
            inserted: varint::take(&mut bytes)?,
        });
    }
    let body = SentBodyLog {
        verdict,
        edits,
        size: Some(size),
    };
    Some((url, body))
}

/// The address as it may be kept.
fn address(uri: &Uri, privacy: &Privacy) -> String {
    let bare = bare_address(uri);
    match uri.query() {
        Some(query) => format!("{bare}?{}", privacy.query(query)),
        None => bare,
    }
}
