//! The file beside the database that holds long pieces. SQLite writes each byte to its log and
//! again to its file, which for a body of a megabyte costs many times what one plain write does.
//! Rows say where a piece lies; this file knows only which places are free.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::ErrorKind;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use crate::error::StoreError;
use crate::files;

/// Pieces at least this long lie here.
pub(crate) const MIN_PIECE: usize = 16 * 1024;
/// Places start at multiples of this, so that freed ones fit others.
const GRAIN: u64 = ALIGNED as u64;

/// The file and its free places.
#[derive(Debug)]
pub(crate) struct Pack {
    file: File,
    path: PathBuf,
    buffer: Buffer,
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
        let file = files::open_direct(path)?;
        let mut pack = Self {
            file,
            path: path.to_owned(),
            buffer: Buffer::default(),
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

    /// Takes a place for a piece that [`Self::write`] will be given. Until a row that names it is
    /// committed, the place is the caller's to free.
    pub(crate) fn place(&mut self, len: usize) -> u64 {
        self.take(grains(len as u64))
    }

    /// Writes pieces at their places; neighbours go out in one write.
    pub(crate) fn write(&mut self, pieces: &mut [(u64, &[u8])]) -> Result<(), StoreError> {
        pieces.sort_unstable_by_key(|(offset, _)| *offset);
        let written = self.buffer.write(&self.file, pieces);
        if matches!(&written, Err(error) if error.kind() == ErrorKind::InvalidInput) {
            // Some file systems take direct writes only until one comes.
            self.file = files::open_private(&self.path)?;
            return Ok(self.buffer.write(&self.file, pieces)?);
        }
        Ok(written?)
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

    /// Gives free places back to the file system: the end is cut off, and holes are made below it
    /// where the file system can. Until then they wait to be used again.
    pub(crate) fn give_back(&mut self) -> Result<(), StoreError> {
        self.trim()?;
        #[cfg(target_os = "linux")]
        for (&offset, &len) in &self.free {
            use rustix::fs::{FallocateFlags, fallocate};
            let hole = FallocateFlags::PUNCH_HOLE | FallocateFlags::KEEP_SIZE;
            if fallocate(&self.file, hole, offset, len).is_err() {
                break;
            }
        }
        Ok(())
    }

    /// Whether so much is free that it is worth giving back.
    pub(crate) fn is_mostly_free(&self) -> bool {
        self.used() < self.end - self.end / 4
    }

    /// Cuts the unused end off the file.
    fn trim(&mut self) -> Result<(), StoreError> {
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

/// Gathers neighbouring pieces in memory aligned as direct writes need it. Past the page cache,
/// because nobody reads these bytes soon: filling fresh pages of it costs more than the disk's own
/// transfer, and it would drive out what others read.
#[derive(Default)]
struct Buffer {
    memory: Vec<u8>,
    /// Where the aligned part begins.
    start: usize,
    /// Bytes gathered.
    len: usize,
    /// Where in the file they go.
    offset: u64,
}

/// Bytes gathered at most.
const GATHERED: usize = 1 << 20;
/// An aligned piece at least this long is written from where it is.
const WORTH_ITS_OWN: usize = 256 << 10;
/// The alignment of direct writes.
pub(crate) const ALIGNED: usize = 4096;

impl std::fmt::Debug for Buffer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Buffer")
            .field("len", &self.len)
            .finish_non_exhaustive()
    }
}

impl Buffer {
    fn write(&mut self, file: &File, pieces: &[(u64, &[u8])]) -> std::io::Result<()> {
        self.len = 0;
        for &(offset, bytes) in pieces {
            self.put(file, offset, bytes)?;
        }
        self.flush(file)
    }

    fn put(&mut self, file: &File, offset: u64, bytes: &[u8]) -> std::io::Result<()> {
        if self.len > 0 && self.offset + self.len as u64 != offset {
            self.flush(file)?;
        }
        let mut offset = offset;
        let mut bytes = bytes;
        if bytes.len() >= WORTH_ITS_OWN && bytes.as_ptr().addr().is_multiple_of(ALIGNED) {
            self.flush(file)?;
            let (whole, rest) = bytes.split_at(bytes.len() - bytes.len() % ALIGNED);
            file.write_all_at(whole, offset)?;
            offset += whole.len() as u64;
            bytes = rest;
        }
        for part in bytes.chunks(GATHERED) {
            if self.len + part.len() > GATHERED {
                self.flush(file)?;
            }
            if self.len == 0 {
                self.offset = offset;
                self.prepare();
            }
            let at = self.start + self.len;
            if let Some(room) = self.memory.get_mut(at..at + part.len()) {
                room.copy_from_slice(part);
            }
            self.len += part.len();
            offset += part.len() as u64;
        }
        // A piece ends on a boundary, as its place does.
        let padding = self.len.next_multiple_of(ALIGNED) - self.len;
        let at = self.start + self.len;
        if let Some(room) = self.memory.get_mut(at..at + padding) {
            room.fill(0);
        }
        self.len += padding;
        Ok(())
    }

    fn prepare(&mut self) {
        if self.memory.is_empty() {
            self.memory = vec![0; GATHERED + 2 * ALIGNED];
            let misaligned = self.memory.as_ptr().addr() % ALIGNED;
            self.start = (ALIGNED - misaligned) % ALIGNED;
        }
    }

    fn flush(&mut self, file: &File) -> std::io::Result<()> {
        let gathered = self
            .memory
            .get(self.start..self.start + self.len)
            .unwrap_or_default();
        self.len = 0;
        if gathered.is_empty() {
            return Ok(());
        }
        file.write_all_at(gathered, self.offset)
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

    #[test]
    fn pieces_written_together_can_each_be_read() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("bodies");
        let mut pack = Pack::open(&path, &[]).unwrap();
        let bodies: Vec<Vec<u8>> = [3 << 20, 1, 4096, 70_000, GATHERED, GATHERED - 1, 17_000]
            .iter()
            .enumerate()
            .map(|(i, &len)| {
                (0..len)
                    .map(|n| u8::try_from((n * 7 + i) % 251).unwrap())
                    .collect()
            })
            .collect();
        let mut pieces: Vec<(u64, &[u8])> = bodies
            .iter()
            .map(|b| (pack.place(b.len()), &b[..]))
            .collect();
        pack.write(&mut pieces).unwrap();
        let plain = File::open(&path).unwrap();
        for (offset, bytes) in pieces {
            assert!(read(&plain, offset, bytes.len()).unwrap() == bytes);
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 32, ..ProptestConfig::default() })]
        #[test]
        fn places_never_overlap_and_are_used_again(
            steps in proptest::collection::vec((any::<bool>(), 1usize..60_000, any::<usize>()), 1..80),
        ) {
            let dir = tempfile::tempdir().unwrap();
            let path = dir.path().join("bodies");
            let mut pack = Pack::open(&path, &[]).unwrap();
            let plain = File::open(&path).unwrap();
            let mut live: BTreeMap<u64, Vec<u8>> = BTreeMap::new();
            for (i, (add, len, pick)) in steps.into_iter().enumerate() {
                if add || live.is_empty() {
                    let bytes = vec![u8::try_from(i).unwrap(); len];
                    let offset = pack.place(len);
                    pack.write(&mut [(offset, &bytes)]).unwrap();
                    prop_assert!(live.insert(offset, bytes).is_none());
                } else {
                    let offset = *live.keys().nth(pick % live.len()).unwrap();
                    let bytes = live.remove(&offset).unwrap();
                    pack.release(offset, bytes.len() as u64);
                }
                pack.give_back().unwrap();
                for (&offset, bytes) in &live {
                    prop_assert_eq!(&read(&plain, offset, bytes.len()).unwrap(), bytes);
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
            pack.give_back().unwrap();
            prop_assert_eq!(std::fs::metadata(&path).unwrap().len(), 0);
        }
    }
}
