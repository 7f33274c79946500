//! Moments and spans of time in the spellings that providers use for resets and pauses. It knows
//! no clock: what is relative is counted from a moment that the caller names.

/// Longest span that is told apart, in milliseconds: ten years. Longer ones are this long.
pub const MAX_SPAN_MS: u64 = 10 * 365 * 24 * 3_600_000;

const NANOS_PER_MS: u128 = 1_000_000;

/// A decimal number of seconds, such as `12` or `0.25`, in milliseconds, rounded up. Signs,
/// exponents and anything else are refused.
#[must_use]
pub fn seconds(text: &str) -> Option<u64> {
    decimal(text, 1_000)
}

/// A decimal number of milliseconds, rounded up.
#[must_use]
pub fn millis(text: &str) -> Option<u64> {
    decimal(text, 1)
}

/// A decimal number of units of `unit_ms` milliseconds.
fn decimal(text: &str, unit_ms: u64) -> Option<u64> {
    let (nanos, rest) = number(text.as_bytes(), u128::from(unit_ms) * NANOS_PER_MS)?;
    rest.is_empty().then(|| to_ms(nanos))
}

/// A span such as `6m0s`, `1h2m3.5s`, `20ms`, `1d`, in milliseconds, rounded up.
#[must_use]
pub fn span(text: &str) -> Option<u64> {
    let mut rest = text.as_bytes();
    let mut nanos: u128 = 0;
    if rest.is_empty() {
        return None;
    }
    while !rest.is_empty() {
        let digits = rest
            .iter()
            .take_while(|byte| byte.is_ascii_digit() || **byte == b'.')
            .count();
        let (count, tail) = rest.split_at(digits);
        let letters = tail
            .iter()
            .take_while(|byte| !byte.is_ascii_digit())
            .count();
        let (unit, tail) = tail.split_at(letters);
        let (part, []) = number(count, unit_nanos(unit)?)? else {
            return None;
        };
        nanos = nanos.saturating_add(part);
        rest = tail;
    }
    Some(to_ms(nanos))
}

fn unit_nanos(unit: &[u8]) -> Option<u128> {
    Some(match unit {
        b"ns" => 1,
        b"us" | b"\xc2\xb5s" | b"\xce\xbcs" => 1_000,
        b"ms" => NANOS_PER_MS,
        b"s" => 1_000 * NANOS_PER_MS,
        b"m" => 60_000 * NANOS_PER_MS,
        b"h" => 3_600_000 * NANOS_PER_MS,
        b"d" => 86_400_000 * NANOS_PER_MS,
        _ => return None,
    })
}

/// Digits with at most one point in front of `bytes`, times `unit` nanoseconds, and what follows.
fn number(bytes: &[u8], unit: u128) -> Option<(u128, &[u8])> {
    let digits = |bytes: &[u8]| bytes.iter().take_while(|b| b.is_ascii_digit()).count();
    let (whole, rest) = bytes.split_at(digits(bytes));
    let (fraction, rest) = match rest {
        [b'.', rest @ ..] => rest.split_at(digits(rest)),
        rest => (&[][..], rest),
    };
    if whole.is_empty() && fraction.is_empty() {
        return None;
    }
    let mut nanos = whole.iter().fold(0_u128, |sum, digit| {
        sum.saturating_mul(10)
            .saturating_add(u128::from(digit - b'0'))
    });
    nanos = nanos.saturating_mul(unit);
    let mut share = unit;
    for digit in fraction {
        share /= 10;
        nanos = nanos.saturating_add(share.saturating_mul(u128::from(digit - b'0')));
    }
    Some((nanos, rest))
}

fn to_ms(nanos: u128) -> u64 {
    u64::try_from(nanos.div_ceil(NANOS_PER_MS)).map_or(MAX_SPAN_MS, |ms| ms.min(MAX_SPAN_MS))
}

