//! Writes requests. Nothing that needs an earlier response is asked for: the provider keeps none.

mod input;
mod parts;
mod settings;
mod tools;

use std::borrow::Cow;
use std::fmt::Write as _;

use sha2::{Digest, Sha256};

use crate::dialect::Dialect;
use crate::translate::fault::{Fault, Notes};
use crate::translate::form::Request;
use crate::translate::json::Writer;
use crate::translate::options::Options;

/// Writes a request. A request of this dialect comes out as it was, but for the model and the
/// stream.
///
/// # Errors
///
/// A [`Fault`] when the provider takes fewer tools than there are.
pub fn write_request(
    request: &Request<'_>,
    options: &Options<'_>,
    notes: &mut Notes,
) -> Result<Vec<u8>, Fault> {
    let context = Context {
        request,
        options,
        own: request.dialect == Dialect::OpenaiResponses,
    };
    let mut out = Writer::default();
    out.object().key("model").string(options.model);
    input::write(&mut out, context, notes);
    tools::write(&mut out, context, notes)?;
    settings::write(&mut out, context, notes);
    out.end_object();
    Ok(out.finish())
}

/// What is written for whom.
#[derive(Clone, Copy)]
struct Context<'r, 'a> {
    request: &'r Request<'a>,
    options: &'r Options<'r>,
    /// Whether the request was of this dialect.
    own: bool,
}

/// Most bytes of an id.
const MAX_ID: usize = 64;

/// Bytes of a hash that shortened ids keep.
const HASH: usize = 10;

/// An id that is not too long: the id itself, or its beginning with a hash of all of it, so that a
/// call and its result say the same in every request.
fn short_id(id: &str) -> Cow<'_, str> {
    if id.len() <= MAX_ID {
        return Cow::Borrowed(id);
    }
    let mut kept = MAX_ID - 2 * HASH - 1;
    while !id.is_char_boundary(kept) {
        kept -= 1;
    }
    let mut short = id.get(..kept).unwrap_or_default().to_owned();
    short.push('_');
    short.push_str(&hash(id, HASH));
    Cow::Owned(short)
}

/// The first `bytes` of a hash, in hexadecimal.
fn hash(text: &str, bytes: usize) -> String {
    let mut hex = String::with_capacity(2 * bytes);
    for byte in Sha256::digest(text.as_bytes()).iter().take(bytes) {
        write!(hex, "{byte:02x}").expect("a string takes every write");
    }
    hex
}

#[cfg(test)]
mod tests;
