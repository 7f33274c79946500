//! Thinking blocks in a Messages request.

use std::borrow::Cow;
use std::ops::Range;

use bytes::Bytes;

use super::{Options, Plan, Resolver, Standing, is_plausible, text_hash};
use crate::dialect::Dialect;
use crate::edit::{Edits, Members};
use crate::marks;
use crate::scan::{Cursor, Kind, string_value};
use crate::translate::form::{Opaque, OpaqueKind};

/// One entry of `messages`.
struct Message {
    whole: Range<usize>,
    role: Role,
    /// The content array of an assistant's message.
    content: Option<Content>,
    has_tool_result: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Role {
    User,
    Assistant,
    Other,
}

struct Content {
    whole: Range<usize>,
    blocks: Vec<Block>,
}

struct Block {
    whole: Range<usize>,
    kind: BlockKind,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum BlockKind {
    Thinking,
    Redacted,
    ToolUse,
    Text,
    Other,
}

/// What becomes of a block.
enum Fate {
    Stays,
    /// Another signature: where it stands now, and what is to stand there.
    Signed(String),
    /// A block of redacted thinking, with this data.
    Redacted(String),
    /// Without its signature.
    Stripped,
    Goes,
}

pub(super) fn plan(
    body: &Bytes,
    resolver: &mut dyn Resolver,
    group: &str,
    options: &Options<'_>,
) -> Plan {
    let Some(messages) = messages(body) else {
        return Plan::default();
    };
    let mut plan = Plan::default();
    let mut gone = vec![false; messages.len()];
    for (index, message) in messages.iter().enumerate() {
        let Some(content) = &message.content else {
            continue;
        };
        let fates: Vec<_> = content
            .blocks
            .iter()
            .map(|block| fate(body, block, &mut *resolver, group, &mut plan))
            .collect();
        let emptied = !fates.is_empty() && fates.iter().all(|fate| matches!(fate, Fate::Goes));
        if emptied {
            plan.emptied += 1;
            if breaks_order(&messages, index) {
                let text = serde_json::Value::from(options.placeholder);
                let block = format!("[{{\"type\":\"text\",\"text\":{text}}}]");
                plan.edits.replace(content.whole.clone(), block);
            } else {
                gone[index] = true;
            }
        } else {
            rewrite(body, content, &fates, &mut plan);
        }
    }
    remove(&messages, &gone, &mut plan.edits);
    plan
}

/// Every message, or nothing if the body is not what it should be.
fn messages(body: &[u8]) -> Option<Vec<Message>> {
    let mut messages = Vec::new();
    let mut cursor = Cursor::new(body);
    cursor.object(|key, cursor| {
        if key.is("messages") {
            messages.clear();
            cursor.array(|cursor| messages.push(message(cursor)));
        }
    });
    (!cursor.malformed()).then_some(messages)
}

fn message(cursor: &mut Cursor<'_>) -> Message {
    cursor.kind();
    let start = cursor.offset();
    let mut role = Role::Other;
    let mut content = None;
    cursor.object(|key, cursor| {
        if key.is("role") {
            role = match cursor.string() {
                Some(text) if text.is("assistant") => Role::Assistant,
                Some(text) if text.is("user") => Role::User,
                _ => Role::Other,
            };
        } else if key.is("content") && cursor.kind() == Some(Kind::Array) {
            content = Some(blocks(cursor));
        }
    });
    let whole = start..cursor.offset();
    let (content, has_tool_result) = content.unzip();
    Message {
        whole,
        role,
        content: content.filter(|_| role == Role::Assistant),
        has_tool_result: has_tool_result.unwrap_or(false),
    }
}

fn blocks(cursor: &mut Cursor<'_>) -> (Content, bool) {
    let start = cursor.offset();
    let mut blocks = Vec::new();
    let mut has_tool_result = false;
    cursor.array(|cursor| {
        cursor.kind();
        let start = cursor.offset();
        let mut kind = BlockKind::Other;
        cursor.object(|key, cursor| {
            if key.is("type") {
                let Some(text) = cursor.string() else { return };
                has_tool_result |= text.is("tool_result");
                kind = match text.raw() {
                    b"thinking" => BlockKind::Thinking,
                    b"redacted_thinking" => BlockKind::Redacted,
                    b"tool_use" => BlockKind::ToolUse,
                    b"text" => BlockKind::Text,
                    _ => BlockKind::Other,
                };
            }
        });
        if cursor.offset() == start {
            cursor.skip();
        }
        let whole = start..cursor.offset();
        blocks.push(Block { whole, kind });
    });
    let whole = start..cursor.offset();
    (Content { whole, blocks }, has_tool_result)
}

fn fate(
    body: &[u8],
    block: &Block,
    resolver: &mut dyn Resolver,
    group: &str,
    plan: &mut Plan,
) -> Fate {
    let bytes = body.get(block.whole.clone()).unwrap_or_default();
    let member = |name: &str| member(bytes, name);
    match block.kind {
        BlockKind::Text | BlockKind::Other => Fate::Stays,
        BlockKind::ToolUse if member("signature").is_some() => {
            plan.stripped += 1;
            Fate::Stripped
        }
        BlockKind::ToolUse => Fate::Stays,
        BlockKind::Redacted => {
            let data = member("data").unwrap_or_default();
            let proof = redacted(&data, resolver, group);
            settled(proof, &data, OpaqueKind::Redacted, plan)
        }
        BlockKind::Thinking => {
            let sent = member("signature").unwrap_or_default();
            let text = member("thinking").unwrap_or_default();
            let proof = proof(&sent, &text, resolver, group);
            settled(proof, &sent, OpaqueKind::Signature, plan)
        }
    }
}

/// What becomes of a thought of which `sent` is the proof so far.
fn settled(proof: Option<Opaque<'_>>, sent: &str, kind: OpaqueKind, plan: &mut Plan) -> Fate {
    let Some(proof) = proof else {
        plan.dropped += 1;
        return Fate::Goes;
    };
    plan.signed = true;
    if proof.kind == kind && proof.value == sent {
        return Fate::Stays;
    }
    plan.restored += 1;
    match proof.kind {
        OpaqueKind::Redacted => Fate::Redacted(proof.value.into_owned()),
        _ => Fate::Signed(proof.value.into_owned()),
    }
}

/// The data of redacted thinking that the target gets to see.
fn redacted<'a>(data: &'a str, resolver: &mut dyn Resolver, group: &str) -> Option<Opaque<'a>> {
    let data = marks::found(data.into(), OpaqueKind::Redacted);
    let own = marks::native(Dialect::AnthropicMessages, data)?;
    (resolver.standing(group, &own.value) != Standing::Foreign).then_some(own)
}

