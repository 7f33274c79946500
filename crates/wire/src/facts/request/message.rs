//! One message of a conversation: who speaks, and a fingerprint of what is said. The same walk
//! serves all dialects, since their members do not clash.

use xxhash_rust::xxh3::xxh3_64_with_seed;

use crate::scan::{Cursor, Kind, Text};

/// A message as far as it is read.
#[derive(Default)]
pub(super) struct Message<'a> {
    pub(super) role: Option<Text<'a>>,
    /// The type of a Responses item.
    kind: Option<Text<'a>>,
    name: Option<Text<'a>>,
    /// Where the content starts in the body.
    pub(super) content_at: Option<usize>,
    content: u64,
    calls: u64,
}

/// What a part of a message is; goes into the hash so that a text cannot pass for a tool's name.
#[derive(Clone, Copy)]
enum Tag {
    Role = 1,
    Text = 2,
    Tool = 3,
    ToolResult = 4,
    Content = 5,
    Calls = 6,
}

fn mix(digest: u64, tag: Tag, bytes: &[u8]) -> u64 {
    xxh3_64_with_seed(
        bytes,
        digest
            .wrapping_mul(0x9E37_79B9_7F4A_7C15)
            .wrapping_add(tag as u64),
    )
}

impl<'a> Message<'a> {
    /// Takes one entry of the messages array.
    pub(super) fn read(cursor: &mut Cursor<'a>) -> Self {
        let mut message = Self::default();
        if cursor.kind() == Some(Kind::String) {
            message.content_at = Some(cursor.offset());
            message.content = content(cursor);
            return message;
        }
        cursor.object(|key, cursor| match key.raw() {
            b"role" => message.role = cursor.string(),
            b"type" => message.kind = cursor.string(),
            b"name" => message.name = cursor.string(),
            b"content" | b"parts" => {
                message.content_at = Some(cursor.offset());
                message.content = content(cursor);
            }
            b"tool_calls" => {
                let mut calls = 0;
                cursor.array(|cursor| calls = call(calls, cursor));
                message.calls = calls;
            }
            b"function_call" => message.calls = call(0, cursor),
            _ => {}
        });
        message
    }

    /// Takes one entry of the messages array, for who speaks and where the content starts.
    pub(super) fn outline(cursor: &mut Cursor<'a>) -> Self {
        let mut message = Self::default();
        if cursor.kind() == Some(Kind::String) {
            message.content_at = Some(cursor.offset());
            cursor.skip();
            return message;
        }
        cursor.object(|key, cursor| match key.raw() {
            b"role" => message.role = cursor.string(),
            b"type" => message.kind = cursor.string(),
            b"content" | b"parts" => message.content_at = Some(cursor.offset()),
            _ => {}
        });
        message
    }

    /// Whether a user speaks in it; Gemini lets the role away.
    pub(super) fn is_users(&self) -> bool {
        self.role.is_none_or(|role| role.is("user"))
            && self.kind.is_none_or(|kind| kind.is("message"))
    }

    /// Whether it holds instructions, which Chat and Responses have among the messages.
    pub(super) fn instructs(&self) -> bool {
        self.role
            .is_some_and(|role| role.is("system") || role.is("developer"))
    }

    pub(super) fn fingerprint(&self) -> u64 {
        let digest = mix(0, Tag::Role, self.role.map_or(b"", Text::raw));
        let digest = match (self.kind, self.role) {
            (Some(kind), _) if !kind.is("message") => item(digest, kind, self.name),
            (_, Some(role)) if role.is("tool") || role.is("function") => {
                mix(digest, Tag::ToolResult, b"")
            }
            _ => mix(digest, Tag::Content, &self.content.to_le_bytes()),
        };
        if self.calls == 0 {
            digest
        } else {
            mix(digest, Tag::Calls, &self.calls.to_le_bytes())
        }
    }
}

