//! The whole way from text to settings.

use std::collections::HashMap;
use std::time::Duration;

use super::*;
use crate::secret::Secret;
use crate::settings::{ClientCredentials, OutboundProxy, ProviderKind};

/// Loads a file (YAML unless it begins with `[`), with variables and overrides.
fn load_with(
    text: &str,
    env: &[(&str, &str)],
    flags: &[(&str, &str)],
) -> Result<Loaded, Vec<Fault>> {
    let toml = text.trim_start().starts_with('[');
    let (name, format) = if toml {
        ("weir.toml", Format::Toml)
    } else {
        ("weir.yaml", Format::Yaml)
    };
    let env: HashMap<&str, &str> = env.iter().copied().collect();
    let flags: Vec<_> = flags
        .iter()
        .map(|(path, value)| ((*path).to_owned(), (*value).to_owned()))
        .collect();
    let get = |name: &str| env.get(name).map(|value| (*value).to_owned());
    load(Some(SourceText { name, format, text }), &get, &flags)
}

fn good(text: &str, env: &[(&str, &str)]) -> Loaded {
    load_with(text, env, &[]).unwrap_or_else(|faults| panic!("{}", lines(&faults)))
}

/// The faults, one a line.
fn faults(text: &str, env: &[(&str, &str)]) -> String {
    match load_with(text, env, &[]) {
        Ok(loaded) => panic!("it should not load; warnings: {:?}", loaded.warnings),
        Err(faults) => lines(&faults),
    }
}

fn lines(faults: &[Fault]) -> String {
    faults.iter().map(|fault| format!("{fault}\n")).collect()
}

fn effective<'a>(loaded: &'a Loaded, path: &str) -> &'a Effective {
    loaded
        .report
        .iter()
        .find(|entry| entry.path == path)
        .expect(path)
}

#[test]
fn nothing_at_all_gives_the_defaults() {
    let loaded = load(None, &|_| None, &[]).expect("the defaults are good");
    let settings = &loaded.settings;
    assert_eq!(settings.server.listen.to_string(), "127.0.0.1:3001");
    assert_eq!(settings.server.read_timeout, Duration::from_secs(600));
    assert_eq!(settings.server.header_timeout, Duration::from_secs(10));
    assert_eq!(settings.server.drain_timeout, Duration::from_secs(32 * 60));
    assert_eq!(
        settings.server.max_body_bytes.map(std::num::NonZero::get),
        Some(32 << 20)
    );
    assert_eq!(
        (settings.server.max_concurrent, settings.server.workers),
        (None, None)
    );
    assert_eq!(
        (
            settings.server.max_header_bytes,
            settings.server.max_headers
        ),
        (64 << 10, 100)
    );
    assert!(settings.auth.allow_localhost_bypass && !settings.auth.enabled);
    assert_eq!(settings.capture.queue_bytes, 12 << 20);
    assert_eq!(
        settings.capture.retention,
        crate::settings::Retention::default()
    );
    assert_eq!(settings.storage.db_path.to_str(), Some("requests.db"));
    assert!(loaded.warnings.is_empty(), "{:?}", loaded.warnings);
    assert!(
        loaded
            .report
            .iter()
            .all(|entry| entry.source == Source::Default)
    );
}

#[test]
fn the_three_providers_exist_without_being_named() {
    let providers = good("", &[]).settings.providers;
    let seen: Vec<_> = providers
        .iter()
        .map(|p| (p.kind, p.base_url.to_string()))
        .collect();
    let expected = [
        (ProviderKind::Anthropic, "https://api.anthropic.com/"),
        (ProviderKind::Openai, "https://api.openai.com/"),
        (
            ProviderKind::Gemini,
            "https://generativelanguage.googleapis.com/",
        ),
    ];
    assert_eq!(seen, expected.map(|(kind, url)| (kind, url.to_owned())));
    let versions: Vec<_> = providers.iter().map(|p| p.version.is_some()).collect();
    assert_eq!(versions, [true, false, false]);
    let first = providers.first().expect("three");
    assert_eq!(first.version.as_ref().expect("set"), "2023-06-01");
    assert_eq!(
        (first.max_retries, &first.proxy),
        (3, &OutboundProxy::Direct)
    );
}

