//! The lines of a file, one at a time, however long they are.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::Path;

/// Longest line that is read, in bytes; longer ones are passed over.
const LONGEST: usize = 10 << 20;

/// A file being read.
pub(super) struct Lines {
    reader: BufReader<File>,
    line: Vec<u8>,
    at: u64,
}

impl Lines {
    pub(super) fn of(path: &Path) -> io::Result<Self> {
        Ok(Self {
            reader: BufReader::with_capacity(64 * 1024, File::open(path)?),
            line: Vec::new(),
            at: 0,
        })
    }

    /// The next line that is not too long, with its place in the file; none at the end.
    pub(super) fn next(&mut self) -> io::Result<Option<(u64, &[u8])>> {
        loop {
            let start = self.at;
            self.line.clear();
            let whole = self.piece()?;
            if self.line.is_empty() {
                return Ok(None);
            }
            if whole {
                return Ok(Some((start, self.line.trim_ascii())));
            }
            while !self.rest()? {}
        }
    }

    /// Reads up to the end of the line; gives whether it got there.
    fn piece(&mut self) -> io::Result<bool> {
        let mut limited = (&mut self.reader).take(LONGEST as u64);
        let read = limited.read_until(b'\n', &mut self.line)?;
        self.at += read as u64;
        Ok(self.line.ends_with(b"\n") || read < LONGEST)
    }

    /// Passes over some more of a line that is too long; gives whether it came to its end.
    fn rest(&mut self) -> io::Result<bool> {
        self.line.clear();
        self.piece()
    }
}
