use super::change::lines_of_change;
use super::*;

fn entries(agent: Name) -> Vec<Entry> {
    agent.entries("http://127.0.0.1:3001", None)
}

#[track_caller]
fn there_and_back(agent: Name, before: &str, after: &str) {
    let done = set(agent, before, &entries(agent)).unwrap();
    assert_eq!(done, after);
    assert_eq!(set(agent, &done, &entries(agent)).unwrap(), done);
    let everything = agent.entries("", Some(""));
    assert_eq!(take_out(agent, &done, &everything).unwrap(), before);
}

#[test]
fn json_keeps_its_other_settings_order_and_comments() {
    there_and_back(
        Name::Claude,
        "{\n  // mine\n  \"model\": \"opus\",\n  \"env\": {\n    \"FOO\": \"1\"\n  },\n  \"z\": [1,2,  3]\n}\n",
        "{\n  // mine\n  \"model\": \"opus\",\n  \"env\": {\n    \"FOO\": \"1\",\n    \
         \"ANTHROPIC_BASE_URL\": \"http://127.0.0.1:3001\",\n    \
         \"CLAUDE_CODE_GATEWAY_HINT_HEADERS\": \"1\"\n  },\n  \"z\": [1,2,  3]\n}\n",
    );
}

#[test]
fn objects_that_held_only_weirs_go_with_it() {
    there_and_back(
        Name::Claude,
        "{\n  \"model\": \"opus\"\n}\n",
        "{\n  \"model\": \"opus\",\n  \"env\": {\n    \"ANTHROPIC_BASE_URL\": \"http://127.0.0.1:3001\",\n    \
         \"CLAUDE_CODE_GATEWAY_HINT_HEADERS\": \"1\"\n  }\n}\n",
    );
    let done = set(Name::Opencode, "{}", &entries(Name::Opencode)).unwrap();
    let json: serde_json::Value = serde_json::from_str(&done).unwrap();
    let base = &json["provider"]["openai"]["options"]["baseURL"];
    assert_eq!(base, "http://127.0.0.1:3001/v1");
    let gone = take_out(Name::Opencode, &done, &entries(Name::Opencode)).unwrap();
    assert_eq!(gone.split_whitespace().collect::<String>(), "{}");
}

#[test]
fn toml_keeps_comments_and_tables() {
    there_and_back(
        Name::Codex,
        "# mine\nmodel = \"gpt-5.2\" # best\n\n[tui]\ntheme = 'dark'\n",
        "# mine\nmodel = \"gpt-5.2\" # best\nopenai_base_url = \"http://127.0.0.1:3001/v1\"\n\n[tui]\ntheme = 'dark'\n",
    );
}

#[test]
fn variables_keep_their_lines() {
    there_and_back(
        Name::Gemini,
        "# keys\nGEMINI_API_KEY_OLD=x\n",
        "# keys\nGEMINI_API_KEY_OLD=x\nGOOGLE_GEMINI_BASE_URL=http://127.0.0.1:3001\n",
    );
    let old = "export GOOGLE_GEMINI_BASE_URL=https://other\r\nB=2\r\n";
    let new = set(Name::Gemini, old, &entries(Name::Gemini)).unwrap();
    assert_eq!(
        new,
        "export GOOGLE_GEMINI_BASE_URL=http://127.0.0.1:3001\r\nB=2\r\n"
    );
}

#[test]
fn what_is_no_settings_file_stays() {
    for (agent, text) in [
        (Name::Claude, "{\"env\": "),
        (Name::Claude, "[]"),
        (Name::Opencode, "nonsense"),
        (Name::Codex, "= 1"),
    ] {
        assert!(set(agent, text, &entries(agent)).is_err(), "{text}");
        assert!(take_out(agent, text, &entries(agent)).is_err(), "{text}");
    }
}

#[test]
fn only_lines_that_change_are_shown() {
    assert_eq!(
        lines_of_change("a\nb\nc\n", "a\nx\ny\nc\n"),
        "- b\n+ x\n+ y"
    );
    assert_eq!(lines_of_change("", "a\n"), "+ a");
    assert_eq!(lines_of_change("a\na\n", "a\n"), "- a");
}