/// What proves thinking to the target: what was sent, what that wraps, or what is remembered; none
/// if there is none that it could verify.
fn proof<'a>(
    sent: &'a str,
    text: &str,
    resolver: &mut dyn Resolver,
    group: &str,
) -> Option<Opaque<'a>> {
    let signature = |value| marks::found(value, OpaqueKind::Signature);
    let own = marks::native(Dialect::AnthropicMessages, signature(sent.into()));
    match own {
        // It was not wrapped.
        Some(own) if own.value == sent => {}
        Some(own) if resolver.standing(group, &own.value) != Standing::Foreign => return Some(own),
        _ => {
            let found = remembered(text, resolver, group)?;
            return Some(signature(found.into()));
        }
    }
    self::signature(sent, text, resolver, group).map(signature)
}

/// The signature that the target gets to see; none if there is none that it could verify.
fn signature<'a>(
    sent: &'a str,
    text: &str,
    resolver: &mut dyn Resolver,
    group: &str,
) -> Option<Cow<'a, str>> {
    let own = match sent.split_once('#') {
        // A prefix of ours, for a family whose own the target is.
        Some((prefix, rest)) => (prefix == group && !rest.is_empty()).then_some(rest),
        None => Some(sent).filter(|sent| is_plausible(sent, group)),
    };
    if let Some(own) = own
        && resolver.standing(group, own) != Standing::Foreign
    {
        return Some(Cow::Borrowed(own));
    }
    remembered(text, resolver, group).map(Cow::Owned)
}

/// The signature that is known for a thought's text.
fn remembered(text: &str, resolver: &mut dyn Resolver, group: &str) -> Option<String> {
    (!text.is_empty()).then(|| resolver.find(group, &text_hash(text)))?
}

/// The text of a block's member.
fn member<'a>(block: &'a [u8], name: &str) -> Option<Cow<'a, str>> {
    let mut found = None;
    Cursor::new(block).object(|key, cursor| {
        if key.is(name) {
            found = Some(cursor.value());
        }
    });
    string_value(found?)
}

/// Whether the turns would no longer make sense without this message.
fn breaks_order(messages: &[Message], index: usize) -> bool {
    let next = messages.get(index + 1);
    let before = index.checked_sub(1).and_then(|before| messages.get(before));
    let is_user = |message: Option<&Message>| message.is_some_and(|one| one.role == Role::User);
    (is_user(before) && is_user(next))
        || next.is_some_and(|next| next.role == Role::User && next.has_tool_result)
}

