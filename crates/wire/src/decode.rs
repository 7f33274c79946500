//! Undoes content encodings of a captured body. Only copies are decoded: what passes through the
//! gateway stays as it is, so a fault here costs a fact, never a response.

use std::borrow::Cow;
use std::io::Read;

use flate2::read::{DeflateDecoder, MultiGzDecoder, ZlibDecoder};

/// Most encodings that are undone one after the other.
const MAX_CHAIN: usize = 4;
/// Largest zstd window, as a power of two in bytes: bounds the memory a frame can ask for.
const MAX_ZSTD_WINDOW: u32 = 27;

/// A body as far as it could be decoded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decoded<'a> {
    /// The plain bytes, borrowed when there was nothing to undo.
    pub bytes: Cow<'a, [u8]>,
    /// Whether there was more than the limit.
    pub truncated: bool,
    /// What stopped the decoding, if anything did; `bytes` then holds what came before.
    pub fault: Option<Fault>,
}

/// Why a body was not decoded to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// The bytes are not what the encoding says, or end too soon.
    #[error("the body is corrupt or cut off")]
    Corrupt,
    /// An encoding that is not known; the body is given as it is.
    #[error("the content encoding is unknown")]
    Unknown,
    /// More than four encodings, one on top of the other.
    #[error("too many content encodings")]
    TooMany,
}

/// Decodes `body`, whose `Content-Encoding` is `encoding`, to at most `limit` bytes.
///
/// `encoding` lists the encodings in the order they were applied, separated by commas; several
/// header lines are joined that way.
///
/// ```
/// let decoded = weir_wire::decode::decode(Some("identity"), b"plain", 1024);
/// assert_eq!(&*decoded.bytes, b"plain");
/// ```
#[must_use]
pub fn decode<'a>(encoding: Option<&str>, body: &'a [u8], limit: usize) -> Decoded<'a> {
    let mut decoded = Decoded {
        bytes: Cow::Borrowed(body),
        truncated: body.len() > limit,
        fault: None,
    };
    let encodings = encoding.unwrap_or_default().split(',').map(str::trim);
    let mut undone = 0;
    for name in encodings.rev().filter(|name| !is_identity(name)) {
        let Some(encoding) = Encoding::named(name) else {
            decoded.fault = Some(Fault::Unknown);
            break;
        };
        if undone == MAX_CHAIN {
            decoded.fault = Some(Fault::TooMany);
            break;
        }
        undone += 1;
        let (bytes, truncated, corrupt) = encoding.undo(&decoded.bytes, limit);
        // Once an outer encoding was cut, that an inner one ends too soon is no news.
        let news = corrupt && !(decoded.truncated && undone > 1);
        decoded = Decoded {
            bytes: Cow::Owned(bytes),
            truncated: truncated || (decoded.truncated && undone > 1),
            fault: decoded.fault.or(news.then_some(Fault::Corrupt)),
        };
    }
    cut(&mut decoded.bytes, limit);
    decoded
}

fn is_identity(name: &str) -> bool {
    name.is_empty() || name.eq_ignore_ascii_case("identity")
}

fn cut(bytes: &mut Cow<'_, [u8]>, limit: usize) {
    match bytes {
        Cow::Borrowed(slice) => *slice = slice.get(..limit).unwrap_or(slice),
        Cow::Owned(owned) => owned.truncate(limit),
    }
}

#[derive(Clone, Copy)]
enum Encoding {
    Gzip,
    Deflate,
    Brotli,
    Zstd,
}

impl Encoding {
    fn named(name: &str) -> Option<Self> {
        let is = |other: &str| name.eq_ignore_ascii_case(other);
        match () {
            () if is("gzip") || is("x-gzip") => Some(Self::Gzip),
            () if is("deflate") => Some(Self::Deflate),
            () if is("br") => Some(Self::Brotli),
            () if is("zstd") => Some(Self::Zstd),
            () => None,
        }
    }

    /// The plain bytes, whether there were more than `limit`, and whether a fault ended them.
    fn undo(self, body: &[u8], limit: usize) -> (Vec<u8>, bool, bool) {
        if body.is_empty() {
            return (Vec::new(), false, false);
        }
        match self {
            Self::Gzip => read_up_to(MultiGzDecoder::new(body), limit),
            Self::Deflate if has_zlib_header(body) => read_up_to(ZlibDecoder::new(body), limit),
            Self::Deflate => read_up_to(DeflateDecoder::new(body), limit),
            Self::Brotli => read_up_to(brotli::Decompressor::new(body, 4096), limit),
            Self::Zstd => {
                let decoder =
                    zstd::stream::read::Decoder::with_buffer(body).and_then(|mut decoder| {
                        decoder.window_log_max(MAX_ZSTD_WINDOW)?;
                        Ok(decoder)
                    });
                decoder.map_or((Vec::new(), false, true), |decoder| {
                    read_up_to(decoder, limit)
                })
            }
        }
    }
}

/// `deflate` means zlib by the standard and the bare stream by some servers.
fn has_zlib_header(body: &[u8]) -> bool {
    match *body {
        [first, second, ..] => {
            first & 0x0F == 8 && u16::from_be_bytes([first, second]).is_multiple_of(31)
        }
        _ => false,
    }
}

