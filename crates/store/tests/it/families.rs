//! Who follows from whom where no header says so: agents by the prompt that started them, requests
//! by the response that they name, and what Codex and Gemini CLI say of themselves.

use std::time::{Duration, Instant};

use crate::support::Recorder;
use rusqlite::Connection;
use serde_json::{Value, json};
use uuid::Uuid;
use weir_store::conversation::{
    Searched, SessionAgent, SessionCursor, SessionDetail, SessionQuery,
};
use weir_store::{DryRun, Filter};
use weir_wire::dialect::{Dialect, Operation};

use super::sessions::{SESSION, Sent, claude, list, places, said, sent, usage, user, whole};
use super::support::{Place, now_us};

const PROMPT: &str = "Fetch the weather for New York.";

/// An answer that starts an agent.
fn starting(call: &str, prompt: &str) -> Value {
    let mut answer = usage(100, 0, 50);
    answer["stop_reason"] = json!("tool_use");
    answer["content"] = json!([{"type": "text", "text": "sure"}, {"type": "tool_use", "id": call,
        "name": "Agent", "input": {"description": "weather", "subagent_type": "weather-fetcher",
            "prompt": prompt}}]);
    answer
}

/// How an agent's conversation begins.
fn briefed(prompt: &str) -> Value {
    json!({"role": "user", "content": [
        {"type": "text", "text": "<system-reminder>\nToday is Friday.\n</system-reminder>"},
        {"type": "text", "text": prompt}]})
}

/// Id, parent and kind of each agent, and who started it.
fn agents(session: &SessionDetail) -> Vec<[Option<&str>; 4]> {
    fn one(agent: &SessionAgent) -> [Option<&str>; 4] {
        let SessionAgent {
            id,
            parent,
            agent_type,
            started_by,
            ..
        } = agent;
        [id, parent, agent_type, started_by].map(Option::as_deref)
    }
    session.agents.iter().map(one).collect()
}

#[tokio::test]
async fn an_agent_without_headers_is_known_by_the_prompt_that_started_it() {
    let place = Place::new();
    let recorder = place.open();
    let main = [
        user("what is the weather?"),
        said("sure"),
        user("it is fine"),
    ];
    let first = sent(claude(&main[..1]))
        .answered(starting("toolu_1", PROMPT))
        .store(&recorder);
    sent(claude(&[briefed(PROMPT)]))
        .answered(usage(7, 0, 0))
        .store(&recorder);
    let deeper = "Look out of the window.";
    let second = sent(claude(&[briefed(PROMPT), said("hm"), user("72 degrees")]))
        .answered(starting("toolu_2", deeper))
        .store(&recorder);
    sent(claude(&[briefed(deeper)])).store(&recorder);
    sent(claude(&main))
        .answered(usage(20, 0, 30))
        .store(&recorder);
    recorder.flush().await;

    let session = whole(&recorder, SESSION);
    let kind = Some("weather-fetcher");
    assert_eq!(
        agents(&session),
        [
            [None, None, None, None],
            [Some("toolu_1"), None, kind, Some(&*first)],
            [Some("toolu_2"), Some("toolu_1"), kind, Some(&*second)],
        ]
    );
    assert_eq!(
        places(&session),
        [
            ("main", "new", 0),
            ("subagent", "new", 0),
            ("subagent", "extends", 1),
            ("subagent", "new", 0),
            ("main", "extends", 1),
        ]
    );
    assert_eq!(session.agents[1].usage.input_tokens, 107);
    assert_eq!(session.outline.context_tokens, 50);
    assert_eq!(
        session.outline.title.as_deref(),
        Some("what is the weather?")
    );
}

#[tokio::test]
async fn an_agent_may_begin_before_the_answer_that_starts_it_has_ended() {
    let place = Place::new();
    let recorder = place.open();
    let main = sent(claude(&[user("what is the weather?")]))
        .answered(starting("toolu_1", PROMPT))
        .begin(&recorder);
    let stored = sent(claude(&[briefed(PROMPT)])).begin(&recorder);
    recorder.flush().await;
    let first = main.end(&recorder);
    stored.end(&recorder);
    recorder.flush().await;
    let session = whole(&recorder, SESSION);
    let kind = Some("weather-fetcher");
    assert_eq!(
        agents(&session),
        [
            [None, None, None, None],
            [Some("toolu_1"), None, kind, Some(&*first)]
        ]
    );
    let kinds: Vec<_> = places(&session).iter().map(|place| place.0).collect();
    assert_eq!(kinds, ["main", "subagent"]);
}

