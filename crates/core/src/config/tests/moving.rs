//! Files of cc-relay, as their owners bring them along.

use std::time::Duration;

use super::super::Settings;
use super::{effective, faults, good};
use crate::secret::Secret;
use crate::settings::{KeyStrategy, LogFormat, LogOutput, ProviderKind, Strategy};

/// Every key that cc-relay knows.
const EVERYTHING: &str = "
server:
  listen: '127.0.0.1:8787'
  api_key: $RELAY_KEY
  timeout_ms: 600000
  max_concurrent: 0
  max_body_bytes: 0
  enable_http2: true
  auth:
    api_key: ''
    allow_bearer: false
    allow_subscription: true
    bearer_secret: ''
routing:
  strategy: weighted_round_robin
  failover_timeout: 5000
  debug: true
  model_mapping: {}
  default_provider: ''
providers:
  - name: anthropic-primary
    type: anthropic
    enabled: true
    base_url: https://api.anthropic.com
    models: [claude-opus-4-6]
    model_mapping: {claude-x: claude-y}
    keys:
      - key: ${ANTHROPIC_API_KEY}
        rpm_limit: 60
        itpm_limit: 30000
        otpm_limit: 0
        tpm_limit: 0
        priority: 2
        weight: 3
      - {key: k-2, tpm_limit: 100000}
    pooling: {enabled: true, strategy: weighted}
  - name: bedrock
    type: bedrock
    enabled: true
    aws_region: us-east-1
    aws_access_key_id: ''
    aws_secret_access_key: ''
    keys: [{key: unused}]
  - name: vertex
    type: vertex
    enabled: true
    gcp_project_id: p
    gcp_region: us-east5
  - name: azure
    type: azure
    enabled: true
    azure_resource_name: r
    azure_api_version: '2024-06-01'
    azure_deployment_id: d
    keys: [{key: az}]
  - name: spare
    type: minimax
    enabled: false
    keys: [{key: mm}]
logging:
  level: info
  format: text
  output: stdout
  pretty: false
  file: /x
  debug_options: {log_request_body: true, log_response_headers: true, log_tls_metrics: true, max_body_log_size: 1000}
health:
  check_interval_seconds: 10
  health_check: {enabled: true, interval_ms: 10000}
  circuit_breaker:
    failure_threshold: 5
    open_duration_ms: 30000
    half_open_probes: 3
    recovery_timeout_seconds: 60
    triggers: {rate_limit_errors: 3, timeout_errors: 2, server_errors: 3}
cache:
  mode: single
  ristretto: {num_counters: 1000000, max_cost: 104857600, buffer_items: 64}
  olric: {embedded: true, addresses: [a], bind_addr: b, dmap_name: c, environment: local, peers: [p], leave_timeout: 5s}
grpc: {listen: '127.0.0.1:9090', web_listen: '127.0.0.1:9091'}
metrics: {enabled: true, prometheus_endpoint: /metrics, prometheus_listen: '127.0.0.1:9100'}
";

#[test]
fn a_file_with_every_key_of_cc_relay_loads() {
    let env = [("RELAY_KEY", "relay-key-1"), ("ANTHROPIC_API_KEY", "k-1")];
    let loaded = good(EVERYTHING, &env);
    let Settings {
        server,
        auth,
        routing,
        providers,
        logging,
        ..
    } = &loaded.settings;
    assert_eq!(server.listen.to_string(), "127.0.0.1:8787");
    assert_eq!((server.max_body_bytes, server.max_concurrent), (None, None));
    assert!(auth.enabled && auth.any_bearer && !auth.allow_localhost_bypass);
    assert_eq!(auth.api_key, Some(Secret::new("relay-key-1")));
    assert_eq!(routing.strategy, Strategy::WeightedRoundRobin);
    assert_eq!(routing.failover_timeout, Some(Duration::from_secs(5)));
    let names: Vec<_> = providers.iter().map(|p| p.name.as_ref()).collect();
    let expected = ["anthropic-primary", "bedrock", "vertex", "azure"];
    assert_eq!(names, expected);
    let first = providers.first().expect("four");
    assert_eq!((first.kind, first.keys.len()), (ProviderKind::Anthropic, 2));
    assert_eq!((first.weight, first.priority), (3, 2));
    assert_eq!(first.key_strategy, KeyStrategy::Weighted);
    assert_eq!(first.response_header_timeout, Duration::from_secs(600));
    assert_eq!(
        (logging.format, &logging.output),
        (LogFormat::Auto, &LogOutput::Stdout)
    );
    let told: Vec<_> = loaded
        .warnings
        .iter()
        .filter(|line| line.contains("has no effect: "))
        .filter_map(|line| line.strip_prefix("weir.yaml:")?.split(' ').nth(1))
        .collect();
    let expected = [
        "providers.azure.azure_deployment_id",
        "logging.file",
        "health.check_interval_seconds",
        "health.circuit_breaker.recovery_timeout_seconds",
        "health.circuit_breaker.triggers",
        "cache.mode",
        "cache.ristretto",
        "cache.olric",
        "grpc",
        "metrics",
    ];
    assert_eq!(told, expected, "{:?}", loaded.warnings);
}

