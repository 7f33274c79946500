//! `weir agent`: edits to the agents' own settings.

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Output;

use serde_json::Value;

use crate::program::weir;

fn run(home: &Path, args: &[&str]) -> Output {
    let mut command = weir();
    let output = command.env("HOME", home).args(args).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    output
}

#[test]
fn claude_codes_settings_are_set_and_left_as_they_were() {
    let home = tempfile::tempdir().unwrap();
    let folder = home.path().join(".claude");
    std::fs::create_dir(&folder).unwrap();
    let file = folder.join("settings.json");
    let before = "{\n    \"permissions\": {\"allow\": [\"Bash(ls:*)\"]},\n    \"env\": {\"EDITOR\": \"vi\"}\n}\n";
    std::fs::write(&file, before).unwrap();
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o640)).unwrap();

    run(home.path(), &["config", "cc", "init", "--dry-run"]);
    assert_eq!(std::fs::read_to_string(&file).unwrap(), before);

    run(
        home.path(),
        &[
            "config",
            "cc",
            "init",
            "--proxy-url",
            "http://127.0.0.1:8787",
        ],
    );
    let json: Value = serde_json::from_slice(&std::fs::read(&file).unwrap()).unwrap();
    assert_eq!(json["env"]["ANTHROPIC_BASE_URL"], "http://127.0.0.1:8787");
    assert_eq!(json["env"]["ANTHROPIC_AUTH_TOKEN"], "managed-by-weir");
    assert_eq!(json["env"]["EDITOR"], "vi");
    assert_eq!(json["permissions"]["allow"][0], "Bash(ls:*)");
    let mode = std::fs::metadata(&file).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o640);
    let backup = std::fs::read_to_string(folder.join("settings.json.weir-backup")).unwrap();
    assert_eq!(backup, before);

    run(home.path(), &["config", "cc", "remove"]);
    let after: Value = serde_json::from_slice(&std::fs::read(&file).unwrap()).unwrap();
    assert_eq!(after, serde_json::from_str::<Value>(before).unwrap());
    let again = run(home.path(), &["config", "cc", "remove"]);
    let said = String::from_utf8(again.stdout).unwrap();
    assert!(said.contains("Nothing of weir's"), "{said}");
}

#[test]
fn settings_that_are_not_there_come_into_being_for_their_owner() {
    let home = tempfile::tempdir().unwrap();
    for (agent, file) in [
        ("claude", ".claude/settings.json"),
        ("codex", ".codex/config.toml"),
        ("gemini", ".gemini/.env"),
        ("opencode", ".config/opencode/opencode.json"),
    ] {
        run(home.path(), &["agent", "setup", agent]);
        let file = home.path().join(file);
        let text = std::fs::read_to_string(&file).unwrap();
        assert!(text.contains("http://127.0.0.1:3001"), "{agent}: {text}");
        let mode = std::fs::metadata(&file).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{agent}");
        run(home.path(), &["agent", "remove", agent]);
        let text = std::fs::read_to_string(&file).unwrap();
        assert!(!text.contains("3001"), "{agent}: {text}");
    }
}

#[test]
fn settings_that_cannot_be_read_stay_untouched() {
    let home = tempfile::tempdir().unwrap();
    let file = home.path().join("settings.json");
    std::fs::write(&file, "{\"env\": ").unwrap();
    let mut command = weir();
    let output = command
        .args(["agent", "setup", "claude", "--file"])
        .arg(&file)
        .output()
        .unwrap();
    assert!(!output.status.success());
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains("settings.json: not changed"), "{said}");
    assert_eq!(std::fs::read(&file).unwrap(), b"{\"env\": ");
    assert_eq!(std::fs::read_dir(home.path()).unwrap().count(), 1);
}
