//! Lines for the person at the terminal, as opposed to the log.

use std::fmt;
use std::io::{self, IsTerminal as _, Write as _};

use anyhow::Context as _;
use serde_json::Value;

/// Who read the output has gone. Nothing is wrong then, and nothing more is wanted.
#[derive(Debug)]
pub(crate) struct Gone;

impl fmt::Display for Gone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("nobody reads the output any more")
    }
}

impl std::error::Error for Gone {}

/// Whether a command failed for nothing but that nobody reads what it prints.
pub(crate) fn is_gone(error: &anyhow::Error) -> bool {
    error.chain().any(|cause| cause.is::<Gone>())
}

/// Says something on standard output beside the work; a closed pipe is not an error.
pub(crate) fn say(text: &str) {
    let _closed = writeln!(io::stdout(), "{text}").is_err();
}

/// Says something on standard error; a closed pipe is not an error.
pub(crate) fn complain(text: &str) {
    let _closed = writeln!(io::stderr(), "{text}").is_err();
}

/// Prints what was asked for: a line, or several.
///
/// # Errors
/// [`Gone`] when nobody reads it; else when it cannot be written, as on a full disk.
pub(crate) fn print(text: &str) -> anyhow::Result<()> {
    arrived(writeln!(io::stdout(), "{text}"))
}

/// JSON over many lines, in which nothing is left that a terminal would obey.
///
/// # Errors
/// When it cannot be made, which does not happen.
pub(crate) fn pretty(json: &Value) -> serde_json::Result<String> {
    Ok(tame(&serde_json::to_string_pretty(json)?))
}

/// The same in one line.
///
/// # Errors
/// As [`pretty`].
pub(crate) fn compact(json: &Value) -> serde_json::Result<String> {
    Ok(tame(&serde_json::to_string(json)?))
}

fn arrived(done: io::Result<()>) -> anyhow::Result<()> {
    match done {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Err(Gone.into()),
        done => done.context("standard output cannot be written"),
    }
}

/// Whether a terminal would obey it, or let other text seem to be where it is not.
pub(crate) fn is_command(char: char) -> bool {
    let turns = matches!(char, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}'
        | '\u{2066}'..='\u{2069}');
    char.is_control() || turns
}

/// Text of somebody else's in one line, without what a terminal would obey.
pub(crate) fn clean(text: &str) -> String {
    masked(text, |_| false)
}

/// The same with its lines and tabs.
pub(crate) fn clean_lines(text: &str) -> String {
    masked(text, |char| matches!(char, '\n' | '\t'))
}

fn masked(text: &str, stays: impl Fn(char) -> bool) -> String {
    let mask = |char| match char {
        char if is_command(char) && !stays(char) => char::REPLACEMENT_CHARACTER,
        char => char,
    };
    text.chars().map(mask).collect()
}

/// The same JSON with such characters escaped; those below the space are already.
fn tame(json: &str) -> String {
    let mut tame = String::with_capacity(json.len());
    for char in json.chars() {
        if is_command(char) && char != '\n' {
            tame.push_str(&format!("\\u{:04x}", u32::from(char)));
        } else {
            tame.push(char);
        }
    }
    tame
}

/// Standard output for somebody else's bytes: exactly these, but at a terminal only what it does
/// not obey.
#[derive(Debug)]
pub(crate) struct Bytes {
    at_terminal: bool,
    /// The beginning of a character whose end is to come.
    begun: Vec<u8>,
    masked: bool,
}

impl Bytes {
    /// Begins.
    pub(crate) fn new() -> Self {
        Self::at(io::stdout().is_terminal())
    }

    fn at(at_terminal: bool) -> Self {
        Self {
            at_terminal,
            begun: Vec::new(),
            masked: false,
        }
    }

    /// Prints a piece.
    ///
    /// # Errors
    /// As [`print`].
    pub(crate) fn push(&mut self, piece: &[u8]) -> anyhow::Result<()> {
        let shown = self.shown(piece);
        arrived(io::stdout().write_all(shown.as_deref().unwrap_or(piece)))
    }

    /// Ends, and says so if the terminal was shown other bytes than these.
    ///
    /// # Errors
    /// As [`print`].
    pub(crate) fn end(self) -> anyhow::Result<()> {
        arrived(io::stdout().flush())?;
        if self.masked || !self.begun.is_empty() {
            complain(
                "\n(Control characters are not shown to a terminal; into a file go all bytes.)",
            );
        }
        Ok(())
    }

    /// What is shown for a piece; none when that is the piece itself.
    fn shown(&mut self, piece: &[u8]) -> Option<Vec<u8>> {
        if !self.at_terminal {
            return None;
        }
        let mut all = std::mem::take(&mut self.begun);
        all.extend_from_slice(piece);
        if let Err(error) = std::str::from_utf8(&all)
            && error.error_len().is_none()
        {
            self.begun = all.split_off(error.valid_up_to());
        }
        let text = String::from_utf8_lossy(&all);
        let shown = clean_lines(&text.replace("\r\n", "\n"));
        self.masked |= shown.contains(char::REPLACEMENT_CHARACTER);
        Some(shown.into_bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_of_somebody_elses_reaches_a_terminal_as_a_command() {
        assert_eq!(
            clean("a\u{1b}[2Jb\nc\u{9b}d\u{202e}e"),
            "a\u{fffd}[2Jb\u{fffd}c\u{fffd}d\u{fffd}e"
        );
        assert_eq!(clean_lines("a\n\tb\r\u{7f}"), "a\n\tb\u{fffd}\u{fffd}");
        assert_eq!(clean("Grüße, 日本 👍"), "Grüße, 日本 👍");
    }

    #[test]
    fn json_means_the_same_when_it_is_tame() {
        let value = serde_json::json!({"m": "a\u{1b}\u{9b}2J\u{7f}\u{202e}é", "n": [1]});
        let json = serde_json::to_string_pretty(&value).unwrap();
        let tame = super::tame(&json);
        assert!(
            !tame.chars().any(|char| is_command(char) && char != '\n'),
            "{tame}"
        );
        assert_eq!(
            serde_json::from_str::<serde_json::Value>(&tame).unwrap(),
            value
        );
    }

    #[test]
    fn bytes_are_exact_but_at_a_terminal() {
        assert_eq!(Bytes::at(false).shown(b"\x1b[2J\xff"), None);
        let mut terminal = Bytes::at(true);
        let text = "é\u{1b}[31m\r\n日".as_bytes();
        let shown: Vec<u8> = text
            .iter()
            .flat_map(|byte| terminal.shown(&[*byte]).unwrap())
            .collect();
        assert_eq!(
            String::from_utf8(shown).unwrap(),
            "é\u{fffd}[31m\u{fffd}\n日"
        );
        assert!(terminal.masked && terminal.begun.is_empty());
    }
}
