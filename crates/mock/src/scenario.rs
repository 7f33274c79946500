//! The little language that chooses an answer: `name[,key=value...]` in a header or
//! `[mock:name key=value ...]` in a prompt. It reads the words; what they mean is decided elsewhere.

use std::time::Duration;

/// A chosen scenario with its settings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Scenario {
    /// Lower case, with underscores.
    pub(crate) name: String,
    /// In the order given; keys may repeat.
    pub(crate) settings: Vec<(String, String)>,
    /// Settings from elsewhere, which count where `settings` say nothing.
    pub(crate) extra: Vec<(String, String)>,
    /// The text it was read from; names the counters of `count=`.
    pub(crate) source: String,
}

impl Scenario {
    /// Reads `name[,key=value...]`; blanks and semicolons separate as well as commas.
    pub(crate) fn parse(text: &str) -> Self {
        Words {
            rest: text,
            in_marker: false,
        }
        .scenario(text)
    }

    /// The first `[mock:...]` in a text.
    pub(crate) fn find(text: &str) -> Option<Self> {
        let at = text.find("[mock:")?;
        let rest = text.get(at + "[mock:".len()..)?;
        Some(
            Words {
                rest,
                in_marker: true,
            }
            .scenario(rest),
        )
    }

    /// The value of a setting; a bare key has the value `true`.
    pub(crate) fn get(&self, key: &str) -> Option<&str> {
        self.all_settings()
            .find(|(name, _)| *name == key)
            .map(|(_, value)| value)
    }

    /// Every setting, the scenario's own first.
    pub(crate) fn all_settings(&self) -> impl Iterator<Item = (&str, &str)> {
        let all = self.settings.iter().chain(&self.extra);
        all.map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// Whether a setting is there and not `0`, `false` or `no`.
    pub(crate) fn is_on(&self, key: &str) -> bool {
        self.get(key)
            .is_some_and(|value| !matches!(value, "0" | "false" | "no" | "off"))
    }

    /// A whole number, or the default when it is absent or none.
    pub(crate) fn number(&self, key: &str, default: u64) -> u64 {
        self.get(key)
            .and_then(|value| value.parse().ok())
            .unwrap_or(default)
    }

    /// Like `number`, for sizes and counts in memory.
    pub(crate) fn size(&self, key: &str, default: usize) -> usize {
        self.get(key)
            .and_then(|value| value.parse().ok())
            .unwrap_or(default)
    }

    /// Milliseconds.
    pub(crate) fn time(&self, key: &str, default_ms: u64) -> Duration {
        Duration::from_millis(self.number(key, default_ms))
    }
}

struct Words<'a> {
    rest: &'a str,
    in_marker: bool,
}

impl Words<'_> {
    fn scenario(mut self, source: &str) -> Scenario {
        let whole = self.rest;
        let name = self.bare(&['=', ',', ';', ' ', '\t', '\n']);
        let mut name = name.to_lowercase().replace('-', "_");
        if self.rest.starts_with('=') {
            // Settings alone; whoever asks for them decides what they belong to.
            name.clear();
            self.rest = whole;
        }
        let mut settings = Vec::new();
        while let Some(setting) = self.setting() {
            settings.push(setting);
        }
        let used = source.len() - self.rest.len();
        let source = source.get(..used).unwrap_or_default().trim().to_owned();
        Scenario {
            name,
            settings,
            extra: Vec::new(),
            source,
        }
    }

    fn setting(&mut self) -> Option<(String, String)> {
        self.rest = self
            .rest
            .trim_start_matches([',', ';', ' ', '\t', '\r', '\n']);
        if self.rest.is_empty() || (self.in_marker && self.rest.starts_with(']')) {
            return None;
        }
        let key = self.bare(&['=', ',', ';', ' ', '\t', '\n']).to_owned();
        let Some(rest) = self.rest.strip_prefix('=') else {
            return Some((key, "true".to_owned()));
        };
        self.rest = rest;
        let value = match self.rest.chars().next() {
            Some('"') => self.quoted(),
            Some('{' | '[') => self.json(),
            _ => self.bare(&[',', ';', ' ', '\t', '\n']).to_owned(),
        };
        Some((key, value))
    }

    fn bare(&mut self, stops: &[char]) -> &str {
        let ends = |c: char| stops.contains(&c) || (self.in_marker && c == ']');
        let end = self.rest.find(ends).unwrap_or(self.rest.len());
        let (word, rest) = self.rest.split_at(end);
        self.rest = rest;
        word
    }

    /// A quoted value; `\"`, `\\` and `\n` are understood.
    fn quoted(&mut self) -> String {
        let mut value = String::new();
        let mut escaped = false;
        let body = self.rest.get(1..).unwrap_or_default();
        for (at, c) in body.char_indices() {
            let is_escaped = escaped;
            escaped = !is_escaped && c == '\\';
            match (is_escaped, c) {
                (false, '\\') => {}
                (false, '"') => {
                    self.rest = body.get(at + 1..).unwrap_or_default();
                    return value;
                }
                (true, 'n') => value.push('\n'),
                _ => value.push(c),
            }
        }
        self.rest = "";
        value
    }

    /// A JSON value with its braces, as it stands.
    fn json(&mut self) -> String {
        let mut values =
            serde_json::Deserializer::from_str(self.rest).into_iter::<serde_json::Value>();
        let end = match values.next() {
            Some(Ok(_)) => values.byte_offset(),
            _ => self.rest.find([' ', ',']).unwrap_or(self.rest.len()),
        };
        let (value, rest) = self.rest.split_at(end);
        self.rest = rest;
        value.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(scenario: &Scenario, name: &str, settings: &[(&str, &str)]) {
        let given: Vec<_> = scenario
            .settings
            .iter()
            .map(|(key, value)| (key.as_str(), value.as_str()))
            .collect();
        assert_eq!((scenario.name.as_str(), given.as_slice()), (name, settings));
    }

    #[test]
    fn a_header_is_read() {
        check(&Scenario::parse("text"), "text", &[]);
        check(
            &Scenario::parse(r#"Stream-Error,after=3, type=x;force message="a, \"b\" ]""#),
            "stream_error",
            &[
                ("after", "3"),
                ("type", "x"),
                ("force", "true"),
                ("message", "a, \"b\" ]"),
            ],
        );
        check(&Scenario::parse(""), "", &[]);
        check(
            &Scenario::parse("limits=zero,input=3"),
            "",
            &[("limits", "zero"), ("input", "3")],
        );
    }

    #[test]
    fn the_first_marker_of_a_prompt_is_read_and_may_hold_another() {
        let text = r#"do it [mock:subagent prompt="[mock:tools]" arguments={"a":[1,"]"]} n=2] x"#;
        let found = Scenario::find(text).expect("there is a marker");
        check(
            &found,
            "subagent",
            &[
                ("prompt", "[mock:tools]"),
                ("arguments", r#"{"a":[1,"]"]}"#),
                ("n", "2"),
            ],
        );
        assert!(found.source.starts_with("subagent prompt=") && found.source.ends_with("n=2"));
        assert_eq!(Scenario::find("nothing [mock] here"), None);
        check(
            &Scenario::find("[mock:").expect("an unfinished marker counts"),
            "",
            &[],
        );
    }
}