/// An RFC 3339 date and time, in milliseconds since the Unix epoch.
#[must_use]
pub fn rfc3339(text: &str) -> Option<i64> {
    let bytes = text.as_bytes();
    let marks = [(4, b'-'), (7, b'-'), (13, b':'), (16, b':')];
    let marked = marks.iter().all(|(at, mark)| bytes.get(*at) == Some(mark));
    if !marked || !matches!(bytes.get(10), Some(b'T' | b't' | b' ')) {
        return None;
    }
    let year = field(bytes, 0, 4, 0..=9999)?;
    let month = field(bytes, 5, 2, 1..=12)?;
    let day = field(bytes, 8, 2, 1..=days_in(year, month))?;
    let hour = field(bytes, 11, 2, 0..=23)?;
    let minute = field(bytes, 14, 2, 0..=59)?;
    let second = field(bytes, 17, 2, 0..=60)?;
    let (fraction_ms, zone) = fraction(bytes.get(19..)?)?;
    let offset = offset_minutes(zone)?;
    let minutes = (days_since_epoch(year, month, day) * 24 + hour) * 60 + minute - offset;
    Some((minutes * 60 + second) * 1_000 + fraction_ms)
}

fn field(
    bytes: &[u8],
    from: usize,
    len: usize,
    range: std::ops::RangeInclusive<i64>,
) -> Option<i64> {
    let digits = bytes.get(from..from.checked_add(len)?)?;
    let value = digits.iter().try_fold(0, |value, digit| {
        digit
            .is_ascii_digit()
            .then(|| value * 10 + i64::from(digit - b'0'))
    })?;
    range.contains(&value).then_some(value)
}

/// The milliseconds of a fraction of a second, if there is one, and what follows it.
fn fraction(rest: &[u8]) -> Option<(i64, &[u8])> {
    let [b'.', rest @ ..] = rest else {
        return Some((0, rest));
    };
    let count = rest.iter().take_while(|b| b.is_ascii_digit()).count();
    let (digits, rest) = rest.split_at(count);
    let ms = [100, 10, 1]
        .iter()
        .zip(digits)
        .map(|(weight, digit)| weight * i64::from(digit - b'0'))
        .sum();
    (count > 0).then_some((ms, rest))
}

fn offset_minutes(zone: &[u8]) -> Option<i64> {
    let sign = match zone {
        [b'Z' | b'z'] => return Some(0),
        [b'+', _, _, b':', _, _] => 1,
        [b'-', _, _, b':', _, _] => -1,
        _ => return None,
    };
    Some(sign * (field(zone, 1, 2, 0..=23)? * 60 + field(zone, 4, 2, 0..=59)?))
}

fn days_in(year: i64, month: i64) -> i64 {
    match month {
        4 | 6 | 9 | 11 => 30,
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        _ => 31,
    }
}

/// Days from the Unix epoch to a date of the Gregorian calendar. Counts years from March, so that
/// a leap day is the last of its year.
fn days_since_epoch(year: i64, month: i64, day: i64) -> i64 {
    let (year, month) = if month > 2 {
        (year, month - 3)
    } else {
        (year - 1, month + 9)
    };
    let leaps = year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400);
    year * 365 + leaps + (153 * month + 2) / 5 + day - 1 - 719_468
}

/// A reset in whatever spelling: an RFC 3339 date, a span, or a number. A number is Unix
/// milliseconds or seconds if it is large enough to be, else seconds from `unix_ms`. The answer is
/// in milliseconds since the Unix epoch.
#[must_use]
pub fn reset(text: &str, unix_ms: i64) -> Option<i64> {
    /// From here on a number is Unix milliseconds: the year 2001, and 31 thousand years as a span.
    const UNIX_MS: u64 = 1_000_000_000_000;
    /// From here on it is Unix seconds: the year 2001, and 31 years as a span.
    const UNIX_SECONDS: u64 = 1_000_000_000;
    // Neither a number nor a span looks like one.
    if let Some(at) = rfc3339(text) {
        return Some(at);
    }
    let whole = text.split('.').next().unwrap_or(text);
    match whole.parse::<u64>() {
        Ok(number) if number >= UNIX_MS => millis_of(text, number),
        Ok(number) if number >= UNIX_SECONDS => millis_of(text, number.saturating_mul(1_000)),
        _ => seconds(text)
            .or_else(|| span(text))
            .map(|ms| unix_ms.saturating_add_unsigned(ms)),
    }
}

