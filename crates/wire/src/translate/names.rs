//! Names of tools that a provider would refuse, shortened so that they can be told back.
//!
//! A name that is sent depends on the tool's name alone, so that a conversation reads the same in
//! every request.

use std::borrow::Cow;
use std::collections::HashMap;
use std::fmt::Write as _;

use sha2::{Digest, Sha256};

use super::form::{Body, Text, Tool, ToolKind, Turn};

/// What names a provider takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rule {
    /// Most bytes.
    pub max: usize,
    /// Characters besides ASCII letters, digits, `_` and `-`.
    pub also: &'static str,
    /// Whether the first must be a letter or `_`.
    pub letter_first: bool,
}

impl Rule {
    /// OpenAI's, which its likes keep too.
    pub const OPENAI: Self = Self {
        max: 64,
        also: "",
        letter_first: false,
    };
    /// Anthropic's.
    pub const ANTHROPIC: Self = Self {
        max: 128,
        also: "",
        letter_first: false,
    };
    /// Google's.
    pub const GEMINI: Self = Self {
        max: 64,
        also: ".:",
        letter_first: true,
    };

    fn takes(self, name: &str) -> bool {
        let first = name.chars().next();
        !name.is_empty()
            && name.len() <= self.max
            && name.chars().all(|c| self.takes_char(c))
            && (!self.letter_first || first.is_some_and(|c| c.is_ascii_alphabetic() || c == '_'))
    }

    fn takes_char(self, c: char) -> bool {
        c.is_ascii_alphanumeric() || matches!(c, '_' | '-') || self.also.contains(c)
    }
}

/// Hexadecimal digits of the hash behind a shortened name.
const HASH: usize = 10;

/// The name under which a tool is sent: its own if `rule` takes it, otherwise what can be kept of
/// it with a hash of all of it.
///
/// ```
/// use weir_wire::translate::names::{Rule, sent};
/// assert_eq!(sent("read_file", Rule::OPENAI), "read_file");
/// assert_eq!(sent("files/read", Rule::OPENAI), "files_read_2b733164e1");
/// ```
#[must_use]
pub fn sent(name: &str, rule: Rule) -> Cow<'_, str> {
    if rule.takes(name) {
        return Cow::Borrowed(name);
    }
    let mut short = String::with_capacity(rule.max);
    if rule.letter_first && !name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_') {
        short.push('_');
    }
    let kept = rule.max.saturating_sub(HASH + 1 + short.len());
    let legal = |c| if rule.takes_char(c) { c } else { '_' };
    short.extend(name.chars().map(legal).take(kept));
    short.push('_');
    for byte in Sha256::digest(name.as_bytes()).iter().take(HASH / 2) {
        write!(short, "{byte:02x}").expect("a string takes every write");
    }
    Cow::Owned(short)
}

/// The names of one request that are not sent as they are, to tell them back in its answer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Names {
    /// As the client knows it, by what is sent.
    changed: HashMap<String, String>,
}

impl Names {
    /// Those of `tools`, and of calls in `turns` of tools that are no longer there.
    #[must_use]
    pub fn new(tools: &[Tool<'_>], turns: &[Turn<'_>], rule: Rule) -> Self {
        let mut names = Self::default();
        for tool in tools {
            if let ToolKind::Function { name, .. } | ToolKind::Freeform { name, .. } = &tool.kind {
                names.add(name, rule);
            }
        }
        for part in turns.iter().flat_map(|turn| &turn.parts) {
            if let Body::Call(call) = &part.body {
                names.add(&call.name, rule);
            }
        }
        names
    }

    fn add(&mut self, name: &str, rule: Rule) {
        if let Cow::Owned(sent) = sent(name, rule) {
            let known = self.changed.entry(sent);
            known.or_insert_with(|| name.to_owned());
        }
    }

    /// Whether every name is sent as it is.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.changed.is_empty()
    }

    /// The client's name for a tool that the provider calls.
    #[must_use]
    pub fn original<'a>(&self, name: Text<'a>) -> Text<'a> {
        match self.changed.get(&*name) {
            Some(original) => Cow::Owned(original.clone()),
            None => name,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::translate::form::Extra;

    fn function(name: &str) -> Tool<'_> {
        let kind = ToolKind::Function {
            name: name.into(),
            description: None,
            schema: None,
            strict: None,
        };
        Tool {
            kind,
            cache: None,
            extra: Extra::default(),
        }
    }

    #[test]
    fn long_names_that_begin_alike_stay_apart_and_come_back() {
        let names = [
            format!("{}a", "x".repeat(90)),
            format!("{}b", "x".repeat(90)),
        ];
        let tools = [function(&names[0]), function(&names[1])];
        let table = Names::new(&tools, &[], Rule::OPENAI);
        let short = names
            .each_ref()
            .map(|name| sent(name, Rule::OPENAI).into_owned());
        assert_ne!(short[0], short[1]);
        for (short, name) in short.iter().zip(&names) {
            assert_eq!(short.len(), 64);
            assert_eq!(table.original(short.as_str().into()), *name);
        }
        assert_eq!(table.original("other".into()), "other");
    }

    proptest! {
        #[test]
        fn every_name_becomes_legal_and_comes_back(name in any::<String>()) {
            for rule in [Rule::OPENAI, Rule::ANTHROPIC, Rule::GEMINI] {
                let short = sent(&name, rule).into_owned();
                prop_assert!(rule.takes(&short), "{short}");
                let tools = [function(&name)];
                let table = Names::new(&tools, &[], rule);
                prop_assert_eq!(table.original(short.into()), name.as_str());
            }
        }
    }
}
