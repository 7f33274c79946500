//! What is generated from the catalogue: it can be used, and the committed copies are current.

use std::path::Path;

use super::*;

fn load_text(format: Format, text: &str) -> Loaded {
    load(
        Some(SourceText {
            name: "init",
            format,
            text,
        }),
        &|_| None,
        &[],
    )
    .unwrap_or_else(|faults| panic!("{faults:#?}\n{text}"))
}

/// The file with every setting in force, except those that cannot stand beside their defaults.
fn all_set(text: &str) -> String {
    let awkward = ["listen", "database_url"];
    let mut out = String::new();
    for line in text.lines() {
        let bare = line.trim_start();
        let setting = bare
            .strip_prefix('#')
            .filter(|rest| !rest.starts_with([' ', '#']) && !rest.is_empty());
        match setting {
            Some(setting) if !awkward.iter().any(|name| setting.starts_with(name)) => {
                out.push_str(&line.replacen('#', "", 1));
            }
            _ => out.push_str(line),
        }
        out.push('\n');
    }
    out
}

#[test]
fn the_sample_file_loads_and_changes_nothing() {
    let defaults = load(None, &|_| None, &[])
        .expect("the defaults are good")
        .report;
    for format in [Format::Yaml, Format::Toml] {
        assert_eq!(
            load_text(format, &init_file(format)).report,
            defaults,
            "{format:?}"
        );
    }
}

/// The providers that the sample file shows.
const NAMES: [&str; 11] = [
    "anthropic",
    "openai",
    "gemini",
    "zai",
    "local",
    "openrouter",
    "ollama",
    "minimax",
    "bedrock",
    "vertex",
    "azure",
];

#[test]
fn the_sample_file_with_every_setting_in_force_loads_too() {
    for format in [Format::Yaml, Format::Toml] {
        let loaded = load_text(format, &all_set(&init_file(format)));
        let unset = |entry: &&Effective| entry.source == Source::Default;
        let unset: Vec<_> = loaded
            .report
            .iter()
            .filter(unset)
            .map(|entry| entry.path.as_str())
            .collect();
        // Left out above, an example that is an unset variable, or shown for another provider.
        let expected = |path: &&&str| {
            let names = [
                "listen",
                "database_url",
                "token",
                "management_token",
                "operate_token",
                "read_token",
                "encryption_key",
                "older_encryption_key",
                "api_key",
                "bearer_secret",
                "password",
                "redis_url",
            ];
            names.iter().any(|name| path.ends_with(&format!(".{name}")))
                || path.starts_with("providers.") && !path.starts_with("providers.anthropic.")
                || path.starts_with("providers.anthropic.pooling.")
                || ["aws_", "gcp_", "azure_"]
                    .iter()
                    .any(|part| path.contains(part))
        };
        assert_eq!(
            unset.iter().filter(expected).count(),
            unset.len(),
            "{unset:?}"
        );
        let names: Vec<_> = loaded
            .settings
            .providers
            .iter()
            .map(|p| p.name.as_ref())
            .collect();
        assert_eq!(names, NAMES, "{format:?}");
    }
}

#[test]
fn every_setting_is_in_the_schema_and_the_reference() {
    let schema = json_schema();
    let page = reference_markdown();
    for entry in super::catalogue::entries() {
        let mut pointer = String::new();
        let sink = entry.path.strip_prefix("events.sinks.*.");
        let (start, rest) = match entry.path.strip_prefix("providers.*.") {
            None => sink.map_or(("", entry.path), |rest| ("/$defs/sink", rest)),
            Some(rest) => match rest.strip_prefix("keys.*.") {
                None => ("/$defs/provider", rest),
                Some(rest) => ("/$defs/key", rest),
            },
        };
        pointer.push_str(start);
        for part in rest.split('.') {
            pointer.push_str("/properties/");
            pointer.push_str(part);
        }
        let found = schema
            .pointer(&pointer)
            .and_then(|found| found.get("description"));
        assert_eq!(
            found.and_then(|doc| doc.as_str()),
            Some(entry.doc),
            "{pointer}"
        );
        assert!(
            page.contains(&format!("| `{}` |", entry.name())),
            "{}",
            entry.path
        );
    }
}

#[test]
fn the_committed_schema_and_reference_are_current() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let schema = serde_json::to_string_pretty(&json_schema()).expect("it is JSON") + "\n";
    let files = [
        ("schema/weir.schema.json", schema),
        ("docs/configuration.md", reference_markdown()),
    ];
    for (name, text) in files {
        let path = root.join(name);
        if std::env::var_os("WEIR_WRITE_GENERATED").is_some() {
            std::fs::create_dir_all(path.parent().expect("it is in a directory"))
                .expect("a directory");
            std::fs::write(&path, &text).expect("a file");
        }
        let committed = std::fs::read_to_string(&path).unwrap_or_default();
        let remedy = "WEIR_WRITE_GENERATED=1 cargo nextest run -p weir-core generated";
        assert!(
            committed == text,
            "{name} is out of date; write it anew with\n  {remedy}"
        );
    }
}