/// Applies the fates of a message's blocks.
fn rewrite(body: &Bytes, content: &Content, fates: &[Fate], plan: &mut Plan) {
    let blocks = &content.blocks;
    let reorders = is_out_of_order(blocks);
    let drops = fates.iter().any(|fate| matches!(fate, Fate::Goes));
    if !reorders && !drops {
        for (block, fate) in blocks.iter().zip(fates) {
            edit(body, block, fate, 0, &mut plan.edits);
        }
        return;
    }
    plan.reordered += u32::from(reorders);
    let is_thought = |block: &Block| is_thought(block.kind);
    let all = || blocks.iter().zip(fates);
    let kept = || all().filter(|(_, fate)| !matches!(fate, Fate::Goes));
    let order: Vec<_> = if reorders {
        let first = kept().filter(|(block, _)| is_thought(block));
        first
            .chain(kept().filter(|(block, _)| !is_thought(block)))
            .collect()
    } else {
        kept().collect()
    };
    let mut rebuilt = vec![b'['];
    for (block, fate) in order {
        if rebuilt.len() > 1 {
            rebuilt.push(b',');
        }
        let mut edits = Edits::default();
        edit(body, block, fate, block.whole.start, &mut edits);
        let (pieces, _) = edits.apply(&[body.slice(block.whole.clone())]);
        pieces
            .iter()
            .for_each(|piece| rebuilt.extend_from_slice(piece));
    }
    rebuilt.push(b']');
    plan.edits.replace(content.whole.clone(), rebuilt);
}

/// One block's own change, at its place in the body less `offset`.
fn edit(body: &[u8], block: &Block, fate: &Fate, offset: usize, edits: &mut Edits) {
    if matches!(fate, Fate::Stays | Fate::Goes) {
        return;
    }
    let bytes = body.get(block.whole.clone()).unwrap_or_default();
    let Some(mut members) = Members::of(bytes) else {
        return;
    };
    let start = block.whole.start - offset;
    match fate {
        Fate::Stays | Fate::Goes => {}
        Fate::Stripped => {
            members.remove("signature");
            let mut own = Edits::default();
            members.edit("", &mut own);
            edits.shifted(own, start);
        }
        Fate::Redacted(data) => {
            let data = serde_json::Value::from(data.as_str());
            let block = format!("{{\"type\":\"redacted_thinking\",\"data\":{data}}}");
            edits.replace(start..start + bytes.len(), block);
        }
        Fate::Signed(signature) => {
            let value = serde_json::Value::from(signature.as_str()).to_string();
            match members.get("signature") {
                Some(member) => {
                    let at = start + member.value.start..start + member.value.end;
                    edits.replace(at, value);
                }
                None => {
                    // Before the closing brace; a block has at least its type before it.
                    let end = start + bytes.len() - 1;
                    edits.replace(end..end, format!(",\"signature\":{value}"));
                }
            }
        }
    }
}

fn is_thought(kind: BlockKind) -> bool {
    matches!(kind, BlockKind::Thinking | BlockKind::Redacted)
}

/// Whether something was said before the first thought. Tools that the provider runs itself are
/// used before thoughts too, so a message with such blocks is in order as it is.
fn is_out_of_order(blocks: &[Block]) -> bool {
    if blocks.iter().any(|block| block.kind == BlockKind::Other) {
        return false;
    }
    let first = |thought: bool| {
        blocks
            .iter()
            .position(|one| is_thought(one.kind) == thought)
    };
    match (first(true), first(false)) {
        (Some(thought), Some(said)) => said < thought,
        _ => false,
    }
}

/// Takes messages out of the array, with the commas right.
fn remove(messages: &[Message], gone: &[bool], edits: &mut Edits) {
    let last_kept = gone.iter().rposition(|gone| !gone);
    for (index, message) in messages.iter().enumerate() {
        if !gone[index] {
            continue;
        }
        let next = messages.get(index + 1);
        match (next, last_kept.is_some_and(|last| index < last)) {
            (Some(next), true) => edits.remove(message.whole.start..next.whole.start),
            _ => {
                let before = index.checked_sub(1).and_then(|index| messages.get(index));
                let start = before.map_or(message.whole.start, |before| before.whole.end);
                edits.remove(start..message.whole.end);
            }
        }
    }
}
