//! What is remembered of the items of a stream.

use crate::translate::openai_responses::read::Event;

/// Where an event belongs.
#[derive(Clone, Copy, Debug)]
pub(super) struct Where {
    pub index: Option<u64>,
    /// A hash of the item's id; none where there is none.
    pub id: Option<u64>,
}

impl Where {
    pub(super) fn of(event: &Event<'_>) -> Self {
        Self {
            index: event.output_index,
            id: event.item_id.and_then(|id| Self::id(id.raw())),
        }
    }

    /// What an id is known by.
    pub(super) fn id(id: &[u8]) -> Option<u64> {
        (!id.is_empty()).then(|| xxhash_rust::xxh3::xxh3_64(id))
    }
}

/// What an item is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Message,
    Reasoning,
    Call {
        freeform: bool,
    },
    /// One that only Responses knows, by a hash of its type.
    Foreign(u64),
}

impl Kind {
    pub(super) fn of(name: &str) -> Self {
        match name {
            "message" => Self::Message,
            "reasoning" => Self::Reasoning,
            "function_call" => Self::Call { freeform: false },
            "custom_tool_call" => Self::Call { freeform: true },
            _ => Self::Foreign(xxhash_rust::xxh3::xxh3_64(name.as_bytes())),
        }
    }
}

/// Which text of an item.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Key {
    Text(u64),
    Refusal(u64),
    Summary(u64),
    Reasoning(u64),
    Input,
}

/// An item that has begun.
#[derive(Debug)]
pub(super) struct Tracked {
    pub place: Where,
    pub kind: Kind,
    /// The id of thinking that was not opened yet.
    pub id: Option<String>,
    pub done: bool,
    /// The part that it is, when it is thinking or a call and has been opened.
    pub part: Option<usize>,
    pub sections: Vec<Section>,
}

/// A text of an item.
#[derive(Debug)]
pub(super) struct Section {
    pub key: Key,
    /// The part that it is, when it is of a message.
    pub part: Option<usize>,
    pub closed: bool,
    pub annotations: usize,
    so_far: SoFar,
}

/// How much was said, and which text, without keeping it.
#[derive(Clone, Copy, Debug)]
struct SoFar {
    length: usize,
    hash: u64,
}

impl Section {
    pub(super) fn new(key: Key) -> Self {
        Self {
            key,
            part: None,
            closed: false,
            annotations: 0,
            so_far: SoFar {
                length: 0,
                hash: 0xcbf2_9ce4_8422_2325,
            },
        }
    }

    pub(super) fn said(&mut self, text: &str) {
        self.so_far = self.so_far.with(text);
    }

    pub(super) fn is_empty(&self) -> bool {
        self.so_far.length == 0
    }

    /// What of `whole` was not said. A text that does not begin with what was said is another
    /// wording of it and adds nothing.
    pub(super) fn missing<'a>(&self, whole: &'a str) -> &'a str {
        let start = SoFar {
            length: 0,
            ..Self::new(self.key).so_far
        };
        let Some((said, rest)) = whole.split_at_checked(self.so_far.length) else {
            return "";
        };
        match start.with(said).hash == self.so_far.hash {
            true => rest,
            false => "",
        }
    }
}

impl SoFar {
    /// FNV-1a, which does not depend on where a text is cut.
    fn with(self, text: &str) -> Self {
        let hash = text.bytes().fold(self.hash, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        });
        Self {
            length: self.length + text.len(),
            hash,
        }
    }
}
