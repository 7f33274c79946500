//! Blocks of text and of thinking.

use super::frame;
use crate::marks::messages as mark;
use crate::translate::form::{Opaque, OpaqueKind};

/// Starts a block of text and gives its number.
pub(super) fn start_text(next: &mut u64, out: &mut Vec<u8>) -> u64 {
    frame::start(next, out, |block| {
        block.key("type").string("text").key("text").string("");
    })
}

fn start_thinking(next: &mut u64, out: &mut Vec<u8>) -> u64 {
    frame::start(next, out, |block| {
        block.key("type").string("thinking");
        block.key("thinking").string("");
        block.key("signature").string("");
    })
}

/// Writes a block of thinking that shows nothing, only to carry `signature`.
pub(super) fn carry(signature: &str, next: &mut u64, out: &mut Vec<u8>) {
    let block = start_thinking(next, out);
    frame::delta(out, block, frame::SIGNATURE, signature);
    frame::stop(out, block);
}

/// Thinking that is open.
#[derive(Debug)]
pub(super) struct Thinking {
    block: Option<u64>,
    id: Option<String>,
    opaque: Option<Opaque<'static>>,
}

impl Thinking {
    pub(super) fn new(id: Option<&str>) -> Self {
        Self {
            block: None,
            id: id.map(str::to_owned),
            opaque: None,
        }
    }

    pub(super) fn text(&mut self, text: &str, next: &mut u64, out: &mut Vec<u8>) {
        let block = *self.block.get_or_insert_with(|| start_thinking(next, out));
        frame::delta(out, block, frame::THINKING, text);
    }

    /// Keeps what proves it; a later one replaces an earlier.
    pub(super) fn prove(&mut self, opaque: &Opaque<'_>) {
        self.opaque = Some(owned(opaque));
    }

    pub(super) fn close(self, next: &mut u64, out: &mut Vec<u8>) {
        let opaque = self.opaque.filter(|opaque| !opaque.value.is_empty());
        let id = self.id.as_deref().filter(|id| !id.is_empty());
        let block = match (self.block, &opaque) {
            (Some(block), _) => block,
            (None, Some(opaque)) if opaque.kind == OpaqueKind::Redacted && id.is_none() => {
                let block = frame::start(next, out, |block| {
                    block.key("type").string("redacted_thinking");
                    block.key("data").string(&opaque.value);
                });
                return frame::stop(out, block);
            }
            (None, Some(_)) => start_thinking(next, out),
            // Nothing is shown and nothing is held.
            (None, None) => return,
        };
        let signature = mark::signature(opaque.as_ref(), id);
        frame::delta(out, block, frame::SIGNATURE, &signature);
        frame::stop(out, block);
    }
}

/// The same, owning its text.
pub(super) fn owned(opaque: &Opaque<'_>) -> Opaque<'static> {
    Opaque {
        value: opaque.value.clone().into_owned().into(),
        kind: opaque.kind,
    }
}
