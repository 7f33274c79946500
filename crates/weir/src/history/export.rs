//! Exchanges for other programs.

use std::fs::OpenOptions;
use std::io::{IsTerminal as _, Write};
use std::os::unix::fs::OpenOptionsExt as _;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::Context as _;
use http_body_util::BodyExt as _;
use indicatif::{ProgressBar, ProgressStyle};

use super::door;
use crate::cli::Export;
use crate::lines::complain;

/// Runs `weir export`.
///
/// # Errors
/// When the history cannot be had, or the file not be written.
pub(crate) fn run(options: &Export) -> anyhow::Result<ExitCode> {
    let limit = options.limit.to_string();
    let mut parameters = options.narrow.parameters();
    parameters.push(("format", options.format.as_str()));
    parameters.push(("limit", &limit));
    let path = door::path("/api/requests/export", &parameters);
    door::within(&options.history, async |door| {
        let mut body = door.client.download(&path).await?;
        let bar = progress(options.output.is_some());
        let mut out: Box<dyn Write> = match &options.output {
            Some(file) => {
                let mut made = OpenOptions::new();
                // Prompts are in it.
                made.write(true).create(true).truncate(true).mode(0o600);
                let made = made.open(file);
                Box::new(made.with_context(|| format!("{}: cannot be written", file.display()))?)
            }
            None => Box::new(std::io::stdout().lock()),
        };
        while let Some(frame) = body.frame().await {
            let frame = frame.context("the export broke off; what came is not whole")?;
            if let Ok(piece) = frame.into_data() {
                out.write_all(&piece)?;
                bar.inc(piece.len() as u64);
            }
        }
        out.flush()?;
        bar.finish_and_clear();
        if let Some(file) = &options.output {
            complain(&format!("{}: {} bytes", file.display(), bar.position()));
        }
        Ok(ExitCode::SUCCESS)
    })
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
