//! The one shape that both file formats are lowered into: scalars stay text, because the setting
//! decides what a text means, and everything knows its line and column.

use super::fault::Place;

/// Deepest nesting of a file; ours needs five levels.
pub(crate) const MAX_DEPTH: usize = 16;
/// Most scalars, lists and maps in a file.
pub(crate) const MAX_NODES: usize = 20_000;
/// Longest file, in bytes.
pub(crate) const MAX_TEXT: usize = 1 << 20;

/// A line and a column, both from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct At {
    pub(crate) line: u32,
    pub(crate) column: u32,
}

impl At {
    /// From counts that the parsers keep as `usize`.
    pub(crate) fn new(line: usize, column: usize) -> Self {
        Self {
            line: u32::try_from(line).unwrap_or(u32::MAX),
            column: u32::try_from(column).unwrap_or(u32::MAX),
        }
    }

    /// The place in the named file.
    pub(crate) fn place(self, name: &str) -> Place {
        Place::File {
            name: name.to_owned(),
            line: self.line,
            column: self.column,
        }
    }
}

/// A value with its spot.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Node {
    pub(crate) at: At,
    pub(crate) shape: Shape,
}

/// What stands at a spot.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Shape {
    /// Nothing (`key:`), the same as leaving the key out.
    Null,
    /// Any scalar, as text.
    Text(String),
    List(Vec<Node>),
    Map(Vec<Pair>),
}

/// A key and its value.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Pair {
    pub(crate) key: String,
    pub(crate) at: At,
    pub(crate) node: Node,
}

/// A text that is not of its format.
#[derive(Debug)]
pub(crate) struct Malformed {
    pub(crate) at: At,
    pub(crate) message: String,
}

impl Malformed {
    pub(crate) fn new(at: At, message: impl Into<String>) -> Self {
        Self {
            at,
            message: message.into(),
        }
    }
}