#[test]
fn a_file_with_an_address_and_one_provider_is_enough() {
    for text in [
        "server: {listen: '127.0.0.1:8787'}\nproviders: [{name: a, type: anthropic}]",
        "[server]\nlisten = '127.0.0.1:8787'\n[[providers]]\nname = 'a'\ntype = 'anthropic'\n",
    ] {
        let loaded = good(text, &[]);
        assert_eq!(loaded.settings.server.listen.port(), 8787);
        let first = loaded.settings.providers.first().expect("some");
        assert_eq!(
            (first.name.as_ref(), first.kind),
            ("a", ProviderKind::Anthropic)
        );
        assert!(loaded.warnings.is_empty(), "{:?}", loaded.warnings);
    }
}

#[test]
fn five_faults_are_five_lines() {
    let text = "
server: {listen: nowhere}
routing: {strategy: bogus}
providers:
  - {name: a, type: wrong}
  - {name: b, type: zai, keys: [{key: k, priority: 3}]}
  - {name: b, type: ollama}
";
    let found = faults(text, &[]);
    assert_eq!(found.lines().count(), 5, "{found}");
    for (line, part) in [
        (2, "server.listen"),
        (3, "routing.strategy"),
        (5, "providers.a.type"),
        (
            6,
            "providers.b.keys.0.priority: `3` is too large: at most 2",
        ),
        (7, "providers: the name `b` is taken"),
    ] {
        let begin = format!("weir.yaml:{line}: {part}");
        assert!(found.contains(&begin), "{begin} is not in\n{found}");
    }
}

/// Enabled, bearer token, key, any bearer, loopback bypass.
fn auth(text: &str) -> (bool, String, String, bool, bool) {
    let auth = good(text, &[]).settings.auth;
    let shown =
        |secret: Option<Secret>| secret.map_or(String::new(), |secret| secret.expose().to_owned());
    (
        auth.enabled,
        shown(auth.bearer_token),
        shown(auth.api_key),
        auth.any_bearer,
        auth.allow_localhost_bypass,
    )
}

fn is(
    enabled: bool,
    bearer: &str,
    key: &str,
    any: bool,
    bypass: bool,
) -> (bool, String, String, bool, bool) {
    (enabled, bearer.to_owned(), key.to_owned(), any, bypass)
}

#[test]
fn cc_relays_credentials_are_demanded_by_being_set() {
    for (text, expected) in [
        (
            "server: {api_key: legacy-1}",
            is(true, "", "legacy-1", false, false),
        ),
        (
            "server: {auth: {api_key: pk}}",
            is(true, "", "pk", false, false),
        ),
        (
            "server: {api_key: legacy, auth: {api_key: pk}}",
            is(true, "", "pk", false, false),
        ),
        (
            "server: {auth: {allow_bearer: true, bearer_secret: s}}",
            is(true, "s", "", false, false),
        ),
        (
            "server: {auth: {bearer_secret: s}}",
            is(true, "s", "", false, false),
        ),
        (
            "server: {auth: {allow_subscription: true}}",
            is(true, "", "", true, false),
        ),
        (
            "server: {auth: {allow_bearer: true}}",
            is(true, "", "", true, false),
        ),
        (
            "server: {auth: {api_key: pk, allow_bearer: true, bearer_secret: s}}",
            is(true, "s", "pk", false, false),
        ),
        (
            "server: {auth: {allow_bearer: false}}",
            is(false, "", "", false, true),
        ),
        ("server: {api_key: ''}", is(false, "", "", false, true)),
        (
            "server: {api_key: k}\nauth: {enabled: false}",
            is(false, "", "k", false, true),
        ),
        (
            "server: {api_key: k}\nauth: {allow_localhost_bypass: true}",
            is(true, "", "k", false, true),
        ),
        (
            "server: {api_key: k}\nauth: {enabled: true}",
            is(true, "", "k", false, true),
        ),
        ("auth: {api_key: k}", is(false, "", "k", false, true)),
    ] {
        assert_eq!(auth(text), expected, "{text}");
    }
    let loaded = good("server:\n  api_key: legacy-key\n", &[]);
    let shown = effective(&loaded, "auth.enabled");
    assert_eq!(
        (shown.value.as_deref(), shown.source.to_string()),
        (Some("true"), "file, line 2".to_owned())
    );
}

#[test]
fn an_unset_variable_does_not_open_the_gateway() {
    let found = faults("server:\n  auth:\n    api_key: ${RELAY_KEY}\n", &[]);
    assert_eq!(
        found,
        "weir.yaml:3: auth.enabled: on, but no credential is accepted; set AUTH_TOKEN or `auth.token`\n"
    );
    let loaded = good("server: {auth: {api_key: '${RELAY_KEY:-}'}}", &[]);
    assert!(!loaded.settings.auth.enabled);
}
