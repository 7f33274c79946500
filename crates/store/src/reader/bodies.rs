//! Bodies put together again from what was new in each.

use rusqlite::OptionalExtension;

use super::View;
use crate::bodies::codec::{self, Codec};
use crate::bodies::{digest, pack};
use crate::error::StoreError;
use crate::varint;

/// Rows that are opened for one body at worst; the writer makes shorter chains.
const MOST_LINKS: usize = 1024;

/// A row of the requests table.
struct Link {
    base: Option<i64>,
    prefix: usize,
    suffix: usize,
    size: usize,
    digest: Option<Vec<u8>>,
    fresh: Vec<u8>,
}

/// Where the bytes of a piece are.
struct Stored {
    codec: i64,
    place: Option<u64>,
    length: Option<usize>,
    data: Option<Vec<u8>>,
}

/// A stored body.
#[derive(Debug)]
pub(super) struct Body {
    pub bytes: Vec<u8>,
    /// Whether a digest was stored, and found to be right.
    pub verified: bool,
}

impl View {
    /// The body that was sent; none if the row does not exist.
    pub(super) fn request_body(&self, row: i64) -> Result<Option<Body>, StoreError> {
        let Some(link) = self.link(row)? else {
            return Ok(None);
        };
        let (size, expected) = (link.size, link.digest.clone());
        let mut chain = vec![link];
        while let Some(base) = chain.last().and_then(|link| link.base) {
            if chain.len() > MOST_LINKS {
                return Err(StoreError::Damaged(
                    "its chain of bases does not end".into(),
                ));
            }
            let missing = || StoreError::Damaged("a body that it builds on is missing".into());
            chain.push(self.link(base)?.ok_or_else(missing)?);
        }
        let mut bytes = Vec::new();
        while let Some(link) = chain.pop() {
            bytes = apply(&bytes, link)?;
        }
        if bytes.len() != size {
            return Err(StoreError::Damaged(format!(
                "{} bytes and not {size}",
                bytes.len()
            )));
        }
        let verified = match expected {
            Some(expected) if digest::digest(&bytes)[..] == expected[..] => true,
            Some(_) => return Err(StoreError::Damaged("its digest does not match".into())),
            None => false,
        };
        Ok(Some(Body { bytes, verified }))
    }

    /// The body that was sent, put together from one in hand where it builds on that; empty if
    /// there is none. What `have` gives is trusted, so the digest is not checked.
    pub(super) fn body_upon(
        &self,
        row: i64,
        have: impl Fn(i64) -> Option<Vec<u8>>,
    ) -> Result<Vec<u8>, StoreError> {
        let mut chain = Vec::new();
        let mut next = Some(row);
        let mut bytes = Vec::new();
        while let Some(row) = next {
            if let Some(found) = have(row).filter(|_| !chain.is_empty()) {
                bytes = found;
                break;
            }
            let missing = || StoreError::Damaged("a body that it builds on is missing".into());
            let link = match self.link(row)? {
                Some(link) if chain.len() <= MOST_LINKS => link,
                None if chain.is_empty() => return Ok(bytes),
                _ => return Err(missing()),
            };
            next = link.base;
            chain.push(link);
        }
        while let Some(link) = chain.pop() {
            bytes = apply(&bytes, link)?;
        }
        Ok(bytes)
    }

    /// The fingerprints of the messages sent, in hexadecimal.
    pub(super) fn fingerprints(&self, row: i64) -> Result<Vec<String>, StoreError> {
        let mut prints: Vec<[u8; 8]> = Vec::new();
        let mut wanted = usize::MAX;
        let mut next = Some(row);
        let mut statement = self
            .db
            .prepare_cached("SELECT base, messages FROM requests WHERE id=?")?;
        for _ in 0..MOST_LINKS {
            let Some(row) = next else { break };
            let found: Option<(Option<i64>, Option<Vec<u8>>)> = statement
                .query_row([row], |r| Ok((r.get(0)?, r.get(1)?)))
                .optional()?;
            let Some((base, Some(blob))) = found else {
                break;
            };
            let mut rest = &blob[..];
            let shared = varint::take(&mut rest).and_then(|n| usize::try_from(n).ok());
            let shared = shared.unwrap_or(0).min(wanted);
            // Collected from the end, since the earlier ones lie in earlier rows.
            let fresh = rest.as_chunks::<8>().0;
            let fresh = fresh
                .get(..(wanted - shared).min(fresh.len()))
                .unwrap_or_default();
            prints.extend(fresh.iter().rev());
            wanted = shared;
            next = if shared > 0 { base } else { None };
        }
        Ok(prints
            .iter()
            .rev()
            .map(|p| format!("{:016x}", u64::from_le_bytes(*p)))
            .collect())
    }

