//! From values that are each well formed to settings that go together.

use std::net::SocketAddr;
use std::num::NonZeroUsize;
use std::path::PathBuf;

use super::checks;
use super::fault::Fault;
use super::kind::Value;
use super::providers;
use super::resolve::Resolved;
use crate::identity;
use crate::secret::Secret;
use crate::settings::{
    Auth, Capture, Dashboard, DebugOptions, Health, LogFormat, LogOutput, Logging, Retention,
    Routing, Server, Settings, Shared, Storage, Tls,
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
    let settings = Settings {
        server: server(values, found),
        auth: auth(values, found),
        dashboard: Dashboard {
            password: secret(values, "dashboard.password"),
            proxy_public_url: values.text("dashboard.proxy_public_url").map(str::to_owned),
        },
        providers: providers::check(values, found),
        routing: Routing::default(),
        health: Health::default(),
        capture: capture(values),
        storage: Storage {
            db_path: path(values, "storage.db_path").unwrap_or_default(),
        },
        shared: Shared::default(),
        logging: Logging {
            level: values.text("logging.level").unwrap_or("info").to_owned(),
            format: match values.text("logging.format") {
                Some("human") => LogFormat::Human,
                Some("json") => LogFormat::Json,
                _ => LogFormat::Auto,
            },
            output: LogOutput::default(),
            debug: DebugOptions::default(),
        },
    };
    together(&settings, values, found);
    short_secrets(values, found);
    settings
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
        max_header_bytes: size(values, "server.max_header_bytes"),
        max_headers: size(values, "server.max_headers"),
        trust_proxy: values.is_on("server.trust_proxy"),
        trusted_proxies: nets.collect(),
        allowed_hosts: values.list("server.allowed_hosts").to_vec(),
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

fn auth(values: &Resolved, found: &mut Findings) -> Auth {
    let token = secret(values, "auth.token");
    let bearer_secret = secret(values, "auth.bearer_secret");
    let subscription = values.is_on("auth.allow_subscription");
    let bearer = values.is_on("auth.allow_bearer");
    if bearer_secret.is_some() && !bearer && !subscription {
        found.warnings.push(
            "auth.bearer_secret has no effect while auth.allow_bearer and auth.allow_subscription are off"
                .to_owned(),
        );
    }
    let any_bearer = subscription && bearer_secret.is_none();
    let header = values
        .text("auth.api_key_header")
        .and_then(|name| checks::key_header(name).ok());
    Auth {
        enabled: values.is_on("auth.enabled"),
        bearer_token: bearer_secret
            .filter(|_| bearer || subscription)
            .or_else(|| token.clone().filter(|_| bearer)),
        any_bearer,
        api_key: secret(values, "auth.api_key").or(token),
        api_key_header: header.unwrap_or(identity::DEFAULT_KEY_HEADER),
        allow_localhost_bypass: values.is_on("auth.allow_localhost_bypass"),
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
        retention: Retention {
            max_age: (!max_age.is_zero()).then_some(max_age),
            max_rows: bound("capture.retention.max_rows"),
            max_bytes: bound("capture.retention.max_bytes"),
        },
    }
}

/// What no section can see alone.
fn together(settings: &Settings, values: &Resolved, found: &mut Findings) {
    let auth = &settings.auth;
    let accepted = identity::accepts_something(auth);
    if auth.enabled && !accepted {
        let fault = Fault::new(
            values.place("auth.enabled"),
            "auth.enabled",
            "on, but no credential is accepted",
        );
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
    const SHORTEST: usize = 8;
    for path in [
        "auth.token",
        "auth.api_key",
        "auth.bearer_secret",
        "dashboard.password",
    ] {
        if values.text(path).is_some_and(|text| text.len() < SHORTEST) {
            found.warnings.push(format!(
                "{path} is shorter than {SHORTEST} characters and can be guessed"
            ));
        }
    }
}

/// A credential that is set and not empty.
pub(crate) fn secret(values: &Resolved, path: &str) -> Option<Secret> {
    values.text(path).map(Secret::new)
}

fn path(values: &Resolved, path: &str) -> Option<PathBuf> {
    values.text(path).map(PathBuf::from)
}

fn size(values: &Resolved, path: &str) -> usize {
    usize::try_from(values.number(path)).unwrap_or(usize::MAX)
}

/// A bound where 0 means that there is none.
fn limit(values: &Resolved, path: &str) -> Option<NonZeroUsize> {
    NonZeroUsize::new(size(values, path))
}
