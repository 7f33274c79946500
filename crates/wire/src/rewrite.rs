//! Small changes to a response on its way: a family's name in front of signatures, the client's
//! own name for a model. Events that need none pass as the same bytes.

use std::collections::VecDeque;
use std::ops::Range;

use bytes::{Bytes, BytesMut};
use memchr::memmem;

use crate::dialect::Dialect;
use crate::edit::Edits;
use crate::scan::Cursor;

/// Longest line that is held back to be changed, in bytes; a longer one passes as it is.
const MAX_LINE: usize = 4 * 1024 * 1024;
/// Largest plain body that is held back, in bytes.
const MAX_BODY: usize = 16 * 1024 * 1024;

/// Changes one response.
#[derive(Debug)]
pub struct Rewriter {
    dialect: Dialect,
    group: Option<Box<str>>,
    model: Option<Box<str>>,
    form: Option<Form>,
    /// A line, or a plain body, that is not whole yet.
    held: BytesMut,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    Lines,
    Plain,
    /// Nothing more is changed.
    AsIs,
}

impl Rewriter {
    /// Puts `group` and `#` in front of signatures, and `model` in the place of any other.
    #[must_use]
    pub fn new(dialect: Dialect, group: Option<&str>, model: Option<&str>) -> Self {
        let signs = dialect == Dialect::AnthropicMessages;
        Self {
            dialect,
            group: group.filter(|_| signs).map(Into::into),
            model: model.map(Into::into),
            form: None,
            held: BytesMut::new(),
        }
    }

    /// Takes a piece; what can go on goes to the end of `out`.
    pub fn push(&mut self, piece: Bytes, out: &mut VecDeque<Bytes>) {
        if self.form.is_none() {
            match piece.iter().find(|byte| !byte.is_ascii_whitespace()) {
                None => return out.push_back(piece),
                Some(b'{' | b'[') => self.form = Some(Form::Plain),
                Some(_) => self.form = Some(Form::Lines),
            }
        }
        match self.form {
            Some(Form::Lines) => self.lines(&piece, out),
            Some(Form::Plain) => {
                self.held.extend_from_slice(&piece);
                if self.held.len() > MAX_BODY {
                    self.form = Some(Form::AsIs);
                    out.push_back(self.held.split().freeze());
                }
            }
            Some(Form::AsIs) | None => out.push_back(piece),
        }
    }

    /// The body has ended.
    pub fn finish(&mut self, out: &mut VecDeque<Bytes>) {
        let rest = self.held.split().freeze();
        if rest.is_empty() {
            return;
        }
        let edits = match self.form {
            Some(Form::Plain) => self.edits(&rest, 0),
            _ => self.line_edits(&rest),
        };
        let (pieces, _) = edits.apply(&[rest]);
        out.extend(pieces);
    }

    /// Whole lines go on, the last one when the rest of it has come.
    fn lines(&mut self, piece: &Bytes, out: &mut VecDeque<Bytes>) {
        let Some(end) = memchr::memrchr(b'\n', piece) else {
            self.held.extend_from_slice(piece);
            if self.held.len() > MAX_LINE {
                self.form = Some(Form::AsIs);
                out.push_back(self.held.split().freeze());
            }
            return;
        };
        let whole = piece.slice(..=end);
        let whole = if self.held.is_empty() {
            whole
        } else {
            self.held.extend_from_slice(&whole);
            self.held.split().freeze()
        };
        self.held
            .extend_from_slice(piece.get(end + 1..).unwrap_or_default());
        let edits = self.line_edits(&whole);
        if edits.is_empty() {
            out.push_back(whole);
            return;
        }
        let (pieces, _) = edits.apply(&[whole]);
        out.extend(pieces);
    }

    /// The changes to the `data:` lines among these.
    fn line_edits(&self, lines: &[u8]) -> Edits {
        let mut edits = Edits::default();
        let mut start = 0;
        for line in lines.split_inclusive(|byte| *byte == b'\n') {
            if line.starts_with(b"data:") && self.may_change(line) {
                let data = line.get(5..).unwrap_or_default();
                edits.shifted(self.edits(data, 0), start + 5);
            }
            start += line.len();
        }
        edits
    }

    fn may_change(&self, line: &[u8]) -> bool {
        let has = |needle: &[u8]| memmem::find(line, needle).is_some();
        (self.group.is_some() && has(b"signature"))
            || (self.model.is_some() && (has(b"\"model\"") || has(b"\"modelVersion\"")))
    }

    /// The changes to one JSON value: an event or a whole body.
    fn edits(&self, json: &[u8], depth: u32) -> Edits {
        let mut edits = Edits::default();
        let mut cursor = Cursor::new(json);
        let mut found = Vec::new();
        self.members(&mut cursor, depth, &mut found);
        if cursor.malformed() {
            return edits;
        }
        for (range, value) in found {
            edits.replace(range, serde_json::Value::from(value).to_string());
        }
        edits
    }

