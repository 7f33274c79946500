//! How many pages a PDF has, by what stands in it uncompressed, or else by its length.

use base64::Engine as _;

use super::BASE64;

/// Characters that are decoded at once; whole groups of four.
const PIECE: usize = 64 * 1024;
/// Bytes that a page has where pages cannot be told.
const PAGE: u64 = 50_000;
/// Most pages a provider takes.
const MOST: u64 = 1000;
/// What marks a page: both, with white space between.
const KIND: &[u8] = b"/Type";
const NAME: &[u8] = b"/Page";
/// Longest mark, with two of white space and what ends it.
const MARK: usize = KIND.len() + NAME.len() + 3;

/// Pages of the PDF in `text`, which is base64. At least 1.
pub(super) fn count(text: &str) -> u64 {
    let mut pages = 0;
    let mut bytes = Vec::with_capacity(PIECE);
    for piece in text.as_bytes().chunks(PIECE) {
        if BASE64.decode_vec(piece, &mut bytes).is_err() {
            break;
        }
        // What may be the beginning of a mark is looked at again with what follows.
        let looked = bytes.len().saturating_sub(MARK);
        pages += marks(&bytes, looked);
        bytes.drain(..looked);
    }
    pages += marks(&bytes, bytes.len());
    if pages == 0 {
        pages = super::length(text).div_ceil(PAGE);
    }
    pages.clamp(1, MOST)
}

/// `/Type /Page`, and not `/Type /Pages`, that begins in the first `most` of `bytes`.
fn marks(bytes: &[u8], most: usize) -> u64 {
    let mut marks = 0;
    for (at, window) in bytes.windows(KIND.len()).take(most).enumerate() {
        if window == KIND && is_page(bytes.get(at + KIND.len()..).unwrap_or_default()) {
            marks += 1;
        }
    }
    marks
}

fn is_page(after: &[u8]) -> bool {
    let after = after.get(..NAME.len() + 3).unwrap_or(after);
    let name = after.trim_ascii_start();
    let close = after.len() - name.len() <= 2;
    close
        && name.starts_with(NAME)
        && name
            .get(NAME.len())
            .is_some_and(|next| !next.is_ascii_alphanumeric())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_are_told_across_pieces() {
        for shift in 0..40 {
            let mut pdf = vec![b'.'; PIECE / 4 * 3 - shift];
            pdf.extend_from_slice(b"/Type /Page\n/Type /Pages /Type/Page>");
            assert_eq!(count(&BASE64.encode(&pdf)), 2, "{shift}");
        }
    }

    #[test]
    fn a_compressed_file_counts_by_its_length() {
        assert_eq!(count(&BASE64.encode(vec![7; 120_000])), 3);
        assert_eq!(count(""), 1);
        assert_eq!(count("not base64!"), 1);
    }
}
