//! The form of one entry of the catalogue, and how paths of the file find their entry.

use super::catalogue::{CATALOGUE, SECTIONS};
use super::kind::Kind;

/// One setting. All that weir knows of it is here: how it is named, read, checked, shown and
/// explained.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Entry {
    /// The path in the file; `*` stands for a provider's name.
    pub(crate) path: &'static str,
    /// The environment variables that set it, the strongest first.
    pub(crate) env: &'static [Variable],
    /// What it holds.
    pub(crate) kind: Kind,
    /// What it is when nobody says; empty for "not set".
    pub(crate) default: &'static str,
    /// Defaults that depend on the provider's type, as (type, value).
    pub(crate) by_type: &'static [(&'static str, &'static str)],
    /// A value to show where there is no default.
    pub(crate) example: &'static str,
    /// What it does, in Markdown, with unit and meaning of zero.
    pub(crate) doc: &'static str,
    /// Whether its value is a credential, which is never shown.
    pub(crate) secret: bool,
    /// Whether a reload applies it; otherwise a restart does.
    pub(crate) live: bool,
}

/// An environment variable that sets an entry.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Variable {
    /// Its name.
    pub(crate) name: &'static str,
    /// The provider whose setting it is; empty outside `providers`.
    pub(crate) provider: &'static str,
}

/// A variable for an entry outside `providers`.
pub(crate) const fn var(name: &'static str) -> Variable {
    Variable { name, provider: "" }
}

/// A variable for one provider's entry.
pub(crate) const fn var_of(provider: &'static str, name: &'static str) -> Variable {
    Variable { name, provider }
}

/// An entry that a reload applies, without variables or secrets.
pub(crate) const fn entry(
    path: &'static str,
    kind: Kind,
    default: &'static str,
    doc: &'static str,
) -> Entry {
    Entry {
        path,
        env: &[],
        kind,
        default,
        by_type: &[],
        example: "",
        doc,
        secret: false,
        live: true,
    }
}

impl Entry {
    pub(crate) const fn env(mut self, env: &'static [Variable]) -> Self {
        self.env = env;
        self
    }

    pub(crate) const fn by_type(
        mut self,
        by_type: &'static [(&'static str, &'static str)],
    ) -> Self {
        self.by_type = by_type;
        self
    }

    pub(crate) const fn example(mut self, example: &'static str) -> Self {
        self.example = example;
        self
    }

    pub(crate) const fn secret(mut self) -> Self {
        self.secret = true;
        self
    }

    pub(crate) const fn restart(mut self) -> Self {
        self.live = false;
        self
    }

    /// The default for a provider of this type (any type outside `providers`); empty for none.
    pub(crate) fn default_for(&self, provider_type: &str) -> &'static str {
        let by_type = self.by_type.iter().find(|(name, _)| *name == provider_type);
        by_type.map_or(self.default, |(_, value)| value)
    }

    /// The last part of the path.
    pub(crate) fn name(&self) -> &'static str {
        self.path
            .rsplit_once('.')
            .map_or(self.path, |(_, name)| name)
    }

    /// The path without its last part.
    pub(crate) fn section(&self) -> &'static str {
        self.path
            .rsplit_once('.')
            .map_or("", |(section, _)| section)
    }
}

/// The path with a provider's name replaced by `*`.
pub(crate) fn pattern(path: &str) -> String {
    match path.strip_prefix("providers.") {
        None => path.to_owned(),
        Some(rest) => match rest.split_once('.') {
            None => "providers.*".to_owned(),
            Some((_, rest)) => format!("providers.*.{rest}"),
        },
    }
}

/// The provider's name in a path.
pub(crate) fn provider_of(path: &str) -> Option<&str> {
    let rest = path.strip_prefix("providers.")?;
    Some(rest.split_once('.').map_or(rest, |(name, _)| name))
}

/// The entry that a path names.
pub(crate) fn find(path: &str) -> Option<&'static Entry> {
    let pattern = pattern(path);
    CATALOGUE.iter().find(|entry| entry.path == pattern)
}

/// Whether a path names a section.
pub(crate) fn is_section(path: &str) -> bool {
    let pattern = pattern(path);
    SECTIONS.iter().any(|(section, _)| *section == pattern)
}

/// The names that may stand directly in a section (`""` is the file itself), without `*`.
pub(crate) fn children(section: &str) -> impl Iterator<Item = &'static str> {
    let section = pattern(section);
    let child = move |path: &'static str| match path.rsplit_once('.') {
        Some((parent, name)) => (parent == section && name != "*").then_some(name),
        None => section.is_empty().then_some(path),
    };
    let paths = SECTIONS
        .iter()
        .map(|(path, _)| *path)
        .chain(CATALOGUE.iter().map(|entry| entry.path));
    paths.filter_map(child)
}
