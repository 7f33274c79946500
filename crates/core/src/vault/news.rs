//! What gateways tell each other of opaque reasoning, and what of it is believed. How it travels is
//! not known here.

use std::sync::Arc;

use weir_wire::thinking::MIN_SIGNATURE;

/// Longest value that is remembered, in bytes; issuers keep theirs well below.
pub const MAX_VALUE: usize = 512 * 1024;
/// Longest name of a provider or family that is believed, in bytes.
const MAX_NAME: usize = 256;
/// Length of a thought's hash, in hex digits.
const HASH: usize = 16;

/// Something that a gateway has learnt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct News {
    /// Who issued it. Gateways that share must give a provider the same name.
    pub provider: Arc<str>,
    /// The family of the model.
    pub group: Arc<str>,
    /// What was issued.
    pub issued: Issued,
}

/// What was issued.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Issued {
    /// The signature of a thought whose text is known.
    Signature {
        /// Hash of the text, see [`weir_wire::thinking::text_hash`].
        text_hash: Box<str>,
        /// The signature.
        value: Arc<str>,
    },
    /// A value that only has to be told from others: its digest.
    Opaque(u128),
}

impl News {
    /// Whether it can be what it says it is. What a store holds may come from anybody.
    #[must_use]
    pub fn is_fit(&self) -> bool {
        let is_name = |name: &str| {
            (1..=MAX_NAME).contains(&name.len()) && !name.chars().any(char::is_control)
        };
        is_name(&self.provider)
            && is_name(&self.group)
            && match &self.issued {
                Issued::Opaque(_) => true,
                Issued::Signature { text_hash, value } => {
                    text_hash.len() == HASH
                        && text_hash.bytes().all(|byte| byte.is_ascii_hexdigit())
                        && (MIN_SIGNATURE..=MAX_VALUE).contains(&value.len())
                        && value.bytes().all(|byte| byte.is_ascii_graphic())
                }
            }
    }

    /// Bytes that it takes, about.
    #[must_use]
    pub fn size(&self) -> usize {
        let issued = match &self.issued {
            Issued::Opaque(_) => 0,
            Issued::Signature { text_hash, value } => text_hash.len() + value.len(),
        };
        size_of::<Self>() + self.provider.len() + self.group.len() + issued
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn signature(hash: &str, value: &str) -> News {
        News {
            provider: "u1".into(),
            group: "claude".into(),
            issued: Issued::Signature {
                text_hash: hash.into(),
                value: value.into(),
            },
        }
    }

    #[test]
    fn what_cannot_be_a_signature_is_not_believed() {
        let good = "A".repeat(MIN_SIGNATURE);
        let hash = "ca978112ca1bbdca";
        assert!(signature(hash, &good).is_fit());
        assert!(signature(hash, &"A".repeat(MAX_VALUE)).is_fit());
        for (hash, value) in [
            (hash, "short".to_owned()),
            (hash, "A".repeat(MAX_VALUE + 1)),
            (hash, format!("{good}\n")),
            (hash, format!("{good}\u{e9}")),
            ("", good.clone()),
            ("ca978112ca1bbdcg", good.clone()),
            ("ca978112ca1bbdca00", good.clone()),
        ] {
            assert!(!signature(hash, &value).is_fit(), "{hash} {value}");
        }
        for name in [String::new(), "x".repeat(257), "a\u{7}".to_owned()] {
            let mut news = signature(hash, &good);
            news.provider = name.as_str().into();
            assert!(!news.is_fit(), "{name}");
            news = signature(hash, &good);
            news.group = name.into();
            assert!(!news.is_fit());
        }
    }
}
