//! Gemini's thought signatures and OpenAI's encrypted reasoning in a request.

use std::ops::Range;

use super::{GEMINI_STAND_IN, Plan, Resolver, Standing};
use crate::dialect::Dialect;
use crate::edit::Edits;
use crate::marks;
use crate::scan::{Cursor, Text};
use crate::translate::form::OpaqueKind;

/// Reasoning items whose content the target cannot decrypt go; what they led to stays, since items
/// are not bound to them while nothing is stored at the provider.
pub(super) fn responses(body: &[u8], resolver: &mut dyn Resolver, group: &str) -> Plan {
    let mut plan = Plan::default();
    let mut items: Vec<(Range<usize>, bool)> = Vec::new();
    let mut cursor = Cursor::new(body);
    cursor.object(|key, cursor| {
        if !key.is("input") {
            return;
        }
        cursor.array(|cursor| {
            cursor.kind();
            let start = cursor.offset();
            let mut opaque: Option<Text<'_>> = None;
            let (mut is_reasoning, mut made_up) = (false, false);
            let is_object = cursor.object(|key, cursor| {
                if key.is("encrypted_content") {
                    opaque = cursor.string();
                } else if key.is("type") {
                    is_reasoning = cursor.string().is_some_and(|kind| kind.is("reasoning"));
                } else if key.is("id") {
                    let id = cursor.string().map(Text::decode);
                    made_up = id.is_some_and(|id| marks::is_own_reasoning_id(&id));
                }
            });
            if !is_object && cursor.offset() == start {
                cursor.skip();
            }
            let opaque = opaque.map(|text| marks::found(text.decode(), OpaqueKind::Encrypted));
            let is_signed = opaque.is_some();
            let goes = match opaque {
                Some(opaque) => {
                    let own = marks::native(Dialect::OpenaiResponses, opaque);
                    own.is_none_or(|own| resolver.standing(group, &own.value) == Standing::Foreign)
                }
                // The provider would look for what it never had.
                None => is_reasoning && made_up,
            };
            plan.dropped += u32::from(goes);
            plan.signed |= is_signed && !goes;
            items.push((start..cursor.offset(), goes));
        });
    });
    if cursor.malformed() {
        return Plan::default();
    }
    remove(&items, &mut plan.edits);
    plan
}

fn remove(items: &[(Range<usize>, bool)], edits: &mut Edits) {
    let last_kept = items.iter().rposition(|(_, goes)| !goes);
    for (index, (range, goes)) in items.iter().enumerate() {
        if !goes {
            continue;
        }
        let next = items.get(index + 1);
        match (next, last_kept.is_some_and(|last| index < last)) {
            (Some((next, _)), true) => edits.remove(range.start..next.start),
            _ => {
                let before = index.checked_sub(1).and_then(|index| items.get(index));
                edits.remove(before.map_or(range.start, |(before, _)| before.end)..range.end);
            }
        }
    }
}

/// Signatures that the target cannot verify are replaced by the stand-in: without one a function
/// call is refused.
pub(super) fn gemini(body: &[u8], resolver: &mut dyn Resolver, group: &str) -> Plan {
    let mut plan = Plan::default();
    let mut cursor = Cursor::new(body);
    cursor.object(|key, cursor| {
        if !key.is("contents") {
            return;
        }
        cursor.array(|cursor| {
            cursor.object(|key, cursor| {
                if key.is("parts") {
                    cursor.array(|cursor| part(cursor, &mut *resolver, group, &mut plan));
                }
            });
        });
    });
    if cursor.malformed() {
        return Plan::default();
    }
    plan
}

fn part(cursor: &mut Cursor<'_>, resolver: &mut dyn Resolver, group: &str, plan: &mut Plan) {
    cursor.object(|key, cursor| {
        if !key.is("thoughtSignature") && !key.is("thought_signature") {
            return;
        }
        cursor.kind();
        let start = cursor.offset();
        let Some(signature) = cursor.string() else {
            return;
        };
        let signature = marks::found(signature.decode(), OpaqueKind::ThoughtSignature);
        let own = marks::native(Dialect::Gemini, signature);
        if own.is_some_and(|own| resolver.standing(group, &own.value) != Standing::Foreign) {
            plan.signed = true;
            return;
        }
        plan.restored += 1;
        let stand_in = format!("\"{GEMINI_STAND_IN}\"");
        plan.edits.replace(start..cursor.offset(), stand_in);
    });
}