    /// The response body as far as it was kept.
    pub(super) fn response_body(&self, row: i64) -> Result<Option<Vec<u8>>, StoreError> {
        let sql = "SELECT size, codec, place, length, data FROM responses WHERE id=?";
        let found: Option<(usize, Stored)> = self
            .db
            .prepare_cached(sql)?
            .query_row([row], |r| {
                let stored = Stored {
                    codec: r.get(1)?,
                    place: r.get(2)?,
                    length: r.get(3)?,
                    data: r.get(4)?,
                };
                Ok((r.get(0)?, stored))
            })
            .optional()?;
        let Some((size, stored)) = found else {
            return Ok(None);
        };
        self.read
            .borrow_mut()
            .extend(stored.place.map(|place| (row, place)));
        let bytes = self.fetch(stored, size)?;
        if bytes.len() != size {
            return Err(StoreError::Damaged(format!(
                "{} bytes and not {size}",
                bytes.len()
            )));
        }
        Ok(Some(bytes))
    }

    fn link(&self, row: i64) -> Result<Option<Link>, StoreError> {
        let sql = "SELECT base, prefix, suffix, size, digest, codec, place, length, data
                   FROM requests WHERE id=?";
        let found = self
            .db
            .prepare_cached(sql)?
            .query_row([row], |r| {
                let link = Link {
                    base: r.get(0)?,
                    prefix: r.get::<_, Option<usize>>(1)?.unwrap_or(0),
                    suffix: r.get::<_, Option<usize>>(2)?.unwrap_or(0),
                    size: r.get(3)?,
                    digest: r.get(4)?,
                    fresh: Vec::new(),
                };
                let stored = Stored {
                    codec: r.get(5)?,
                    place: r.get(6)?,
                    length: r.get(7)?,
                    data: r.get(8)?,
                };
                Ok((link, stored))
            })
            .optional()?;
        let Some((mut link, stored)) = found else {
            return Ok(None);
        };
        let fresh = link.size.checked_sub(link.prefix + link.suffix);
        let fresh = fresh.ok_or_else(|| StoreError::Damaged("its parts overlap".into()))?;
        link.fresh = self.fetch(stored, fresh)?;
        Ok(Some(link))
    }

    /// The bytes of a piece, which has `len` of them when decoded.
    fn fetch(&self, stored: Stored, len: usize) -> Result<Vec<u8>, StoreError> {
        let codec = Codec::from_number(stored.codec)?;
        let bytes = match (stored.place, stored.length, &self.bodies) {
            (None, ..) => stored.data.unwrap_or_default(),
            (Some(place), Some(length), Some(file)) => pack::read(file, place, length)?,
            (Some(_), ..) => {
                return Err(StoreError::Damaged("the bodies file is missing".into()));
            }
        };
        codec::decode(codec, bytes, len)
    }
}

/// A body from the one it builds on.
fn apply(base: &[u8], link: Link) -> Result<Vec<u8>, StoreError> {
    if link.base.is_none() {
        return Ok(link.fresh);
    }
    let suffix_from = base.len().checked_sub(link.suffix);
    let (Some(front), Some(end)) = (
        base.get(..link.prefix),
        suffix_from.and_then(|from| base.get(from..)),
    ) else {
        return Err(StoreError::Damaged(
            "the body that it builds on is too short".into(),
        ));
    };
    Ok([front, &link.fresh, end].concat())
}
