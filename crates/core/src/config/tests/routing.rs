//! Routing, health, logging and what several weirs share.

use std::time::Duration;

use super::super::{Source, catalogue};
use super::{effective, faults, good};
use crate::config::entry::Entry;
use crate::secret::Secret;
use crate::settings::{
    CacheBackend, DebugOptions, Health, LogFormat, LogOutput, Routing, Strategy, Thinking,
};

#[test]
fn nothing_said_is_the_default_of_the_settings() {
    let settings = good("", &[]).settings;
    assert_eq!(settings.routing, Routing::default());
    assert_eq!(settings.health, Health::default());
    assert_eq!(settings.logging.debug, DebugOptions::default());
    assert_eq!(settings.logging.output, LogOutput::default());
    assert_eq!(settings.shared.redis_url, None);
}

#[test]
fn every_setting_of_routing_arrives() {
    let text = "
routing:
  strategy: model_based
  failover_timeout: 1500
  retries: 2
  race: true
  debug: true
  model_mapping:
    claude: anthropic
    gpt-5.2: openai
  default_provider: gemini
  affinity: false
  affinity_ttl: 90
  thinking: {enabled: false, prefix: true, ttl: 30m, placeholder: '(none)'}
  translate: false
  translate_strictly: true
  profiles_file: /p.toml
  ping_interval: 7s
  quota_probe: false
";
    let loaded = good(text, &[]);
    let pairs = [("claude", "anthropic"), ("gpt-5.2", "openai")];
    let expected = Routing {
        strategy: Strategy::ModelBased,
        failover_timeout: Some(Duration::from_millis(1500)),
        retries: 2,
        race: true,
        debug: true,
        model_mapping: pairs
            .map(|(prefix, name)| (prefix.to_owned(), name.to_owned()))
            .into(),
        default_provider: Some("gemini".to_owned()),
        affinity: false,
        affinity_ttl: Duration::from_secs(90),
        thinking: Thinking {
            enabled: false,
            prefix: true,
            ttl: Duration::from_secs(1800),
            placeholder: "(none)".to_owned(),
        },
        translate: false,
        translate_strictly: true,
        profiles_file: Some("/p.toml".into()),
        ping_interval: Duration::from_secs(7),
        quota_probe: false,
        request_header_rules: Vec::new(),
        response_header_rules: Vec::new(),
    };
    assert_eq!(loaded.settings.routing, expected);
    assert!(loaded.warnings.is_empty(), "{:?}", loaded.warnings);
}

#[test]
fn the_failover_timeout_is_in_milliseconds_unless_it_says_its_unit() {
    for (text, ms) in [("500", 500), ("'5s'", 5000), ("'1m30s'", 90_000)] {
        let routing = good(&format!("routing: {{failover_timeout: {text}}}"), &[])
            .settings
            .routing;
        assert_eq!(routing.failover_timeout, Some(Duration::from_millis(ms)));
    }
    let none = good("routing: {failover_timeout: 0}", &[]).settings.routing;
    assert_eq!(none.failover_timeout, None);
    let found = faults("routing: {failover_timeout: soon}", &[]);
    assert!(found.contains("write milliseconds, or such as"), "{found}");
}

#[test]
fn every_strategy_has_its_word() {
    for strategy in Strategy::ALL {
        let text = format!(
            "routing: {{strategy: {}, model_mapping: {{a: openai}}}}",
            strategy.as_str()
        );
        assert_eq!(good(&text, &[]).settings.routing.strategy, strategy);
    }
    let found = faults("routing:\n  strategy: bogus\n", &[]);
    assert!(
        found.starts_with("weir.yaml:2: routing.strategy: `bogus` is not one of `failover`,"),
        "{found}"
    );
}

