//! What kinds of value a setting can hold: how each is read from text and written back.

mod json;

use std::collections::BTreeMap;
use std::time::Duration;

use super::checks;
use crate::settings::HeaderRule;

/// The kind of a setting's value.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Kind {
    /// On or off.
    Bool,
    /// A whole number within bounds.
    Integer { min: u64, max: u64 },
    /// A span of time of at least `min`.
    Duration { min: Duration },
    /// The same, in milliseconds unless it says its unit.
    Millis { min: Duration },
    /// A number of bytes of at least `min`.
    Size { min: u64 },
    /// One of these words.
    Choice(&'static [&'static str]),
    /// Text that a function checks; `form` says what it is, for people.
    Text { form: &'static str, check: Check },
    /// A list of such texts.
    List { form: &'static str, check: Check },
    /// A map of names to such texts. With `fields`, a value may also be a section of these, or a
    /// list of sections, which stand for the text `a=1 b=2 ; a=3 b=4`.
    Map {
        form: &'static str,
        check: Check,
        fields: &'static [&'static str],
    },
    /// Changes of headers: a list of maps, or a JSON array of objects. Each is kept as its JSON.
    Rules,
}

/// Says what is wrong with a text, in words that follow the value.
pub(crate) type Check = fn(&str) -> Result<(), String>;

/// A value that has been read and is of its setting's kind.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Value {
    Bool(bool),
    /// Numbers and sizes.
    Integer(u64),
    Duration(Duration),
    /// Texts and choices.
    Text(String),
    List(Vec<String>),
    Map(BTreeMap<String, String>),
}

impl Kind {
    /// Reads one scalar.
    ///
    /// # Errors
    /// What is wrong, in words that follow the value; the value itself is not in it.
    pub(crate) fn read(self, text: &str) -> Result<Value, String> {
        match self {
            Self::Bool => bool_from(text).map(Value::Bool),
            Self::Integer { min, max } => {
                let number = integer_from(text)?;
                in_bounds(number, min, max)?;
                Ok(Value::Integer(number))
            }
            Self::Duration { min } => span(text, 1_000, min),
            Self::Millis { min } => span(text, 1, min),
            Self::Size { min } => {
                let size = size_from(text)?;
                if size < min {
                    return Err(format!("is too small: at least {}", size_text(min)));
                }
                Ok(Value::Integer(size))
            }
            Self::Choice(words) => {
                let word = words.iter().find(|word| word.eq_ignore_ascii_case(text));
                word.map(|word| Value::Text((*word).to_owned()))
                    .ok_or_else(|| format!("is not one of {}", quoted(words)))
            }
            Self::Text { check, .. } => check(text).map(|()| Value::Text(text.to_owned())),
            Self::List { .. } => {
                let items = match json::items(text) {
                    Some(items) => items?,
                    None => parts(text).map(str::to_owned).collect(),
                };
                let items = items.into_iter();
                let items = items.map(|item| self.read_item(&item).map(|()| item));
                items.collect::<Result<_, _>>().map(Value::List)
            }
            Self::Rules if text.is_empty() => Ok(Value::List(Vec::new())),
            Self::Rules => {
                let rules = HeaderRule::read_all(text).map_err(|wrong| format!("is {wrong}"))?;
                let json = |rule: &HeaderRule| serde_json::to_string(rule).unwrap_or_default();
                Ok(Value::List(rules.iter().map(json).collect()))
            }
            Self::Map { fields, .. } => {
                let pairs = match json::pairs(text, !fields.is_empty()) {
                    Some(pairs) => pairs?,
                    None => parts(text).map(pair).collect::<Result<_, _>>()?,
                };
                let pairs = pairs.into_iter().map(|(name, value)| {
                    self.read_pair(&name, &value)
                        .map_err(|wrong| format!("holds `{name}`: {wrong}"))?;
                    Ok((name, value))
                });
                pairs.collect::<Result<_, String>>().map(Value::Map)
            }
        }
    }

