//! From what the operator wrote to [`Settings`]: file text, environment and command line in, the
//! checked settings and where each value came from out, or every fault at once. Reading files and
//! variables is the caller's work.

mod auth;
mod catalogue;
mod check;
mod checks;
mod derive;
mod entry;
mod events;
mod expand;
mod fault;
mod flatten;
mod kind;
mod projects;
mod providers;
mod read;
mod reference;
mod resolve;
mod routing;
mod sample;
mod schema;
mod sinks;
mod suggest;
mod toml;
mod tree;
mod yaml;

use std::collections::BTreeMap;
use std::fmt;

use xxhash_rust::xxh3::xxh3_64;

pub use checks::{base_url, proxy};
pub use fault::{Fault, Place};
pub use reference::reference_markdown;
pub use sample::init_file;
pub use schema::json_schema;
pub(crate) use yaml::front_matter;

use crate::settings::Settings;
use check::Findings;
use kind::Value;
use resolve::{Resolved, Slot};
use tree::{At, Malformed, Node, Shape};

/// Names a configuration file may have, in the order they are looked for.
pub const FILE_NAMES: [&str; 3] = ["weir.yaml", "weir.yml", "weir.toml"];

/// What the text of a configuration is written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// YAML 1.2, without aliases and tags.
    Yaml,
    /// TOML 1.1.
    Toml,
}

impl Format {
    /// The format that a file's name says, by its ending; none if it says neither.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        let (_, ending) = name.rsplit_once('.')?;
        match ending.to_ascii_lowercase().as_str() {
            "yaml" | "yml" => Some(Self::Yaml),
            "toml" => Some(Self::Toml),
            _ => None,
        }
    }
}

/// The text of a configuration file.
#[derive(Clone, Copy, Debug)]
pub struct SourceText<'a> {
    /// What faults call it, usually the path.
    pub name: &'a str,
    /// What it is written in.
    pub format: Format,
    /// The text, at most 1 MiB.
    pub text: &'a str,
}

/// A configuration that can be used.
#[derive(Clone, Debug)]
pub struct Loaded {
    /// The settings.
    pub settings: Settings,
    /// Every setting with its value and origin, in the order of the reference.
    pub report: Vec<Effective>,
    /// What is odd but stops nothing, each a sentence.
    pub warnings: Vec<String>,
    /// A hash of every value, secret or not, to tell what a newer configuration changes.
    values: Vec<(String, u64)>,
}

impl Loaded {
    /// The paths that differ from `self` in `newer`, one that has come or gone included.
    #[must_use]
    pub fn changed(&self, newer: &Self) -> Vec<String> {
        let old: BTreeMap<_, _> = self
            .values
            .iter()
            .map(|(path, hash)| (path, hash))
            .collect();
        let new: BTreeMap<_, _> = newer
            .values
            .iter()
            .map(|(path, hash)| (path, hash))
            .collect();
        let came = newer
            .values
            .iter()
            .filter(|(path, hash)| old.get(path) != Some(&hash));
        let gone = self
            .values
            .iter()
            .filter(|(path, _)| !new.contains_key(path));
        came.chain(gone).map(|(path, _)| path.clone()).collect()
    }

    /// The paths that differ from `self` in `newer` and take effect only with a restart.
    #[must_use]
    pub fn needs_restart(&self, newer: &Self) -> Vec<String> {
        let changed = |new: &&Effective| {
            let old = self.report.iter().find(|old| old.path == new.path);
            !new.live && old.is_none_or(|old| old.value != new.value)
        };
        newer
            .report
            .iter()
            .filter(changed)
            .map(|new| new.path.clone())
            .collect()
    }
}

/// One setting as it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Effective {
    /// Such as `server.port`.
    pub path: String,
    /// The value as it could stand in the file; `***` for a credential that is set, none for a
    /// setting that is not.
    pub value: Option<String>,
    /// Where it came from.
    pub source: Source,
    /// Whether a reload applies a change; otherwise a restart does.
    pub live: bool,
}

/// Which layer a value came from, the strongest last.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// Nobody set it.
    Default,
    /// The configuration file.
    File {
        /// The line of the value, from 1.
        line: u32,
    },
    /// An edit that is kept in the database.
    Stored,
    /// An environment variable.
    Env(&'static str),
    /// The command line.
    Flag,
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::File { line } => write!(f, "file, line {line}"),
            Self::Stored => f.write_str("stored"),
            Self::Env(name) => write!(f, "environment {name}"),
            Self::Flag => f.write_str("command line"),
        }
    }
}

/// The environment, and what faults call the file.
#[derive(Clone, Copy)]
struct Env<'a> {
    get: &'a dyn Fn(&str) -> Option<String>,
    file: &'a str,
}

/// Makes settings of a file's text, the environment and the overrides of the command line (path
/// and value, the last of a path wins). The command line wins over the environment, that over the
/// file, that over the defaults. An empty variable counts as unset.
///
/// # Errors
/// Every fault found, in the order of the file first. A text that is not of its format has only
/// its syntax faults.
pub fn load(
    source: Option<SourceText<'_>>,
    env: &dyn Fn(&str) -> Option<String>,
    overrides: &[(String, String)],
) -> Result<Loaded, Vec<Fault>> {
    load_edited(source, env, overrides, &[])
}

