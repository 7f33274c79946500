//! The reference of all settings, as Markdown.

use std::fmt::Write;

use super::catalogue::{IGNORED, SECTIONS, WITHOUT_EFFECT, entries};
use super::entry::Entry;
use super::kind::Kind;
use crate::settings::ProviderKind;

/// The page `docs/configuration.md`.
#[must_use]
pub fn reference_markdown() -> String {
    let mut out = HEAD.to_owned();
    for (section, doc) in SECTIONS {
        let title = section.replacen('*', "NAME", 1).replacen('*', "N", 1);
        line(&mut out, &format!("\n## `{title}`\n\n{doc}"));
        if *section == "providers" {
            out.push_str(PROVIDERS);
            types(&mut out);
        }
        let of_section: Vec<&Entry> = entries()
            .filter(|entry| entry.section() == *section)
            .collect();
        if of_section.is_empty() {
            continue;
        }
        line(
            &mut out,
            "\n| Setting | Holds | Default | Variable | Meaning |\n|---|---|---|---|---|",
        );
        for entry in of_section {
            line(&mut out, &row(entry));
        }
    }
    without_effect(&mut out);
    out
}

/// What each type of provider settles.
fn types(out: &mut String) {
    line(
        out,
        "\n| Type | Base URL | Dialects | Models to list |\n|---|---|---|---|",
    );
    for kind in ProviderKind::ALL {
        let url = match (kind.default_base_url(), kind) {
            (Some(url), _) => format!("`{url}`"),
            (None, ProviderKind::Bedrock) => {
                "`https://bedrock-runtime.REGION.amazonaws.com`".to_owned()
            }
            (None, ProviderKind::Vertex) => {
                "`https://REGION-aiplatform.googleapis.com`, for `global` without the region, for `us` and `eu` `https://aiplatform.REGION.rep.googleapis.com`"
                    .to_owned()
            }
            (None, ProviderKind::Azure) => "`https://RESOURCE.services.ai.azure.com`".to_owned(),
            (None, _) => "required".to_owned(),
        };
        let words = kind.dialects().iter().map(|dialect| dialect.as_str());
        let models = if kind.asks_for_models() {
            "asked for".to_owned()
        } else {
            code(kind.default_models().iter().copied())
        };
        line(
            out,
            &format!(
                "| `{}` | {url} | {} | {models} |",
                kind.as_str(),
                code(words)
            ),
        );
    }
}

fn without_effect(out: &mut String) {
    line(
        out,
        "\n## Settings without effect\n\ncc-relay reads these. weir takes them, and all below them, with a \
         warning.\n\n| Setting | Instead |\n|---|---|",
    );
    for key in IGNORED {
        let path = key.path.replacen('*', "NAME", 1);
        line(out, &format!("| `{path}` | {} |", key.why));
    }
    let names = code(WITHOUT_EFFECT.iter().map(|(name, _)| *name));
    line(
        out,
        &format!(
            "\n## Variables without effect\n\nOther gateways read these. weir warns when one is set: {names}."
        ),
    );
}

/// Words as code, with commas between.
fn code<'a>(words: impl Iterator<Item = &'a str>) -> String {
    let words: Vec<String> = words.map(|word| format!("`{word}`")).collect();
    words.join(", ")
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
- In the file's values `$VAR` and `${VAR}` are the variable's value, `${VAR:-default}` falls back,
  `$$` is a dollar sign. An unset or empty variable gives nothing, with a warning. What comes out is
  never read as YAML or TOML again; if nothing comes out, the setting is not set.
- An empty environment variable counts as unset, everywhere.
- A duration is a number of seconds, or such as `500s`, `10m`, `1h30m`, `250ms`, `30d`. A size is a
  number of bytes, or such as `32MiB` or `10MB`. A switch is `true` or `false` (also `1`, `0`,
  `yes`, `no`, `on`, `off`). In a variable or on the command line a list has commas between its
  items, and a map is such as `a=b, c=d`. A price is such as `3/15`: US dollars per million input
  and output tokens.
- cc-relay's keys are taken under their own names, most of which are weir's as well. Where weir has
  another one, the entry says which.
- A reload applies every setting but those marked (restart).
";

/// What the providers' tables cannot show.
const PROVIDERS: &str = "
As a map, here with a pool of keys and a model that is called otherwise:

```yaml
providers:
  zai:                      # the name is a type, so no `type` is needed
    keys:
      - $ZAI_KEY
      - key: $ZAI_SECOND_KEY
        rpm_limit: 60
  local:
    type: openai_compatible
    base_url: http://127.0.0.1:8000/v1
    model_mapping:
      gpt-5.2: qwen3-coder
    prices:
      qwen3-coder: 0/0
```

The same as a list, which is cc-relay's form; the order counts in both:

```yaml
providers:
  - name: zai
    type: zai
    keys:
      - key: $ZAI_KEY
      - key: $ZAI_SECOND_KEY
        rpm_limit: 60
  - name: local
    type: openai_compatible
    base_url: http://127.0.0.1:8000/v1
```

In TOML a map is `[providers.zai]` and a list `[[providers]]`, keys are `[[providers.zai.keys]]` or
`[[providers.keys]]`, and a name with a dot in it needs quotes: `\"gpt-5.2\" = \"qwen3-coder\"`. On the
command line a key is named by its position: `--set providers.zai.keys.0.rpm_limit=60`.

A cloud's `base_url` replaces the address made of region or resource, and nothing else.
";

fn row(entry: &Entry) -> String {
    let names = code(entry.env.iter().map(|variable| variable.name));
    let aliases: Vec<String> = entry
        .aliases
        .iter()
        .map(|alias| {
            let unit = if alias.ms { ", in milliseconds" } else { "" };
            format!(" cc-relay's `{}`{unit}.", alias.path)
        })
        .collect();
    let restart = if entry.live { "" } else { " (restart)" };
    let secret = if entry.secret { " Never shown." } else { "" };
    let cells = [
        format!("`{}`", entry.name()),
        holds(entry.kind),
        default(entry),
        names,
        format!("{}{}{secret}{restart}", entry.doc, aliases.concat()),
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
        Kind::Millis { .. } => "duration, else milliseconds".to_owned(),
        Kind::Size { .. } => "size".to_owned(),
        Kind::Choice(words) => code(words.iter().copied()),
        Kind::Text { form, .. } => form.to_owned(),
        Kind::List { form, .. } => format!("list: {form}"),
        Kind::Map { form, .. } => format!("map: {form}"),
        Kind::Rules => "list of rules".to_owned(),
    }
}

fn default(entry: &Entry) -> String {
    if entry.path == "providers.*.base_url" {
        return "by type".to_owned();
    }
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
