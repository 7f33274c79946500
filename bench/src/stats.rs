//! Medians and percentiles. No units: the caller knows them.

use serde::Serialize;

/// A median with its range.
#[derive(Clone, Copy, Debug, Serialize)]
pub(crate) struct Spread {
    pub(crate) median: f64,
    pub(crate) min: f64,
    pub(crate) max: f64,
}

impl Spread {
    /// Of some values; none when there are none.
    pub(crate) fn of(values: impl IntoIterator<Item = f64>) -> Option<Self> {
        let mut values: Vec<f64> = values.into_iter().collect();
        values.sort_by(f64::total_cmp);
        let (min, max) = (*values.first()?, *values.last()?);
        let middle = values.len() / 2;
        let upper = *values.get(middle)?;
        let median = if values.len() % 2 == 1 {
            upper
        } else {
            f64::midpoint(*values.get(middle - 1)?, upper)
        };
        Some(Self { median, min, max })
    }
}

/// The value under which `per_mille` of the values lie; sorts them.
pub(crate) fn percentile(values: &mut [u64], per_mille: usize) -> Option<f64> {
    values.sort_unstable();
    let at = (values.len() * per_mille / 1000).min(values.len().saturating_sub(1));
    values.get(at).map(|value| *value as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_spread_holds_the_middle_and_both_ends() {
        let odd = Spread::of([3.0, 1.0, 2.0]).unwrap();
        assert_eq!((odd.median, odd.min, odd.max), (2.0, 1.0, 3.0));
        assert_eq!(Spread::of([4.0, 1.0]).unwrap().median, 2.5);
        assert!(Spread::of([]).is_none());
    }

    #[test]
    fn a_percentile_is_one_of_the_values() {
        let mut values: Vec<u64> = (0..1000).rev().collect();
        assert_eq!(percentile(&mut values, 500), Some(500.0));
        assert_eq!(percentile(&mut values, 990), Some(990.0));
        assert_eq!(percentile(&mut values, 1000), Some(999.0));
        assert_eq!(percentile(&mut [], 500), None);
    }
}
