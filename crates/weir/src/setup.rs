//! `weir setup`: a configuration that works at once, for whoever has nothing but a provider's key.

use std::process::ExitCode;

use anyhow::{Context as _, anyhow, bail, ensure};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use weir_core::config::{self as core_config, Format, SourceText};
use weir_core::control::ScopeSpec;
use weir_core::secret::Secret;
use weir_core::settings::Projects;
use weir_store::control::{By, ControlStore, NewProject, NewToken, Seal};

use crate::cli::{ApiKey, SetUp};
use crate::config::write_for_owner;
use crate::key;
use crate::lines::{clean, print};
use crate::run::random;
use crate::workers::runtime;

/// The provider of a key that names none.
const PROVIDER: &str = "openai";
/// Bytes of chance in a secret.
const SECRET: usize = 32;

/// Runs `weir setup`.
///
/// # Errors
/// When there is no key, something is there already, or cannot be written.
pub(crate) fn run(options: &SetUp) -> anyhow::Result<ExitCode> {
    let file = options.config.display();
    ensure!(
        Format::from_name(&options.config.to_string_lossy()) == Some(Format::Yaml),
        "{file}: name it .yaml or .yml"
    );
    // What an encryption key of its own could not open must not be taken over.
    ensure!(
        !options.db.try_exists()?,
        "{0}: there is a database already; `weir serve` uses it, or name another with --db",
        options.db.display()
    );
    if let Some(name) = &options.project {
        weir_store::control::checked_name(name).context("--project")?;
    }
    let text = text(options, &read(&options.key)?)?;
    let projects = checked(&text)?;
    write_for_owner(&options.config, &text, options.force)
        .with_context(|| format!("{file}: cannot be written"))?;
    print(&clean(&format!(
        "{file}: written, for its owner alone; `projects.management_token` in it manages projects"
    )))?;
    if let Some(name) = &options.project {
        let made = runtime()?.block_on(project(&projects, name, options.duration));
        let (id, token) = made.inspect_err(|_| undo(options))?;
        print(&clean(&format!("project {name}: {id}")))?;
        print(&format!("its token, shown this once: {}", token.expose()))?;
    }
    print(&clean(&format!("start it: weir serve --config {file}")))?;
    Ok(ExitCode::SUCCESS)
}

/// Takes out what was begun and is new, so that the same command can be given again.
fn undo(options: &SetUp) {
    for end in ["", "-wal", "-shm"] {
        let mut file = options.db.clone().into_os_string();
        file.push(end);
        // What is not there need not go.
        let _gone = std::fs::remove_file(file);
    }
    if !options.force {
        let _gone = std::fs::remove_file(&options.config);
    }
}

fn read(key: &ApiKey) -> anyhow::Result<Secret> {
    if !key.api_key_stdin && key.api_key_env.is_none() {
        bail!("a provider's key is needed: --api-key-stdin or --api-key-env gives it");
    }
    let key = key::read(key.api_key_env.as_deref(), "--api-key-env")?;
    Ok(Secret::new(key))
}

/// The file. A secret that a variable gives is taken over, so that it opens what it opened before.
fn text(options: &SetUp, key: &Secret) -> anyhow::Result<String> {
    let or_fresh = |name: &str, fresh: fn(&[u8]) -> String| match std::env::var(name) {
        Ok(value) if !value.trim().is_empty() => Ok(value.trim().to_owned()),
        _ => Ok::<_, anyhow::Error>(fresh(&random::<SECRET>()?)),
    };
    let management = or_fresh("MANAGEMENT_TOKEN", hex)?;
    let encryption = or_fresh("ENCRYPTION_KEY", |bytes| STANDARD.encode(bytes))?;
    let provider = options.key.provider.as_deref().unwrap_or(PROVIDER);
    Ok(format!(
        "# Written by `weir setup`. It holds secrets: nobody but its owner may read it.\n\
         # `weir config reference` lists what else can be set.\n\
         server: {{port: {}}}\n\
         logging: {{level: info}}\n\
         providers:\n  {}:\n    api_key: {}\n\
         projects:\n  db_path: {}\n  management_token: {}\n  encryption_key: {}\n",
        options.port,
        quoted(provider)?,
        quoted(key.expose())?,
        quoted(&options.db.to_string_lossy())?,
        quoted(&management)?,
        quoted(&encryption)?,
    ))
}

/// A text as a value of the file: JSON's strings are YAML's, and a dollar begins a variable there.
fn quoted(text: &str) -> anyhow::Result<String> {
    Ok(serde_json::to_string(&text.replace('$', "$$"))?)
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// What the file says of projects, once all of it was found to be valid.
fn checked(text: &str) -> anyhow::Result<Projects> {
    let source = SourceText {
        name: "the configuration",
        format: Format::Yaml,
        text,
    };
    let loaded = core_config::load(Some(source), &|_| None, &[]).map_err(|faults| {
        let faults = faults.iter().map(|fault| format!("\n  {fault}"));
        anyhow!("this cannot be set up:{}", faults.collect::<String>())
    })?;
    Ok(loaded.settings.projects)
}

/// Makes a project and a token of it, before there is a gateway.
async fn project(
    projects: &Projects,
    name: &str,
    duration_minutes: u64,
) -> anyhow::Result<(uuid::Uuid, Secret)> {
    let seal = Seal::new(projects.encryption_key.as_ref(), &[])?;
    let store = ControlStore::open(&projects.database, seal).await?;
    let by = By {
        actor: "system".into(),
        ..By::default()
    };
    let new = NewProject {
        name: name.to_owned(),
        // The gateway's own is used.
        keys: Vec::new(),
        spec: ScopeSpec::default(),
    };
    let project = store.create_project(new, &by).await?.id;
    let new = NewToken {
        project,
        parent: None,
        name: None,
        duration_minutes,
        max_requests: None,
        spec: ScopeSpec::default(),
    };
    let (_, secret) = store.create_token(new, &by).await?;
    Ok((project, secret))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_stands_in_the_file_as_it_is_whatever_it_holds() {
        for odd in ["$HOME", "a\"b\\c", "${X:-y}", "é # no comment", "'"] {
            let text = format!(
                "providers: {{openai: {{api_key: {}}}}}\n",
                quoted(odd).unwrap()
            );
            let source = SourceText {
                name: "x.yaml",
                format: Format::Yaml,
                text: &text,
            };
            let loaded = core_config::load(Some(source), &|_| None, &[]).unwrap();
            let mut keys = loaded.settings.providers.iter().flat_map(|one| &one.keys);
            let found = keys.any(|key| key.secret.expose() == odd);
            assert!(found, "{odd}");
        }
    }

    #[test]
    fn secrets_are_made_of_chance_and_long_enough() {
        let (one, other) = (random::<SECRET>().unwrap(), random::<SECRET>().unwrap());
        assert_ne!(one, other);
        assert_eq!(hex(&one).len(), 64);
    }
}
