//! What Claude models take, by their names. Names that are not of Claude are of servers that are
//! compatible with Messages, which know its older words.
//!
//! | version        | thinking             | effort      | sampling | default output |
//! |----------------|----------------------|-------------|----------|----------------|
//! | to 3.4         | none                 | none        | yes      | 4096           |
//! | 3.5, 3.6       | none                 | none        | yes      | 8192           |
//! | 3.7 to 4.5     | budget               | none        | yes      | 32000          |
//! | 4.6            | budget or adaptive   | `max`       | yes      | 32000          |
//! | 4.7 and later  | adaptive             | all         | no       | 32000          |
//! | no version     | adaptive             | to `high`   | yes      | 8192           |
//! | no Claude      | budget               | none        | yes      | 8192           |

use crate::translate::form::Effort;

/// A model, as far as requests depend on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Model {
    is_claude: bool,
    /// Major and minor.
    version: Option<(u32, u32)>,
}

/// How a model is told to think.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Way {
    /// It cannot.
    None,
    /// With a budget of tokens.
    Budget,
    /// Either way.
    Both,
    /// As it likes, more or less by effort.
    Adaptive,
}

impl Model {
    /// The model of this name, with or without a vendor before it and a date behind it.
    pub(super) fn of(name: &str) -> Self {
        let name = name.to_ascii_lowercase();
        let Some((_, rest)) = name.split_once("claude") else {
            let (is_claude, version) = (false, None);
            return Self { is_claude, version };
        };
        let mut words = rest.split(['-', '.', '_', '@', ':', '/', '[']);
        let mut numbers = words
            .by_ref()
            .skip_while(|word| short_number(word).is_none());
        let major = numbers.next().and_then(short_number);
        let minor = numbers.next().and_then(short_number).unwrap_or(0);
        Self {
            is_claude: true,
            version: major.map(|major| (major, minor)),
        }
    }

    fn before(self, version: (u32, u32)) -> bool {
        self.version.is_some_and(|own| own < version)
    }

    fn since(self, version: (u32, u32)) -> bool {
        self.version.is_some_and(|own| own >= version)
    }

    pub(super) fn way(self) -> Way {
        match self.version {
            None if !self.is_claude => Way::Budget,
            Some(version) if version < (3, 7) => Way::None,
            Some(version) if version < (4, 6) => Way::Budget,
            Some((4, 6)) => Way::Both,
            _ => Way::Adaptive,
        }
    }

    /// The nearest effort that it knows.
    pub(super) fn effort(self, effort: Effort) -> &'static str {
        match effort {
            Effort::Minimal | Effort::Low => "low",
            Effort::Medium => "medium",
            Effort::ExtraHigh if self.since((4, 7)) => "xhigh",
            Effort::Max if self.since((4, 6)) => "max",
            Effort::High | Effort::ExtraHigh | Effort::Max => "high",
        }
    }

    /// Whether it takes `temperature`, `top_p` and `top_k`.
    pub(super) fn samples(self) -> bool {
        !self.since((4, 7))
    }

    /// Whether it takes `temperature` and `top_p` at once.
    pub(super) fn samples_both(self) -> bool {
        !self.is_claude || self.before((4, 1))
    }

    /// Whether a conversation may end with what it is to go on with.
    pub(super) fn prefill(self) -> bool {
        !self.since((4, 6))
    }

    /// Whether it knows schemas, for answers and tools.
    pub(super) fn schemas(self) -> bool {
        !self.before((4, 5))
    }

    /// Most tokens of an answer to a client that does not say.
    pub(super) fn default_output(self) -> u64 {
        match self.version {
            Some(version) if version < (3, 5) => 4096,
            Some(version) if version >= (3, 7) => 32_000,
            _ => 8192,
        }
    }
}

/// What an effort is called.
pub(super) fn effort_name(effort: Effort) -> &'static str {
    match effort {
        Effort::Minimal => "minimal",
        Effort::Low => "low",
        Effort::Medium => "medium",
        Effort::High => "high",
        Effort::ExtraHigh => "xhigh",
        Effort::Max => "max",
    }
}

fn short_number(word: &str) -> Option<u32> {
    (word.len() <= 2).then(|| word.parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_tell_the_version() {
        for (name, version) in [
            ("claude-opus-4-5-20251101", Some((4, 5))),
            ("claude-sonnet-4-20250514", Some((4, 0))),
            ("claude-3-7-sonnet-latest", Some((3, 7))),
            ("anthropic/claude-opus-4.6", Some((4, 6))),
            ("us.anthropic.claude-haiku-4-5-20251001-v1:0", Some((4, 5))),
            ("claude-opus-4-1@20250805", Some((4, 1))),
            ("claude-sonnet-5", Some((5, 0))),
            ("claude-opus-4-7[1m]", Some((4, 7))),
            ("claude-latest", None),
        ] {
            let model = Model::of(name);
            assert_eq!(model.version, version, "{name}");
            assert!(model.is_claude);
        }
        assert!(!Model::of("kimi-k2").is_claude);
    }

    #[test]
    fn models_think_in_the_way_they_know() {
        for (name, way) in [
            ("claude-3-5-haiku-20241022", Way::None),
            ("claude-haiku-4-5", Way::Budget),
            ("claude-sonnet-4-6", Way::Both),
            ("claude-opus-4-7", Way::Adaptive),
            ("claude-fable-5", Way::Adaptive),
            ("claude", Way::Adaptive),
            ("glm-4.7", Way::Budget),
        ] {
            assert_eq!(Model::of(name).way(), way, "{name}");
        }
        assert_eq!(
            Model::of("claude-sonnet-4-6").effort(Effort::ExtraHigh),
            "high"
        );
        assert_eq!(
            Model::of("claude-opus-4-8").effort(Effort::ExtraHigh),
            "xhigh"
        );
    }
}
