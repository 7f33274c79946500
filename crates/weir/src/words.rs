//! Times, counts and states in few characters, for tables and screens.

use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::seen::{Key, Window};

/// When and where somebody looks.
#[derive(Clone, Debug)]
pub(crate) struct Here {
    /// Milliseconds since the Unix epoch.
    pub now_ms: i64,
    /// Where they are.
    pub zone: TimeZone,
}

impl Here {
    /// At this moment, at this machine.
    pub(crate) fn and_now() -> Self {
        Self {
            now_ms: Timestamp::now().as_millisecond(),
            zone: TimeZone::system(),
        }
    }

    /// A moment: `14:10` today, `Sat 14:10` within a week, else `Nov 21`.
    pub(crate) fn moment(&self, ms: i64) -> String {
        let at = |ms| Timestamp::from_millisecond(ms).map(|at| at.to_zoned(self.zone.clone()));
        let (Ok(at), Ok(now)) = (at(ms), at(self.now_ms)) else {
            return "?".to_owned();
        };
        let format = if at.date() == now.date() {
            "%H:%M"
        } else if self.now_ms.abs_diff(ms) < 6 * 86_400_000 {
            "%a %H:%M"
        } else {
            "%b %d"
        };
        at.strftime(format).to_string()
    }

    /// Day and time of a moment in RFC 3339: `Nov 21 13:00`.
    pub(crate) fn day_and_time_of(&self, moment: &str) -> String {
        let at = moment.parse::<Timestamp>();
        at.map_or_else(
            |_| "?".to_owned(),
            |at| {
                let at = at.to_zoned(self.zone.clone());
                at.strftime("%b %d %H:%M").to_string()
            },
        )
    }

    /// The time of day of a moment in RFC 3339.
    pub(crate) fn time_of(&self, moment: &str) -> String {
        let at = moment.parse::<Timestamp>();
        at.map_or_else(
            |_| "?".to_owned(),
            |at| {
                let at = at.to_zoned(self.zone.clone());
                at.strftime("%H:%M:%S").to_string()
            },
        )
    }
}

/// A span: `45s`, `12m`, `3h12m`, `4d3h`.
pub(crate) fn span(ms: u64) -> String {
    let seconds = ms / 1_000;
    let (minutes, hours) = (seconds / 60, seconds / 3_600);
    match seconds {
        0..60 => format!("{seconds}s"),
        60..3_600 => format!("{minutes}m"),
        3_600..86_400 => format!("{hours}h{:02}m", minutes % 60),
        _ => format!("{}d{}h", hours / 24, hours % 24),
    }
}

/// How long something took: `4ms`, `430ms`, `1.2s`, `12s`, `2m`; `-` when nobody knows.
pub(crate) fn took(ms: Option<f64>) -> String {
    match ms {
        None => "-".to_owned(),
        Some(ms) if ms < 999.5 => format!("{ms:.0}ms"),
        Some(ms) if ms < 9_950.0 => format!("{:.1}s", ms / 1_000.0),
        Some(ms) if ms < 99_500.0 => format!("{:.0}s", ms / 1_000.0),
        Some(ms) => format!("{:.0}m", ms / 60_000.0),
    }
}

/// A count in at most five characters: `99999`, `123k`, `12M`, `5G`.
pub(crate) fn count(count: u64) -> String {
    match count {
        0..100_000 => count.to_string(),
        100_000..10_000_000 => format!("{}k", count / 1_000),
        10_000_000..10_000_000_000 => format!("{}M", count / 1_000_000),
        _ => format!("{}G", count / 1_000_000_000),
    }
}

/// US dollars: `$0.0042`, `$1.23`; `-` when nobody knows.
pub(crate) fn money(dollars: Option<f64>) -> String {
    match dollars {
        None => "-".to_owned(),
        Some(dollars) if dollars < 0.995 => format!("${dollars:.4}"),
        Some(dollars) => format!("${dollars:.2}"),
    }
}

/// A share in percent as a bar of ten.
pub(crate) fn bar(percent: u8) -> String {
    let full = usize::from(percent.min(100)).div_ceil(10);
    format!("{}{}", "█".repeat(full), "░".repeat(10 - full))
}

/// What is to be said of a key besides its state: why it pauses and until when, else when its
/// quota is spent, else how much of it is gone.
pub(crate) fn note(key: &Key, here: &Here) -> String {
    let ahead = |until: Option<i64>| until.filter(|until| *until > here.now_ms);
    if key.status == "disabled" {
        return "switched off".to_owned();
    }
    if let Some(until) = ahead(key.benched_until) {
        return format!("refused, next try {}", here.moment(until));
    }
    if let Some(until) = ahead(key.spent_until) {
        return format!("quota spent until {}", here.moment(until));
    }
    if let Some(until) = ahead(key.cooldown_until) {
        let ms = until.abs_diff(here.now_ms);
        return format!("pauses for {}", span(ms.next_multiple_of(1_000)));
    }
    if let Some(hint) = key.hint.as_ref().filter(|hint| hint.until > here.now_ms) {
        let until = here.moment(hint.until);
        return format!("rests until {until}, says {}", hint.node);
    }
    if let Some(forecast) = forecast(&key.windows, here) {
        return forecast;
    }
    match (key.overage, key.last_error) {
        (true, _) => "paid beyond the subscription".to_owned(),
        (false, Some(error)) if key.status != "healthy" => format!("last error {}", error.status),
        (false, _) => String::new(),
    }
}

