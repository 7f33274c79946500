//! A file that is added to and those before it, which are put aside by size and by age.

use std::ffi::OsString;
use std::fs::{self, File, Permissions};
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use weir_core::settings::RotatedFiles;

/// Bytes at the end of a file in which its last line is looked for.
const TAIL: u64 = 1 << 20;
/// Nobody but its owner.
const PRIVATE: u32 = 0o600;

/// The file that is written, and what it becomes. What is no file, such as `/dev/stdout`, keeps its
/// mode and is never put aside.
#[derive(Debug)]
pub struct Files {
    settings: RotatedFiles,
    file: Option<File>,
    is_file: bool,
    /// Whether no other process may write to it.
    alone: bool,
    size: u64,
    since: SystemTime,
}

impl Files {
    /// Opens the file, to go on where it ends.
    ///
    /// # Errors
    /// When it cannot be opened.
    pub fn open(settings: RotatedFiles) -> io::Result<Self> {
        let mut files = Self {
            settings,
            file: None,
            is_file: true,
            alone: false,
            size: 0,
            since: SystemTime::now(),
        };
        files.reopen()?;
        Ok(files)
    }

    fn reopen(&mut self) -> io::Result<()> {
        if let Some(folder) = self.settings.path.parent() {
            fs::create_dir_all(folder)?;
        }
        let mut options = File::options();
        options.read(true).append(true).create(true).mode(PRIVATE);
        let file = options.open(&self.settings.path)?;
        if self.alone {
            lock(&file)?;
        }
        let data = file.metadata()?;
        self.is_file = data.is_file();
        if self.is_file {
            // It may have been there with another mode.
            file.set_permissions(Permissions::from_mode(PRIVATE))?;
        }
        self.size = data.len();
        self.since = match data.created() {
            Ok(created) if self.size > 0 => created,
            _ => SystemTime::now(),
        };
        self.file = Some(file);
        Ok(())
    }

    /// Lets no other process write to the file from now on, nor to those that come after it.
    ///
    /// # Errors
    /// When another one does.
    pub fn alone(&mut self) -> io::Result<()> {
        if let Some(file) = &self.file {
            lock(file)?;
            // The other may have put it aside since it was opened here.
            if !is_at(file, &self.settings.path)? {
                return Err(io::Error::other("another process has just put it aside"));
            }
        }
        self.alone = true;
        Ok(())
    }

