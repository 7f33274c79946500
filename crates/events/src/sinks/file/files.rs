//! The file of the log and those before it, which are put aside by size.

use std::ffi::OsString;
use std::fs::{self, File, Permissions};
use std::io::{self, Write as _};
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::PathBuf;

use weir_core::settings::FileSink;

/// Nobody but its owner.
const PRIVATE: u32 = 0o600;

/// The file that is written, and what it becomes.
#[derive(Debug)]
pub(super) struct Files {
    path: PathBuf,
    max_bytes: Option<u64>,
    max_files: u32,
    file: Option<File>,
    size: u64,
}

impl Files {
    pub(super) fn open(settings: &FileSink) -> io::Result<Self> {
        let mut files = Self {
            path: settings.path.clone(),
            max_bytes: settings.max_bytes,
            max_files: settings.max_files,
            file: None,
            size: 0,
        };
        files.reopen()?;
        Ok(files)
    }

    fn reopen(&mut self) -> io::Result<()> {
        if let Some(folder) = self.path.parent() {
            fs::create_dir_all(folder)?;
        }
        let mut options = File::options();
        options.append(true).create(true).mode(PRIVATE);
        let file = options.open(&self.path)?;
        let data = file.metadata()?;
        // What is no file, such as `/dev/stdout`, keeps its mode.
        if data.is_file() {
            file.set_permissions(Permissions::from_mode(PRIVATE))?;
        }
        self.size = data.len();
        self.file = Some(file);
        Ok(())
    }

    /// Writes whole lines and has them on the disk; first puts the file aside if it would grow too
    /// large. What could only be written in part is taken back, so that the next try leaves no
    /// half of a line.
    pub(super) fn write(&mut self, lines: &[u8]) -> io::Result<()> {
        if lines.is_empty() {
            return Ok(());
        }
        let grown = self.size + lines.len() as u64;
        if self.size > 0 && self.max_bytes.is_some_and(|most| grown > most) {
            self.put_aside()?;
        }
        if self.file.is_none() {
            self.reopen()?;
        }
        let Some(file) = &mut self.file else {
            return Ok(());
        };
        let is_file = file.metadata()?.is_file();
        let written = file.write_all(lines).and_then(|()| match is_file {
            true => file.sync_data(),
            false => Ok(()),
        });
        if written.is_err() {
            if is_file {
                drop(file.set_len(self.size));
            }
            self.file = None;
        } else {
            self.size += lines.len() as u64;
        }
        written
    }

    /// The file becomes `.1`, what was that `.2`, and so on; the last one goes.
    fn put_aside(&mut self) -> io::Result<()> {
        self.file = None;
        if self.max_files == 0 {
            fs::remove_file(&self.path)?;
            return self.reopen();
        }
        for number in (1..self.max_files).rev() {
            missing_is_fine(fs::rename(self.aside(number), self.aside(number + 1)))?;
        }
        missing_is_fine(fs::rename(&self.path, self.aside(1)))?;
        self.reopen()
    }

    fn aside(&self, number: u32) -> PathBuf {
        let mut name: OsString = self.path.clone().into_os_string();
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
