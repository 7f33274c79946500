//! From values that are each well formed to settings that go together.

use std::net::SocketAddr;
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use super::fault::Fault;
use super::kind::Value;
use super::resolve::Resolved;
use super::{auth, checks, derive, events, projects, providers, routing};
use crate::cors::Cors;
use crate::identity;
use crate::prices::{Prices, read_prices};
use crate::secret::Secret;
use crate::settings::{
    Cache, CacheBackend, Capture, Dashboard, DatabaseServer, DebugOptions, Grading, LogFormat,
    LogOutput, Logging, Provider, Retention, RotatedFiles, Server, Settings, Shared, Storage, Tls,
};

/// What the check adds to while it goes: faults stop the start, warnings do not.
#[derive(Debug, Default)]
pub(crate) struct Findings {
    pub(crate) faults: Vec<Fault>,
    pub(crate) warnings: Vec<String>,
}

/// Builds the settings and finds what does not go together.
pub(crate) fn check(values: &mut Resolved, found: &mut Findings) -> Settings {
    settle_listen(values, found);
    auth::derive(values);
    derive::derive(values);
    let providers = providers::check(values, found);
    let settings = Settings {
        server: server(values, found),
        auth: auth::check(values, found),
        dashboard: Dashboard {
            password: secret(values, "dashboard.password"),
            proxy_public_url: values.text("dashboard.proxy_public_url").map(str::to_owned),
            transcripts: values.is_on("dashboard.transcripts"),
            transcripts_dir: path(values, "dashboard.transcripts_dir"),
            grading: grading(values),
        },
        projects: projects::check(values, found),
        prices: Arc::new(prices(values, &providers)),
        providers,
        routing: routing::routing(values),
        subagents: routing::subagents(values),
        health: routing::health(values),
        cache: cache(values),
        capture: capture(values),
        raw_log: raw_log(values, found),
        storage: Storage {
            db_path: path(values, "storage.db_path").unwrap_or_default(),
            server: captures_server(values),
        },
        shared: Shared {
            redis_url: secret(values, "shared.redis_url"),
            hints: values.is_on("shared.hints"),
            live: values.is_on("shared.live"),
        },
        events: events::check(values, found),
        logging: logging(values),
    };
    together(&settings, values, found);
    routing::together(&settings, values, found);
    grader(&settings, values, found);
    cache_store(&settings, values, found);
    short_secrets(values, found);
    settings
}

/// The server by which captures are shared.
fn captures_server(values: &Resolved) -> Option<DatabaseServer> {
    let url = secret(values, "storage.database_url")?;
    Some(DatabaseServer {
        kind: checks::server_kind(url.expose())?,
        url,
        // One carries, and one may be asked of the schema beside it.
        pool_size: 2,
        max_lifetime: Duration::from_secs(3600),
    })
}

/// Lets `server.listen` speak for host and port, unless a stronger layer sets one of them.
fn settle_listen(values: &mut Resolved, found: &mut Findings) {
    let Some(address) = values
        .text("server.listen")
        .and_then(|text| checks::listen(text).ok())
    else {
        return;
    };
    let (rank, place) = (values.rank("server.listen"), values.place("server.listen"));
    let parts = [
        ("server.host", Value::Text(address.ip().to_string())),
        ("server.port", Value::Integer(address.port().into())),
    ];
    for (path, value) in parts {
        if rank == values.rank(path) {
            let fault = Fault::new(values.place(path), path, "set besides `server.listen`");
            found.faults.push(fault.hint("keep one of them"));
        } else if rank > values.rank(path) {
            let slot = values.slot_mut(path);
            slot.value = Some(value);
            slot.place = Some(place.clone());
        }
    }
}

fn server(values: &Resolved, found: &mut Findings) -> Server {
    let host = values
        .text("server.host")
        .and_then(|host| checks::host(host).ok());
    let port = u16::try_from(values.number("server.port")).unwrap_or_default();
    let nets = values
        .list("server.trusted_proxies")
        .iter()
        .filter_map(|net| checks::cidr(net).ok());
    Server {
        listen: SocketAddr::new(host.unwrap_or([127, 0, 0, 1].into()), port),
        workers: limit(values, "server.workers"),
        read_timeout: values.span("server.timeouts.read"),
        write_timeout: values.span("server.timeouts.write"),
        idle_timeout: values.span("server.timeouts.idle"),
        header_timeout: values.span("server.timeouts.header"),
        max_body_bytes: limit(values, "server.max_body_bytes"),
        max_concurrent: limit(values, "server.max_concurrent"),
        max_per_minute: values.number("server.max_per_minute"),
        max_per_minute_per_address: values.number("server.max_per_minute_per_address"),
        max_header_bytes: size(values, "server.max_header_bytes"),
        max_headers: size(values, "server.max_headers"),
        trust_proxy: values.is_on("server.trust_proxy"),
        trusted_proxies: nets.collect(),
        allowed_hosts: values.list("server.allowed_hosts").to_vec(),
        cors: Cors::new(
            values.list("server.cors.allowed_origins"),
            values.span("server.cors.max_age"),
        ),
        drain_timeout: values.span("server.drain_timeout"),
        interrupt_drain_timeout: values.span("server.interrupt_drain_timeout"),
        tls: tls(values, found),
    }
}

