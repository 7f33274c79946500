use proptest::prelude::*;

use super::*;
use crate::translate::form::Input;
use crate::translate::json::Json;

fn call(id: &'static str, name: &'static str) -> Part<'static> {
    Part::from(Body::Call(Call {
        id: id.into(),
        name: name.into(),
        input: Input::Json(Json::of_valid("{}")),
        item: None,
        opaque: None,
    }))
}

fn result(call: &'static str, name: Option<&'static str>, text: &'static str) -> Part<'static> {
    Part::from(Body::Result {
        call: call.into(),
        name: name.map(Cow::Borrowed),
        parts: vec![said(text)],
        is_error: false,
    })
}

fn said(text: &'static str) -> Part<'static> {
    Part::from(Body::Text {
        text: text.into(),
        annotations: Vec::new(),
    })
}

fn turn(role: Role, parts: Vec<Part<'static>>) -> Turn<'static> {
    Turn {
        role,
        parts,
        extra: Extra::default(),
    }
}

fn text(part: &Part<'_>) -> String {
    match &part.body {
        Body::Text { text, .. } => text.to_string(),
        Body::Result { parts, .. } => parts.iter().map(text_of).collect(),
        _ => "?".to_owned(),
    }
}

fn text_of(part: &Part<'_>) -> String {
    text(part)
}

fn shown(turns: &[Turn<'_>]) -> Vec<String> {
    let piece = |piece: &Piece<'_, '_>| match piece {
        Piece::Part(part) => text(part),
        Piece::Call { id, .. } => format!("call {id}"),
        Piece::Result { id, part, .. } => {
            format!("{id}={}", part.map_or("none".to_owned(), text))
        }
        Piece::Stray(part) => format!("stray {}", text(part)),
    };
    steps(turns)
        .iter()
        .map(|step| {
            let pieces: Vec<_> = step.pieces.iter().map(piece).collect();
            format!("{:?}: {}", step.role, pieces.join(", "))
        })
        .collect()
}

#[test]
fn results_come_first_and_in_the_order_of_their_calls() {
    let turns = [
        turn(Role::Assistant, vec![call("a", "x"), call("b", "x")]),
        turn(
            Role::User,
            vec![said("t"), result("b", None, "2"), result("a", None, "1")],
        ),
    ];
    assert_eq!(
        shown(&turns),
        ["Assistant: call a, call b", "User: a=1, b=2, t"]
    );
}

#[test]
fn what_is_missing_or_stray_is_told() {
    let turns = [
        turn(Role::User, vec![result("z", None, "0")]),
        turn(Role::Assistant, vec![call("a", "x")]),
        turn(Role::System, vec![said("s")]),
        turn(Role::Assistant, vec![said("t"), call("b", "x")]),
        turn(Role::User, vec![result("a", None, "late"), said("u")]),
        turn(Role::Assistant, vec![call("c", "x")]),
    ];
    assert_eq!(
        shown(&turns),
        [
            "User: stray 0",
            "Assistant: call a",
            "User: a=none",
            "System: s",
            "Assistant: t, call b",
            "User: b=none, stray late, u",
            "Assistant: call c",
            "User: c=none",
        ]
    );
}

#[test]
fn calls_in_turns_of_their_own_are_answered_together() {
    let turns = [
        turn(Role::Assistant, vec![call("a", "x")]),
        turn(Role::Assistant, vec![call("b", "x")]),
        turn(Role::User, vec![result("a", None, "1")]),
        turn(Role::User, vec![result("b", None, "2")]),
    ];
    assert_eq!(
        shown(&turns),
        ["Assistant: call a, call b", "User: a=1, b=2"]
    );
}

#[test]
fn calls_without_ids_get_theirs_and_are_paired_by_name_and_order() {
    let turns = [
        turn(
            Role::Assistant,
            vec![call("", "x"), call("", "y"), call("", "x"), call("d", "z")],
        ),
        turn(
            Role::User,
            vec![
                result("", Some("y"), "y"),
                result("", Some("x"), "x1"),
                result("", Some("x"), "x2"),
                result("", None, "z"),
            ],
        ),
    ];
    let ids = ["call_weir_0=x1", "call_weir_1=y", "call_weir_2=x2", "d=z"];
    assert_eq!(shown(&turns)[1], format!("User: {}", ids.join(", ")));
}

#[test]
fn ids_given_twice_are_told_apart() {
    let turns = [
        turn(Role::Assistant, vec![call("a", "x"), call("a", "x")]),
        turn(
            Role::User,
            vec![
                result("a", None, "1"),
                result("a", None, "2"),
                result("a", None, "3"),
            ],
        ),
    ];
    assert_eq!(
        shown(&turns),
        [
            "Assistant: call a, call a_weir_0",
            "User: a=1, a_weir_0=2, stray 3"
        ]
    );
}

fn anything() -> impl Strategy<Value = Vec<Turn<'static>>> {
    let id = prop::sample::select(vec!["", "a", "b"]);
    let part = (0..3, id).prop_map(|(kind, id)| match kind {
        0 => call(id, "x"),
        1 => result(id, (id == "b").then_some("x"), "r"),
        _ => said("t"),
    });
    let role = prop::sample::select(vec![Role::User, Role::Assistant, Role::System]);
    let turn = (role, prop::collection::vec(part, 0..4));
    prop::collection::vec(turn.prop_map(|(role, parts)| self::turn(role, parts)), 0..6)
}

proptest! {
    #[test]
    fn every_call_is_answered_at_once_and_nothing_is_lost(turns in anything()) {
        let steps = steps(&turns);
        let mut seen = 0;
        for (at, step) in steps.iter().enumerate() {
            let mut calls = Vec::new();
            for piece in &step.pieces {
                match piece {
                    Piece::Call { id, .. } => calls.push(id),
                    Piece::Result { part: None, .. } => continue,
                    _ => {}
                }
                seen += 1;
            }
            let next = steps.get(at + 1).map_or(&[][..], |next| &next.pieces);
            let results = next.iter().map_while(|piece| match piece {
                Piece::Result { id, .. } => Some(id),
                _ => None,
            });
            if step.role == Role::Assistant {
                prop_assert_eq!(calls, results.collect::<Vec<_>>());
            }
        }
        prop_assert_eq!(seen, turns.iter().map(|turn| turn.parts.len()).sum::<usize>());
    }
}