    /// Looks where models and signatures stand: at the top, and in the few members that hold them.
    fn members(
        &self,
        cursor: &mut Cursor<'_>,
        depth: u32,
        found: &mut Vec<(Range<usize>, String)>,
    ) {
        cursor.object(|key, cursor| {
            if let Some(model) = &self.model
                && (key.is("model") || key.is("modelVersion"))
            {
                cursor.kind();
                let start = cursor.offset();
                if cursor.string().is_some() {
                    found.push((start..cursor.offset(), model.to_string()));
                }
            } else if let Some(group) = &self.group
                && key.is("signature")
            {
                cursor.kind();
                let start = cursor.offset();
                if let Some(signature) = cursor.string().filter(|text| !text.raw().is_empty()) {
                    let value = format!("{group}#{}", signature.decode());
                    found.push((start..cursor.offset(), value));
                }
            } else if depth < 2 && self.holds(key.raw()) {
                // What is no array is passed over.
                cursor.array(|cursor| self.members(cursor, depth + 1, found));
            } else if depth < 2 && is_wrapper(key.raw()) {
                self.members(cursor, depth + 1, found);
            }
        });
    }

    fn holds(&self, key: &[u8]) -> bool {
        self.dialect == Dialect::AnthropicMessages && key == b"content"
    }
}

/// Members of events that hold what a plain body has at its top.
fn is_wrapper(key: &[u8]) -> bool {
    matches!(key, b"message" | b"response" | b"delta" | b"content_block")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rewritten(dialect: Dialect, group: Option<&str>, model: Option<&str>, text: &str) -> String {
        let mut results = Vec::new();
        for size in [1, 5, text.len()] {
            let mut rewriter = Rewriter::new(dialect, group, model);
            let mut out = VecDeque::new();
            for piece in text.as_bytes().chunks(size) {
                rewriter.push(Bytes::copy_from_slice(piece), &mut out);
            }
            rewriter.finish(&mut out);
            let bytes: Vec<u8> = out.into_iter().flatten().collect();
            results.push(String::from_utf8(bytes).unwrap());
        }
        assert!(results.windows(2).all(|pair| pair[0] == pair[1]));
        results.remove(0)
    }

    const ANTHROPIC: Dialect = Dialect::AnthropicMessages;

    #[test]
    fn signatures_get_their_family_and_every_other_byte_stays() {
        let text = "event: content_block_delta\r\ndata: {\"type\":\"content_block_delta\", \"index\":0,\"delta\":{\"type\":\"signature_delta\",\"signature\":\"a/b\"}}\r\n\r\n: c\nevent: x\ndata: {\"content_block\":{\"type\":\"thinking\",\"signature\":\"\"}}\n\ndata: [DONE]\n\n";
        let out = rewritten(ANTHROPIC, Some("claude"), None, text);
        assert_eq!(out, text.replace("\"a/b\"", "\"claude#a/b\""));
        let body = r#"{"type":"message", "content":[{"type":"thinking","thinking":"t","signature":"s"},{"type":"tool_use","input":{"signature":"mine"}}]}"#;
        let out = rewritten(ANTHROPIC, Some("claude"), None, body);
        assert_eq!(out, body.replace("\"s\"", "\"claude#s\""));
    }

    #[test]
    fn the_clients_name_of_the_model_is_put_back() {
        let text = "event: message_start\ndata: {\"type\":\"message_start\",\"message\":{\"model\":\"m2\",\"id\":1.0}}\n\n";
        assert_eq!(
            rewritten(ANTHROPIC, None, Some("m1"), text),
            text.replace("m2", "m1")
        );
        let chat = "data: {\"id\":\"c\",\"model\":\"m2\",\"choices\":[{\"delta\":{\"content\":\"\\\"model\\\":\\\"m2\\\"\"}}]}\n\n";
        let out = rewritten(Dialect::OpenaiChat, None, Some("m1"), chat);
        assert_eq!(out, chat.replacen("m2", "m1", 1));
        let gemini = "[{\"modelVersion\": \"m2\"}]";
        assert_eq!(rewritten(Dialect::Gemini, None, Some("m1"), gemini), gemini);
    }

    #[test]
    fn whole_lines_do_not_wait() {
        let mut rewriter = Rewriter::new(ANTHROPIC, Some("claude"), None);
        let mut out = VecDeque::new();
        let piece = Bytes::from_static(b"event: ping\ndata: {}\n\nevent: pi");
        rewriter.push(piece, &mut out);
        assert_eq!(out.pop_front().unwrap(), "event: ping\ndata: {}\n\n");
        rewriter.push(Bytes::from_static(b"ng\n"), &mut out);
        assert_eq!(out.pop_front().unwrap(), "event: ping\n");
    }

    #[test]
    fn what_is_broken_passes_as_it_is() {
        let text = "data: {\"signature\":\"a\", oops\n\n{\"signature\"";
        assert_eq!(rewritten(ANTHROPIC, Some("claude"), None, text), text);
    }
}
