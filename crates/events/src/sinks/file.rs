//! A log of events: lines of JSON in a file for its owner only, on the disk before they count as
//! delivered, put aside by size.

mod run;

use std::io;
use std::sync::Arc;

use parking_lot::Mutex;
use weir_core::event::Event;
use weir_core::settings::{FileSink, LineFormat};

use crate::batch::aside;
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

    async fn write(&self, batch: &[Arc<Event>]) -> Vec<Outcome> {
        let (files, format, batch) = (Arc::clone(&self.files), self.format, batch.to_vec());
        aside(move || {
            let mut text = Vec::new();
            let told: Vec<bool> = batch
                .iter()
                .map(|event| add(&mut text, event, format))
                .collect();
            let written = write(&mut files.lock(), &text);
            let outcome = match written {
                Ok(()) => Outcome::Delivered,
                Err(error) => later(&error),
            };
            let outcome = |told| match told {
                true => outcome.clone(),
                false => Outcome::Skipped,
            };
            told.into_iter().map(outcome).collect()
        })
        .await
    }
}

/// Adds the line of an event; false if it is nothing for this log.
fn add(text: &mut Vec<u8>, event: &Event, format: LineFormat) -> bool {
    let line = match format {
        LineFormat::Event => serde_json::to_vec(event).ok(),
        LineFormat::Llm => run::line(event),
    };
    let Some(line) = line else {
        return false;
    };
    text.extend_from_slice(&line);
    text.push(b'\n');
    true
}

/// Writes whole lines and has them on the disk.
fn write(files: &mut Files, lines: &[u8]) -> io::Result<()> {
    files.write(lines)?;
    files.sync()
}

fn later(error: &io::Error) -> Outcome {
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
