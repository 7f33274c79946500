//! One block of a message's content, as far as its kind and its name need it.

use crate::scan::{Cursor, Kind, Text};

/// Longest label, in bytes.
const MOST_LABEL: usize = 120;
/// Bytes of a text that become its label.
const SNIPPET: usize = 60;
/// Bytes of arguments given as text that are looked through for a path.
const MOST_ARGUMENTS: usize = 4096;

/// A block of content, a Gemini part, or an item of Responses.
#[derive(Default)]
pub(super) struct Block<'a> {
    pub kind: Option<Text<'a>>,
    pub text: Option<Text<'a>>,
    pub name: Option<Text<'a>>,
    pub role: Option<Text<'a>>,
    /// The id of a call.
    pub id: Option<Text<'a>>,
    /// The id of the call that a result answers.
    pub answers: Option<Text<'a>>,
    /// Where its own content starts in the body.
    pub content_at: Option<usize>,
    /// Where OpenAI Chat's calls start in the body.
    pub calls_at: Option<usize>,
    /// The file that a call is about.
    pub path: Option<String>,
    /// A Gemini call or response, by name.
    pub call: Option<Text<'a>>,
    pub response: Option<Text<'a>>,
    /// The type of data within a Gemini part.
    pub media: Option<Text<'a>>,
    pub is_thought: bool,
    /// Bytes of reasoning beside the content.
    pub reasoning: usize,
    /// Members besides `type`, `text` and cache marks.
    pub others: u32,
}

impl<'a> Block<'a> {
    pub(super) fn read(cursor: &mut Cursor<'a>) -> Self {
        let mut block = Self::default();
        if cursor.kind() == Some(Kind::String) {
            block.text = cursor.string();
            return block;
        }
        cursor.object(|key, cursor| block.member(key.raw(), cursor));
        block
    }

    fn member(&mut self, key: &[u8], cursor: &mut Cursor<'a>) {
        match key {
            b"type" => self.kind = cursor.string(),
            b"text" => self.text = cursor.string(),
            b"cache_control" => {}
            _ => {
                self.others += 1;
                self.other(key, cursor);
            }
        }
    }

    fn other(&mut self, key: &[u8], cursor: &mut Cursor<'a>) {
        match key {
            b"thinking" => self.text = cursor.string(),
            b"name" | b"title" | b"filename" => self.name = cursor.string(),
            b"role" => self.role = cursor.string(),
            b"id" => self.id = self.id.or(cursor.string()),
            b"call_id" => {
                self.id = cursor.string();
                self.answers = self.id;
            }
            b"tool_use_id" | b"tool_call_id" => self.answers = cursor.string(),
            b"content" | b"output" | b"parts" => {
                cursor.kind();
                self.content_at = Some(cursor.offset());
            }
            b"tool_calls" => {
                cursor.kind();
                self.calls_at = Some(cursor.offset());
            }
            b"reasoning_content" | b"reasoning" | b"reasoning_details" => {
                self.reasoning += cursor.value().len();
            }
            b"input" | b"arguments" | b"args" => self.path = path_in(cursor),
            b"thought" => self.is_thought = cursor.boolean() == Some(true),
            b"functionCall" | b"function_call" => (self.call, self.path) = named(cursor),
            b"functionResponse" | b"function_response" => self.response = named(cursor).0,
            b"inlineData" | b"inline_data" | b"fileData" | b"file_data" => {
                self.media = media_type(cursor);
            }
            b"function" | b"custom" => (self.name, self.path) = named(cursor),
            _ => {}
        }
    }

    /// Whether it is a text and nothing else.
    pub(super) fn is_plain_text(&self) -> bool {
        self.others == 0
            && self.text.is_some()
            && self.kind.is_none_or(|kind| kind.raw().ends_with(b"text"))
    }
}

fn named<'a>(cursor: &mut Cursor<'a>) -> (Option<Text<'a>>, Option<String>) {
    let (mut name, mut path) = (None, None);
    cursor.object(|key, cursor| match key.raw() {
        b"name" => name = cursor.string(),
        b"args" | b"arguments" | b"input" => path = path_in(cursor),
        _ => {}
    });
    (name, path)
}

fn media_type<'a>(cursor: &mut Cursor<'a>) -> Option<Text<'a>> {
    let mut media = None;
    cursor.object(|key, cursor| {
        if matches!(key.raw(), b"mimeType" | b"mime_type") {
            media = cursor.string();
        }
    });
    media
}

/// The file that a call's arguments name: an object, or one as text.
fn path_in(cursor: &mut Cursor<'_>) -> Option<String> {
    if cursor.kind() == Some(Kind::String) {
        let text = cursor.string()?.prefix(MOST_ARGUMENTS).decode();
        return path_member(&mut Cursor::new(text.as_bytes()));
    }
    path_member(cursor)
}

fn path_member(cursor: &mut Cursor<'_>) -> Option<String> {
    const NAMES: [&[u8]; 5] = [
        b"file_path",
        b"path",
        b"notebook_path",
        b"filePath",
        b"absolute_path",
    ];
    let mut path = None;
    cursor.object(|key, cursor| {
        if NAMES.contains(&key.raw())
            && let Some(text) = cursor.string()
        {
            path = Some(cut(&text.prefix(4 * MOST_LABEL).decode(), MOST_LABEL).to_owned());
        }
    });
    path
}

/// At most `most` bytes of a text, cut between characters.
pub(super) fn cut(text: &str, most: usize) -> &str {
    text.get(..text.floor_char_boundary(most)).unwrap_or(text)
}

/// The beginning of a text on one line.
pub(super) fn snippet(text: Option<Text<'_>>) -> String {
    let Some(text) = text else {
        return String::new();
    };
    let decoded = text.prefix(8 * SNIPPET).decode();
    let words = decoded.split_whitespace();
    let mut line = String::new();
    for word in words {
        if line.len() >= SNIPPET {
            break;
        }
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(word);
    }
    let short = cut(&line, SNIPPET);
    if short.len() < line.len() || text.raw().len() > 8 * SNIPPET {
        format!("{short}…")
    } else {
        line
    }
}

/// A label of at most [`MOST_LABEL`] bytes.
pub(super) fn label(text: Text<'_>) -> String {
    cut(&text.prefix(4 * MOST_LABEL).decode(), MOST_LABEL).to_owned()
}
