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
        let expected = unset.iter().filter(|path| {
            // Left out above, an example that is an unset variable, or not for that provider.
            [
                "listen",
                "database_url",
                "token",
                "api_key",
                "bearer_secret",
                "version",
                "password",
            ]
            .iter()
            .any(|name| path.ends_with(&format!(".{name}")))
        });
        assert_eq!(expected.count(), unset.len(), "{unset:?}");
    }
}

#[test]
fn every_setting_is_in_the_schema_and_the_reference() {
    let schema = json_schema();
    let page = reference_markdown();
    for entry in super::catalogue::CATALOGUE {
        let mut pointer = String::new();
        for part in entry.path.split('.') {
            pointer.push_str(if part == "*" {
                "/additionalProperties"
            } else {
                "/properties/"
            });
            pointer.push_str(if part == "*" { "" } else { part });
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
