//! Subagents with models of their own: found in files, told in requests, routed.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use weir_mock::Mock;

use crate::program::{Got, MESSAGES, Program, Setup, entry, eventually, named, start_in};

const BILLING: &str = "x-anthropic-billing-header: cc_version=2.1.329.0a8; cc_entrypoint=sdk-cli;";
const WHO: &str = "You are Claude Code, Anthropic's official CLI for Claude.";
const FILE: &str = "---\nname: reviewer\ndescription: Reviews code\n---\n\nYou are a reviewer.\n\n---\n\nBe strict.\n";
const PROMPT: &str = "You are a reviewer.\n\n---\n\nBe strict.\n\nNotes:\n- Agent threads reset.\n";

/// A gateway with two providers, of which the second has `other-model`.
struct Rig {
    weir: Program,
    second: Mock,
    home: PathBuf,
}

/// Writes an agent's file into a folder that has `.claude/agents`.
fn write(root: &Path, name: &str, text: &str) {
    let folder = root.join(".claude/agents");
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join(name), text).unwrap();
}

impl Rig {
    async fn start(mappings: &str, files: &[(&str, &str, &str)]) -> Self {
        let yaml = format!("subagents: {{enable: true, mappings: {{{mappings}}}}}\n");
        Self::with(&yaml, files, &[]).await
    }

    /// `files` are the root (`p` or `h`), the name and the text of each.
    async fn with(yaml: &str, files: &[(&str, &str, &str)], env: &[(&str, &str)]) -> Self {
        let (first, second) = (named("u1", false).await, named("u2", false).await);
        let folder = tempfile::tempdir().unwrap();
        let home = folder.path().join("home");
        for (root, name, text) in files {
            let root = if *root == "p" { folder.path() } else { &home };
            write(root, name, text);
        }
        let entries = entry("u1", &first.url(), ", priority: 2") + &entry("u2", &second.url(), "");
        let text = format!("providers:\n{entries}routing: {{debug: true}}\n{yaml}");
        std::fs::write(folder.path().join("weir.yaml"), text).unwrap();
        let mut all = vec![("HOME", home.to_str().unwrap())];
        all.extend(env);
        let setup = Setup {
            settings: &[],
            env: &all,
        };
        let weir = start_in(folder, first, setup);
        Self { weir, second, home }
    }

    async fn ask(&self, headers: &[(&str, &str)], system: &[&str]) -> Got {
        let blocks: Vec<_> = system
            .iter()
            .map(|text| json!({"type": "text", "text": text}))
            .collect();
        let body = json!({"model": "claude-x", "max_tokens": 5, "system": blocks,
            "messages": [{"role": "user", "content": "x"}]});
        self.weir.message(headers, &body).await
    }

    /// Which provider answers, and the model that it was asked for.
    async fn routed(&self, headers: &[(&str, &str)], system: &[&str]) -> (String, String) {
        let name = self.ask(headers, system).await.name();
        let mock = if name == "u1" {
            &self.weir.mock
        } else {
            &self.second
        };
        let mut received = mock.received();
        received.retain(|one| one.path() == MESSAGES);
        let body: Value = serde_json::from_slice(&received.pop().unwrap().body).unwrap();
        (name, body["model"].as_str().unwrap().to_owned())
    }

    async fn is_routed(&self, system: &[&str]) -> bool {
        match self.routed(&[], system).await {
            (name, model) if name == "u2" && model == "other-model" => true,
            (name, model) if name == "u1" && model == "claude-x" => false,
            other => panic!("{other:?}"),
        }
    }
}

const MAPPED: &str = "reviewer: 'u2:other-model'";

#[tokio::test]
async fn a_subagent_with_two_system_blocks_gets_its_own_model_and_the_record_says_so() {
    let rig = Rig::start(MAPPED, &[("p", "reviewer.md", FILE)]).await;
    assert!(rig.is_routed(&[WHO, PROMPT]).await);
    let seen = rig.weir.newest().await;
    assert_eq!(seen["originalModel"], "claude-x");
    assert_eq!(seen["routedModel"], "other-model");
    assert_eq!(seen["provider"], "u2");
    assert_eq!(
        seen["route"]["subagent"],
        json!({"name": "reviewer", "rule": "prefix", "model": "other-model", "provider": "u2"})
    );
    assert_eq!(seen["sent"]["body"]["verdict"], "edited");
    assert_eq!(seen["sent"]["body"]["edits"].as_array().unwrap().len(), 1);
    let log = rig.weir.log();
    assert!(log.contains("subagent mapping loaded"), "{log}");
}

