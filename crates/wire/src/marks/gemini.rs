//! Opaque values of other providers on their way through a client of Gemini, which keeps a
//! `thoughtSignature` with its part and sends both again. They travel there in base64, as Google's
//! schema wants it, behind a mark that no signature of Google's begins with.

use std::borrow::Cow;
use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::translate::form::{Opaque, OpaqueKind, Text};

/// What every wrapped value begins with.
const PREFIX: &str = "weir1.";

/// The same in base64; six bytes are eight characters of it, whatever follows.
const ENCODED: &str = "d2VpcjEu";

/// Most bytes of thinking that a call carries.
pub(crate) const MAX_CARRIED: usize = 128 * 1024;

/// What the client gets as `thoughtSignature`. `id` is that of the item (Responses).
pub(crate) fn to_client<'a>(opaque: &'a Opaque<'_>, id: Option<&str>) -> Cow<'a, str> {
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

/// Thinking of others, as far as it is known.
#[derive(Debug, Default)]
pub(crate) struct Thought {
    /// The id of the item (Responses).
    pub(crate) id: Option<String>,
    pub(crate) text: String,
    pub(crate) opaque: Option<Opaque<'static>>,
}

/// Thinking of others, all of it, for the call that it led to: clients leave thoughts out of what
/// they send again, but keep the signatures of calls. None for Google's own, for what nobody
/// proves, and for what is large.
pub(crate) fn carried(thoughts: &[Thought]) -> Option<String> {
    let mut plain = String::from(PREFIX);
    let mut bytes = 0_usize;
    for thought in thoughts {
        let Some(opaque) = &thought.opaque else {
            continue;
        };
        let letter = match opaque.kind {
            OpaqueKind::ThoughtSignature => continue,
            OpaqueKind::Signature => 'S',
            OpaqueKind::Redacted => 'R',
            OpaqueKind::Encrypted => 'E',
        };
        let id = thought.id.as_deref().unwrap_or_default();
        let (value, text) = (&*opaque.value, &*thought.text);
        bytes = bytes.saturating_add(text.len());
        let lengths = (id.len(), value.len(), text.len());
        write!(plain, "{letter}.{}.{}.{}.", lengths.0, lengths.1, lengths.2)
            .expect("a string takes every write");
        plain.extend([id, value, text]);
    }
    let fits = bytes <= MAX_CARRIED && plain.len() > PREFIX.len();
    fits.then(|| STANDARD.encode(plain))
}

/// Reads the thinking that a call carries, in its order; none when it carries none.
pub(crate) fn recalled(signature: &str) -> Vec<Thought> {
    plain(signature)
        .and_then(|plain| records(plain.strip_prefix(PREFIX)?))
        .unwrap_or_default()
}

fn records(mut rest: &str) -> Option<Vec<Thought>> {
    let mut thoughts = Vec::new();
    while !rest.is_empty() {
        let mut fields = rest.splitn(5, '.');
        let kind = match fields.next()? {
            "S" => OpaqueKind::Signature,
            "R" => OpaqueKind::Redacted,
            "E" => OpaqueKind::Encrypted,
            _ => return None,
        };
        let mut length = || fields.next()?.parse::<usize>().ok();
        let (of_id, of_value, of_text) = (length()?, length()?, length()?);
        let (id, more) = fields.next()?.split_at_checked(of_id)?;
        let (value, more) = more.split_at_checked(of_value)?;
        let (text, more) = more.split_at_checked(of_text)?;
        let value = Cow::Owned(value.to_owned());
        thoughts.push(Thought {
            id: (!id.is_empty()).then(|| id.to_owned()),
            text: text.to_owned(),
            opaque: Some(Opaque { value, kind }),
        });
        rest = more;
    }
    Some(thoughts)
}

/// Whether a `thoughtSignature` is wrapped; Google's own never is.
pub(super) fn is_marked(signature: &str) -> bool {
    signature.starts_with(ENCODED)
}

/// What a `thoughtSignature` is.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Marked<'a> {
    pub(crate) opaque: Opaque<'a>,
    /// The id of the item (Responses).
    pub(crate) id: Option<Text<'a>>,
}

