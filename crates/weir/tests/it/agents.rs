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
    assert_eq!(std::fs::read_to_string(&file).unwrap(), before);
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

#[test]
fn the_users_own_credentials_outlive_a_setup() {
    let home = tempfile::tempdir().unwrap();
    let at = |name: &str| home.path().join(name);
    let before = "# mine\nGEMINI_API_KEY=the-users-own\n";
    std::fs::write(at(".env"), before).unwrap();
    let file = at(".env").display().to_string();
    let setup = |more: &[&str]| {
        let args = [&["agent", "setup", "gemini", "--file", file.as_str()], more].concat();
        String::from_utf8(run(home.path(), &args).stdout).unwrap()
    };
    let remove = ["agent", "remove", "gemini", "--file", file.as_str()];
    setup(&[]);
    run(home.path(), &remove);
    assert_eq!(std::fs::read_to_string(at(".env")).unwrap(), before);
    // Neither is shown, and the user's comes back.
    let said = setup(&["--token", "weirs-token"]);
    assert!(
        !said.contains("the-users-own") && !said.contains("weirs-token"),
        "{said}"
    );
    let text = std::fs::read_to_string(at(".env")).unwrap();
    assert!(text.contains("GEMINI_API_KEY=weirs-token\n"), "{text}");
    let mode = std::fs::metadata(at(".env.weir-undo"))
        .unwrap()
        .permissions()
        .mode();
    assert_eq!(mode & 0o777, 0o600);
    run(home.path(), &remove);
    assert_eq!(std::fs::read_to_string(at(".env")).unwrap(), before);
    assert!(!at(".env.weir-undo").exists());
}

#[test]
fn what_weir_did_not_set_is_not_taken_out() {
    let home = tempfile::tempdir().unwrap();
    let file = home.path().join("settings.json");
    let path = file.display().to_string();
    let text = r#"{"env": {"ANTHROPIC_BASE_URL": "https://corp", "ANTHROPIC_AUTH_TOKEN": "own"}}"#;
    std::fs::write(&file, text).unwrap();
    let remove = ["agent", "remove", "claude", "--file", path.as_str()];
    let said = String::from_utf8(run(home.path(), &remove).stdout).unwrap();
    assert!(said.contains("Nothing of weir's"), "{said}");
    assert_eq!(std::fs::read_to_string(&file).unwrap(), text);
    // What was put there by hand is known by its address.
    run(
        home.path(),
        &[&remove[..], &["--url", "https://corp"]].concat(),
    );
    let left = std::fs::read_to_string(&file).unwrap();
    assert!(!left.contains("corp") && left.contains("own"), "{left}");
}

#[test]
fn a_link_stays_one_and_is_not_replaced_when_it_leads_nowhere() {
    let home = tempfile::tempdir().unwrap();
    let at = |name: &str| home.path().join(name);
    std::fs::write(at("kept.json"), "{}\n").unwrap();
    std::os::unix::fs::symlink("kept.json", at("settings.json")).unwrap();
    let path = at("settings.json").display().to_string();
    let setup = ["agent", "setup", "claude", "--file", path.as_str()];
    run(home.path(), &setup);
    assert!(
        std::fs::symlink_metadata(at("settings.json"))
            .unwrap()
            .is_symlink()
    );
    assert!(
        std::fs::read_to_string(at("kept.json"))
            .unwrap()
            .contains("3001")
    );
    std::fs::remove_file(at("kept.json")).unwrap();
    let output = weir().args(setup).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains("a link that leads nowhere"), "{said}");
}

#[test]
fn a_token_cannot_bring_lines_of_its_own() {
    let home = tempfile::tempdir().unwrap();
    let mut command = weir();
    let asked = ["agent", "setup", "gemini", "--token", "a\nEVIL=1"];
    let output = command
        .env("HOME", home.path())
        .args(asked)
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(std::fs::read_dir(home.path()).unwrap().count(), 0);
}
