//! An entry of the stream of hints: which fields it has, and how they are read when they come from
//! who knows whom.

use redis::Cmd;
use weir_core::keys::{KeyId, Rest};
use weir_core::route::hints::{Hint, Said, Subject};

use crate::nodes::is_name;
use crate::stream::{Fields, field};

/// The stream.
pub(super) const STREAM: &str = "weir:hints";
/// Entries that it keeps, about: at 200 bytes each, some 400 KB.
const MAX_ENTRIES: usize = 2_000;
/// What the fields mean. Entries of another version are left alone.
const VERSION: &str = "1";

/// The command that tells `hint` in the name of the node that has this id and name.
pub(super) fn write(hint: &Hint, (id, name): (&str, &str)) -> Cmd {
    let Subject { provider, way, key } = &hint.subject;
    let said = match hint.said {
        Said::Rests(rest) => rest.as_str(),
        Said::Open => "open",
        Said::Well => "well",
    };
    let mut command = redis::cmd("XADD");
    command.arg(STREAM).arg("MAXLEN").arg("~").arg(MAX_ENTRIES);
    command.arg("*").arg("v").arg(VERSION);
    command.arg("node").arg(id).arg("name").arg(name);
    command.arg("provider").arg(&**provider);
    command.arg("way").arg(format!("{way:016x}"));
    if let Some(KeyId(key)) = key {
        command.arg("key").arg(format!("{key:016x}"));
    }
    command.arg("said").arg(said);
    command.arg("left_ms").arg(hint.left_ms);
    command
}

/// What an entry says, and the name of the node that does. `None` where that makes no sense.
pub(super) fn read(fields: &Fields) -> Option<(Hint, &str)> {
    if field(fields, "v")? != VERSION {
        return None;
    }
    let number = |text| u64::from_str_radix(text, 16).ok();
    let key = match field(fields, "key") {
        Some(text) => Some(KeyId(number(text)?)),
        None => None,
    };
    let said = match field(fields, "said")? {
        "open" => Said::Open,
        "well" => Said::Well,
        rest => Said::Rests(Rest::from_name(rest)?),
    };
    let hint = Hint {
        subject: Subject {
            provider: field(fields, "provider")?.into(),
            way: number(field(fields, "way")?)?,
            key,
        },
        said,
        left_ms: field(fields, "left_ms")?.parse().ok()?,
    };
    let name = field(fields, "name")?;
    (hint.is_fit() && is_name(name)).then_some((hint, name))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stream::added;

    fn hint(key: Option<u64>, said: Said) -> Hint {
        Hint {
            subject: Subject {
                provider: "u1".into(),
                way: 0xff,
                key: key.map(KeyId),
            },
            said,
            left_ms: 20_000,
        }
    }

    #[test]
    fn what_is_written_is_read() {
        for hint in [
            hint(Some(u64::MAX), Said::Rests(Rest::Limited)),
            hint(Some(0), Said::Rests(Rest::Spent)),
            hint(Some(7), Said::Well),
            hint(None, Said::Open),
            hint(None, Said::Well),
        ] {
            let fields = added(&write(&hint, ("me", "host:1")));
            assert_eq!(read(&fields), Some((hint, "host:1")));
        }
    }

    #[test]
    fn what_makes_no_sense_is_nothing() {
        let whole = added(&write(
            &hint(Some(7), Said::Rests(Rest::Limited)),
            ("me", "host:1"),
        ));
        for length in 0..whole.len() {
            assert!(read(&whole[..length].to_vec()).is_none());
        }
        let with = |name: &str, value: &str| {
            let mut fields = whole.clone();
            let at = fields.iter().position(|one| one == name.as_bytes());
            fields[at.unwrap() + 1] = value.as_bytes().to_vec();
            read(&fields).map(|(hint, _)| hint)
        };
        assert!(with("said", "spent").is_some());
        let week = (9 * 24 * 3_600_000_u64).to_string();
        for (name, value) in [
            ("v", "2"),
            ("said", "open"),
            ("said", "gone"),
            ("provider", ""),
            ("way", "not hex"),
            ("key", "sk-ant-api03-not-an-id"),
            ("left_ms", "-1"),
            ("left_ms", &week),
            ("name", ""),
            ("name", &"n".repeat(257)),
            ("name", "a\u{1b}[2J"),
        ] {
            assert_eq!(with(name, value), None, "{name}: {value}");
        }
    }
}
