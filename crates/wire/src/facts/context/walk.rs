//! The walk over a body that takes it apart.

use std::collections::HashMap;

use super::block::{Block, cut, label, snippet};
use super::outline::{MOST_ENTRIES, MessageSum, digest};
use super::{Context, Part, PartKind};
use crate::scan::{Cursor, Kind, Text};

/// Parts that are noted before folding; what more there is counts as other.
const MOST_NOTED: usize = 65_536;
/// Calls whose results are recognised.
const MOST_CALLS: usize = 16_384;

/// Who speaks.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Role {
    System,
    User,
    Assistant,
    Tool,
}

impl Role {
    fn of(role: Option<Text<'_>>) -> Self {
        match role.map_or(&b"user"[..], Text::raw) {
            b"system" | b"developer" => Self::System,
            b"assistant" | b"model" => Self::Assistant,
            b"tool" | b"function" => Self::Tool,
            _ => Self::User,
        }
    }
}

/// A call that was seen: what its result is called.
#[derive(Clone)]
struct Call {
    label: String,
    reads: bool,
}

/// A walk under way.
pub(super) struct Walk<'a> {
    body: &'a [u8],
    context: Context,
    noted: usize,
    calls: HashMap<&'a [u8], Call>,
    messages: u32,
}

impl<'a> Walk<'a> {
    pub(super) fn new(body: &'a [u8]) -> Self {
        Self {
            body,
            context: Context::default(),
            noted: 0,
            calls: HashMap::new(),
            messages: 0,
        }
    }

    pub(super) fn finish(self) -> Context {
        self.context
    }

    /// Takes or leaves the value of a member of the body.
    pub(super) fn member(&mut self, key: &str, cursor: &mut Cursor<'a>) {
        match key {
            "model" => {
                let model = cursor.string().filter(|model| model.raw().len() <= 1024);
                self.context.outline.model = model.map(|model| model.decode().into_owned());
            }
            "system" | "instructions" | "systemInstruction" | "system_instruction" => {
                self.system(cursor);
            }
            "tools" => self.tools(cursor),
            "messages" | "input" | "contents" => match cursor.kind() {
                Some(Kind::Array) => {
                    cursor.array(|cursor| self.message(cursor));
                }
                Some(_) => self.message(cursor),
                None => {}
            },
            _ => {}
        }
    }

    /// Notes a part that stands for itself.
    fn note(&mut self, part: Part) {
        if part.bytes == 0 || self.noted >= MOST_NOTED {
            return;
        }
        self.noted += 1;
        *self.context.by_kind.entry(part.kind).or_default() += part.bytes;
        self.context.parts.push(part);
    }

    fn group(&mut self, kind: PartKind, name: &str, children: Vec<Part>) {
        self.note(Part {
            kind,
            label: name.to_owned(),
            bytes: children.iter().map(|child| child.bytes).sum(),
            message: None,
            children,
        });
    }

