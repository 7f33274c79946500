use super::*;

fn entries(agent: Name) -> Vec<Entry> {
    agent.entries("http://127.0.0.1:3001", None)
}

#[track_caller]
fn there_and_back(agent: Name, before: &str, after: &str) {
    let set = edit(agent, before, &entries(agent)).unwrap();
    assert_eq!(set, after);
    assert_eq!(edit(agent, &set, &entries(agent)).unwrap(), set);
    let everything = agent.entries("", Some(""));
    assert_eq!(take_out(agent, &set, &everything).unwrap(), before);
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
    let set = edit(Name::Opencode, "{}", &entries(Name::Opencode)).unwrap();
    let json: serde_json::Value = serde_json::from_str(&set).unwrap();
    let base = &json["provider"]["openai"]["options"]["baseURL"];
    assert_eq!(base, "http://127.0.0.1:3001/v1");
    let gone = take_out(Name::Opencode, &set, &entries(Name::Opencode)).unwrap();
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
    let new = edit(Name::Gemini, old, &entries(Name::Gemini)).unwrap();
    assert_eq!(
        new,
        "GOOGLE_GEMINI_BASE_URL=http://127.0.0.1:3001\r\nB=2\r\n"
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
        assert!(edit(agent, text, &entries(agent)).is_err(), "{text}");
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
