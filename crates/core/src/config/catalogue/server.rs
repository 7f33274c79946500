//! The settings of `server`, `auth` and `dashboard`.

use super::{DEADLINE, MILLIS, PATH, SECRET, SPAN, URL, bytes, count, text};
use crate::bucket::MAX_LIMIT;
use crate::config::checks;
use crate::config::entry::{Entry, entry, var};
use crate::config::kind::{Kind, any};

pub(super) static ENTRIES: &[Entry] = &[
    entry("server.host", text("IP address", |host| checks::host(host).map(drop)), "127.0.0.1",
        "Address to listen on: an IP address or `localhost`. One that other machines can reach needs \
         `auth` or `server.trust_proxy`.")
        .env(&[var("SERVER_HOST")])
        .restart(),
    entry("server.port", count(65_535), "3001", "Port to listen on; 0 takes a free one.")
        .env(&[var("PORT")])
        .restart(),
    entry("server.listen", text("host:port", |at| checks::listen(at).map(drop)), "",
        "`host:port`, instead of `server.host` and `server.port`. An empty host is every IPv4 address.")
        .example("127.0.0.1:3001")
        .restart(),
    entry("server.workers", count(1024), "0", "Worker threads; 0 takes one for each core.").restart(),
    entry("server.timeouts.read", DEADLINE, "10m", "Longest time for a whole request body (408).")
        .env(&[var("READ_TIMEOUT")]),
    entry("server.timeouts.write", DEADLINE, "10m",
        "Longest time a client may leave response bytes unread.")
        .env(&[var("WRITE_TIMEOUT")])
        .restart(),
    entry("server.timeouts.idle", DEADLINE, "10m",
        "Longest time a connection may stay open without a request.")
        .env(&[var("IDLE_TIMEOUT")])
        .restart(),
    entry("server.timeouts.header", DEADLINE, "10s",
        "Longest time from the first byte of a request, or the start of a connection, to the end of \
         the request's headers.")
        .restart(),
    entry("server.timeout_ms", MILLIS, "0",
        "Longest time to the response headers, in milliseconds, for providers that set no \
         `response_header_timeout`; 0 leaves that at its default."),
    entry("server.max_body_bytes", bytes(0), "32MiB", "Largest request body (413); 0 is unlimited.")
        .env(&[var("MAX_REQUEST_SIZE")]),
    entry("server.max_concurrent", count(10_000_000), "0", "Most requests at once (503); 0 is unlimited.")
        .env(&[var("MAX_CONCURRENT_REQUESTS")]),
    entry("server.max_per_minute", count(MAX_LIMIT), "0",
        "Most requests a minute to the LLM APIs (429), of all clients together; 0 is unlimited.")
        .env(&[var("GLOBAL_RATE_LIMIT")]),
    entry("server.max_per_minute_per_address", count(MAX_LIMIT), "0",
        "The same for each client address; an IPv6 address counts as its /64. Behind a proxy set \
         `server.trusted_proxies`, or all clients are one. 0 is unlimited.")
        .env(&[var("IP_RATE_LIMIT")]),
    entry("server.max_header_bytes", bytes(8192), "64KiB", "Largest request head (431).").restart(),
    entry("server.max_headers", Kind::Integer { min: 16, max: 4096 }, "100",
        "Most header fields in a request (431).")
        .restart(),
    entry("server.trust_proxy", Kind::Bool, "false",
        "A trusted proxy stands in front: it may listen on any address without `auth`, the loopback \
         bypass of `auth` is off, and forwarding headers are believed from `server.trusted_proxies`.")
        .env(&[var("TRUST_PROXY")]),
    entry("server.trusted_proxies",
        Kind::List { form: "address range", check: |net| checks::cidr(net).map(drop) }, "",
        "Address ranges whose `X-Forwarded-For` is believed while `server.trust_proxy` is on.")
        .example("10.0.0.0/8, 127.0.0.1"),
    entry("server.allowed_hosts", Kind::List { form: "host name", check: checks::host_name }, "",
        "`Host` names that the dashboard's API answers to, besides loopback and the listen address.")
        .example("weir.internal"),
    entry("server.cors.allowed_origins", Kind::List { form: "origin", check: checks::origin }, "",
        "Origins whose web pages may call the gateway, as browsers send them; `*` is every one, for which \
         clients must need a credential. None answers no preflight.")
        .env(&[var("CORS_ALLOWED_ORIGINS")])
        .example("https://chat.example.com"),
    entry("server.cors.max_age", SPAN, "24h", "How long browsers may believe the answer to a preflight.")
        .env(&[var("CORS_MAX_AGE")]),
    entry("server.drain_timeout", SPAN, "32m",
        "Longest time that open requests get to finish after SIGTERM."),
    entry("server.interrupt_drain_timeout", SPAN, "10s", "The same after SIGINT (Ctrl-C)."),
    entry("server.tls.cert_file", PATH, "", "Certificate chain as PEM, the leaf first.")
        .example("/etc/weir/cert.pem")
        .restart(),
    entry("server.tls.key_file", PATH, "", "Private key as PEM.").example("/etc/weir/key.pem").restart(),
    entry("server.api_key", SECRET, "", "As `server.auth.api_key`, which wins.")
        .secret()
        .example("${WEIR_API_KEY:-}"),
    entry("server.auth.api_key", SECRET, "", "As `auth.api_key`, which wins.")
        .secret()
        .example("${WEIR_API_KEY:-}"),
    entry("server.auth.allow_bearer", Kind::Bool, "false", "As `auth.allow_subscription`."),
    entry("server.auth.allow_subscription", Kind::Bool, "false", "As `auth.allow_subscription`."),
    entry("server.auth.bearer_secret", SECRET, "", "As `auth.bearer_secret`, which wins.")
        .secret()
        .example("${WEIR_BEARER_SECRET:-}"),
    entry("auth.enabled", Kind::Bool, "false", "Demand a credential from clients.")
        .env(&[var("AUTH_ENABLED")]),
    entry("auth.token", SECRET, "",
        "The gateway's credential, accepted as `Authorization: Bearer` and in the key header.")
        .env(&[var("AUTH_TOKEN")])
        .secret()
        .example("${AUTH_TOKEN:-}"),
    entry("auth.api_key", SECRET, "", "What the key header must carry, if not `auth.token`.")
        .secret()
        .example("${WEIR_API_KEY:-}"),
    entry("auth.api_key_header", text("header name", |name| checks::key_header(name).map(drop)), "x-api-key",
        "Name of the key header. With the default, Gemini's `x-goog-api-key` and `?key=` count too.")
        .env(&[var("AUTH_API_KEY_HEADER")]),
    entry("auth.allow_bearer", Kind::Bool, "true",
        "Accept `Authorization: Bearer` with `auth.bearer_secret` or `auth.token`."),
    entry("auth.allow_subscription", Kind::Bool, "false",
        "Accept any bearer and let it travel on, unless `auth.bearer_secret` is set: clients use \
         their own subscription."),
    entry("auth.bearer_secret", SECRET, "",
        "What `Authorization: Bearer` must carry, if not `auth.token`.")
        .secret()
        .example("${WEIR_BEARER_SECRET:-}"),
    entry("auth.allow_localhost_bypass", Kind::Bool, "true",
        "Loopback peers need no credential. Void while `server.trust_proxy` is on and for requests \
         with a forwarding header.")
        .env(&[var("AUTH_ALLOW_LOCALHOST_BYPASS")]),
    entry("auth.token_in_path", Kind::Bool, "false",
        "Accept the credential of the key header as the first segment of the path too, behind a tilde: \
         `http://127.0.0.1:3001/~TOKEN/v1/messages`. For clients that can be given a base URL and \
         nothing else; the segment goes no further and is not captured."),
    entry("dashboard.password", text("password", any), "",
        "Password of the dashboard and its API (HTTP Basic, any user name). Without it they are as \
         open as the listen address and `auth` leave them.")
        .env(&[var("DASHBOARD_PASSWORD")])
        .secret()
        .example("${DASHBOARD_PASSWORD:-}"),
    entry("dashboard.proxy_public_url", URL, "", "The gateway's address as clients see it, for set-up lines.")
        .env(&[var("PROXY_PUBLIC_URL")])
        .example("https://weir.example.org"),
    entry("dashboard.transcripts", Kind::Bool, "true",
        "Show the transcripts that Claude Code keeps on this machine, and link them with captured \
         sessions. They are only read."),
    entry("dashboard.transcripts_dir", PATH, "",
        "Where those transcripts are; without it `projects` in `$CLAUDE_CONFIG_DIR`, else in \
         `~/.claude`.")
        .example("/home/me/.claude/projects"),
    entry("dashboard.grading.model", text("model", checks::model), "",
        "The model that grades prompts, when somebody asks for a grade on the replay page or with \
         `POST /api/grade-prompt`. Each grade is a request that costs what the model costs. Without \
         it there are no grades.")
        .example("claude-sonnet-5"),
    entry("dashboard.grading.provider", text("provider", checks::label), "",
        "The provider that grades; without it `dashboard.grading.model` goes where any request for \
         it goes.")
        .example("anthropic"),
];
