//! What pictures, documents and sound count as. Where the size cannot be seen, a common one is
//! taken.

mod pages;
mod tiles;

use base64::Engine as _;
use base64::engine::DecodePaddingMode;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig};
use weir_wire::translate::form::{Media, Place};

use super::model::{Model, Vendor};
use super::size;

/// Base64 with or without padding and with whatever bits are left over.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &base64::alphabet::STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_allow_trailing_bits(true)
        .with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// Characters of base64 that a picture's size is looked for in. Cameras put previews before it.
const HEAD: usize = 256 * 1024;
/// The size of a picture that cannot be seen.
const USUAL: (u64, u64) = (1024, 1024);

/// Pages of a document that cannot be seen.
const USUAL_PAGES: u64 = 4;

/// Bytes of sound to the second where its header does not say: MP3 at 128 kbit/s, about.
const SOUND_RATE: u64 = 16_000;
/// Seconds of sound that cannot be heard.
const USUAL_SECONDS: u64 = 30;

/// Tokens of a picture.
pub(super) fn image(model: &Model<'_>, media: &Media<'_>) -> u64 {
    let size = match &media.place {
        Place::Base64(text) => size::of(&head(text, HEAD)),
        Place::Text(_) | Place::Url(_) | Place::File(_) => None,
    };
    let low = media.detail.as_deref() == Some("low");
    tiles::count(model, size.unwrap_or(USUAL), low)
}

/// Tokens of a document that is no plain text: every page is a picture and its text.
pub(super) fn document(vendor: Vendor, media: &Media<'_>) -> u64 {
    let pages = match &media.place {
        Place::Base64(text) => pages::count(text),
        Place::Text(_) | Place::Url(_) | Place::File(_) => USUAL_PAGES,
    };
    let page = match vendor {
        // 1500 to 3000 by Anthropic's guide.
        Vendor::Anthropic => 2000,
        Vendor::OpenAi | Vendor::Other => 1000,
        Vendor::Google => 258,
    };
    pages.saturating_mul(page)
}

/// Tokens of sound: OpenAI's are 10 to the second, Google's 32.
pub(super) fn audio(vendor: Vendor, media: &Media<'_>) -> u64 {
    let second = if vendor == Vendor::Google { 32 } else { 10 };
    let seconds = match &media.place {
        Place::Base64(text) => seconds(text),
        Place::Text(_) | Place::Url(_) | Place::File(_) => USUAL_SECONDS,
    };
    seconds.saturating_mul(second)
}

fn seconds(text: &str) -> u64 {
    let head = head(text, 64);
    let wave = head.starts_with(b"RIFF") && head.get(8..12) == Some(b"WAVE");
    let rate = head
        .get(28..32)
        .filter(|_| wave)
        .and_then(|rate| rate.try_into().ok());
    let rate = rate.map_or(SOUND_RATE, |rate| u64::from(u32::from_le_bytes(rate)));
    length(text).div_ceil(rate.max(1000))
}

/// Bytes that `text` stands for.
fn length(text: &str) -> u64 {
    let characters = text.trim_end_matches('=').len();
    u64::try_from(characters - characters.div_ceil(4)).unwrap_or(u64::MAX)
}

/// The first bytes of `text`, out of at most `most` characters, up to where it is no base64.
fn head(text: &str, most: usize) -> Vec<u8> {
    let length = text.len().min(most) / 4 * 4;
    let head = text.as_bytes().get(..length).unwrap_or_default();
    // As a whole, or a bit that is enough for most.
    let bit = head.get(..head.len().min(64)).unwrap_or_default();
    let decoded = BASE64.decode(head).or_else(|_| BASE64.decode(bit));
    decoded.unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn media(place: Place<'static>) -> Media<'static> {
        Media {
            kind: None,
            place,
            detail: None,
        }
    }

    fn base64(bytes: &[u8]) -> Place<'static> {
        Place::Base64(BASE64.encode(bytes).into())
    }

    #[test]
    fn a_picture_counts_by_its_size_or_the_usual_one() {
        let mut gif = b"GIF89a\xe8\x03\xe8\x03".to_vec();
        gif.resize(1000, 0);
        let claude = Model::of("claude-sonnet-4-5");
        assert_eq!(image(&claude, &media(base64(&gif))), 1334);
        let usual = image(&claude, &media(Place::Url("https://a/b.png".into())));
        assert_eq!(usual, image(&claude, &media(Place::Base64("??".into()))));
    }

    #[test]
    fn sound_counts_by_its_length() {
        let mut wave =
            b"RIFF\0\0\0\0WAVEfmt \x10\0\0\0\x01\0\x01\0\xc0\x5d\0\0\x80\xbb\0\0".to_vec();
        wave.resize(480_000, 0);
        assert_eq!(audio(Vendor::OpenAi, &media(base64(&wave))), 100);
        assert_eq!(audio(Vendor::Google, &media(base64(&[0; 32_000]))), 64);
    }

    #[test]
    fn a_document_counts_by_its_pages() {
        let pdf = b"%PDF-1.4 /Type /Pages /Type /Page /Type/Page\n";
        assert_eq!(document(Vendor::Anthropic, &media(base64(pdf))), 4000);
        assert_eq!(
            document(Vendor::Google, &media(Place::File("f".into()))),
            1032
        );
    }
}
