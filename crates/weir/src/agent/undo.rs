//! What weir has set in an agent's settings and what stood there before, kept beside them: only
//! that tells weir's entries from the user's own when they are to go.

use std::fs;
use std::path::Path;

use anyhow::Context as _;
use serde::{Deserialize, Serialize};

use super::change::{beside, write_beside};
use super::{Entry, Name};

/// What it is kept under, beside the settings.
const UNDO: &str = "weir-undo";
/// What a Claude Code that has no token of weir's is given, so that it does not ask for a login.
pub(crate) const NO_TOKEN: &str = "managed-by-weir";

/// One entry.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Undo {
    /// Where it stands.
    pub path: Vec<String>,
    /// What weir has set.
    pub set: String,
    /// What stood there before.
    pub before: Option<String>,
}

impl Undo {
    /// Those that are kept beside a file; none when weir has set nothing there.
    ///
    /// # Errors
    /// When they cannot be read.
    pub(super) fn kept(file: &Path) -> anyhow::Result<Option<Vec<Self>>> {
        let name = beside(file, UNDO);
        let failed = || format!("{}: cannot be read", name.display());
        match fs::read(&name) {
            Ok(bytes) => Ok(Some(serde_json::from_slice(&bytes).with_context(failed)?)),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error).with_context(failed),
        }
    }

    /// Those of a setup that was made by hand, or is not known any more: what weir would set.
    pub(super) fn guessed(
        agent: Name,
        text: &str,
        (url, token): (&str, Option<&str>),
    ) -> Vec<Self> {
        let entries = agent.entries(url, Some(token.unwrap_or(NO_TOKEN)));
        let asks_weir = entries.iter().filter(|entry| entry.value.starts_with(url));
        let asks_weir = asks_weir
            .filter_map(|entry| agent.value(text, entry.path).ok()?)
            .any(|value| value.trim_end_matches('/').starts_with(url));
        let entries = entries.into_iter().filter(|_| asks_weir);
        entries
            .map(|entry| Self {
                path: entry.path.iter().map(|&step| step.to_owned()).collect(),
                set: entry.value,
                before: None,
            })
            .collect()
    }

    /// Those of a setup, which may be another one on top of `kept`.
    ///
    /// # Errors
    /// When the text is not what the agent's settings are.
    pub(super) fn of(
        agent: Name,
        text: &str,
        entries: &[Entry],
        kept: Vec<Self>,
    ) -> anyhow::Result<Vec<Self>> {
        let mut all = kept;
        for entry in entries {
            let present = agent.value(text, entry.path)?;
            let known = all.iter_mut().find(|undo| undo.is_at(entry));
            match known {
                // The user has set something else since.
                Some(undo) if present.as_ref() != Some(&undo.set) => {
                    undo.before = present.filter(|value| *value != entry.value);
                    undo.set.clone_from(&entry.value);
                }
                Some(undo) => undo.set.clone_from(&entry.value),
                None => all.push(Self {
                    path: entry.path.iter().map(|&step| step.to_owned()).collect(),
                    set: entry.value.clone(),
                    before: present.filter(|value| *value != entry.value),
                }),
            }
        }
        Ok(all)
    }

    /// Keeps them beside a file.
    ///
    /// # Errors
    /// When they cannot be written.
    pub(super) fn keep(all: &[Self], file: &Path) -> anyhow::Result<()> {
        write_beside(file, UNDO, &serde_json::to_string_pretty(all)?)
    }

    /// Forgets them.
    pub(super) fn forget(file: &Path) {
        let _missing = fs::remove_file(beside(file, UNDO)).is_err();
    }

    fn is_at(&self, entry: &Entry) -> bool {
        self.path
            .iter()
            .map(String::as_str)
            .eq(entry.path.iter().copied())
    }

    /// What weir has set, as entries.
    pub(super) fn entries(all: &[Self], agent: Name) -> Vec<Entry> {
        let places = agent.entries("", Some(""));
        let of = |place: Entry| {
            let undo = all.iter().find(|undo| undo.is_at(&place))?;
            Some(Entry {
                value: undo.set.clone(),
                ..place
            })
        };
        places.into_iter().filter_map(of).collect()
    }

    /// What is to be put back, and what is to go. What the user has changed since is neither.
    ///
    /// # Errors
    /// When the text is not what the agent's settings are.
    pub(super) fn split(
        all: &[Self],
        agent: Name,
        text: &str,
    ) -> anyhow::Result<(Vec<Entry>, Vec<Entry>)> {
        let (mut back, mut gone) = (Vec::new(), Vec::new());
        for entry in Self::entries(all, agent) {
            if agent.value(text, entry.path)?.as_ref() != Some(&entry.value) {
                continue;
            }
            let undo = all.iter().find(|undo| undo.is_at(&entry));
            match undo.and_then(|undo| undo.before.as_ref()) {
                Some(before) => back.push(Entry {
                    value: before.clone(),
                    ..entry
                }),
                None => gone.push(entry),
            }
        }
        Ok((back, gone))
    }
}
