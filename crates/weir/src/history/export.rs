//! Exchanges for other programs.

use std::fs::{File, OpenOptions};
use std::io::{IsTerminal as _, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use anyhow::Context as _;
use http_body_util::BodyExt as _;
use indicatif::{ProgressBar, ProgressStyle};

use super::door;
use crate::cli;
use crate::lines::{Bytes, complain};

/// Runs `weir export`.
///
/// # Errors
/// When the history cannot be had, or the file not be written.
pub(crate) fn run(options: &cli::Export) -> anyhow::Result<ExitCode> {
    let limit = options.limit.to_string();
    let mut parameters = options.narrow.parameters();
    parameters.push(("format", options.format.as_str()));
    parameters.push(("limit", &limit));
    let path = door::path("/api/requests/export", &parameters);
    door::within(&options.history, async |door| {
        let mut body = door.client.download(&path).await?;
        let mut out = match &options.output {
            Some(file) => Out::File(Export::begin(file)?),
            None => Out::Printed(Bytes::new()),
        };
        let bar = progress(options.output.is_some());
        while let Some(frame) = body.frame().await {
            let frame = frame.context("the export broke off; it is not whole")?;
            if let Ok(piece) = frame.into_data() {
                out.push(&piece)?;
                bar.inc(piece.len() as u64);
            }
        }
        bar.finish_and_clear();
        out.end()?;
        if let Some(file) = &options.output {
            complain(&format!("{}: {} bytes", file.display(), bar.position()));
        }
        Ok(ExitCode::SUCCESS)
    })
}

/// Where it goes.
enum Out {
    Printed(Bytes),
    File(Export),
}

impl Out {
    fn push(&mut self, piece: &[u8]) -> anyhow::Result<()> {
        match self {
            Self::Printed(out) => out.push(piece),
            Self::File(export) => export.push(piece),
        }
    }

    fn end(self) -> anyhow::Result<()> {
        match self {
            Self::Printed(out) => out.end(),
            Self::File(export) => export.end(),
        }
    }
}

/// A file of prompts, for its owner alone. It takes its name when it is whole; what is no file,
/// such as a pipe, is written as it is.
struct Export {
    out: File,
    name: PathBuf,
    /// What it is called until then.
    begun: Option<PathBuf>,
}

impl Export {
    fn begin(name: &Path) -> anyhow::Result<Self> {
        // Where a link leads to, so that it stays one.
        let name = std::fs::canonicalize(name).unwrap_or_else(|_| name.to_owned());
        let is_other = std::fs::metadata(&name).is_ok_and(|found| !found.is_file());
        let mut begun = name.clone().into_os_string();
        begun.push(format!(".{}.part", std::process::id()));
        let begun = (!is_other).then(|| PathBuf::from(begun));
        let mut options = OpenOptions::new();
        options.write(true);
        if begun.is_some() {
            options.create_new(true).mode(0o600);
        }
        let out = options.open(begun.as_ref().unwrap_or(&name));
        let out = out.with_context(|| format!("{}: cannot be written", name.display()))?;
        Ok(Self { out, name, begun })
    }

    fn push(&mut self, piece: &[u8]) -> anyhow::Result<()> {
        let written = self.out.write_all(piece);
        written.with_context(|| format!("{}: cannot be written", self.name.display()))
    }

    fn end(mut self) -> anyhow::Result<()> {
        if let Some(begun) = &self.begun {
            let renamed = std::fs::rename(begun, &self.name);
            renamed.with_context(|| format!("{}: cannot be written", self.name.display()))?;
        }
        self.begun = None;
        Ok(())
    }
}

impl Drop for Export {
    /// Half of it is of no use.
    fn drop(&mut self) {
        if let Some(begun) = &self.begun {
            let _gone = std::fs::remove_file(begun).is_ok();
        }
    }
}

/// A sign of life while a file is written; what is printed shows itself.
fn progress(to_file: bool) -> ProgressBar {
    if !to_file || !std::io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let bar = ProgressBar::new_spinner();
    if let Ok(style) = ProgressStyle::with_template("{spinner} {bytes} ({bytes_per_sec})") {
        bar.set_style(style);
    }
    bar.enable_steady_tick(Duration::from_millis(120));
    bar
}
