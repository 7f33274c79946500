//! Every setting there is, in the order of the reference. A new setting is one entry here and one
//! field in `settings`; parsing, checks, `config check`, the sample file, the JSON schema and the
//! reference follow from it.

use std::time::Duration;

use super::checks;
use super::entry::{Entry, entry, var, var_of};
use super::kind::{Check, Kind, any};

const fn text(form: &'static str, check: Check) -> Kind {
    Kind::Text { form, check }
}

const fn count(max: u64) -> Kind {
    Kind::Integer { min: 0, max }
}

const fn bytes(min: u64) -> Kind {
    Kind::Size { min }
}

/// A deadline: zero would mean "never" to some and "at once" to others, so it is refused.
const DEADLINE: Kind = Kind::Duration {
    min: Duration::from_millis(1),
};
/// A span that may be nothing.
const SPAN: Kind = Kind::Duration {
    min: Duration::ZERO,
};
const PATH: Kind = text("path", checks::path);
const SECRET: Kind = text("credential", |value| checks::header_value(value).map(drop));
const URL: Kind = text("URL", |url| checks::base_url(url).map(drop));

/// The provider types, which are also the names of the providers that always exist.
pub(crate) const PROVIDER_TYPES: [&str; 3] = ["anthropic", "openai", "gemini"];

/// The sections and what they are about, in order.
pub(crate) static SECTIONS: &[(&str, &str)] = &[
    ("server", "Where and how weir listens."),
    (
        "server.timeouts",
        "Deadlines on the client's side. None of them limits how long a stream may last.",
    ),
    (
        "server.tls",
        "Certificate and key, when weir speaks TLS itself. Both or neither.",
    ),
    ("auth", "Who may use the gateway."),
    (
        "dashboard",
        "Who may use the dashboard and its API, and what it shows.",
    ),
    (
        "providers",
        "Where requests go, as a map of names to settings. `anthropic`, `openai` and `gemini` always \
         exist unless `enabled` is off; any other name needs a `type`.",
    ),
    ("providers.*", "One provider."),
    ("capture", "What is kept of each exchange."),
    (
        "capture.retention",
        "When captures go. A bound of 0 is none.",
    ),
    ("storage", "Where captures are kept."),
    ("logging", "What weir says of itself."),
];

