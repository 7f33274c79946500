//! The reference of all settings, as Markdown.

use std::fmt::Write;

use super::catalogue::{CATALOGUE, SECTIONS, WITHOUT_EFFECT};
use super::entry::Entry;
use super::kind::Kind;

/// The page `docs/configuration.md`.
#[must_use]
pub fn reference_markdown() -> String {
    let mut out = HEAD.to_owned();
    for (section, doc) in SECTIONS {
        let entries: Vec<&Entry> = CATALOGUE
            .iter()
            .filter(|entry| entry.section() == *section)
            .collect();
        let title = section.replace('*', "NAME");
        line(&mut out, &format!("\n## `{title}`\n\n{doc}"));
        if entries.is_empty() {
            continue;
        }
        line(
            &mut out,
            "\n| Setting | Holds | Default | Variable | Meaning |\n|---|---|---|---|---|",
        );
        for entry in entries {
            line(&mut out, &row(entry));
        }
    }
    out.push_str(
        "\n## Variables without effect\n\nOther gateways read these. weir warns when one is set: ",
    );
    let names: Vec<String> = WITHOUT_EFFECT
        .iter()
        .map(|(name, _)| format!("`{name}`"))
        .collect();
    line(&mut out, &format!("{}.", names.join(", ")));
    out
}

const HEAD: &str =
    "<!-- Generated from crates/core/src/config/catalogue.rs; a test says how to write it anew. -->
# Configuration

weir needs no configuration. What there is comes from, the strongest first: the command line
(`--set server.port=8080`), the environment, one file, the defaults. `weir config init` writes a
commented file; `weir config check` shows every setting, its value and where that came from, and
reports all faults with file, line and key.

- The file is YAML or TOML: `weir.yaml`, `weir.yml` or `weir.toml`. An unknown key is a fault.
  `schema/weir.schema.json` lets editors complete and check it.
- In the file's values `${VAR}` is the variable's value (unset or empty is a fault),
  `${VAR:-default}` falls back, `$$` is a dollar sign. What comes out is never read as YAML or TOML
  again; if nothing comes out, the setting is not set.
- An empty environment variable counts as unset, everywhere.
- A duration is a number of seconds, or such as `500s`, `10m`, `1h30m`, `250ms`, `30d`. A size is a
  number of bytes, or such as `32MiB` or `10MB`. A switch is `true` or `false` (also `1`, `0`,
  `yes`, `no`, `on`, `off`). In a variable, a list has commas between its items.
- A reload applies every setting but those marked (restart).
";

fn row(entry: &Entry) -> String {
    let names: Vec<String> = entry
        .env
        .iter()
        .map(|variable| format!("`{}`", variable.name))
        .collect();
    let restart = if entry.live { "" } else { " (restart)" };
    let secret = if entry.secret { " Never shown." } else { "" };
    let cells = [
        format!("`{}`", entry.name()),
        holds(entry.kind),
        default(entry),
        names.join(", "),
        format!("{}{secret}{restart}", entry.doc),
    ];
    format!(
        "| {} |",
        cells.map(|cell| cell.replace('|', "\\|")).join(" | ")
    )
}

fn holds(kind: Kind) -> String {
    match kind {
        Kind::Bool => "switch".to_owned(),
        Kind::Integer { min, max } if max > 1 << 40 => format!("number from {min}"),
        Kind::Integer { min, max } => format!("number, {min} to {max}"),
        Kind::Duration { .. } => "duration".to_owned(),
        Kind::Size { .. } => "size".to_owned(),
        Kind::Choice(words) => {
            let words: Vec<String> = words.iter().map(|word| format!("`{word}`")).collect();
            words.join(", ")
        }
        Kind::Text { form, .. } => form.to_owned(),
        Kind::List { form, .. } => format!("list: {form}"),
    }
}

fn default(entry: &Entry) -> String {
    let by_type = entry
        .by_type
        .iter()
        .map(|(kind, value)| format!("`{value}` ({kind})"));
    let mut parts: Vec<String> = by_type.collect();
    if !entry.default.is_empty() {
        parts.insert(0, format!("`{}`", entry.default));
    }
    parts.join("<br>")
}

fn line(out: &mut String, text: &str) {
    writeln!(out, "{text}").expect("a string takes any text");
}
