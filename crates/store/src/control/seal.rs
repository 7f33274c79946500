//! Providers' keys at rest. With an encryption key they are sealed by AES-256-GCM; what they are
//! sealed for (the project and the key's id) is bound in, so that a row copied elsewhere does not
//! open.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ring::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use ring::rand::{SecureRandom as _, SystemRandom};
use sha2::{Digest as _, Sha256};
use weir_core::secret::Secret;

/// Bytes of an encryption key.
const KEY_LEN: usize = 32;
/// What llm-proxy writes: no key id, nothing bound in.
const V1: &str = "enc:v1:";
/// What weir writes: the key's id, a colon, nonce, text and tag.
const V2: &str = "enc:v2:";
/// Hexadecimal digits of a key's id.
const ID_LEN: usize = 8;

/// Why something cannot be sealed or opened.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SealError {
    /// The encryption key is not one.
    #[error(
        "an encryption key is 32 bytes in standard base64; make one with `openssl rand -base64 32`"
    )]
    BadKey,
    /// It is sealed, and there is no key, or only others.
    #[error("a stored key is sealed with another encryption key, or is damaged")]
    CannotOpen,
    /// The system has no random numbers.
    #[error("the system gives no random numbers")]
    NoRandom,
}

/// What seals. Without a key everything stays as it is.
#[derive(Default)]
pub struct Seal {
    /// The one that seals comes first; the others only open.
    keys: Vec<SealKey>,
}

struct SealKey {
    id: String,
    key: LessSafeKey,
}

impl fmt::Debug for Seal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ids: Vec<&str> = self.keys.iter().map(|key| key.id.as_str()).collect();
        f.debug_struct("Seal").field("keys", &ids).finish()
    }
}

impl Seal {
    /// Seals with `key`; opens what it has sealed, and what `older` keys have.
    ///
    /// # Errors
    /// When one of them is no key.
    pub fn new(key: Option<&Secret>, older: &[Secret]) -> Result<Self, SealError> {
        let keys = key.into_iter().chain(older).map(SealKey::new);
        Ok(Self {
            keys: keys.collect::<Result<_, _>>()?,
        })
    }

    /// Seals with these bytes.
    pub(super) fn by(key: &[u8; KEY_LEN]) -> Self {
        let keys = SealKey::from_bytes(key).into_iter().collect();
        Self { keys }
    }

    /// Whether anything is sealed at all.
    #[must_use]
    pub fn is_on(&self) -> bool {
        !self.keys.is_empty()
    }

    /// Whether `stored` is as this seal would write it: sealed by its newest key, or open without
    /// one.
    #[must_use]
    pub fn is_current(&self, stored: &str) -> bool {
        match self.keys.first() {
            Some(key) => stored
                .strip_prefix(V2)
                .is_some_and(|rest| rest.starts_with(&key.id)),
            None => !is_sealed(stored),
        }
    }

    /// What is stored of `secret`, for `context` only.
    ///
    /// # Errors
    /// When the system has no random numbers.
    pub fn seal(&self, secret: &Secret, context: &str) -> Result<String, SealError> {
        let Some(key) = self.keys.first() else {
            return Ok(secret.expose().to_owned());
        };
        let mut nonce = [0; NONCE_LEN];
        SystemRandom::new()
            .fill(&mut nonce)
            .map_err(|_| SealError::NoRandom)?;
        let mut text = secret.expose().as_bytes().to_vec();
        let aad = Aad::from(context.as_bytes());
        key.key
            .seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), aad, &mut text)
            .map_err(|_| SealError::NoRandom)?;
        let whole = [&nonce[..], &text].concat();
        Ok(format!("{V2}{}:{}", key.id, STANDARD.encode(whole)))
    }

    /// The secret in what is stored; what is not sealed is the secret itself.
    ///
    /// # Errors
    /// When no key opens it, or it was sealed for something else.
    pub fn open(&self, stored: &str, context: &str) -> Result<Secret, SealError> {
        if let Some(rest) = stored.strip_prefix(V2) {
            let (id, sealed) = rest.split_once(':').ok_or(SealError::CannotOpen)?;
            let keys = self.keys.iter().filter(|key| key.id == id);
            return open_by(keys, sealed, context);
        }
        match stored.strip_prefix(V1) {
            Some(sealed) => open_by(self.keys.iter(), sealed, ""),
            None => Ok(Secret::new(stored)),
        }
    }
}

/// Whether something stored is sealed.
#[must_use]
pub(super) fn is_sealed(stored: &str) -> bool {
    stored.starts_with(V1) || stored.starts_with(V2)
}