    /// Checks one item of a list.
    ///
    /// # Errors
    /// As for [`Kind::read`].
    pub(crate) fn read_item(self, item: &str) -> Result<(), String> {
        match self {
            Self::List { check, .. } => check(item),
            Self::Rules => HeaderRule::read(item).map(drop),
            _ => Err("is a list; one value is expected".to_owned()),
        }
    }

    /// Checks one entry of a map.
    ///
    /// # Errors
    /// As for [`Kind::read`].
    pub(crate) fn read_pair(self, name: &str, value: &str) -> Result<(), String> {
        match self {
            Self::Map { check, .. } => checks::model(name).and_then(|()| check(value)),
            _ => Err("a section; one value is expected".to_owned()),
        }
    }

    /// Writes a value as it could stand in the file.
    pub(crate) fn write(self, value: &Value) -> String {
        match (self, value) {
            (Self::Size { .. }, Value::Integer(size)) => size_text(*size),
            (_, Value::Integer(number)) => number.to_string(),
            (_, Value::Bool(flag)) => flag.to_string(),
            (_, Value::Duration(span)) => duration_text(*span),
            (_, Value::Text(text)) => text.clone(),
            (Self::Rules, Value::List(items)) => format!("[{}]", items.join(",")),
            (_, Value::List(items)) => json::list(items).unwrap_or_else(|| items.join(", ")),
            (_, Value::Map(pairs)) => json::map(pairs.iter()).unwrap_or_else(|| {
                let pairs: Vec<_> = pairs
                    .iter()
                    .map(|(name, value)| format!("{name}={value}"))
                    .collect();
                pairs.join(", ")
            }),
        }
    }
}

/// Accepts any text.
pub(crate) fn any(_: &str) -> Result<(), String> {
    Ok(())
}

/// A name and a value, without the blanks around.
fn pair(part: &str) -> Result<(String, String), String> {
    let halves = part.split_once('=').or_else(|| part.split_once(':'));
    let (name, value) = halves.ok_or("is not a list of `name=value`")?;
    Ok((name.trim().to_owned(), value.trim().to_owned()))
}

/// What stands between commas.
fn parts(text: &str) -> impl Iterator<Item = &str> {
    text.split(',')
        .map(str::trim)
        .filter(|part| !part.is_empty())
}

/// Reads a span; a number alone is so many times `unit_ms`.
fn span(text: &str, unit_ms: u64, min: Duration) -> Result<Value, String> {
    let span = duration_from(text, unit_ms)?;
    if span < min {
        return Err(format!("is too short: at least {}", duration_text(min)));
    }
    Ok(Value::Duration(span))
}

fn quoted(words: &[&str]) -> String {
    let words: Vec<String> = words.iter().map(|word| format!("`{word}`")).collect();
    words.join(", ")
}

fn bool_from(text: &str) -> Result<bool, String> {
    match text.to_ascii_lowercase().as_str() {
        "true" | "1" | "yes" | "on" => Ok(true),
        "false" | "0" | "no" | "off" => Ok(false),
        _ => Err("is neither `true` nor `false`".to_owned()),
    }
}

fn integer_from(text: &str) -> Result<u64, String> {
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    digits
        .then(|| text.parse().ok())
        .flatten()
        .ok_or_else(|| "is not a whole number from 0 on".to_owned())
}

fn in_bounds(number: u64, min: u64, max: u64) -> Result<(), String> {
    if number < min {
        return Err(format!("is too small: at least {min}"));
    }
    if number > max {
        return Err(format!("is too large: at most {max}"));
    }
    Ok(())
}

/// Longest span accepted: a hundred years, so that adding it to any clock cannot overflow.
const LONGEST_MS: u64 = 100 * 366 * 86_400_000;

