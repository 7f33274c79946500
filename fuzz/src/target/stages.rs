//! What happens to signals between the dialects: one after the other, in the client's words, up
//! to a stop sequence; and the names of tools.

use std::collections::BTreeMap;

use weir_wire::translate::form::{Body, Part, Tool, ToolKind};
use weir_wire::translate::freeform;
use weir_wire::translate::names::{Names, Rule, sent};
use weir_wire::translate::sequence::Sequencer;
use weir_wire::translate::signal::{Ending, Opening, Piece, Signal};
use weir_wire::translate::stops::{self, Stops};

use super::super::input::{Input, cut};

/// See the functions.
pub fn run(data: &[u8]) {
    let mut input = Input::new(data);
    let (choice, seed) = (input.below(3), input.byte());
    match choice {
        0 => sequenced(input, usize::from(seed)),
        1 => stopped(input, seed),
        _ => named(input),
    }
}

/// Parts come one after the other, each with all that was said of it; too much of it fails.
fn sequenced(mut input: Input<'_>, limit: usize) {
    let held = if limit == 0 { 600 } else { 1 << 20 };
    let mut sequencer = Sequencer::with_max_held(held);
    let mut given: BTreeMap<usize, String> = BTreeMap::new();
    let mut seen = Seen::default();
    let mut closed = Vec::new();
    for _ in 0..300 {
        if input.rest().is_empty() {
            break;
        }
        let (what, number) = (input.below(6), usize::from(input.byte()));
        let parts = closed.len();
        let part = number % parts.max(1);
        let signal = match what {
            0 => {
                given.insert(parts, String::new());
                closed.push(false);
                Signal::Open {
                    part: parts,
                    kind: opening(number),
                }
            }
            1..4 if parts > 0 && !closed[part] => {
                let text = String::from_utf8_lossy(input.take(what * 2)).into_owned();
                given.entry(part).or_default().push_str(&text);
                let is_call = matches!(seen.kinds.get(&part), Some(true));
                let piece = match is_call {
                    true => Piece::Input(text.into()),
                    false => Piece::Text(text.into()),
                };
                Signal::Delta { part, piece }
            }
            4 if parts > 0 && !closed[part] => {
                closed[part] = true;
                Signal::Close { part }
            }
            _ => Signal::Ping,
        };
        if let Signal::Open { part, kind } = &signal {
            seen.kinds
                .insert(*part, matches!(kind, Opening::Call { .. }));
        }
        sequencer.push(signal, &mut |signal| seen.take(&signal));
    }
    let ending = sequencer.finish(Ending::Whole, &mut |signal| seen.take(&signal));
    assert_eq!(ending == Ending::Failed, seen.failed);
    if !seen.failed {
        assert!(seen.open.is_none());
        assert!(
            sequencer.late() > 0 || seen.said == given,
            "{:?} {given:?}",
            seen.said
        );
    }
}

#[derive(Default)]
struct Seen {
    open: Option<usize>,
    last: Option<usize>,
    said: BTreeMap<usize, String>,
    /// Whether a part is a call.
    kinds: BTreeMap<usize, bool>,
    failed: bool,
}

impl Seen {
    fn take(&mut self, signal: &Signal<'_>) {
        assert!(!self.failed);
        match signal {
            Signal::Open { part, .. } => {
                assert!(self.open.is_none() && self.last.is_none_or(|last| last < *part));
                self.open = Some(*part);
                self.last = Some(*part);
                self.said.insert(*part, String::new());
            }
            Signal::Delta {
                part,
                piece: Piece::Text(text) | Piece::Input(text),
            } => {
                assert_eq!(self.open, Some(*part));
                self.said.entry(*part).or_default().push_str(text);
            }
            Signal::Close { part } => assert_eq!(self.open.take(), Some(*part)),
            Signal::Failed(_) => self.failed = true,
            _ => {}
        }
    }
}

