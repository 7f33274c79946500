//! How far estimates are off, by model, learnt from what providers said a prompt was. It bends
//! estimates; it makes none.

use std::collections::HashMap;

use parking_lot::Mutex;

/// Most models that are remembered; the one that was longest not learnt of goes first.
const MODELS: usize = 256;
/// Longest name of a model that is remembered, in bytes.
const NAME: usize = 256;
/// Weight of a new observation.
const WEIGHT: f64 = 0.2;
/// Bounds of what an estimate is multiplied by.
const RATIO: (f64, f64) = (0.5, 2.0);
/// Prompts smaller than this, in tokens, teach nothing: there the overhead is all.
const LEAST: u64 = 16;

/// Ratios of actual to estimated tokens, by model. Shared as it is.
#[derive(Debug, Default)]
pub struct Calibration {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    models: HashMap<Box<str>, Learnt>,
    /// Observations so far.
    clock: u64,
}

#[derive(Debug)]
struct Learnt {
    ratio: f64,
    /// The clock at the last observation.
    seen: u64,
}

impl Calibration {
    /// Takes in that a prompt for `model` was estimated at `estimated` tokens, as
    /// [`count`](super::count) gave them, and was `actual` tokens, cached ones included.
    ///
    /// Each is a fifth of the average from then on, the first is all of it. Prompts of fewer than
    /// 16 tokens are ignored.
    pub fn learn(&self, model: &str, estimated: u64, actual: u64) {
        if estimated < LEAST || actual < LEAST || model.len() > NAME {
            return;
        }
        let ratio = (number(actual) / number(estimated)).clamp(RATIO.0, RATIO.1);
        let mut state = self.state.lock();
        state.clock += 1;
        let seen = state.clock;
        if let Some(learnt) = state.models.get_mut(model) {
            learnt.ratio += (ratio - learnt.ratio) * WEIGHT;
            learnt.seen = seen;
            return;
        }
        if state.models.len() >= MODELS {
            state.forget();
        }
        state.models.insert(model.into(), Learnt { ratio, seen });
    }

    /// Whether anything was learnt of `model`.
    #[must_use]
    pub fn knows(&self, model: &str) -> bool {
        self.state.lock().models.contains_key(model)
    }

    /// `estimated` tokens bent by what was learnt of `model`. At least 1.
    #[must_use]
    pub fn apply(&self, model: &str, estimated: u64) -> u64 {
        let ratio = self
            .state
            .lock()
            .models
            .get(model)
            .map(|learnt| learnt.ratio);
        ratio
            .map_or(estimated, |ratio| scaled(estimated, ratio))
            .max(1)
    }
}

impl State {
    fn forget(&mut self) {
        let stalest = self.models.iter().min_by_key(|(_, learnt)| learnt.seen);
        if let Some(name) = stalest.map(|(name, _)| name.clone()) {
            self.models.remove(&name);
        }
    }
}

#[expect(
    clippy::cast_precision_loss,
    reason = "a ratio needs fewer digits than there are"
)]
fn number(tokens: u64) -> f64 {
    tokens as f64
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "the ratio is between a half and two, and the cast stops at the greatest number"
)]
fn scaled(tokens: u64, ratio: f64) -> u64 {
    (number(tokens) * ratio).round() as u64
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_is_not_known_is_left() {
        let calibration = Calibration::default();
        assert_eq!(calibration.apply("m", 1000), 1000);
        assert_eq!(calibration.apply("m", 0), 1);
    }

    #[test]
    fn the_first_observation_counts_in_full_and_later_ones_in_part() {
        let calibration = Calibration::default();
        calibration.learn("m", 1000, 1200);
        assert_eq!(calibration.apply("m", 1000), 1200);
        calibration.learn("m", 1000, 1700);
        assert_eq!(calibration.apply("m", 1000), 1300);
        assert_eq!(calibration.apply("other", 1000), 1000);
    }

    #[test]
    fn one_wild_observation_is_bounded() {
        let calibration = Calibration::default();
        calibration.learn("m", 100, 1_000_000);
        assert_eq!(calibration.apply("m", 100), 200);
        calibration.learn("n", 1_000_000, 100);
        assert_eq!(calibration.apply("n", 100), 50);
    }

    #[test]
    fn small_prompts_teach_nothing() {
        let calibration = Calibration::default();
        calibration.learn("m", 8, 16);
        calibration.learn("m", 0, 100);
        calibration.learn("m", 100, 0);
        assert_eq!(calibration.apply("m", 100), 100);
    }

    #[test]
    fn the_stalest_of_too_many_models_is_forgotten() {
        let calibration = Calibration::default();
        for model in 0..MODELS {
            calibration.learn(&model.to_string(), 100, 150);
        }
        calibration.learn("0", 100, 150);
        calibration.learn("one more", 100, 150);
        assert_eq!(calibration.state.lock().models.len(), MODELS);
        assert_eq!(calibration.apply("0", 100), 150);
        assert_eq!(calibration.apply("1", 100), 100);
    }

    proptest! {
        #[test]
        fn estimates_are_never_bent_beyond_the_bounds(
            seen in prop::collection::vec((any::<u64>(), any::<u64>()), 0..20),
            estimated in 1_u64..1_000_000_000,
        ) {
            let calibration = Calibration::default();
            for (guess, actual) in seen {
                calibration.learn("m", guess, actual);
            }
            let applied = calibration.apply("m", estimated);
            prop_assert!(applied >= estimated / 2 && applied <= estimated * 2);
        }
    }
}
