//! What an agent's file says: front matter in YAML between two fences, then its prompt.

use crate::config::front_matter;

/// Where the part of a prompt begins that Claude Code adds when it runs.
const NOTES: &str = "Notes:";

/// An agent's file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AgentFile {
    /// The name in its front matter.
    pub name: Option<String>,
    /// The static part of its prompt, white space normalised.
    pub prompt: Box<str>,
}

impl AgentFile {
    /// Reads a file's text, whatever its line ends. Only the first fence behind the opening one
    /// closes the front matter: others are part of the prompt. Front matter that is not YAML, as
    /// people write it, has no name.
    ///
    /// # Errors
    /// When the front matter is not closed, or there is no prompt; a sentence.
    pub fn parse(text: &str) -> Result<Self, String> {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let (front, body) = parts(text)?;
        let prompt = fixed(body);
        if prompt.is_empty() {
            return Err("it has no prompt".to_owned());
        }
        Ok(Self {
            name: front.and_then(|front| front_matter(front, "name")),
            prompt: prompt.into(),
        })
    }
}

/// The front matter, if there is any, and what follows it.
fn parts(text: &str) -> Result<(Option<&str>, &str), String> {
    let mut lines = text.split_inclusive('\n');
    let is_fence = |line: &str| line.trim_end() == "---";
    let first = lines.next().unwrap_or_default();
    if !is_fence(first) {
        return Ok((None, text));
    }
    let start = first.len();
    let mut end = start;
    for line in lines {
        if is_fence(line) {
            let front = text.get(start..end).unwrap_or_default();
            let body = text.get(end + line.len()..).unwrap_or_default();
            return Ok((Some(front), body));
        }
        end += line.len();
    }
    Err("its front matter is not closed by a line `---`".to_owned())
}

/// What does not change of a prompt: all before its notes, white space normalised.
pub(super) fn fixed(prompt: &str) -> String {
    let prompt = prompt.trim();
    let mut end = 0;
    let lines = prompt.split_inclusive('\n').enumerate();
    for (at, line) in lines {
        if at > 0 && line.starts_with(NOTES) {
            break;
        }
        end += line.len();
    }
    let fixed = prompt.get(..end).unwrap_or_default();
    let mut out = String::with_capacity(fixed.len());
    for word in fixed.split_whitespace() {
        if !out.is_empty() {
            out.push(' ');
        }
        out.push_str(word);
    }
    out
}