#[tokio::test]
async fn a_leading_attribution_block_makes_no_difference() {
    let rig = Rig::start(MAPPED, &[("p", "reviewer.md", FILE)]).await;
    assert!(rig.is_routed(&[BILLING, WHO, PROMPT]).await);
}

#[tokio::test]
async fn agent_files_may_have_crlf_and_rules_and_are_read_again_when_they_change() {
    let crlf = FILE.replace('\n', "\r\n");
    let of_home = FILE.replace("Be strict", "Be kind");
    let files = [
        ("p", "reviewer.md", &*crlf),
        ("h", "reviewer.md", &*of_home),
    ];
    let rig = Rig::start(MAPPED, &files).await;
    assert!(
        rig.is_routed(&[WHO, PROMPT]).await,
        "CRLF, and `---` within"
    );
    let kind = PROMPT.replace("Be strict", "Be kind");
    assert!(!rig.is_routed(&[WHO, &kind]).await, "the project's counts");
    let changed = FILE.replace("Be strict", "Be fair");
    write(rig.weir.folder.path(), "reviewer.md", &changed);
    let fair = PROMPT.replace("Be strict", "Be fair");
    eventually(async || rig.is_routed(&[WHO, &fair]).await.then_some(())).await;
    assert!(!rig.is_routed(&[WHO, PROMPT]).await);
    std::fs::remove_file(rig.weir.folder.path().join(".claude/agents/reviewer.md")).unwrap();
    eventually(async || rig.is_routed(&[WHO, &kind]).await.then_some(())).await;
    assert!(rig.home.join(".claude/agents/reviewer.md").exists());
}

#[tokio::test]
async fn the_main_session_is_never_routed_and_a_mapping_without_a_file_is_warned_of() {
    let mappings = "reviewer: 'u2:other-model', missing: 'u2:other-model'";
    let rig = Rig::start(mappings, &[("p", "reviewer.md", FILE)]).await;
    let main = "You are an interactive agent that helps users.";
    assert!(!rig.is_routed(&[BILLING, WHO, main]).await);
    assert!(
        !rig.is_routed(&[WHO, "See: You are a reviewer.", main])
            .await
    );
    let class = [("x-claude-code-request-class", "main")];
    assert_eq!(rig.routed(&class, &[WHO, PROMPT]).await.0, "u1");
    let log = rig.weir.log();
    let line = log
        .lines()
        .find(|line| line.contains("WARN") && line.contains("missing"));
    let line = line.unwrap_or_else(|| panic!("{log}"));
    let here = rig.weir.folder.path().canonicalize().unwrap();
    for root in [&here, &rig.home] {
        let path = root.join(".claude/agents/missing.md");
        assert!(line.contains(path.to_str().unwrap()), "{line}");
    }
}

#[tokio::test]
async fn a_header_names_a_subagent_and_goes_no_further() {
    let rig = Rig::start("Explore: 'u2:other-model'", &[]).await;
    let (name, _) = rig.routed(&[("x-weir-subagent", "explore")], &["x"]).await;
    assert_eq!(name, "u2");
    let received = rig.second.received().pop().unwrap();
    assert_eq!(received.header("x-weir-subagent"), None);
    let (name, _) = rig
        .routed(&[("x-claude-code-agent-type", "Explore")], &["x"])
        .await;
    assert_eq!(name, "u2");
}

#[tokio::test]
async fn the_variable_maps_subagents_too() {
    let files = [("p", "a.md", FILE), ("h", "b.md", "You are b.")];
    let yaml = "subagents: {enable: true}\n";
    let env = [("SUBAGENT_MAPPINGS", "a:gpt-x,b:o3")];
    let rig = Rig::with(yaml, &files, &env).await;
    assert_eq!(rig.routed(&[], &[WHO, PROMPT]).await.1, "gpt-x");
    assert_eq!(rig.routed(&[], &["You are b. Now."]).await.1, "o3");
}

#[tokio::test]
async fn nothing_is_routed_while_it_is_off() {
    let yaml = format!("subagents: {{mappings: {{{MAPPED}}}}}\n");
    let rig = Rig::with(&yaml, &[("p", "reviewer.md", FILE)], &[]).await;
    assert!(!rig.is_routed(&[WHO, PROMPT]).await);
}
