//! Finds the configuration file, begins one, and shows what is in force.

use std::fmt::Write as _;
use std::fs::{DirBuilder, OpenOptions};
use std::io::{ErrorKind, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context as _, anyhow, bail};
use weir_core::config::{self, FILE_NAMES, Format, Loaded, SourceText};
use weir_core::settings::Settings;

use crate::cli::{Check, Config, FileFormat, Init, Source};
use crate::edits;
use crate::lines::{clean, complain, print};
use crate::workers::runtime;

/// Runs `weir config`.
///
/// # Errors
/// When the configuration cannot be read or is not valid.
pub(crate) fn run(command: &Config) -> anyhow::Result<ExitCode> {
    match command {
        Config::Check(options) => check(options)?,
        Config::Init(options) => init(options)?,
        Config::Schema => print(&serde_json::to_string_pretty(&config::json_schema())?)?,
        Config::Reference => print(config::reference_markdown().trim_end())?,
    }
    Ok(ExitCode::SUCCESS)
}

impl From<&FileFormat> for Format {
    fn from(format: &FileFormat) -> Self {
        match format {
            FileFormat::Yaml => Self::Yaml,
            FileFormat::Toml => Self::Toml,
        }
    }
}

/// A configuration with the file it came from.
#[derive(Debug)]
pub(crate) struct Found {
    /// The file, if there is one.
    pub file: Option<PathBuf>,
    /// What the file held.
    pub text: Option<String>,
    /// What is in force.
    pub loaded: Loaded,
}

impl Found {
    /// Whether anything comes from the file.
    fn sets_something(&self) -> bool {
        let mut report = self.loaded.report.iter();
        report.any(|setting| matches!(setting.source, config::Source::File { .. }))
    }
}

/// Reads the file, the environment and the command line together.
///
/// # Errors
/// Every fault at once, each with its place.
pub(crate) fn load(source: &Source, flags: &[(String, String)]) -> anyhow::Result<Found> {
    read(source, flags).map_err(|faults| {
        let list = faults.iter().fold(String::new(), |mut list, fault| {
            let _infallible = write!(list, "\n  {fault}");
            list
        });
        anyhow!("the configuration is not valid:{list}")
    })
}

/// The same, with the faults apart.
///
/// # Errors
/// Every fault, each a sentence with its place.
pub(crate) fn read(source: &Source, flags: &[(String, String)]) -> Result<Found, Vec<String>> {
    read_edited(source, flags, &[])
}

/// The same with the edits that are kept in its database. Should they not be valid, they have no
/// effect, and a warning says so: weir starts.
///
/// # Errors
/// As [`load`].
pub(crate) fn load_stored(source: &Source, flags: &[(String, String)]) -> anyhow::Result<Found> {
    let found = load(source, flags)?;
    let (stored, warning) = stored(&found.loaded.settings);
    let mut found = with_stored(found, source, flags, &stored);
    found.loaded.warnings.extend(warning);
    Ok(found)
}

/// The edits that a weir with these settings goes by, or a sentence that says why they cannot be known.
/// Not within a runtime.
pub(crate) fn stored(settings: &Settings) -> (Vec<(String, String)>, Option<String>) {
    if !edits::are_shared(&settings.projects) {
        return stored_in(&settings.storage.db_path);
    }
    let runtime = runtime().map_err(anyhow::Error::from);
    match runtime.and_then(|runtime| runtime.block_on(edits::ask(&settings.projects))) {
        Ok(stored) => (stored, None),
        Err(error) => {
            let warning = format!("stored edits of settings are left out: {error:#}");
            (Vec::new(), Some(warning))
        }
    }
}

/// The edits that a node's own database has, or a sentence that says why they cannot be known.
pub(crate) fn stored_in(database: &Path) -> (Vec<(String, String)>, Option<String>) {
    match weir_store::stored_settings(database) {
        Ok(stored) => (stored, None),
        Err(error) => {
            let file = database.display();
            let warning = format!("stored edits of settings are left out, {file}: {error}");
            (Vec::new(), Some(warning))
        }
    }
}

/// What was found, with edits that are kept; with a warning instead should they not be valid.
pub(crate) fn with_stored(
    mut found: Found,
    source: &Source,
    flags: &[(String, String)],
    stored: &[(String, String)],
) -> Found {
    if stored.is_empty() {
        return found;
    }
    match read_edited(source, flags, stored) {
        Ok(edited) => edited,
        Err(faults) => {
            let faults = faults.join("; ");
            let warning = format!("stored edits have no effect, they are not valid: {faults}");
            found.loaded.warnings.push(warning);
            found
        }
    }
}

