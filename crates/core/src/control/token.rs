//! The secret of a token, the digest that it is known by, and what people are shown of it.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest as _, Sha256};

use crate::secret::Secret;

/// What every token begins with.
const PREFIX: &str = "sk-";
/// Characters behind the prefix: sixteen bytes in base64.
const BODY_LEN: usize = 22;
/// Characters of a token.
pub const TOKEN_LEN: usize = PREFIX.len() + BODY_LEN;
/// Characters of a token's body that are shown at either end.
const SHOWN: usize = 4;

/// A new token of sixteen bytes that nobody can guess.
#[must_use]
pub fn new_token(random: [u8; 16]) -> Secret {
    Secret::new(format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(random)))
}

/// Whether a value may be a token by its beginning and its length: enough to look it up.
pub(super) fn is_as_long_as_a_token(value: &[u8]) -> bool {
    value.len() == TOKEN_LEN && value.starts_with(PREFIX.as_bytes())
}

/// Whether a value has the form of a token. It may still be none.
#[must_use]
pub fn looks_like_token(value: &[u8]) -> bool {
    let body = value.get(PREFIX.len()..).unwrap_or_default();
    is_as_long_as_a_token(value)
        && matches!(URL_SAFE_NO_PAD.decode(body), Ok(bytes) if bytes.len() == 16)
}

/// What a token is looked up by: its SHA-256. Tokens are sixteen random bytes, so that no slower
/// digest is needed.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Digest([u8; 32]);

impl Digest {
    /// That of a token as it was presented.
    #[must_use]
    pub fn of(token: &[u8]) -> Self {
        Self(Sha256::digest(token).into())
    }

    /// As it is stored: 64 hexadecimal digits in lower case.
    #[must_use]
    pub fn to_hex(self) -> String {
        use fmt::Write as _;
        self.0
            .iter()
            .fold(String::with_capacity(64), |mut text, byte| {
                // Writing to a string does not fail.
                let _written = write!(text, "{byte:02x}");
                text
            })
    }

    /// Reads what [`Digest::to_hex`] wrote; none for anything else.
    #[must_use]
    pub fn from_hex(text: &str) -> Option<Self> {
        if text.len() != 64 || !text.is_ascii() {
            return None;
        }
        let mut bytes = [0; 32];
        for (byte, pair) in bytes.iter_mut().zip(text.as_bytes().chunks_exact(2)) {
            *byte = u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()?;
        }
        Some(Self(bytes))
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Digest(***)")
    }
}

/// What lists show of a token: its prefix, four characters, stars, four characters.
#[must_use]
pub fn hint(token: &Secret) -> String {
    let Some(body) = token.expose().strip_prefix(PREFIX) else {
        return mask(token.expose());
    };
    let count = body.chars().count();
    if count <= 2 * SHOWN {
        return format!("{PREFIX}{}", "*".repeat(count));
    }
    let head: String = body.chars().take(SHOWN).collect();
    let tail: String = body.chars().skip(count - SHOWN).collect();
    format!("{PREFIX}{head}{}{tail}", "*".repeat(count - 2 * SHOWN))
}

/// What lists show of any other credential: nothing of four characters, two of twelve, the first
/// eight and the last four of a longer one.
#[must_use]
pub fn mask(secret: &str) -> String {
    let count = secret.chars().count();
    match count {
        0..=4 => "*".repeat(count),
        5..=12 => {
            let head: String = secret.chars().take(2).collect();
            format!("{head}{}", "*".repeat(count - 2))
        }
        _ => {
            let head: String = secret.chars().take(8).collect();
            let tail: String = secret.chars().skip(count - 4).collect();
            format!("{head}...{tail}")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_has_its_form_and_is_known_by_its_digest() {
        let token = new_token([7; 16]);
        assert_eq!(token.expose().len(), TOKEN_LEN);
        assert!(looks_like_token(token.expose().as_bytes()));
        let digest = Digest::of(token.expose().as_bytes());
        let hex = digest.to_hex();
        assert_eq!(hex.len(), 64);
        assert_eq!(Digest::from_hex(&hex), Some(digest));
        assert!(!format!("{digest:?}").contains(&hex));
    }

    #[test]
    fn what_is_not_of_the_form_is_no_token() {
        for other in [
            "sk-bad",
            "",
            "sk-",
            "sk-AAAAAAAAAAAAAAAAAAAAAAA",
            "sk-AAAAAAAAAAAAAAAAAAAAA!",
            "pk-AAAAAAAAAAAAAAAAAAAAAA",
            // Its last character has bits that no sixteen bytes have.
            "sk-AAAAAAAAAAAAAAAAAAAAAB",
        ] {
            assert!(!looks_like_token(other.as_bytes()), "{other}");
        }
    }

    #[test]
    fn secrets_are_shown_by_their_ends_only() {
        let token = Secret::new("sk-ABCDEFGHIJKLMNOPQRSTUV");
        assert_eq!(hint(&token), "sk-ABCD**************STUV");
        assert_eq!(
            mask("550e8400-e29b-41d4-a716-446655440000"),
            "550e8400...0000"
        );
        assert_eq!(mask("abcd"), "****");
        assert_eq!(mask("abcdefgh"), "ab******");
        assert_eq!(mask("héllo wörld ünd"), "héllo wö... ünd");
    }

    #[test]
    fn a_digest_in_another_form_is_none() {
        assert_eq!(Digest::from_hex("ab"), None);
        assert_eq!(Digest::from_hex(&"g".repeat(64)), None);
        assert_eq!(Digest::from_hex(&"é".repeat(32)), None);
    }
}