/// The settings.
pub(crate) static CATALOGUE: &[Entry] = &[
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
    entry("server.max_body_bytes", bytes(0), "32MiB", "Largest request body (413); 0 is unlimited."),
    entry("server.max_concurrent", count(10_000_000), "0", "Most requests at once (503); 0 is unlimited."),
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
    entry("server.drain_timeout", SPAN, "32m",
        "Longest time that open requests get to finish after SIGTERM."),
    entry("server.interrupt_drain_timeout", SPAN, "10s", "The same after SIGINT (Ctrl-C)."),
    entry("server.tls.cert_file", PATH, "", "Certificate chain as PEM, the leaf first.")
        .example("/etc/weir/cert.pem")
        .restart(),
    entry("server.tls.key_file", PATH, "", "Private key as PEM.").example("/etc/weir/key.pem").restart(),
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
    entry("dashboard.password", text("password", any), "",
        "Password of the dashboard and its API (HTTP Basic, any user name). Without it they are as \
         open as the listen address and `auth` leave them.")
        .env(&[var("DASHBOARD_PASSWORD")])
        .secret()
        .example("${DASHBOARD_PASSWORD:-}"),
    entry("dashboard.proxy_public_url", URL, "", "The gateway's address as clients see it, for set-up lines.")
        .env(&[var("PROXY_PUBLIC_URL")])
        .example("https://weir.example.org"),
    entry("providers.*.type", Kind::Choice(&PROVIDER_TYPES), "",
        "What it speaks and how it takes a credential. Defaults to the name if that is a type.")
        .example("anthropic"),
    entry("providers.*.enabled", Kind::Bool, "true", "Whether it is used."),
    entry("providers.*.base_url", URL, "",
        "Where it is. For `openai` an ending `/v1`, for `gemini` an ending `/v1beta`, is dropped, \
         because the client's path brings it.")
        .by_type(&[
            ("anthropic", "https://api.anthropic.com"),
            ("openai", "https://api.openai.com"),
            ("gemini", "https://generativelanguage.googleapis.com"),
        ])
        .env(&[
            var_of("anthropic", "ANTHROPIC_FORWARD_URL"),
            var_of("openai", "OPENAI_BASE_URL"),
            var_of("gemini", "GEMINI_BASE_URL"),
        ]),
    entry("providers.*.api_key", SECRET, "", "The credential to send.")
        .env(&[var_of("openai", "OPENAI_API_KEY"), var_of("gemini", "GEMINI_API_KEY")])
        .secret()
        .example("${PROVIDER_API_KEY:-}"),
    entry("providers.*.client_credentials", Kind::Choice(&["auto", "always", "never"]), "auto",
        "Whose credential goes upstream. `auto`: the client's for `anthropic`, elsewhere `api_key` if \
         set, else the client's. `always`: the client's if it sent one, else `api_key`. `never`: only \
         `api_key`."),
    entry("providers.*.version", text("header value", |value| checks::header_value(value).map(drop)), "",
        "`anthropic-version` to add when the client sends none.")
        .by_type(&[("anthropic", "2023-06-01")])
        .env(&[var_of("anthropic", "ANTHROPIC_VERSION")])
        .example("2023-06-01"),
    entry("providers.*.max_retries", count(20), "3", "Further tries after a failed connect.")
        .env(&[var_of("anthropic", "ANTHROPIC_MAX_RETRIES")]),
    entry("providers.*.connect_timeout", DEADLINE, "10s", "Longest time to a connection, TLS included."),
    entry("providers.*.response_header_timeout", DEADLINE, "300s",
        "Longest time from the request to the response headers (504).")
        .env(&[var_of("anthropic", "ANTHROPIC_RESPONSE_HEADER_TIMEOUT")]),
    entry("providers.*.idle_timeout", DEADLINE, "300s", "Longest silence between response bytes."),
    entry("providers.*.proxy", text("`direct`, `environment` or URL", checks::proxy), "direct",
        "How to reach it: `direct`; `environment` for `HTTPS_PROXY`, `HTTP_PROXY`, `ALL_PROXY` and \
         `NO_PROXY`; or a proxy's `http://`, `https://` or `socks5://` address."),
    entry("providers.*.no_proxy", text("as in `NO_PROXY`", any), "",
        "Hosts reached without the proxy, when `proxy` is an address.")
        .example("localhost,.internal"),
    entry("providers.*.models", Kind::List { form: "model", check: checks::model }, "",
        "Models to list at `GET /v1/models`; none asks the provider.")
        .example("first-model, second-model"),
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
    entry("capture.retention.max_age", SPAN, "0", "Oldest exchange kept."),
    entry("capture.retention.max_rows", count(i64::MAX.unsigned_abs()), "0", "Most exchanges kept."),
    entry("capture.retention.max_bytes", bytes(0), "0", "Largest database."),
    entry("storage.type", text("kind of database", checks::database_type), "sqlite",
        "Kind of database. `sqlite` is the only one in this build.")
        .env(&[var("DB_TYPE")])
        .restart(),
    entry("storage.database_url", text("address", checks::database_url), "",
        "Address of another kind of database; must be empty in this build.")
        .env(&[var("DATABASE_URL")])
        .secret()
        .restart(),
    entry("storage.db_path", PATH, "requests.db", "The SQLite file; made if missing, for its owner only.")
        .env(&[var("DB_PATH")])
        .restart(),
    entry("logging.level", text("log level or filter", checks::level), "info",
        "`off`, `error`, `warn`, `info`, `debug`, `trace`, or a filter such as `info,weir_proxy=debug`.")
        .env(&[var("WEIR_LOG"), var("LOG_LEVEL")]),
    entry("logging.format", Kind::Choice(&["auto", "human", "json"]), "auto",
        "How lines look. `auto` is human on a terminal and JSON elsewhere.")
        .restart(),
];

/// Variables that other gateways read and this version does not, with the values that need no word.
pub(crate) static WITHOUT_EFFECT: &[(&str, &[&str])] = &[
    ("SUBAGENT_MAPPINGS", &[]),
    (
        "ANTHROPIC_DEMOTE_NONSTREAMING",
        &["false", "0", "no", "off"],
    ),
    ("WEB_PORT", &["5173"]),
    ("SVELTE_PORT", &["5174"]),
    ("TEST_POSTGRES_DSN", &[]),
];
