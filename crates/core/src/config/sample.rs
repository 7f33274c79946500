//! The sample file of `weir config init`: every setting with its explanation, commented out at its
//! default, so that the file says what there is and changes nothing.

use std::fmt::Write;

use super::Format;
use super::catalogue::{BUILT_IN, OF_KINDS, SECTIONS, entries};
use super::entry::{Entry, Variable, Whose, pattern, provider_of};
use super::kind::Kind;

/// Columns of text in a line, comment sign included.
const WIDTH: usize = 96;

/// A commented configuration that [`load`](super::load) accepts and that changes nothing.
#[must_use]
pub fn init_file(format: Format) -> String {
    let mut out = String::new();
    comment(&mut out, 0, INTRODUCTION);
    for (section, doc) in SECTIONS {
        if section.starts_with("providers.") || *section == "events.sinks.*" {
            continue;
        }
        let depth = section.matches('.').count();
        out.push('\n');
        comment(&mut out, indent(format, depth), doc);
        open(&mut out, format, section);
        if *section == "providers" {
            for kind in BUILT_IN {
                named(&mut out, format, kind.as_str(), "");
                settings(&mut out, format, &format!("providers.{}", kind.as_str()));
            }
            for example in EXAMPLES {
                named(&mut out, format, example.name, example.doc);
                example_settings(&mut out, format, example);
            }
        } else if *section == "events.sinks" {
            sink(&mut out, format);
        } else {
            settings(&mut out, format, section);
        }
    }
    out
}

const INTRODUCTION: &str = "The configuration of weir. A line with a setting begins with `#` and no blank: take the sign \
    away to set it, and the one of the provider's name above it. What is shown is the default, or an example where there \
    is none. Environment variables win over this file. `$VAR`, `${VAR}` and `${VAR:-default}` put a variable into a \
    value, `$$` is a dollar sign. Durations: `500` (seconds), `500s`, `10m`, `1h30m`, `250ms`. Sizes: bytes, or `32MiB`, \
    `10MB`. `weir config check` shows what is in force.";

/// A provider to show, with settings that only some have.
struct Example {
    name: &'static str,
    doc: &'static str,
    /// Settings as YAML has them on one line.
    settings: &'static [(&'static str, &'static str)],
}

