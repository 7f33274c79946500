//! YAML to the tree, from parser events. Aliases, tags, and keys that are not scalars are refused:
//! a configuration needs none of them and each is a way to surprise its reader.

use saphyr_parser::{Event, Parser, ScalarStyle, Span, StrInput};

use super::tree::{At, MAX_DEPTH, MAX_NODES, Malformed, Node, Pair, Shape};

/// Reads one YAML document; an empty text is an empty map.
pub(crate) fn parse(text: &str) -> Result<Node, Malformed> {
    let mut builder = Builder::default();
    let mut parser: Parser<'_, StrInput<'_>> = Parser::new_from_str(text);
    while let Some(next) = parser.next_event() {
        let (event, span) = next.map_err(|error| {
            let mark = error.marker();
            Malformed::new(
                At::new(mark.line(), mark.col() + 1),
                format!("not YAML: {}", error.info()),
            )
        })?;
        let end = matches!(event, Event::StreamEnd);
        builder.take(event, span)?;
        if end {
            break;
        }
    }
    let at = At { line: 1, column: 1 };
    Ok(builder.root.unwrap_or(Node {
        at,
        shape: Shape::Null,
    }))
}

/// The text that a document has under a name; none where it is no map, or no text stands there.
pub(crate) fn front_matter(text: &str, name: &str) -> Option<String> {
    let Shape::Map(pairs) = parse(text).ok()?.shape else {
        return None;
    };
    pairs.into_iter().find_map(|pair| match pair.node.shape {
        Shape::Text(text) if pair.key == name => Some(text),
        _ => None,
    })
}

/// A collection that is still open.
#[derive(Debug)]
enum Open {
    List(At, Vec<Node>),
    /// The third part is a key that waits for its value.
    Map(At, Vec<Pair>, Option<(String, At)>),
}

#[derive(Debug, Default)]
struct Builder {
    open: Vec<Open>,
    root: Option<Node>,
    nodes: usize,
}

impl Builder {
    fn take(&mut self, event: Event<'_>, span: Span) -> Result<(), Malformed> {
        let at = At::new(span.start.line(), span.start.col() + 1);
        match event {
            Event::Scalar(text, style, _, tag) => {
                refuse_tag(tag.is_some(), at)?;
                self.scalar(&text, style, at)
            }
            Event::SequenceStart(_, tag) => {
                refuse_tag(tag.is_some(), at)?;
                self.push(Open::List(at, Vec::new()), at)
            }
            Event::MappingStart(_, tag) => {
                refuse_tag(tag.is_some(), at)?;
                self.push(Open::Map(at, Vec::new(), None), at)
            }
            Event::SequenceEnd | Event::MappingEnd => self.close(),
            Event::Alias(_) => Err(Malformed::new(
                at,
                "aliases are not supported; write the value out",
            )),
            Event::DocumentStart(_) if self.root.is_some() => Err(Malformed::new(
                at,
                "a second document; a configuration is one document",
            )),
            Event::Nothing
            | Event::StreamStart
            | Event::StreamEnd
            | Event::DocumentStart(_)
            | Event::DocumentEnd => Ok(()),
        }
    }

    fn scalar(&mut self, text: &str, style: ScalarStyle, at: At) -> Result<(), Malformed> {
        if let Some(Open::Map(_, _, key @ None)) = self.open.last_mut() {
            *key = Some((text.to_owned(), at));
            return Ok(());
        }
        let null =
            style == ScalarStyle::Plain && matches!(text, "" | "~" | "null" | "Null" | "NULL");
        let shape = if null {
            Shape::Null
        } else {
            Shape::Text(text.to_owned())
        };
        self.place(Node { at, shape })
    }

    fn push(&mut self, open: Open, at: At) -> Result<(), Malformed> {
        if matches!(self.open.last(), Some(Open::Map(_, _, None))) {
            return Err(Malformed::new(at, "a key must be a plain name"));
        }
        if self.open.len() >= MAX_DEPTH {
            return Err(Malformed::new(
                at,
                format!("nested deeper than {MAX_DEPTH} levels"),
            ));
        }
        self.open.push(open);
        Ok(())
    }

    fn close(&mut self) -> Result<(), Malformed> {
        match self.open.pop() {
            Some(Open::List(at, items)) => self.place(Node {
                at,
                shape: Shape::List(items),
            }),
            Some(Open::Map(at, pairs, _)) => self.place(Node {
                at,
                shape: Shape::Map(pairs),
            }),
            None => Ok(()),
        }
    }

    /// Puts a finished value where it belongs.
    fn place(&mut self, node: Node) -> Result<(), Malformed> {
        self.nodes += 1;
        if self.nodes > MAX_NODES {
            return Err(Malformed::new(
                node.at,
                format!("more than {MAX_NODES} values"),
            ));
        }
        match self.open.last_mut() {
            None => self.root = Some(node),
            Some(Open::List(_, items)) => items.push(node),
            Some(Open::Map(_, pairs, waiting)) => {
                if let Some((key, at)) = waiting.take() {
                    if let Some(first) = pairs.iter().find(|pair| pair.key == key) {
                        let line = first.at.line;
                        return Err(Malformed::new(
                            at,
                            format!("`{key}` is set twice, first in line {line}"),
                        ));
                    }
                    pairs.push(Pair { key, at, node });
                }
            }
        }
        Ok(())
    }
}

fn refuse_tag(present: bool, at: At) -> Result<(), Malformed> {
    if present {
        Err(Malformed::new(at, "tags are not supported"))
    } else {
        Ok(())
    }
}