#[tokio::test]
async fn a_prompt_tells_of_its_own_session_and_of_nobody_who_says_otherwise() {
    let place = Place::new();
    let recorder = place.open();
    sent(claude(&[user(PROMPT)]))
        .answered(starting("toolu_0", PROMPT))
        .store(&recorder);
    sent(claude(&[user("what is the weather?")]))
        .answered(starting("toolu_1", "Ask."))
        .store(&recorder);
    // Its own words come back in the next turn: nobody was started by them.
    sent(claude(&[user(PROMPT), said("sure"), user("go on")])).store(&recorder);
    sent(claude(&[briefed("Ask.")]))
        .with("x-claude-code-request-class", "main")
        .store(&recorder);
    let mut other = sent(claude(&[briefed("Ask.")]));
    other.fields[0].1 = "other".to_owned();
    other.store(&recorder);
    recorder.flush().await;
    for id in [SESSION, "other"] {
        let session = whole(&recorder, id);
        assert!(places(&session).iter().all(|place| place.0 == "main"));
        assert_eq!(session.agents.len(), 1, "{id}");
    }
}

#[tokio::test]
async fn prompts_are_remembered_over_a_restart_as_long_as_their_exchange_is_there() {
    let place = Place::new();
    let recorder = place.open();
    let first = sent(claude(&[user("what is the weather?")]))
        .answered(starting("toolu_1", PROMPT))
        .store(&recorder);
    recorder.shutdown().await;

    let recorder = place.open();
    sent(claude(&[briefed(PROMPT)])).store(&recorder);
    recorder.flush().await;
    assert_eq!(
        agents(&whole(&recorder, SESSION))[1][0],
        Some("toolu_1"),
        "after a restart"
    );
    let filter = Filter {
        id: Some(Uuid::parse_str(&first).unwrap()),
        ..Filter::default()
    };
    assert_eq!(recorder.purge(filter, DryRun::No).await.unwrap(), 1);
    sent(claude(&[briefed(PROMPT), said("hm"), user("go on")])).store(&recorder);
    recorder.flush().await;
    let session = whole(&recorder, SESSION);
    assert_eq!(
        places(&session).iter().map(|p| p.0).collect::<Vec<_>>(),
        ["subagent", "main"]
    );
    recorder.shutdown().await;
    let db = Connection::open(place.db()).unwrap();
    let left = db.query_row("SELECT count(*) FROM leads", [], |row| row.get(0));
    assert_eq!(left, Ok(0));
}

/// A request to Responses, answered with a response of this id.
fn responses(input: &str, previous: Option<&str>, id: &str) -> Sent {
    let mut body = json!({"model": "gpt-5.5", "input": [user(input)]});
    if let Some(previous) = previous {
        body["previous_response_id"] = json!(previous);
    }
    let answer = json!({"object": "response", "id": id, "status": "completed", "model": "gpt-5.5",
        "output": [], "usage": {"input_tokens": 5, "output_tokens": 1}});
    Sent {
        fields: vec![("user-agent", "OpenAI/Python 3.52.0".to_owned())],
        dialect: Dialect::OpenaiResponses,
        operation: Operation::Generate,
        ..sent(body)
    }
    .answered(answer)
}

#[tokio::test]
async fn a_request_that_names_a_response_is_of_its_session_and_extends_its_turn() {
    let place = Place::new();
    let recorder = place.open();
    let first = responses("hello", None, "resp_1").store(&recorder);
    let second = responses("go on", Some("resp_1"), "resp_2").store(&recorder);
    recorder.shutdown().await;
    let recorder = place.open();
    responses("go on", Some("resp_2"), "resp_3").store(&recorder);
    responses("go back", Some("resp_1"), "resp_4").store(&recorder);
    responses("who?", Some("resp_unknown"), "resp_5").store(&recorder);
    recorder.flush().await;
    let sessions = list(&recorder, SessionQuery::default());
    let found: Vec<_> = sessions
        .iter()
        .map(|s| (s.title.as_deref(), s.requests))
        .collect();
    assert_eq!(found, [(Some("who?"), 1), (Some("hello"), 4)]);
    let session = whole(&recorder, &sessions[1].id);
    let follows: Vec<_> = session
        .turns
        .iter()
        .map(|turn| (turn.relation, turn.extends.as_deref(), turn.new_from))
        .collect();
    assert_eq!(
        follows,
        [
            ("new", None, 0),
            ("extends", Some(&*first), 0),
            ("extends", Some(&*second), 0),
            ("extends", Some(&*first), 0),
        ]
    );
}