#[test]
fn both_formats_say_the_same() {
    let yaml = "
server:
  port: 8080
  timeouts: {read: 5m}
  trusted_proxies: [10.0.0.0/8, 192.0.2.7]
  trust_proxy: true
providers:
  local:
    type: openai
    base_url: http://127.0.0.1:8000/v1/
    models:
      - a
      - b
  gemini:
    enabled: false
";
    let toml = "
[server]
port = 8_080
timeouts.read = '5m'
trusted_proxies = ['10.0.0.0/8', '192.0.2.7']
trust_proxy = true
[providers.local]
type = 'openai'
base_url = 'http://127.0.0.1:8000/v1/'
models = ['a', 'b']
[providers.gemini]
enabled = false
";
    for text in [yaml, toml] {
        let settings = good(text, &[]).settings;
        assert_eq!(settings.server.listen.port(), 8080);
        assert_eq!(settings.server.read_timeout, Duration::from_secs(300));
        assert_eq!(settings.server.trusted_proxies.len(), 2);
        let names: Vec<_> = settings.providers.iter().map(|p| p.name.as_ref()).collect();
        assert_eq!(names, ["local", "anthropic"]);
        let local = settings.providers.first().expect("two");
        assert_eq!(local.base_url.to_string(), "http://127.0.0.1:8000/");
        assert_eq!(
            (local.models.as_slice(), local.version.is_none()),
            (["a".to_owned(), "b".to_owned()].as_slice(), true)
        );
    }
}

#[test]
fn environment_beats_the_file_and_a_flag_beats_both() {
    let file = "server:\n  timeouts:\n    read: 10m\n  port: 1\n";
    let loaded = good(file, &[("READ_TIMEOUT", "500"), ("PORT", "")]);
    assert_eq!(
        loaded.settings.server.read_timeout,
        Duration::from_secs(500)
    );
    assert_eq!(
        effective(&loaded, "server.timeouts.read").source,
        Source::Env("READ_TIMEOUT")
    );
    assert_eq!(
        effective(&loaded, "server.port").source,
        Source::File { line: 4 },
        "an empty variable is unset"
    );
    let loaded = load_with(file, &[("PORT", "2")], &[("server.port", "3")]).expect("good");
    assert_eq!(loaded.settings.server.listen.port(), 3);
    assert_eq!(effective(&loaded, "server.port").source, Source::Flag);
    let loaded = good("", &[("READ_TIMEOUT", "500s")]);
    assert_eq!(
        loaded.settings.server.read_timeout,
        Duration::from_secs(500)
    );
}

const REFERENCE_VARIABLES: [(&str, &str); 23] = [
    ("PORT", "4000"),
    ("SERVER_HOST", "::1"),
    ("READ_TIMEOUT", "1m"),
    ("WRITE_TIMEOUT", "2m"),
    ("IDLE_TIMEOUT", "3m"),
    ("ANTHROPIC_FORWARD_URL", "http://a:1"),
    ("ANTHROPIC_VERSION", "2026-10-21"),
    ("ANTHROPIC_MAX_RETRIES", "0"),
    ("ANTHROPIC_RESPONSE_HEADER_TIMEOUT", "2s"),
    ("OPENAI_API_KEY", "ok"),
    ("OPENAI_BASE_URL", "https://o/x/v1"),
    ("GEMINI_API_KEY", "gk"),
    ("GEMINI_BASE_URL", "https://g/v1beta/"),
    ("DB_TYPE", "sqlite"),
    ("DB_PATH", "/tmp/x.db"),
    ("TRUST_PROXY", "yes"),
    ("AUTH_ENABLED", "1"),
    ("AUTH_TOKEN", "tok"),
    ("AUTH_API_KEY_HEADER", "X-Foo"),
    ("AUTH_ALLOW_LOCALHOST_BYPASS", "false"),
    ("DASHBOARD_PASSWORD", "pw"),
    ("PROXY_PUBLIC_URL", "https://w"),
    ("LOG_LEVEL", "debug"),
];

