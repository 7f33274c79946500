//! The file of a raw log and those before it, which are put aside by size and by age.

use std::ffi::OsString;
use std::fs::{self, File, Permissions};
use std::io::{self, Write as _};
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::PathBuf;
use std::time::SystemTime;

use weir_core::settings::RawLogFiles;

/// Nobody but its owner.
const PRIVATE: u32 = 0o600;

/// The file that is written, and what it becomes.
#[derive(Debug)]
pub(super) struct Files {
    settings: RawLogFiles,
    file: Option<File>,
    size: u64,
    since: SystemTime,
}

impl Files {
    /// Opens the file, to go on where it ends.
    ///
    /// # Errors
    /// When it cannot be opened.
    pub(super) fn open(settings: RawLogFiles) -> io::Result<Self> {
        let mut files = Self {
            settings,
            file: None,
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
        options.append(true).create(true).mode(PRIVATE);
        let file = options.open(&self.settings.path)?;
        // It may have been there with another mode.
        file.set_permissions(Permissions::from_mode(PRIVATE))?;
        let data = file.metadata()?;
        self.size = data.len();
        self.since = match data.created() {
            Ok(created) if self.size > 0 => created,
            _ => SystemTime::now(),
        };
        self.file = Some(file);
        Ok(())
    }

    /// Writes whole lines; first puts the file aside if it would grow too large, or is too old.
    ///
    /// # Errors
    /// When nothing, or not all of it, could be written.
    pub(super) fn write(&mut self, lines: &[u8]) -> io::Result<()> {
        let age = self.since.elapsed().unwrap_or_default();
        let full = self.size + lines.len() as u64 > self.settings.max_bytes;
        if self.size > 0 && (full || age > self.settings.max_age) {
            self.put_aside()?;
        }
        if self.file.is_none() {
            self.reopen()?;
        }
        if let Some(file) = &mut self.file {
            file.write_all(lines)?;
            self.size += lines.len() as u64;
        }
        Ok(())
    }

    /// The file becomes `.1`, what was that `.2`, and so on; the last one goes.
    fn put_aside(&mut self) -> io::Result<()> {
        self.file = None;
        let most = self.settings.max_files;
        if most == 0 {
            fs::remove_file(&self.settings.path)?;
            return self.reopen();
        }
        for number in (1..most).rev() {
            missing_is_fine(fs::rename(self.aside(number), self.aside(number + 1)))?;
        }
        missing_is_fine(fs::rename(&self.settings.path, self.aside(1)))?;
        self.reopen()
    }

    /// Removes every one of them, and begins anew.
    ///
    /// # Errors
    /// When one cannot be removed; the others are all the same.
    pub(super) fn forget(&mut self) -> io::Result<()> {
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
        let mut name: OsString = self.settings.path.clone().into_os_string();
        name.push(format!(".{number}"));
        name.into()
    }
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
        let settings = RawLogFiles {
            path: dir.path().join("sub/raw.jsonl"),
            max_bytes: 10,
            max_files,
            max_age,
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
}