#[tokio::test]
async fn a_response_that_is_named_brings_the_session_that_a_header_gave() {
    let place = Place::new();
    let recorder = place.open();
    responses("hello", None, "resp_1")
        .with("session-id", "s-1")
        .with("thread-id", "t-1")
        .store(&recorder);
    responses("go on", Some("resp_1"), "resp_2").store(&recorder);
    let own = responses("mine", Some("resp_1"), "resp_3").with("session-id", "s-2");
    own.store(&recorder);
    recorder.flush().await;
    let session = whole(&recorder, "s-1");
    assert_eq!(session.total, 2);
    assert_eq!(session.turns[1].request.agent_id.as_deref(), Some("t-1"));
    assert_eq!(whole(&recorder, "s-2").total, 1);
}

#[tokio::test]
async fn codex_says_in_its_metadata_whose_turn_it_is() {
    let place = Place::new();
    let recorder = place.open();
    let codex = |metadata: &Value| {
        let fields = vec![
            ("x-codex-turn-metadata", metadata.to_string()),
            ("originator", "codex_exec".to_owned()),
        ];
        Sent {
            fields,
            ..responses("hello", None, "resp_1")
        }
    };
    let turn = |thread: &str, turn: &str| {
        json!({"session_id": "s-1", "thread_id": thread, "turn_id": turn,
            "request_kind": "turn", "thread_source": "user"})
    };
    codex(&turn("s-1", "n-1")).store(&recorder);
    codex(&turn("s-1", "n-1")).store(&recorder);
    let mut spawned = turn("t-2", "n-2");
    spawned["thread_source"] = json!("subagent");
    spawned["subagent_kind"] = json!("review");
    spawned["parent_thread_id"] = json!("s-1");
    codex(&spawned).store(&recorder);
    let mut deeper = spawned.clone();
    (deeper["thread_id"], deeper["parent_thread_id"]) = (json!("t-3"), json!("t-2"));
    codex(&deeper).store(&recorder);
    let mut compaction = turn("s-1", "n-3");
    compaction["request_kind"] = json!("compaction");
    codex(&compaction).store(&recorder);
    let mut prewarm = turn("s-1", "n-4");
    prewarm["request_kind"] = json!("prewarm");
    codex(&prewarm).store(&recorder);
    recorder.flush().await;
    let session = whole(&recorder, "s-1");
    let review = Some("review");
    assert_eq!(
        agents(&session),
        [
            [None, None, None, None],
            [Some("t-2"), None, review, None],
            [Some("t-3"), Some("t-2"), review, None],
        ]
    );
    let turns: Vec<_> = session
        .turns
        .iter()
        .map(|t| (t.kind, t.request.class.as_deref(), t.prompt_id.as_deref()))
        .collect();
    assert_eq!(
        turns,
        [
            ("main", Some("main"), Some("n-1")),
            ("retry", Some("main"), Some("n-1")),
            ("subagent", Some("subagent"), Some("n-2")),
            ("subagent", Some("subagent"), Some("n-2")),
            ("main", Some("compaction"), Some("n-3")),
            ("side", Some("auxiliary"), Some("n-4")),
        ]
    );
}

#[tokio::test]
async fn what_gemini_cli_says_of_the_machine_makes_no_two_conversations_one() {
    let place = Place::new();
    let recorder = place.open();
    let context =
        "<session_context>\nThis is the Gemini CLI.\nToday's date is Friday.\n</session_context>";
    let gemini = |body: Value| {
        let agent = "GeminiCLI-tui/0.61.0/gemini-3.8-flash".to_owned();
        Sent {
            fields: vec![("user-agent", agent)],
            dialect: Dialect::Gemini,
            ..sent(body)
        }
    };
    let contents = |texts: &[&str]| {
        let one = |text: &&str| json!({"role": "user", "parts": [{"text": text}]});
        texts.iter().map(one).collect::<Value>()
    };
    let asks = |text: &str| json!({"contents": contents(&[context, text]), "tools": [{"functionDeclarations": [{"name": "ls"}]}]});
    let router = json!({"contents": contents(&[context, "fix it"]),
        "systemInstruction": {"parts": [{"text": "You are a specialized Task Routing AI. Your sole function"}]},
        "generationConfig": {"responseJsonSchema": {"properties": {"model_choice": {}}}}});
    let speaker = json!({"contents": contents(&[context, "fix it", "who speaks?"]),
        "generationConfig": {"responseJsonSchema": {"required": ["next_speaker"]}}});
    for body in [router, asks("fix it"), speaker, asks("explain it")] {
        gemini(body).store(&recorder);
    }
    recorder.flush().await;
    let sessions = list(&recorder, SessionQuery::default());
    let found: Vec<_> = sessions
        .iter()
        .map(|s| (s.title.as_deref(), s.requests))
        .collect();
    assert_eq!(found, [(Some("explain it"), 1), (Some("fix it"), 3)]);
    let kinds: Vec<_> = places(&whole(&recorder, &sessions[1].id))
        .iter()
        .map(|place| place.0)
        .collect();
    assert_eq!(kinds, ["side", "main", "side"]);
}

