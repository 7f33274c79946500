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
    let mut key = [0; KEY_LEN];
    match File::open(&path) {
        Ok(mut file) => file
            .read_exact(&mut key)
            .map_err(|error| StoreError::Open {
                path: path.clone(),
                reason: format!("it must hold {KEY_LEN} bytes: {error}"),
            })?,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            key = random_key()?;
            let mut file = OpenOptions::new()
                .write(true)
                .create_new(true)
                .mode(0o600)
                .open(&path)?;
            file.write_all(&key)?;
            file.sync_all()?;
        }
        Err(error) => return Err(error.into()),
    }
    Ok(key)
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