/// Reads `500` (so many times `alone_ms`), `500s`, `10m`, `1h30m`, `1.5h`, `250ms`, `30d`.
fn duration_from(text: &str, alone_ms: u64) -> Result<Duration, String> {
    let wrong = || {
        let unit = if alone_ms == 1 {
            "milliseconds"
        } else {
            "seconds"
        };
        format!(
            "is not a duration; write {unit}, or such as `500s`, `10m`, `1h30m`, `250ms`, `30d`"
        )
    };
    let mut rest = text.trim();
    if rest.is_empty() {
        return Err(wrong());
    }
    let mut total_ms: u64 = 0;
    while !rest.is_empty() {
        let (whole, fraction, tail) = number(rest).ok_or_else(wrong)?;
        let letters = tail
            .find(|c: char| !c.is_ascii_alphabetic())
            .unwrap_or(tail.len());
        let (unit, tail) = tail.split_at(letters);
        let alone = total_ms == 0 && tail.is_empty() && rest.len() == text.trim().len();
        let unit_ms: u64 = match unit {
            "" if alone => alone_ms,
            "ms" => 1,
            "s" => 1_000,
            "m" => 60_000,
            "h" => 3_600_000,
            "d" => 86_400_000,
            _ => return Err(wrong()),
        };
        let part = whole
            .checked_mul(unit_ms)
            .and_then(|ms| ms.checked_add(fraction * unit_ms / 1_000));
        total_ms = part
            .and_then(|part| total_ms.checked_add(part))
            .unwrap_or(u64::MAX);
        rest = tail;
    }
    if total_ms > LONGEST_MS {
        return Err("is too long: at most 36600d".to_owned());
    }
    Ok(Duration::from_millis(total_ms))
}

/// Splits a decimal number off the front: the whole part, thousandths, and what follows.
fn number(text: &str) -> Option<(u64, u64, &str)> {
    let digits = |text: &str| {
        text.find(|c: char| !c.is_ascii_digit())
            .unwrap_or(text.len())
    };
    let (whole, rest) = text.split_at(digits(text));
    let whole = whole.parse().ok()?;
    let Some(rest) = rest.strip_prefix('.') else {
        return Some((whole, 0, rest));
    };
    let (fraction, rest) = rest.split_at(digits(rest));
    if fraction.is_empty() {
        return None;
    }
    let thousandths: String = fraction.chars().chain("000".chars()).take(3).collect();
    Some((whole, thousandths.parse().ok()?, rest))
}

/// Writes a span the shortest way that [`duration_from`] reads back as the same.
pub(crate) fn duration_text(span: Duration) -> String {
    let mut ms = span.as_millis();
    if ms == 0 {
        return "0s".to_owned();
    }
    let mut out = String::new();
    for (unit, unit_ms) in [
        ("d", 86_400_000),
        ("h", 3_600_000),
        ("m", 60_000),
        ("s", 1_000),
        ("ms", 1),
    ] {
        if ms >= unit_ms {
            out.push_str(&format!("{}{unit}", ms / unit_ms));
            ms %= unit_ms;
        }
    }
    out
}

/// Unit names in lower case, largest first within each family, and what they stand for.
const SIZE_UNITS: [(&str, u64); 9] = [
    ("tib", 1 << 40),
    ("gib", 1 << 30),
    ("mib", 1 << 20),
    ("kib", 1 << 10),
    ("tb", 1_000_000_000_000),
    ("gb", 1_000_000_000),
    ("mb", 1_000_000),
    ("kb", 1_000),
    ("b", 1),
];

fn size_from(text: &str) -> Result<u64, String> {
    let wrong = || "is not a size; write bytes, or such as `32MiB`, `10MB`, `512KiB`".to_owned();
    let (whole, fraction, unit) = number(text.trim()).ok_or_else(wrong)?;
    let unit = unit.trim().to_ascii_lowercase();
    let factor = match SIZE_UNITS.iter().find(|(name, _)| *name == unit) {
        Some((_, factor)) => *factor,
        None if unit.is_empty() && fraction == 0 => 1,
        None => return Err(wrong()),
    };
    let size =
        u128::from(whole) * u128::from(factor) + u128::from(fraction) * u128::from(factor) / 1_000;
    // The bound keeps every size within `i64`, which is what databases count in.
    let size = u64::try_from(size)
        .ok()
        .filter(|size| i64::try_from(*size).is_ok());
    size.ok_or_else(|| "is too large".to_owned())
}