/// A Responses item that is not a message.
fn item(digest: u64, kind: Text<'_>, name: Option<Text<'_>>) -> u64 {
    match name {
        Some(name) if kind.raw().ends_with(b"_call") => mix(digest, Tag::Tool, name.raw()),
        _ if kind.raw().ends_with(b"_output") => mix(digest, Tag::ToolResult, b""),
        _ => mix(digest, Tag::Content, kind.raw()),
    }
}

/// A call of OpenAI Chat: `{"function":{"name":...}}`, or the legacy `{"name":...}`.
fn call(digest: u64, cursor: &mut Cursor<'_>) -> u64 {
    let mut name: &[u8] = b"";
    cursor.object(|key, cursor| match key.raw() {
        b"name" => name = cursor.string().map_or(b"", Text::raw),
        b"function" | b"custom" => {
            if let Some(inner) = name_in(cursor) {
                name = inner.raw();
            }
        }
        _ => {}
    });
    mix(digest, Tag::Tool, name)
}

fn name_in<'a>(cursor: &mut Cursor<'a>) -> Option<Text<'a>> {
    let mut name = None;
    cursor.object(|key, cursor| {
        if key.raw() == b"name" {
            name = cursor.string();
        }
    });
    name
}

/// A message's content: one text, one block or a list of them.
fn content(cursor: &mut Cursor<'_>) -> u64 {
    match cursor.kind() {
        Some(Kind::Array) => {
            let mut digest = 0;
            cursor.array(|cursor| digest = Block::read(cursor).mix_into(digest));
            digest
        }
        // A text alone and a list of that one text are the same message: clients turn the one
        // into the other when they put a cache mark on it.
        Some(Kind::String | Kind::Object) => Block::read(cursor).mix_into(0),
        _ => 0,
    }
}

/// One block of a message's content.
#[derive(Default)]
pub(super) struct Block<'a> {
    kind: Option<Text<'a>>,
    text: Option<Text<'a>>,
    name: Option<Text<'a>>,
    /// A Gemini function call's name.
    call: Option<Text<'a>>,
    /// The member that says what a Gemini part is.
    part: Option<Text<'a>>,
}

impl<'a> Block<'a> {
    pub(super) fn read(cursor: &mut Cursor<'a>) -> Self {
        let mut block = Self::default();
        if cursor.kind() == Some(Kind::String) {
            block.text = cursor.string();
            return block;
        }
        cursor.object(|key, cursor| match key.raw() {
            b"type" => block.kind = cursor.string(),
            b"text" => block.text = cursor.string(),
            b"name" => block.name = cursor.string(),
            b"functionCall" | b"function_call" => block.call = name_in(cursor),
            b"cache_control" | b"thought" | b"thoughtSignature" | b"thought_signature" => {}
            _ => block.part = block.part.or(Some(key)),
        });
        block
    }

    /// The block's text, if it is one that somebody says.
    pub(super) fn spoken(&self) -> Option<Text<'a>> {
        let text_like = match self.kind {
            None => true,
            Some(kind) => matches!(kind.raw(), b"text" | b"input_text" | b"output_text"),
        };
        self.text.filter(|_| text_like)
    }

    fn mix_into(&self, digest: u64) -> u64 {
        if let Some(text) = self.spoken() {
            return mix(digest, Tag::Text, text.raw());
        }
        if let Some(call) = self.call {
            return mix(digest, Tag::Tool, call.raw());
        }
        match (self.kind, self.part) {
            (Some(kind), _) if kind.raw().ends_with(b"tool_use") => {
                mix(digest, Tag::Tool, self.name.map_or(b"", Text::raw))
            }
            (Some(kind), _) if kind.is("tool_result") => mix(digest, Tag::ToolResult, b""),
            (Some(kind), _) => mix(digest, Tag::Content, kind.raw()),
            (None, Some(part)) => match part.raw() {
                b"functionResponse" | b"function_response" => mix(digest, Tag::ToolResult, b""),
                part => mix(digest, Tag::Content, part),
            },
            (None, None) => mix(digest, Tag::Content, b""),
        }
    }
}
