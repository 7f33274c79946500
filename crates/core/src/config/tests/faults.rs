//! What is refused or warned of, and in which words.

use proptest::prelude::*;

use super::super::{Format, SourceText, load, tree};
use super::{effective, faults, good, lines, load_with};

#[test]
fn all_faults_come_at_once_with_line_key_and_hint() {
    let text = "
server:
  prot: 3001
  timeouts:
    read: soon
auth:
  enabled: maybe
port: 1
providers:
  anthropic:
    base_url: api.anthropic.com
  mine: {}
";
    let found = faults(text, &[("WRITE_TIMEOUT", "-1"), ("DB_TYPE", "postgres")]);
    for expected in [
        "weir.yaml:3: server.prot: unknown key; did you mean `port`?\n",
        "weir.yaml:5: server.timeouts.read: `soon` is not a duration",
        "weir.yaml:7: auth.enabled: `maybe` is neither `true` nor `false`\n",
        "weir.yaml:8: port: unknown key; did you mean `server.port`?\n",
        "weir.yaml:11: providers.anthropic.base_url: `api.anthropic.com` does not begin with http:// or https://\n",
        "providers.mine.type: missing; a provider whose name is no type needs one",
        "environment WRITE_TIMEOUT: server.timeouts.write: `-1` is not a duration",
        "environment DB_TYPE: storage.type: `postgres` is not available: this build has SQLite only\n",
    ] {
        assert!(found.contains(expected), "{expected}\nis not in\n{found}");
    }
    assert_eq!(found.lines().count(), 8, "{found}");
}

#[test]
fn toml_faults_name_the_line_too() {
    let found = faults("[server]\nport = 'x'\n[server.timeout]\nread = 1\n", &[]);
    assert!(
        found.contains("weir.toml:2: server.port: `x` is not a whole number"),
        "{found}"
    );
    assert!(
        found.contains("weir.toml:3: server.timeout: unknown key; did you mean `timeouts`?"),
        "{found}"
    );
    let found = faults("[server]\nport = \nhost = =\n", &[]);
    assert!(found.starts_with("weir.toml:2: not TOML: "), "{found}");
}

#[test]
fn malformed_yaml_is_refused_with_its_line() {
    for (text, expected) in [
        ("server: [1, 2\nx: }", "weir.yaml:2: not YAML"),
        (
            "server:\n  port: 1\n  port: 2\n",
            "weir.yaml:3: `port` is set twice, first in line 2",
        ),
        ("a: &x 1\nb: *x\n", "weir.yaml:2: aliases are not supported"),
        ("server: !!map {}\n", "tags are not supported"),
        ("? [a]\n: b\n", "a key must be a plain name"),
        ("server: {}\n---\nserver: {}\n", "a second document"),
        ("- server\n", "not a map of settings"),
        ("just text\n", "not a map of settings"),
        (
            "server: 5\n",
            "weir.yaml:1: server: a value; a section is expected",
        ),
        (
            "server:\n  port: {a: 1}\n",
            "weir.yaml:2: server.port: a section; one value is expected",
        ),
        (
            "providers:\n  - anthropic\n",
            "weir.yaml:2: providers.#1: not a map of settings; write `- name: ...`",
        ),
        ("providers:\n  'a b': {}\n", "not a provider's name"),
        ("server.port: 3001\n", "server.port: unknown key; nest it"),
        (
            "server:\n  port: [1]\n",
            "server.port: a list; one value is expected",
        ),
    ] {
        let found = faults(text, &[]);
        assert!(found.contains(expected), "{text}: {found}");
    }
    let deep = format!("{}1{}", "[".repeat(50), "]".repeat(50));
    assert!(faults(&format!("server: {deep}"), &[]).contains("nested deeper than 16 levels"));
    let wide = format!("server: [{}]", "1, ".repeat(tree::MAX_NODES + 1));
    assert!(faults(&wide, &[]).contains("more than 20000 values"));
    assert!(faults(&"#".repeat(tree::MAX_TEXT + 1), &[]).contains("longer than 1MiB"));
}

#[test]
fn secrets_are_in_no_report_warning_or_fault() {
    let loaded = load_with(
        "auth: {enabled: true, token: s3cret1}\nproviders: {openai: {api_key: s3cret2, proxy: 'http://u:s3cret3@p:1'}}\n",
        &[("DASHBOARD_PASSWORD", "s3cret4")],
        &[("auth.bearer_secret", "s3cret5")],
    )
    .expect("good");
    assert!(!format!("{loaded:?}").contains("s3cret"), "{loaded:?}");
    assert_eq!(
        effective(&loaded, "auth.token").value.as_deref(),
        Some("***")
    );
    assert_eq!(effective(&loaded, "auth.api_key").value, None);
    assert_eq!(
        effective(&loaded, "providers.openai.proxy")
            .value
            .as_deref(),
        Some("http://***@p:1")
    );
    let found = faults(
        "auth: {token: \"s3cret\\n1\"}\nproviders: {openai: {base_url: 'http://u:s3cret@h', proxy: 'ftp://u:s3cret@p'}}\nstorage: {database_url: 's3cret'}\n",
        &[],
    );
    assert!(
        !found.contains("s3cret") && found.lines().count() == 4,
        "{found}"
    );
}