    /// The last line that was written, of this file or the one that was put aside last. What follows
    /// it without an end, as a process that was killed leaves it, is cut off if it begins as `begin`.
    ///
    /// # Errors
    /// When they cannot be read.
    pub fn last_line(&mut self, begin: &[u8]) -> io::Result<Option<Vec<u8>>> {
        if let Some(file) = &mut self.file {
            let (line, torn) = tail(file)?;
            if !torn.is_empty() && torn.starts_with(&begin[..begin.len().min(torn.len())]) {
                self.size -= torn.len() as u64;
                file.set_len(self.size)?;
            }
            if line.is_some() {
                return Ok(line);
            }
        }
        match File::open(self.aside(1)) {
            Ok(mut file) => Ok(tail(&mut file)?.0),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Waits until what was written is on the disk.
    ///
    /// # Errors
    /// When it cannot be had there.
    pub fn sync(&self) -> io::Result<()> {
        let file = self.file.as_ref().filter(|_| self.is_file);
        file.map_or(Ok(()), File::sync_data)
    }

    /// Writes whole lines; first puts the file aside if it would grow too large, or is too old.
    ///
    /// # Errors
    /// When they could not be written; no part of them stays, if that can be helped.
    pub fn write(&mut self, lines: &[u8]) -> io::Result<()> {
        let age = self.since.elapsed().unwrap_or_default();
        let old = self.settings.max_age.is_some_and(|most| age > most);
        let full = self.size.saturating_add(lines.len() as u64) > self.settings.max_bytes;
        if self.is_file && self.size > 0 && (full || old) {
            self.put_aside()?;
        }
        if self.file.is_none() {
            self.reopen()?;
        }
        if let Some(file) = &mut self.file {
            if let Err(error) = file.write_all(lines) {
                if self.is_file {
                    // A disk that is full takes a part.
                    let _cut = file.set_len(self.size);
                }
                return Err(error);
            }
            self.size += lines.len() as u64;
        }
        Ok(())
    }

    /// The file becomes `.1`, what was that `.2`, and so on; the last one goes.
    ///
    /// # Errors
    /// When one cannot be renamed, or there can be no new one.
    pub fn put_aside(&mut self) -> io::Result<()> {
        self.shift()?;
        self.reopen()
    }

    fn shift(&mut self) -> io::Result<()> {
        let most = self.settings.max_files;
        if most > 0 {
            // Nobody can ask for it later.
            self.sync()?;
        }
        self.file = None;
        // What is tried again after a failure takes no other file away: it goes on if the file is still
        // there, and fills the gap that was left.
        if self.settings.path.exists() {
            let gap = (1..most).find(|number| !self.aside(*number).exists());
            for number in (1..gap.unwrap_or(most)).rev() {
                missing_is_fine(fs::rename(self.aside(number), self.aside(number + 1)))?;
            }
            match most {
                0 => fs::remove_file(&self.settings.path)?,
                _ => fs::rename(&self.settings.path, self.aside(1))?,
            }
        }
        // It is done, whatever becomes of the next file.
        self.size = 0;
        Ok(())
    }

    /// Removes every one of them, and begins anew.
    ///
    /// # Errors
    /// When one cannot be removed; the others are all the same.
    pub fn forget(&mut self) -> io::Result<()> {
        self.file = None;
        let asides = (1..=self.settings.max_files).map(|number| self.aside(number));
        let all: Vec<_> = asides.chain([self.settings.path.clone()]).collect();
        let removed: Vec<_> = all
            .iter()
            .map(fs::remove_file)
            .map(missing_is_fine)
            .collect();
        self.reopen()?;
        removed.into_iter().collect()
    }

    fn aside(&self, number: u32) -> PathBuf {
        aside(&self.settings.path, number)
    }
}

/// What a file is called when so many have been put aside since.
pub fn aside(path: &Path, number: u32) -> PathBuf {
    let mut name: OsString = path.to_owned().into_os_string();
    name.push(format!(".{number}"));
    name.into()
}

/// The last whole line of a file, and what follows it.
fn tail(file: &mut File) -> io::Result<(Option<Vec<u8>>, Vec<u8>)> {
    let size = file.metadata()?.len();
    file.seek(SeekFrom::Start(size.saturating_sub(TAIL)))?;
    let mut end = Vec::new();
    file.take(TAIL).read_to_end(&mut end)?;
    let newline = |byte: &u8| *byte == b'\n';
    let whole = end.iter().rposition(newline).map_or(0, |at| at + 1);
    let torn = end.split_off(whole);
    end.pop();
    let begin = end.iter().rposition(newline).map_or(0, |at| at + 1);
    let line = end.split_off(begin);
    Ok(((!line.is_empty()).then_some(line), torn))
}

/// Lets no other process write to it.
fn lock(file: &File) -> io::Result<()> {
    file.try_lock().map_err(|error| match error {
        fs::TryLockError::WouldBlock => io::Error::other("another process writes to it"),
        fs::TryLockError::Error(error) => error,
    })
}

/// Whether it is this file that is at `path`.
fn is_at(file: &File, path: &Path) -> io::Result<bool> {
    let (open, there) = (file.metadata()?, fs::metadata(path)?);
    Ok((open.dev(), open.ino()) == (there.dev(), there.ino()))
}

fn missing_is_fine(result: io::Result<()>) -> io::Result<()> {
    match result {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        result => result,
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn files(max_files: u32, max_age: Duration) -> (tempfile::TempDir, Files) {
        let dir = tempfile::tempdir().unwrap();
        let settings = RotatedFiles {
            path: dir.path().join("sub/raw.jsonl"),
            max_bytes: 10,
            max_files,
            max_age: Some(max_age),
        };
        (dir, Files::open(settings).unwrap())
    }

    const LONG: Duration = Duration::from_secs(3600);

    #[test]
    fn a_full_file_is_put_aside_and_the_last_one_goes() {
        let (dir, mut files) = files(2, LONG);
        for text in ["one-56789", "two", "three-789", "four"] {
            files.write(text.as_bytes()).unwrap();
        }
        let read = |name: &str| fs::read_to_string(dir.path().join("sub").join(name));
        assert_eq!(read("raw.jsonl").unwrap(), "four");
        assert_eq!(read("raw.jsonl.1").unwrap(), "three-789");
        assert_eq!(read("raw.jsonl.2").unwrap(), "two");
        assert!(read("raw.jsonl.3").is_err());
        let mode = fs::metadata(dir.path().join("sub/raw.jsonl")).unwrap();
        assert_eq!(mode.permissions().mode() & 0o777, PRIVATE);
        files.forget().unwrap();
        assert_eq!(read("raw.jsonl").unwrap(), "");
        assert!(read("raw.jsonl.1").is_err() && read("raw.jsonl.2").is_err());
    }

    #[test]
    fn an_old_file_is_put_aside_however_small() {
        let (dir, mut files) = files(1, Duration::ZERO);
        files.write(b"a").unwrap();
        files.since = SystemTime::now() - Duration::from_secs(1);
        files.write(b"b").unwrap();
        let aside = fs::read_to_string(dir.path().join("sub/raw.jsonl.1")).unwrap();
        assert_eq!(aside, "a");
    }

    #[test]
    fn the_last_line_is_found_and_what_was_torn_is_cut_off_if_it_is_ours() {
        let (dir, mut files) = files(2, LONG);
        assert_eq!(files.last_line(b"{").unwrap(), None);
        files.write(b"{1}\n{2}\n").unwrap();
        assert_eq!(files.last_line(b"{").unwrap(), Some(b"{2}".to_vec()));
        files.write(b"{").unwrap();
        assert_eq!(files.last_line(b"{\"seq").unwrap(), Some(b"{2}".to_vec()));
        files.write(b"x").unwrap();
        assert_eq!(files.last_line(b"{").unwrap(), Some(b"{2}".to_vec()));
        let path = dir.path().join("sub/raw.jsonl");
        assert_eq!(fs::read_to_string(path).unwrap(), "{1}\n{2}\nx");
        files.put_aside().unwrap();
        assert_eq!(files.last_line(b"{").unwrap(), Some(b"{2}".to_vec()));
    }

    #[test]
    fn a_file_that_one_process_has_for_itself_no_other_gets() {
        let (_dir, mut files) = files(2, LONG);
        files.alone().unwrap();
        let mut other = Files::open(files.settings.clone()).unwrap();
        assert!(other.alone().is_err());
        // Nor the one that comes after it.
        files.put_aside().unwrap();
        let mut late = Files::open(files.settings.clone()).unwrap();
        assert!(late.alone().is_err());
        drop(files);
        let wrong = other.alone().unwrap_err().to_string();
        assert!(wrong.contains("put it aside"), "{wrong}");
        late.alone().unwrap();
    }

    #[test]
    fn a_file_that_cannot_be_begun_costs_none_of_those_before_it() {
        let (dir, mut files) = files(3, LONG);
        for text in ["one-56789", "two-56789", "three-789"] {
            files.write(text.as_bytes()).unwrap();
        }
        // As often as there is no room for a new one.
        for _ in 0..3 {
            files.shift().unwrap();
        }
        // Or where it broke off before the last step.
        let aside = |number| aside(&files.settings.path, number);
        fs::rename(aside(1), &files.settings.path).unwrap();
        files.shift().unwrap();
        files.write(b"four-6789").unwrap();
        let read = |name: &str| fs::read_to_string(dir.path().join("sub").join(name));
        assert_eq!(read("raw.jsonl").unwrap(), "four-6789");
        assert_eq!(read("raw.jsonl.1").unwrap(), "three-789");
        assert_eq!(read("raw.jsonl.2").unwrap(), "two-56789");
        assert_eq!(read("raw.jsonl.3").unwrap(), "one-56789");
    }

    #[test]
    fn a_file_that_is_kept_nowhere_begins_anew_after_a_failure() {
        let (dir, mut files) = files(0, LONG);
        files.write(b"one-56789").unwrap();
        files.shift().unwrap();
        files.write(b"two").unwrap();
        files.write(b"three-789").unwrap();
        let text = fs::read_to_string(dir.path().join("sub/raw.jsonl")).unwrap();
        assert_eq!(text, "three-789");
    }
}
