//! A streamed answer without anybody's spelling: what the stream of one dialect is read into and
//! that of another is written from.

use super::form::{Stop, Text};
use super::json::Json;
use crate::usage::Usage;

/// One thing that happens in a stream.
///
/// A source gives [`Signal::Start`] first and [`Signal::Stop`] once; parts may be open at the same
/// time, and a delta names its part. After [`Signal::Failed`] nothing follows.
#[derive(Clone, Debug, PartialEq)]
pub enum Signal<'a> {
    /// The answer begins.
    Start {
        /// The provider's id of it.
        id: Text<'a>,
        /// The model.
        model: Text<'a>,
        /// Tokens as far as they are known now: the prompt's.
        usage: Option<Usage>,
    },
    /// A part begins. Parts are numbered from 0 in the order in which they begin.
    Open {
        /// Its number.
        part: usize,
        /// What it is.
        kind: Opening<'a>,
    },
    /// More of a part that is open.
    Delta {
        /// Its number.
        part: usize,
        /// The piece.
        piece: Piece<'a>,
    },
    /// A part is complete.
    Close {
        /// Its number.
        part: usize,
    },
    /// Tokens as far as they are known now. Counts are cumulative: a later one replaces an earlier.
    Usage(Usage),
    /// Why the answer ends. All parts are closed by then.
    Stop(Stop<'a>),
    /// Nothing, but the provider is alive.
    Ping,
    /// The provider says that it failed, and the stream is over.
    Failed(Failure<'a>),
    /// An event that only the source's dialect knows.
    Foreign {
        /// Its name.
        name: Text<'a>,
        /// Its data.
        json: Json<'a>,
    },
}

/// What a part is that begins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Opening<'a> {
    /// Text.
    Text,
    /// A refusal.
    Refusal,
    /// Thinking.
    Thinking {
        /// The id of the item (Responses).
        id: Option<Text<'a>>,
    },
    /// A call of a tool.
    Call {
        /// Its id; empty where the dialect gives none.
        id: Text<'a>,
        /// The tool.
        name: Text<'a>,
        /// Whether its input is free text.
        freeform: bool,
        /// The id of the item beside that of the call (Responses).
        item: Option<Text<'a>>,
    },
    /// A block or item that only the source's dialect knows; it has no deltas.
    Foreign {
        /// Its type there.
        kind: Text<'a>,
        /// All of it.
        json: Json<'a>,
    },
}

/// More of a part.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Piece<'a> {
    /// Of text, of a refusal, or of what is shown of thinking.
    Text(Text<'a>),
    /// What proves or holds the thinking, or travels with a call; the whole of it.
    Opaque(super::form::Opaque<'a>),
    /// Of a call's input, as JSON is written or as free text.
    Input(Text<'a>),
    /// A source of what was said, in the words of the dialect.
    Annotation(Json<'a>),
}

/// A failure that the provider tells in a stream or instead of an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure<'a> {
    /// The HTTP status that it stands for.
    pub status: u16,
    /// The provider's word for it: Anthropic's `type`, OpenAI's `code` or `type`, Google's `status`.
    pub code: Text<'a>,
    /// Its message.
    pub message: Text<'a>,
}

/// How a source's bytes ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// As they should: the answer is whole.
    Whole,
    /// Before the answer was whole. No success may be made of it.
    Cut,
    /// With a failure that was told.
    Failed,
}
