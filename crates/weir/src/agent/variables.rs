//! Edits files of variables, a line each.

use super::Entry;

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
                format!("{line}{}", ending(one))
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
    let line = line.trim_start();
    let line = line.strip_prefix("export ").unwrap_or(line);
    let name = line.split_once('=').map(|(name, _)| name.trim());
    name.is_some_and(|name| entry.path == [name])
}

fn ending(line: &str) -> &str {
    line.get(line.trim_end_matches(['\r', '\n']).len()..)
        .unwrap_or_default()
}
