//! The transcripts that Claude Code keeps on disk: found, indexed and read, never written. Blocks;
//! callers run it where that is allowed.

use std::collections::HashMap;
use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use parking_lot::Mutex;

mod lines;
mod project;
mod read;

pub(crate) use read::{Head, MOST_BYTES, Message, Page, Transcript};

/// Directories of projects that are looked into.
const MOST_PROJECTS: usize = 5_000;
/// Transcripts that are indexed: the ones changed last.
const MOST_FILES: usize = 10_000;
/// Directories below a project's own.
const DEEPEST: u32 = 3;
/// Bytes read in one call for the index; the rest is left for the next.
const MOST_READ: u64 = 1 << 30;

/// Why a transcript is not shown.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Refused {
    /// Transcripts are switched off.
    Off,
    /// A name that leads elsewhere: which one.
    Name(&'static str),
    /// There is no such transcript, or it cannot be read.
    Unknown,
}

/// Where a transcript lies.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Place {
    /// The directory's name.
    pub project: String,
    /// The file's stem: the session's id.
    pub id: String,
    path: PathBuf,
}

/// A file that was found.
#[derive(Clone, Debug)]
struct File {
    place: Place,
    modified: SystemTime,
    size: u64,
}

/// What was read of a file when it was last changed.
#[derive(Debug)]
struct Kept {
    modified: SystemTime,
    size: u64,
    head: Arc<Head>,
}

/// The index of all transcripts.
#[derive(Debug)]
pub(crate) struct Index {
    /// Newest activity first.
    pub entries: Vec<(Place, Arc<Head>)>,
    /// Whether every transcript was read; the next call goes on if not.
    pub complete: bool,
}

/// Reads the transcripts below a directory. What it knows of each is kept until the file changes.
pub struct Transcripts {
    root: Box<dyn Fn() -> Option<PathBuf> + Send + Sync>,
    kept: Mutex<HashMap<PathBuf, Kept>>,
    projects: Mutex<HashMap<String, Option<PathBuf>>>,
}

impl fmt::Debug for Transcripts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Transcripts").finish_non_exhaustive()
    }
}

impl Transcripts {
    /// `root` gives the directory of projects; none when transcripts are not to be read. It is
    /// asked each time, so that a reload takes effect.
    pub fn new(root: impl Fn() -> Option<PathBuf> + Send + Sync + 'static) -> Self {
        Self {
            root: Box::new(root),
            kept: Mutex::new(HashMap::new()),
            projects: Mutex::new(HashMap::new()),
        }
    }

    /// None read.
    #[must_use]
    pub fn off() -> Self {
        Self::new(|| None)
    }

    /// The directory of projects as it really is; none when there is none.
    fn root(&self) -> Result<Option<PathBuf>, Refused> {
        let root = (self.root)().ok_or(Refused::Off)?;
        Ok(fs::canonicalize(root).ok())
    }

    /// Every transcript, of one project if one is named.
    pub(crate) fn index(&self, project: Option<&str>) -> Result<Index, Refused> {
        let Some(root) = self.root()? else {
            return match project {
                Some(_) => Err(Refused::Unknown),
                None => Ok(Index {
                    entries: Vec::new(),
                    complete: true,
                }),
            };
        };
        let mut files = match project {
            Some(project) => {
                let mut files = Vec::new();
                self.project(&root, project)?;
                collect(&root, &root.join(project), project, (0, &mut files));
                files
            }
            None => all(&root),
        };
        files.sort_by_key(|file| std::cmp::Reverse(file.modified));
        let mut complete = files.len() <= MOST_FILES;
        files.truncate(MOST_FILES);
        let mut left = MOST_READ;
        let mut entries = Vec::with_capacity(files.len());
        for file in files {
            match self.head(&file, &mut left) {
                Some(head) => entries.push((file.place, head)),
                None => complete &= left > 0,
            }
        }
        entries.sort_by(|(a, one), (b, other)| {
            let by_time = other.last_us.cmp(&one.last_us);
            by_time.then_with(|| a.id.cmp(&b.id))
        });
        Ok(Index { entries, complete })
    }

    /// What a file says of itself. None if it cannot be read, or `left` bytes are not enough.
    fn head(&self, file: &File, left: &mut u64) -> Option<Arc<Head>> {
        let path = &file.place.path;
        let known = {
            let kept = self.kept.lock();
            let same = |kept: &&Kept| kept.modified == file.modified && kept.size == file.size;
            kept.get(path)
                .filter(same)
                .map(|kept| Arc::clone(&kept.head))
        };
        if known.is_some() {
            return known;
        }
        if *left == 0 {
            return None;
        }
        *left = left.saturating_sub(file.size);
        let mut head = read::head(path, file.modified).ok()?;
        head.directory = self.directory(&file.place.project, head.directory.take());
        let head = Arc::new(head);
        let mut kept = self.kept.lock();
        if kept.len() >= 2 * MOST_FILES {
            kept.clear();
        }
        kept.insert(
            path.clone(),
            Kept {
                modified: file.modified,
                size: file.size,
                head: Arc::clone(&head),
            },
        );
        Some(head)
    }

