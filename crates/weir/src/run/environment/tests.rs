use super::*;

fn door(lent: Lent) -> Door {
    Door {
        port: 1234,
        token: "tok".to_owned(),
        lent,
    }
}

fn variables(agent: Agent, lent: Lent, present: &[(&str, &str)]) -> Vec<(&'static str, String)> {
    agent.variables(&door(lent), &|name| {
        let found = present.iter().find(|(known, _)| *known == name);
        found.map(|(_, value)| (*value).to_owned())
    })
}

fn value<'a>(set: &'a [(&'static str, String)], name: &str) -> Option<&'a str> {
    let found = set.iter().find(|(known, _)| *known == name);
    found.map(|(_, value)| value.as_str())
}

#[test]
fn addresses_hold_the_token() {
    let set = variables(Agent::Other, Lent::default(), &[]);
    assert_eq!(
        value(&set, "ANTHROPIC_BASE_URL"),
        Some("http://127.0.0.1:1234/~tok")
    );
    assert_eq!(
        value(&set, "OPENAI_BASE_URL"),
        Some("http://127.0.0.1:1234/~tok/v1")
    );
    assert_eq!(value(&set, "WEIR_URL"), Some("http://127.0.0.1:1234"));
    assert_eq!(value(&set, "ANTHROPIC_AUTH_TOKEN"), None);
}

#[test]
fn a_key_is_lent_to_who_has_none() {
    let lent = Lent {
        anthropic: true,
        ..Lent::default()
    };
    let set = variables(Agent::Other, lent, &[]);
    assert_eq!(value(&set, "ANTHROPIC_AUTH_TOKEN"), Some("tok"));
    let set = variables(Agent::Other, lent, &[("ANTHROPIC_API_KEY", "own")]);
    assert_eq!(value(&set, "ANTHROPIC_AUTH_TOKEN"), None);
    let set = variables(Agent::Opencode, lent, &[]);
    assert_eq!(
        value(&set, "ANTHROPIC_API_KEY"),
        Some("tok"),
        "it reads no other"
    );
}

#[test]
fn what_the_user_has_set_stays() {
    let name = "CLAUDE_CODE_GATEWAY_HINT_HEADERS";
    let set = variables(Agent::Other, Lent::default(), &[(name, "0")]);
    assert_eq!(value(&set, name), None);
    let set = variables(Agent::Other, Lent::default(), &[("NO_PROXY", "corp")]);
    assert_eq!(value(&set, "NO_PROXY"), Some("corp,127.0.0.1,localhost"));
}

#[test]
fn agents_that_read_no_address_are_told_in_their_own_way() {
    let codex = Agent::of(OsStr::new("/usr/bin/codex"));
    let told = codex.arguments(&door(Lent::default()), &|_| None);
    assert_eq!(
        told,
        ["-c", "openai_base_url=\"http://127.0.0.1:1234/~tok/v1\""]
    );
    let told = codex.arguments(&door(Lent::ALL), &|_| None);
    let shown = "openai_base_url=\"http://127.0.0.1:1234/v1\"";
    assert_eq!(told, ["-c", shown], "the key that is lent is the token");
    let told = codex.arguments(&door(Lent::ALL), &|_| Some("own".into()));
    assert!(told[1].to_string_lossy().contains("~tok"));
    let set = variables(Agent::of(OsStr::new("opencode")), Lent::default(), &[]);
    let config = value(&set, "OPENCODE_CONFIG_CONTENT").unwrap();
    let config: serde_json::Value = serde_json::from_str(config).unwrap();
    let base = &config["provider"]["openai"]["options"]["baseURL"];
    assert_eq!(base, "http://127.0.0.1:1234/~tok/v1");
    assert_eq!(Agent::of(OsStr::new("/bin/claude")), Agent::Claude);
    assert_eq!(Agent::of(OsStr::new("sh")), Agent::Other);
}

#[test]
fn a_configuration_of_opencodes_keeps_what_else_is_in_it() {
    let own = json!({"model": "x", "provider": {"openai": {"options": {"apiKey": "k"}}, "z": 1}});
    let told = opencode(Some(own.to_string()), "http://w/v1");
    let told: Value = serde_json::from_str(&told).unwrap();
    let options = json!({"apiKey": "k", "baseURL": "http://w/v1"});
    assert_eq!(told["provider"]["openai"]["options"], options);
    assert_eq!(
        (&told["model"], &told["provider"]["z"]),
        (&json!("x"), &json!(1))
    );
    assert_eq!(
        told["provider"]["anthropic"]["options"]["baseURL"],
        "http://w/v1"
    );
}
