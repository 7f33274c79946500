//! Signatures for thinking that others than Anthropic's models did.
//!
//! A client of Messages keeps a thinking block with its signature and sends both again. What other
//! providers issue instead (encrypted content, ids, signatures of calls) travels in that place, in
//! a wrapping that no signature of Anthropic's begins with, and is unwrapped when it comes back.

use std::borrow::Cow;
use std::fmt::Write as _;

use crate::translate::form::{Opaque, OpaqueKind, Text};

/// What every wrapped value begins with.
const PREFIX: &str = "weir1.";

/// What a wrapped value says.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Marked<'a> {
    /// It belongs to the thinking block that carries it.
    Thinking {
        opaque: Option<Opaque<'a>>,
        id: Option<Text<'a>>,
    },
    /// It belongs to the call with this id in the same turn; the block itself is nothing.
    Call { id: Text<'a>, opaque: Opaque<'a> },
}

/// What Anthropic gets to see of a `signature` or of `data`; see [`super::native`].
pub(super) fn native(opaque: Opaque<'_>) -> Option<Opaque<'_>> {
    if !opaque.value.starts_with(PREFIX) {
        return Some(opaque);
    }
    let Some(Marked::Thinking { opaque, .. }) = read(&opaque.value) else {
        return None;
    };
    let own = |kind| matches!(kind, OpaqueKind::Signature | OpaqueKind::Redacted);
    let Opaque { value, kind } = opaque.filter(|opaque| own(opaque.kind))?;
    let value = Cow::Owned(value.into_owned());
    Some(Opaque { value, kind })
}

/// Wraps what belongs to thinking.
pub(crate) fn of_thinking(opaque: Option<&Opaque<'_>>, id: Option<&str>) -> String {
    let letter = opaque.map_or('n', |opaque| letter(opaque.kind));
    wrap(letter, id.unwrap_or_default(), opaque)
}

/// The signature of a thinking block: Anthropic's own as it is, anything else wrapped.
pub(crate) fn signature<'a>(opaque: Option<&'a Opaque<'_>>, id: Option<&str>) -> Cow<'a, str> {
    match opaque {
        Some(opaque) if opaque.kind == OpaqueKind::Signature && id.is_none() => {
            Cow::Borrowed(&opaque.value)
        }
        opaque => Cow::Owned(of_thinking(opaque, id)),
    }
}

/// Wraps what travels with the call `id`.
pub(crate) fn of_call(id: &str, opaque: &Opaque<'_>) -> String {
    wrap(letter(opaque.kind).to_ascii_uppercase(), id, Some(opaque))
}

fn wrap(letter: char, id: &str, opaque: Option<&Opaque<'_>>) -> String {
    let value = opaque.map_or("", |opaque| &opaque.value);
    let mut out = String::with_capacity(PREFIX.len() + id.len() + value.len() + 3);
    out.push_str(PREFIX);
    out.push(letter);
    out.push('.');
    for char in id.chars() {
        match char {
            '.' | '%' => write!(out, "%{:02X}", u32::from(char)).expect("a string takes all"),
            _ => out.push(char),
        }
    }
    out.push('.');
    out.push_str(value);
    out
}

fn letter(kind: OpaqueKind) -> char {
    match kind {
        OpaqueKind::Signature => 's',
        OpaqueKind::Redacted => 'r',
        OpaqueKind::Encrypted => 'e',
        OpaqueKind::ThoughtSignature => 't',
    }
}

/// Unwraps a signature; none is one that is not wrapped.
pub(crate) fn read<'a>(signature: &Text<'a>) -> Option<Marked<'a>> {
    let rest = signature.strip_prefix(PREFIX)?;
    let mut fields = rest.splitn(3, '.');
    let (letter, id, value) = (fields.next()?, fields.next()?, fields.next()?);
    let kind = match letter {
        "s" | "S" => Some(OpaqueKind::Signature),
        "r" | "R" => Some(OpaqueKind::Redacted),
        "e" | "E" => Some(OpaqueKind::Encrypted),
        "t" | "T" => Some(OpaqueKind::ThoughtSignature),
        "n" => None,
        _ => return None,
    };
    let id = id.replace("%2E", ".").replace("%25", "%");
    let value = match signature {
        // The value is the end of the signature, whatever is in it.
        Cow::Borrowed(all) => Cow::Borrowed(all.get(all.len() - value.len()..)?),
        Cow::Owned(_) => Cow::Owned(value.to_owned()),
    };
    let opaque = kind.map(|kind| Opaque { value, kind });
    match opaque {
        Some(opaque) if letter.starts_with(|c: char| c.is_ascii_uppercase()) => {
            let id = Cow::Owned(id);
            Some(Marked::Call { id, opaque })
        }
        opaque => Some(Marked::Thinking {
            opaque,
            id: (!id.is_empty()).then_some(Cow::Owned(id)),
        }),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn anthropics_own_signatures_are_none_of_ours() {
        assert_eq!(read(&"EqQBCkYIBxgCKkA=".into()), None);
        assert_eq!(read(&"weir1.x.id.value".into()), None);
        assert_eq!(read(&"weir1.e".into()), None);
    }

    proptest! {
        #[test]
        fn what_is_wrapped_comes_back(id in ".{0,12}", value in any::<String>()) {
            let opaque = Opaque { value: value.into(), kind: OpaqueKind::Encrypted };
            let wrapped = of_thinking(Some(&opaque), Some(&id));
            let marked = read(&wrapped.as_str().into()).unwrap();
            let given = (!id.is_empty()).then(|| Cow::Owned(id.clone()));
            prop_assert_eq!(marked, Marked::Thinking { opaque: Some(opaque.clone()), id: given });
            let wrapped = Cow::Owned(of_call(&id, &opaque));
            prop_assert_eq!(read(&wrapped), Some(Marked::Call { id: id.into(), opaque }));
        }
    }
}