/// `ms` if `text` is a number from end to end; the fraction does not matter at this size.
fn millis_of(text: &str, ms: u64) -> Option<i64> {
    seconds(text)?;
    Some(i64::try_from(ms).unwrap_or(i64::MAX))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn spans_are_read_as_providers_spell_them() {
        let cases = [
            ("6m0s", 360_000),
            ("1s", 1_000),
            ("20ms", 20),
            ("0s", 0),
            ("8.64s", 8_640),
            ("1h12m3.5s", 4_323_500),
            ("34.074824224s", 34_075),
            ("1d", 86_400_000),
            ("1ns", 1),
            ("99999999999999999999999h", MAX_SPAN_MS),
        ];
        for (text, ms) in cases {
            assert_eq!(span(text), Some(ms), "{text}");
        }
        for text in ["", "s", "1", "1x", "-1s", "1 s", "1.2.3s", ".s", "6m0"] {
            assert_eq!(span(text), None, "{text}");
        }
    }

    #[test]
    fn numbers_are_seconds_with_or_without_a_fraction() {
        assert_eq!(seconds("12"), Some(12_000));
        assert_eq!(seconds("0.25"), Some(250));
        assert_eq!(seconds("1."), Some(1_000));
        assert_eq!(seconds("0"), Some(0));
        assert_eq!(seconds(&"9".repeat(300)), Some(MAX_SPAN_MS));
        assert_eq!(millis("1500.2"), Some(1_501));
        for text in ["", ".", "-1", "+1", "1e3", "inf", "NaN", "1 ", "soon"] {
            assert_eq!(seconds(text), None, "{text}");
        }
    }

    #[test]
    fn dates_are_read_with_fraction_and_zone() {
        let cases = [
            ("1970-01-01T00:00:00Z", 0),
            ("2000-02-29T12:00:00Z", 951_825_600_000),
            ("2026-01-01T18:01:29Z", 1_767_290_489_000),
            ("2026-01-01T18:01:29.25Z", 1_767_290_489_250),
            ("2026-01-01t19:01:29.123456+01:00", 1_767_290_489_123),
            ("2026-01-01 16:31:29-01:30", 1_767_290_489_000),
            ("1969-12-31T23:59:59Z", -1_000),
        ];
        for (text, ms) in cases {
            assert_eq!(rfc3339(text), Some(ms), "{text}");
        }
        let bad = [
            "",
            "2026-01-01",
            "2026-01-01T18:01:29",
            "2026-13-01T00:00:00Z",
            "2026-02-29T00:00:00Z",
            "2026-01-01T24:00:00Z",
            "2026-01-01T00:00:00.Z",
            "2026-01-01T00:00:00+1:00",
            "2026-01-01T00:00:00Zz",
        ];
        for text in bad {
            assert_eq!(rfc3339(text), None, "{text}");
        }
    }

    #[test]
    fn a_reset_may_be_a_date_a_span_or_a_number() {
        let now = 1_767_290_000_000;
        assert_eq!(reset("2026-01-01T18:01:29Z", now), Some(1_767_290_489_000));
        assert_eq!(reset("1767290489", now), Some(1_767_290_489_000));
        assert_eq!(reset("1767290489123", now), Some(1_767_290_489_123));
        assert_eq!(reset("7", now), Some(now + 7_000));
        assert_eq!(reset("1.5", now), Some(now + 1_500));
        assert_eq!(reset("6m0s", now), Some(now + 360_000));
        assert_eq!(reset("X-RATELIMIT-RESET-TOKENS-XXX", now), None);
        assert_eq!(reset("1767290489x", now), None);
    }

    /// The same count, slowly.
    fn walk(days: i64) -> (i64, i64, i64) {
        let (mut year, mut month, mut left) = (1970, 1, days);
        while left >= days_in(year, month) {
            left -= days_in(year, month);
            (year, month) = if month == 12 {
                (year + 1, 1)
            } else {
                (year, month + 1)
            };
        }
        (year, month, left + 1)
    }

    proptest! {
        #[test]
        fn every_day_is_counted(days in 0_i64..60_000) {
            let (year, month, day) = walk(days);
            prop_assert_eq!(days_since_epoch(year, month, day), days);
        }

        #[test]
        fn nothing_panics(text in ".{0,40}", now in any::<i64>()) {
            let _ = (reset(&text, now), span(&text), seconds(&text), rfc3339(&text));
        }

        #[test]
        fn what_looks_right_does_not_panic(text in "[0-9TZ:.+ -]{0,30}", now in any::<i64>()) {
            let _ = (reset(&text, now), rfc3339(&text));
        }
    }
}
