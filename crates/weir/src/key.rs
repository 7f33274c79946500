//! `weir key`: the keys of a running gateway's providers. A credential comes from standard input
//! or from a variable, never from the command line, which everybody on the machine can see.

use std::io::{BufRead as _, IsTerminal as _};
use std::process::ExitCode;

use anyhow::{Context as _, bail};
use crossterm::event::{Event, KeyCode, KeyEventKind, KeyModifiers};
use http::Method;
use serde_json::{Map, Value};

use crate::cli::{AddKey, Key, KeyAction, NamedKey};
use crate::client::{Client, segment};
use crate::lines::{clean, complain, pretty, print};
use crate::seen::{self, Providers};
use crate::table::{Lean, table};
use crate::words::{Here, count, note};
use crate::workers::runtime;

/// Longest credential that is read, in bytes; more than weir takes.
const MAX_KEY: u64 = 8 * 1024;

/// Runs `weir key`.
///
/// # Errors
/// When nobody answers, or what was asked for is refused.
pub(crate) fn run(options: &Key) -> anyhow::Result<ExitCode> {
    let client = Client::new(&options.asked.gateway)?;
    let ask = |method, path: String, body: Option<Value>| {
        let client = &client;
        runtime()?.block_on(async move { client.json(method, &path, body.as_ref()).await })
    };
    let answer = match &options.action {
        KeyAction::List { provider: None } => ask(Method::GET, "/api/providers".into(), None)?,
        KeyAction::List {
            provider: Some(name),
        } => ask(Method::GET, path(name, ""), None)?,
        KeyAction::Add(key) => ask(Method::POST, path(&key.provider, "/keys"), Some(new(key)?))?,
        KeyAction::Remove(key) => ask(Method::DELETE, of(key, ""), None)?,
        KeyAction::Enable(key) => ask(Method::POST, of(key, "/enable"), None)?,
        KeyAction::Disable(key) => ask(Method::POST, of(key, "/disable"), None)?,
        KeyAction::Reset(key) => ask(Method::POST, of(key, "/reset"), None)?,
    };
    print(&if options.asked.json {
        pretty(&answer)?
    } else {
        told(&options.action, answer)?
    })?;
    Ok(ExitCode::SUCCESS)
}

fn path(provider: &str, rest: &str) -> String {
    format!("/api/providers/{}{rest}", segment(provider))
}

fn of(key: &NamedKey, action: &str) -> String {
    let rest = format!("/keys/{}{action}", segment(&key.key));
    path(&key.provider, &rest)
}

fn told(action: &KeyAction, answer: Value) -> anyhow::Result<String> {
    let id = clean(answer["id"].as_str().unwrap_or_default());
    Ok(match action {
        KeyAction::List { provider: None } => {
            let all: Providers = serde_json::from_value(answer)?;
            list(&all.providers, &Here::and_now())
        }
        KeyAction::List { provider: Some(_) } => {
            list(&[serde_json::from_value(answer)?], &Here::and_now())
        }
        // Alone on its line, for scripts.
        KeyAction::Add(_) => id,
        KeyAction::Remove(_) => format!("{id}: removed; requests under way go on"),
        KeyAction::Enable(_) => format!("{id}: enabled"),
        KeyAction::Disable(_) => format!("{id}: disabled; requests under way go on"),
        KeyAction::Reset(_) => format!("{id}: reset"),
    })
}

/// The keys of providers as a table.
pub(crate) fn list(providers: &[seen::Provider], here: &Here) -> String {
    let head = [
        ("PROVIDER", Lean::Left),
        ("KEY", Lean::Left),
        ("NAME", Lean::Left),
        ("STATUS", Lean::Left),
        ("LEFT", Lean::Right),
        ("REQS", Lean::Right),
        ("NOTE", Lean::Left),
    ];
    let of = |provider: &seen::Provider, key: &seen::Key| {
        [
            provider.name.clone(),
            key.id.clone(),
            key.name.clone().unwrap_or_else(|| "-".to_owned()),
            key.status.clone(),
            format!("{}%", key.capacity),
            count(key.requests),
            note(key, here),
        ]
    };
    let rows: Vec<_> = providers
        .iter()
        .flat_map(|provider| provider.keys.iter().map(move |key| of(provider, key)))
        .collect();
    table(head, &rows)
}

fn new(key: &AddKey) -> anyhow::Result<Value> {
    let mut body = Map::new();
    let given = read(key.from_env.as_deref(), "--from-env")?;
    body.insert("key".to_owned(), given.into());
    let limits = [
        ("rpm_limit", key.rpm_limit),
        ("itpm_limit", key.itpm_limit),
        ("otpm_limit", key.otpm_limit),
        ("priority", key.priority.map(u64::from)),
        ("weight", key.weight.map(u64::from)),
    ];
    for (name, value) in limits {
        if let Some(value) = value {
            body.insert(name.to_owned(), value.into());
        }
    }
    if let Some(name) = &key.name {
        body.insert("name".to_owned(), name.as_str().into());
    }
    Ok(body.into())
}

/// A provider's key: from the variable that is named, else from standard input. `option` is the one
/// that names variables.
///
/// # Errors
/// When there is none.
pub(crate) fn read(from_env: Option<&str>, option: &str) -> anyhow::Result<String> {
    let text = if let Some(name) = from_env {
        std::env::var(name).with_context(|| format!("{name}: cannot be read"))?
    } else if std::io::stdin().is_terminal() {
        complain("The key (it is not shown):");
        hidden()?
    } else {
        first_line(std::io::stdin().lock())?
    };
    match text.trim() {
        "" => bail!("the key is empty; give it on standard input or by {option}"),
        text => Ok(text.to_owned()),
    }
}

fn first_line(from: impl std::io::BufRead) -> anyhow::Result<String> {
    let mut line = String::new();
    let read = from.take(MAX_KEY).read_line(&mut line);
    read.context("the key cannot be read from standard input")?;
    Ok(line)
}

/// Reads a line from the terminal without showing it.
fn hidden() -> anyhow::Result<String> {
    crossterm::terminal::enable_raw_mode()?;
    let line = typed();
    crossterm::terminal::disable_raw_mode()?;
    line
}

fn typed() -> anyhow::Result<String> {
    let mut line = String::new();
    loop {
        let Event::Key(key) = crossterm::event::read()? else {
            continue;
        };
        if key.kind == KeyEventKind::Release {
            continue;
        }
        match key.code {
            KeyCode::Enter => return Ok(line),
            KeyCode::Backspace => {
                line.pop();
            }
            KeyCode::Esc => bail!("nothing was added"),
            KeyCode::Char('c' | 'd') if key.modifiers.contains(KeyModifiers::CONTROL) => {
                bail!("nothing was added")
            }
            KeyCode::Char(char) => line.push(char),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_credential_is_the_first_line_and_bounded() {
        assert_eq!(first_line(&b"sk-1\nsk-2\n"[..]).unwrap(), "sk-1\n");
        assert_eq!(first_line(&b""[..]).unwrap(), "");
        let endless = vec![b'k'; 100_000];
        assert_eq!(first_line(&endless[..]).unwrap().len(), 8 * 1024);
    }
}
