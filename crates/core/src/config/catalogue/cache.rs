//! The settings of `cache`.

use super::{DEADLINE, SPAN, bytes, text};
use crate::config::checks;
use crate::config::entry::{Entry, entry, var};
use crate::config::kind::Kind;

pub(super) static ENTRIES: &[Entry] = &[
    entry("cache.enabled", Kind::Bool, "false",
        "Keep answers and give them again to the same tenant for the same request, where the provider allows \
         it or the client asks for it. See `docs/cache.md`.")
        .env(&[var("HTTP_CACHE_ENABLED")]),
    entry("cache.stream_responses", Kind::Bool, "false",
        "Keep streams too, those that came to their end.")
        .env(&[var("HTTP_CACHE_STREAM_RESPONSES")]),
    entry("cache.multi_turn", Kind::Bool, "false",
        "Keep answers within a conversation too. Off, a request with an earlier answer, a tool's result or a \
         second message of the user goes to the provider, and `Cache-Status` says so."),
    entry("cache.default_ttl", SPAN, "0",
        "How long an answer is used of which the provider says that it is public, but not for how long; 0 does \
         not keep it.")
        .env(&[var("HTTP_CACHE_DEFAULT_TTL")]),
    entry("cache.max_object_bytes", bytes(0), "1MiB",
        "Largest body that is kept; a larger one is only relayed.")
        .env(&[var("HTTP_CACHE_MAX_OBJECT_BYTES")]),
    entry("cache.max_bytes", bytes(64 << 10), "64MiB",
        "Memory for all that is kept. Past it what is used least goes. With `redis` it is for what is on its way \
         there.")
        .restart(),
    entry("cache.backend", Kind::Choice(&["memory", "redis", "in-memory"]), "memory",
        "Where answers are kept: in the memory of this process (`in-memory` is the same), or in a Redis or \
         Valkey, where they outlast a restart and several weirs share them.")
        .env(&[var("HTTP_CACHE_BACKEND")])
        .restart(),
    entry("cache.redis_url", text("URL", checks::redis_url), "",
        "The Redis or Valkey of `cache.backend: redis`; without it that of `shared.redis_url`.")
        .env(&[var("REDIS_CACHE_URL")])
        .secret()
        .example("${REDIS_CACHE_URL:-}"),
    entry("cache.redis_prefix", text("text", checks::redis_prefix), "weir:{cache}:",
        "What every key there begins with. Weirs with the same share what they keep.")
        .env(&[var("REDIS_CACHE_KEY_PREFIX")]),
    entry("cache.redis_timeout", DEADLINE, "250ms",
        "Longest time that a request waits for it, all in all. Then the request goes to the provider.")
        .env(&[var("REDIS_CACHE_TIMEOUT")]),
];