#[test]
fn an_open_listener_needs_auth_or_a_trusted_proxy() {
    for text in [
        "server: {host: 0.0.0.0}",
        "server: {listen: ':3001'}",
        "server: {host: '::'}",
    ] {
        let found = faults(text, &[]);
        for name in ["AUTH_ENABLED", "AUTH_TOKEN", "TRUST_PROXY"] {
            assert!(found.contains(name), "{text}: {found}");
        }
        assert!(load_with(text, &[("TRUST_PROXY", "true")], &[]).is_ok());
        assert!(load_with(text, &[("AUTH_ENABLED", "true"), ("AUTH_TOKEN", "t")], &[]).is_ok());
        assert!(load_with(text, &[("AUTH_TOKEN", "t")], &[]).is_err());
        let found = faults(text, &[("AUTH_ENABLED", "true")]);
        assert!(
            found.contains("auth.enabled: on, but no credential is accepted"),
            "{found}"
        );
    }
}

#[test]
fn half_a_tls_setting_and_no_provider_are_faults() {
    let found = faults("server:\n  tls:\n    cert_file: c.pem\n", &[]);
    assert!(
        found.contains("weir.yaml:3: server.tls.cert_file: set without `server.tls.key_file`"),
        "{found}"
    );
    let off = "providers: {anthropic: {enabled: false}, openai: {enabled: false}, gemini: {enabled: false}}";
    assert!(faults(off, &[]).contains("providers: none is enabled"));
}

#[test]
fn a_flag_can_bring_a_provider_and_an_unknown_flag_is_a_fault() {
    let flags = [
        ("providers.x.type", "gemini"),
        ("providers.x.max_retries", "1"),
    ];
    let loaded = load_with("", &[], &flags).expect("good");
    assert!(
        loaded
            .settings
            .providers
            .iter()
            .any(|p| p.name.as_ref() == "x" && p.max_retries == 1)
    );
    let found = lines(
        &load_with(
            "",
            &[],
            &[("server.prot", "1"), ("providers.*.models", "a")],
        )
        .expect_err("bad"),
    );
    assert!(
        found.contains("command line: server.prot: unknown key; did you mean `port`?"),
        "{found}"
    );
    assert_eq!(found.lines().count(), 2, "{found}");
}

#[test]
fn variables_without_effect_and_settings_without_effect_are_warned_of() {
    let env = [
        ("WEB_PORT", "5173"),
        ("SVELTE_PORT", "1"),
        ("TEST_POSTGRES_DSN", ""),
    ];
    let warnings = good("", &env).warnings.join("\n");
    for (name, warned) in [
        ("WEB_PORT", false),
        ("SVELTE_PORT", true),
        ("TEST_POSTGRES_DSN", false),
    ] {
        assert_eq!(warnings.contains(name), warned, "{warnings}");
    }
    let warnings = good(
        "auth: {token: long-enough}\nserver: {trusted_proxies: 10.0.0.1}",
        &[],
    )
    .warnings;
    assert_eq!(warnings.len(), 2, "{warnings:?}");
    let short = good("auth: {enabled: true, token: t}", &[])
        .warnings
        .join("");
    assert!(
        short.contains("auth.token is shorter than 8 characters"),
        "{short}"
    );
    let open = "server: {host: 0.0.0.0}\nauth: {enabled: true, allow_subscription: true}\nproviders: {openai: {api_key: k}}";
    assert!(
        good(open, &[])
            .warnings
            .join("")
            .contains("allow_subscription")
    );
}

proptest! {
    #[test]
    fn no_text_panics(text in "\\PC{0,200}", toml in any::<bool>()) {
        let format = if toml { Format::Toml } else { Format::Yaml };
        drop(load(Some(SourceText { name: "f", format, text: &text }), &|_| None, &[]));
    }

    #[test]
    fn no_structure_panics(parts in proptest::collection::vec(prop_oneof![
        Just("server"), Just("providers"), Just("auth"), Just("port"), Just(": "), Just("\n"), Just("\n  "),
        Just("- "), Just("["), Just("]"), Just("{"), Just("}"), Just(", "), Just("="), Just("'"), Just("\""),
        Just("&a "), Just("*a"), Just("!t "), Just("? "), Just("|\n "), Just("${"), Just("."), Just("# "),
        Just("keys"), Just("name"), Just("zai"), Just("prices"), Just("routing"), Just("$A"), Just("0"),
        Just("---\n"), Just("\t"), Just("é"), Just("1"),
    ], 0..40), toml in any::<bool>()) {
        let format = if toml { Format::Toml } else { Format::Yaml };
        let text = parts.concat();
        drop(load(Some(SourceText { name: "f", format, text: &text }), &|_| Some("x".to_owned()), &[]));
    }

    #[test]
    fn no_value_of_any_setting_panics(at in 0usize..200, value in "\\PC{0,40}") {
        let entry = super::catalogue::entries().collect::<Vec<_>>().into_iter().cycle().nth(at).expect("it cycles");
        let path = entry.path.replacen('*', "openai", 1).replacen('*', "0", 1);
        drop(load(None, &|_| None, &[(path, value)]));
    }
}

#[test]
fn every_page_is_let_in_only_where_clients_need_a_credential() {
    let open = "server:\n  cors: {allowed_origins: ['*']}\n";
    let told = faults(open, &[]);
    assert!(told.contains("server.cors.allowed_origins"), "{told}");
    assert!(told.contains("`auth.enabled`"), "{told}");
    let closed = format!("{open}auth: {{enabled: true, token: a-token-of-the-test}}\n");
    good(&closed, &[]);
    let named = "server:\n  cors: {allowed_origins: ['https://ok', 'ok.example']}\n";
    let told = faults(named, &[]);
    assert!(told.contains("scheme://host"), "{told}");
}
