//! Amazon's two shared files, `config` and `credentials`, as far as credentials need them.

use std::collections::BTreeMap;

/// The settings of a section by name.
pub(super) type Section = BTreeMap<String, String>;

/// Both files' profiles, and the sessions that profiles refer to.
#[derive(Debug, Default)]
pub(super) struct Shared {
    profiles: BTreeMap<String, Section>,
    sessions: BTreeMap<String, Section>,
}

impl Shared {
    /// Reads both; where both have a setting, the `credentials` file's counts.
    pub(super) fn read(config: &str, credentials: &str) -> Self {
        let mut shared = Self::default();
        for (title, section) in sections(config) {
            match title.split_once(char::is_whitespace) {
                Some(("profile", name)) => shared.profile(name.trim(), section),
                Some(("sso-session", name)) => {
                    shared.sessions.insert(name.trim().to_owned(), section);
                }
                Some(_) => {}
                // Every other profile of this file has the word in front.
                None if title == "default" => shared.profile("default", section),
                None => {}
            }
        }
        for (title, section) in sections(credentials) {
            shared.profile(&title, section);
        }
        shared
    }

    fn profile(&mut self, name: &str, section: Section) {
        self.profiles
            .entry(name.to_owned())
            .or_default()
            .extend(section);
    }

    /// A profile's settings.
    pub(super) fn find(&self, name: &str) -> Option<&Section> {
        self.profiles.get(name)
    }

    /// An `sso-session`'s settings.
    pub(super) fn session(&self, name: &str) -> Option<&Section> {
        self.sessions.get(name)
    }
}

/// `[title]` lines and the `name = value` lines below them. Indented lines belong to a nested
/// setting, which none of ours is; what cannot be understood is passed over.
fn sections(text: &str) -> Vec<(String, Section)> {
    let mut found: Vec<(String, Section)> = Vec::new();
    for line in text.lines() {
        if line.starts_with([' ', '\t', '#', ';']) {
            continue;
        }
        let line = line.trim_end();
        if let Some(rest) = line.strip_prefix('[') {
            let title = rest.split(']').next().unwrap_or_default();
            found.push((title.trim().to_owned(), Section::new()));
        } else if let (Some((name, value)), Some((_, section))) =
            (line.split_once('='), found.last_mut())
        {
            let value = without_comment(value).trim();
            section.insert(name.trim().to_ascii_lowercase(), value.to_owned());
        }
    }
    found
}

/// A comment begins with white space and `#` or `;`.
fn without_comment(value: &str) -> &str {
    let ends = [" #", " ;", "\t#", "\t;"];
    let end = ends.iter().filter_map(|mark| value.find(mark)).min();
    end.and_then(|end| value.get(..end)).unwrap_or(value)
}
