//! The settings of `events.sinks`, each of which is a section of its own.

use super::{DEADLINE, PATH, bytes, count, text};
use crate::config::checks;
use crate::config::entry::{Entry, entry};
use crate::config::kind::Kind;
use crate::settings::SinkKind;

/// Members that only some kinds have; every other is all kinds'.
pub(crate) static OF_KINDS: &[(&str, &[&str])] = &[
    ("path", &["file"]),
    ("format", &["file"]),
    ("max_bytes", &["file"]),
    ("max_files", &["file"]),
];

pub(super) static ENTRIES: &[Entry] = &[
    entry("events.sinks.*.kind", Kind::Choice(SinkKind::NAMES), "",
        "Which service it is; a sink whose name is a kind needs none.")
        .example("file")
        .restart(),
    entry("events.sinks.*.enabled", Kind::Bool, "true", "Whether it is told.").restart(),
    entry("events.sinks.*.group", text("name", checks::label), "",
        "The group of readers that it belongs to, with the bus `redis`: those of one group share the events, \
         each group gets them all. Without it `events.group`, else the sink's name.")
        .example("event-log")
        .restart(),
    entry("events.sinks.*.batch_size", Kind::Integer { min: 1, max: 10_000 }, "100",
        "Most events in one delivery.")
        .restart(),
    entry("events.sinks.*.flush_interval", DEADLINE, "5s",
        "Longest time that an event waits for a delivery to fill.")
        .restart(),
    entry("events.sinks.*.retries", count(1_000_000), "10",
        "How often an event that could not be taken is offered again, after 1 s, 2 s and so on up to 30 s; then it \
         is a dead letter.")
        .restart(),
    entry("events.sinks.*.path", PATH, "",
        "The file; made if missing, for its owner only.")
        .example("/var/log/weir/events.jsonl")
        .restart(),
    entry("events.sinks.*.format", Kind::Choice(&["event", "llm"]), "event",
        "What a line is: the event, or a run as services for LLM traffic know it.")
        .restart(),
    entry("events.sinks.*.max_bytes", bytes(0), "64MiB",
        "Size at which the file is put aside; 0 lets it grow.")
        .restart(),
    entry("events.sinks.*.max_files", count(1000), "4", "Files put aside that are kept.").restart(),
];
