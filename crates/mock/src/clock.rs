//! Times as headers spell them. The only place that asks what time it is for an answer.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Now, in Unix seconds.
pub(crate) fn now() -> u64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |time| time.as_secs())
}

/// Unix seconds, or with a sign seconds from now: `1893456000`, `+60`, `-10`.
pub(crate) fn moment(text: &str) -> Option<u64> {
    if let Some(later) = text.strip_prefix('+') {
        Some(now().saturating_add(later.parse().ok()?))
    } else if let Some(earlier) = text.strip_prefix('-') {
        Some(now().saturating_sub(earlier.parse().ok()?))
    } else {
        text.parse().ok()
    }
}

/// Unix seconds as the date of an HTTP header.
pub(crate) fn http_date(unix: u64) -> String {
    let time = UNIX_EPOCH.checked_add(Duration::from_secs(unix.min(LAST)));
    httpdate::fmt_http_date(time.unwrap_or(UNIX_EPOCH))
}

/// The end of the year 9999, past which no date has a spelling.
const LAST: u64 = 253_402_300_799;

/// Unix seconds as RFC 3339 text in UTC.
pub(crate) fn rfc3339(unix: u64) -> String {
    let date = http_date(unix); // "Tue, 01 Jan 2030 00:00:00 GMT"
    let words: Vec<&str> = date.split(' ').collect();
    let [_, day, month, year, clock, _] = words.as_slice() else {
        return date;
    };
    const MONTHS: &str = "JanFebMarAprMayJunJulAugSepOctNovDec";
    let month = MONTHS.find(month).unwrap_or(0) / 3 + 1;
    format!("{year}-{month:02}-{day}T{clock}Z")
}

/// Seconds as OpenAI spells a span: `6m0s`.
pub(crate) fn span(seconds: u64) -> String {
    match (seconds / 3600, seconds / 60 % 60, seconds % 60) {
        (0, 0, seconds) => format!("{seconds}s"),
        (0, minutes, seconds) => format!("{minutes}m{seconds}s"),
        (hours, minutes, seconds) => format!("{hours}h{minutes}m{seconds}s"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_written_as_rfc3339() {
        assert_eq!(rfc3339(1_893_456_000), "2030-01-01T00:00:00Z");
        assert_eq!(rfc3339(1_700_000_000), "2023-11-14T22:13:20Z");
        assert_eq!(rfc3339(u64::MAX), "9999-12-31T23:59:59Z");
    }

    #[test]
    fn spans_are_written_as_openai_does() {
        let spans = [0, 59, 360, 3601].map(span);
        assert_eq!(spans, ["0s", "59s", "6m0s", "1h0m1s"]);
    }

    #[test]
    fn moments_are_absolute_or_relative() {
        assert_eq!(moment("17"), Some(17));
        assert!(moment("+60") > Some(now() + 50) && moment("-60") < Some(now()));
        assert_eq!((moment("soon"), moment("+-1")), (None, None));
    }
}
