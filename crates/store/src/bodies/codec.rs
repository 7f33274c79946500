//! Bytes as they lie in the database: as they are, or zstd when that is smaller and there is time
//! for it.

use bytes::Bytes;

use super::allowance::Allowance;
use crate::error::StoreError;

/// Shorter pieces are left as they are: they gain little, and a row has a few bytes to spare.
const WORTH_TRYING: usize = 512;
/// Better than 1 by a tenth in size for a tenth more time, measured on recorded traffic.
const LEVEL: i32 = 3;
/// Largest piece that is compressed at once; longer ones are stored as they are.
const LONGEST: usize = 64 << 20;

/// How stored bytes are encoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Codec {
    /// As captured.
    Raw = 0,
    /// One zstd frame.
    Zstd = 1,
}

impl Codec {
    /// The codec of a stored number.
    pub(crate) fn from_number(number: i64) -> Result<Self, StoreError> {
        match number {
            0 => Ok(Self::Raw),
            1 => Ok(Self::Zstd),
            other => Err(StoreError::Damaged(format!("unknown codec {other}"))),
        }
    }
}

/// Bytes ready to be stored.
#[derive(Clone, Debug)]
pub(crate) struct Coded {
    /// How `bytes` are encoded.
    pub codec: Codec,
    /// The stored form.
    pub bytes: Bytes,
}

/// Compresses within its allowance. Holds its working memory between calls.
#[derive(Default)]
pub(crate) struct Encoder {
    zstd: Option<zstd::bulk::Compressor<'static>>,
}

impl std::fmt::Debug for Encoder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Encoder").finish_non_exhaustive()
    }
}

impl Encoder {
    /// The stored form of `bytes`.
    pub(crate) fn encode(&mut self, bytes: Bytes, allowance: &mut Allowance) -> Coded {
        let len = bytes.len();
        if (WORTH_TRYING..=LONGEST).contains(&len)
            && allowance.take(len)
            && let Some(packed) = self.compress(&bytes)
            && packed.len() < len - len / 10
        {
            return Coded {
                codec: Codec::Zstd,
                bytes: packed.into(),
            };
        }
        Coded {
            codec: Codec::Raw,
            bytes,
        }
    }

    fn compress(&mut self, bytes: &[u8]) -> Option<Vec<u8>> {
        if self.zstd.is_none() {
            self.zstd = zstd::bulk::Compressor::new(LEVEL).ok();
        }
        self.zstd.as_mut()?.compress(bytes).ok()
    }
}

/// Undoes [`Encoder::encode`], given the length that must come out.
pub(crate) fn decode(codec: Codec, bytes: Vec<u8>, len: usize) -> Result<Vec<u8>, StoreError> {
    match codec {
        Codec::Raw => Ok(bytes),
        Codec::Zstd => zstd::bulk::decompress(&bytes, len)
            .map_err(|e| StoreError::Damaged(format!("zstd: {e}"))),
    }
}