/// Writes a size in the largest binary unit that divides it.
pub(crate) fn size_text(size: u64) -> String {
    for (name, factor) in [
        ("TiB", 1u64 << 40),
        ("GiB", 1 << 30),
        ("MiB", 1 << 20),
        ("KiB", 1 << 10),
    ] {
        if size >= factor && size.is_multiple_of(factor) {
            return format!("{}{name}", size / factor);
        }
    }
    size.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const SPAN: Kind = Kind::Duration {
        min: Duration::ZERO,
    };
    const SIZE: Kind = Kind::Size { min: 0 };

    #[test]
    fn durations_are_read_in_every_spelling() {
        for (text, ms) in [
            ("500", 500_000),
            ("500s", 500_000),
            ("10m", 600_000),
            ("1h30m", 5_400_000),
            ("1h0m0s", 3_600_000),
            ("250ms", 250),
            ("1.5h", 5_400_000),
            ("0.25s", 250),
            ("30d", 2_592_000_000),
            ("0", 0),
        ] {
            assert_eq!(
                SPAN.read(text),
                Ok(Value::Duration(Duration::from_millis(ms))),
                "{text}"
            );
        }
        for text in [
            "",
            "s",
            "-1s",
            "10 m",
            "1h30",
            "1y",
            "1.s",
            ".5s",
            "99999999999999999999s",
            "40000d",
            "1m ",
            "é",
        ] {
            if text != "1m " {
                assert!(SPAN.read(text).is_err(), "{text}");
            }
        }
    }

    #[test]
    fn sizes_are_read_in_every_spelling() {
        for (text, size) in [
            ("1024", 1024),
            ("32MiB", 32 << 20),
            ("10MB", 10_000_000),
            ("1.5 KiB", 1536),
            ("64 kib", 65_536),
            ("7B", 7),
            ("0", 0),
        ] {
            assert_eq!(SIZE.read(text), Ok(Value::Integer(size)), "{text}");
        }
        for text in ["", "MiB", "-1", "1.5", "10M", "99999999TiB", "1e6"] {
            assert!(SIZE.read(text).is_err(), "{text}");
        }
    }

    #[test]
    fn bounds_and_words_are_kept() {
        let port = Kind::Integer { min: 1, max: 10 };
        assert!(port.read("0").is_err() && port.read("11").is_err() && port.read("+5").is_err());
        assert_eq!(port.read("5"), Ok(Value::Integer(5)));
        let word = Kind::Choice(&["auto", "never"]);
        assert_eq!(word.read("AUTO"), Ok(Value::Text("auto".to_owned())));
        assert_eq!(
            word.read("always"),
            Err("is not one of `auto`, `never`".to_owned())
        );
        assert_eq!(Kind::Bool.read("YES"), Ok(Value::Bool(true)));
        assert!(Kind::Bool.read("maybe").is_err());
    }

    proptest! {
        #[test]
        fn what_is_written_reads_back_the_same(ms in 0u64..LONGEST_MS, size in 0u64..(1 << 62)) {
            let span = Value::Duration(Duration::from_millis(ms));
            prop_assert_eq!(SPAN.read(&SPAN.write(&span)), Ok(span));
            let size = Value::Integer(size);
            prop_assert_eq!(SIZE.read(&SIZE.write(&size)), Ok(size));
        }

        #[test]
        fn no_text_panics(text in "\\PC*") {
            for kind in [SPAN, SIZE, Kind::Bool, Kind::Integer { min: 0, max: 9 }] {
                drop(kind.read(&text));
            }
        }
    }
}
