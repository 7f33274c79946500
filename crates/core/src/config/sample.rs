//! The sample file of `weir config init`: every setting with its explanation, commented out at its
//! default, so that the file says what there is and changes nothing.

use std::fmt::Write;

use super::Format;
use super::catalogue::{CATALOGUE, PROVIDER_TYPES, SECTIONS};
use super::entry::{Entry, pattern, provider_of};
use super::kind::Kind;

/// Columns of text in a line, comment sign included.
const WIDTH: usize = 96;

/// A commented configuration that [`load`](super::load) accepts and that changes nothing.
#[must_use]
pub fn init_file(format: Format) -> String {
    let mut out = String::new();
    comment(&mut out, 0, INTRODUCTION);
    for (section, doc) in SECTIONS {
        if *section == "providers.*" {
            continue;
        }
        let depth = section.matches('.').count();
        out.push('\n');
        comment(&mut out, indent(format, depth), doc);
        open(&mut out, format, section);
        if *section == "providers" {
            for name in PROVIDER_TYPES {
                let section = format!("providers.{name}");
                if format == Format::Toml {
                    out.push('\n');
                }
                open(&mut out, format, &section);
                settings(&mut out, format, &section);
            }
        } else {
            settings(&mut out, format, section);
        }
    }
    out
}

const INTRODUCTION: &str = "The configuration of weir. A line with a setting begins with `#` and no blank: take the sign \
    away to set it. What is shown is the default, or an example where there is none. Environment variables win over \
    this file. `${VAR}` and `${VAR:-default}` put a variable into a value, `$$` is a dollar sign. Durations: `500` \
    (seconds), `500s`, `10m`, `1h30m`, `250ms`. Sizes: bytes, or `32MiB`, `10MB`. `weir config check` shows what is in \
    force.";

/// The settings directly in a section.
fn settings(out: &mut String, format: Format, section: &str) {
    let pattern = pattern(section);
    let provider = provider_of(section).unwrap_or("");
    let spaces = indent(format, section.matches('.').count() + 1);
    for entry in CATALOGUE.iter().filter(|entry| entry.section() == pattern) {
        if !entry.by_type.is_empty() && entry.default_for(provider).is_empty() {
            continue;
        }
        comment(out, spaces, &explanation(entry, provider));
        let value = literal(entry, format, provider);
        let sign = if format == Format::Toml { " = " } else { ": " };
        writeln!(out, "{:spaces$}#{}{sign}{value}", "", entry.name())
            .expect("a string takes any text");
    }
}

/// What an entry does, with its variables; only the variables for all providers but the first.
fn explanation(entry: &Entry, provider: &str) -> String {
    let names: Vec<&str> = entry
        .env
        .iter()
        .filter(|variable| variable.provider == provider)
        .map(|variable| variable.name)
        .collect();
    let doc = if provider.is_empty() || provider == PROVIDER_TYPES[0] {
        entry.doc
    } else {
        ""
    };
    if names.is_empty() {
        doc.to_owned()
    } else {
        format!("{doc} [{}]", names.join(", "))
    }
}

/// The default or example as it stands in the file.
fn literal(entry: &Entry, format: Format, provider: &str) -> String {
    let default = entry.default_for(provider);
    let default = if entry.path == "providers.*.type" {
        provider
    } else {
        default
    };
    let text = if default.is_empty() {
        entry.example
    } else {
        default
    };
    match entry.kind {
        Kind::List { .. } => {
            let items = text
                .split(',')
                .map(str::trim)
                .filter(|item| !item.is_empty());
            let items: Vec<String> = items.map(quoted).collect();
            format!("[{}]", items.join(", "))
        }
        Kind::Bool | Kind::Integer { .. } => text.to_owned(),
        Kind::Size { .. } | Kind::Duration { .. } if text.bytes().all(|b| b.is_ascii_digit()) => {
            text.to_owned()
        }
        Kind::Size { .. } | Kind::Duration { .. } | Kind::Choice(_) if format == Format::Yaml => {
            text.to_owned()
        }
        Kind::Size { .. } | Kind::Duration { .. } | Kind::Choice(_) | Kind::Text { .. } => {
            quoted(text)
        }
    }
}

/// A string that both formats read; no default or example has a quote or a backslash in it.
fn quoted(text: &str) -> String {
    format!("\"{text}\"")
}

fn indent(format: Format, depth: usize) -> usize {
    if format == Format::Toml { 0 } else { depth * 2 }
}

fn open(out: &mut String, format: Format, section: &str) {
    let name = section.rsplit_once('.').map_or(section, |(_, name)| name);
    let spaces = indent(format, section.matches('.').count());
    let written = match format {
        Format::Yaml => writeln!(out, "{:spaces$}{name}:", ""),
        Format::Toml if section == "providers" => Ok(()),
        Format::Toml => writeln!(out, "[{section}]"),
    };
    written.expect("a string takes any text");
}

/// Text as comment lines of a readable width.
fn comment(out: &mut String, spaces: usize, text: &str) {
    let mut line = String::new();
    for word in text.split_whitespace() {
        if !line.is_empty() && spaces + 2 + line.len() + 1 + word.len() > WIDTH {
            writeln!(out, "{:spaces$}#{line}", "").expect("a string takes any text");
            line.clear();
        }
        line.push(' ');
        line.push_str(word);
    }
    if !line.is_empty() {
        writeln!(out, "{:spaces$}#{line}", "").expect("a string takes any text");
    }
}
