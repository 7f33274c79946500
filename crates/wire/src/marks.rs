//! What weir wraps for clients to bring back: opaque values of one dialect that travel through a
//! client of another, and the ids of reasoning that it makes up itself.
//!
//! Translation wraps and unwraps; the mending of native requests finds with the same code what a
//! provider must not see. It knows nothing of who issued a value.

use std::borrow::Cow;

use crate::dialect::Dialect;
use crate::translate::form::{Opaque, OpaqueKind};

pub(crate) mod gemini;
pub(crate) mod messages;
pub(crate) mod responses;

/// What a provider of `dialect` itself gets to see of an opaque value that came in that dialect:
/// the value as it is when it is not wrapped, the inner one when that is of the dialect's own kind;
/// none when it belongs to another's.
pub(crate) fn native<'a>(dialect: Dialect, opaque: Opaque<'a>) -> Option<Opaque<'a>> {
    match dialect {
        Dialect::AnthropicMessages => messages::native(opaque),
        Dialect::OpenaiResponses => (!responses::is_marked(&opaque.value)).then_some(opaque),
        Dialect::Gemini => (!gemini::is_marked(&opaque.value)).then_some(opaque),
        Dialect::OpenaiChat => Some(opaque),
    }
}

/// How ids of reasoning items begin.
const REASONING: &str = "rs_";
/// Hexadecimal digits of the seed in an id of weir's making.
const SEED_DIGITS: usize = 16;
/// Fewest digits of the number behind the seed, and most.
const NUMBER_DIGITS: (usize, usize) = (4, 8);

/// An id of weir's making: the `number`th item of the answer with this `seed`.
pub(crate) fn item_id(prefix: &str, seed: u64, number: u32) -> String {
    let (seed_digits, digits) = (SEED_DIGITS, NUMBER_DIGITS.0);
    format!("{prefix}_{seed:0seed_digits$x}{number:0digits$x}")
}

/// Whether the id of a reasoning item is of weir's making. OpenAI's own are twice as long.
pub(crate) fn is_own_reasoning_id(id: &str) -> bool {
    let Some(digits) = id.strip_prefix(REASONING) else {
        return false;
    };
    let lengths = SEED_DIGITS + NUMBER_DIGITS.0..=SEED_DIGITS + NUMBER_DIGITS.1;
    let is_digit = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
    lengths.contains(&digits.len()) && digits.bytes().all(is_digit)
}

/// An opaque value as it was found in a request.
pub(crate) fn found(value: Cow<'_, str>, kind: OpaqueKind) -> Opaque<'_> {
    Opaque { value, kind }
}

/// What the marks begin with, the last as base64 has it.
const BEGINNINGS: [&[u8]; 3] = [b"weir1.", b"weir:", b"d2VpcjEu"];

/// Whether there may be a mark in a body that comes in these pieces. Wherever it is cut, none is
/// missed.
#[must_use]
pub fn may_be_in(pieces: &[bytes::Bytes]) -> bool {
    const LONGEST: usize = 8;
    let holds = |bytes: &[u8]| {
        let mut beginnings = BEGINNINGS.iter();
        beginnings.any(|mark| memchr::memmem::find(bytes, mark).is_some())
    };
    let mut seam = Vec::with_capacity(2 * LONGEST);
    for piece in pieces {
        seam.extend_from_slice(piece.get(..LONGEST).unwrap_or(piece));
        if holds(piece) || holds(&seam) {
            return true;
        }
        if piece.len() >= LONGEST {
            seam.clear();
            seam.extend_from_slice(piece.get(piece.len() - LONGEST..).unwrap_or_default());
        }
        let kept = seam.len().saturating_sub(LONGEST);
        seam.drain(..kept);
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    const KINDS: [OpaqueKind; 4] = [
        OpaqueKind::Signature,
        OpaqueKind::Redacted,
        OpaqueKind::Encrypted,
        OpaqueKind::ThoughtSignature,
    ];

    #[test]
    fn providers_get_back_what_is_theirs_and_nothing_else() {
        for kind in KINDS {
            let opaque: Opaque<'static> = found("v.#:1".into(), kind);
            let inner = |signature: String| {
                let worn = found(signature.into(), OpaqueKind::Signature);
                native(Dialect::AnthropicMessages, worn).map(|own| own.kind)
            };
            let own = matches!(kind, OpaqueKind::Signature | OpaqueKind::Redacted);
            let expected = own.then_some(kind);
            assert_eq!(
                inner(messages::of_thinking(Some(&opaque), Some("i"))),
                expected
            );
            assert_eq!(inner(messages::of_call("i", &opaque)), None);

            let worn = responses::to_client(&opaque);
            let seen = native(Dialect::OpenaiResponses, found(worn, OpaqueKind::Encrypted));
            assert_eq!(seen.is_some(), kind == OpaqueKind::Encrypted);
            let call = found(
                responses::of_call("c", &opaque).into(),
                OpaqueKind::Encrypted,
            );
            assert_eq!(native(Dialect::OpenaiResponses, call), None);

            let worn = gemini::to_client(&opaque, Some("i"));
            let seen = native(Dialect::Gemini, found(worn, OpaqueKind::ThoughtSignature));
            assert_eq!(seen.is_some(), kind == OpaqueKind::ThoughtSignature);
            let thought = gemini::Thought {
                opaque: Some(opaque.clone()),
                ..gemini::Thought::default()
            };
            if let Some(carried) = gemini::carried(&[thought]) {
                let worn = found(carried.into(), OpaqueKind::ThoughtSignature);
                assert_eq!(native(Dialect::Gemini, worn), None);
            }
        }
        let nothing = found(
            messages::of_thinking(None, Some("rs_1")).into(),
            OpaqueKind::Signature,
        );
        assert_eq!(native(Dialect::AnthropicMessages, nothing), None);
    }

    #[test]
    fn ids_of_its_own_making_are_told_from_the_providers() {
        for number in [1, 0xffff, u32::MAX] {
            assert!(is_own_reasoning_id(&item_id("rs", u64::MAX - 7, number)));
        }
        for theirs in [
            "rs_68a1f0c3b2d481a0b1c2d3e4f5061728394a5b6c7d8e9f01",
            "rs_1",
            "rs_000000000000000g0001",
            "msg_00000000000000010001",
        ] {
            assert!(!is_own_reasoning_id(theirs), "{theirs}");
        }
    }

    #[test]
    fn a_mark_is_found_wherever_a_body_is_cut() {
        for mark in ["weir1.", "weir:", "d2VpcjEu"] {
            let body = format!("{{\"signature\":\"{mark}e.x\"}}");
            for size in 1..body.len() {
                let pieces: Vec<bytes::Bytes> = body
                    .as_bytes()
                    .chunks(size)
                    .map(bytes::Bytes::copy_from_slice)
                    .collect();
                assert!(may_be_in(&pieces), "{mark} in pieces of {size}");
            }
        }
        assert!(!may_be_in(&[bytes::Bytes::from_static(b"weird 1. weir")]));
    }
}
