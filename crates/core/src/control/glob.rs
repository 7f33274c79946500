//! Patterns of allow-lists: `*` is any text without a slash, `?` one character, `[a-z]` a class.

use glob::{MatchOptions, Pattern};

/// Longest pattern, in bytes.
const MAX_LEN: usize = 512;
const OPTIONS: MatchOptions = MatchOptions {
    case_sensitive: true,
    require_literal_separator: true,
    require_literal_leading_dot: false,
};

/// Patterns of which one must match.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Globs(Box<[Pattern]>);

impl Globs {
    /// Reads patterns.
    ///
    /// # Errors
    /// What is wrong with the first that is none.
    pub(super) fn new(patterns: &[String]) -> Result<Self, String> {
        let read = |text: &String| {
            if text.is_empty() || text.len() > MAX_LEN {
                return Err(format!("a pattern has between 1 and {MAX_LEN} bytes"));
            }
            Pattern::new(text).map_err(|error| format!("`{text}` is no pattern: {}", error.msg))
        };
        Ok(Self(patterns.iter().map(read).collect::<Result<_, _>>()?))
    }

    /// Whether there are none.
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether the whole of `text` matches one.
    pub(super) fn matches(&self, text: &str) -> bool {
        self.0.iter().any(|one| one.matches_with(text, OPTIONS))
    }

    /// As they were written, for people.
    pub(super) fn written(&self) -> String {
        let all: Vec<&str> = self.0.iter().map(Pattern::as_str).collect();
        format!("[{}]", all.join(" "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_matches_the_whole_and_case_counts() {
        let globs =
            Globs::new(&["gpt-4o".into(), "gpt-4.1-*".into(), "o[1-4]-mini".into()]).unwrap();
        for (text, matches) in [
            ("gpt-4o", true),
            ("gpt-4o-mini", false),
            ("gpt-4.1-mini", true),
            ("gpt-4.1-", true),
            ("GPT-4o", false),
            ("o4-mini", true),
            ("o5-mini", false),
            ("gpt-4.1-a/b", false),
        ] {
            assert_eq!(globs.matches(text), matches, "{text}");
        }
        assert_eq!(globs.written(), "[gpt-4o gpt-4.1-* o[1-4]-mini]");
    }

    #[test]
    fn what_is_no_pattern_is_refused_with_its_text() {
        assert!(Globs::new(&["[".into()]).unwrap_err().contains("`[`"));
        assert!(Globs::new(&[String::new()]).is_err());
        assert!(Globs::new(&["a".repeat(MAX_LEN + 1)]).is_err());
    }
}
