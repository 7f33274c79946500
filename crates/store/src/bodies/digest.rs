//! The content address of a body: BLAKE3 over pieces of 16 KiB, and BLAKE3 over those digests when
//! there is more than one, so that an unchanged front is not hashed again.

/// Bytes covered by one digest.
const CHUNK: usize = 16 * 1024;

/// A content address.
pub(crate) type Digest = [u8; 32];

/// The digests of a body's chunks, kept to save hashing the next body's common front.
#[derive(Clone, Debug, Default)]
pub(crate) struct ChunkDigests(Vec<Digest>);

impl ChunkDigests {
    /// Hashes `body`, of which the first `unchanged` bytes are those that `self` was made of, and
    /// remembers its chunks.
    pub(crate) fn update(&mut self, body: &[u8], unchanged: usize) -> Digest {
        if body.len() <= CHUNK {
            self.0.clear();
            return *blake3::hash(body).as_bytes();
        }
        self.0.truncate(unchanged / CHUNK);
        let from = self.0.len() * CHUNK;
        let rest = body.get(from..).unwrap_or_default();
        self.0.extend(
            rest.chunks(CHUNK)
                .map(|chunk| *blake3::hash(chunk).as_bytes()),
        );
        *blake3::hash(self.0.as_flattened()).as_bytes()
    }
}

/// The content address of a whole body.
pub(crate) fn digest(body: &[u8]) -> Digest {
    ChunkDigests::default().update(body, 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unchanged_front_gives_the_same_address_as_hashing_all() {
        let mut body: Vec<u8> = (0..300_000u32).map(|i| (i % 251) as u8).collect();
        let mut kept = ChunkDigests::default();
        kept.update(&body, 0);
        for prefix in [0, 10, CHUNK, CHUNK + 1, 2 * CHUNK - 1, 250_000, 299_999] {
            for byte in &mut body[prefix..] {
                *byte ^= 0x55;
            }
            body.push(7);
            assert_eq!(kept.update(&body, prefix), digest(&body), "prefix {prefix}");
        }
        assert_eq!(
            kept.update(&body[..CHUNK], CHUNK),
            *blake3::hash(&body[..CHUNK]).as_bytes()
        );
        assert_eq!(kept.update(&body, CHUNK), digest(&body));
    }
}
