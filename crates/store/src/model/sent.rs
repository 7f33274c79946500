//! What went upstream, as the API says it: and in what it differs from what the client sent.

use serde::Serialize;
use utoipa::ToSchema;

use super::{Headers, words};

/// What went to the provider that answered, or to the last that was tried.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct SentLog {
    /// The address, credentials blotted out.
    pub url: String,
    /// The headers as they went out, credentials blotted out.
    #[schema(value_type = std::collections::BTreeMap<String, Vec<String>>)]
    pub headers: Headers,
    /// In what they differ from the client's, by name.
    pub changes: Vec<HeaderChange>,
    /// What became of the body.
    pub body: SentBodyLog,
}

/// A header that is not the client's.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct HeaderChange {
    /// Its name.
    pub name: String,
    /// `added`, `removed` or `changed`.
    #[schema(schema_with = words::header_changes)]
    pub kind: &'static str,
    /// What the client sent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    /// What went out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub to: Option<String>,
}

/// What became of the body.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct SentBodyLog {
    /// `identical`: every byte is the client's. `edited`: all but those of `edits` are.
    /// `translated`: it was said anew in another dialect. `unknown`: that was not kept.
    #[schema(schema_with = words::verdicts)]
    pub verdict: &'static str,
    /// The places where it differs, in order.
    pub edits: Vec<SentEdit>,
    /// Its length, in bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub size: Option<u64>,
}

/// A place where a body differs from the client's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct SentEdit {
    /// Where in the client's body, in bytes.
    pub at: u64,
    /// Bytes of the client's that are gone.
    pub removed: u64,
    /// Bytes that stand there instead.
    pub inserted: u64,
}

/// In what `sent` differs from `received`, by name.
#[must_use]
pub fn header_changes(received: &Headers, sent: &Headers) -> Vec<HeaderChange> {
    let change = |name: &String, kind, from: Option<&Vec<String>>, to: Option<&Vec<String>>| {
        let join = |values: &Vec<String>| values.join(", ");
        HeaderChange {
            name: name.clone(),
            kind,
            from: from.map(join),
            to: to.map(join),
        }
    };
    let mut changes: Vec<_> = received
        .iter()
        .filter_map(|(name, from)| match sent.get(name) {
            None => Some(change(name, "removed", Some(from), None)),
            Some(to) if to != from => Some(change(name, "changed", Some(from), Some(to))),
            Some(_) => None,
        })
        .collect();
    let added = sent
        .iter()
        .filter(|(name, _)| !received.contains_key(*name));
    changes.extend(added.map(|(name, to)| change(name, "added", None, Some(to))));
    changes.sort_by(|a, b| a.name.cmp(&b.name));
    changes
}