fn read_edited(
    source: &Source,
    flags: &[(String, String)],
    stored: &[(String, String)],
) -> Result<Found, Vec<String>> {
    let file = match &source.config {
        Some(file) => Some(file.clone()),
        None => discover(),
    };
    let name = file
        .as_deref()
        .map(|file| file.display().to_string())
        .unwrap_or_default();
    let one = |error: &dyn std::fmt::Display| vec![format!("{name}: {error}")];
    let text = match &file {
        Some(file) => {
            let text = std::fs::read_to_string(file);
            Some(text.map_err(|error| one(&format!("cannot be read: {error}")))?)
        }
        None => None,
    };
    let source_text = match &text {
        Some(text) => Some(SourceText {
            name: &name,
            format: Format::from_name(&name)
                .ok_or_else(|| one(&"not .yaml, .yml or .toml, so its format is unknown"))?,
            text,
        }),
        None => None,
    };
    let overrides: Vec<_> = source.set.iter().chain(flags).cloned().collect();
    let variable = |name: &str| std::env::var(name).ok();
    match config::load_edited(source_text, &variable, &overrides, stored) {
        Ok(loaded) => Ok(Found { file, text, loaded }),
        Err(faults) => Err(faults.iter().map(ToString::to_string).collect()),
    }
}

/// Reads it while `found` is in force. A file that set something and now sets nothing, or is gone, is
/// taken for one that is lost or not yet written: defaults, which demand no credential, must not
/// come into force by accident.
///
/// # Errors
/// Every fault, each a sentence with its place.
pub(crate) fn read_again(
    found: &Found,
    source: &Source,
    flags: &[(String, String)],
    stored: &[(String, String)],
) -> Result<Found, Vec<String>> {
    let again = read_edited(source, flags, stored)?;
    match &found.file {
        Some(file) if found.sets_something() && !again.sets_something() => {
            let how = if again.file.is_some() {
                "sets nothing any more"
            } else {
                "is gone"
            };
            let file = file.display();
            let fault = format!("{file}: {how}, which takes effect only with a restart");
            Err(vec![fault])
        }
        _ => Ok(again),
    }
}

fn init(options: &Init) -> anyhow::Result<()> {
    let by_name = options
        .output
        .as_deref()
        .and_then(|file| Format::from_name(&file.to_string_lossy()));
    let format = options.format.as_ref().map(Format::from).or(by_name);
    let text = config::init_file(format.unwrap_or(Format::Yaml));
    let Some(file) = &options.output else {
        return print(text.trim_end());
    };
    write_for_owner(file, &text, options.force)
        .with_context(|| format!("{}: cannot be written", file.display()))?;
    print(&format!(
        "{0}: written\nset what you need in it, then: weir config check -c {0}",
        file.display()
    ))
}

/// Writes a file that only its owner can read, since it will hold credentials. A file that is there
/// is replaced whole, so that a running gateway never reads half of it.
///
/// # Errors
/// When it cannot be written, or is there and `force` is not said.
pub(crate) fn write_for_owner(file: &Path, text: &str, force: bool) -> anyhow::Result<()> {
    if let Some(folder) = file
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty())
    {
        DirBuilder::new()
            .recursive(true)
            .mode(0o750)
            .create(folder)?;
    }
    let target = if force {
        let mut name = file.as_os_str().to_owned();
        name.push(".new");
        let beside = PathBuf::from(name);
        if let Err(error) = std::fs::remove_file(&beside)
            && error.kind() != ErrorKind::NotFound
        {
            return Err(error.into());
        }
        beside
    } else {
        file.to_owned()
    };
    let opened = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&target);
    match opened {
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {
            bail!("it is there already; `--force` replaces it")
        }
        opened => opened?.write_all(text.as_bytes())?,
    }
    if force {
        std::fs::rename(&target, file)?;
    }
    Ok(())
}

/// The first of the known names here, then in the user's configuration folder.
fn discover() -> Option<PathBuf> {
    let home = std::env::var_os("XDG_CONFIG_HOME")
        .map(PathBuf::from)
        .or_else(|| std::env::var_os("HOME").map(|home| Path::new(&home).join(".config")));
    let folders = [Some(PathBuf::new()), home.map(|home| home.join("weir"))];
    folders
        .into_iter()
        .flatten()
        .flat_map(|folder| FILE_NAMES.map(|name| folder.join(name)))
        .find(|file| file.is_file())
}

fn check(options: &Check) -> anyhow::Result<()> {
    let source = &options.source;
    let Found { file, loaded, .. } = if options.no_stored {
        load(source, &[])?
    } else {
        load_stored(source, &[])?
    };
    let width = loaded
        .report
        .iter()
        .map(|line| line.path.len())
        .max()
        .unwrap_or(0);
    for line in &loaded.report {
        let value = line.value.as_deref().unwrap_or("-");
        print(&clean(&format!(
            "{:<width$}  {value}  ({})",
            line.path, line.source
        )))?;
    }
    for warning in &loaded.warnings {
        complain(&format!("warning: {warning}"));
    }
    let of = file.map_or_else(
        || "no configuration file".to_owned(),
        |file| file.display().to_string(),
    );
    print(&format!("\n{of}: valid"))
}
