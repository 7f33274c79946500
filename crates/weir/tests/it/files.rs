//! Configuration files as `weir serve` uses them: both formats, variables in them, and how little
//! a file has to say.

use serde_json::{Value, json};
use weir_mock::{Mock, MockConfig};

use crate::program::{MESSAGES, Program, Setup, named, small, start_by_its_file, start_in};

/// Starts one in front of a mock with this file of this name.
fn start_on(mock: Mock, name: &str, text: &str, env: &[(&str, &str)]) -> Program {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join(name), text).unwrap();
    let setup = Setup {
        env,
        ..Setup::default()
    };
    start_in(folder, mock, setup)
}

async fn mock() -> Mock {
    weir_mock::serve(MockConfig::default()).await.unwrap()
}

#[tokio::test]
async fn a_variable_named_as_a_key_is_what_the_provider_gets() {
    for key in ["$FOO", "${FOO}"] {
        for name in ["weir.yaml", "weir.toml"] {
            let mock = named("u1", false).await;
            let url = mock.url();
            let text = if name == "weir.yaml" {
                format!(
                    "providers: [{{name: u1, type: zai, base_url: '{url}', keys: [{{key: \"{key}\"}}]}}]\n"
                )
            } else {
                format!(
                    "[[providers]]\nname = 'u1'\ntype = 'zai'\nbase_url = '{url}'\n[[providers.keys]]\nkey = \"{key}\"\n"
                )
            };
            let weir = start_on(mock, name, &text, &[("FOO", "abc")]);
            assert_eq!(weir.message(&[], &small()).await.name(), "u1");
            let seen = weir.mock.wait_for(1).await.remove(0);
            assert_eq!(seen.header("x-api-key"), Some("abc"), "{key} in {name}");
        }
    }
}

const YAML: &str = "
providers:
  - name: main
    type: zai
    base_url: '{url}/pre/'
    models: [m-2, m-1]
    keys:
      - key: k-main
        rpm_limit: 60
    pooling: {strategy: round_robin}
  - {name: off, type: minimax, enabled: false, keys: [k-off]}
  - name: local
    type: ollama
    base_url: '{url}'
    models: [llama]
routing: {strategy: round_robin}
";

const TOML: &str = "
[[providers]]
name = 'main'
type = 'zai'
base_url = '{url}/pre/'
models = ['m-2', 'm-1']
[[providers.keys]]
key = 'k-main'
rpm_limit = 60
[providers.pooling]
strategy = 'round_robin'

[[providers]]
name = 'off'
type = 'minimax'
enabled = false
keys = ['k-off']

[[providers]]
name = 'local'
type = 'ollama'
base_url = '{url}'
models = ['llama']

[routing]
strategy = 'round_robin'
";

#[tokio::test]
async fn a_file_in_toml_is_served_like_the_same_one_in_yaml() {
    let behind = named("u1", false).await;
    let mut lists: Vec<Value> = Vec::new();
    for (name, text) in [("weir.yaml", YAML), ("weir.toml", TOML)] {
        let text = text.replace("{url}", &behind.url());
        let weir = start_on(mock().await, name, &text, &[]);
        let listed = weir.get("/v1/providers").await;
        assert_eq!(listed.status, 200, "{name}");
        lists.push(listed.json());
        assert_eq!(weir.message(&[], &small()).await.name(), "u1", "{name}");
        let seen = behind.received().pop().unwrap();
        assert_eq!(seen.path(), format!("/pre{MESSAGES}"), "{name}");
    }
    let expected = json!({"object": "list", "data": [
        {"name": "main", "type": "zhipu", "base_url": format!("{}/pre", behind.url()),
            "models": ["m-2", "m-1"], "active": true},
        {"name": "local", "type": "ollama", "base_url": behind.url(),
            "models": ["llama"], "active": true},
    ]});
    assert_eq!(lists, [expected.clone(), expected]);
}

#[tokio::test]
async fn an_address_and_one_provider_are_enough_to_serve() {
    for name in ["weir.yaml", "weir.toml"] {
        let mock = named("u1", false).await;
        let url = mock.url();
        let text = if name == "weir.yaml" {
            format!(
                "server: {{listen: '127.0.0.1:0'}}\nproviders: [{{name: u1, type: anthropic, base_url: '{url}'}}]\n"
            )
        } else {
            format!(
                "[server]\nlisten = '127.0.0.1:0'\n[[providers]]\nname = 'u1'\ntype = 'anthropic'\nbase_url = '{url}'\n"
            )
        };
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join(name), text).unwrap();
        let weir = start_by_its_file(folder, mock);
        assert!(weir.url.starts_with("http://127.0.0.1:"), "{}", weir.url);
        let own = [("x-api-key", "sk-ant-own")];
        assert_eq!(weir.message(&own, &small()).await.name(), "u1", "{name}");
        let seen = weir.mock.wait_for(1).await.remove(0);
        assert_eq!(seen.header("x-api-key"), Some("sk-ant-own"));
        assert_eq!(weir.get("/health").await.status, 200);
        assert!(!weir.log().contains("WARN"), "{}", weir.log());
    }
}