    /// The directory that a project's name stands for: the one that the transcript names, if it is
    /// that, else what is found on the disk.
    fn directory(&self, project: &str, told: Option<String>) -> Option<String> {
        if let Some(told) = told.filter(|told| project::encoded(told) == project) {
            return Some(told);
        }
        let known = self.projects.lock().get(project).cloned();
        let found = known.unwrap_or_else(|| {
            let found = project::decoded(Path::new("/"), project);
            let mut projects = self.projects.lock();
            if projects.len() >= MOST_PROJECTS {
                projects.clear();
            }
            projects.insert(project.to_owned(), found.clone());
            found
        });
        found.map(|path| path.to_string_lossy().into_owned())
    }

    /// A project's directory, if it is one and lies where it should.
    fn project(&self, root: &Path, project: &str) -> Result<PathBuf, Refused> {
        if !is_plain(project) {
            return Err(Refused::Name("project"));
        }
        let real = fs::canonicalize(root.join(project)).map_err(|_| Refused::Unknown)?;
        if real.starts_with(root) && real != root && real.is_dir() {
            Ok(real)
        } else {
            Err(Refused::Unknown)
        }
    }

    /// One transcript with a page of its messages, in order of time.
    pub(crate) fn one(
        &self,
        (project, id): (&str, &str),
        page: Page,
    ) -> Result<Transcript, Refused> {
        if !is_plain(id) {
            return Err(Refused::Name("id"));
        }
        if !is_plain(project) {
            return Err(Refused::Name("project"));
        }
        let root = self.root()?.ok_or(Refused::Unknown)?;
        self.project(&root, project)?;
        let mut files = Vec::new();
        collect(&root, &root.join(project), project, (0, &mut files));
        let file = files.into_iter().find(|file| file.place.id == id);
        let file = file.ok_or(Refused::Unknown)?;
        let mut left = u64::MAX;
        let head = self.head(&file, &mut left).ok_or(Refused::Unknown)?;
        let transcript = read::transcript(&file.place.path, &head, page);
        transcript.map_err(|_| Refused::Unknown)
    }

    /// The transcripts of these sessions, by session. Reads at most `left` bytes for what it does
    /// not know of them.
    pub(crate) fn of_sessions(
        &self,
        ids: &[String],
        mut left: u64,
    ) -> HashMap<String, (Place, Option<Arc<Head>>)> {
        let Ok(Some(root)) = self.root() else {
            return HashMap::new();
        };
        let wanted = |file: &File| ids.contains(&file.place.id);
        let files = all(&root).into_iter().filter(wanted);
        files
            .map(|file| {
                let head = self.head(&file, &mut left);
                (file.place.id.clone(), (file.place, head))
            })
            .collect()
    }
}

/// Whether a name is one component of a path and no way to another.
fn is_plain(name: &str) -> bool {
    !name.is_empty()
        && name.len() <= 255
        && name != "."
        && name != ".."
        && !name.contains(['/', '\\', '\0'])
}

/// Every transcript below the directory of projects. Files directly in it are none.
fn all(root: &Path) -> Vec<File> {
    let mut files = Vec::new();
    let Ok(entries) = fs::read_dir(root) else {
        return files;
    };
    for entry in entries.flatten().take(MOST_PROJECTS) {
        let Ok(project) = entry.file_name().into_string() else {
            continue;
        };
        if is_within(root, &entry.path(), &entry).is_some_and(|meta| meta.is_dir()) {
            collect(root, &entry.path(), &project, (0, &mut files));
        }
    }
    files
}

/// What an entry is; none if it is a link that leads out of `root`, or nothing.
fn is_within(root: &Path, path: &Path, entry: &fs::DirEntry) -> Option<fs::Metadata> {
    let is_link = entry.file_type().ok()?.is_symlink();
    if is_link && !fs::canonicalize(path).ok()?.starts_with(root) {
        return None;
    }
    fs::metadata(path).ok()
}

fn collect(root: &Path, dir: &Path, project: &str, (depth, files): (u32, &mut Vec<File>)) {
    let Ok(entries) = fs::read_dir(dir) else {
        return;
    };
    for entry in entries.flatten() {
        let path = entry.path();
        let Some(meta) = is_within(root, &path, &entry) else {
            continue;
        };
        if meta.is_dir() {
            // A link could lead round in circles.
            let is_link = entry.file_type().is_ok_and(|kind| kind.is_symlink());
            if depth < DEEPEST && !is_link {
                collect(root, &path, project, (depth + 1, files));
            }
            continue;
        }
        // Opening a pipe would wait for whoever writes into it.
        let is_transcript = meta.is_file() && path.extension().is_some_and(|ext| ext == "jsonl");
        let id = path.file_stem().and_then(|stem| stem.to_str());
        if let (true, Some(id)) = (is_transcript && files.len() < 2 * MOST_FILES, id) {
            files.push(File {
                modified: meta.modified().unwrap_or(SystemTime::UNIX_EPOCH),
                size: meta.len(),
                place: Place {
                    project: project.to_owned(),
                    id: id.to_owned(),
                    path: path.clone(),
                },
            });
        }
    }
}
