//! Money and tokens that may be used in a time.

use std::cell::Cell;
use std::fmt;

use jiff::civil::Weekday;
use jiff::tz::TimeZone;
use jiff::{Timestamp, Zoned};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::prices::Pico;

/// Billionths of a US dollar: fine enough that a thousandth of a token's price is not lost, and
/// wide enough for nine billion dollars.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Money(pub i64);

/// Billionths in a dollar.
const DOLLAR: f64 = 1e9;
/// Pico-dollars in a billionth.
const PICO: Pico = 1000;

impl Money {
    /// Rounds up, so that nothing is free.
    #[must_use]
    pub fn from_pico(pico: Pico) -> Self {
        let rounded = pico.div_euclid(PICO) + Pico::from(pico.rem_euclid(PICO) > 0);
        Self(i64::try_from(rounded).unwrap_or(i64::MAX))
    }

    /// Reads dollars; none for what is no amount of money.
    #[must_use]
    pub fn from_dollars(dollars: f64) -> Option<Self> {
        let nano = (dollars * DOLLAR).round();
        #[expect(clippy::cast_possible_truncation, reason = "the range is checked")]
        (0.0..9e18).contains(&nano).then_some(Self(nano as i64))
    }

    /// For showing.
    #[must_use]
    pub fn dollars(self) -> f64 {
        #[expect(
            clippy::cast_precision_loss,
            reason = "fifteen digits are more than anyone reads"
        )]
        let nano = self.0 as f64;
        nano / DOLLAR
    }

    pub(super) fn plus(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }

    pub(super) fn minus(self, other: Self) -> Self {
        Self(self.0.saturating_sub(other.0))
    }
}

impl fmt::Display for Money {
    /// Dollars with as many digits as it needs, at least two behind the point.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = format!("{:.9}", self.dollars());
        let short = text.trim_end_matches('0');
        let digits = short.len() - short.find('.').map_or(0, |at| at + 1);
        write!(f, "${short}{}", "0".repeat(2_usize.saturating_sub(digits)))
    }
}

/// How long a budget lasts. Days, weeks and months are those of UTC.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, ToSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Period {
    /// From midnight to midnight.
    Day,
    /// From Monday to Sunday.
    Week,
    /// From the first to the last.
    Month,
    /// For good.
    Lifetime,
}

impl Period {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Day, Self::Week, Self::Month, Self::Lifetime];

    /// Its name.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Day => "day",
            Self::Week => "week",
            Self::Month => "month",
            Self::Lifetime => "lifetime",
        }
    }

    /// The one of this name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|one| one.as_str() == name)
    }

    /// When the one began that `unix_ms` is in, in seconds since the Unix epoch; that of a lifetime
    /// is 0.
    #[must_use]
    pub fn start(self, unix_ms: i64) -> i64 {
        const DAY: i64 = 24 * 60 * 60;
        let days = unix_ms.div_euclid(DAY * 1000);
        match self {
            Self::Day => days * DAY,
            // The first day of all was a Thursday.
            Self::Week => (days - (days + 3).rem_euclid(7)) * DAY,
            Self::Month => month_start(unix_ms),
            Self::Lifetime => 0,
        }
    }

    /// When it ends, in seconds since the Unix epoch; never for a lifetime.
    #[must_use]
    pub fn end(self, unix_ms: i64) -> Option<i64> {
        use jiff::ToSpan as _;
        let day = self.first_day(unix_ms)?;
        let next = match self {
            Self::Day => day.checked_add(1.day()),
            Self::Week => day.checked_add(1.week()),
            Self::Month => day.checked_add(1.month()),
            Self::Lifetime => return None,
        };
        next.ok().map(|day| day.timestamp().as_second())
    }

    /// Its first midnight; none for a lifetime, and for times that no calendar has.
    fn first_day(self, unix_ms: i64) -> Option<Zoned> {
        let now = Timestamp::from_millisecond(unix_ms).ok()?;
        let today = now.to_zoned(TimeZone::UTC).start_of_day().ok()?;
        match self {
            Self::Day => Some(today),
            Self::Week if today.weekday() == Weekday::Monday => Some(today),
            Self::Week => today.nth_weekday(-1, Weekday::Monday).ok(),
            Self::Month => today.first_of_month().ok(),
            Self::Lifetime => None,
        }
    }
}

/// When the month of `unix_ms` began, in seconds since the Unix epoch. Every request asks several
/// times, nearly always in the month of the one before, and a calendar takes longer than the rest.
fn month_start(unix_ms: i64) -> i64 {
    thread_local! {
        static LAST: Cell<(i64, i64)> = const { Cell::new((0, 0)) };
    }
    let (start, end) = LAST.get();
    if (start..end).contains(&unix_ms.div_euclid(1000)) {
        return start;
    }
    let month = Period::Month;
    let first = month.first_day(unix_ms);
    let start = first.map_or(0, |day| day.timestamp().as_second());
    LAST.set((start, month.end(unix_ms).unwrap_or(start)));
    start
}

/// What may be used in a period; at least one of the two is set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Budget {
    /// How long it lasts.
    pub period: Period,
    /// Most money.
    pub money: Option<Money>,
    /// Most tokens, input and output.
    pub tokens: Option<u64>,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ms(text: &str) -> i64 {
        text.parse::<Timestamp>().unwrap().as_millisecond()
    }

    #[test]
    fn periods_begin_and_end_at_midnight_utc() {
        let now = ms("2026-11-22T23:59:59.999Z"); // A Sunday.
        for (period, start, end) in [
            (Period::Day, "2026-11-22T00:00:00Z", "2026-11-23T00:00:00Z"),
            (Period::Week, "2026-11-16T00:00:00Z", "2026-11-23T00:00:00Z"),
            (
                Period::Month,
                "2026-11-01T00:00:00Z",
                "2026-12-01T00:00:00Z",
            ),
        ] {
            assert_eq!(period.start(now) * 1000, ms(start), "{period:?}");
            assert_eq!(
                period.end(now).map(|end| end * 1000),
                Some(ms(end)),
                "{period:?}"
            );
        }
        let monday = ms("2026-11-23T00:00:00Z");
        assert_eq!(Period::Week.start(monday) * 1000, monday);
        assert_eq!(
            (Period::Lifetime.start(now), Period::Lifetime.end(now)),
            (0, None)
        );
    }

    #[test]
    fn a_period_begins_where_the_calendar_says() {
        let start = ms("1999-12-25T00:00:00Z");
        let steps = (0..3000).map(|n| start + n * 5 * 3_600_001);
        for at in steps.clone().chain(steps.rev()).chain([-1, 0, 1, i64::MAX]) {
            for period in [Period::Day, Period::Week, Period::Month] {
                let Some(first) = period.first_day(at) else {
                    continue;
                };
                assert_eq!(
                    period.start(at),
                    first.timestamp().as_second(),
                    "{period:?} of {at}"
                );
            }
        }
    }

    #[test]
    fn money_is_rounded_up_and_shown_short() {
        assert_eq!(Money::from_pico(1), Money(1));
        assert_eq!(Money::from_pico(1000), Money(1));
        assert_eq!(Money::from_pico(1001), Money(2));
        assert_eq!(Money::from_dollars(1.5), Some(Money(1_500_000_000)));
        assert_eq!(Money::from_dollars(-1.0), None);
        assert_eq!(Money::from_dollars(f64::NAN), None);
        for (nano, text) in [
            (1_000_000_000, "$1.00"),
            (1_250_000, "$0.00125"),
            (0, "$0.00"),
        ] {
            assert_eq!(Money(nano).to_string(), text);
        }
    }
}
