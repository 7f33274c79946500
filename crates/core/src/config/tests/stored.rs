//! Stored edits, and the rules for headers.

use super::*;
use crate::settings::HeaderAction;

fn edited(
    text: &str,
    env: &[(&str, &str)],
    flags: &[(&str, &str)],
    stored: &[(&str, &str)],
) -> Result<Loaded, Vec<Fault>> {
    let owned = |pairs: &[(&str, &str)]| -> Vec<(String, String)> {
        let pairs = pairs.iter();
        let owned = pairs.map(|(path, value)| ((*path).to_owned(), (*value).to_owned()));
        owned.collect()
    };
    let env: HashMap<String, String> = owned(env).into_iter().collect();
    let source = SourceText {
        name: "weir.yaml",
        format: Format::Yaml,
        text,
    };
    let get = |name: &str| env.get(name).cloned();
    load_edited(Some(source), &get, &owned(flags), &owned(stored))
}

#[test]
fn stored_edits_win_over_the_file_and_lose_to_the_environment_and_the_command_line() {
    let file = "server: {port: 1000}";
    let stored = [("server.port", "2000")];
    let port = |env: &[(&str, &str)], flags: &[(&str, &str)]| {
        let loaded = edited(file, env, flags, &stored).unwrap();
        let setting = effective(&loaded, "server.port").clone();
        (loaded.settings.server.listen.port(), setting.source)
    };
    assert_eq!(port(&[], &[]), (2000, Source::Stored));
    let env = [("PORT", "3000")];
    assert_eq!(port(&env, &[]), (3000, Source::Env("PORT")));
    assert_eq!(port(&env, &[("server.port", "4000")]), (4000, Source::Flag));
}

#[test]
fn edits_that_cannot_be_are_faults_with_their_path() {
    let stored = [
        ("server.prot", "1"),
        ("auth.token", "hunter2"),
        ("storage.db_path", "/elsewhere"),
        ("providers.nobody.weight", "3"),
        ("server.port", "many"),
    ];
    let faults = edited("", &[], &[], &stored).unwrap_err();
    let text = lines(&faults);
    for (path, _) in stored {
        assert!(text.contains(&format!("stored edit: {path}: ")), "{text}");
    }
    assert!(!text.contains("hunter2"), "{text}");
}

#[test]
fn edits_neither_let_others_in_nor_say_where_credentials_and_files_are() {
    let providers = "providers: {u1: {type: openai, base_url: 'http://h'}}";
    let refused = |path: &str, value: &str| {
        let faults = edited(providers, &[], &[], &[(path, value)]).unwrap_err();
        let text = lines(&faults);
        assert!(text.contains(&format!("stored edit: {path}: ")), "{text}");
    };
    for (path, value) in [
        ("providers.u1.base_url", "http://evil.example"),
        ("providers.u1.proxy", "http://evil.example"),
        ("providers.u1.azure_resource_name", "evil"),
        ("providers.u1.client_credentials", "always"),
        ("auth.enabled", "false"),
        ("auth.allow_subscription", "true"),
        ("server.auth.allow_bearer", "true"),
        ("server.host", "0.0.0.0"),
        ("server.trust_proxy", "true"),
        ("server.allowed_hosts", "evil.example"),
        ("capture.raw_log.path", "/home/me/.profile"),
        ("logging.output", "/home/me/.profile"),
        ("dashboard.transcripts_dir", "/home/me"),
        ("routing.profiles_file", "/etc/passwd"),
        ("subagents.roots", "/home/me"),
        ("cache.redis_url", "redis://evil.example"),
        ("events.redis_url", "redis://evil.example"),
        ("shared.redis_url", "redis://evil.example"),
        ("events.sinks.log.path", "/home/me/.profile"),
        ("server.tls.key_file", "/home/me/.ssh/id"),
    ] {
        refused(path, value);
    }
    edited(providers, &[], &[], &[("providers.u1.weight", "2")]).unwrap();
}

