//! The files of the store: where they lie, who may read them, and whether they are still the ones
//! that were opened.

use std::fs::{self, DirBuilder, File, OpenOptions, TryLockError};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use crate::error::StoreError;

/// Bytes of the key that redaction hashes with.
pub(crate) const KEY_LEN: usize = 32;

/// A path beside the database: its name and an ending.
pub(crate) fn beside(db: &Path, ending: &str) -> PathBuf {
    let mut name = db.as_os_str().to_owned();
    name.push(ending);
    name.into()
}

/// Where long bodies lie.
pub(crate) fn bodies_path(db: &Path) -> PathBuf {
    beside(db, ".bodies")
}

/// Creates the directory of a file, readable by nobody else, if it is missing.
pub(crate) fn create_parent(path: &Path) -> io::Result<()> {
    match path.parent() {
        Some(dir) if !dir.as_os_str().is_empty() => {
            DirBuilder::new().recursive(true).mode(0o700).create(dir)
        }
        _ => Ok(()),
    }
}

/// Opens a file for reading and writing, readable by nobody else if it is new.
pub(crate) fn open_private(path: &Path) -> io::Result<File> {
    OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .open(path)
}

/// Opens a file to be written past the page cache, where the file system can.
pub(crate) fn open_direct(path: &Path) -> io::Result<File> {
    drop(open_private(path)?);
    let mut options = OpenOptions::new();
    options.read(true).write(true);
    #[cfg(target_os = "linux")]
    if let Ok(file) = options.clone().custom_flags(libc::O_DIRECT).open(path) {
        return Ok(file);
    }
    options.open(path)
}

/// The key of this installation, made at the first start. It lies beside the database and not in
/// it, so that a copy of the captures does not carry it.
pub(crate) fn install_key(db: &Path) -> Result<[u8; KEY_LEN], StoreError> {
    let path = beside(db, ".key");
    let is_there = match File::open(&path) {
        Ok(file) if file.metadata()?.len() > 0 => return read_key(file, &path),
        Ok(_) => true,
        Err(error) if error.kind() == io::ErrorKind::NotFound => false,
        Err(error) => return Err(error.into()),
    };
    // Whole before it has its name, so that a start that is cut short leaves no part of one.
    let made = beside(db, &format!(".key.{}", std::process::id()));
    let placed = write_key(&made).and_then(|()| match is_there {
        true => fs::rename(&made, &path),
        // Unlike a rename it leaves alone what another process may have made meanwhile.
        false => fs::hard_link(&made, &path).or_else(|error| match error.kind() {
            io::ErrorKind::AlreadyExists => Ok(()),
            _ => fs::rename(&made, &path),
        }),
    });
    // It is gone where it was renamed.
    fs::remove_file(&made).ok();
    placed?;
    read_key(File::open(&path)?, &path)
}

fn read_key(mut file: File, path: &Path) -> Result<[u8; KEY_LEN], StoreError> {
    let mut key = [0; KEY_LEN];
    file.read_exact(&mut key)
        .map_err(|error| StoreError::Open {
            path: path.to_owned(),
            reason: format!("it must hold {KEY_LEN} bytes: {error}"),
        })?;
    Ok(key)
}

fn write_key(path: &Path) -> io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true).mode(0o600);
    let mut file = options.open(path)?;
    file.write_all(&random_key()?)?;
    file.sync_all()
}

/// Claims a database for this process for as long as the file is held: two writers would each take
/// the other's exchanges for broken off, and write over its bodies. The claim ends with the process,
/// however that ends.
pub(crate) fn claim(db: &Path) -> Result<File, StoreError> {
    let file = File::open(beside(db, ".key"))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(StoreError::Unavailable(format!(
            "another weir writes to {}: stop it, or name another file in `storage.db_path`",
            db.display()
        ))),
        Err(TryLockError::Error(error)) => Err(error.into()),
    }
}

/// A key that lasts as long as the process, for when nothing is stored.
pub(crate) fn random_key() -> io::Result<[u8; KEY_LEN]> {
    let mut key = [0; KEY_LEN];
    File::open("/dev/urandom")?.read_exact(&mut key)?;
    Ok(key)
}

/// A file's device, number and time of birth, which tells it from a later one with the same number;
/// none if there is no file.
pub(crate) type Identity = Option<(u64, u64, Option<SystemTime>)>;

/// Which file a path leads to now; none if there is no file.
pub(crate) fn identity(path: &Path) -> Identity {
    fs::metadata(path)
        .ok()
        .map(|meta| (meta.dev(), meta.ino(), meta.created().ok()))
}