fn tls(values: &Resolved, found: &mut Findings) -> Option<Tls> {
    const CERT: &str = "server.tls.cert_file";
    const KEY: &str = "server.tls.key_file";
    match (path(values, CERT), path(values, KEY)) {
        (Some(cert_file), Some(key_file)) => Some(Tls {
            cert_file,
            key_file,
        }),
        (None, None) => None,
        (cert, _) => {
            let (set, missing) = if cert.is_some() {
                (CERT, KEY)
            } else {
                (KEY, CERT)
            };
            let fault = Fault::new(values.place(set), set, format!("set without `{missing}`"));
            found.faults.push(fault.hint("TLS needs both"));
            None
        }
    }
}

fn prices(values: &Resolved, providers: &[Arc<Provider>]) -> Prices {
    let own = values.map("pricing.models");
    let own = own
        .iter()
        .filter_map(|(model, text)| read_prices(model, text).ok());
    let prices = Prices::new(own.flatten().collect(), values.map("pricing.aliases"));
    providers.iter().fold(prices, |prices, provider| {
        prices.with_provider(&provider.name, &provider.prices)
    })
}

fn grading(values: &Resolved) -> Option<Grading> {
    Some(Grading {
        provider: values.text("dashboard.grading.provider").map(str::to_owned),
        model: values.text("dashboard.grading.model")?.to_owned(),
    })
}

/// Warns of a grader that nobody can reach.
fn grader(settings: &Settings, values: &Resolved, found: &mut Findings) {
    const PROVIDER: &str = "dashboard.grading.provider";
    let Some(name) = values.text(PROVIDER) else {
        return;
    };
    if settings.dashboard.grading.is_none() {
        found.warnings.push(format!(
            "{PROVIDER} has no effect without dashboard.grading.model"
        ));
    }
    let mut providers = settings.providers.iter();
    if !providers.any(|provider| provider.name.as_ref() == name) {
        found.warnings.push(format!(
            "{PROVIDER} names `{name}`, which is no enabled provider"
        ));
    }
}

fn cache(values: &Resolved) -> Cache {
    Cache {
        enabled: values.is_on("cache.enabled"),
        streams: values.is_on("cache.stream_responses"),
        multi_turn: values.is_on("cache.multi_turn"),
        default_ttl: values.span("cache.default_ttl"),
        max_object_bytes: size(values, "cache.max_object_bytes"),
        max_bytes: values.number("cache.max_bytes"),
        backend: match values.text("cache.backend") {
            Some("redis") => CacheBackend::Redis,
            _ => CacheBackend::Memory,
        },
        redis_url: secret(values, "cache.redis_url"),
        redis_prefix: values.text("cache.redis_prefix").unwrap_or_default().into(),
        redis_timeout: values.span("cache.redis_timeout"),
    }
}

/// Refuses a shared cache that nobody says the place of, and warns of a place without one.
fn cache_store(settings: &Settings, values: &Resolved, found: &mut Findings) {
    const BACKEND: &str = "cache.backend";
    let own = settings.cache.redis_url.is_some();
    match settings.cache.backend {
        CacheBackend::Redis
            if settings.cache.enabled && !own && settings.shared.redis_url.is_none() =>
        {
            let message = "`redis`, but nothing says where that is";
            let fault = Fault::new(values.place(BACKEND), BACKEND, message);
            let hint = "set `cache.redis_url` or `shared.redis_url`";
            found.faults.push(fault.hint(hint));
        }
        CacheBackend::Memory if own => found.warnings.push(format!(
            "cache.redis_url has no effect unless {BACKEND} is `redis`"
        )),
        _ => {}
    }
}

fn capture(values: &Resolved) -> Capture {
    let bound = |path| Some(values.number(path)).filter(|bound| *bound > 0);
    let max_age = values.span("capture.retention.max_age");
    Capture {
        enabled: values.is_on("capture.enabled"),
        required: values.is_on("capture.required"),
        max_body_bytes: size(values, "capture.max_body_bytes"),
        queue_bytes: size(values, "capture.queue_bytes"),
        dedup_bytes: size(values, "capture.dedup_bytes"),
        search: values.is_on("capture.search"),
        retention: Retention {
            max_age: (!max_age.is_zero()).then_some(max_age),
            max_rows: bound("capture.retention.max_rows"),
            max_bytes: bound("capture.retention.max_bytes"),
        },
    }
}