#[test]
fn every_variable_of_the_references_is_obeyed() {
    let loaded = good("", &REFERENCE_VARIABLES);
    for (name, _) in REFERENCE_VARIABLES {
        assert!(
            loaded
                .report
                .iter()
                .any(|entry| entry.source == Source::Env(name)),
            "{name}"
        );
    }
    let Settings {
        server,
        auth,
        dashboard,
        storage,
        logging,
        ..
    } = &loaded.settings;
    assert_eq!(server.listen.to_string(), "[::1]:4000");
    let timeouts = [
        server.read_timeout,
        server.write_timeout,
        server.idle_timeout,
    ];
    assert_eq!(timeouts.map(|time| time.as_secs()), [60, 120, 180]);
    assert!(server.trust_proxy && auth.enabled && !auth.allow_localhost_bypass);
    assert_eq!(auth.api_key_header.as_str(), "x-foo");
    let secrets = [&auth.bearer_token, &auth.api_key, &dashboard.password];
    assert_eq!(
        secrets.map(|secret| secret.as_ref().map(Secret::expose)),
        ["tok", "tok", "pw"].map(Some)
    );
    assert_eq!(dashboard.proxy_public_url.as_deref(), Some("https://w"));
    assert_eq!(
        (storage.db_path.to_str(), logging.level.as_str()),
        (Some("/tmp/x.db"), "debug")
    );
    let both = good("", &[("LOG_LEVEL", "debug"), ("WEIR_LOG", "trace")]);
    assert_eq!(both.settings.logging.level, "trace");
}

#[test]
fn variables_of_providers_reach_their_provider() {
    let providers = good("", &REFERENCE_VARIABLES).settings.providers;
    let urls: Vec<_> = providers.iter().map(|p| p.base_url.to_string()).collect();
    assert_eq!(urls, ["http://a:1/", "https://o/x", "https://g/"]);
    let keys: Vec<_> = providers
        .iter()
        .map(|p| p.keys.first().map(|key| key.secret.expose()))
        .collect();
    assert_eq!(keys, [None, Some("ok"), Some("gk")]);
    let first = providers.first().expect("three");
    assert_eq!(
        (first.max_retries, first.response_header_timeout.as_secs()),
        (0, 2)
    );
    assert_eq!(first.version.as_ref().expect("set"), "2026-10-21");
}

#[test]
fn variables_are_put_into_values_of_the_file() {
    let text = "
server:
  host: ${HOST:-::1}
  port: ${PORT_X}
auth:
  token: ${TOKEN:-}
storage:
  db_path: $${x}/${EMPTY:-d}.db
";
    let loaded = good(text, &[("PORT_X", "99"), ("EMPTY", "")]);
    assert_eq!(loaded.settings.server.listen.to_string(), "[::1]:99");
    assert!(loaded.settings.auth.api_key.is_none());
    assert_eq!(loaded.settings.storage.db_path.to_str(), Some("${x}/d.db"));
    let unset = good(text, &[]);
    assert_eq!(unset.settings.server.listen.to_string(), "[::1]:3001");
    assert_eq!(
        unset.warnings,
        ["weir.yaml:4: server.port: the variable `PORT_X` is unset or empty"]
    );
    let found = faults(text, &[("PORT_X", "sk-secret")]);
    assert!(
        found.contains("`${PORT_X}` is not a whole number") && !found.contains("sk-secret"),
        "{found}"
    );
    let injected = good(
        "auth:\n  token: ${T}\n",
        &[("T", "a\nserver: {port: 1}")].map(|_| ("T", "a: [b")),
    );
    assert_eq!(
        injected.settings.auth.api_key.as_ref().map(Secret::expose),
        Some("a: [b")
    );
}

#[test]
fn auth_settings_combine_as_documented() {
    let auth = |text: &str| {
        good(&format!("auth: {{enabled: true, {text}}}"), &[])
            .settings
            .auth
    };
    let show = |text: &str| {
        let auth = auth(text);
        let of = |secret: &Option<Secret>| {
            secret
                .as_ref()
                .map(|s| s.expose().to_owned())
                .unwrap_or_default()
        };
        (of(&auth.bearer_token), of(&auth.api_key), auth.any_bearer)
    };
    let is = |bearer: &str, key: &str, any| (bearer.to_owned(), key.to_owned(), any);
    assert_eq!(show("token: t"), is("t", "t", false));
    assert_eq!(show("token: t, allow_bearer: false"), is("", "t", false));
    assert_eq!(
        show("token: t, api_key: k, bearer_secret: b"),
        is("b", "k", false)
    );
    assert_eq!(show("allow_subscription: true"), is("", "", true));
    assert_eq!(
        show("token: t, allow_subscription: true"),
        is("t", "t", true)
    );
    assert_eq!(
        show("bearer_secret: b, allow_subscription: true, allow_bearer: false"),
        is("b", "", false)
    );
}

