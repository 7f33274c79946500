//! A settings file before and after: what of it is told, and how it is written.

use std::fs;
use std::io::{ErrorKind, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};

use crate::lines::clean_lines;

/// What the old text is kept under, beside the file.
const BACKUP: &str = "weir-backup";
/// Largest settings file that is edited, in bytes.
const MAX_SETTINGS: u64 = 8 * 1024 * 1024;
/// What is shown of a credential.
const HIDDEN: &str = "***";

/// A settings file before and after.
#[derive(Debug)]
pub(super) struct Change {
    file: PathBuf,
    old: Option<String>,
    /// None when nothing changes.
    new: Option<String>,
}

impl Change {
    /// What `edit` makes of a file, or of an empty text if there is none.
    ///
    /// # Errors
    /// When it cannot be read, or not be edited.
    pub(super) fn of(
        file: &Path,
        edit: impl FnOnce(&str) -> anyhow::Result<String>,
    ) -> anyhow::Result<Self> {
        // A link to a file kept elsewhere stays a link.
        let file = fs::canonicalize(file).unwrap_or_else(|_| file.to_owned());
        let old = text_of(&file)?;
        let new = edit(old.as_deref().unwrap_or_default())
            .with_context(|| format!("{}: not changed", file.display()))?;
        let new = Some(new).filter(|new| *new != old.as_deref().unwrap_or_default());
        Ok(Self { file, old, new })
    }

    /// Whether anything changes.
    pub(super) fn is_one(&self) -> bool {
        self.new.is_some()
    }

    /// The file that changes, behind every link.
    pub(super) fn file(&self) -> &Path {
        &self.file
    }

    /// The lines that go and come, the credentials in them blotted out.
    pub(super) fn lines(&self, credentials: &[String]) -> String {
        let old = self.old.as_deref().unwrap_or_default();
        let mut lines = lines_of_change(old, self.new.as_deref().unwrap_or(old));
        for credential in credentials.iter().filter(|one| !one.is_empty()) {
            lines = lines.replace(credential.as_str(), HIDDEN);
        }
        clean_lines(&lines)
    }

    /// Keeps the text as it is now beside the file, in place of what was kept before.
    ///
    /// # Errors
    /// When it cannot be written.
    pub(super) fn back_up(&self) -> anyhow::Result<()> {
        match &self.old {
            Some(old) => write_beside(&self.file, BACKUP, old),
            None => Ok(()),
        }
    }

    /// Writes the file whole or not at all, with the rights that it had.
    ///
    /// # Errors
    /// When it cannot be written, or somebody else has written it meanwhile.
    pub(super) fn write(&self) -> anyhow::Result<()> {
        let Some(new) = &self.new else { return Ok(()) };
        let failed = || format!("{}: cannot be written", self.file.display());
        if let Some(folder) = self.file.parent() {
            let mut builder = fs::DirBuilder::new();
            builder.recursive(true).mode(0o750);
            builder.create(folder).with_context(failed)?;
        }
        let mode = fs::metadata(&self.file).map_or(0o600, |found| found.permissions().mode());
        let fresh = beside(&self.file, "weir-new");
        let written = (|| {
            let mut options = fs::OpenOptions::new();
            options.write(true).create(true).truncate(true).mode(0o600);
            let mut written = options.open(&fresh)?;
            written.set_permissions(fs::Permissions::from_mode(mode & 0o7777))?;
            written.write_all(new.as_bytes())?;
            written.sync_all()
        })();
        written.with_context(failed)?;
        // The agent writes it too.
        if text_of(&self.file)? != self.old {
            fs::remove_file(&fresh).with_context(failed)?;
            bail!("{}: it has just changed; try again", self.file.display());
        }
        fs::rename(&fresh, &self.file).with_context(failed)
    }
}

/// What a file holds; none if there is none.
fn text_of(file: &Path) -> anyhow::Result<Option<String>> {
    let unreadable = || format!("{}: cannot be read", file.display());
    match fs::metadata(file) {
        Ok(found) if found.len() > MAX_SETTINGS => {
            bail!("{}: too large to be settings", file.display())
        }
        Ok(_) => Ok(Some(fs::read_to_string(file).with_context(unreadable)?)),
        Err(error) if error.kind() == ErrorKind::NotFound => {
            if fs::symlink_metadata(file).is_ok() {
                bail!("{}: a link that leads nowhere", file.display());
            }
            Ok(None)
        }
        Err(error) => Err(error).with_context(unreadable),
    }
}

/// What is kept of a file as it was, if anything is.
pub(super) fn backup(file: &Path) -> Option<String> {
    text_of(&beside(file, BACKUP)).ok()?
}

/// Writes what only its owner is to read.
///
/// # Errors
/// When it cannot be written.
pub(super) fn write_beside(file: &Path, suffix: &str, text: &str) -> anyhow::Result<()> {
    let name = beside(file, suffix);
    let written = (|| {
        if let Err(error) = fs::remove_file(&name)
            && error.kind() != ErrorKind::NotFound
        {
            return Err(error);
        }
        let mut options = fs::OpenOptions::new();
        let mut written = options
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&name)?;
        written.write_all(text.as_bytes())
    })();
    written.with_context(|| format!("{}: cannot be written", name.display()))
}

/// `settings.json` with `.suffix` behind it.
pub(super) fn beside(file: &Path, suffix: &str) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(".");
    name.push(suffix);
    name.into()
}

/// The lines that go and come, without those that stay.
pub(super) fn lines_of_change(old: &str, new: &str) -> String {
    let (old, new): (Vec<_>, Vec<_>) = (old.lines().collect(), new.lines().collect());
    let front = old.iter().zip(&new).take_while(|(a, b)| a == b).count();
    let rest = old.len().min(new.len()) - front;
    let back = old.iter().rev().zip(new.iter().rev());
    let back = back.take(rest).take_while(|(a, b)| a == b).count();
    let gone = old.iter().take(old.len() - back).skip(front);
    let come = new.iter().take(new.len() - back).skip(front);
    let lines: Vec<_> = gone
        .map(|line| format!("- {line}"))
        .chain(come.map(|line| format!("+ {line}")))
        .collect();
    lines.join("\n")
}
