//! Signatures of other providers on their way through a Responses client, which hands back
//! `encrypted_content` as it got it. They travel there behind a mark that says whose they are.

use std::borrow::Cow;

use crate::translate::form::{Opaque, OpaqueKind, Text};

const MARKS: [(OpaqueKind, &str); 3] = [
    (OpaqueKind::Signature, "weir:signature:"),
    (OpaqueKind::Redacted, "weir:redacted:"),
    (OpaqueKind::ThoughtSignature, "weir:thought:"),
];

/// Whether `encrypted_content` is wrapped; OpenAI's own never is.
pub(super) fn is_marked(value: &str) -> bool {
    let mut marks = MARKS.iter().map(|(_, mark)| *mark).chain([CALL]);
    marks.any(|mark| value.starts_with(mark))
}

/// What the client gets as `encrypted_content`.
pub(crate) fn to_client<'a>(opaque: &'a Opaque<'_>) -> Cow<'a, str> {
    match MARKS.iter().find(|(kind, _)| *kind == opaque.kind) {
        Some((_, mark)) => Cow::Owned(format!("{mark}{}", opaque.value)),
        None => Cow::Borrowed(&opaque.value),
    }
}

/// What begins that which travels with a call: the call's id, `:`, and the value as it would
/// travel alone.
const CALL: &str = "weir:call:";

/// What the client gets as `encrypted_content` of a reasoning item that carries what travels with
/// the call `id`.
pub(crate) fn of_call(id: &str, opaque: &Opaque<'_>) -> String {
    let id = id.replace('%', "%25").replace(':', "%3A");
    format!("{CALL}{id}:{}", to_client(opaque))
}

/// The call and what travels with it, when `encrypted_content` that a client sends is that.
pub(crate) fn call_from_client(value: &str) -> Option<(String, Opaque<'_>)> {
    let (id, value) = split_call(value)?;
    let id = id.replace("%3A", ":").replace("%25", "%");
    Some((id, unmark(Cow::Borrowed(value))))
}

/// What `encrypted_content` that a client sends is.
pub(crate) fn from_client(value: Text<'_>) -> Opaque<'_> {
    match split_call(&value) {
        Some((_, inner)) => unmark(inner.to_owned().into()),
        None => unmark(value),
    }
}

fn split_call(value: &str) -> Option<(&str, &str)> {
    value.strip_prefix(CALL)?.split_once(':')
}

fn unmark(value: Text<'_>) -> Opaque<'_> {
    for (kind, mark) in MARKS {
        if let Some(inner) = strip(&value, mark) {
            return Opaque { value: inner, kind };
        }
    }
    Opaque {
        value,
        kind: OpaqueKind::Encrypted,
    }
}

fn strip<'a>(value: &Text<'a>, mark: &str) -> Option<Text<'a>> {
    match value {
        Cow::Borrowed(text) => text.strip_prefix(mark).map(Cow::Borrowed),
        Cow::Owned(text) => text.strip_prefix(mark).map(|text| text.to_owned().into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_travels_comes_back() {
        for kind in [
            OpaqueKind::Signature,
            OpaqueKind::Redacted,
            OpaqueKind::ThoughtSignature,
            OpaqueKind::Encrypted,
        ] {
            let opaque = Opaque {
                value: "a:b%".into(),
                kind,
            };
            assert_eq!(from_client(to_client(&opaque)), opaque);
            let marked = of_call("call:1%3A", &opaque);
            assert_eq!(
                call_from_client(&marked),
                Some(("call:1%3A".to_owned(), opaque))
            );
        }
        assert_eq!(call_from_client("gAAAA"), None);
        let alone = from_client("weir:call:c:weir:thought:x".into());
        assert_eq!(
            (alone.value.as_ref(), alone.kind),
            ("x", OpaqueKind::ThoughtSignature)
        );
    }
}
