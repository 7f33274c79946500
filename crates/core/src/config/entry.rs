//! The form of one entry of the catalogue, and how paths of the file find their entry.

use super::catalogue::{IGNORED, Ignored, SECTIONS, entries};
use super::kind::Kind;

/// One setting. All that weir knows of it is here: how it is named, read, checked, shown and
/// explained.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Entry {
    /// The path in the file; `*` stands for a provider's name.
    pub(crate) path: &'static str,
    /// The environment variables that set it, the strongest first.
    pub(crate) env: &'static [Variable],
    /// Other paths that set it.
    pub(crate) aliases: &'static [Alias],
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

impl Entry {
    /// Whether whoever may use the API must not change it, as that would make more of the API than
    /// it is: a way to read and write files, to have configured credentials sent to a server of
    /// one's own, or to let others in.
    pub(crate) fn guards(&self) -> bool {
        const SECTIONS: [&str; 4] = ["auth.", "events.sinks.", "server.auth.", "server.tls."];
        const PATHS: [&str; 18] = [
            "cache.redis_url",
            "events.redis_url",
            "shared.redis_url",
            "dashboard.transcripts",
            "server.host",
            "server.listen",
            "server.trust_proxy",
            "server.trusted_proxies",
            "server.allowed_hosts",
            "server.cors.allowed_origins",
            "logging.output",
            "projects.database_url",
            "providers.*.azure_authority",
            "providers.*.azure_resource_name",
            "providers.*.base_url",
            "providers.*.client_credentials",
            "storage.database_url",
            "subagents.roots",
        ];
        matches!(self.kind, Kind::Text { form: "path", .. })
            || PATHS.contains(&self.path)
            || self.path.ends_with(".proxy")
            || SECTIONS
                .iter()
                .any(|section| self.path.starts_with(section))
    }
}

/// Another path that sets an entry: its name in cc-relay.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Alias {
    /// The path.
    pub(crate) path: &'static str,
    /// Whether a span without a unit is in milliseconds.
    pub(crate) ms: bool,
}

/// An alias that is read as its entry is.
pub(crate) const fn alias(path: &'static str) -> Alias {
    Alias { path, ms: false }
}

impl Alias {
    /// The same for a span in milliseconds.
    pub(crate) const fn ms(self) -> Self {
        Self { ms: true, ..self }
    }

    /// What its value must be.
    pub(crate) fn kind(self, entry: &Entry) -> Kind {
        match entry.kind {
            Kind::Duration { min } if self.ms => Kind::Millis { min },
            kind => kind,
        }
    }

    /// Whether a text leaves the setting at its default, as numbers not above zero do in cc-relay.
    pub(crate) fn leaves_default(self, entry: &Entry, text: &str) -> bool {
        let number = text.trim().parse::<i64>().ok();
        match entry.kind {
            Kind::Integer { .. } => number == Some(0),
            Kind::Duration { .. } | Kind::Millis { .. } => number.is_some_and(|number| number <= 0),
            _ => false,
        }
    }
}

/// An environment variable that sets an entry.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Variable {
    /// Its name.
    pub(crate) name: &'static str,
    /// Whose setting it is.
    pub(crate) of: Whose,
}