fn read_up_to(mut from: impl Read, limit: usize) -> (Vec<u8>, bool, bool) {
    let mut bytes = Vec::new();
    let mut piece = vec![0; 16 * 1024];
    loop {
        match from.read(&mut piece) {
            Ok(0) => return (bytes, false, false),
            Ok(count) => bytes.extend_from_slice(piece.get(..count).unwrap_or_default()),
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            Err(_) => return (bytes, false, true),
        }
        if bytes.len() > limit {
            bytes.truncate(limit);
            return (bytes, true, false);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};

    use flate2::Compression;
    use flate2::read::{DeflateEncoder, GzEncoder, ZlibEncoder};
    use proptest::prelude::*;

    use super::{Fault, decode};

    fn encoded(encoding: &str, plain: &[u8]) -> Vec<u8> {
        let mut out = Vec::new();
        match encoding {
            "gzip" => GzEncoder::new(plain, Compression::fast())
                .read_to_end(&mut out)
                .unwrap(),
            "deflate" => ZlibEncoder::new(plain, Compression::fast())
                .read_to_end(&mut out)
                .unwrap(),
            "raw" => DeflateEncoder::new(plain, Compression::fast())
                .read_to_end(&mut out)
                .unwrap(),
            "zstd" => {
                out = zstd::encode_all(plain, 1).unwrap();
                out.len()
            }
            _ => {
                let mut writer = brotli::CompressorWriter::new(&mut out, 4096, 4, 20);
                writer.write_all(plain).unwrap();
                drop(writer);
                out.len()
            }
        };
        out
    }

    const ALL: [&str; 4] = ["gzip", "deflate", "br", "zstd"];

    #[test]
    fn every_encoding_is_undone() {
        let plain = b"event: ping\ndata: {}\n\n".repeat(5000);
        for encoding in ALL {
            let body = encoded(encoding, &plain);
            let decoded = decode(Some(encoding), &body, 1 << 20);
            assert_eq!(decoded.bytes, plain, "{encoding}");
            assert_eq!(
                (decoded.truncated, decoded.fault),
                (false, None),
                "{encoding}"
            );
        }
        assert_eq!(
            decode(Some("Deflate"), &encoded("raw", &plain), 1 << 20).bytes,
            plain
        );
        assert_eq!(decode(None, &plain, 1 << 20).bytes, plain);
    }

    #[test]
    fn chains_are_undone_from_the_last() {
        let body = encoded("br", &encoded("gzip", b"plain"));
        assert_eq!(
            &*decode(Some("gzip, identity,br"), &body, 99).bytes,
            b"plain"
        );
        assert_eq!(
            decode(Some("gzip,gzip,gzip,gzip,gzip"), b"", 9).fault,
            Some(Fault::TooMany)
        );
    }

    #[test]
    fn members_of_a_gzip_and_frames_of_a_zstd_follow_each_other() {
        for encoding in ["gzip", "zstd"] {
            let mut body = encoded(encoding, b"one ");
            body.extend(encoded(encoding, b"two"));
            assert_eq!(&*decode(Some(encoding), &body, 99).bytes, b"one two");
        }
    }

    #[test]
    fn output_is_bounded_whatever_the_input_promises() {
        let plain = vec![b'x'; 10 << 20];
        for encoding in ALL {
            let body = encoded(encoding, &plain);
            let decoded = decode(Some(encoding), &body, 1000);
            assert_eq!(
                (decoded.bytes.len(), decoded.truncated),
                (1000, true),
                "{encoding}"
            );
            assert_eq!(decoded.fault, None);
        }
        let decoded = decode(None, &plain, 1000);
        assert_eq!((decoded.bytes.len(), decoded.truncated), (1000, true));
    }

    #[test]
    fn a_body_that_breaks_off_gives_what_came() {
        // Text that does not shrink to nothing, so that half the body holds some of it.
        let plain: Vec<u8> = (0u32..40_000)
            .flat_map(|n| (n * n).to_string().into_bytes())
            .collect();
        for encoding in ALL {
            let body = encoded(encoding, &plain);
            let decoded = decode(Some(encoding), &body[..body.len() / 2], 1 << 20);
            assert_eq!(decoded.fault, Some(Fault::Corrupt), "{encoding}");
            assert!(
                decoded.bytes.len() > 1000,
                "{encoding}: {}",
                decoded.bytes.len()
            );
            assert!(plain.starts_with(&decoded.bytes), "{encoding}");
        }
    }

    #[test]
    fn an_unknown_encoding_leaves_the_body_as_it_is() {
        let decoded = decode(Some("compress"), b"body", 99);
        assert_eq!(
            (&*decoded.bytes, decoded.fault),
            (&b"body"[..], Some(Fault::Unknown))
        );
    }

    proptest! {
        #[test]
        fn any_bytes_are_survived(body in prop::collection::vec(any::<u8>(), 0..200)) {
            for encoding in ALL {
                prop_assert!(decode(Some(encoding), &body, 500).bytes.len() <= 500);
            }
        }
    }
}
