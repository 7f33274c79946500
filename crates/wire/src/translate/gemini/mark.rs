//! Opaque values of other providers on their way through a client of Gemini, which keeps a
//! `thoughtSignature` with its part and sends both again. They travel there in base64, as Google's
//! schema wants it, behind a mark that no signature of Google's begins with.

use std::borrow::Cow;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::translate::form::{Opaque, OpaqueKind, Text};

/// What every wrapped value begins with.
const PREFIX: &str = "weir1.";

/// The same in base64; six bytes are eight characters of it, whatever follows.
const ENCODED: &str = "d2VpcjEu";

/// Most bytes of thinking that a call carries.
pub(super) const MAX_CARRIED: usize = 128 * 1024;

/// What the client gets as `thoughtSignature`. `id` is that of the item (Responses).
pub(super) fn to_client<'a>(opaque: &'a Opaque<'_>, id: Option<&str>) -> Cow<'a, str> {
    let letter = match opaque.kind {
        OpaqueKind::ThoughtSignature => return Cow::Borrowed(&opaque.value),
        OpaqueKind::Signature => 's',
        OpaqueKind::Redacted => 'r',
        OpaqueKind::Encrypted => 'e',
    };
    let id = id.unwrap_or_default();
    let length = id.len();
    let plain = format!("{PREFIX}{letter}.{length}.{id}{}", opaque.value);
    Cow::Owned(STANDARD.encode(plain))
}

/// Thinking of others, all of it, for the call that it led to: clients leave thoughts out of what
/// they send again, but keep the signatures of calls. None for Google's own and for what is large.
pub(super) fn carried(opaque: &Opaque<'_>, id: Option<&str>, text: &str) -> Option<String> {
    let letter = match opaque.kind {
        OpaqueKind::ThoughtSignature => return None,
        OpaqueKind::Signature => 'S',
        OpaqueKind::Redacted => 'R',
        OpaqueKind::Encrypted => 'E',
    };
    if text.len() > MAX_CARRIED {
        return None;
    }
    let id = id.unwrap_or_default();
    let (of_id, of_value) = (id.len(), opaque.value.len());
    let plain = format!(
        "{PREFIX}{letter}.{of_id}.{of_value}.{id}{}{text}",
        opaque.value
    );
    Some(STANDARD.encode(plain))
}

/// What a `thoughtSignature` is.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Marked<'a> {
    pub(super) opaque: Opaque<'a>,
    /// The id of the item (Responses).
    pub(super) id: Option<Text<'a>>,
    /// What was thought, where it is carried by a call.
    pub(super) thought: Option<Text<'a>>,
}

/// Reads a `thoughtSignature` that a client sends.
pub(super) fn from_client(signature: Text<'_>) -> Marked<'_> {
    unwrap(&signature).unwrap_or(Marked {
        opaque: Opaque {
            value: signature,
            kind: OpaqueKind::ThoughtSignature,
        },
        id: None,
        thought: None,
    })
}

fn unwrap(signature: &str) -> Option<Marked<'static>> {
    if !signature.starts_with(ENCODED) {
        return None;
    }
    let plain = String::from_utf8(STANDARD.decode(signature).ok()?).ok()?;
    let (letter, rest) = plain.strip_prefix(PREFIX)?.split_once('.')?;
    let kind = match letter {
        "s" | "S" => OpaqueKind::Signature,
        "r" | "R" => OpaqueKind::Redacted,
        "e" | "E" => OpaqueKind::Encrypted,
        _ => return None,
    };
    let (of_id, rest) = rest.split_once('.')?;
    let carries = letter.starts_with(|c: char| c.is_ascii_uppercase());
    let (of_value, rest) = match carries {
        true => rest
            .split_once('.')
            .map(|(length, rest)| (Some(length), rest))?,
        false => (None, rest),
    };
    let (id, rest) = rest.split_at_checked(of_id.parse().ok()?)?;
    let (value, thought) = match of_value {
        Some(length) => {
            let (value, thought) = rest.split_at_checked(length.parse().ok()?)?;
            (value, Some(thought))
        }
        None => (rest, None),
    };
    let owned = |text: &str| Cow::Owned(text.to_owned());
    Some(Marked {
        opaque: Opaque {
            value: owned(value),
            kind,
        },
        id: (!id.is_empty()).then(|| owned(id)),
        thought: thought.map(owned),
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn googles_own_signatures_stay_as_they_are() {
        for own in ["CqwCARFNMg/RTDz9", "d2VpcjEu", "d2VpcjEu!!", ""] {
            let Marked {
                opaque,
                id,
                thought,
            } = from_client(own.into());
            assert_eq!(opaque.value, own);
            assert_eq!(
                (opaque.kind, id, thought),
                (OpaqueKind::ThoughtSignature, None, None)
            );
            assert_eq!(to_client(&opaque, Some("id")), own);
            assert_eq!(carried(&opaque, None, ""), None);
        }
    }

    proptest! {
        #[test]
        fn what_is_wrapped_comes_back(value in any::<String>(), id in any::<String>(), said in any::<String>()) {
            for kind in [OpaqueKind::Signature, OpaqueKind::Redacted, OpaqueKind::Encrypted] {
                let opaque = Opaque { value: value.as_str().into(), kind };
                let wrapped = to_client(&opaque, Some(&id)).into_owned();
                prop_assert!(STANDARD.decode(&wrapped).is_ok());
                let back = from_client(wrapped.into());
                prop_assert_eq!(&back.opaque, &opaque);
                prop_assert_eq!(back.id.unwrap_or_default(), id.as_str());
                prop_assert_eq!(back.thought, None);
                let wrapped = carried(&opaque, Some(&id), &said).unwrap();
                let back = from_client(wrapped.into());
                prop_assert_eq!(&back.opaque, &opaque);
                prop_assert_eq!(back.id.unwrap_or_default(), id.as_str());
                prop_assert_eq!(back.thought.unwrap(), said.as_str());
            }
        }
    }
}
