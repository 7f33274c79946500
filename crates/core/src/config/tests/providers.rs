//! Providers: their two forms, their keys, and which exist.

use super::super::{Loaded, Settings};
use super::{effective, faults, good};
use crate::secret::Secret;
use crate::settings::{Key, KeyStrategy, Price, Provider};

fn names(settings: &Settings) -> Vec<&str> {
    let providers = settings.providers.iter();
    providers.map(|provider| provider.name.as_ref()).collect()
}

/// The provider called `x`.
pub(super) fn x(loaded: &Loaded) -> &Provider {
    let mut providers = loaded.settings.providers.iter();
    providers.find(|p| p.name.as_ref() == "x").expect("x")
}

const LIST: &str = "
providers:
  - name: z2
    type: zai
    base_url: http://127.0.0.1:9801/pre/
    keys:
      - key: k-z1
        rpm_limit: 60
        priority: 2
        weight: 3
      - key: $SECOND
      - k-z3
    pooling: {strategy: round_robin}
    model_mapping: {m1: m2, gpt-5.2: x}
  - name: a
    type: anthropic
    prices: {'*': 1/5.5}
  - name: off
    type: ollama
    enabled: false
";

const MAP: &str = "
providers:
  z2:
    type: zai
    base_url: http://127.0.0.1:9801/pre/
    keys: [{key: k-z1, rpm_limit: 60, priority: 2, weight: 3}, $SECOND, k-z3]
    pooling: {strategy: round_robin}
    model_mapping: {m1: m2, gpt-5.2: x}
  a:
    type: anthropic
    prices: {'*': 1/5.5}
  off:
    type: ollama
    enabled: false
  openai: {enabled: false}
  gemini: {enabled: false}
";

const TOML_LIST: &str = "
[[providers]]
name = 'z2'
type = 'zai'
base_url = 'http://127.0.0.1:9801/pre/'
model_mapping = { m1 = 'm2', 'gpt-5.2' = 'x' }
[[providers.keys]]
key = 'k-z1'
rpm_limit = 60
priority = 2
weight = 3
[[providers.keys]]
key = '$SECOND'
[[providers.keys]]
key = 'k-z3'
[providers.pooling]
strategy = 'round_robin'
[[providers]]
name = 'a'
type = 'anthropic'
prices.'*' = '1/5.5'
[[providers]]
name = 'off'
type = 'ollama'
enabled = false
";

const TOML_MAP: &str = "
[providers.z2]
type = 'zai'
base_url = 'http://127.0.0.1:9801/pre/'
keys = [{ key = 'k-z1', rpm_limit = 60, priority = 2, weight = 3 }, '$SECOND', 'k-z3']
pooling.strategy = 'round_robin'
model_mapping.m1 = 'm2'
model_mapping.'gpt-5.2' = 'x'
[providers.a]
type = 'anthropic'
prices = { '*' = '1/5.5' }
[providers.off]
type = 'ollama'
enabled = false
[providers.openai]
enabled = false
[providers.gemini]
enabled = false
";

#[test]
fn list_and_map_say_the_same_in_both_formats_and_keep_their_order() {
    let env = [("SECOND", "k-z2")];
    let first = good(LIST, &env).settings.providers;
    for text in [MAP, TOML_LIST, TOML_MAP] {
        assert_eq!(good(text, &env).settings.providers, first, "{text}");
    }
    let settings = good(LIST, &env).settings;
    assert_eq!(
        names(&settings),
        ["z2", "a"],
        "a list names all that there are"
    );
    let z = settings.providers.first().expect("two");
    assert_eq!(z.base_url.to_string(), "http://127.0.0.1:9801/pre");
    assert!(z.pooled);
    assert_eq!(z.key_strategy, KeyStrategy::RoundRobin);
    let key = |secret: &str| Key::new(Secret::new(secret));
    let expected = [
        Key {
            rpm_limit: Some(60),
            priority: 2,
            weight: 3,
            ..key("k-z1")
        },
        key("k-z2"),
        key("k-z3"),
    ];
    assert_eq!(z.keys, expected);
    assert_eq!(z.model_mapping.get("m1").map(String::as_str), Some("m2"));
    assert_eq!(
        z.model_mapping.get("gpt-5.2").map(String::as_str),
        Some("x")
    );
    let a = settings.providers.get(1).expect("four");
    let price = Price {
        input: 1.0,
        output: 5.5,
    };
    assert_eq!(a.prices.get("*"), Some(&price));
}