/// Reads a `thoughtSignature` that a client sends; one that carries thinking counts as Google's.
pub(crate) fn from_client(signature: Text<'_>) -> Marked<'_> {
    unwrap(&signature).unwrap_or(Marked {
        opaque: Opaque {
            value: signature,
            kind: OpaqueKind::ThoughtSignature,
        },
        id: None,
    })
}

fn plain(signature: &str) -> Option<String> {
    if !is_marked(signature) {
        return None;
    }
    String::from_utf8(STANDARD.decode(signature).ok()?).ok()
}

fn unwrap(signature: &str) -> Option<Marked<'static>> {
    let plain = plain(signature)?;
    let (letter, rest) = plain.strip_prefix(PREFIX)?.split_once('.')?;
    let kind = match letter {
        "s" => OpaqueKind::Signature,
        "r" => OpaqueKind::Redacted,
        "e" => OpaqueKind::Encrypted,
        _ => return None,
    };
    let (of_id, rest) = rest.split_once('.')?;
    let (id, value) = rest.split_at_checked(of_id.parse().ok()?)?;
    let owned = |text: &str| Cow::Owned(text.to_owned());
    Some(Marked {
        opaque: Opaque {
            value: owned(value),
            kind,
        },
        id: (!id.is_empty()).then(|| owned(id)),
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn googles_own_signatures_stay_as_they_are() {
        for own in ["CqwCARFNMg/RTDz9", "d2VpcjEu", "d2VpcjEu!!", ""] {
            let Marked { opaque, id } = from_client(own.into());
            assert_eq!(opaque.value, own);
            assert_eq!((opaque.kind, id), (OpaqueKind::ThoughtSignature, None));
            assert_eq!(to_client(&opaque, Some("id")), own);
            assert!(recalled(own).is_empty());
        }
        let own = Opaque {
            value: "x".into(),
            kind: OpaqueKind::ThoughtSignature,
        };
        for opaque in [None, Some(own)] {
            let thought = Thought {
                opaque,
                ..Thought::default()
            };
            assert_eq!(carried(&[thought]), None);
        }
        let large = Thought {
            id: None,
            text: "a".repeat(MAX_CARRIED + 1),
            opaque: Some(Opaque {
                value: "x".into(),
                kind: OpaqueKind::Signature,
            }),
        };
        assert_eq!(carried(&[large]), None);
    }

    proptest! {
        #[test]
        fn what_is_wrapped_comes_back(value in any::<String>(), id in any::<String>()) {
            for kind in [OpaqueKind::Signature, OpaqueKind::Redacted, OpaqueKind::Encrypted] {
                let opaque = Opaque { value: value.as_str().into(), kind };
                let wrapped = to_client(&opaque, Some(&id)).into_owned();
                prop_assert!(STANDARD.decode(&wrapped).is_ok());
                prop_assert!(recalled(&wrapped).is_empty());
                let back = from_client(wrapped.into());
                prop_assert_eq!(&back.opaque, &opaque);
                prop_assert_eq!(back.id.unwrap_or_default(), id.as_str());
            }
        }

        #[test]
        fn all_thinking_that_is_carried_comes_back(all in proptest::collection::vec(any::<[String; 3]>(), 1..4)) {
            let thought = |[id, text, value]: &[String; 3]| Thought {
                id: Some(id.clone()).filter(|id| !id.is_empty()),
                text: text.clone(),
                opaque: Some(Opaque { value: value.clone().into(), kind: OpaqueKind::Encrypted }),
            };
            let thoughts: Vec<_> = all.iter().map(thought).collect();
            let back = recalled(&carried(&thoughts).unwrap());
            prop_assert_eq!(format!("{back:?}"), format!("{thoughts:?}"));
        }
    }
}