fn opening(number: usize) -> Opening<'static> {
    match number % 4 {
        0 => Opening::Text,
        1 => Opening::Thinking { id: None },
        kind => Opening::Call {
            id: "id".into(),
            name: "name".into(),
            freeform: kind == 3,
            item: None,
        },
    }
}

/// A stop sequence is found at the same place in a stream, however it is cut, and in a whole.
fn stopped(mut input: Input<'_>, seed: u8) {
    let count = input.below(4);
    let mut word = || {
        let length = input.below(4);
        String::from_utf8_lossy(input.take(length)).into_owned()
    };
    let stops: Vec<String> = (0..count).map(|_| word()).collect();
    let text = String::from_utf8_lossy(input.rest()).into_owned();
    let mut parts: Vec<Part<'_>> = vec![
        Body::Text {
            text: text.as_str().into(),
            annotations: Vec::new(),
        }
        .into(),
    ];
    let found = stops::cut(&mut parts, &stops);
    let said = parts.first().map(|part| match &part.body {
        Body::Text { text, .. } => text.to_string(),
        _ => String::new(),
    });
    let whole = (said.unwrap_or_default(), found);
    let pieces = cut(text.as_bytes(), seed);
    let mut stage = Stops::new(stops);
    let mut streamed = (String::new(), None);
    let mut each = |signal: Signal<'_>| match signal {
        Signal::Delta {
            piece: Piece::Text(text),
            ..
        } => streamed.0.push_str(&text),
        Signal::Stop(weir_wire::translate::form::Stop::Sequence(Some(stop))) => {
            streamed.1 = Some(stop.into_owned());
        }
        _ => {}
    };
    stage.push(
        Signal::Open {
            part: 0,
            kind: Opening::Text,
        },
        &mut each,
    );
    let mut held = Vec::new();
    for piece in pieces {
        held.extend_from_slice(piece);
        let text = match std::str::from_utf8(&held) {
            Ok(text) => text.to_owned(),
            // Signals hold whole characters.
            Err(_) => continue,
        };
        held.clear();
        stage.push(
            Signal::Delta {
                part: 0,
                piece: Piece::Text(text.into()),
            },
            &mut each,
        );
    }
    stage.push(Signal::Close { part: 0 }, &mut each);
    assert_eq!(streamed, whole);
}

/// Names are sent as the provider takes them and told back as they were; free text travels.
fn named(mut input: Input<'_>) {
    let rule = [Rule::OPENAI, Rule::ANTHROPIC, Rule::GEMINI][input.below(3)];
    let text = String::from_utf8_lossy(input.rest()).into_owned();
    let wrapped = freeform::wrap(&text);
    assert_eq!(freeform::unwrap(&wrapped), text);
    std::hint::black_box(freeform::unwrap(&text));
    let mut names: Vec<&str> = text.split('\n').collect();
    names.sort_unstable();
    names.dedup();
    let tools: Vec<Tool<'_>> = names.iter().map(|name| tool(name)).collect();
    let known = Names::new(&tools, &[], rule);
    let mut shorts: Vec<_> = names.iter().map(|name| sent(name, rule)).collect();
    shorts.sort_unstable();
    shorts.dedup();
    if shorts.len() < names.len() {
        // Somebody has called a tool by what another's name is hashed to.
        return;
    }
    for name in names {
        let short = sent(name, rule);
        assert!(!short.is_empty() && short.len() <= rule.max, "{short}");
        assert_eq!(sent(&short, rule), short);
        assert!(
            short
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || "_-".contains(c) || rule.also.contains(c))
        );
        assert_eq!(known.original(short), name);
    }
}

fn tool<'a>(name: &'a str) -> Tool<'a> {
    Tool {
        kind: ToolKind::Function {
            name: name.into(),
            description: None,
            schema: None,
            strict: None,
        },
        cache: None,
        extra: Default::default(),
    }
}
