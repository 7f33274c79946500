//! Gemini: whole answers and the chunks of a stream, which have the same shape.

use super::findings::{Findings, error, name_or_number};
use super::is_empty_value;
use crate::scan::Cursor;

/// Reads a chunk or a body; says whether it carries content.
pub(super) fn read(found: &mut Findings, cursor: &mut Cursor<'_>) -> bool {
    let mut content = false;
    cursor.object(|key, cursor| match key.raw() {
        b"responseId" => found.id(cursor),
        b"modelVersion" => found.model(cursor),
        b"usageMetadata" => found.usage(cursor),
        b"error" => found.error(error(cursor)),
        b"candidates" => {
            cursor.array(|cursor| content |= candidate(found, cursor));
        }
        b"promptFeedback" => {
            cursor.object(|key, cursor| {
                if key.raw() == b"blockReason" {
                    stop(found, cursor);
                }
            });
        }
        _ => {}
    });
    content
}

fn stop(found: &mut Findings, cursor: &mut Cursor<'_>) {
    let reason = name_or_number(cursor);
    if reason.is_some() {
        found.terminal();
    }
    found.stop_reason(reason);
}

fn candidate(found: &mut Findings, cursor: &mut Cursor<'_>) -> bool {
    let mut content = false;
    cursor.object(|key, cursor| match key.raw() {
        b"finishReason" => stop(found, cursor),
        b"content" => {
            cursor.object(|key, cursor| {
                if key.raw() == b"parts" {
                    cursor.array(|cursor| content |= part(cursor));
                }
            });
        }
        _ => {}
    });
    content
}

/// Whether a part says anything: not a mere empty text or signature.
fn part(cursor: &mut Cursor<'_>) -> bool {
    let mut content = false;
    cursor.object(|key, cursor| {
        let mark = matches!(key.raw(), b"thought" | b"thoughtSignature");
        content |= !mark && !is_empty_value(cursor);
    });
    content
}