#[test]
fn listen_speaks_for_host_and_port_unless_a_stronger_layer_does() {
    let text = "server:\n  listen: '[::1]:9000'\n";
    let listen = |env: &[(&str, &str)]| good(text, env).settings.server.listen.to_string();
    assert_eq!(listen(&[]), "[::1]:9000");
    assert_eq!(listen(&[("PORT", "1")]), "[::1]:1");
    assert_eq!(listen(&[("SERVER_HOST", "localhost")]), "127.0.0.1:9000");
    let found = faults("server: {listen: '127.0.0.1:1', port: 2}", &[]);
    assert!(
        found.contains("server.port: set besides `server.listen`; keep one"),
        "{found}"
    );
    assert_eq!(
        effective(&good(text, &[]), "server.port").source,
        Source::File { line: 2 }
    );
}

#[test]
fn providers_take_proxies_and_credential_modes() {
    let text = "
providers:
  anthropic: {proxy: environment, client_credentials: never}
  second: {type: anthropic, proxy: 'socks5://127.0.0.1:1080', no_proxy: 'localhost,.in'}
";
    let settings = good(text, &[]).settings;
    let [first, second, ..] = settings.providers.as_slice() else {
        panic!("four")
    };
    assert_eq!(
        (&first.proxy, first.client_credentials),
        (&OutboundProxy::Environment, ClientCredentials::Never)
    );
    assert!(
        matches!(&second.proxy, OutboundProxy::Url { url, no_proxy } if url.expose() == "socks5://127.0.0.1:1080" && no_proxy == "localhost,.in")
    );
    assert_eq!(second.base_url.to_string(), "https://api.anthropic.com/");
}

#[test]
fn what_needs_a_restart_is_told() {
    let old = good("server: {port: 1}\nlogging: {level: info}", &[]);
    let new = good("server: {port: 2}\nlogging: {level: debug}", &[]);
    assert_eq!(old.needs_restart(&new), ["server.port"]);
    assert!(old.needs_restart(&old).is_empty());
}

#[test]
fn the_catalogue_is_sound() {
    use super::catalogue::{SECTIONS, entries};
    for (at, entry) in entries().enumerate() {
        assert!(
            entries().skip(at + 1).all(|other| other.path != entry.path),
            "{}",
            entry.path
        );
        assert!(
            SECTIONS.iter().any(|(path, _)| *path == entry.section()),
            "{}",
            entry.path
        );
        assert!(
            entry.doc.ends_with('.') && !entry.doc.contains("  "),
            "{}",
            entry.path
        );
        for default in
            std::iter::once(&entry.default).chain(entry.by_type.iter().map(|(_, value)| value))
        {
            assert!(
                default.is_empty() || entry.kind.read(default).is_ok(),
                "{}: {default}",
                entry.path
            );
        }
        let shown = if entry.default.is_empty() {
            entry.example
        } else {
            entry.default
        };
        let quiet = entry.path == "providers.*.base_url";
        assert!(
            quiet || !shown.is_empty(),
            "{} has neither default nor example",
            entry.path
        );
    }
    let names: Vec<_> = entries()
        .flat_map(|entry| entry.env)
        .map(|variable| variable.name)
        .collect();
    let mut once = names.clone();
    once.sort_unstable();
    once.dedup();
    assert_eq!(once.len(), names.len(), "a variable sets two entries");
}

mod events;
mod faults;
mod kinds;
mod moving;
mod pricing;
mod projects;
mod providers;
mod routing;
mod services;
mod stored;

#[test]
fn prompts_are_graded_by_whom_the_file_names() {
    let off = good("", &[]).settings.dashboard.grading;
    assert_eq!(off, None);
    let text = "
dashboard:
  grading:
    model: judge-1
    provider: nobody
";
    let loaded = good(text, &[]);
    let grading = loaded.settings.dashboard.grading.expect("a model is set");
    assert_eq!(grading.model, "judge-1");
    assert_eq!(grading.provider.as_deref(), Some("nobody"));
    assert_eq!(
        loaded.warnings,
        ["dashboard.grading.provider names `nobody`, which is no enabled provider"]
    );
    let lame = good("dashboard:\n  grading:\n    provider: anthropic\n", &[]);
    assert_eq!(lame.settings.dashboard.grading, None);
    assert_eq!(
        lame.warnings,
        ["dashboard.grading.provider has no effect without dashboard.grading.model"]
    );
}
