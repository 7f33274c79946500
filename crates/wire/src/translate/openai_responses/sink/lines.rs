//! Events as lines of a stream.

use crate::translate::json::Writer;

/// Writes events and numbers them.
#[derive(Debug, Default)]
pub(super) struct Lines {
    sequence: u64,
    /// Used again for every event, so that one costs no allocation.
    buffer: String,
}

impl Lines {
    /// Writes an event of `kind` whose other members are written by `rest`.
    pub(super) fn event(&mut self, out: &mut Vec<u8>, kind: &str, rest: impl FnOnce(&mut Writer)) {
        let mut line = Writer::into(std::mem::take(&mut self.buffer));
        line.object().key("type").string(kind);
        line.key("sequence_number").number(self.sequence);
        rest(&mut line);
        line.end_object();
        self.sequence += 1;
        self.buffer = line.into_string();
        out.extend_from_slice(b"event: ");
        out.extend_from_slice(kind.as_bytes());
        out.extend_from_slice(b"\ndata: ");
        out.extend_from_slice(self.buffer.as_bytes());
        out.extend_from_slice(b"\n\n");
        self.buffer.clear();
        self.buffer.shrink_to(MAX_BUFFER);
    }
}

/// Most bytes that the buffer keeps between events.
const MAX_BUFFER: usize = 64 * 1024;

/// Where an event belongs.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place<'a> {
    item: &'a str,
    output: u64,
    inner: Option<(&'static str, u64)>,
}

impl<'a> Place<'a> {
    /// An item.
    pub(super) fn item(item: &'a str, output: u64) -> Self {
        Self {
            item,
            output,
            inner: None,
        }
    }

    /// A part of a message.
    pub(super) fn part((item, output, content): (&'a str, u64, u64)) -> Self {
        Self {
            item,
            output,
            inner: Some(("content_index", content)),
        }
    }

    /// The summary of thinking.
    pub(super) fn summary(item: &'a str, output: u64) -> Self {
        Self {
            item,
            output,
            inner: Some(("summary_index", 0)),
        }
    }

    pub(super) fn write(self, line: &mut Writer) {
        line.key("item_id").string(self.item);
        line.key("output_index").number(self.output);
        if let Some((name, index)) = self.inner {
            line.key(name).number(index);
        }
    }
}