fn raw_log(values: &Resolved, found: &mut Findings) -> Option<RotatedFiles> {
    let path = path(values, "capture.raw_log.path")?;
    if !values.is_on("capture.enabled") {
        let off = "capture.raw_log.path has no effect: capture.enabled is off";
        found.warnings.push(off.to_owned());
        return None;
    }
    Some(RotatedFiles {
        path,
        max_bytes: values.number("capture.raw_log.max_bytes"),
        max_files: values.small("capture.raw_log.max_files"),
        max_age: Some(values.span("capture.raw_log.max_age")),
    })
}

fn logging(values: &Resolved) -> Logging {
    let format = match values.text("logging.format") {
        _ if values.is_on("logging.pretty") => LogFormat::Human,
        Some("human" | "pretty") => LogFormat::Human,
        Some("json") => LogFormat::Json,
        _ => LogFormat::Auto,
    };
    let output = match values.text("logging.output") {
        None | Some("stderr") => LogOutput::Stderr,
        Some("stdout") => LogOutput::Stdout,
        Some(path) => LogOutput::File(PathBuf::from(path)),
    };
    let at = |key: &str| format!("logging.debug_options.{key}");
    let usual = DebugOptions::default();
    Logging {
        level: values.text("logging.level").unwrap_or("info").to_owned(),
        format,
        output,
        debug: DebugOptions {
            request_body: values.is_on(&at("log_request_body")),
            response_headers: values.is_on(&at("log_response_headers")),
            tls_metrics: values.is_on(&at("log_tls_metrics")),
            max_body_bytes: match size(values, &at("max_body_log_size")) {
                0 => usual.max_body_bytes,
                bytes => bytes,
            },
        },
    }
}

/// What no section can see alone.
fn together(settings: &Settings, values: &Resolved, found: &mut Findings) {
    let auth = &settings.auth;
    let accepted = identity::accepts_something(auth);
    if auth.enabled && !accepted {
        let place = auth::emptied(values).unwrap_or_else(|| values.place("auth.enabled"));
        let fault = Fault::new(place, "auth.enabled", "on, but no credential is accepted");
        found
            .faults
            .push(fault.hint("set AUTH_TOKEN or `auth.token`"));
    } else if let Err(refusal) = identity::listener_allowed(settings) {
        found.faults.push(Fault::new(
            values.place("server.host"),
            "server.host",
            refusal,
        ));
    }
    let open_to_pages = settings.server.cors.as_ref().is_some_and(Cors::allows_any);
    if open_to_pages && !auth.enabled && !settings.projects.required {
        const PATH: &str = "server.cors.allowed_origins";
        let message = "`*` lets every web page use the gateway, which demands no credential";
        let fault = Fault::new(values.place(PATH), PATH, message);
        found
            .faults
            .push(fault.hint("name origins, or set `auth.enabled`"));
    }
    if accepted && !auth.enabled {
        found
            .warnings
            .push("auth has a credential but auth.enabled is off: none is demanded".to_owned());
    }
    let outside = !identity::is_loopback(settings.server.listen.ip());
    let lends_keys = settings
        .providers
        .iter()
        .any(|provider| !provider.keys.is_empty());
    if auth.enabled && auth.any_bearer && outside && lends_keys {
        found.warnings.push(
            "auth.allow_subscription accepts any bearer from other machines, and a provider has an api_key \
             that they can then use; set auth.bearer_secret"
                .to_owned(),
        );
    }
    if !settings.server.trusted_proxies.is_empty() && !settings.server.trust_proxy {
        found.warnings.push(
            "server.trusted_proxies has no effect while server.trust_proxy is off".to_owned(),
        );
    }
}

/// Warns of credentials that can be guessed, or that might equal an ordinary header's value, which
/// the gateway would then take for its own credential and not send on.
fn short_secrets(values: &Resolved, found: &mut Findings) {
    for path in [
        "server.api_key",
        "server.auth.api_key",
        "server.auth.bearer_secret",
        "auth.token",
        "auth.api_key",
        "auth.bearer_secret",
        "dashboard.password",
        "projects.management_token",
        "projects.operate_token",
        "projects.read_token",
    ] {
        if values.text(path).is_some_and(|text| text.len() < SHORTEST) {
            found.warnings.push(short(path));
        }
    }
}

/// Bytes of a credential that nobody guesses.
pub(crate) const SHORTEST: usize = 8;

/// What is said of a shorter one.
pub(crate) fn short(path: &str) -> String {
    format!("{path} is shorter than {SHORTEST} characters and can be guessed")
}

/// A credential that is set and not empty.
pub(crate) fn secret(values: &Resolved, path: &str) -> Option<Secret> {
    values.text(path).map(Secret::new)
}

/// A path that is set.
pub(crate) fn path(values: &Resolved, path: &str) -> Option<PathBuf> {
    values.text(path).map(PathBuf::from)
}

fn size(values: &Resolved, path: &str) -> usize {
    usize::try_from(values.number(path)).unwrap_or(usize::MAX)
}

/// A bound where 0 means that there is none.
fn limit(values: &Resolved, path: &str) -> Option<NonZeroUsize> {
    NonZeroUsize::new(size(values, path))
}
