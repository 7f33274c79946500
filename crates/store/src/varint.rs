//! Numbers in as few bytes as they need: seven bits a byte, least first.

/// Appends a number.
pub(crate) fn put(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push((value & 0x7f) as u8 | 0x80);
        value >>= 7;
    }
    out.push((value & 0x7f) as u8);
}

/// Appends bytes and their length.
pub(crate) fn put_bytes(out: &mut Vec<u8>, bytes: &[u8]) {
    put(out, bytes.len() as u64);
    out.extend_from_slice(bytes);
}

/// Takes a number off the front; none if the bytes end first or it has more than 64 bits.
pub(crate) fn take(bytes: &mut &[u8]) -> Option<u64> {
    let mut value = 0u64;
    for shift in (0..64).step_by(7) {
        let (&byte, rest) = bytes.split_first()?;
        *bytes = rest;
        value |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Some(value);
        }
    }
    None
}

/// Takes bytes off the front whose length stands before them.
pub(crate) fn take_bytes<'a>(bytes: &mut &'a [u8]) -> Option<&'a [u8]> {
    let len = usize::try_from(take(bytes)?).ok()?;
    let (taken, rest) = bytes.split_at_checked(len)?;
    *bytes = rest;
    Some(taken)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn numbers_and_bytes_come_back(numbers: Vec<u64>, text: Vec<u8>) {
            let mut out = Vec::new();
            for &n in &numbers {
                put(&mut out, n);
            }
            put_bytes(&mut out, &text);
            let mut rest = &out[..];
            for &n in &numbers {
                prop_assert_eq!(take(&mut rest), Some(n));
            }
            prop_assert_eq!(take_bytes(&mut rest), Some(&text[..]));
            prop_assert!(rest.is_empty());
        }

        #[test]
        fn arbitrary_bytes_never_panic(bytes: Vec<u8>) {
            let mut rest = &bytes[..];
            while take_bytes(&mut rest).is_some() {}
            while take(&mut rest).is_some() {}
        }
    }
}
