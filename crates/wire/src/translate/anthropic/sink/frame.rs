//! Events of the stream, byte by byte.

use std::io::Write as _;

use crate::translate::json::Writer;

const FITS: &str = "a vector takes every write";

/// What a delta adds: its type and the member with the piece.
pub(super) type Adds = (&'static str, &'static str);

pub(super) const TEXT: Adds = ("text_delta", "text");
pub(super) const THINKING: Adds = ("thinking_delta", "thinking");
pub(super) const SIGNATURE: Adds = ("signature_delta", "signature");
pub(super) const INPUT: Adds = ("input_json_delta", "partial_json");

/// Writes an event of this name, which is its type as well; `members` adds the rest.
pub(super) fn write(out: &mut Vec<u8>, name: &str, members: impl FnOnce(&mut Writer)) {
    let mut event = Writer::default();
    event.object().key("type").string(name);
    members(&mut event);
    event.end_object();
    let data = event.into_string();
    write!(out, "event: {name}\ndata: {data}\n\n").expect(FITS);
}

/// Writes a piece of a block.
pub(super) fn delta(out: &mut Vec<u8>, index: u64, (kind, member): Adds, piece: &str) {
    write!(
        out,
        "event: content_block_delta\ndata: {{\"type\":\"content_block_delta\",\"index\":{index},\
         \"delta\":{{\"type\":\"{kind}\",\"{member}\":"
    )
    .expect(FITS);
    serde_json::to_writer(&mut *out, piece).expect(FITS);
    out.extend_from_slice(b"}}\n\n");
}

/// Starts the next block; `members` writes it. Gives its number.
pub(super) fn start(next: &mut u64, out: &mut Vec<u8>, members: impl FnOnce(&mut Writer)) -> u64 {
    let index = *next;
    *next += 1;
    write(out, "content_block_start", |event| {
        event.key("index").number(index);
        event.key("content_block").object();
        members(event);
        event.end_object();
    });
    index
}

/// Ends a block.
pub(super) fn stop(out: &mut Vec<u8>, index: u64) {
    write(out, "content_block_stop", |event| {
        event.key("index").number(index);
    });
}
