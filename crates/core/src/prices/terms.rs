//! The terms that a provider says it worked on, as far as its price depends on them.

use super::rates::band;
use crate::exchange::Tokens;

/// How a request was queued, in one vocabulary for all providers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Tier {
    /// As always; also where the provider said nothing.
    #[default]
    Standard,
    /// In a batch.
    Batch,
    /// When there was room.
    Flex,
    /// Before others.
    Priority,
    /// By a faster way of the same model.
    Fast,
    /// The fastest that OpenAI has.
    Ultrafast,
    /// One that no list knows, such as capacity that was bought ahead.
    Other,
}

/// Where the model ran.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Place {
    /// Wherever there was room; also where the provider said nothing.
    #[default]
    Anywhere,
    /// In the United States alone.
    Us,
    /// In another place that the provider named.
    Other,
}

/// Both.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Terms {
    /// How it was queued.
    pub tier: Tier,
    /// Where it ran.
    pub place: Place,
}

impl Tier {
    /// Every tier with the name that the catalogue and the configuration have for it.
    pub const NAMES: [(&'static str, Self); 6] = [
        ("standard", Self::Standard),
        ("batch", Self::Batch),
        ("flex", Self::Flex),
        ("priority", Self::Priority),
        ("fast", Self::Fast),
        ("ultrafast", Self::Ultrafast),
    ];

    /// The tier with this name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        let mut names = Self::NAMES.iter();
        names
            .find(|(known, _)| *known == name)
            .map(|(_, tier)| *tier)
    }

    /// Its name.
    #[must_use]
    pub fn name(self) -> &'static str {
        let mut names = Self::NAMES.iter();
        let named = names.find(|(_, tier)| *tier == self);
        named.map_or("other", |(name, _)| name)
    }

    /// What a provider calls it.
    fn said(word: &str) -> Self {
        let word = word.trim().to_ascii_lowercase();
        match word.strip_prefix("service_tier_").unwrap_or(&word) {
            // OpenAI says `auto` as long as it has not decided; Groq and Vertex have words of their
            // own for what everybody gets.
            "" | "default" | "auto" | "on_demand" | "unspecified" => Self::Standard,
            "on_demand_priority" => Self::Priority,
            "on_demand_flex" => Self::Flex,
            word => Self::named(word).unwrap_or(Self::Other),
        }
    }
}

impl Terms {
    /// The terms in a provider's own words: its service tier, its speed and its place.
    #[must_use]
    pub fn said(tier: Option<&str>, speed: Option<&str>, place: Option<&str>) -> Self {
        let tier = match (speed, tier.map_or(Tier::Standard, Tier::said)) {
            (Some("fast"), Tier::Standard) => Tier::Fast,
            // Nobody says what both of them cost together.
            (Some("fast"), _) => Tier::Other,
            (_, tier) => tier,
        };
        let place = match place.map(str::trim) {
            None | Some("" | "global" | "not_available") => Place::Anywhere,
            Some("us") => Place::Us,
            Some(_) => Place::Other,
        };
        Self { tier, place }
    }

    /// As a number below 32, which stays what it is: it is stored. 0 is the default.
    #[must_use]
    pub fn number(self) -> u8 {
        let tier = match self.tier {
            Tier::Standard => 0,
            Tier::Batch => 1,
            Tier::Flex => 2,
            Tier::Priority => 3,
            Tier::Fast => 4,
            Tier::Ultrafast => 5,
            Tier::Other => 7,
        };
        let place = match self.place {
            Place::Anywhere => 0,
            Place::Us => 1,
            Place::Other => 3,
        };
        place << 3 | tier
    }

    /// The terms of a number.
    #[must_use]
    pub fn of_number(number: u8) -> Self {
        let tier = match number & 7 {
            0 => Tier::Standard,
            1 => Tier::Batch,
            2 => Tier::Flex,
            3 => Tier::Priority,
            4 => Tier::Fast,
            5 => Tier::Ultrafast,
            _ => Tier::Other,
        };
        let place = match number >> 3 {
            0 => Place::Anywhere,
            1 => Place::Us,
            _ => Place::Other,
        };
        Self { tier, place }
    }
}

/// What sums that are to be priced later are kept apart by: the [`band`] of the prompt in the lower
/// three bits, the terms above.
#[must_use]
pub fn class(tokens: &Tokens) -> u8 {
    tokens.terms.number() << 3 | band(tokens.prompt())
}

/// The terms of a [`class`].
#[must_use]
pub fn class_terms(class: u8) -> Terms {
    Terms::of_number(class >> 3)
}
