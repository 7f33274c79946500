use super::*;

const FILE: &str = "---\nname: reviewer\ndescription: Reviews code\n---\n\nYou are a reviewer.\n\n---\n\nBe  strict.\nNotes:\n- old\n";

fn agent(name: &str, prompt: Option<&str>) -> Agent {
    Agent {
        name: name.into(),
        target: Target::parse("gpt-x", |_| false).unwrap(),
        file: None,
        prompt: prompt.map(Into::into),
        usable: true,
        warning: None,
    }
}

fn table() -> Table {
    let parsed = AgentFile::parse(FILE).unwrap();
    Table::new(vec![
        agent("reviewer", Some(&parsed.prompt)),
        agent("brief", Some("You are a reviewer.")),
        agent("Explore", None),
    ])
}

fn found(headers: &[(&'static str, &'static str)], texts: &[&str]) -> Option<(String, Rule)> {
    let mut map = HeaderMap::new();
    for (name, value) in headers {
        map.insert(*name, http::HeaderValue::from_static(value));
    }
    let texts: Vec<Cow<'_, str>> = texts.iter().map(|text| Cow::Borrowed(*text)).collect();
    let table = table();
    let (agent, rule) = table.find(&map, &texts)?;
    Some((agent.name.to_string(), rule))
}

fn reviewer(rule: Rule) -> Option<(String, Rule)> {
    Some(("reviewer".to_owned(), rule))
}

const BILLING: &str = "x-anthropic-billing-header: cc_version=2.1.329.0a8; cc_entrypoint=sdk-cli;";
const WHO: &str = "You are Claude Code, Anthropic's official CLI for Claude.";
const PROMPT: &str = "You are a reviewer.\n\n---\n\nBe strict.\n\nNotes:\n- Agent threads reset.\n";

#[test]
fn a_files_prompt_is_what_follows_the_first_closed_front_matter() {
    let parsed = AgentFile::parse(FILE).unwrap();
    assert_eq!(parsed.name.as_deref(), Some("reviewer"));
    assert_eq!(&*parsed.prompt, "You are a reviewer. --- Be strict.");
    let crlf = AgentFile::parse(&FILE.replace('\n', "\r\n")).unwrap();
    assert_eq!(crlf, parsed);
    let loose = AgentFile::parse("---\ndescription: a: b: c\n---\nDo it.").unwrap();
    assert_eq!((loose.name, &*loose.prompt), (None, "Do it."));
    assert_eq!(&*AgentFile::parse("Do it.").unwrap().prompt, "Do it.");
    assert!(
        AgentFile::parse("---\nname: x\nDo it.")
            .unwrap_err()
            .contains("closed")
    );
    assert!(AgentFile::parse("---\nname: x\n---\n").is_err());
}

#[test]
fn two_blocks_three_blocks_and_notes_make_no_difference() {
    assert_eq!(found(&[], &[WHO, PROMPT]), reviewer(Rule::Prefix));
    assert_eq!(found(&[], &[BILLING, WHO, PROMPT]), reviewer(Rule::Prefix));
    let spaced = PROMPT.replace(' ', "  ").replace('\n', "\r\n");
    assert_eq!(found(&[], &[&spaced]), reviewer(Rule::Prefix));
}

#[test]
fn the_longest_prompt_that_fits_is_the_one() {
    let brief = Some(("brief".to_owned(), Rule::Prefix));
    assert_eq!(found(&[], &["You are a reviewer. Be kind."]), brief);
    assert_eq!(found(&[], &["You are a reviewer.Be kind."]), None);
}

#[test]
fn what_the_client_says_of_itself_keeps_its_own_turns_from_being_taken_for_a_subagents() {
    let class = "x-claude-code-request-class";
    for word in ["main", "auxiliary", "compaction"] {
        assert_eq!(found(&[(class, word)], &[PROMPT]), None, "{word}");
    }
    assert_eq!(
        found(&[(class, "subagent")], &[PROMPT]),
        reviewer(Rule::Prefix)
    );
    let main = format!("{BILLING} cc_is_subagent=false;");
    assert_eq!(found(&[], &[&main, PROMPT]), None);
    assert_eq!(found(&[], &[WHO, "You are an interactive agent."]), None);
}

#[test]
fn headers_and_marks_name_what_no_prompt_tells() {
    assert_eq!(
        found(&[("x-weir-subagent", "reviewer")], &["x"]),
        reviewer(Rule::Header)
    );
    assert_eq!(
        found(&[("x-claude-code-agent-type", "explore")], &["x"]),
        Some(("Explore".to_owned(), Rule::Header))
    );
    let marked = "Do it. <weir-subagent> reviewer </weir-subagent>";
    assert_eq!(found(&[], &[marked]), reviewer(Rule::Marker));
    assert_eq!(found(&[("x-weir-subagent", "nobody")], &["x"]), None);
}

#[test]
fn an_agent_without_a_file_can_be_named_by_its_hash() {
    let name = hash("You are elsewhere.");
    let table = Table::new(vec![agent(&name, None)]);
    let texts = [Cow::Borrowed("You are  elsewhere.\nNotes:\nx")];
    let (_, rule) = table.find(&HeaderMap::new(), &texts).unwrap();
    assert_eq!(rule, Rule::Hash);
    assert_eq!(table.agents()[0].hash(), Some(name));
}

#[test]
fn a_target_names_a_provider_only_if_there_is_one() {
    let known = |name: &str| name == "zai";
    let target = |text: &str| {
        Target::parse(text, known).map(|t| (t.provider.map(String::from), t.model.into_string()))
    };
    let with = |model: &str| Ok((Some("zai".to_owned()), model.to_owned()));
    assert_eq!(target("zai:glm-5"), with("glm-5"));
    assert_eq!(target("zai, glm-5"), with("glm-5"));
    assert_eq!(target("qwen3:8b"), Ok((None, "qwen3:8b".to_owned())));
    assert!(target("nobody,glm-5").is_err());
    assert!(target("zai:").is_err());
}