#[test]
fn settings_stand_where_the_agents_look_for_them() {
    let of = |agent: Name, set: &[(&str, &str)]| {
        let found = agent.settings_file(&|name| {
            let found = set.iter().find(|(known, _)| *known == name);
            found.map(|(_, value)| PathBuf::from(value))
        });
        found.map(|path| path.display().to_string())
    };
    let home = ("HOME", "/h");
    let at = |path: &str| Some(path.to_owned());
    assert_eq!(of(Name::Claude, &[home]), at("/h/.claude/settings.json"));
    assert_eq!(
        of(Name::Claude, &[home, ("CLAUDE_CONFIG_DIR", "/c")]),
        at("/c/settings.json")
    );
    assert_eq!(of(Name::Codex, &[home]), at("/h/.codex/config.toml"));
    assert_eq!(of(Name::Gemini, &[home]), at("/h/.gemini/.env"));
    assert_eq!(
        of(Name::Opencode, &[home]),
        at("/h/.config/opencode/opencode.json")
    );
    assert_eq!(of(Name::Claude, &[]), None);
}

#[test]
fn what_should_hold_entries_and_does_not_is_not_replaced() {
    for (agent, text) in [
        (Name::Claude, r#"{"env": "mine"}"#),
        (Name::Opencode, r#"{"provider": []}"#),
    ] {
        let error = set(agent, text, &entries(agent)).unwrap_err();
        assert!(error.to_string().ends_with("is no object"), "{error}");
    }
}

/// Sets an agent up and takes that out again, with what the user does in between.
fn and_back(agent: Name, before: &str, between: impl Fn(&str) -> String) -> String {
    let entries = agent.entries("http://127.0.0.1:3001", Some("tok"));
    let undo = Undo::of(agent, before, &entries, Vec::new()).unwrap();
    let text = between(&set(agent, before, &entries).unwrap());
    let (back, gone) = Undo::split(&undo, agent, &text).unwrap();
    take_out(agent, &set(agent, &text, &back).unwrap(), &gone).unwrap()
}

#[test]
fn what_stood_there_before_comes_back() {
    for (agent, before) in [
        (
            Name::Claude,
            "{\n  \"env\": {\n    \"ANTHROPIC_BASE_URL\": \"https://corp\",\n    \
             \"ANTHROPIC_AUTH_TOKEN\": \"own\"\n  }\n}\n",
        ),
        (
            Name::Codex,
            "openai_base_url = \"https://corp/v1\" # ours\n",
        ),
        (Name::Gemini, "export GEMINI_API_KEY=\"own\"\nA=1\n"),
    ] {
        assert_eq!(and_back(agent, before, str::to_owned), before);
    }
}

#[test]
fn what_the_user_has_changed_since_stays() {
    let change = |text: &str| text.replace("http://127.0.0.1:3001", "https://mine");
    let left = and_back(Name::Claude, "{}", change);
    assert!(
        left.contains("https://mine") && !left.contains("tok"),
        "{left}"
    );
    let left = and_back(Name::Gemini, "", change);
    assert_eq!(left, "GOOGLE_GEMINI_BASE_URL=https://mine\n");
}

#[test]
fn a_second_setup_does_not_take_the_first_for_the_users() {
    let agent = Name::Codex;
    let before = "openai_base_url = \"https://corp/v1\"\n";
    let [one, two] = ["http://a", "http://b"].map(|url| agent.entries(url, None));
    let undo = Undo::of(agent, before, &one, Vec::new()).unwrap();
    let text = set(agent, before, &one).unwrap();
    let undo = Undo::of(agent, &text, &two, undo).unwrap();
    let text = set(agent, &text, &two).unwrap();
    let (back, gone) = Undo::split(&undo, agent, &text).unwrap();
    assert_eq!(set(agent, &text, &back).unwrap(), before);
    assert_eq!(gone, []);
}

#[test]
fn only_what_asks_weir_is_taken_for_a_setup_by_hand() {
    let guess = |text: &str| {
        let asked = ("http://127.0.0.1:3001", None);
        let undo = Undo::guessed(Name::Claude, text, asked);
        Undo::split(&undo, Name::Claude, text).unwrap().1.len()
    };
    let hints = "\"CLAUDE_CODE_GATEWAY_HINT_HEADERS\": \"1\"";
    let of = |url: &str| format!("{{\"env\": {{\"ANTHROPIC_BASE_URL\": \"{url}\", {hints}}}}}");
    assert_eq!(guess(&of("http://127.0.0.1:3001")), 2);
    assert_eq!(guess(&of("https://corp")), 0);
}

#[test]
fn what_somebody_else_has_written_meanwhile_is_not_written_over() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("settings.json");
    std::fs::write(&file, "{}").unwrap();
    let change = Change::of(&file, |text| Ok(format!("{text}\n"))).unwrap();
    std::fs::write(&file, "{\"theirs\": 1}").unwrap();
    let error = change.write().unwrap_err();
    assert!(error.to_string().contains("it has just changed"), "{error}");
    assert_eq!(std::fs::read_to_string(&file).unwrap(), "{\"theirs\": 1}");
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
}