#[test]
fn a_provider_has_the_weight_and_priority_of_its_first_key_unless_it_has_its_own() {
    let of = |text: &str| {
        let loaded = good(&format!("providers: {{x: {{type: zai, {text}}}}}"), &[]);
        (x(&loaded).weight, x(&loaded).priority)
    };
    assert_eq!(of("api_key: k"), (1, 0));
    assert_eq!(of("keys: [k]"), (1, 0));
    assert_eq!(
        of("keys: [{key: k, weight: 9, priority: 2}, {key: l, weight: 1}]"),
        (9, 2)
    );
    assert_eq!(of("keys: [{key: k, weight: 0}]"), (1, 0));
    assert_eq!(
        of("keys: [{key: k, weight: 9, priority: 2}], weight: 4, priority: 7"),
        (4, 7)
    );
    let text = "providers: [{name: x, type: anthropic, keys: [{key: '', priority: 2, weight: 5}]}]";
    let loaded = good(text, &[]);
    let x = x(&loaded);
    assert_eq!(
        (x.weight, x.priority, x.keys.len(), x.pooled),
        (5, 2, 0, false)
    );
}

#[test]
fn a_pool_is_asked_for_or_has_more_than_one_key() {
    let of = |text: &str| {
        let loaded = good(&format!("providers: {{x: {{type: zai, {text}}}}}"), &[]);
        (x(&loaded).pooled, loaded.warnings.len())
    };
    assert_eq!(of("keys: [a]"), (false, 0));
    assert_eq!(of("keys: [a], pooling: {enabled: true}"), (true, 0));
    assert_eq!(of("api_key: a, pooling: {enabled: true}"), (true, 0));
    assert_eq!(of("keys: [a, b]"), (true, 0));
    assert_eq!(of("keys: [a, b], pooling: {enabled: false}"), (true, 1));
    assert_eq!(of("keys: [a, a]"), (false, 1));
    let found = faults(
        "providers:\n  x:\n    type: zai\n    pooling: {enabled: true}\n",
        &[],
    );
    assert_eq!(
        found,
        "weir.yaml:4: providers.x.pooling.enabled: on, but there is no key; give the provider `keys`\n"
    );
}

#[test]
fn the_old_token_limit_counts_in_halves_where_nothing_better_is_said() {
    let of = |text: &str| {
        let loaded = good(
            &format!("providers: {{x: {{type: zai, keys: [{{key: k, {text}}}]}}}}"),
            &[],
        );
        let key = x(&loaded).keys.first().expect("one").clone();
        (key.itpm_limit, key.otpm_limit, loaded.warnings.concat())
    };
    let (input, output, warning) = of("tpm_limit: 1001");
    assert_eq!((input, output), (Some(500), Some(500)));
    assert!(
        warning.contains("keys.0.tpm_limit is deprecated"),
        "{warning}"
    );
    let (input, output, warning) = of("tpm_limit: 1000, itpm_limit: 7");
    assert_eq!((input, output), (Some(7), None));
    assert!(warning.contains("no effect"), "{warning}");
    assert_eq!(
        of("itpm_limit: 0, tpm_limit: 0"),
        (None, None, String::new())
    );
}

#[test]
fn a_single_key_can_be_said_in_short_but_not_besides_a_list() {
    let loaded = good("providers: {x: {type: zai, api_key: k}}", &[]);
    assert_eq!(x(&loaded).keys, [Key::new(Secret::new("k"))]);
    let found = faults(
        "providers:\n  x:\n    type: zai\n    api_key: k\n    keys: [l]\n",
        &[],
    );
    assert_eq!(
        found,
        "weir.yaml:4: providers.x.api_key: set besides `providers.x.keys`; keep one of them\n"
    );
    let loaded = good(
        "providers: {openai: {keys: [l, m]}}",
        &[("OPENAI_API_KEY", "k")],
    );
    let openai = loaded.settings.providers.first().expect("one");
    assert_eq!(openai.keys, [Key::new(Secret::new("k"))]);
    assert!(
        loaded
            .warnings
            .concat()
            .contains("environment OPENAI_API_KEY")
    );
}

