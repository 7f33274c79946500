//! What a key is called where its secret must not be: in headers, lists, metrics and memories.

use std::fmt;

use serde::{Serialize, Serializer};
use utoipa::ToSchema;

/// A key's id: FNV-1a of its secret. All 64 bits tell keys apart; the first 8 hex digits are
/// shown. It says nothing useful of a secret with the entropy that secrets have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, ToSchema)]
#[schema(value_type = String, pattern = "^[0-9a-f]{8}$")]
pub struct KeyId(pub u64);

impl KeyId {
    /// The id of a secret.
    #[must_use]
    pub fn of(secret: &str) -> Self {
        const BASIS: u64 = 0xcbf2_9ce4_8422_2325;
        const PRIME: u64 = 0x0100_0000_01b3;
        let mix = |hash: u64, byte: &u8| (hash ^ u64::from(*byte)).wrapping_mul(PRIME);
        Self(secret.as_bytes().iter().fold(BASIS, mix))
    }
}

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:08x}", self.0 >> 32)
    }
}

impl Serialize for KeyId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_eight_hex_digits_of_fnv_1a() {
        assert_eq!(KeyId::of("k-z1").to_string(), "e769bdd5");
        assert_eq!(KeyId::of("").0, 0xcbf2_9ce4_8422_2325);
        assert_eq!(KeyId(0x0000_00ff_0000_0000).to_string(), "000000ff");
    }
}
