//! The settings of `capture`, `storage`, `shared` and `logging`.

use super::{DEADLINE, PATH, SPAN, bytes, count, text};
use crate::config::checks;
use crate::config::entry::{Entry, entry, var};
use crate::config::kind::Kind;

pub(super) static ENTRIES: &[Entry] = &[
    entry("capture.enabled", Kind::Bool, "true", "Keep exchanges."),
    entry("capture.required", Kind::Bool, "false",
        "Report weir unhealthy (503) while nothing can be kept."),
    entry("capture.max_body_bytes", bytes(0), "64MiB",
        "Bytes of one response body that are kept; the client always gets all of it."),
    entry("capture.queue_bytes", bytes(64 << 10), "12MiB",
        "Bytes of bodies that may wait for the recorder. Past it captures are dropped and counted.")
        .restart(),
    entry("capture.dedup_bytes", bytes(0), "12MiB",
        "Memory for recent request bodies, to store only what is new in the next; 0 stores each whole.")
        .restart(),
    entry("capture.search", Kind::Bool, "true",
        "Make prompts, answers and tool calls findable by their words. It takes about as much disk again as the \
         text that is new in each exchange; what was captured while it was off is read when it is on again."),
    entry("capture.retention.max_age", SPAN, "0", "Oldest exchange kept."),
    entry("capture.retention.max_rows", count(i64::MAX.unsigned_abs()), "0", "Most exchanges kept."),
    entry("capture.retention.max_bytes", bytes(0), "0", "Largest database."),
    entry("capture.raw_log.path", PATH, "",
        "Write all that crosses the wire to this file as lines of JSON, credentials blotted out; see \
         `docs/logging.md`.")
        .example("/var/log/weir/raw.jsonl")
        .restart(),
    entry("capture.raw_log.max_bytes", bytes(4 << 10), "64MiB", "Size at which it is put aside.").restart(),
    entry("capture.raw_log.max_files", count(1000), "4", "Files put aside that are kept.").restart(),
    entry("capture.raw_log.max_age", DEADLINE, "24h", "Age at which it is put aside.").restart(),
    entry("storage.type", text("kind of database", checks::database_type), "sqlite",
        "Kind of database. `sqlite` is the only one in this build.")
        .env(&[var("DB_TYPE")])
        .restart(),
    entry("storage.database_url", text("address", checks::server_url), "",
        "Share captures with other weirs by this PostgreSQL, MySQL or MariaDB: each ships what it captured, \
         and keeps what all did in `storage.db_path`. It may be the database of `projects.database_url`. See \
         `docs/databases.md`.")
        .env(&[var("CAPTURES_DATABASE_URL")])
        .secret()
        .example("${CAPTURES_DATABASE_URL:-}")
        .restart(),
    entry("storage.db_path", PATH, "requests.db", "The SQLite file; made if missing, for its owner only.")
        .env(&[var("DB_PATH")])
        .restart(),
    entry("shared.redis_url", text("URL", checks::redis_url), "",
        "A Redis or Valkey for what several weirs must remember together; without it each remembers \
         for itself.")
        .secret()
        .example("${WEIR_REDIS_URL:-}"),
    entry("shared.hints", Kind::Bool, "true",
        "Tell the others of `shared.redis_url` which keys rest and which circuit breakers open and close, and \
         go by what they tell."),
    entry("shared.live", Kind::Bool, "true",
        "Show in the live feed what the others of `shared.redis_url` take, and show them, while they look, what \
         this one takes."),
    entry("logging.level", text("log level or filter", checks::level), "info",
        "`off`, `error`, `warn`, `info`, `debug`, `trace`, or a filter such as `info,weir_proxy=debug`.")
        .env(&[var("WEIR_LOG"), var("LOG_LEVEL")]),
    entry("logging.format", Kind::Choice(&["auto", "human", "json", "console", "text", "pretty"]), "auto",
        "How lines look. `auto`, `console` and `text` are human on a terminal and JSON elsewhere; \
         `human` and `pretty` are always human."),
    entry("logging.pretty", Kind::Bool, "false", "Human lines, whatever `logging.format` says."),
    entry("logging.output", text("`stderr`, `stdout` or path", checks::path), "stderr",
        "Where lines go; a file is added to, and made for its owner only."),
    entry("logging.debug_options.log_request_body", Kind::Bool, "false",
        "The beginning of the request's body, redacted."),
    entry("logging.debug_options.log_response_headers", Kind::Bool, "false", "The response's headers."),
    entry("logging.debug_options.log_tls_metrics", Kind::Bool, "false",
        "How the connection to the provider came about."),
    entry("logging.debug_options.max_body_log_size", bytes(0), "1000",
        "Bytes of a body that are said; 0 is the default."),
];
