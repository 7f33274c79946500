//! The sinks' part of the check: from the slots of each to a [`Sink`], with every fault.

mod services;

use std::sync::Arc;

use super::catalogue::OF_KINDS;
use super::check::{Findings, path};
use super::entry::sink_of;
use super::fault::{Fault, Place};
use super::flatten::Named;
use super::resolve::{Resolved, Slot};
use crate::settings::{FileSink, LineFormat, RotatedFiles, Sink, SinkKind};

/// The sink that `events.file` stands for.
pub(crate) const EVENT_LOG: &str = "event-log";

/// Builds every sink that is enabled.
pub(crate) fn check(values: &Resolved, found: &mut Findings) -> Vec<Arc<Sink>> {
    let mut built: Vec<Arc<Sink>> = Vec::new();
    for named in &values.sinks {
        let of = Of { values, named };
        if of.is_on("enabled")
            && let Some(sink) = sink(of, found)
        {
            built.push(Arc::new(sink));
        }
    }
    if let Some(path) = path(values, "events.file") {
        match built.iter().any(|sink| &*sink.name == EVENT_LOG) {
            true => {
                let what = format!("set besides a sink `{EVENT_LOG}`, which it stands for");
                let fault = Fault::new(values.place("events.file"), "events.file", what);
                found.faults.push(fault.hint("keep one of them"));
            }
            false => built.push(Arc::new(event_log(values, path))),
        }
    }
    built
}

/// What `events.file` stands for, as it would be with no other member set.
fn event_log(values: &Resolved, path: std::path::PathBuf) -> Sink {
    Sink {
        name: EVENT_LOG.into(),
        group: values.text("events.group").unwrap_or(EVENT_LOG).into(),
        batch_size: 100,
        flush_interval: std::time::Duration::from_secs(1),
        retries: 10,
        to: SinkKind::File(FileSink {
            files: RotatedFiles {
                path,
                max_bytes: 64 << 20,
                max_files: 4,
                max_age: None,
            },
            format: LineFormat::Event,
        }),
    }
}

/// The settings of one sink.
#[derive(Clone, Copy, Debug)]
pub(super) struct Of<'a> {
    values: &'a Resolved,
    named: &'a Named,
}

impl<'a> Of<'a> {
    pub(super) fn path(self, key: &str) -> String {
        format!("events.sinks.{}.{key}", self.named.name)
    }

    pub(super) fn text(self, key: &str) -> Option<&'a str> {
        self.values.text(&self.path(key))
    }

    pub(super) fn is_on(self, key: &str) -> bool {
        self.values.is_on(&self.path(key))
    }

    pub(super) fn number(self, key: &str) -> u64 {
        self.values.number(&self.path(key))
    }

    /// Where a setting stands; the sink itself if it is not set.
    pub(super) fn place(self, key: &str) -> Place {
        let slot = self.values.slot(&self.path(key));
        let place = slot.place.clone().or_else(|| self.named.place.clone());
        place.unwrap_or(Place::Settings)
    }

    /// A text that must be there; reported if it is not, unless a value that cannot be read is.
    pub(super) fn required(self, key: &str, why: &str, found: &mut Findings) -> Option<&'a str> {
        let text = self.text(key);
        let path = self.path(key);
        if text.is_some() || found.faults.iter().any(|fault| fault.key == path) {
            return text;
        }
        let emptied = self.values.slot(&path).emptied.clone();
        let message = match emptied {
            Some(_) => "missing: its variable is unset or empty",
            None => "missing",
        };
        let place = emptied.unwrap_or_else(|| self.place(key));
        let fault = Fault::new(place, &path, message);
        found.faults.push(fault.hint(why));
        None
    }
}

fn sink(of: Of<'_>, found: &mut Findings) -> Option<Sink> {
    let kinds = SinkKind::NAMES.iter().map(|kind| format!("`{kind}`"));
    let kinds: Vec<String> = kinds.collect();
    let why = format!(
        "a sink whose name is no kind needs one: {}",
        kinds.join(", ")
    );
    let kind = of.required("kind", &why, found)?;
    without_effect(of, kind, found);
    let to = match kind {
        "file" => SinkKind::File(file(of, found)?),
        kind => services::service(kind, of, found)?,
    };
    let group = of.text("group").or(of.values.text("events.group"));
    Some(Sink {
        name: of.named.name.as_str().into(),
        group: group.unwrap_or(&of.named.name).into(),
        batch_size: usize::try_from(of.number("batch_size")).unwrap_or(usize::MAX),
        flush_interval: of.values.span(&of.path("flush_interval")),
        retries: of.values.small(&of.path("retries")),
        to,
    })
}

fn file(of: Of<'_>, found: &mut Findings) -> Option<FileSink> {
    let path = of.required("path", "a `file` needs the file's path", found)?;
    let most = Some(of.number("max_bytes")).filter(|bytes| *bytes > 0);
    Some(FileSink {
        files: RotatedFiles {
            path: path.into(),
            max_bytes: most.unwrap_or(u64::MAX),
            max_files: of.values.small(&of.path("max_files")),
            max_age: None,
        },
        format: match of.text("format") {
            Some("llm") => LineFormat::Llm,
            _ => LineFormat::Event,
        },
    })
}

/// The kinds that a member is for; none if it is for all.
fn only_for(slot: &Slot) -> Option<&'static [&'static str]> {
    let member = slot.entry.path.strip_prefix("events.sinks.*.")?;
    let known = OF_KINDS.iter().find(|(known, _)| *known == member);
    known.map(|(_, kinds)| *kinds)
}

/// Whether a setting is worth showing: it is set, or its sink could use it.
pub(crate) fn is_of_use(values: &Resolved, slot: &Slot) -> bool {
    let (Some(kinds), Some(sink)) = (only_for(slot), sink_of(&slot.path)) else {
        return true;
    };
    let kind = values.text(&format!("events.sinks.{sink}.kind"));
    slot.place.is_some() || kind.is_some_and(|kind| kinds.contains(&kind))
}

/// Warns of settings that this kind of sink does not read.
fn without_effect(of: Of<'_>, kind: &str, found: &mut Findings) {
    let inside = of.path("");
    let slots = of.values.slots.iter();
    for slot in slots.filter(|slot| slot.path.starts_with(&inside) && slot.place.is_some()) {
        if only_for(slot).is_some_and(|kinds| !kinds.contains(&kind)) {
            found.warnings.push(format!(
                "{} has no effect: the sink's kind is `{kind}`",
                slot.path
            ));
        }
    }
}