#[test]
fn header_rules_are_read_from_both_formats_and_from_json() {
    let yaml = "routing:\n  request_header_rules:\n    - header: X-A\n      action: set\n      \
                value: 1\n    - {header: user-agent, action: block, enabled: no}\n";
    let toml = "[[routing.request_header_rules]]\nheader = 'x-a'\naction = 'set'\nvalue = '1'\n\
                [[routing.request_header_rules]]\nheader = 'user-agent'\naction = 'block'\n\
                enabled = false\n";
    let json = r#"[{"header":"x-a","action":"set","value":"1"},
        {"header":"user-agent","action":"block","enabled":false}]"#;
    let stored = [("routing.request_header_rules", json)];
    for loaded in [
        good(yaml, &[]),
        good(toml, &[]),
        edited("", &[], &[], &stored).unwrap(),
    ] {
        let rules = &loaded.settings.routing.request_header_rules;
        assert_eq!(rules.len(), 2);
        assert_eq!(rules[0].action, HeaderAction::Set);
        assert_eq!(rules[0].value.as_deref(), Some("1"));
        assert!(rules[0].enabled && !rules[1].enabled);
        let shown = effective(&loaded, "routing.request_header_rules");
        let again = [(
            "routing.request_header_rules",
            shown.value.as_deref().unwrap(),
        )];
        let again = edited("", &[], &[], &again).unwrap();
        assert_eq!(&again.settings.routing.request_header_rules, rules);
    }
}

#[test]
fn rules_for_framing_headers_are_faults_and_for_those_relied_on_warnings() {
    let rule = |name: &str| {
        format!("routing: {{response_header_rules: [{{header: {name}, action: block}}]}}")
    };
    let fault = faults(&rule("content-length"), &[]);
    assert!(fault.contains("no rule may change it"), "{fault}");
    let warnings = good(&rule("retry-after"), &[]).warnings;
    assert!(warnings[0].contains("`retry-after`"), "{warnings:?}");
}

#[test]
fn lists_and_maps_with_commas_in_their_items_are_written_as_json() {
    let stored = [
        ("providers.u.models", r#"["a,b", "c"]"#),
        ("providers.v.models", r#"["a", "b"]"#),
        (
            "pricing.models",
            r#"{"m": {"input": 3, "output": 15}, "n": [{"input": 1}, {"input": 2, "from": "2026-01-31"}], "o": "1/2"}"#,
        ),
    ];
    let two = "providers:\n  u:\n    type: anthropic\n  v:\n    type: openai\n";
    let loaded = edited(two, &[], &[], &stored).unwrap();
    let shown = |path: &str| effective(&loaded, path).value.clone().unwrap();
    assert_eq!(shown("providers.u.models"), r#"["a,b","c"]"#);
    assert_eq!(shown("providers.v.models"), "a, b");
    let models = shown("pricing.models");
    assert_eq!(
        models,
        "m=input=3 output=15, n=input=1 ; input=2 from=2026-01-31, o=1/2"
    );
    // What is shown can be stored again.
    let again = [
        ("providers.u.models", shown("providers.u.models")),
        ("pricing.models", models.clone()),
    ];
    let again = again
        .each_ref()
        .map(|(path, value)| (*path, value.as_str()));
    let again = edited(two, &[], &[], &again).unwrap();
    assert_eq!(
        effective(&again, "pricing.models").value.as_deref(),
        Some(&*models)
    );
    let faults = edited(two, &[], &[], &[("providers.u.models", "[null]")]).unwrap_err();
    assert!(lines(&faults).contains("no text"), "{}", lines(&faults));
    for wrong in [r#"{"m": {"input": [3]}}"#, r#"{"m": null}"#, "{"] {
        assert!(
            edited("", &[], &[], &[("pricing.models", wrong)]).is_err(),
            "{wrong}"
        );
    }
}
