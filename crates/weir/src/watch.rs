//! Tells when a file's content changes, however it is changed: written in place, replaced by a
//! rename, or by a symbolic link on the way to it that is pointed elsewhere, as Kubernetes does.
//!
//! It looks at the file a few times a second. Notifications of the system would have to be for all
//! of the folder, in which logs and a database may be written all the time, and do not come from
//! network file systems.

use std::fs::{self, Metadata};
use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, SyncSender};
use std::thread;
use std::time::Duration;

/// Time between two looks.
const LOOK: Duration = Duration::from_millis(200);

/// Most files that are looked at in one folder.
const MOST: usize = 1000;

/// A watch on a file or on folders; it ends when this is dropped.
#[derive(Debug)]
pub(crate) struct Watch {
    _end: SyncSender<()>,
}

/// What tells one state of a file from another without reading it.
type Mark = (u64, u64, u64, i64, i64);

impl Watch {
    /// Calls `changed` on a thread of its own each time the content of `file` is another, the first
    /// time another than `content`: it may have changed since that was read.
    ///
    /// # Errors
    /// When there can be no thread for it.
    pub(crate) fn start(
        file: &Path,
        content: Vec<u8>,
        changed: impl Fn() + Send + 'static,
    ) -> io::Result<Self> {
        let mut watched = Watched::new(std::path::absolute(file)?, content);
        let (end, ended) = mpsc::sync_channel(1);
        thread::Builder::new()
            .name("weir-watch".into())
            .spawn(move || {
                while !has_ended(&ended) {
                    if watched.has_changed() {
                        changed();
                    }
                }
            })?;
        Ok(Self { _end: end })
    }
}

impl Watch {
    /// Calls `changed` on a thread of its own each time Markdown files in `folders`, or one level
    /// below, have come, gone or changed since now.
    ///
    /// # Errors
    /// When there can be no thread for it.
    pub(crate) fn folders(
        folders: Vec<PathBuf>,
        changed: impl Fn() + Send + 'static,
    ) -> io::Result<Self> {
        let (end, ended) = mpsc::sync_channel(1);
        let mut before = marks(&folders);
        thread::Builder::new()
            .name("weir-watch".into())
            .spawn(move || {
                let mut stirred = false;
                while !has_ended(&ended) {
                    let now = marks(&folders);
                    if now != before {
                        // An editor may write in several steps.
                        stirred = true;
                        before = now;
                    } else if std::mem::take(&mut stirred) {
                        changed();
                    }
                }
            })?;
        Ok(Self { _end: end })
    }
}

/// The Markdown files of the folders, and how each looks.
fn marks(folders: &[PathBuf]) -> Vec<(PathBuf, Option<Mark>)> {
    let files = folders.iter().flat_map(|folder| markdown(folder));
    files
        .map(|file| {
            let mark = mark(&file);
            (file, mark)
        })
        .collect()
}

/// The Markdown files of a folder and of those in it, by name; at most 1000.
pub(crate) fn markdown(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut below = Vec::new();
    for path in entries(folder) {
        if path.is_dir() {
            below.push(path);
        } else {
            found.push(path);
        }
    }
    found.extend(below.iter().flat_map(|folder| entries(folder)));
    found.retain(|path| path.extension().is_some_and(|ending| ending == "md"));
    found.truncate(MOST);
    found
}

fn entries(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(folder) else {
        return Vec::new();
    };
    let paths = entries.flatten().map(|entry| entry.path());
    let mut paths: Vec<_> = paths.take(MOST).collect();
    paths.sort();
    paths
}

/// Waits for the next look; true when there is none.
fn has_ended(ended: &Receiver<()>) -> bool {
    ended.recv_timeout(LOOK) != Err(RecvTimeoutError::Timeout)
}

/// A file and what was last seen of it.
struct Watched {
    file: PathBuf,
    mark: Option<Mark>,
    content: Option<Vec<u8>>,
    /// Whether it looked otherwise the last time: an editor may write in several steps, so it has
    /// to look the same twice.
    stirred: bool,
}