    fn system(&mut self, cursor: &mut Cursor<'a>) {
        cursor.kind();
        let start = cursor.offset();
        let mut children = Vec::new();
        let mut block = |walk: &mut Self, cursor: &mut Cursor<'a>| {
            let (block, bytes) = measured(walk.body, cursor);
            walk.mark(bytes);
            if children.len() < MOST_ENTRIES {
                walk.context.outline.system.push(digest(bytes));
                children.push(Part {
                    kind: PartKind::System,
                    label: snippet(block.text),
                    bytes: bytes.len(),
                    message: None,
                    children: Vec::new(),
                });
            }
        };
        match cursor.kind() {
            Some(Kind::Array) => {
                cursor.array(|cursor| block(self, cursor));
            }
            Some(Kind::Object) => {
                let content_at = Block::read(cursor).content_at.unwrap_or(start);
                let mut inner = Cursor::resume(self.body, content_at, 2);
                if inner.kind() == Some(Kind::Array) {
                    inner.array(|cursor| block(self, cursor));
                } else {
                    block(self, &mut inner);
                }
            }
            Some(Kind::String) => block(self, cursor),
            _ => cursor.skip(),
        }
        self.group(PartKind::System, "system prompt", children);
    }

    fn tools(&mut self, cursor: &mut Cursor<'a>) {
        let mut children = Vec::new();
        let mut tool = |walk: &mut Self, cursor: &mut Cursor<'a>| {
            let (block, bytes) = measured(walk.body, cursor);
            walk.mark(bytes);
            if children.len() >= MOST_ENTRIES {
                return;
            }
            let name = block.name.or(block.kind).map_or_else(String::new, label);
            let name = if name.is_empty() {
                first_key(bytes)
            } else {
                name
            };
            let sum = digest(bytes);
            walk.context.outline.tools.push((name.clone(), sum));
            children.push(Part {
                kind: PartKind::Tools,
                label: name,
                bytes: bytes.len(),
                message: None,
                children: Vec::new(),
            });
        };
        let body = self.body;
        cursor.array(|cursor| {
            cursor.kind();
            let start = cursor.offset();
            let mut functions = None;
            cursor.object(|key, cursor| {
                if matches!(
                    key.raw(),
                    b"functionDeclarations" | b"function_declarations"
                ) {
                    cursor.kind();
                    functions = Some(cursor.offset());
                }
            });
            let mut inner = Cursor::resume(body, functions.unwrap_or(start), 2);
            match functions {
                Some(_) => drop(inner.array(|cursor| tool(self, cursor))),
                None => tool(self, &mut inner),
            }
        });
        self.group(PartKind::Tools, "tools", children);
    }

    /// Counts the marks in a block that ask for caching.
    fn mark(&mut self, bytes: &[u8]) {
        for at in memchr::memmem::find_iter(bytes, b"\"cache_control\"") {
            let rest = bytes.get(at + 15..).unwrap_or_default().trim_ascii_start();
            let Some(value) = rest.strip_prefix(b":") else {
                continue;
            };
            let mut cursor = Cursor::new(value);
            if cursor.kind() != Some(Kind::Object) {
                continue;
            }
            self.context.outline.breakpoints += 1;
            cursor.object(|key, cursor| {
                if key.is("ttl") {
                    self.context.outline.one_hour |= cursor.string().is_some_and(|t| t.is("1h"));
                }
            });
        }
    }

    fn message(&mut self, cursor: &mut Cursor<'a>) {
        let index = self.messages;
        self.messages += 1;
        let (message, bytes) = measured(self.body, cursor);
        if bytes.is_empty() {
            return;
        }
        self.mark(bytes);
        let lone = match message.text {
            Some(text) if message.kind.is_none() && message.others == 0 => Some(text),
            _ => self.lone_text(&message),
        };
        if self.context.outline.messages.len() < MOST_ENTRIES {
            let text = lone.map(|text| (message.role, text));
            let sum = MessageSum::new(bytes, text);
            self.context.outline.messages.push(sum);
        }
        let role = Role::of(message.role);
        let is_item = message
            .kind
            .is_some_and(|kind| message.role.is_none() && !kind.is("message"));
        if is_item || message.content_at.is_none() && message.calls_at.is_none() {
            return self.block(&message, bytes, (Role::of(message.role), index));
        }
        if message.reasoning > 0 {
            self.note(Part {
                kind: PartKind::Thinking,
                label: "reasoning".to_owned(),
                bytes: message.reasoning,
                message: Some(index),
                children: Vec::new(),
            });
        }
        if role == Role::Tool {
            let size = message.content_at.map_or(0, |at| self.value_at(at).len());
            let answer = self.answer(&message, size, index);
            self.note(answer);
        } else if let Some(at) = message.content_at {
            self.each_block(at, (role, index));
        }
        if let Some(at) = message.calls_at {
            self.each_block(at, (Role::Assistant, index));
        }
    }

    /// The text of a message that says nothing else.
    fn lone_text(&self, message: &Block<'a>) -> Option<Text<'a>> {
        let mut cursor = Cursor::resume(self.body, message.content_at?, 3);
        if cursor.kind() == Some(Kind::String) {
            return cursor.string();
        }
        let mut blocks = 0;
        let mut text = None;
        cursor.array(|cursor| {
            blocks += 1;
            if blocks > 1 {
                return cursor.stop();
            }
            let block = Block::read(cursor);
            text = block.text.filter(|_| block.is_plain_text());
        });
        text.filter(|_| blocks == 1)
    }

    fn value_at(&self, at: usize) -> &'a [u8] {
        Cursor::resume(self.body, at, 3).value()
    }

    fn each_block(&mut self, at: usize, place: (Role, u32)) {
        let mut cursor = Cursor::resume(self.body, at, 3);
        let body = self.body;
        match cursor.kind() {
            Some(Kind::Array) => {
                cursor.array(|cursor| {
                    let (block, bytes) = measured(body, cursor);
                    self.block(&block, bytes, place);
                });
            }
            Some(Kind::Object | Kind::String) => {
                let (block, bytes) = measured(body, &mut cursor);
                self.block(&block, bytes, place);
            }
            _ => {}
        }
    }

    /// Notes one block.
    fn block(&mut self, block: &Block<'a>, bytes: &[u8], (role, index): (Role, u32)) {
        let (kind, name) = match self.special(block, bytes, index) {
            Ok(part) => return self.note(part),
            Err(Some(found)) => found,
            Err(None) => {
                let kind = match role {
                    _ if block.is_thought => PartKind::Thinking,
                    Role::System => PartKind::System,
                    Role::Assistant => PartKind::Assistant,
                    Role::User | Role::Tool => PartKind::User,
                };
                (kind, snippet(block.text))
            }
        };
        self.note(Part {
            kind,
            label: name,
            bytes: bytes.len(),
            message: Some(index),
            children: Vec::new(),
        });
    }

    /// A part for a result; else kind and label of what is no text.
    fn special(
        &mut self,
        block: &Block<'a>,
        bytes: &[u8],
        index: u32,
    ) -> Result<Part, Option<(PartKind, String)>> {
        if let Some(name) = block.call {
            return Err(Some((PartKind::ToolCall, called(name, block))));
        }
        if let Some(name) = block.response {
            return Err(Some((PartKind::ToolResult, label(name))));
        }
        if let Some(media) = block.media {
            let kind = if media.raw().starts_with(b"image/") {
                PartKind::Image
            } else {
                PartKind::File
            };
            return Err(Some((kind, label(media))));
        }
        let Some(kind) = block.kind else {
            return Err(None);
        };
        let raw = kind.raw();
        if raw.ends_with(b"_result") || raw.ends_with(b"_output") {
            return Ok(self.answer(block, bytes.len(), index));
        }
        if raw.ends_with(b"tool_use") || raw.ends_with(b"_call") || raw == b"function" {
            return Err(Some((PartKind::ToolCall, self.call(block, kind))));
        }
        Err(match raw {
            b"text" | b"input_text" | b"output_text" | b"refusal" | b"message" => None,
            b"thinking" | b"redacted_thinking" | b"reasoning" => {
                Some((PartKind::Thinking, label(kind)))
            }
            b"image" | b"image_url" | b"input_image" => Some((PartKind::Image, "image".to_owned())),
            b"document" | b"file" | b"input_file" => Some((
                PartKind::File,
                block.name.map_or("document".to_owned(), label),
            )),
            _ => Some((PartKind::Other, label(kind))),
        })
    }

    /// Remembers a call and gives its label.
    fn call(&mut self, block: &Block<'a>, kind: Text<'a>) -> String {
        let name = block.name.unwrap_or(kind);
        let shown = called(name, block);
        if let Some(id) = block.id
            && self.calls.len() < MOST_CALLS
        {
            let reads = is_reader(&name.decode()) && block.path.is_some();
            let label = match &block.path {
                Some(path) if reads => path.clone(),
                _ => label(name),
            };
            self.calls.insert(id.raw(), Call { label, reads });
        }
        shown
    }

    /// The result of a call: a file if the call read one.
    fn answer(&self, block: &Block<'a>, bytes: usize, index: u32) -> Part {
        let call = block.answers.and_then(|id| self.calls.get(id.raw()));
        let name = || block.name.map_or_else(|| "result".to_owned(), label);
        Part {
            kind: match call {
                Some(call) if call.reads => PartKind::File,
                _ => PartKind::ToolResult,
            },
            label: call.map_or_else(name, |call| call.label.clone()),
            bytes,
            message: Some(index),
            children: block
                .content_at
                .map_or_else(Vec::new, |at| self.pictures(at, index)),
        }
    }

    /// The pictures within a result.
    fn pictures(&self, at: usize, index: u32) -> Vec<Part> {
        let mut found = Vec::new();
        let mut cursor = Cursor::resume(self.body, at, 4);
        if cursor.kind() != Some(Kind::Array) {
            return found;
        }
        cursor.array(|cursor| {
            let (block, bytes) = measured(self.body, cursor);
            let is_image = block
                .kind
                .is_some_and(|kind| kind.raw().ends_with(b"image"));
            if is_image && found.len() < MOST_ENTRIES {
                found.push(Part {
                    kind: PartKind::Image,
                    label: "image".to_owned(),
                    bytes: bytes.len(),
                    message: Some(index),
                    children: Vec::new(),
                });
            }
        });
        found
    }
}

