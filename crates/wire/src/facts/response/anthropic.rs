//! Anthropic Messages: stream events and whole messages, errors in both.

use super::findings::{Findings, error};
use crate::scan::Cursor;

/// Reads an event's data or a body; says whether it carries content.
pub(super) fn read(found: &mut Findings, cursor: &mut Cursor<'_>) -> bool {
    let mut kind = None;
    cursor.object(|key, cursor| match key.raw() {
        b"type" => kind = cursor.string(),
        b"message" => {
            cursor.object(|key, cursor| message_member(found, key.raw(), cursor));
        }
        b"delta" => {
            cursor.object(|key, cursor| {
                if key.raw() == b"stop_reason" {
                    found.stop_reason_at(cursor);
                }
            });
        }
        b"content_block" => fallback_model(found, cursor),
        b"error" => found.error(error(cursor)),
        key => message_member(found, key, cursor),
    });
    match kind.map_or(&b""[..], |kind| kind.raw()) {
        b"message_stop" => found.terminal(),
        b"content_block_delta" => return true,
        // The text completions of old, which name their stop reason last.
        b"completion" => {
            if found.has_stop_reason() {
                found.terminal();
            }
            return true;
        }
        _ => {}
    }
    false
}

fn message_member(found: &mut Findings, key: &[u8], cursor: &mut Cursor<'_>) {
    match key {
        b"id" => found.id(cursor),
        b"model" => found.model(cursor),
        b"stop_reason" => found.stop_reason_at(cursor),
        b"usage" => found.usage(cursor),
        _ => {}
    }
}

/// A `fallback` block says that another model goes on.
fn fallback_model(found: &mut Findings, cursor: &mut Cursor<'_>) {
    cursor.object(|key, cursor| {
        if key.raw() == b"to" {
            cursor.object(|key, cursor| {
                if key.raw() == b"model" {
                    found.model(cursor);
                }
            });
        }
    });
}