#[test]
fn a_flag_can_set_a_key_or_bring_one() {
    let text = "providers: {x: {type: zai, keys: [a]}}";
    let flags = [
        ("providers.x.keys.0.rpm_limit", "5"),
        ("providers.x.keys.1.key", "b"),
        ("providers.x.model_mapping", "m=n, o=p"),
    ];
    let loaded = super::load_with(text, &[], &flags).expect("good");
    let keys = &x(&loaded).keys;
    assert_eq!(keys.first().expect("two").rpm_limit, Some(5));
    assert_eq!(keys.get(1).expect("two").secret.expose(), "b");
    assert_eq!(x(&loaded).model_mapping.len(), 2);
    assert_eq!(
        effective(&loaded, "providers.x.model_mapping")
            .value
            .as_deref(),
        Some("m=n, o=p")
    );
    let gap = [("providers.x.keys.2.key", "c")];
    let found = super::lines(&super::load_with(text, &[], &gap).expect_err("a gap"));
    assert_eq!(
        found,
        "command line: providers.x.keys.1.key: missing; the credential to send\n"
    );
    let far = [("providers.x.keys.1000.key", "c")];
    let found = super::lines(&super::load_with(text, &[], &far).expect_err("too many"));
    assert!(found.contains("keys.1000.key: unknown key"), "{found}");
}

#[test]
fn a_built_in_provider_gives_way_to_a_named_one_of_its_dialect() {
    let of = |text: &str, env: &[(&str, &str)]| {
        let settings = good(text, env).settings;
        names(&settings).join(" ")
    };
    assert_eq!(of("", &[]), "anthropic openai gemini");
    assert_eq!(
        of("providers: {zai: {keys: [k]}}", &[]),
        "zai openai gemini"
    );
    assert_eq!(
        of("providers: {zai: {}, anthropic: }", &[]),
        "zai anthropic openai gemini"
    );
    assert_eq!(
        of("providers: {zai: {enabled: false}}", &[]),
        "anthropic openai gemini"
    );
    assert_eq!(of("providers: {ollama: }", &[]), "ollama gemini");
    assert_eq!(
        of("providers: {ollama: }", &[("OPENAI_API_KEY", "k")]),
        "ollama openai gemini"
    );
    assert_eq!(
        of("providers: {ollama: {dialects: [gemini]}}", &[]),
        "ollama anthropic openai"
    );
    let flag = [("providers.anthropic.max_retries", "1")];
    let loaded = super::load_with("providers: {zai: }", &[], &flag).expect("good");
    assert_eq!(
        names(&loaded.settings),
        ["zai", "anthropic", "openai", "gemini"]
    );
    let zai = good("providers: {zai: {keys: [k]}}", &[]);
    let left = zai
        .report
        .iter()
        .filter(|line| line.path.starts_with("providers.anthropic."));
    assert_eq!(left.count(), 0);
}

#[test]
fn a_name_is_needed_once_and_can_be_one() {
    let found = faults(
        "providers:
  - type: zai
  - name: a
    type: zai
  - name: a
    type: bogus
  - name: a b
  - {name: b, type: zai, keys: [{key: k, priorty: 1}, {weight: 2}], weigth: 3}
  - name: c
    type: ollama
    keys: {key: k}
",
        &[],
    );
    let expected = [
        "weir.yaml:2: providers: a provider without a `name`\n",
        "weir.yaml:5: providers: the name `a` is taken, in weir.yaml:3; give each",
        "weir.yaml:6: providers.#3.type: `bogus` is not one of `anthropic`, `openai`,",
        "weir.yaml:7: providers: `a b` is not a provider's name",
        "weir.yaml:7: providers.#4.type: missing",
        "weir.yaml:8: providers.b.keys.0.priorty: unknown key; did you mean `priority`?",
        "weir.yaml:8: providers.b.keys.1.key: missing; the credential to send",
        "weir.yaml:8: providers.b.weigth: unknown key; did you mean `weight`?",
        "weir.yaml:11: providers.c.keys: a section; a list of keys is expected",
    ];
    for part in expected {
        assert!(found.contains(part), "{part} is not in\n{found}");
    }
    assert_eq!(found.lines().count(), expected.len(), "{found}");
    assert!(
        faults("providers: {a: {type: zai, name: b}}", &[])
            .contains("the name is `a`, the key above")
    );
    assert_eq!(
        good("providers: {a: {type: zai, name: a}}", &[])
            .settings
            .providers
            .len(),
        3
    );
}

