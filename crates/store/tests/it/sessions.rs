//! Sessions: what belongs together, what each turn is and which it follows, what fills them.

use crate::support::Recorder;
use rusqlite::Connection;
use serde_json::{Value, json};
use uuid::Uuid;
use weir_core::exchange::ResponseRecord;
use weir_store::conversation::{SessionDetail, SessionOutline, SessionQuery};
use weir_store::{DryRun, Filter};
use weir_wire::dialect::{Dialect, Operation};

use super::support::{Place, headers, now_us, request, response};

pub(super) const SESSION: &str = "5c8f1d52-0000-4000-8000-000000000001";

/// One exchange to come.
pub(super) struct Sent {
    pub(super) body: Value,
    pub(super) fields: Vec<(&'static str, String)>,
    pub(super) answer: Value,
    pub(super) status: u16,
    pub(super) operation: Operation,
    pub(super) dialect: Dialect,
    pub(super) ago_s: i64,
}

pub(super) fn sent(body: Value) -> Sent {
    Sent {
        body,
        fields: vec![
            ("x-claude-code-session-id", SESSION.to_owned()),
            ("content-type", "application/json".to_owned()),
            (
                "user-agent",
                "claude-cli/2.1.329 (external, cli)".to_owned(),
            ),
        ],
        answer: usage(10, 0, 2000),
        status: 200,
        operation: Operation::GenerateStream,
        dialect: Dialect::AnthropicMessages,
        ago_s: 0,
    }
}

pub(super) fn usage(input: u64, read: u64, write: u64) -> Value {
    json!({"type": "message", "content": [{"type": "text", "text": "ok"}], "stop_reason": "end_turn",
        "usage": {"input_tokens": input, "output_tokens": 5, "cache_read_input_tokens": read,
            "cache_creation_input_tokens": write}})
}

impl Sent {
    pub(super) fn with(mut self, name: &'static str, value: &str) -> Self {
        self.fields.push((name, value.to_owned()));
        self
    }

    pub(super) fn answered(self, answer: Value) -> Self {
        Self { answer, ..self }
    }

    /// Stores it and gives its id.
    pub(super) fn store(self, recorder: &Recorder) -> String {
        self.begin(recorder).end(recorder)
    }