#[test]
fn routing_by_model_needs_a_mapping_and_says_which_names_are_no_provider() {
    let found = faults("routing:\n  strategy: model_based\n", &[]);
    assert_eq!(
        found,
        "weir.yaml:2: routing.strategy: `model_based` without `routing.model_mapping`; say there which provider gets which models\n"
    );
    let warnings = good(
        "routing: {strategy: model_based, model_mapping: {claude: anthropic, glm: zai}, default_provider: nobody}",
        &[],
    )
    .warnings;
    assert_eq!(
        warnings,
        [
            "routing.model_mapping.glm names `zai`, which is no enabled provider",
            "routing.default_provider names `nobody`, which is no enabled provider",
        ]
    );
    let unused = good("routing: {model_mapping: {claude: anthropic}}", &[]).warnings;
    assert_eq!(
        unused,
        ["routing.model_mapping has no effect: routing.strategy is `failover`"]
    );
}

#[test]
fn health_goes_by_either_name_and_ours_wins() {
    let expected = Health {
        probe: false,
        probe_interval: Duration::from_millis(500),
        probe_timeout: Duration::from_secs(5),
        failure_threshold: 2,
        open_duration: Duration::from_secs(2),
        half_open_probes: 1,
    };
    let ours = "
health:
  probe: {enabled: false, interval: 500ms}
  breaker: {failure_threshold: 2, open_duration: 2, half_open_probes: 1}
";
    let theirs = "
health:
  health_check: {enabled: false, interval_ms: 500}
  circuit_breaker: {failure_threshold: 2, open_duration_ms: 2000, half_open_probes: 1}
";
    assert_eq!(good(ours, &[]).settings.health, expected);
    let loaded = good(theirs, &[]);
    assert_eq!(loaded.settings.health, expected);
    assert_eq!(
        effective(&loaded, "health.breaker.open_duration").source,
        Source::File { line: 4 }
    );
    let both = "health:\n  probe: {interval: 7s}\n  health_check: {interval_ms: 500}\n";
    let loaded = good(both, &[]);
    assert_eq!(
        loaded.settings.health.probe_interval,
        Duration::from_secs(7)
    );
    assert_eq!(
        loaded.warnings,
        [
            "weir.yaml:3: health.health_check.interval_ms has no effect besides health.probe.interval"
        ]
    );
    let flags = [("health.health_check.interval_ms", "250")];
    let loaded = super::load_with(ours, &[], &flags).expect("good");
    assert_eq!(
        loaded.settings.health.probe_interval,
        Duration::from_millis(250)
    );
}

#[test]
fn numbers_of_cc_relay_that_stand_for_the_default_do() {
    let text = "
health:
  health_check: {interval_ms: -1}
  circuit_breaker: {failure_threshold: 0, open_duration_ms: 0, half_open_probes: 0}
server: {timeout_ms: 0}
logging: {debug_options: {max_body_log_size: 0}}
";
    let settings = good(text, &[]).settings;
    assert_eq!(settings.health, Health::default());
    assert_eq!(settings.logging.debug, DebugOptions::default());
    let found = faults("health: {breaker: {failure_threshold: 0}}", &[]);
    assert!(found.contains("`0` is too small: at least 1"), "{found}");
    let found = faults(
        "health: {circuit_breaker: {failure_threshold: -1, open_duration_ms: x}}",
        &[],
    );
    assert!(
        found.contains("health.circuit_breaker.failure_threshold: `-1` is not a whole number")
            && found.contains("health.circuit_breaker.open_duration_ms: `x` is not a duration"),
        "{found}"
    );
}

#[test]
fn the_servers_timeout_reaches_the_providers_that_set_none() {
    let text = "
server: {timeout_ms: 1000}
providers:
  zai: {}
  slow: {type: ollama, response_header_timeout: 20m}
";
    let loaded = good(text, &[("ANTHROPIC_RESPONSE_HEADER_TIMEOUT", "7s")]);
    let providers = loaded.settings.providers.iter();
    let seconds: Vec<_> = providers
        .map(|p| (p.name.as_ref(), p.response_header_timeout.as_secs()))
        .collect();
    let expected = [("zai", 1), ("slow", 1200), ("anthropic", 7), ("gemini", 1)];
    assert_eq!(seconds, expected);
    let shown = effective(&loaded, "providers.zai.response_header_timeout");
    assert_eq!(
        (shown.value.as_deref(), &shown.source),
        (Some("1s"), &Source::File { line: 2 })
    );
}