/// Waits until a search finds these sessions.
async fn found_by(recorder: &Recorder, query: &SessionQuery, expected: &[&str]) {
    let start = Instant::now();
    loop {
        let sessions = list(recorder, query.clone());
        let ids: Vec<_> = sessions.iter().map(|session| &*session.id).collect();
        if ids == expected {
            return;
        }
        assert!(
            start.elapsed() < Duration::from_secs(20),
            "{query:?}: {ids:?}"
        );
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

#[tokio::test]
async fn sessions_are_found_by_what_was_said_in_them() {
    let place = Place::new();
    let recorder = place.open();
    for (n, ago_s) in [(0, 300), (1, 200), (2, 100), (0, 50)] {
        let mut answer = usage(1, 0, 0);
        answer["content"] = json!([{"type": "text", "text": format!("a needle{n} of hay")}]);
        let mut one = sent(json!({"model": "m", "messages": [user("look")]}));
        one.fields[0].1 = format!("s-{n}");
        Sent { ago_s, ..one }.answered(answer).store(&recorder);
    }
    let asks = |q: &str| SessionQuery {
        q: Some(q.to_owned()),
        ..SessionQuery::default()
    };
    found_by(&recorder, &asks("hay needle1"), &["s-1"]).await;
    found_by(&recorder, &asks("\"of hay\""), &["s-0", "s-2", "s-1"]).await;
    found_by(&recorder, &asks("hay -needle2"), &["s-0", "s-1"]).await;
    found_by(&recorder, &asks("S-2"), &["s-2"]).await;
    found_by(&recorder, &asks("nowhere"), &[]).await;
    found_by(&recorder, &asks("-"), &["s-0", "s-2", "s-1"]).await;

    // Pages of one search, and a search that was stopped: it goes on in what is older, and does
    // not find again what it has found.
    let reader = recorder.reader();
    let page = |after| {
        let query = SessionQuery {
            after,
            limit: 2,
            ..asks("hay")
        };
        let page = reader.sessions(&query).unwrap();
        let ids: Vec<String> = page.sessions.into_iter().map(|s| s.outline.id).collect();
        (ids, page.next, page.total, page.complete)
    };
    let (ids, next, total, complete) = page(None);
    assert_eq!(ids, ["s-0", "s-2"]);
    assert_eq!((total, complete), (Some(3), true));
    let (ids, next, total, _) = page(next);
    assert_eq!((ids, next, total), (vec!["s-1".to_owned()], None, Some(3)));
    let stopped = SessionCursor {
        last_us: i64::MAX,
        key: i64::MAX,
        searched: Some(Searched {
            below: (now_us() - 150_000_000) * 2048,
            from: None,
        }),
    };
    let (ids, next, total, complete) = page(Some(stopped));
    assert_eq!((ids, next), (vec!["s-1".to_owned()], None));
    assert_eq!((total, complete), (None, true));
}

#[tokio::test]
async fn a_session_says_nothing_of_exchanges_that_are_gone() {
    let place = Place::new();
    let recorder = place.open();
    let secret = sent(claude(&[user("the secret plan")])).store(&recorder);
    sent(claude(&[user("and then?")]))
        .answered(usage(30, 0, 0))
        .store(&recorder);
    let newest = sent(claude(&[user("and then?"), said("so"), user("more")]))
        .answered(usage(40, 0, 0))
        .store(&recorder);
    recorder.flush().await;
    assert_eq!(whole(&recorder, SESSION).outline.context_tokens, 40);
    for id in [&secret, &newest] {
        let filter = Filter {
            id: Some(Uuid::parse_str(id).unwrap()),
            ..Filter::default()
        };
        assert_eq!(recorder.purge(filter, DryRun::No).await.unwrap(), 1);
    }
    let summary = whole(&recorder, SESSION).outline;
    assert_eq!((summary.title, summary.context_tokens), (None, 30));
    sent(claude(&[user("and then?"), said("so"), user("end")])).store(&recorder);
    recorder.flush().await;
    assert_eq!(
        whole(&recorder, SESSION).outline.title.as_deref(),
        Some("and then?")
    );
}
