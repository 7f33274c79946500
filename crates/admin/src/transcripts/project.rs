//! The names of projects' directories: paths in which everything but letters and digits became a
//! dash. That loses what stood there, so the path is looked for on the disk.

use std::fs;
use std::path::{Path, PathBuf};

/// Directories that are listed for one name.
const MOST_LISTED: u32 = 200;
/// Entries of a directory that are looked at.
const MOST_ENTRIES: usize = 10_000;

/// The name that a path gets.
pub(super) fn encoded(path: &str) -> String {
    let encode = |c: char| if c.is_ascii_alphanumeric() { c } else { '-' };
    path.chars().map(encode).collect()
}

/// The directory below `base` that has this name; none if there is none any more.
pub(super) fn decoded(base: &Path, name: &str) -> Option<PathBuf> {
    let mut left = MOST_LISTED;
    probe(base, name.strip_prefix('-')?, &mut left)
}

fn probe(base: &Path, rest: &str, left: &mut u32) -> Option<PathBuf> {
    *left = left.checked_sub(1)?;
    let mut found: Vec<(usize, PathBuf)> = fs::read_dir(base)
        .ok()?
        .flatten()
        .take(MOST_ENTRIES)
        .filter_map(|entry| {
            let name = encoded(entry.file_name().to_str()?);
            let after = rest.strip_prefix(name.as_str())?;
            let ends = after.is_empty() || after.starts_with('-');
            let path = entry.path();
            (!name.is_empty() && ends && path.is_dir()).then_some((name.len(), path))
        })
        .collect();
    // The longest first: `my-project` rather than a `project` within `my`.
    found.sort_by(|a, b| b.cmp(a));
    found.into_iter().find_map(
        |(length, path)| match rest.get(length..)?.strip_prefix('-') {
            None => Some(path),
            Some(rest) => probe(&path, rest, left),
        },
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_decoded_by_what_is_on_the_disk() {
        let dir = tempfile::tempdir().unwrap();
        for path in ["my/project", "my-project/.hidden", "a_b", "x/y.z/deep-er"] {
            fs::create_dir_all(dir.path().join(path)).unwrap();
        }
        fs::write(dir.path().join("file"), "").unwrap();
        let found = |name: &str| {
            let path = decoded(dir.path(), name)?;
            Some(
                path.strip_prefix(dir.path())
                    .unwrap()
                    .to_str()
                    .unwrap()
                    .to_owned(),
            )
        };
        assert_eq!(found("-my-project").as_deref(), Some("my-project"));
        assert_eq!(
            found("-my-project--hidden").as_deref(),
            Some("my-project/.hidden")
        );
        assert_eq!(found("-a-b").as_deref(), Some("a_b"));
        assert_eq!(found("-x-y-z-deep-er").as_deref(), Some("x/y.z/deep-er"));
        assert_eq!(found("-gone"), None);
        assert_eq!(found("-file"), None);
        assert_eq!(found("no-dash-first"), None);
        assert_eq!(encoded("/home/me/a_b.c"), "-home-me-a-b-c");
    }
}