#[test]
fn log_settings_take_the_words_of_both() {
    let format = |text: &str| {
        good(&format!("logging: {{{text}}}"), &[])
            .settings
            .logging
            .format
    };
    for (text, expected) in [
        ("format: console", LogFormat::Auto),
        ("format: text", LogFormat::Auto),
        ("format: ''", LogFormat::Auto),
        ("format: pretty", LogFormat::Human),
        ("format: human", LogFormat::Human),
        ("format: json", LogFormat::Json),
        ("format: json, pretty: true", LogFormat::Human),
    ] {
        assert_eq!(format(text), expected, "{text}");
    }
    let text = "
logging:
  level: ''
  output: /var/log/weir.log
  debug_options: {log_request_body: true, log_response_headers: true, log_tls_metrics: true, max_body_log_size: 64}
";
    let logging = good(text, &[]).settings.logging;
    assert_eq!(logging.level, "info");
    assert_eq!(logging.output, LogOutput::File("/var/log/weir.log".into()));
    let debug = DebugOptions {
        request_body: true,
        response_headers: true,
        tls_metrics: true,
        max_body_bytes: 64,
    };
    assert_eq!(logging.debug, debug);
    let output = good("logging: {output: stdout}", &[])
        .settings
        .logging
        .output;
    assert_eq!(output, LogOutput::Stdout);
}

#[test]
fn the_shared_store_is_a_redis() {
    let loaded = good("shared: {redis_url: 'redis://:p@h:6379/1'}", &[]);
    let expected = Secret::new("redis://:p@h:6379/1");
    assert_eq!(loaded.settings.shared.redis_url, Some(expected));
    let shared = loaded.settings.shared;
    assert!(shared.hints && shared.live);
    let shared = good(
        "shared: {redis_url: 'redis://h', hints: false, live: off}",
        &[],
    );
    let shared = shared.settings.shared;
    assert!(!shared.hints && !shared.live);
    for url in ["http://h", "redis://", "h:6379", "redis://:1"] {
        let found = faults(&format!("shared: {{redis_url: '{url}'}}"), &[]);
        assert!(found.contains("shared.redis_url: the value "), "{found}");
    }
}

#[test]
fn a_shared_cache_says_where_it_is() {
    let redis = "cache: {enabled: true, backend: redis}\n";
    let found = faults(redis, &[]);
    assert!(
        found.contains("cache.backend: `redis`, but nothing"),
        "{found}"
    );
    let shared = format!("{redis}shared: {{redis_url: 'redis://h'}}\n");
    let cache = good(&shared, &[]).settings.cache;
    assert_eq!(
        (cache.backend, cache.redis_url),
        (CacheBackend::Redis, None)
    );
    assert_eq!(&*cache.redis_prefix, "weir:{cache}:");
    let own = [
        ("HTTP_CACHE_ENABLED", "1"),
        ("HTTP_CACHE_BACKEND", "redis"),
        ("REDIS_CACHE_URL", "redis://:p@h:6379/1"),
        ("REDIS_CACHE_KEY_PREFIX", "llmproxy:cache:"),
        ("REDIS_CACHE_TIMEOUT", "1s"),
    ];
    let cache = good("", &own).settings.cache;
    assert_eq!(cache.redis_url, Some(Secret::new("redis://:p@h:6379/1")));
    assert_eq!(&*cache.redis_prefix, "llmproxy:cache:");
    assert_eq!(cache.redis_timeout, Duration::from_secs(1));
    let memory = good("", &[("HTTP_CACHE_BACKEND", "in-memory"), own[2]]);
    assert_eq!(memory.settings.cache.backend, CacheBackend::Memory);
    let warning = "cache.redis_url has no effect unless cache.backend is `redis`";
    assert!(memory.warnings.iter().any(|one| one == warning));
    let found = faults("cache: {redis_prefix: 'a b'}", &[]);
    assert!(
        found.contains("cache.redis_prefix: `a b` is not 1 to 128 "),
        "{found}"
    );
}

