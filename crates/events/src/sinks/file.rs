//! A log of events: lines of JSON in a file for its owner only, on the disk before they count as
//! delivered, put aside by size.

mod run;

use std::io;
use std::sync::Arc;

use parking_lot::Mutex;
use weir_core::event::Event;
use weir_core::settings::{FileSink, LineFormat};

use crate::rotated::Files;
use crate::sink::{Delivery, Outcome, Sink};

/// The log.
#[derive(Debug)]
pub struct FileLog {
    files: Arc<Mutex<Files>>,
    format: LineFormat,
}

impl FileLog {
    /// Opens the file, to go on where it ends.
    ///
    /// # Errors
    /// When it cannot be opened.
    pub fn open(settings: &FileSink) -> io::Result<Self> {
        Ok(Self {
            files: Arc::new(Mutex::new(Files::open(settings.files.clone())?)),
            format: settings.format,
        })
    }

    /// The line of an event, its end included; none for what is nothing for this log.
    fn line(&self, event: &Event) -> Option<Vec<u8>> {
        let mut line = match self.format {
            LineFormat::Event => serde_json::to_vec(event).ok()?,
            LineFormat::Llm => run::line(event)?,
        };
        line.push(b'\n');
        Some(line)
    }

    async fn write(&self, batch: &[Arc<Event>]) -> Vec<Outcome> {
        let lines: Vec<Option<Vec<u8>>> = batch.iter().map(|event| self.line(event)).collect();
        let told: Vec<bool> = lines.iter().map(Option::is_some).collect();
        let text = lines.into_iter().flatten().flatten().collect::<Vec<u8>>();
        let files = Arc::clone(&self.files);
        // The disk may be slow, and others run on this thread.
        let written = tokio::task::spawn_blocking(move || write(&mut files.lock(), &text)).await;
        let outcome = match written {
            Ok(Ok(())) => Outcome::Delivered,
            Ok(Err(error)) => later(&error),
            Err(error) => later(&error),
        };
        told.into_iter()
            .map(|told| match told {
                true => outcome.clone(),
                false => Outcome::Skipped,
            })
            .collect()
    }
}

/// Writes whole lines and has them on the disk.
fn write(files: &mut Files, lines: &[u8]) -> io::Result<()> {
    files.write(lines)?;
    files.sync()
}

fn later(error: &dyn std::fmt::Display) -> Outcome {
    Outcome::Later {
        why: format!("the file cannot be written: {error}"),
        after: None,
    }
}

impl Sink for FileLog {
    fn kind(&self) -> &'static str {
        "file"
    }

    fn deliver<'a>(&'a self, batch: &'a [Arc<Event>]) -> Delivery<'a> {
        Box::pin(self.write(batch))
    }
}

#[cfg(test)]
mod tests;