/// The window that is spent first, else the one of which most is gone.
fn forecast(windows: &[Window], here: &Here) -> Option<String> {
    let soonest = windows.iter().filter(|window| window.spent_at.is_some());
    if let Some(window) = soonest.min_by_key(|window| window.spent_at) {
        let at = here.moment(window.spent_at?);
        return Some(format!("{} {}, spent {at}", window.window, used(window)));
    }
    let known = windows
        .iter()
        .filter(|window| window.used.is_some_and(|used| used >= 0.01));
    let fullest = known.max_by(|one, other| {
        let share = |window: &Window| window.used.unwrap_or(0.0);
        share(one).total_cmp(&share(other))
    })?;
    let whole = fullest.resets_at.map(|at| here.moment(at));
    let whole = whole.map_or_else(String::new, |at| format!(", whole {at}"));
    Some(format!("{} {}{whole}", fullest.window, used(fullest)))
}

fn used(window: &Window) -> String {
    let share = window.used.unwrap_or(1.0).clamp(0.0, 1.0);
    format!("{:.0}%", share * 100.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::seen::KeyHint;

    /// 13:37 on Saturday, 21 November 2026.
    pub(crate) fn here() -> Here {
        Here {
            now_ms: 1_795_268_220_000,
            zone: TimeZone::UTC,
        }
    }

    fn minutes(minutes: i64) -> Option<i64> {
        Some(here().now_ms + minutes * 60_000)
    }

    #[test]
    fn moments_are_as_short_as_they_are_near() {
        let here = here();
        for (minutes, expected) in [
            (33, "14:10"),
            (-60, "12:37"),
            (12 * 60, "Sun 01:37"),
            (9 * 24 * 60, "Nov 30"),
        ] {
            assert_eq!(here.moment(here.now_ms + minutes * 60_000), expected);
        }
        assert_eq!(here.moment(i64::MAX), "?");
        assert_eq!(here.time_of("2026-11-21T13:37:01.250Z"), "13:37:01");
        assert_eq!(here.time_of("yesterday"), "?");
    }

    #[test]
    fn spans_and_counts_fit() {
        for (ms, expected) in [
            (0, "0s"),
            (59_999, "59s"),
            (720_000, "12m"),
            (11_520_000, "3h12m"),
            (356_400_000, "4d3h"),
        ] {
            assert_eq!(span(ms), expected);
        }
        for (ms, expected) in [
            (None, "-"),
            (Some(4.2), "4ms"),
            (Some(999.9), "1.0s"),
            (Some(12_345.0), "12s"),
            (Some(123_456.0), "2m"),
        ] {
            assert_eq!(took(ms), expected);
        }
        for number in [0, 99_999, 100_000, 9_999_999, u64::from(u32::MAX) * 3] {
            assert!(count(number).len() <= 5, "{}", count(number));
        }
        assert_eq!(bar(0), "░░░░░░░░░░");
        assert_eq!(bar(1), "█░░░░░░░░░");
        assert_eq!(bar(255), "██████████");
    }

    #[test]
    fn a_key_is_said_to_wait_for_what_it_waits_for() {
        let window = |name: &str, used, spent_at, resets_at| Window {
            window: name.to_owned(),
            used: Some(used),
            spent_at,
            resets_at,
        };
        let key = Key {
            status: "healthy".to_owned(),
            windows: vec![
                window("5h", 0.62, minutes(33), minutes(120)),
                window("7d", 0.9, minutes(90), minutes(5000)),
            ],
            ..Key::default()
        };
        assert_eq!(note(&key, &here()), "5h 62%, spent 14:10");
        let lasting = Key {
            windows: vec![
                window("5h", 0.1, None, minutes(120)),
                window("7d", 0.42, None, minutes(60)),
            ],
            ..key.clone()
        };
        assert_eq!(note(&lasting, &here()), "7d 42%, whole 14:37");
        let told = Key {
            hint: Some(KeyHint {
                until: here().now_ms + 1_980_000,
                node: "weir-a:3001".to_owned(),
            }),
            ..key.clone()
        };
        assert_eq!(note(&told, &here()), "rests until 14:10, says weir-a:3001");
        let pausing = Key {
            cooldown_until: Some(here().now_ms + 2_400),
            ..key.clone()
        };
        assert_eq!(note(&pausing, &here()), "pauses for 3s");
        let spent = Key {
            spent_until: minutes(33),
            ..pausing.clone()
        };
        assert_eq!(note(&spent, &here()), "quota spent until 14:10");
        let benched = Key {
            benched_until: minutes(1),
            ..spent.clone()
        };
        assert_eq!(note(&benched, &here()), "refused, next try 13:38");
        let off = Key {
            status: "disabled".to_owned(),
            ..benched
        };
        assert_eq!(note(&off, &here()), "switched off");
        assert_eq!(note(&Key::default(), &here()), "");
    }
}