#[test]
fn a_reload_applies_all_but_what_is_fixed_at_the_start() {
    const FIXED: [&str; 35] = [
        "server.host",
        "server.port",
        "server.listen",
        "server.workers",
        "server.timeouts.write",
        "server.timeouts.idle",
        "server.timeouts.header",
        "server.max_header_bytes",
        "server.max_headers",
        "server.tls.cert_file",
        "server.tls.key_file",
        "capture.queue_bytes",
        "cache.max_bytes",
        "cache.backend",
        "capture.dedup_bytes",
        "capture.raw_log.path",
        "projects.audit_file.enabled",
        "projects.audit_file.max_bytes",
        "projects.audit_file.max_files",
        "projects.audit_file.path",
        "projects.database_max_lifetime",
        "projects.database_pool_size",
        "projects.database_url",
        "projects.db_driver",
        "projects.db_path",
        "projects.enabled",
        "projects.encryption_key",
        "projects.older_encryption_key",
        "projects.require_encryption_key",
        "capture.raw_log.max_bytes",
        "capture.raw_log.max_files",
        "capture.raw_log.max_age",
        "storage.type",
        "storage.database_url",
        "storage.db_path",
    ];
    // Of `events`, sinks alone may change.
    let (events, others): (Vec<&Entry>, Vec<&Entry>) =
        catalogue::entries().partition(|entry| entry.path.starts_with("events."));
    let of_sinks = ["events.sinks.", "events.file", "events.group"];
    for entry in events {
        let is_of_one = of_sinks.iter().any(|of| entry.path.starts_with(of));
        let of_bus = entry.path == "events.group_start";
        assert_eq!(entry.live, is_of_one && !of_bus, "{}", entry.path);
    }
    let mut fixed: Vec<_> = others
        .into_iter()
        .filter(|entry| !entry.live)
        .map(|entry| entry.path)
        .collect();
    let mut expected = FIXED;
    fixed.sort_unstable();
    expected.sort_unstable();
    assert_eq!(fixed, expected);
    let old = good("providers: {zai: {keys: [a]}}", &[]);
    let new = good("providers: {x: {type: zai, keys: [b, c], weight: 2}}", &[]);
    assert!(old.needs_restart(&new).is_empty());
}

#[test]
fn subagents_are_mapped_by_the_file_and_by_the_variable() {
    let env = [("SUBAGENT_MAPPINGS", "a:gpt-x,b:o3")];
    let loaded = good("subagents: {enable: true, roots: [/p]}", &env);
    let subagents = &loaded.settings.subagents;
    assert!(subagents.enable);
    assert_eq!(subagents.roots, [std::path::PathBuf::from("/p")]);
    let pairs: Vec<_> = subagents.mappings.iter().collect();
    let text = |name: &str, model: &str| (name.to_owned(), model.to_owned());
    let expected = [text("a", "gpt-x"), text("b", "o3")];
    assert_eq!(
        pairs,
        expected.iter().map(|(a, b)| (a, b)).collect::<Vec<_>>()
    );
    let loaded = good(
        "subagents: {mappings: {a: 'zai,glm-5', b: 'zai:glm-5'}}",
        &[],
    );
    assert_eq!(loaded.settings.subagents.mappings["a"], "zai,glm-5");
    assert_eq!(
        loaded.warnings,
        ["subagents.mappings has no effect: subagents.enable is off"]
    );
    let found = faults("subagents: {enable: true, mappings: {a: 'zai:'}}", &[]);
    assert!(found.contains("names no model"), "{found}");
}