fn open_by<'a>(
    mut keys: impl Iterator<Item = &'a SealKey>,
    sealed: &str,
    context: &str,
) -> Result<Secret, SealError> {
    let sealed = STANDARD.decode(sealed).map_err(|_| SealError::CannotOpen)?;
    keys.find_map(|key| key.open(&sealed, context))
        .ok_or(SealError::CannotOpen)
}

impl SealKey {
    fn new(key: &Secret) -> Result<Self, SealError> {
        let bytes = STANDARD
            .decode(key.expose().trim())
            .map_err(|_| SealError::BadKey)?;
        Self::from_bytes(&bytes)
    }

    fn from_bytes(bytes: &[u8]) -> Result<Self, SealError> {
        let digest = Sha256::digest([b"weir key id", bytes].concat());
        let mut id: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
        id.truncate(ID_LEN);
        let key = UnboundKey::new(&AES_256_GCM, bytes).map_err(|_| SealError::BadKey)?;
        Ok(Self {
            id,
            key: LessSafeKey::new(key),
        })
    }

    fn open(&self, sealed: &[u8], context: &str) -> Option<Secret> {
        let (nonce, text) = sealed.split_at_checked(NONCE_LEN)?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).ok()?;
        let mut text = text.to_vec();
        let aad = Aad::from(context.as_bytes());
        let open = self.key.open_in_place(nonce, aad, &mut text).ok()?;
        Some(Secret::new(std::str::from_utf8(open).ok()?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(byte: u8) -> Secret {
        Secret::new(STANDARD.encode([byte; KEY_LEN]))
    }

    fn seal(bytes: &[u8]) -> Seal {
        let keys: Vec<Secret> = bytes.iter().map(|byte| key(*byte)).collect();
        let (first, older) = keys.split_first().unwrap();
        Seal::new(Some(first), older).unwrap()
    }

    #[test]
    fn what_is_sealed_opens_for_what_it_was_sealed_for_only() {
        let (one, secret) = (seal(&[1]), Secret::new("UPKEY"));
        let stored = one.seal(&secret, "project:1").unwrap();
        assert!(stored.starts_with("enc:v2:") && !stored.contains("UPKEY"));
        assert_ne!(
            stored,
            one.seal(&secret, "project:1").unwrap(),
            "each has its own nonce"
        );
        assert_eq!(one.open(&stored, "project:1"), Ok(secret));
        for (other, context) in [(seal(&[1]), "project:2"), (seal(&[2]), "project:1")] {
            assert_eq!(other.open(&stored, context), Err(SealError::CannotOpen));
        }
        assert_eq!(
            Seal::default().open(&stored, "project:1"),
            Err(SealError::CannotOpen)
        );
    }

    #[test]
    fn a_new_key_opens_what_the_older_ones_sealed() {
        let secret = Secret::new("UPKEY");
        let old = seal(&[1]).seal(&secret, "c").unwrap();
        let new = seal(&[2, 1]);
        assert_eq!(new.open(&old, "c"), Ok(secret.clone()));
        assert!(!new.is_current(&old));
        assert!(new.is_current(&new.seal(&secret, "c").unwrap()));
    }

    #[test]
    fn without_a_key_everything_is_open() {
        let none = Seal::default();
        let secret = Secret::new("UPKEY");
        assert_eq!(none.seal(&secret, "c").unwrap(), "UPKEY");
        assert_eq!(seal(&[1]).open("UPKEY", "c"), Ok(secret));
        assert!(none.is_current("UPKEY") && !seal(&[1]).is_current("UPKEY"));
    }

    #[test]
    fn what_llm_proxy_has_sealed_opens() {
        let one = seal(&[1]);
        let mut text = b"UPKEY".to_vec();
        let nonce = Nonce::assume_unique_for_key([9; NONCE_LEN]);
        one.keys[0]
            .key
            .seal_in_place_append_tag(nonce, Aad::empty(), &mut text)
            .unwrap();
        let stored = format!(
            "enc:v1:{}",
            STANDARD.encode([&[9; NONCE_LEN][..], &text].concat())
        );
        assert_eq!(one.open(&stored, "anything"), Ok(Secret::new("UPKEY")));
    }

    #[test]
    fn what_is_no_key_is_refused() {
        for text in ["abc", "", "AAAA"] {
            assert_eq!(
                Seal::new(Some(&Secret::new(text)), &[]).err(),
                Some(SealError::BadKey)
            );
        }
    }

    #[test]
    fn damaged_rows_do_not_open_and_do_not_panic() {
        for stored in [
            "enc:v2:",
            "enc:v2:00000000:",
            "enc:v2:00000000:!!",
            "enc:v1:AAAA",
            "enc:v1:",
        ] {
            assert_eq!(
                seal(&[1]).open(stored, "c"),
                Err(SealError::CannotOpen),
                "{stored}"
            );
        }
    }
}
