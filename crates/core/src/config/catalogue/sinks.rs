//! The settings of `events.sinks`, each of which is a section of its own.

use super::{DEADLINE, PATH, SECRET, bytes, count, text};
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
    (
        "url",
        &["webhook", "helicone", "lunary", "langfuse", "otel"],
    ),
    ("secret", &["webhook"]),
    ("headers", &["webhook", "otel"]),
    ("batch", &["webhook"]),
    ("gzip", &["webhook"]),
    ("api_key", &["helicone", "lunary"]),
    ("public_key", &["langfuse"]),
    ("secret_key", &["langfuse"]),
    ("encoding", &["otel"]),
    ("traces", &["otel"]),
    ("metrics", &["otel"]),
    ("content", &["otel"]),
    ("bucket", &["s3"]),
    ("prefix", &["s3"]),
    ("region", &["s3"]),
    ("endpoint", &["s3"]),
    ("access_key_id", &["s3"]),
    ("secret_access_key", &["s3"]),
    ("session_token", &["s3"]),
    (
        "timeout",
        &["webhook", "helicone", "lunary", "langfuse", "otel", "s3"],
    ),
];

const HEADERS: Kind = Kind::Map {
    form: "header to value",
    check: |text| checks::header_value(text).map(drop),
    fields: &[],
};

pub(super) static ENTRIES: &[Entry] = &[
    entry("events.sinks.*.kind", Kind::Choice(SinkKind::NAMES), "",
        "Which service it is; a sink whose name is a kind needs none.")
        .example("file"),
    entry("events.sinks.*.enabled", Kind::Bool, "true", "Whether it is told."),
    entry("events.sinks.*.group", text("name", checks::label), "",
        "The group of readers that it belongs to, with the bus `redis`: those of one group share the events, \
         each group gets them all. Without it `events.group`, else the sink's name.")
        .example("event-log"),
    entry("events.sinks.*.batch_size", Kind::Integer { min: 1, max: 10_000 }, "100",
        "Most events in one delivery."),
    entry("events.sinks.*.flush_interval", DEADLINE, "5s",
        "Longest time that an event waits for a delivery to fill."),
    entry("events.sinks.*.retries", count(1_000_000), "10",
        "How often an event that could not be taken is offered again, after 1 s, 2 s and so on up to 30 s; then it \
         is a dead letter."),
    entry("events.sinks.*.path", PATH, "",
        "The file; made if missing, for its owner only.")
        .example("/var/log/weir/events.jsonl"),
    entry("events.sinks.*.format", Kind::Choice(&["event", "llm"]), "event",
        "What a line is: the event, or a run as services for LLM traffic know it."),
    entry("events.sinks.*.max_bytes", bytes(0), "64MiB",
        "Size at which the file is put aside; 0 lets it grow."),
    entry("events.sinks.*.max_files", count(1000), "4", "Files put aside that are kept."),
    entry("events.sinks.*.url", text("URL", checks::sink_url), "",
        "Where events are sent. A `webhook` needs it; without it `helicone` and `lunary` are their own addresses, \
         `langfuse` is `https://cloud.langfuse.com` and `otel` a collector at `http://localhost:4318`.")
        .secret()
        .example("${WEIR_HOOK_URL:-}"),
    entry("events.sinks.*.timeout", DEADLINE, "30s", "Longest wait for an answer."),
    entry("events.sinks.*.secret", text("credential", checks::webhook_secret), "",
        "What requests of a `webhook` are signed with by Standard Webhooks: `whsec_` and at least 24 bytes in \
         base64. Without it they are not signed.")
        .secret()
        .example("${WEIR_HOOK_SECRET:-}"),
    entry("events.sinks.*.headers", HEADERS, "", "Headers of every request.")
        .secret()
        .example("x-team=platform"),
    entry("events.sinks.*.batch", Kind::Bool, "true",
        "Send an array of events in one request of a `webhook`. Off sends a request for each."),
    entry("events.sinks.*.gzip", Kind::Bool, "false", "Pack bodies of a `webhook` with gzip."),
    entry("events.sinks.*.api_key", SECRET, "", "The key of Helicone or Lunary.")
        .secret()
        .example("${HELICONE_API_KEY:-}"),
    entry("events.sinks.*.public_key", SECRET, "", "The public key of the project at Langfuse.")
        .secret()
        .example("${LANGFUSE_PUBLIC_KEY:-}"),
    entry("events.sinks.*.secret_key", SECRET, "", "Its secret key.")
        .secret()
        .example("${LANGFUSE_SECRET_KEY:-}"),
    entry("events.sinks.*.encoding", Kind::Choice(&["protobuf", "json"]), "protobuf",
        "How OTLP is written."),
    entry("events.sinks.*.traces", Kind::Bool, "true", "Send spans to the collector."),
    entry("events.sinks.*.metrics", Kind::Bool, "true", "Send metrics to the collector."),
    entry("events.sinks.*.content", Kind::Bool, "false", "Put what was said into spans."),
    entry("events.sinks.*.bucket", text("name", checks::label), "", "The bucket of S3.")
        .example("llm-events"),
    entry("events.sinks.*.prefix", text("name", checks::label), "",
        "What goes before the names of its objects.")
        .example("weir"),
    entry("events.sinks.*.region", text("name", checks::label), "",
        "Its region. Without it what the environment says, else `us-east-1`.")
        .example("eu-central-1"),
    entry("events.sinks.*.endpoint", text("URL", |url| checks::base_url(url).map(drop)), "",
        "The store, where it is not Amazon's: MinIO, R2, Ceph.")
        .example("http://minio:9000"),
    entry("events.sinks.*.access_key_id", SECRET, "",
        "The id of a key for the bucket. Without it the credential is what the environment or the machine has.")
        .secret()
        .example("${S3_ACCESS_KEY_ID:-}"),
    entry("events.sinks.*.secret_access_key", SECRET, "", "The key.")
        .secret()
        .example("${S3_SECRET_ACCESS_KEY:-}"),
    entry("events.sinks.*.session_token", SECRET, "", "What goes with a key that was lent.")
        .secret()
        .example("${S3_SESSION_TOKEN:-}"),
];
