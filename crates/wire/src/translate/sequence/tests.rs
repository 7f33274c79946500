//! What comes in turns goes out one after the other, and nothing is lost.

use proptest::prelude::*;

use super::super::form::Stop;
use super::*;

fn call(part: usize) -> Signal<'static> {
    Signal::Open {
        part,
        kind: Opening::Call {
            id: format!("call_{part}").into(),
            name: "f".into(),
            freeform: false,
            item: None,
        },
    }
}

fn text(part: usize) -> Signal<'static> {
    Signal::Open {
        part,
        kind: Opening::Text,
    }
}

fn input(part: usize, text: &'static str) -> Signal<'static> {
    Signal::Delta {
        part,
        piece: Piece::Input(text.into()),
    }
}

fn said(part: usize, text: &'static str) -> Signal<'static> {
    Signal::Delta {
        part,
        piece: Piece::Text(text.into()),
    }
}

fn brief(signal: &Signal<'_>) -> String {
    match signal {
        Signal::Open { part, .. } => format!("<{part}"),
        Signal::Close { part } => format!("{part}>"),
        Signal::Delta {
            piece: Piece::Text(text) | Piece::Input(text),
            ..
        } => text.to_string(),
        Signal::Delta { .. } => "*".to_owned(),
        Signal::Stop(_) => "stop".to_owned(),
        Signal::Ping => "ping".to_owned(),
        Signal::Failed(_) => "failed".to_owned(),
        Signal::Usage(_) | Signal::Start { .. } | Signal::Foreign { .. } => "other".to_owned(),
    }
}

fn through(signals: impl IntoIterator<Item = Signal<'static>>, ending: Ending) -> String {
    let mut seen = Vec::new();
    let mut sequencer = Sequencer::with_max_held(2000);
    let mut each = |signal: Signal<'_>| seen.push(brief(&signal));
    for signal in signals {
        sequencer.push(signal, &mut each);
    }
    sequencer.finish(ending, &mut each);
    seen.join(" ")
}

#[test]
fn a_sequential_stream_goes_through() {
    let close = |part| Signal::Close { part };
    let stream = [
        text(0),
        said(0, "a"),
        Signal::Ping,
        close(0),
        call(1),
        input(1, "{}"),
        close(1),
        Signal::Stop(Stop::ToolUse),
    ];
    assert_eq!(through(stream, Ending::Whole), "<0 a ping 0> <1 {} 1> stop");
}

#[test]
fn a_whole_call_gives_way_to_the_next() {
    let stream = [
        call(0),
        input(0, r#"{"a":"#),
        call(1),
        input(1, "{"),
        input(0, "1}"),
        input(1, "}"),
        call(2),
        Signal::Close { part: 0 },
        Signal::Close { part: 1 },
        input(2, "{}"),
        Signal::Stop(Stop::ToolUse),
    ];
    assert_eq!(
        through(stream, Ending::Whole),
        r#"<0 {"a": 1} 0> <1 { } 1> <2 {} 2> stop"#
    );
}

#[test]
fn text_waits_behind_a_call_and_the_end_flushes() {
    let stream = [
        call(0),
        input(0, "{"),
        text(1),
        said(1, "x"),
        said(1, "y"),
        Signal::Stop(Stop::EndTurn),
    ];
    assert_eq!(through(stream, Ending::Whole), "<0 { 0> <1 xy 1> stop");
}

#[test]
fn nothing_is_closed_in_a_stream_that_is_cut() {
    let stream = || [call(0), input(0, "{"), text(1), said(1, "x")];
    assert_eq!(through(stream(), Ending::Cut), "<0 {");
    let failure = Signal::Failed(Failure {
        status: 529,
        code: "overloaded".into(),
        message: "".into(),
    });
    let failing = stream().into_iter().chain([failure, Signal::Ping]);
    assert_eq!(through(failing, Ending::Failed), "<0 { failed");
}

#[test]
fn what_waits_is_bounded() {
    let flood = (1..1000).map(call);
    let stream = [call(0)].into_iter().chain(flood).chain([Signal::Ping]);
    assert_eq!(through(stream, Ending::Whole), "<0 failed");
}

#[test]
fn pieces_of_no_open_part_are_counted() {
    let mut sequencer = Sequencer::new();
    sequencer.push(said(7, "x"), &mut |_| panic!("nothing to say"));
    assert_eq!(sequencer.late(), 1);
}

/// The contents of parts, and the order in which pieces of them are taken.
fn interleaving() -> impl Strategy<Value = (Vec<Vec<String>>, Vec<usize>)> {
    let piece = prop_oneof![Just("{".to_owned()), Just("}".to_owned()), "[a-z\"]{0,3}"];
    let part = prop_oneof![
        proptest::collection::vec(piece, 0..6),
        Just(vec!["{\"a\"".to_owned(), ":[1]".to_owned(), "}".to_owned()]),
    ];
    let parts = proptest::collection::vec(part, 1..6);
    (parts, proptest::collection::vec(0..6_usize, 0..60))
}

fn signals(parts: &[Vec<String>], order: &[usize]) -> Vec<Signal<'static>> {
    let mut at: Vec<usize> = vec![0; parts.len()];
    let mut opened = 0;
    let mut signals = Vec::new();
    let turns = order
        .iter()
        .copied()
        .chain((0..parts.len()).flat_map(|n| vec![n; 8]));
    for turn in turns.map(|n| n % parts.len()) {
        while opened <= turn {
            signals.push(if opened % 3 == 2 {
                text(opened)
            } else {
                call(opened)
            });
            opened += 1;
        }
        let next = at[turn];
        at[turn] += 1;
        match parts[turn].get(next) {
            Some(piece) => signals.push(Signal::Delta {
                part: turn,
                piece: Piece::Input(piece.clone().into()),
            }),
            None if next == parts[turn].len() && turn % 2 == 0 => {
                signals.push(Signal::Close { part: turn });
            }
            None => {}
        }
    }
    signals.push(Signal::Stop(Stop::EndTurn));
    signals
}

proptest! {
    #[test]
    fn any_interleaving_comes_out_in_order((parts, order) in interleaving()) {
        let mut contents: Vec<String> = Vec::new();
        let mut open = None;
        let mut sequencer = Sequencer::new();
        let mut fault = None;
        for signal in signals(&parts, &order) {
            sequencer.push(signal, &mut |signal| match signal {
                Signal::Open { part, .. } if open.is_none() && part == contents.len() => {
                    open = Some(part);
                    contents.push(String::new());
                }
                Signal::Delta { part, piece: Piece::Input(piece) } if open == Some(part) => {
                    contents[part].push_str(&piece);
                }
                Signal::Close { part } if open == Some(part) => open = None,
                Signal::Stop(_) if open.is_none() => {}
                other => fault = Some(format!("{other:?}")),
            });
        }
        prop_assert_eq!(fault, None);
        prop_assert_eq!(contents.len(), parts.len());
        for (content, part) in contents.iter().zip(&parts) {
            let all = part.concat();
            let mut whole = Complete::default();
            whole.saw(content);
            // What comes behind a whole object of a call belongs to none.
            prop_assert!(*content == all || whole.is_complete() && all.starts_with(content.as_str()));
        }
    }
}