/// Which provider a variable is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Whose {
    /// None: the entry is outside `providers`.
    Nobodys,
    /// The provider of this name.
    Named(&'static str),
    /// Every provider of this type.
    Type(&'static str),
}

/// A variable for an entry outside `providers`.
pub(crate) const fn var(name: &'static str) -> Variable {
    Variable {
        name,
        of: Whose::Nobodys,
    }
}

/// A variable for one provider's entry.
pub(crate) const fn var_of(provider: &'static str, name: &'static str) -> Variable {
    Variable {
        name,
        of: Whose::Named(provider),
    }
}

/// A variable for an entry of every provider of a type.
pub(crate) const fn var_of_type(provider_type: &'static str, name: &'static str) -> Variable {
    Variable {
        name,
        of: Whose::Type(provider_type),
    }
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
        aliases: &[],
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

    pub(crate) const fn aliases(mut self, aliases: &'static [Alias]) -> Self {
        self.aliases = aliases;
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

    /// Whether it belongs to each provider.
    pub(crate) fn is_of_provider(&self) -> bool {
        self.path.starts_with("providers.")
    }

    /// Whether it belongs to each key of a provider.
    pub(crate) fn is_of_key(&self) -> bool {
        self.path.starts_with("providers.*.keys.")
    }

    /// Whether it belongs to each sink.
    pub(crate) fn is_of_sink(&self) -> bool {
        self.path.starts_with("events.sinks.")
    }

    /// The path without its last part.
    pub(crate) fn section(&self) -> &'static str {
        self.path
            .rsplit_once('.')
            .map_or("", |(section, _)| section)
    }
}

/// The path with the name of a provider or a sink and a key's position replaced by `*`.
pub(crate) fn pattern(path: &str) -> String {
    let mut parts: Vec<&str> = path.split('.').collect();
    match parts.as_mut_slice() {
        ["providers", name, rest @ ..] => {
            *name = "*";
            if let ["keys", position, ..] = rest
                && key_position(position).is_some()
            {
                *position = "*";
            }
        }
        ["events", "sinks", name, ..] => *name = "*",
        _ => {}
    }
    parts.join(".")
}

/// A key's position as it stands in a path, from 0.
pub(crate) fn key_position(text: &str) -> Option<usize> {
    /// Far more keys than anyone has, and few enough to make room for.
    const MOST: usize = 1000;
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    digits
        .then(|| text.parse().ok())
        .flatten()
        .filter(|position| *position < MOST)
}

/// The provider's name in a path.
pub(crate) fn provider_of(path: &str) -> Option<&str> {
    let rest = path.strip_prefix("providers.")?;
    Some(rest.split_once('.').map_or(rest, |(name, _)| name))
}

/// The sink's name in a path.
pub(crate) fn sink_of(path: &str) -> Option<&str> {
    let rest = path.strip_prefix("events.sinks.")?;
    Some(rest.split_once('.').map_or(rest, |(name, _)| name))
}

/// The key's position in a path.
pub(crate) fn key_of(path: &str) -> Option<usize> {
    let mut parts = path.split('.').skip(2);
    (parts.next() == Some("keys"))
        .then(|| parts.next().and_then(key_position))
        .flatten()
}

/// The entry that a path names, by its own name or another.
pub(crate) fn find(path: &str) -> Option<&'static Entry> {
    let pattern = pattern(path);
    entries().find(|entry| {
        entry.path == pattern || entry.aliases.iter().any(|alias| alias.path == pattern)
    })
}

/// The key without use that a path names.
pub(crate) fn ignored(path: &str) -> Option<&'static Ignored> {
    let pattern = pattern(path);
    IGNORED.iter().find(|ignored| ignored.path == pattern)
}

/// Whether a path names a section.
pub(crate) fn is_section(path: &str) -> bool {
    let inside = pattern(path) + ".";
    every_path().any(|known| known.starts_with(&inside))
}

/// The names that may stand directly in a section (`""` is the file itself), without `*`.
pub(crate) fn children(section: &str) -> impl Iterator<Item = &'static str> {
    let section = pattern(section);
    let child = move |path: &'static str| {
        let inside = match section.as_str() {
            "" => path,
            section => path.strip_prefix(section)?.strip_prefix('.')?,
        };
        let name = inside.split_once('.').map_or(inside, |(name, _)| name);
        (name != "*").then_some(name)
    };
    every_path().filter_map(child)
}

/// Every path that a file may set, ours first.
fn every_path() -> impl Iterator<Item = &'static str> {
    let sections = SECTIONS.iter().map(|(path, _)| *path);
    let aliases = entries().flat_map(|entry| entry.aliases.iter().map(|alias| alias.path));
    sections
        .chain(entries().map(|entry| entry.path))
        .chain(aliases)
        .chain(IGNORED.iter().map(|ignored| ignored.path))
}
