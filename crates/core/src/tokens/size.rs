//! Width and height of a picture by its first bytes: PNG, JPEG, GIF, WebP. No pixel is looked at.

/// Width and height in pixels, where `bytes` begin such a picture and hold its dimensions.
pub(super) fn of(bytes: &[u8]) -> Option<(u64, u64)> {
    let (width, height) = if bytes.starts_with(b"\x89PNG\r\n\x1a\n") {
        (big(bytes, 16, 4)?, big(bytes, 20, 4)?)
    } else if bytes.starts_with(b"GIF8") {
        (little(bytes, 6, 2)?, little(bytes, 8, 2)?)
    } else if bytes.starts_with(b"RIFF") && bytes.get(8..12) == Some(b"WEBP") {
        webp(bytes)?
    } else if bytes.starts_with(b"\xff\xd8") {
        jpeg(bytes)?
    } else {
        return None;
    };
    (width > 0 && height > 0).then_some((width, height))
}

fn webp(bytes: &[u8]) -> Option<(u64, u64)> {
    match bytes.get(12..16)? {
        // Lossy: behind the frame's tag and start code; two bits of each are for scaling.
        b"VP8 " => Some((
            little(bytes, 26, 2)? & 0x3fff,
            little(bytes, 28, 2)? & 0x3fff,
        )),
        // Lossless: behind one byte, fourteen bits each, less one.
        b"VP8L" => {
            let bits = little(bytes, 21, 4)?;
            Some(((bits & 0x3fff) + 1, (bits >> 14 & 0x3fff) + 1))
        }
        // Extended: behind flags, less one.
        b"VP8X" => Some((little(bytes, 24, 3)? + 1, little(bytes, 27, 3)? + 1)),
        _ => None,
    }
}

/// Goes from segment to segment up to the frame's header.
fn jpeg(bytes: &[u8]) -> Option<(u64, u64)> {
    let mut at = 2;
    loop {
        if bytes.get(at) != Some(&0xff) {
            return None;
        }
        match bytes.get(at + 1)? {
            // A filler; then markers that stand alone.
            0xff => at += 1,
            0x01 | 0xd0..=0xd8 => at += 2,
            // Tables, which share the range with frames.
            0xc0..=0xc3 | 0xc5..=0xc7 | 0xc9..=0xcb | 0xcd..=0xcf => {
                return Some((big(bytes, at + 7, 2)?, big(bytes, at + 5, 2)?));
            }
            0xd9 | 0xda => return None,
            _ => at += 2 + usize::try_from(big(bytes, at + 2, 2)?).ok()?,
        }
    }
}

fn big(bytes: &[u8], at: usize, length: usize) -> Option<u64> {
    let bytes = bytes.get(at..at + length)?;
    Some(
        bytes
            .iter()
            .fold(0, |sum, byte| sum << 8 | u64::from(*byte)),
    )
}

fn little(bytes: &[u8], at: usize, length: usize) -> Option<u64> {
    let bytes = bytes.get(at..at + length)?;
    Some(
        bytes
            .iter()
            .rev()
            .fold(0, |sum, byte| sum << 8 | u64::from(*byte)),
    )
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn sizes_stand_in_headers() {
        let png = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\x04\0\0\0\x03\0\x08";
        assert_eq!(of(png), Some((1024, 768)));
        assert_eq!(of(b"GIF89a\x0a\0\x14\0\xf7"), Some((10, 20)));
        let lossy = b"RIFF\0\0\0\0WEBPVP8 \0\0\0\0\x30\x01\0\x9d\x01\x2a\x26\x02\x70\x41";
        assert_eq!(of(lossy), Some((550, 368)));
        let lossless = b"RIFF\0\0\0\0WEBPVP8L\0\0\0\0\x2f\x8f\x01\x2b\0";
        assert_eq!(of(lossless), Some((400, 173)));
        let extended = b"RIFF\0\0\0\0WEBPVP8X\x0a\0\0\0\x10\0\0\0\x8f\x01\0\x2c\x01\0";
        assert_eq!(of(extended), Some((400, 301)));
    }

    #[test]
    fn a_jpeg_is_walked_up_to_its_frame() {
        let mut jpeg = b"\xff\xd8\xff\xe0\0\x04JF\xff\xff\xc4\0\x03x".to_vec();
        jpeg.extend_from_slice(b"\xff\xc2\0\x11\x08\x02\x58\x03\x20");
        assert_eq!(of(&jpeg), Some((800, 600)));
        assert_eq!(of(b"\xff\xd8\xff\xda\0\x02"), None);
    }

    #[test]
    fn what_is_no_picture_has_no_size() {
        assert_eq!(of(b""), None);
        assert_eq!(of(b"%PDF-1.7"), None);
        assert_eq!(of(b"\x89PNG\r\n\x1a\n\0\0"), None);
        assert_eq!(of(b"GIF89a\0\0\0\0"), None);
    }

    proptest! {
        #[test]
        fn any_bytes_are_borne(
            kind in prop::sample::select(vec![
                &b"\xff\xd8"[..], b"\x89PNG\r\n\x1a\n", b"GIF8", b"RIFF....WEBPVP8X", b""
            ]),
            rest in prop::collection::vec(any::<u8>(), 0..200),
        ) {
            let bytes = [kind, &rest].concat();
            if let Some((width, height)) = of(&bytes) {
                prop_assert!(width > 0 && height > 0);
            }
        }
    }
}