/// A block and the bytes that it stands in.
fn measured<'a>(body: &'a [u8], cursor: &mut Cursor<'a>) -> (Block<'a>, &'a [u8]) {
    cursor.kind();
    let start = cursor.offset();
    let block = Block::read(cursor);
    if cursor.offset() == start {
        cursor.skip();
    }
    let bytes = if cursor.malformed() {
        &[]
    } else {
        body.get(start..cursor.offset()).unwrap_or_default()
    };
    (block, bytes)
}

fn called(name: Text<'_>, block: &Block<'_>) -> String {
    match &block.path {
        Some(path) => cut(&format!("{} {path}", name.decode()), 120).to_owned(),
        None => label(name),
    }
}

/// Whether a tool of this name gives the text of a file.
fn is_reader(name: &str) -> bool {
    let name = name.rsplit("__").next().unwrap_or(name);
    let name = name.to_ascii_lowercase().replace('_', "");
    matches!(
        name.as_str(),
        "read" | "readfile" | "view" | "viewfile" | "notebookread" | "openfile" | "cat"
    )
}

/// The name of an object's first member: what a tool of Gemini's own is called.
fn first_key(bytes: &[u8]) -> String {
    let mut name = None;
    Cursor::new(bytes).object(|key, cursor| {
        if name.is_none() {
            name = Some(label(key));
        }
        cursor.skip();
    });
    name.unwrap_or_else(|| "tool".to_owned())
}
