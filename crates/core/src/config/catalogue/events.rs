//! The settings of `events`.

use super::{DEADLINE, PATH, bytes, count, text};
use crate::config::checks;
use crate::config::entry::{Entry, entry, var};
use crate::config::kind::Kind;

pub(super) static ENTRIES: &[Entry] = &[
    entry("events.enabled", Kind::Bool, "true",
        "Tell `events.sinks` of each ended exchange; without one, and with the memory as bus, there is nothing \
         to do.")
        .env(&[var("OBSERVABILITY_ENABLED")])
        .restart(),
    entry("events.bus", Kind::Choice(&["memory", "redis", "in-memory", "redis-streams"]), "memory",
        "Over what events go to the sinks. `memory` is this process's (also `in-memory`); `redis` is a stream of \
         Redis (also `redis-streams`), where they wait until they are delivered, by this process or by \
         `weir dispatch`.")
        .env(&[var("LLM_PROXY_EVENT_BUS")])
        .restart(),
    entry("events.dispatch", Kind::Bool, "true",
        "Deliver in this process. Off, with the bus `redis`, leaves it to `weir dispatch`.")
        .restart(),
    entry("events.bodies", Kind::Choice(&["full", "none"]), "full",
        "`none` tells of no bodies, only of what was read in them: model, tokens, stop reason.")
        .restart(),
    entry("events.request_headers", Kind::Bool, "false",
        "Tell of the request's headers; credentials in them are digests.")
        .restart(),
    entry("events.cache_hits", Kind::Bool, "false",
        "Tell of answers from the response cache, too.")
        .restart(),
    entry("events.max_request_body_bytes", bytes(0), "64KiB",
        "Longest request body that is told; the rest is cut, 0 is the default.")
        .env(&[var("OBSERVABILITY_MAX_REQUEST_BODY_BYTES")])
        .restart(),
    entry("events.max_response_body_bytes", bytes(0), "256KiB",
        "Longest response body that is told, a stream put together first; the rest is cut, 0 is the default.")
        .env(&[var("OBSERVABILITY_MAX_RESPONSE_BODY_BYTES")])
        .restart(),
    entry("events.node", text("name", checks::label), "",
        "What this node calls itself in events. Without it, and with the bus `redis`, the name of the host.")
        .example("weir-a")
        .restart(),
    entry("events.queue", Kind::Integer { min: 1, max: 1_000_000 }, "1000",
        "Events that may wait for each sink, or for Redis. Past it they are dropped and counted.")
        .env(&[var("OBSERVABILITY_BUFFER_SIZE")])
        .restart(),
    entry("events.queue_bytes", bytes(1 << 20), "64MiB",
        "Bytes of bodies that are held of exchanges until they are events; past it events go without bodies. Each \
         sink's queue, or the one for Redis, may hold as many again; past it events are dropped. Both are counted.")
        .restart(),
    entry("events.flush_timeout", DEADLINE, "10s",
        "How long the last events may take when weir ends.")
        .restart(),
    entry("events.file", PATH, "",
        "Write events to this file as lines of JSON: the same as a sink `event-log` of kind `file`.")
        .env(&[var("FILE_EVENT_LOG")])
        .example("/var/log/weir/events.jsonl"),
    entry("events.redis_url", text("URL", checks::event_redis), "",
        "The Redis or Valkey of the stream, also as `host:port`; without it that of `shared.redis_url`.")
        .env(&[var("REDIS_ADDR")])
        .secret()
        .example("${WEIR_EVENTS_REDIS_URL:-}")
        .restart(),
    entry("events.stream", text("key", checks::label), "llm-proxy-events",
        "The stream's key.")
        .env(&[var("REDIS_STREAM_KEY")])
        .restart(),
    entry("events.stream_max_len", count(i64::MAX.unsigned_abs()), "10000",
        "About how many events the stream keeps, delivered or not; 0 keeps all.")
        .env(&[var("REDIS_STREAM_MAX_LEN")])
        .restart(),
    entry("events.group", text("name", checks::label), "",
        "The group of a sink that names none. Without it that is the sink's name, so that each sink gets every \
         event.")
        .env(&[var("REDIS_CONSUMER_GROUP")])
        .example("llm-proxy-dispatchers"),
    entry("events.group_start", Kind::Choice(&["oldest", "new"]), "oldest",
        "Where a group begins that nobody made before: with the oldest event in the stream, or with the next.")
        .restart(),
    entry("events.consumer", text("name", checks::label), "",
        "What this reader of the stream is called; without it the host's name and the process's number. No two \
         readers of a group may have the same.")
        .env(&[var("REDIS_CONSUMER_NAME")])
        .example("dispatcher-0")
        .restart(),
    entry("events.read_batch", Kind::Integer { min: 1, max: 10_000 }, "100",
        "Most events in one read of the stream.")
        .env(&[var("REDIS_STREAM_BATCH_SIZE")])
        .restart(),
    entry("events.block", DEADLINE, "5s",
        "How long one read of the stream waits.")
        .env(&[var("REDIS_STREAM_BLOCK_TIME")])
        .restart(),
    entry("events.claim_after", Kind::Duration { min: std::time::Duration::from_secs(1) }, "30s",
        "How long a reader may be silent before another of its group takes over what it holds.")
        .env(&[var("REDIS_STREAM_CLAIM_TIME")])
        .restart(),
    entry("events.max_dead", Kind::Integer { min: 1, max: 1_000_000 }, "1000",
        "About how many events that could not be delivered are kept for each sink.")
        .restart(),
];