    /// Sends the request alone.
    pub(super) fn begin(self, recorder: &Recorder) -> Begun {
        let mut begun = request(self.body.to_string());
        let fields: Vec<_> = self.fields.iter().map(|(n, v)| (*n, v.as_str())).collect();
        begun.headers = headers(&fields);
        begun.operation = self.operation;
        begun.dialect = self.dialect;
        begun.started_at_us = now_us() - self.ago_s * 1_000_000;
        let mut ended = response(begun.id, self.answer.to_string());
        ended.status = Some(self.status.try_into().unwrap());
        recorder.started(Box::new(begun));
        Begun(Box::new(ended))
    }
}

/// A request that was sent, with what is to be its end.
pub(super) struct Begun(Box<ResponseRecord>);

impl Begun {
    /// Ends it and gives its id.
    pub(super) fn end(self, recorder: &Recorder) -> String {
        let id = self.0.id.to_string();
        recorder.finished(self.0);
        id
    }
}

pub(super) fn user(text: &str) -> Value {
    json!({"role": "user", "content": text})
}

pub(super) fn said(text: &str) -> Value {
    json!({"role": "assistant", "content": [{"type": "text", "text": text}]})
}

pub(super) fn claude(messages: &[Value]) -> Value {
    let mark = json!({"type": "ephemeral"});
    json!({"model": "claude-opus-4-8", "messages": messages,
        "system": [{"type": "text", "text": "x-anthropic-billing-header: cc_version=2.1.329.0a8;"},
            {"type": "text", "text": "You are a coding agent. ".repeat(40), "cache_control": mark}],
        "tools": [{"name": "Bash"}, {"name": "Read"}], "max_tokens": 128_000, "stream": true})
}

pub(super) fn list(recorder: &Recorder, query: SessionQuery) -> Vec<SessionOutline> {
    let query = SessionQuery { limit: 50, ..query };
    let page = recorder.reader().sessions(&query).unwrap();
    page.sessions
        .into_iter()
        .map(|session| session.outline)
        .collect()
}

pub(super) fn whole(recorder: &Recorder, id: &str) -> SessionDetail {
    recorder.reader().session(id, 0, 500).unwrap().unwrap()
}

/// Kind, relation and first new message of each turn.
pub(super) fn places(session: &SessionDetail) -> Vec<(&'static str, &'static str, usize)> {
    let place = |turn: &weir_store::conversation::Turn| (turn.kind, turn.relation, turn.new_from);
    session.turns.iter().map(place).collect()
}

/// A session with everything in it; gives the ids of the first turn and of the one that failed.
fn record_everything(recorder: &Recorder) -> (String, String) {
    let one = [user("fix the build"), said("hm")];
    let title = json!({"model": "claude-haiku-4-5", "messages": [user("fix the build")], "tools": [],
        "output_config": {"format": {"type": "json_schema", "schema": {"properties": {"title": {}}}}}});
    let made = json!({"content": [{"type": "text", "text": "{\"title\": \"Fix a broken build\"}"}],
        "usage": {"input_tokens": 100, "output_tokens": 7}});
    let first = sent(claude(&one[..1])).store(recorder);
    sent(title).answered(made).store(recorder);
    let two = [user("fix the build"), said("hm"), user("go on")];
    let failed = Sent {
        status: 529,
        ..sent(claude(&two))
    };
    let failed = failed.answered(json!({"type": "error"})).store(recorder);
    sent(claude(&two))
        .answered(usage(20, 2000, 300))
        .store(recorder);
    sent(claude(&[user("look for callers")]))
        .with("x-claude-code-agent-id", "a-1")
        .with("x-claude-code-agent-type", "Explore")
        .store(recorder);
    let deeper = sent(claude(&[user("look deeper")])).with("x-claude-code-agent-id", "a-2");
    deeper
        .with("x-claude-code-parent-agent-id", "a-1")
        .store(recorder);
    let count = Sent {
        operation: Operation::CountTokens,
        ..sent(claude(&two))
    };
    count.answered(json!({"input_tokens": 12})).store(recorder);
    let search = json!({"messages": [user("search")], "tools": [{"type": "web_search_20250305"}]});
    sent(search).store(recorder);
    sent(json!({"messages": [user("quota")], "max_tokens": 1})).store(recorder);
    let summary = "This session is being continued from a previous conversation that ran out";
    sent(claude(&[user(summary)]))
        .answered(usage(5, 0, 1500))
        .store(recorder);
    (first, failed)
}

#[tokio::test]
async fn a_session_is_a_tree_of_turns() {
    let place = Place::new();
    let recorder = place.open();
    let (first, failed) = record_everything(&recorder);
    recorder.flush().await;

    let session = whole(&recorder, SESSION);
    let expected = [
        ("main", "new", 0),
        ("side", "new", 0),
        ("main", "extends", 1),
        ("retry", "retry", 3),
        ("subagent", "new", 0),
        ("subagent", "new", 0),
        ("count", "new", 0),
        ("side", "new", 0),
        ("probe", "new", 0),
        ("main", "compaction", 0),
    ];
    assert_eq!(places(&session), expected);
    assert_eq!(session.turns[2].extends.as_ref(), Some(&first));
    assert_eq!(session.turns[3].retry_of.as_ref(), Some(&failed));
    let ids: Vec<_> = session
        .agents
        .iter()
        .map(|a| (a.id.as_deref(), a.parent.as_deref()))
        .collect();
    assert_eq!(
        ids,
        [
            (None, None),
            (Some("a-1"), None),
            (Some("a-2"), Some("a-1"))
        ]
    );
    assert_eq!(session.agents[0].first_request.as_ref(), Some(&first));
    assert_eq!(session.agents[1].agent_type.as_deref(), Some("Explore"));
    let summary = &session.outline;
    assert_eq!(
        (summary.requests, summary.errors, session.agents.len()),
        (10, 1, 3)
    );
    assert_eq!(summary.title.as_deref(), Some("Fix a broken build"));
    assert_eq!(summary.client.as_deref(), Some("claude_code"));
    assert_eq!(summary.models, ["claude-haiku-4-5", "claude-opus-4-8"]);
    assert_eq!(summary.context_tokens, 1505);
    assert_eq!((summary.grouping, session.total), ("session", 10));
    assert_eq!(summary.usage.cache_read_input_tokens, Some(2000));
}

#[tokio::test]
async fn turns_are_paged_and_still_know_what_they_follow() {
    let place = Place::new();
    let recorder = place.open();
    let mut messages = vec![user("start")];
    let mut ids = Vec::new();
    for n in 0..6 {
        ids.push(sent(claude(&messages)).store(&recorder));
        messages.extend([said(&format!("answer {n}")), user(&format!("next {n}"))]);
    }
    recorder.flush().await;
    let page = recorder.reader().session(SESSION, 4, 1).unwrap().unwrap();
    assert_eq!(
        (page.turns.len(), page.total, page.offset, page.limit),
        (1, 6, 4, 1)
    );
    assert_eq!(places(&page), [("main", "extends", 7)]);
    assert_eq!(page.turns[0].extends.as_ref(), Some(&ids[3]));
    assert!(recorder.reader().session("nobody", 0, 1).unwrap().is_none());
}

#[tokio::test]
async fn clients_without_a_session_are_grouped_by_their_first_words() {
    let place = Place::new();
    let recorder = place.open();
    let gemini = |texts: &[&str]| {
        let contents: Vec<_> = texts
            .iter()
            .enumerate()
            .map(|(n, text)| json!({"role": if n % 2 == 0 { "user" } else { "model" }, "parts": [{"text": text}]}))
            .collect();
        let fields = vec![(
            "user-agent",
            "GeminiCLI-tui/0.61.0/gemini-3.8-flash".to_owned(),
        )];
        let body = json!({ "contents": contents });
        Sent {
            fields,
            dialect: Dialect::Gemini,
            ..sent(body)
        }
    };
    gemini(&["hello"]).store(&recorder);
    gemini(&["hello", "hi", "more"]).store(&recorder);
    gemini(&["another"]).store(&recorder);
    recorder.flush().await;
    let sessions = list(&recorder, SessionQuery::default());
    let found: Vec<_> = sessions
        .iter()
        .map(|s| (s.grouping, s.requests, s.title.as_deref()))
        .collect();
    assert_eq!(
        found,
        [
            ("conversation", 1, Some("another")),
            ("conversation", 2, Some("hello"))
        ]
    );
    assert_eq!(sessions[1].id, "2cf24dba5fb0a30e26e83b2ac5b9e29e");
    let session = whole(&recorder, &sessions[1].id);
    assert_eq!(
        places(&session),
        [("main", "new", 0), ("main", "extends", 1)]
    );
}

#[tokio::test]
async fn codex_threads_are_agents_unless_they_are_the_session() {
    let place = Place::new();
    let recorder = place.open();
    let codex = |thread: &str| {
        let fields = vec![
            ("session-id", "s-1".to_owned()),
            ("thread-id", thread.to_owned()),
            ("user-agent", "codex_exec/0.169.0".to_owned()),
        ];
        let body = json!({"model": "gpt-5.5", "input": [user("hello")], "store": false});
        Sent {
            fields,
            dialect: Dialect::OpenaiResponses,
            ..sent(body)
        }
    };
    codex("s-1").store(&recorder);
    codex("t-2").store(&recorder);
    codex("t-3")
        .with("x-openai-subagent", "compact")
        .store(&recorder);
    recorder.flush().await;
    let session = whole(&recorder, "s-1");
    let agents: Vec<_> = session
        .agents
        .iter()
        .map(|agent| agent.id.as_deref())
        .collect();
    assert_eq!(agents, [None, Some("t-2"), Some("t-3")]);
    assert_eq!(
        places(&session)[..2],
        [("main", "new", 0), ("subagent", "new", 0)]
    );
}

fn record_five(recorder: &Recorder) {
    for n in 0..5 {
        let body = json!({"model": format!("model-{n}"), "messages": [user(&format!("task {n}"))]});
        let mut one = sent(body);
        one.fields[0].1 = format!("s-{n}");
        Sent {
            ago_s: 100 - 10 * n,
            ..one
        }
        .store(recorder);
    }
}

#[tokio::test]
async fn the_list_is_paged_and_newest_first() {
    let place = Place::new();
    let recorder = place.open();
    record_five(&recorder);
    recorder.flush().await;
    let reader = recorder.reader();
    let mut query = SessionQuery {
        limit: 2,
        ..SessionQuery::default()
    };
    let mut seen = Vec::new();
    loop {
        let page = reader.sessions(&query).unwrap();
        assert_eq!((page.total, page.complete), (Some(5), true));
        seen.extend(page.sessions.into_iter().map(|session| session.outline.id));
        query.after = page.next;
        if query.after.is_none() {
            break;
        }
    }
    assert_eq!(seen, ["s-4", "s-3", "s-2", "s-1", "s-0"]);
}

#[tokio::test]
async fn the_list_is_narrowed_by_model_words_client_and_time() {
    let place = Place::new();
    let recorder = place.open();
    record_five(&recorder);
    recorder.flush().await;
    let ids = |query| {
        list(&recorder, query)
            .into_iter()
            .map(|s| s.id)
            .collect::<Vec<_>>()
    };
    let some = |text: &str| Some(text.to_owned());
    assert_eq!(
        ids(SessionQuery {
            model: some("MODEL-3"),
            ..SessionQuery::default()
        }),
        ["s-3"]
    );
    assert_eq!(
        ids(SessionQuery {
            q: some("Task 2"),
            ..SessionQuery::default()
        }),
        ["s-2"]
    );
    assert!(
        ids(SessionQuery {
            client: some("codex"),
            ..SessionQuery::default()
        })
        .is_empty()
    );
    let start_us = Some(now_us() - 75_000_000);
    assert_eq!(
        ids(SessionQuery {
            start_us,
            ..SessionQuery::default()
        }),
        ["s-4", "s-3"]
    );
    let end_us = Some(now_us() - 85_000_000);
    assert_eq!(
        ids(SessionQuery {
            end_us,
            ..SessionQuery::default()
        }),
        ["s-1", "s-0"]
    );
}

#[tokio::test]
async fn deleting_exchanges_corrects_their_session() {
    let place = Place::new();
    let recorder = place.open();
    let first = sent(claude(&[user("a")])).store(&recorder);
    let second = sent(claude(&[user("a"), said("b"), user("c")]));
    let second = Sent {
        status: 500,
        ..second
    }
    .with("x-claude-code-agent-id", "a-1");
    second.answered(usage(7, 0, 0)).store(&recorder);
    let mut other = sent(claude(&[user("z")]));
    other.fields[0].1 = "other".to_owned();
    other.store(&recorder);
    recorder.flush().await;
    let delete = async |filter: Filter| recorder.purge(filter, DryRun::No).await.unwrap();
    let id = Some(Uuid::parse_str(&first).unwrap());
    assert_eq!(
        delete(Filter {
            id,
            ..Filter::default()
        })
        .await,
        1
    );
    let session = whole(&recorder, SESSION);
    assert_eq!((session.outline.requests, session.outline.errors), (1, 1));
    assert_eq!(session.outline.usage.input_tokens, 7);
    assert_eq!(session.agents.len(), 1);
    assert_eq!(
        session.outline.start_time,
        session.turns[0].request.timestamp
    );
    let turns_of = Some(SESSION.to_owned());
    assert_eq!(
        delete(Filter {
            turns_of,
            ..Filter::default()
        })
        .await,
        1
    );
    assert!(recorder.reader().session(SESSION, 0, 1).unwrap().is_none());
    let left = list(&recorder, SessionQuery::default());
    assert_eq!(left.len(), 1);
    assert_eq!(recorder.delete_all().await.unwrap(), 1);
    assert!(list(&recorder, SessionQuery::default()).is_empty());
}

#[tokio::test]
async fn sessions_of_an_older_database_are_summed_up() {
    let place = Place::new();
    let recorder = place.open();
    for n in 0..600 {
        let mut one = sent(json!({"model": "m", "messages": [user("hello")]}));
        one.fields[0].1 = format!("s-{}", n % 7);
        one.store(&recorder);
    }
    recorder.shutdown().await;
    let before: Vec<_> = list(&recorder, SessionQuery::default());
    let db = Connection::open(place.db()).unwrap();
    db.execute_batch(
        "DELETE FROM sessions; DELETE FROM session_parts; DELETE FROM turns;
         INSERT INTO session_rebuild SELECT max(id) FROM exchanges;",
    )
    .unwrap();
    drop(db);
    let recorder = place.open();
    let figures = |sessions: &[SessionOutline]| {
        let one = |s: &SessionOutline| {
            (
                s.id.clone(),
                s.requests,
                s.usage.input_tokens,
                s.last_activity.clone(),
            )
        };
        sessions.iter().map(one).collect::<Vec<_>>()
    };
    let mut after = Vec::new();
    for _ in 0..1000 {
        recorder.flush().await;
        after = list(&recorder, SessionQuery::default());
        if figures(&after) == figures(&before) {
            break;
        }
        tokio::task::yield_now().await;
    }
    assert_eq!(figures(&after), figures(&before));
    assert_eq!(
        whole(&recorder, "s-3").total,
        before.iter().find(|s| s.id == "s-3").unwrap().requests
    );
}
