//! Points an agent at weir in the agent's own settings, and takes that out again. Nothing else in
//! them changes, comments and spelling included: what is edited is the text, not a copy of its
//! meaning.

mod change;
mod json;
mod place;
mod toml;
mod undo;
mod variables;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context as _, anyhow, bail};

use crate::cli::{Agent, AgentAction, Setup};
use crate::lines::say;
use change::Change;
pub(crate) use place::Name;
pub(crate) use undo::NO_TOKEN;
use undo::Undo;

/// Runs `weir agent`.
///
/// # Errors
/// When the settings cannot be read or written, or are not what the agent's are.
pub(crate) fn run(agent: &Agent) -> anyhow::Result<ExitCode> {
    let home = |name: &str| std::env::var_os(name).map(PathBuf::from);
    match &agent.action {
        AgentAction::Setup(asked) => setup(asked, &file(asked, &home)?)?,
        AgentAction::Remove(asked) => remove(asked, &file(asked, &home)?)?,
    }
    Ok(ExitCode::SUCCESS)
}

fn setup(asked: &Setup, file: &Path) -> anyhow::Result<()> {
    let (agent, url) = (asked.agent, asked.edit.url.trim_end_matches('/'));
    valid(url)?;
    let token = asked.edit.token.as_deref();
    token.map_or(Ok(()), valid_token)?;
    let entries = agent.entries(url, token);
    let mut undo = Vec::new();
    let mut kept = None;
    let change = Change::of(file, |text| {
        kept = Undo::kept(&behind_links(file))?;
        undo = Undo::of(agent, text, &entries, kept.clone().unwrap_or_default())?;
        set(agent, text, &entries)
    })?;
    let name = change.file().display();
    if !change.is_one() {
        say(&format!("{name} says so already."));
        return Ok(());
    }
    say(&change.lines(&credentials(&undo)));
    if asked.edit.dry_run {
        say(&format!("{name} would change; nothing is written."));
        return Ok(());
    }
    if kept.is_none() {
        change.back_up()?;
    }
    change.write()?;
    Undo::keep(&undo, change.file())?;
    say(&format!("{name}: {agent} asks {url}."));
    say(agent.hint());
    Ok(())
}

fn remove(asked: &Setup, file: &Path) -> anyhow::Result<()> {
    let (agent, url) = (asked.agent, asked.edit.url.trim_end_matches('/'));
    let mut undo = Vec::new();
    let change = Change::of(file, |text| {
        let file = behind_links(file);
        undo = match Undo::kept(&file)? {
            Some(kept) => kept,
            None => Undo::guessed(agent, text, (url, asked.edit.token.as_deref())),
        };
        // What was spread over lines to make room is as it was.
        if let Some(before) = change::backup(&file)
            && set(agent, &before, &Undo::entries(&undo, agent))? == text
        {
            return Ok(before);
        }
        let (back, gone) = Undo::split(&undo, agent, text)?;
        take_out(agent, &set(agent, text, &back)?, &gone)
    })?;
    let name = change.file().display();
    if !change.is_one() {
        say(&format!(
            "Nothing of weir's is in {name}; it stays as it is. (An address that was put there by \
             hand is known by --url.)"
        ));
        return Ok(());
    }
    say(&change.lines(&credentials(&undo)));
    if asked.edit.dry_run {
        say(&format!("{name} would change; nothing is written."));
        return Ok(());
    }
    change.write()?;
    Undo::forget(change.file());
    say(&format!("{name}: {agent} asks its provider again."));
    Ok(())
}

/// The file that a link leads to.
fn behind_links(file: &Path) -> PathBuf {
    std::fs::canonicalize(file).unwrap_or_else(|_| file.to_owned())
}

/// The credentials among the entries, which are nobody's to see on a screen.
fn credentials(undo: &[Undo]) -> Vec<String> {
    const NAMES: [&str; 3] = ["ANTHROPIC_AUTH_TOKEN", "GEMINI_API_KEY", "apiKey"];
    let of = |undo: &&Undo| {
        undo.path
            .last()
            .is_some_and(|name| NAMES.contains(&name.as_str()))
    };
    let secret = undo.iter().filter(of);
    let values = secret.flat_map(|undo| [Some(undo.set.clone()), undo.before.clone()]);
    values.flatten().filter(|value| value != NO_TOKEN).collect()
}

fn valid_token(token: &str) -> anyhow::Result<()> {
    let fits = |byte: u8| byte.is_ascii_graphic() && !b"\"'#\\".contains(&byte);
    if token.is_empty() || !token.bytes().all(fits) {
        bail!("--token: letters, digits and signs only, without spaces, quotes, # and backslashes");
    }
    Ok(())
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

fn set(agent: Name, text: &str, entries: &[Entry]) -> anyhow::Result<String> {
    match agent {
        Name::Codex => toml::set(text, entries),
        Name::Gemini => Ok(variables::set(text, entries)),
        // An empty file is a fine one.
        Name::Claude | Name::Opencode if entries.is_empty() => Ok(text.to_owned()),
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

impl Name {
    /// What stands at a place of the agent's settings.
    fn value(self, text: &str, path: &[&str]) -> anyhow::Result<Option<String>> {
        match self {
            Self::Codex => toml::get(text, path),
            Self::Gemini => Ok(variables::get(text, path)),
            Self::Claude | Self::Opencode => json::get(text, path),
        }
    }
}

#[cfg(test)]
mod tests;
