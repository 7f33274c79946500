//! The table of what is known of providers and models, and how a request finds its profile there.
//!
//! The table's own file is [`TABLE`]; what format it is in is its reader's business.

use serde::Deserialize;
use serde_json::{Map, Value};

use super::Profile;

/// What is known, as TOML: to be read into a [`Table`].
pub const TABLE: &str = include_str!("profiles.toml");

/// Entries, to be looked up by a provider's address and a model's name.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Table {
    /// The entries; later ones win over earlier ones that match as closely.
    #[serde(default)]
    pub profile: Vec<Entry>,
}

/// What is known of some providers, some models or some models of some providers.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    /// By what name it can be asked for, besides by address.
    pub name: Option<String>,
    /// Addresses, with `*` for any text; with a port where that is what tells. None are all.
    #[serde(default)]
    pub hosts: Vec<String>,
    /// Models, with `*` for any text. None are all.
    #[serde(default)]
    pub models: Vec<String>,
    /// Whether to begin with what OpenAI's own model of that name can do.
    #[serde(default)]
    pub openai: bool,
    /// Fields of [`Profile`] that differ.
    #[serde(default)]
    pub set: Map<String, Value>,
}

/// An entry that sets what a profile does not have.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("profile {entry}: {message}")]
pub struct TableFault {
    /// Its number, from 0.
    pub entry: usize,
    /// What is wrong.
    pub message: String,
}

impl Table {
    /// Adds entries of the user's, which win over those that match as closely.
    ///
    /// # Errors
    ///
    /// An entry that sets a field which a profile does not have, or to what it cannot be.
    pub fn extend(&mut self, more: Table) -> Result<(), TableFault> {
        more.check()?;
        self.profile.extend(more.profile);
        Ok(())
    }

    /// Sees that every entry can be used.
    ///
    /// # Errors
    ///
    /// As for [`Table::extend`].
    pub fn check(&self) -> Result<(), TableFault> {
        for (entry, known) in self.profile.iter().enumerate() {
            let fault = |error: serde_json::Error| TableFault {
                entry,
                message: error.to_string(),
            };
            known.over(Profile::generic(), "").map_err(fault)?;
        }
        Ok(())
    }

    /// What is known of `model` at `authority`, an address with or without a port. Everything that
    /// matches is laid over the generic profile, the longest match last: first by address, then by
    /// model. It is made anew at every call.
    #[must_use]
    pub fn find(&self, authority: &str, model: &str) -> Profile {
        let host = authority
            .rsplit_once(':')
            .map_or(authority, |(host, _)| host);
        let fits = |pattern: &str| matches(pattern, authority) || matches(pattern, host);
        self.laid(model, |entry| longest(&entry.hosts, fits))
    }

    /// The same for providers of that name, wherever they are; none when there is no such name.
    #[must_use]
    pub fn named(&self, name: &str, model: &str) -> Option<Profile> {
        let known = |entry: &Entry| entry.name.as_deref() == Some(name);
        let any = self.profile.iter().any(known);
        any.then(|| {
            self.laid(model, |entry| match known(entry) {
                true => Some(1),
                false => entry
                    .hosts
                    .is_empty()
                    .then_some(0)
                    .filter(|_| entry.name.is_none()),
            })
        })
    }

    fn laid(&self, model: &str, place: impl Fn(&Entry) -> Option<usize>) -> Profile {
        let found = self.profile.iter().filter_map(|entry| {
            let models = longest(&entry.models, |pattern| matches(pattern, model))?;
            Some(((place(entry)?, models), entry))
        });
        let mut found: Vec<_> = found.collect();
        found.sort_by_key(|(length, _)| *length);
        found
            .into_iter()
            .fold(Profile::generic(), |so_far, (_, entry)| {
                let next = entry.over(so_far.clone(), model);
                next.unwrap_or(so_far)
            })
    }
}

impl Entry {
    /// Lays what it sets over a profile.
    fn over(&self, so_far: Profile, model: &str) -> Result<Profile, serde_json::Error> {
        let base = match self.openai {
            true => Profile::openai(model.rsplit('/').next().unwrap_or(model)),
            false => so_far,
        };
        if self.set.is_empty() {
            return Ok(base);
        }
        let mut fields = serde_json::to_value(base)?;
        for (key, value) in &self.set {
            // Groups of members are completed, other values replaced.
            match (fields.get_mut(key), value) {
                (Some(Value::Object(known)), Value::Object(more)) if key != "reasoning" => {
                    known.extend(more.clone());
                }
                (Some(known), value) => *known = value.clone(),
                (None, value) => fields[key] = value.clone(),
            }
        }
        serde_json::from_value(fields)
    }
}

/// The length of the longest pattern that fits, 0 where there are no patterns.
fn longest(patterns: &[String], fits: impl Fn(&str) -> bool) -> Option<usize> {
    if patterns.is_empty() {
        return Some(0);
    }
    let fitting = patterns.iter().filter(|pattern| fits(pattern));
    fitting.map(String::len).max()
}

/// Whether `text` is what `pattern` says, in small and capital letters alike.
fn matches(pattern: &str, text: &str) -> bool {
    let (pattern, text) = (pattern.to_ascii_lowercase(), text.to_ascii_lowercase());
    let mut pieces = pattern.split('*');
    let first = pieces.next().unwrap_or_default();
    let Some(mut rest) = text.strip_prefix(first) else {
        return false;
    };
    let mut pieces = pieces.peekable();
    if pieces.peek().is_none() {
        return rest.is_empty();
    }
    while let Some(piece) = pieces.next() {
        if pieces.peek().is_none() {
            return rest.ends_with(piece);
        }
        match rest.split_once(piece) {
            Some((_, after)) => rest = after,
            None => return false,
        }
    }
    true
}

#[cfg(test)]
mod tests;
