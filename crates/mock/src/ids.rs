//! Ids that look like the providers' own and are the same in every run: made from a seed and the
//! request's number. Not random in any sense that matters.

/// A small generator (`splitmix64`): the same seed gives the same values for ever.
#[derive(Clone, Debug)]
pub(crate) struct Random(u64);

const BASE62: &[u8] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

impl Random {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// A value under `limit`; 0 when the limit is 0.
    pub(crate) fn below(&mut self, limit: usize) -> usize {
        let limit = u64::try_from(limit.max(1)).unwrap_or(u64::MAX);
        usize::try_from(self.next() % limit).unwrap_or(0)
    }

    /// A value from 0 to just under 1.
    pub(crate) fn fraction(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1_u64 << 53) as f64
    }

    fn text(&mut self, alphabet: &[u8], len: usize) -> String {
        (0..len)
            .map(|_| {
                char::from(
                    alphabet
                        .get(self.below(alphabet.len()))
                        .copied()
                        .unwrap_or(b'0'),
                )
            })
            .collect()
    }

    /// Letters and digits.
    pub(crate) fn base62(&mut self, len: usize) -> String {
        self.text(BASE62, len)
    }

    /// Lower-case hexadecimal digits.
    pub(crate) fn hex(&mut self, len: usize) -> String {
        self.text(b"0123456789abcdef", len)
    }
}

/// The generator for request number `serial` of a mock.
pub(crate) fn for_request(seed: u64, serial: u64) -> Random {
    let mut mixed = Random::new(seed ^ serial.wrapping_mul(0xA24B_AED4_963E_E407));
    mixed.next();
    mixed
}

const ALPHABET: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// Standard base64 with padding.
pub(crate) fn base64(data: &[u8]) -> String {
    let mut text = String::with_capacity(data.len().div_ceil(3) * 4);
    for group in data.chunks(3) {
        let bits = group
            .iter()
            .fold(0_u32, |bits, &byte| (bits << 8) | u32::from(byte));
        let bits = bits << (8 * (3 - group.len()));
        for place in 0..4 {
            let index = (bits >> (18 - 6 * place)) & 63;
            let digit = ALPHABET.get(index as usize).copied().unwrap_or(b'=');
            text.push(if place <= group.len() {
                char::from(digit)
            } else {
                '='
            });
        }
    }
    text
}

/// Reads standard base64; `None` if it is not.
pub(crate) fn from_base64(text: &str) -> Option<Vec<u8>> {
    let mut data = Vec::with_capacity(text.len() / 4 * 3);
    let (mut bits, mut count) = (0_u32, 0);
    for byte in text.trim_end_matches('=').bytes() {
        let value = ALPHABET.iter().position(|&digit| digit == byte)?;
        bits = (bits << 6) | u32::try_from(value).ok()?;
        count += 6;
        if count >= 8 {
            count -= 8;
            data.push(u8::try_from((bits >> count) & 0xff).ok()?);
        }
    }
    Some(data)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_goes_both_ways_for_every_length() {
        assert_eq!(base64(b"any carnal pleas"), "YW55IGNhcm5hbCBwbGVhcw==");
        for len in 0..70_u8 {
            let data: Vec<u8> = (0..len).map(|n| n.wrapping_mul(37)).collect();
            assert_eq!(from_base64(&base64(&data)), Some(data));
        }
        assert_eq!(from_base64("a b"), None);
    }

    #[test]
    fn the_same_request_number_gives_the_same_ids() {
        assert_eq!(for_request(1, 7).base62(24), for_request(1, 7).base62(24));
        assert_ne!(for_request(1, 7).base62(24), for_request(1, 8).base62(24));
    }
}
