//! Points an agent at weir in the agent's own settings, and takes that out again. Nothing else in
//! them changes, comments and spelling included: what is edited is the text, not a copy of its
//! meaning.

mod json;
mod place;
mod toml;
mod variables;

use std::fs;
use std::io::Write as _;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context as _, anyhow, bail};

use crate::cli::{Agent, AgentAction, Setup};
use crate::lines::say;
pub(crate) use place::Name;

/// What the old text is kept under, beside the file.
const BACKUP: &str = "weir-backup";
/// Largest settings file that is edited, in bytes.
const MAX_SETTINGS: u64 = 8 * 1024 * 1024;

/// Runs `weir agent`.
///
/// # Errors
/// When the settings cannot be read or written, or are not what the agent's are.
pub(crate) fn run(agent: &Agent) -> anyhow::Result<ExitCode> {
    let home = |name: &str| std::env::var_os(name).map(PathBuf::from);
    match &agent.action {
        AgentAction::Setup(setup) => {
            let url = setup.edit.url.trim_end_matches('/');
            valid(url)?;
            let entries = setup.agent.entries(url, setup.edit.token.as_deref());
            let file = file(setup, &home)?;
            let change = Change::of(&file, |text| edit(setup.agent, text, &entries))?;
            change.tell_and_write(setup.edit.dry_run, &format!("{} asks {url}", setup.agent))?;
            if change.new.is_some() && !setup.edit.dry_run {
                say(setup.agent.hint());
            }
        }
        AgentAction::Remove(setup) => {
            let file = file(setup, &home)?;
            let entries = setup.agent.entries("", Some(""));
            let change = Change::of(&file, |text| take_out(setup.agent, text, &entries))?;
            if change.new.is_none() {
                say(&format!(
                    "Nothing of weir's is in {}; it stays as it is.",
                    file.display()
                ));
            } else {
                change.tell_and_write(
                    setup.edit.dry_run,
                    &format!("{} asks its provider again", setup.agent),
                )?;
            }
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn valid(url: &str) -> anyhow::Result<()> {
    let uri: http::Uri = url
        .parse()
        .with_context(|| format!("--url: `{url}`: not an address such as http://127.0.0.1:3001"))?;
    if !matches!(uri.scheme_str(), Some("http" | "https")) || uri.query().is_some() {
        bail!("--url: `{url}`: not an address such as http://127.0.0.1:3001");
    }
    Ok(())
}

fn file(setup: &Setup, variable: &dyn Fn(&str) -> Option<PathBuf>) -> anyhow::Result<PathBuf> {
    if let Some(file) = &setup.edit.file {
        return Ok(file.clone());
    }
    let file = setup.agent.settings_file(variable);
    file.ok_or_else(|| anyhow!("HOME is not set; name the settings with --file"))
}

/// One setting of an agent's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Entry {
    /// Where it stands.
    pub path: &'static [&'static str],
    /// What it is to be.
    pub value: String,
}

fn edit(agent: Name, text: &str, entries: &[Entry]) -> anyhow::Result<String> {
    match agent {
        Name::Codex => toml::set(text, entries),
        Name::Gemini => Ok(variables::set(text, entries)),
        Name::Claude | Name::Opencode => json::set(text, entries),
    }
}

fn take_out(agent: Name, text: &str, entries: &[Entry]) -> anyhow::Result<String> {
    match agent {
        Name::Codex => toml::remove(text, entries),
        Name::Gemini => Ok(variables::remove(text, entries)),
        Name::Claude | Name::Opencode => json::remove(text, entries),
    }
}

/// A settings file before and after.
#[derive(Debug)]
struct Change {
    file: PathBuf,
    old: Option<String>,
    /// None when nothing changes.
    new: Option<String>,
}

impl Change {
    fn of(file: &Path, edit: impl FnOnce(&str) -> anyhow::Result<String>) -> anyhow::Result<Self> {
        // An editor's link to a file kept elsewhere stays a link.
        let file = fs::canonicalize(file).unwrap_or_else(|_| file.to_owned());
        let old = match fs::metadata(&file) {
            Ok(found) if found.len() > MAX_SETTINGS => {
                bail!("{}: too large to be settings", file.display())
            }
            Ok(_) => Some(
                fs::read_to_string(&file)
                    .with_context(|| format!("{}: cannot be read", file.display()))?,
            ),
            Err(_) => None,
        };
        let new = edit(old.as_deref().unwrap_or_default())
            .with_context(|| format!("{}: not changed", file.display()))?;
        let new = Some(new).filter(|new| *new != old.as_deref().unwrap_or_default());
        Ok(Self { file, old, new })
    }

    /// Says what changes, and writes it unless it is only to be seen.
    fn tell_and_write(&self, dry_run: bool, outcome: &str) -> anyhow::Result<()> {
        let file = self.file.display();
        let Some(new) = &self.new else {
            say(&format!("{file} says so already."));
            return Ok(());
        };
        say(&lines_of_change(
            self.old.as_deref().unwrap_or_default(),
            new,
        ));
        if dry_run {
            say(&format!("{file} would change; nothing is written."));
            return Ok(());
        }
        self.back_up()?;
        self.write(new)?;
        say(&format!("{file}: {outcome}."));
        Ok(())
    }

    /// Keeps the text as it was before weir first changed it.
    fn back_up(&self) -> anyhow::Result<()> {
        let Some(old) = &self.old else { return Ok(()) };
        let backup = beside(&self.file, BACKUP);
        let kept = fs::OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&backup);
        match kept {
            Ok(mut kept) => kept
                .write_all(old.as_bytes())
                .with_context(|| format!("{}: cannot be written", backup.display())),
            // That of the first time, which is the one without weir.
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => Ok(()),
            Err(error) => {
                Err(error).with_context(|| format!("{}: cannot be written", backup.display()))
            }
        }
    }

    /// Whole or not at all, with the rights that the file had.
    fn write(&self, new: &str) -> anyhow::Result<()> {
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
            written.sync_all()?;
            fs::rename(&fresh, &self.file)
        })();
        written.with_context(failed)
    }
}

/// `settings.json` with `.suffix` behind it.
fn beside(file: &Path, suffix: &str) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(".");
    name.push(suffix);
    name.into()
}

/// The lines that go and come, without those that stay.
fn lines_of_change(old: &str, new: &str) -> String {
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

#[cfg(test)]
mod tests;