/// The same with the edits that people made at run time (path and value), which win over the file
/// and over nothing else. There are none of secrets and of where the database is.
///
/// # Errors
/// As [`load`]; an edit of a path that there is not, or that cannot be edited so, is a fault.
pub fn load_edited(
    source: Option<SourceText<'_>>,
    env: &dyn Fn(&str) -> Option<String>,
    overrides: &[(String, String)],
    stored: &[(String, String)],
) -> Result<Loaded, Vec<Fault>> {
    let name = source.map_or("", |source| source.name);
    let root = match source {
        Some(source) => parse(source)?,
        None => Node {
            at: At::new(1, 1),
            shape: Shape::Null,
        },
    };
    let around = Env {
        get: env,
        file: name,
    };
    let flat = flatten::flatten(root, around);
    let (mut values, faults, mut warnings) = resolve::resolve(flat, around, overrides, stored);
    warnings.extend(without_effect(env));
    let mut found = Findings { faults, warnings };
    let settings = check::check(&mut values, &mut found);
    if found.faults.is_empty() {
        Ok(Loaded {
            settings,
            report: report(&values),
            values: hashes(&values),
            warnings: found.warnings,
        })
    } else {
        found.faults.sort_by_key(|fault| match fault.place {
            Place::File { line, column, .. } => (0, line, column),
            Place::Stored => (1, 0, 0),
            Place::Env(_) => (2, 0, 0),
            Place::Flag => (3, 0, 0),
            Place::Settings => (4, 0, 0),
        });
        Err(found.faults)
    }
}

fn parse(source: SourceText<'_>) -> Result<Node, Vec<Fault>> {
    let fault = |wrong: Malformed| Fault::new(wrong.at.place(source.name), "", wrong.message);
    if source.text.len() > tree::MAX_TEXT {
        let message = format!("longer than {}", kind::size_text(tree::MAX_TEXT as u64));
        return Err(vec![fault(Malformed::new(At::new(1, 1), message))]);
    }
    let text = source.text.strip_prefix('\u{feff}').unwrap_or(source.text);
    match source.format {
        Format::Yaml => yaml::parse(text).map_err(|wrong| vec![fault(wrong)]),
        Format::Toml => toml::parse(text).map_err(|wrong| wrong.into_iter().map(fault).collect()),
    }
}

/// Warns of variables that other gateways obey and this version does not.
fn without_effect(env: &dyn Fn(&str) -> Option<String>) -> Vec<String> {
    let set = |(name, harmless): &&(&str, &[&str])| {
        env(name).is_some_and(|value| !value.is_empty() && !harmless.contains(&value.as_str()))
    };
    let names = catalogue::WITHOUT_EFFECT.iter().filter(set);
    names
        .map(|(name, _)| format!("{name} is set but has no effect in this version"))
        .collect()
}

fn hashes(values: &Resolved) -> Vec<(String, u64)> {
    let of_use = values.slots.iter().filter(|slot| is_of_use(values, slot));
    of_use
        .map(|slot| {
            let text = format!("{:?}", slot.value);
            (slot.path.clone(), xxh3_64(text.as_bytes()))
        })
        .collect()
}

/// Whether a setting is worth showing: it is set, or could be used.
fn is_of_use(values: &Resolved, slot: &Slot) -> bool {
    providers::is_of_use(values, slot) && sinks::is_of_use(values, slot)
}

fn report(values: &Resolved) -> Vec<Effective> {
    values
        .slots
        .iter()
        .filter(|slot| is_of_use(values, slot))
        .map(|slot| Effective {
            path: slot.path.clone(),
            value: shown(slot),
            source: match &slot.place {
                None | Some(Place::Settings) => Source::Default,
                Some(Place::File { line, .. }) => Source::File { line: *line },
                Some(Place::Stored) => Source::Stored,
                Some(Place::Env(name)) => Source::Env(name),
                Some(Place::Flag) => Source::Flag,
            },
            live: slot.entry.live,
        })
        .collect()
}

/// A value as it may be shown; none when it is not set.
fn shown(slot: &Slot) -> Option<String> {
    let value = slot.value.as_ref()?;
    let empty = match value {
        Value::Text(text) => text.is_empty(),
        Value::List(items) => items.is_empty(),
        Value::Map(pairs) => pairs.is_empty(),
        Value::Bool(_) | Value::Integer(_) | Value::Duration(_) => false,
    };
    if empty {
        return None;
    }
    if slot.entry.secret {
        return Some("***".to_owned());
    }
    Some(without_userinfo(&slot.entry.kind.write(value)))
}

/// Hides the user name and password of a proxy's address.
fn without_userinfo(text: &str) -> String {
    match (text.split_once("://"), text.rsplit_once('@')) {
        (Some((scheme, _)), Some((_, rest))) => format!("{scheme}://***@{rest}"),
        _ => text.to_owned(),
    }
}

#[cfg(test)]
mod generated_tests;
#[cfg(test)]
mod tests;
