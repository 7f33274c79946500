//! Edits files of variables, a line each.

use super::Entry;

/// What the last line of a variable says, quotes included.
pub(super) fn get(text: &str, path: &[&str]) -> Option<String> {
    let mut lines = text.lines().rev();
    let line = lines.find(|line| name(line).is_some_and(|name| *path == [name]))?;
    let (_, value) = line.split_once('=')?;
    Some(value.trim().to_owned())
}

/// Sets entries: in their lines where they have some, else in new ones at the end.
pub(super) fn set(text: &str, entries: &[Entry]) -> String {
    let mut out = text.to_owned();
    for entry in entries {
        let line = format!("{}={}", entry.path.concat(), entry.value);
        let mut found = false;
        let lines: Vec<String> = out
            .split_inclusive('\n')
            .map(|one| {
                if !is_of(one, entry) {
                    return one.to_owned();
                }
                found = true;
                format!("{}{line}{}", beginning(one), ending(one))
            })
            .collect();
        out = lines.concat();
        if !found {
            if !out.is_empty() && !out.ends_with('\n') {
                out.push('\n');
            }
            out.push_str(&line);
            out.push('\n');
        }
    }
    out
}

/// Takes the lines of entries out.
pub(super) fn remove(text: &str, entries: &[Entry]) -> String {
    let mine = |line: &&str| entries.iter().any(|entry| is_of(line, entry));
    let lines = text.split_inclusive('\n');
    lines.filter(|line| !mine(line)).collect()
}

fn is_of(line: &str, entry: &Entry) -> bool {
    name(line).is_some_and(|name| entry.path == [name])
}

/// The variable that a line sets.
fn name(line: &str) -> Option<&str> {
    let set = line.get(beginning(line).len()..)?;
    set.split_once('=').map(|(name, _)| name.trim())
}

/// What stands before the variable's name: space, and the shell's `export`.
fn beginning(line: &str) -> &str {
    let rest = line.trim_start();
    let rest = rest.strip_prefix("export ").map_or(rest, str::trim_start);
    line.get(..line.len() - rest.len()).unwrap_or_default()
}

fn ending(line: &str) -> &str {
    line.get(line.trim_end_matches(['\r', '\n']).len()..)
        .unwrap_or_default()
}
