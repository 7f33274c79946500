//! Sums of longer stretches beside those of quarters of an hour: an hour, four hours, a day of UTC.
//! Any stretch of any time zone is made of few of them.

use std::collections::BTreeMap;

use rusqlite::Connection;

use super::{Calendar, QUARTER_US, Sums, quarter};
use crate::error::StoreError;

/// How many quarters each stretch lasts, the longest first; each is made of whole ones of the next.
pub(crate) const GRAINS: [i64; 4] = [96, 16, 4, 1];

/// Where the stretch begins that a quarter lies in.
pub(crate) fn first(quarter: i64, grain: i64) -> i64 {
    quarter.div_euclid(grain) * grain
}

/// Stretches of one length, one after the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Run {
    /// The quarters that each lasts.
    pub grain: i64,
    /// The quarter in which the first begins.
    pub from: i64,
    /// The quarter behind the last.
    pub to: i64,
}

/// The longest stretches that make up the quarters from one up to another, in the order of time;
/// none of them reaches from one unit of the calendar into the next.
pub(crate) fn runs(calendar: &mut Calendar, from: i64, to: i64) -> Vec<Run> {
    let mut runs = Vec::new();
    let mut at = from;
    while at < to {
        let unit = calendar.around(at.saturating_mul(QUARTER_US));
        // A quarter belongs to the unit that it begins in.
        let end = unit.map_or(to, |(_, end)| {
            quarter(end.saturating_add(QUARTER_US - 1)).clamp(at + 1, to)
        });
        cover(&mut runs, at, end);
        at = end;
    }
    runs
}

fn cover(runs: &mut Vec<Run>, mut at: i64, end: i64) {
    while at < end {
        let fits = |grain: &&i64| first(at, **grain) == at && at + **grain <= end;
        let grain = GRAINS.iter().find(fits).copied().unwrap_or(1);
        match runs.last_mut() {
            Some(run) if run.grain == grain && run.to == at => run.to += grain,
            _ => runs.push(Run {
                grain,
                from: at,
                to: at + grain,
            }),
        }
        at += grain;
    }
}

/// Makes the longer stretches of a database that has the quarters only. Within a transaction, so
/// that it has all of them or none.
pub(crate) fn complete(db: &Connection) -> Result<(), StoreError> {
    let sql = "SELECT EXISTS (SELECT 1 FROM figures WHERE grain=1)
        AND NOT EXISTS (SELECT 1 FROM figures WHERE grain>1)";
    if !db.query_row(sql, [], |row| row.get::<_, bool>(0))? {
        return Ok(());
    }
    for pair in GRAINS.windows(2).rev() {
        if let [longer, shorter] = pair {
            lengthen(db, *shorter, *longer)?;
        }
    }
    Ok(())
}

fn lengthen(db: &Connection, shorter: i64, longer: i64) -> Result<(), StoreError> {
    let sql = "SELECT quarter, key, sums FROM figures WHERE grain=? ORDER BY quarter";
    let mut statement = db.prepare(sql)?;
    let mut rows = statement.query([shorter])?;
    let mut at = None;
    let mut open: BTreeMap<i64, Sums> = BTreeMap::new();
    while let Some(row) = rows.next()? {
        let start = first(row.get(0)?, longer);
        if at != Some(start) {
            write(db, longer, at, &mut open)?;
            at = Some(start);
        }
        let bytes = row.get_ref(2)?.as_blob().unwrap_or_default();
        // What cannot be read is missing from every stretch.
        open.entry(row.get(1)?)
            .or_default()
            .merge_encoded(bytes, true);
    }
    write(db, longer, at, &mut open)
}

fn write(
    db: &Connection,
    grain: i64,
    at: Option<i64>,
    open: &mut BTreeMap<i64, Sums>,
) -> Result<(), StoreError> {
    let sql = "INSERT OR REPLACE INTO figures (grain, quarter, key, sums) VALUES (?, ?, ?, ?)";
    let mut statement = db.prepare_cached(sql)?;
    for (key, sums) in std::mem::take(open) {
        statement.execute((grain, at, key, sums.encode()))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use jiff::civil::Weekday;
    use jiff::tz::TimeZone;
    use proptest::prelude::*;

    use super::*;
    use crate::figures::Unit;

    fn at(text: &str) -> i64 {
        quarter(text.parse::<Timestamp>().unwrap().as_microsecond())
    }

    fn lengths(zone: &str, unit: Unit) -> Vec<(i64, i64)> {
        let mut calendar = Calendar::new(unit, TimeZone::get(zone).unwrap());
        let (from, to) = (at("2026-03-01T00:00:00Z"), at("2026-03-03T00:00:00Z"));
        let runs = runs(&mut calendar, from, to);
        runs.iter()
            .map(|run| (run.grain, (run.to - run.from) / run.grain))
            .collect()
    }

    #[test]
    fn days_are_made_of_the_longest_stretches_that_fit() {
        assert_eq!(lengths("UTC", Unit::Day), [(96, 2)]);
        assert_eq!(lengths("UTC", Unit::Hour), [(4, 48)]);
        assert_eq!(
            lengths("Europe/Berlin", Unit::Day),
            [(16, 5), (4, 4), (16, 5), (4, 4)]
        );
        assert_eq!(
            lengths("Asia/Kathmandu", Unit::Day),
            [
                (16, 4),
                (4, 2),
                (1, 4),
                (4, 1),
                (16, 5),
                (4, 2),
                (1, 4),
                (4, 1),
                (16, 1)
            ]
        );
    }

    proptest! {
        #[test]
        fn runs_lie_end_to_end_and_within_units(
            start in 1_950_000i64..1_990_000, length in 0i64..3000, minutes in -56i32..57, unit in 0..5,
        ) {
            let unit = match unit {
                0 => Unit::Hour,
                1 => Unit::Day,
                2 => Unit::Week(Weekday::Monday),
                3 => Unit::Month,
                _ => Unit::None,
            };
            // Odd minutes too: such zones are named by their distance from UTC.
            let zone = TimeZone::fixed(jiff::tz::Offset::from_seconds(minutes * 15 * 60 + 60 * (minutes % 3)).unwrap());
            let mut calendar = Calendar::new(unit, zone);
            let mut next = start;
            for run in runs(&mut calendar, start, start + length) {
                prop_assert_eq!(run.from, next);
                prop_assert_eq!(run.from % run.grain, 0);
                for at in (run.from..run.to).step_by(usize::try_from(run.grain).unwrap()) {
                    let unit = calendar.around(at * QUARTER_US);
                    let last = calendar.around((at + run.grain - 1) * QUARTER_US);
                    prop_assert_eq!(unit, last);
                }
                next = run.to;
            }
            prop_assert_eq!(next, start + length);
        }
    }
}