static EXAMPLES: &[Example] = &[
    Example {
        name: "zai",
        doc: "Several keys are a pool. A key can also stand alone, as text.",
        settings: &[
            (
                "keys",
                r#"[{ key: "first-key", name: "a", rpm_limit: 60, itpm_limit: 100000 }, { key: "second-key", weight: 2, priority: 2 }]"#,
            ),
            ("pooling", r#"{ strategy: "round_robin" }"#),
            ("priority", "10"),
        ],
    },
    Example {
        name: "local",
        doc: "Anything that speaks OpenAI's APIs at an address of its own.",
        settings: &[
            ("type", r#""openai_compatible""#),
            ("base_url", r#""http://127.0.0.1:8000/v1""#),
            ("model_mapping", r#"{ "gpt-5.2": "qwen3-coder" }"#),
            ("prices", r#"{ "qwen3-coder": "0/0", "*": "1/5" }"#),
        ],
    },
    Example {
        name: "openrouter",
        doc: "",
        settings: &[("api_key", r#""${OPENROUTER_API_KEY:-}""#)],
    },
    Example {
        name: "ollama",
        doc: "",
        settings: &[("base_url", r#""http://localhost:11434""#)],
    },
    Example {
        name: "minimax",
        doc: "",
        settings: &[("api_key", r#""${MINIMAX_API_KEY:-}""#)],
    },
    Example {
        name: "bedrock",
        doc: "Credentials are AWS's own: profile, environment, container or instance.",
        settings: &[("aws_region", r#""us-east-1""#)],
    },
    Example {
        name: "vertex",
        doc: "Credentials are Google's own: Application Default Credentials.",
        settings: &[
            ("gcp_project_id", r#""my-project""#),
            ("gcp_region", r#""us-east5""#),
        ],
    },
    Example {
        name: "azure",
        doc: "",
        settings: &[
            ("azure_resource_name", r#""my-resource""#),
            ("api_key", r#""${AZURE_API_KEY:-}""#),
        ],
    },
];

/// The line that begins a provider, commented out: a name alone would already be a provider.
fn named(out: &mut String, format: Format, name: &str, doc: &str) {
    let spaces = indent(format, 1);
    if format == Format::Toml {
        out.push('\n');
    }
    comment(out, spaces, doc);
    let written = match format {
        Format::Yaml => writeln!(out, "{:spaces$}#{name}:", ""),
        Format::Toml => writeln!(out, "#[providers.{name}]"),
    };
    written.expect("a string takes any text");
}

/// A sink to show.
fn sink(out: &mut String, format: Format) {
    let spaces = indent(format, 2);
    let written = match format {
        Format::Yaml => writeln!(out, "{:spaces$}#file:", ""),
        Format::Toml => writeln!(out, "\n#[events.sinks.file]"),
    };
    written.expect("a string takes any text");
    settings(out, format, "events.sinks.file");
}

fn example_settings(out: &mut String, format: Format, example: &Example) {
    for (key, value) in example.settings {
        let value = match format {
            Format::Yaml => (*value).to_owned(),
            Format::Toml => value.replace(": ", " = "),
        };
        setting(out, format, 2, key, &value);
    }
}

fn setting(out: &mut String, format: Format, depth: usize, key: &str, value: &str) {
    let spaces = indent(format, depth);
    let sign = if format == Format::Toml { " = " } else { ": " };
    writeln!(out, "{:spaces$}#{key}{sign}{value}", "").expect("a string takes any text");
}

/// The settings directly in a section.
fn settings(out: &mut String, format: Format, section: &str) {
    let pattern = pattern(section);
    let provider = provider_of(section).unwrap_or("");
    let depth = section.matches('.').count() + 1;
    for entry in entries().filter(|entry| entry.section() == pattern) {
        if !is_worth_showing(entry, provider) || !is_of_file(entry) {
            continue;
        }
        comment(out, indent(format, depth), &explanation(entry, provider));
        setting(
            out,
            format,
            depth,
            entry.name(),
            &literal(entry, format, provider),
        );
    }
}

/// Whether a sink of kind `file`, the one that is shown, has it.
fn is_of_file(entry: &Entry) -> bool {
    let mut members = OF_KINDS.iter();
    let known = members.find(|(member, _)| entry.is_of_sink() && *member == entry.name());
    known.is_none_or(|(_, kinds)| kinds.contains(&"file"))
}

/// The first provider shows what every provider has, the others only what is their own.
fn is_worth_showing(entry: &Entry, provider: &str) -> bool {
    let cloud = ["aws_", "gcp_", "azure_"];
    if provider.is_empty() {
        true
    } else if provider == BUILT_IN[0].as_str() {
        !cloud.iter().any(|begin| entry.name().starts_with(begin))
    } else {
        entry.env.iter().any(|variable| is_for(variable, provider))
    }
}

/// What an entry does, with its variables; only the variables for all providers but the first.
fn explanation(entry: &Entry, provider: &str) -> String {
    let names: Vec<&str> = entry
        .env
        .iter()
        .filter(|variable| is_for(variable, provider))
        .map(|variable| variable.name)
        .collect();
    let doc = if provider.is_empty() || provider == BUILT_IN[0].as_str() {
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

/// Whether a variable sets this provider's entry (`""` is an entry outside `providers`).
fn is_for(variable: &Variable, provider: &str) -> bool {
    match variable.of {
        Whose::Nobodys => true,
        Whose::Named(name) => name == provider,
        Whose::Type(kind) => kind == provider,
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
        Kind::Rules => "[]".to_owned(),
        Kind::List { .. } => {
            let items = text
                .split(',')
                .map(str::trim)
                .filter(|item| !item.is_empty());
            let items: Vec<String> = items.map(quoted).collect();
            format!("[{}]", items.join(", "))
        }
        Kind::Map { .. } => {
            let sign = if format == Format::Toml { " = " } else { ": " };
            let pairs = text.split(',').filter_map(|pair| pair.split_once('='));
            let pairs: Vec<String> = pairs
                .map(|(name, value)| {
                    format!("{}{sign}{}", quoted(name.trim()), quoted(value.trim()))
                })
                .collect();
            format!("{{ {} }}", pairs.join(", "))
        }
        Kind::Bool | Kind::Integer { .. } => text.to_owned(),
        Kind::Size { .. } | Kind::Duration { .. } | Kind::Millis { .. }
            if text.bytes().all(|b| b.is_ascii_digit()) =>
        {
            text.to_owned()
        }
        Kind::Size { .. } | Kind::Duration { .. } | Kind::Millis { .. } | Kind::Choice(_)
            if format == Format::Yaml =>
        {
            text.to_owned()
        }
        Kind::Size { .. }
        | Kind::Duration { .. }
        | Kind::Millis { .. }
        | Kind::Choice(_)
        | Kind::Text { .. } => quoted(text),
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
