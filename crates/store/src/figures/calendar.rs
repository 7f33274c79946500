//! Hours, days, weeks and months of a time zone, as the stretches of time that they are.

use jiff::civil::{Date, Weekday};
use jiff::tz::TimeZone;
use jiff::{Timestamp, Zoned};

/// What figures are put together by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// Hours.
    Hour,
    /// Days, which last 23 to 25 hours.
    Day,
    /// Weeks that begin with this day.
    Week(Weekday),
    /// Months.
    Month,
    /// All in one.
    None,
}

impl Unit {
    /// The least that one of them lasts, in microseconds; none for [`Unit::None`].
    #[must_use]
    pub fn shortest_us(self) -> Option<i64> {
        const HOUR_US: i64 = 3_600_000_000;
        let hours = match self {
            Self::Hour => 1,
            Self::Day => 23,
            Self::Week(_) => 7 * 24 - 1,
            Self::Month => 28 * 24 - 1,
            Self::None => return None,
        };
        Some(hours * HOUR_US)
    }
}

/// Finds the unit that a moment is in; fast for moments in order.
#[derive(Debug)]
pub(crate) struct Calendar {
    unit: Unit,
    zone: TimeZone,
    /// Where the last one found begins and ends.
    last: Option<(i64, i64)>,
}

impl Calendar {
    pub(crate) fn new(unit: Unit, zone: TimeZone) -> Self {
        Self {
            unit,
            zone,
            last: None,
        }
    }

    /// When the unit begins and ends that a moment is in, all in microseconds since the Unix epoch;
    /// none for [`Unit::None`], and for moments that no calendar has.
    pub(crate) fn around(&mut self, at_us: i64) -> Option<(i64, i64)> {
        if let Some((start, end)) = self.last
            && (start..end).contains(&at_us)
        {
            return self.last;
        }
        self.last = self.find(at_us);
        self.last
    }

    fn find(&self, at_us: i64) -> Option<(i64, i64)> {
        let at = Timestamp::from_microsecond(at_us).ok()?;
        let first = match self.unit {
            Unit::None => return None,
            Unit::Hour => return self.hour(at),
            _ => at.to_zoned(self.zone.clone()).date(),
        };
        let (first, next) = match self.unit {
            Unit::Week(weekday) => {
                let since = i64::from(first.weekday().since(weekday));
                let first = days_on(first, -since)?;
                (first, days_on(first, 7)?)
            }
            Unit::Month => {
                let first = first.first_of_month();
                (first, first.last_of_month().tomorrow().ok()?)
            }
            _ => (first, first.tomorrow().ok()?),
        };
        Some((self.midnight(first)?, self.midnight(next)?))
    }

    /// An hour of the clock on the wall; the one that comes twice is two.
    fn hour(&self, at: Timestamp) -> Option<(i64, i64)> {
        const HOUR: i64 = 3600;
        let offset = i64::from(self.zone.to_offset(at).seconds());
        let into = (at.as_second() + offset).rem_euclid(HOUR);
        let start = at.as_second().checked_sub(into)?;
        // An hour ends where the clock is changed within it.
        let us = |second: i64| second.checked_mul(1_000_000);
        let same = |second: i64| {
            let at = Timestamp::from_second(second).ok()?;
            Some(i64::from(self.zone.to_offset(at).seconds()) == offset)
        };
        let steps = (0..4).map(|step| start + step * HOUR / 4);
        let first = steps.clone().find(|&second| same(second) == Some(true))?;
        let last = steps.rev().find(|&second| same(second) == Some(true))?;
        Some((us(first)?, us(last + HOUR / 4)?))
    }

    fn midnight(&self, date: Date) -> Option<i64> {
        let start: Zoned = date.to_zoned(self.zone.clone()).ok()?.start_of_day().ok()?;
        Some(start.timestamp().as_microsecond())
    }
}

fn days_on(date: Date, days: i64) -> Option<Date> {
    date.checked_add(jiff::Span::new().try_days(days).ok()?)
        .ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn start(unit: Unit, zone: &str, at: &str) -> String {
        let zone = TimeZone::get(zone).unwrap();
        let at: Timestamp = at.parse().unwrap();
        let (start, _) = Calendar::new(unit, zone)
            .around(at.as_microsecond())
            .unwrap();
        Timestamp::from_microsecond(start).unwrap().to_string()
    }

    #[test]
    fn hours_begin_where_the_zones_clock_says() {
        for (zone, at, expected) in [
            ("UTC", "2026-03-01T10:20:30Z", "2026-03-01T10:00:00Z"),
            (
                "Asia/Kolkata",
                "2026-03-01T10:20:30Z",
                "2026-03-01T09:30:00Z",
            ),
            (
                "Asia/Kathmandu",
                "2026-03-01T10:20:30Z",
                "2026-03-01T10:15:00Z",
            ),
            // The hour that comes twice is two.
            (
                "Europe/Berlin",
                "2026-10-25T00:30:00Z",
                "2026-10-25T00:00:00Z",
            ),
            (
                "Europe/Berlin",
                "2026-10-25T01:30:00Z",
                "2026-10-25T01:00:00Z",
            ),
            // A clock that is changed by half an hour.
            (
                "Australia/Lord_Howe",
                "2026-04-04T15:20:00Z",
                "2026-04-04T15:00:00Z",
            ),
        ] {
            assert_eq!(start(Unit::Hour, zone, at), expected, "{zone} {at}");
        }
    }

    #[test]
    fn days_weeks_and_months_begin_where_the_zones_clock_says() {
        const BERLIN: &str = "Europe/Berlin";
        let sunday = Unit::Week(Weekday::Sunday);
        let monday = Unit::Week(Weekday::Monday);
        for (unit, zone, at, expected) in [
            (
                Unit::Day,
                "America/New_York",
                "2026-03-01T04:59:59Z",
                "2026-02-28T05:00:00Z",
            ),
            (
                Unit::Day,
                BERLIN,
                "2026-03-29T21:00:00Z",
                "2026-03-28T23:00:00Z",
            ),
            (
                Unit::Day,
                BERLIN,
                "2026-03-29T22:00:00Z",
                "2026-03-29T22:00:00Z",
            ),
            (
                Unit::Month,
                BERLIN,
                "2026-03-31T21:59:00Z",
                "2026-02-28T23:00:00Z",
            ),
            (
                sunday,
                "UTC",
                "2026-03-07T23:00:00Z",
                "2026-03-01T00:00:00Z",
            ),
            (
                monday,
                "UTC",
                "2026-03-01T23:00:00Z",
                "2026-02-23T00:00:00Z",
            ),
        ] {
            assert_eq!(start(unit, zone, at), expected, "{unit:?} {zone} {at}");
        }
        let mut none = Calendar::new(Unit::None, TimeZone::UTC);
        assert_eq!(none.around(0), None);
    }
}
