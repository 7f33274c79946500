use std::collections::HashMap;

use parking_lot::Mutex;

use super::*;
use crate::dialect::Dialect;
use crate::translate::codec;
use crate::translate::form::OpaqueKind;
use crate::translate::options::Hints;

#[derive(Debug, Default)]
struct Shelf(Mutex<HashMap<Key, Arc<Echo>>>);

impl Memory for Shelf {
    fn remember(&self, key: Key, echo: Echo) {
        self.0.lock().insert(key, Arc::new(echo));
    }

    fn recall(&self, key: Key) -> Option<Arc<Echo>> {
        self.0.lock().get(&key).cloned()
    }
}

fn read(body: &str) -> Request<'_> {
    let hints = Hints::default();
    codec::read_request(Dialect::OpenaiChat, body.as_bytes(), &hints).unwrap()
}

fn asks(question: &str) -> String {
    format!(r#"{{"model":"m","messages":[{{"role":"user","content":"{question}"}}]}}"#)
}

fn goes_on(question: &str) -> String {
    format!(
        r#"{{"model":"m","messages":[{{"role":"user","content":" {question}"}},
        {{"role":"assistant","content":"I look","tool_calls":[
            {{"id":"c1","type":"function","function":{{"name":"a","arguments":"{{}}"}}}},
            {{"id":"c2","type":"function","function":{{"name":"b","arguments":"{{}}"}}}}]}},
        {{"role":"tool","tool_call_id":"c1","content":"1"}},
        {{"role":"tool","tool_call_id":"c2","content":"2"}}]}}"#
    )
}

/// An answer that thinks and calls two tools.
fn answer(listener: &mut Listener) {
    let proof = || Opaque {
        value: "sig".into(),
        kind: OpaqueKind::Signature,
    };
    let call = |id: &'static str| Opening::Call {
        id: id.into(),
        name: "a".into(),
        freeform: false,
        item: None,
    };
    let piece = |part, piece| Signal::Delta { part, piece };
    for signal in [
        Signal::Open {
            part: 0,
            kind: Opening::Thinking { id: None },
        },
        piece(0, Piece::Text("hm".into())),
        piece(0, Piece::Text("m".into())),
        piece(0, Piece::Opaque(proof())),
        Signal::Close { part: 0 },
        Signal::Open {
            part: 1,
            kind: call("c1"),
        },
        Signal::Close { part: 1 },
        Signal::Open {
            part: 2,
            kind: call("c2"),
        },
        piece(
            2,
            Piece::Opaque(Opaque {
                value: "own".into(),
                kind: OpaqueKind::ThoughtSignature,
            }),
        ),
        Signal::Close { part: 2 },
    ] {
        listener.hear(&signal);
    }
}

fn thoughts<'r>(request: &'r Request<'_>) -> Vec<&'r str> {
    let parts = request.turns.iter().flat_map(|turn| &turn.parts);
    parts
        .filter_map(|part| match &part.body {
            Body::Thinking { text, .. } => Some(&**text),
            _ => None,
        })
        .collect()
}

#[test]
fn thinking_that_a_client_left_out_is_put_before_its_call() {
    let shelf = Arc::new(Shelf::default());
    let first = asks("why");
    answer(&mut Listener::new(
        Arc::clone(&shelf) as Arc<dyn Memory>,
        place(&read(&first)),
    ));
    let next = goes_on("why");
    let mut request = read(&next);
    recall(&mut request, &*shelf);
    assert_eq!(thoughts(&request), ["hmm"]);
    let step = &request.turns[1].parts;
    assert!(
        matches!(&step[0].body, Body::Thinking { opaque: Some(proof), .. } if proof.value == "sig")
    );
    let own = step.iter().find_map(|part| match &part.body {
        Body::Call(call) if call.id == "c2" => call.opaque.as_ref(),
        _ => None,
    });
    assert_eq!(own.unwrap().value, "own");
    // What the client hands back itself is not doubled.
    let before = request.clone();
    recall(&mut request, &*shelf);
    assert_eq!(request, before);
}

#[test]
fn another_conversation_with_the_same_ids_gets_nothing() {
    let shelf = Arc::new(Shelf::default());
    let first = asks("why");
    answer(&mut Listener::new(
        Arc::clone(&shelf) as Arc<dyn Memory>,
        place(&read(&first)),
    ));
    let other = goes_on("what");
    let mut request = read(&other);
    recall(&mut request, &*shelf);
    assert!(thoughts(&request).is_empty());
}

#[test]
fn of_too_much_nothing_is_kept() {
    let shelf = Arc::new(Shelf::default());
    let mut listener = Listener::new(Arc::clone(&shelf) as Arc<dyn Memory>, 0);
    let kind = Opening::Thinking { id: None };
    listener.hear(&Signal::Open { part: 0, kind });
    let much = "x".repeat(MAX_ANSWER);
    for _ in 0..2 {
        let piece = Piece::Text(much.as_str().into());
        listener.hear(&Signal::Delta { part: 0, piece });
    }
    answer(&mut listener);
    assert!(shelf.0.lock().is_empty());
}
