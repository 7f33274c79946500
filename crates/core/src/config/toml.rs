//! TOML to the tree. The parser bounds the nesting; tables come back in the order of the text.

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::tree::{At, MAX_DEPTH, Malformed, Node, Pair, Shape};

/// Reads a TOML document; every syntax error is reported.
pub(crate) fn parse(text: &str) -> Result<Node, Vec<Malformed>> {
    let lines = Lines::new(text);
    let (root, errors) = DeTable::parse_recoverable(text);
    if !errors.is_empty() {
        let mut wrong: Vec<_> = errors
            .iter()
            .map(|error| malformed(error, &lines))
            .collect();
        wrong.sort_by_key(|wrong| (wrong.at.line, wrong.at.column));
        return Err(wrong);
    }
    let shape = table(root.get_ref(), &lines, 0).map_err(|error| vec![error])?;
    Ok(Node {
        at: At { line: 1, column: 1 },
        shape,
    })
}

fn malformed(error: &toml::de::Error, lines: &Lines<'_>) -> Malformed {
    let start = error.span().map_or(0, |span| span.start);
    let message = error.message().lines().next().unwrap_or_default();
    Malformed::new(lines.at(start), format!("not TOML: {message}"))
}

fn table(table: &DeTable<'_>, lines: &Lines<'_>, depth: usize) -> Result<Shape, Malformed> {
    let mut entries: Vec<_> = table.iter().collect();
    entries.sort_by_key(|(key, _)| key.span().start);
    let mut pairs = Vec::with_capacity(entries.len());
    for (key, item) in entries {
        let node = value(item, lines, depth + 1)?;
        pairs.push(Pair {
            key: key.get_ref().to_string(),
            at: lines.at(key.span().start),
            node,
        });
    }
    Ok(Shape::Map(pairs))
}

fn value(item: &Spanned<DeValue<'_>>, lines: &Lines<'_>, depth: usize) -> Result<Node, Malformed> {
    let at = lines.at(item.span().start);
    if depth > MAX_DEPTH {
        return Err(Malformed::new(
            at,
            format!("nested deeper than {MAX_DEPTH} levels"),
        ));
    }
    let shape = match item.get_ref() {
        DeValue::String(text) => Shape::Text(text.to_string()),
        DeValue::Integer(number) => Shape::Text(
            i128::from_str_radix(number.as_str(), number.radix())
                .map_or_else(|_| number.to_string(), |number| number.to_string()),
        ),
        DeValue::Float(number) => Shape::Text(number.as_str().to_owned()),
        DeValue::Boolean(flag) => Shape::Text(flag.to_string()),
        DeValue::Datetime(time) => Shape::Text(time.to_string()),
        DeValue::Array(items) => {
            let nodes = items.iter().map(|item| value(item, lines, depth + 1));
            Shape::List(nodes.collect::<Result<_, _>>()?)
        }
        DeValue::Table(inner) => table(inner, lines, depth)?,
    };
    Ok(Node { at, shape })
}

/// Turns byte offsets into lines and columns.
#[derive(Debug)]
struct Lines<'a> {
    text: &'a str,
    starts: Vec<usize>,
}

impl<'a> Lines<'a> {
    fn new(text: &'a str) -> Self {
        let after = text.match_indices('\n').map(|(index, _)| index + 1);
        Self {
            text,
            starts: std::iter::once(0).chain(after).collect(),
        }
    }

    fn at(&self, offset: usize) -> At {
        let line = self.starts.partition_point(|start| *start <= offset);
        let start = self
            .starts
            .get(line.saturating_sub(1))
            .copied()
            .unwrap_or(0);
        let column = self
            .text
            .get(start..offset)
            .map_or(0, |part| part.chars().count());
        At::new(line, column + 1)
    }
}