#[test]
fn faults_in_maps_name_the_entry_and_its_line() {
    let found = faults(
        "providers:\n  x:\n    type: zai\n    prices:\n      a: 3/15\n      b: free\n      c: 1\n    model_mapping:\n      m: [n]\n    keys: [[k], '']\n",
        &[],
    );
    let expected = [
        "weir.yaml:6: providers.x.prices.b: `free` is not a price; write dollars",
        "weir.yaml:7: providers.x.prices.c: `1` is not a price",
        "weir.yaml:9: providers.x.model_mapping.m: one value is expected",
        "weir.yaml:10: providers.x.keys.0: a list; one key is expected",
        "weir.yaml:10: providers.x.keys.1.key: missing",
    ];
    for part in expected {
        assert!(found.contains(part), "{part} is not in\n{found}");
    }
    assert_eq!(found.lines().count(), expected.len(), "{found}");
    let toml = "[providers.x]\ntype = 'zai'\nmodel_mapping.gpt-5.2 = 'm'\n";
    assert!(faults(toml, &[]).contains("a name with a dot in it needs quotes in TOML"));
}

#[test]
fn variables_name_keys_and_an_unset_one_is_no_key() {
    for text in [
        "providers: {x: {type: zai, keys: ['${FOO}', $BAR]}}",
        "[providers.x]\ntype = 'zai'\nkeys = ['${FOO}', '$BAR']\n",
    ] {
        let loaded = good(text, &[("FOO", "abc"), ("BAR", "def")]);
        let keys: Vec<_> = x(&loaded)
            .keys
            .iter()
            .map(|key| key.secret.expose())
            .collect();
        assert_eq!(keys, ["abc", "def"]);
        assert!(!format!("{loaded:?}").contains("abc"));
        let found = faults(text, &[("FOO", "abc")]);
        assert!(
            found.contains("providers.x.keys.1.key: missing: its variable is unset or empty"),
            "{found}"
        );
    }
    let loaded = good(
        "providers: {anthropic: {keys: [{key: '${NO}', rpm_limit: 60}]}}",
        &[],
    );
    assert!(
        loaded
            .settings
            .providers
            .first()
            .expect("three")
            .keys
            .is_empty()
    );
    assert_eq!(
        loaded.warnings,
        ["weir.yaml:1: providers.anthropic.keys.0.key: the variable `NO` is unset or empty"]
    );
}

#[test]
fn no_secret_of_a_provider_is_shown() {
    let text = "
providers:
  x: {type: azure, azure_resource_name: r, azure_tenant_id: t, azure_client_id: c, azure_client_secret: s3cret1, keys: [s3cret2, {key: s3cret3}]}
  y: {type: bedrock, aws_region: r, aws_access_key_id: s3cret4, aws_secret_access_key: s3cret5, aws_session_token: s3cret6, aws_bearer_token: s3cret7}
shared: {redis_url: 'redis://:s3cret8@h'}
server: {api_key: s3cret9, auth: {api_key: s3cretA, bearer_secret: s3cretB}}
";
    let loaded = good(text, &[]);
    assert!(!format!("{loaded:?}").contains("s3cret"), "{loaded:?}");
    assert_eq!(
        effective(&loaded, "providers.x.keys.1.key")
            .value
            .as_deref(),
        Some("***")
    );
    let found = faults(
        "providers: {x: {type: zai, keys: [\"s3cret\\n1\"]}}\nshared: {redis_url: 's3cret://h'}\n",
        &[],
    );
    assert!(
        !found.contains("s3cret") && found.lines().count() == 2,
        "{found}"
    );
}

#[test]
fn there_is_an_end_to_providers_and_keys() {
    let many = |count: usize, item: &str| vec![item; count].join(", ");
    let names: Vec<_> = (0..600)
        .map(|at| format!("{{name: p{at}, type: zai}}"))
        .collect();
    let found = faults(&format!("providers: [{}]", names.join(", ")), &[]);
    assert_eq!(found, "weir.yaml:1: providers: more than 500 providers\n");
    let keys = format!(
        "providers: {{x: {{type: zai, keys: [{}]}}}}",
        many(1001, "k")
    );
    let found = faults(&keys, &[]);
    assert!(
        found.contains("keys.1000: one key too many; a provider has at most 1000"),
        "{found}"
    );
}
