//! Tells when a file's content changes, however it is changed: written in place, replaced by a
//! rename, or by a symbolic link on the way to it that is pointed elsewhere, as Kubernetes does.

use std::path::{Path, PathBuf};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

use notify::{RecommendedWatcher, RecursiveMode, Watcher as _};

/// Quiet time after the last event before the file is read: an editor writes in several steps.
const QUIET: Duration = Duration::from_millis(100);
/// The longest that a busy folder can put that off.
const LONGEST: Duration = Duration::from_secs(1);

/// A watch on a file; it ends when this is dropped.
#[derive(Debug)]
pub(crate) struct Watch {
    _watcher: RecommendedWatcher,
}

impl Watch {
    /// Calls `changed` on a thread of its own each time the content of `file` is another.
    ///
    /// # Errors
    /// When the system has no watch left.
    pub(crate) fn start(
        file: &Path,
        changed: impl Fn() + Send + 'static,
    ) -> Result<Self, notify::Error> {
        let file = std::path::absolute(file)?;
        let (events, inbox) = mpsc::sync_channel(16);
        let mut watcher = notify::recommended_watcher(move |event: notify::Result<_>| {
            // A full channel has events enough to look at the file.
            let _full = event.map(|_| events.try_send(()));
        })?;
        for folder in folders(&file) {
            watcher.watch(&folder, RecursiveMode::NonRecursive)?;
        }
        let mut content = std::fs::read(&file).ok();
        thread::Builder::new()
            .name("weir-watch".into())
            .spawn(move || {
                while wait(&inbox) {
                    let now = std::fs::read(&file).ok();
                    if now.is_some() && now != content {
                        content = now;
                        changed();
                    }
                }
            })?;
        Ok(Self { _watcher: watcher })
    }
}

/// The folders in which something must happen for the file to change: its own, and those of every
/// link that leads to it.
fn folders(file: &Path) -> Vec<PathBuf> {
    let mut folders = Vec::new();
    let mut at = file.to_owned();
    // Longer chains the system itself refuses.
    for _ in 0..40 {
        let Some(folder) = at.parent().map(Path::to_owned) else {
            break;
        };
        if !folders.contains(&folder) {
            folders.push(folder.clone());
        }
        match std::fs::read_link(&at) {
            Ok(target) => at = folder.join(target),
            Err(_) => break,
        }
    }
    folders
}

/// Waits for events and then for quiet; false when the watch has ended.
fn wait(inbox: &Receiver<()>) -> bool {
    if inbox.recv().is_err() {
        return false;
    }
    let since = Instant::now();
    while since.elapsed() < LONGEST {
        match inbox.recv_timeout(QUIET) {
            Ok(()) => {}
            Err(RecvTimeoutError::Timeout) => return true,
            Err(RecvTimeoutError::Disconnected) => return false,
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::symlink;
    use std::sync::mpsc::{Receiver, sync_channel};
    use std::time::Duration;

    use super::Watch;

    const PATIENCE: Duration = Duration::from_secs(20);

    fn watch(file: &std::path::Path) -> (Watch, Receiver<()>) {
        let (tell, told) = sync_channel(16);
        let watch = Watch::start(file, move || tell.send(()).unwrap()).unwrap();
        (watch, told)
    }

    #[test]
    fn writing_and_renaming_are_noticed() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("weir.yaml");
        fs::write(&file, "a").unwrap();
        let (_watch, told) = watch(&file);
        fs::write(&file, "b").unwrap();
        told.recv_timeout(PATIENCE).unwrap();
        let next = dir.path().join(".weir.yaml.swp");
        fs::write(&next, "c").unwrap();
        fs::rename(&next, &file).unwrap();
        told.recv_timeout(PATIENCE).unwrap();
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
        let (_watch, told) = watch(&at("weir.yaml"));
        symlink("..v2", at("..data_tmp")).unwrap();
        fs::rename(at("..data_tmp"), at("..data")).unwrap();
        told.recv_timeout(PATIENCE).unwrap();
    }

    #[test]
    fn other_files_and_the_same_content_are_no_change() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("weir.yaml");
        fs::write(&file, "a").unwrap();
        let (_watch, told) = watch(&file);
        fs::write(dir.path().join("other"), "x").unwrap();
        fs::write(&file, "a").unwrap();
        fs::write(&file, "b").unwrap();
        told.recv_timeout(PATIENCE).unwrap();
        assert!(told.try_recv().is_err(), "once is enough");
    }
}
