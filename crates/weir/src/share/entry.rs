//! An entry of the shared stream: which fields it has, and how they are read when they come from
//! who knows whom.

use redis::Cmd;
use weir_core::vault::{Issued, News};

use crate::stream::{Fields, field};

/// The stream.
pub(super) const STREAM: &str = "weir:signatures";
/// Entries that it keeps, about: at a kilobyte each, some ten megabytes.
const MAX_ENTRIES: usize = 10_000;
/// What the fields mean. Entries of another version are left alone.
const VERSION: &str = "1";

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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stream::added;

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
            let fields = added(&write(&news, "me"));
            assert_eq!(read(&fields), Some(news));
            assert_eq!(field(&fields, "node"), Some("me"));
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
