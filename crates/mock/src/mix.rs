//! Failures at random: which requests fail and how, drawn from a seed. The same seed and order of
//! requests fail in the same way.

use std::fmt;

use crate::ids;
use crate::respond;
use crate::scenario::Scenario;

/// What fails when no kinds are named.
const KINDS: [&str; 10] = [
    "refuse",
    "hang",
    "500",
    "502",
    "503",
    "504",
    "429",
    "529",
    "error_200",
    "drop",
];

/// Keeps what fails apart from what is said, should both be drawn from the same seed.
const SALT: u64 = 0x006D_6978;

/// A random mix of failures, for model turns that choose no scenario.
#[derive(Clone, Debug, PartialEq)]
pub struct Mix {
    share: f64,
    seed: u64,
    /// Scenarios with their weights.
    kinds: Vec<(Scenario, u32)>,
}

/// Why a text is no list of failures.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BadKind(String);

impl fmt::Display for BadKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` is no scenario of the mock", self.0)
    }
}

impl std::error::Error for BadKind {}

impl Mix {
    /// Lets a share of the requests (0 to 1) fail, in every way alike until kinds are named.
    #[must_use]
    pub fn new(share: f64, seed: u64) -> Self {
        Self {
            share,
            seed,
            kinds: Vec::new(),
        }
    }

    /// Adds a way to fail: a scenario, and how often it comes beside the others.
    #[must_use]
    pub fn kind(mut self, scenario: &str, weight: u32) -> Self {
        self.kinds.push((Scenario::parse(scenario), weight));
        self
    }

    /// Adds the ways to fail in a list such as `529,hang*3,429;retry_after=2`: commas between
    /// them, a weight behind a star, settings behind semicolons.
    ///
    /// # Errors
    /// When there is no scenario of that name.
    pub fn kinds(mut self, list: &str) -> Result<Self, BadKind> {
        for item in list
            .split(',')
            .map(str::trim)
            .filter(|item| !item.is_empty())
        {
            let (text, weight) = match item.rsplit_once('*') {
                Some((text, weight)) => (text, weight.parse().ok()),
                None => (item, Some(1)),
            };
            let weight = weight.ok_or_else(|| BadKind(item.to_owned()))?;
            if !respond::is_known(&Scenario::parse(text).name) {
                return Err(BadKind(text.to_owned()));
            }
            self = self.kind(text, weight);
        }
        Ok(self)
    }

    /// How request number `serial` fails; `None` if it does not.
    pub(crate) fn draw(&self, serial: u64) -> Option<Scenario> {
        let mut random = ids::for_request(self.seed.wrapping_add(SALT), serial);
        if random.fraction() >= self.share {
            return None;
        }
        if self.kinds.is_empty() {
            let kind = KINDS.get(random.below(KINDS.len()))?;
            return Some(Scenario::parse(kind));
        }
        let all: usize = self.kinds.iter().map(|(_, weight)| *weight as usize).sum();
        let mut left = random.below(all);
        self.kinds
            .iter()
            .find(|(_, weight)| {
                let is_it = left < *weight as usize;
                left = left.wrapping_sub(*weight as usize);
                is_it
            })
            .map(|(scenario, _)| scenario.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drawn(mix: &Mix, count: u64) -> Vec<String> {
        (0..count)
            .filter_map(|serial| mix.draw(serial))
            .map(|scenario| scenario.name)
            .collect()
    }

    #[test]
    fn a_share_of_the_requests_fails_and_kinds_keep_their_weights() {
        let mix = Mix::new(0.2, 7).kinds("529*3, hang,drop*0").expect("known");
        let names = drawn(&mix, 10_000);
        assert!((1800..2200).contains(&names.len()), "{}", names.len());
        let hangs = names.iter().filter(|name| *name == "hang").count();
        assert!((430..570).contains(&hangs), "{hangs}");
        assert!(!names.contains(&"drop".to_owned()));
        assert_eq!(names, drawn(&mix, 10_000), "the same seed fails alike");
        assert_ne!(drawn(&Mix::new(0.2, 8), 100), drawn(&Mix::new(0.2, 9), 100));
    }

    #[test]
    fn every_way_to_fail_comes_up_when_none_is_named() {
        let names = drawn(&Mix::new(1.0, 1), 1000);
        assert_eq!(names.len(), 1000);
        for kind in KINDS {
            assert!(names.contains(&kind.to_owned()), "{kind}");
        }
        assert!(drawn(&Mix::new(0.0, 1), 1000).is_empty());
    }

    #[test]
    fn a_list_names_scenarios_with_settings() {
        let mix = Mix::new(1.0, 0)
            .kinds("429;retry_after=2;limits=none")
            .expect("known");
        let drawn = mix.draw(3).expect("all fail");
        assert_eq!(
            (drawn.name.as_str(), drawn.get("retry_after")),
            ("429", Some("2"))
        );
        for bad in ["tulips", "529*many", "99"] {
            assert!(Mix::new(1.0, 0).kinds(bad).is_err(), "{bad}");
        }
    }
}
