//! An entry of the shared stream: which fields it has, and how they are read when they come from
//! who knows whom.

use std::str;

use redis::Cmd;
use weir_core::vault::{Issued, News};

/// The stream.
pub(super) const STREAM: &str = "weir:signatures";
/// Entries that it keeps, about: at a kilobyte each, some ten megabytes.
const MAX_ENTRIES: usize = 10_000;
/// What the fields mean. Entries of another version are left alone.
const VERSION: &str = "1";

/// A field's name and value, in turn.
pub(super) type Fields = Vec<Vec<u8>>;

/// The command that tells `news` in the name of `node`.
pub(super) fn write(news: &News, node: &str) -> Cmd {
    let mut command = redis::cmd("XADD");
    command.arg(STREAM).arg("MAXLEN").arg("~").arg(MAX_ENTRIES);
    command.arg("*").arg("v").arg(VERSION).arg("node").arg(node);
    command.arg("provider").arg(&*news.provider);
    command.arg("group").arg(&*news.group);
    match &news.issued {
        Issued::Signature { text_hash, value } => {
            command.arg("hash").arg(&**text_hash);
            command.arg("signature").arg(&**value)
        }
        Issued::Opaque(digest) => command.arg("digest").arg(format!("{digest:032x}")),
    };
    command
}

/// What an entry says. `None` if that cannot be told; whether it is fit to be believed is another
/// question.
pub(super) fn read(fields: &Fields) -> Option<News> {
    if field(fields, "v")? != VERSION {
        return None;
    }
    let issued = if let Some(digest) = field(fields, "digest") {
        Issued::Opaque(u128::from_str_radix(digest, 16).ok()?)
    } else {
        Issued::Signature {
            text_hash: field(fields, "hash")?.into(),
            value: field(fields, "signature")?.into(),
        }
    };
    Some(News {
        provider: field(fields, "provider")?.into(),
        group: field(fields, "group")?.into(),
        issued,
    })
}

/// Whether an entry is by `node`.
pub(super) fn is_by(fields: &Fields, node: &str) -> bool {
    field(fields, "node") == Some(node)
}

fn field<'a>(fields: &'a Fields, name: &str) -> Option<&'a str> {
    let mut pairs = fields.chunks_exact(2);
    let value = pairs.find_map(|pair| match pair {
        [key, value] if key == name.as_bytes() => Some(value),
        _ => None,
    })?;
    str::from_utf8(value).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The fields as Redis would give them back.
    fn sent(command: &Cmd) -> Fields {
        let args = command.args_iter().filter_map(|arg| match arg {
            redis::Arg::Simple(bytes) => Some(bytes.to_vec()),
            _ => None,
        });
        let args: Fields = args.collect();
        let start = args.iter().position(|arg| arg == b"*").unwrap() + 1;
        args[start..].to_vec()
    }

    #[test]
    fn what_is_written_is_read() {
        let of = |issued| News {
            provider: "u1".into(),
            group: "claude".into(),
            issued,
        };
        for news in [
            of(Issued::Opaque(7)),
            of(Issued::Opaque(u128::MAX)),
            of(Issued::Signature {
                text_hash: "ca978112ca1bbdca".into(),
                value: "sig".into(),
            }),
        ] {
            let fields = sent(&write(&news, "me"));
            assert_eq!(read(&fields), Some(news));
            assert!(is_by(&fields, "me") && !is_by(&fields, "you"));
        }
    }

    #[test]
    fn what_makes_no_sense_is_nothing() {
        let whole: &[&[u8]] = &[
            b"v",
            b"1",
            b"provider",
            b"p",
            b"group",
            b"g",
            b"digest",
            b"ff",
        ];
        let fields = |of: &[&[u8]]| of.iter().map(|part| part.to_vec()).collect::<Fields>();
        assert!(read(&fields(whole)).is_some());
        for length in 0..whole.len() {
            assert!(read(&fields(&whole[..length])).is_none());
        }
        for (at, other) in [(1, &b"2"[..]), (3, b"\xff"), (7, b"xyz"), (7, b"")] {
            let mut spoilt = fields(whole);
            spoilt[at] = other.to_vec();
            assert!(read(&spoilt).is_none());
        }
    }
}