impl Watched {
    fn new(file: PathBuf, content: Vec<u8>) -> Self {
        Self {
            mark: mark(&file),
            stirred: fs::read(&file).is_ok_and(|present| present != content),
            content: Some(content),
            file,
        }
    }

    /// Whether its content is another than before, and has come to rest.
    fn has_changed(&mut self) -> bool {
        let mark = mark(&self.file);
        let moved = mark != self.mark;
        self.mark = mark;
        if moved {
            self.stirred = true;
            return false;
        }
        if !std::mem::take(&mut self.stirred) {
            return false;
        }
        let content = fs::read(&self.file).ok();
        let changed = content.is_some() && content != self.content;
        if changed {
            self.content = content;
        }
        changed
    }
}

/// Follows every link on the way to the file.
fn mark(file: &Path) -> Option<Mark> {
    let of = |data: Metadata| {
        (
            data.dev(),
            data.ino(),
            data.size(),
            data.mtime(),
            data.mtime_nsec(),
        )
    };
    fs::metadata(file).ok().map(of)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    /// Whether it is told of a change within the next looks; more than enough for two of them.
    fn told(watched: &mut Watched) -> bool {
        (0..4).any(|_| watched.has_changed())
    }

    #[test]
    fn writing_and_renaming_are_noticed_once() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("weir.yaml");
        fs::write(&file, "a").unwrap();
        let mut watched = Watched::new(file.clone(), b"a".into());
        assert!(!told(&mut watched));
        fs::write(&file, "bb").unwrap();
        assert!(!watched.has_changed(), "it may still be written");
        assert!(watched.has_changed());
        assert!(!told(&mut watched), "once is enough");
        let next = dir.path().join(".weir.yaml.swp");
        fs::write(&next, "cc").unwrap();
        fs::rename(&next, &file).unwrap();
        assert!(told(&mut watched));
    }

    #[test]
    fn a_link_on_the_way_that_is_pointed_elsewhere_is_noticed() {
        let dir = tempfile::tempdir().unwrap();
        let at = |name: &str| dir.path().join(name);
        for (version, text) in [("..v1", "a"), ("..v2", "b")] {
            fs::create_dir(at(version)).unwrap();
            fs::write(at(version).join("weir.yaml"), text).unwrap();
        }
        symlink("..v1", at("..data")).unwrap();
        symlink("..data/weir.yaml", at("weir.yaml")).unwrap();
        let mut watched = Watched::new(at("weir.yaml"), b"a".into());
        assert!(!told(&mut watched));
        symlink("..v2", at("..data_tmp")).unwrap();
        fs::rename(at("..data_tmp"), at("..data")).unwrap();
        assert!(told(&mut watched));
    }

    #[test]
    fn a_change_from_before_the_watch_is_noticed() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("weir.yaml");
        fs::write(&file, "b").unwrap();
        let mut watched = Watched::new(file, b"a".into());
        assert!(told(&mut watched));
        assert!(!told(&mut watched), "once is enough");
    }

    #[test]
    fn the_same_content_and_a_missing_file_are_no_change() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("weir.yaml");
        fs::write(&file, "a").unwrap();
        let mut watched = Watched::new(file.clone(), b"a".into());
        let again = dir.path().join("again");
        fs::write(&again, "a").unwrap();
        fs::rename(&again, &file).unwrap();
        assert!(!told(&mut watched));
        fs::remove_file(&file).unwrap();
        assert!(!told(&mut watched));
        fs::write(&file, "b").unwrap();
        assert!(told(&mut watched), "it is back, and another");
    }

    #[test]
    fn whoever_watches_is_called() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("weir.yaml");
        fs::write(&file, "a").unwrap();
        let (tell, told) = mpsc::sync_channel(16);
        let _watch = Watch::start(&file, b"a".into(), move || tell.send(()).unwrap()).unwrap();
        fs::write(&file, "bb").unwrap();
        told.recv_timeout(Duration::from_secs(20)).unwrap();
    }
}
