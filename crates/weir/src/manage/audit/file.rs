//! `weir audit verify --file`: the chain in a file and in those that were put aside before it.

use std::fs::File;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use serde_json::{Value, json};
use weir_events::rotated::aside;
use weir_store::control::{Lines, Tampered};

/// Follows the lines, the oldest first.
///
/// # Errors
/// When a file cannot be read.
pub(super) fn verify(path: &Path) -> anyhow::Result<Value> {
    let mut lines = Lines::default();
    for file in files(path) {
        let opened = File::open(&file).with_context(|| file.display().to_string())?;
        let mut reader = BufReader::new(opened);
        let mut line = Vec::new();
        loop {
            line.clear();
            let read = reader.read_until(b'\n', &mut line);
            read.with_context(|| file.display().to_string())?;
            // A last line without an end is still being written, or cut off when weir starts.
            if line.is_empty() || (line.last() != Some(&b'\n') && file == path) {
                break;
            }
            if let Err(Tampered { seq, why }) = lines.follow(&line) {
                return Ok(json!({"intact": false, "broken_at": seq, "reason": why,
                    "file": file.display().to_string()}));
            }
        }
    }
    let last = lines.last();
    Ok(match lines.first() {
        None => json!({"intact": true, "events": 0}),
        Some(first) => json!({"intact": true, "events": last.seq - first + 1, "first": first,
            "last": last.seq, "hash": last.hash}),
    })
}

/// The file and those before it, the oldest first.
fn files(path: &Path) -> Vec<PathBuf> {
    let asides = (1..).map(|number| aside(path, number));
    let mut files: Vec<_> = asides.take_while(|file| file.exists()).collect();
    files.reverse();
    files.push(path.to_owned());
    files
}
