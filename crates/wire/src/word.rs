//! Eight bytes at a time: which of the bytes of a word are looked for. The lowest byte is the first.

/// Bytes in a word.
pub(crate) const LENGTH: usize = size_of::<u64>();

const HIGHEST: u64 = each(0x80);

const fn each(byte: u8) -> u64 {
    u64::from_ne_bytes([byte; LENGTH])
}

/// The highest bit of each byte of `word` that is `byte`. The lowest bit that is set is always
/// right; those above may be set for other bytes.
pub(crate) fn equal(word: u64, byte: u8) -> u64 {
    let zero = word ^ each(byte);
    zero.wrapping_sub(each(1)) & !zero & HIGHEST
}

/// The highest bit of each byte of `word` that is less than `byte`, which must be at most 128. The
/// lowest bit that is set is always right; those above may be set for other bytes.
pub(crate) fn less(word: u64, byte: u8) -> u64 {
    word.wrapping_sub(each(byte)) & !word & HIGHEST
}

/// Which byte the lowest bit that is set belongs to.
pub(crate) fn first(found: u64) -> Option<usize> {
    (found != 0).then(|| found.trailing_zeros() as usize / 8)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn the_first_byte_is_found(bytes: [u8; LENGTH], byte in 0..=128u8, at in 0..LENGTH, is: bool) {
            let mut bytes = bytes;
            bytes[at] = if is { byte } else { bytes[at] };
            let word = u64::from_le_bytes(bytes);
            let position = |is: &dyn Fn(u8) -> bool| bytes.iter().position(|&b| is(b));
            prop_assert_eq!(first(equal(word, byte)), position(&|b| b == byte));
            prop_assert_eq!(first(less(word, byte)), position(&|b| b < byte));
        }
    }
}
