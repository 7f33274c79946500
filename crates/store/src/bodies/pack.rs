//! The file beside the database that holds long pieces. SQLite writes each byte to its log and
//! again to its file, which for a body of a megabyte costs five times what the plain write here
//! does. Rows say where a piece lies; this file knows only which places are free.

use std::collections::BTreeMap;
use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::Path;

use crate::error::StoreError;
use crate::files;

/// Pieces at least this long lie here.
pub(crate) const MIN_PIECE: usize = 16 * 1024;
/// Places start at multiples of this, so that freed ones fit others.
const GRAIN: u64 = 4096;

/// The file and its free places.
#[derive(Debug)]
pub(crate) struct Pack {
    file: File,
    /// Free places below `end`: offset to length, never adjacent.
    free: BTreeMap<u64, u64>,
    /// Where the used part ends.
    end: u64,
}

fn grains(len: u64) -> u64 {
    len.div_ceil(GRAIN) * GRAIN
}

impl Pack {
    /// Opens the file, given every used place as offset and length, in order of offset.
    pub(crate) fn open(path: &Path, used: &[(u64, u64)]) -> Result<Self, StoreError> {
        let file = files::open_private(path)?;
        let mut pack = Self {
            file,
            free: BTreeMap::new(),
            end: 0,
        };
        for &(offset, len) in used {
            if offset > pack.end {
                pack.free.insert(pack.end, offset - pack.end);
            }
            pack.end = pack.end.max(offset + grains(len));
        }
        pack.trim()?;
        Ok(pack)
    }

    /// Writes a piece and gives its offset. Until a row that names it is committed, the place is
    /// the caller's to free.
    pub(crate) fn write(&mut self, bytes: &[u8]) -> Result<u64, StoreError> {
        let len = grains(bytes.len() as u64);
        let offset = self.take(len);
        if let Err(error) = self.file.write_all_at(bytes, offset) {
            self.release(offset, bytes.len() as u64);
            return Err(error.into());
        }
        Ok(offset)
    }

    /// The lowest free place that is long enough, else the end.
    fn take(&mut self, len: u64) -> u64 {
        let fit = self
            .free
            .iter()
            .take(256)
            .find(|&(_, &free)| free >= len)
            .map(|(&o, &f)| (o, f));
        let Some((offset, free)) = fit else {
            let offset = self.end;
            self.end += len;
            return offset;
        };
        self.free.remove(&offset);
        if free > len {
            self.free.insert(offset + len, free - len);
        }
        offset
    }

    /// Gives a place back, once no committed row names it.
    pub(crate) fn release(&mut self, offset: u64, len: u64) {
        let (mut from, mut to) = (offset, offset + grains(len));
        if let Some((&before, &free)) = self.free.range(..from).next_back()
            && before + free == from
        {
            self.free.remove(&before);
            from = before;
        }
        if let Some(free) = self.free.remove(&to) {
            to += free;
        }
        if to >= self.end {
            self.end = from;
        } else {
            self.free.insert(from, to - from);
        }
    }

    /// Frees everything.
    pub(crate) fn clear(&mut self) -> Result<(), StoreError> {
        self.free.clear();
        self.end = 0;
        self.trim()
    }

    /// Cuts the unused end off the file.
    pub(crate) fn trim(&mut self) -> Result<(), StoreError> {
        if self.file.metadata()?.len() > self.end {
            self.file.set_len(self.end)?;
        }
        Ok(())
    }

    /// Bytes in use, free places in between not counted.
    pub(crate) fn used(&self) -> u64 {
        self.end - self.free.values().sum::<u64>()
    }

    /// Brings what was written to the disk itself.
    pub(crate) fn sync(&self) -> Result<(), StoreError> {
        Ok(self.file.sync_data()?)
    }
}

/// Reads a piece.
pub(crate) fn read(file: &File, offset: u64, len: usize) -> Result<Vec<u8>, StoreError> {
    let mut bytes = vec![0; len];
    file.read_exact_at(&mut bytes, offset).map_err(|error| {
        StoreError::Damaged(format!(
            "the bodies file does not hold {len} bytes at {offset}: {error}"
        ))
    })?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #![proptest_config(ProptestConfig { cases: 32, ..ProptestConfig::default() })]
        #[test]
        fn places_never_overlap_and_are_used_again(
            steps in proptest::collection::vec((any::<bool>(), 1usize..60_000, any::<usize>()), 1..80),
        ) {
            let dir = tempfile::tempdir().unwrap();
            let path = dir.path().join("bodies");
            let mut pack = Pack::open(&path, &[]).unwrap();
            let mut live: BTreeMap<u64, Vec<u8>> = BTreeMap::new();
            for (i, (add, len, pick)) in steps.into_iter().enumerate() {
                if add || live.is_empty() {
                    let bytes = vec![u8::try_from(i).unwrap(); len];
                    let offset = pack.write(&bytes).unwrap();
                    prop_assert!(live.insert(offset, bytes).is_none());
                } else {
                    let offset = *live.keys().nth(pick % live.len()).unwrap();
                    let bytes = live.remove(&offset).unwrap();
                    pack.release(offset, bytes.len() as u64);
                }
                pack.trim().unwrap();
                for (&offset, bytes) in &live {
                    prop_assert_eq!(&read(&pack.file, offset, bytes.len()).unwrap(), bytes);
                }
                let used: u64 = live.values().map(|b| grains(b.len() as u64)).sum();
                prop_assert_eq!(pack.used(), used);
                let places: Vec<_> = live.iter().map(|(&o, b)| (o, b.len() as u64)).collect();
                let again = Pack::open(&path, &places).unwrap();
                prop_assert_eq!((&again.free, again.end), (&pack.free, pack.end));
            }
            for (offset, bytes) in live {
                pack.release(offset, bytes.len() as u64);
            }
            pack.trim().unwrap();
            prop_assert_eq!(std::fs::metadata(&path).unwrap().len(), 0);
        }
    }
}
