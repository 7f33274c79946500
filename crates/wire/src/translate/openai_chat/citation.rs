//! Annotations of texts in Chat's words.

use crate::scan::{Cursor, Text};
use crate::translate::json::{Json, Writer};

/// Writes an annotation of any dialect as one of Chat's; says whether Chat has words for it.
/// `length` is how many characters of text came before it.
pub(super) fn write(out: &mut Writer, json: &Json<'_>, length: u64) -> bool {
    let (mut kind, mut nested) = (None, false);
    let mut found = Found::default();
    let mut cursor = Cursor::new(json.as_str().as_bytes());
    cursor.object(|key, cursor| {
        if key.is("type") {
            kind = cursor.string().map(Text::decode);
        } else if key.is("url_citation") {
            nested = true;
            cursor.object(|key, cursor| found.member(key, cursor));
        } else {
            found.member(key, cursor);
        }
    });
    match kind.as_deref() {
        Some("url_citation" | "web_search_result_location") => {}
        _ => return false,
    }
    let Some(url) = found.url else { return false };
    if nested && found.start.is_some() && found.end.is_some() && found.title.is_some() {
        out.json(json);
        return true;
    }
    out.object().key("type").string("url_citation");
    out.key("url_citation").object();
    out.key("start_index").number(found.start.unwrap_or(0));
    out.key("end_index").number(found.end.unwrap_or(length));
    out.key("url").string(&url.decode());
    let title = found.title.map(Text::decode).unwrap_or_default();
    out.key("title").string(&title).end_object().end_object();
    true
}

#[derive(Default)]
struct Found<'a> {
    url: Option<Text<'a>>,
    title: Option<Text<'a>>,
    start: Option<u64>,
    end: Option<u64>,
}

impl<'a> Found<'a> {
    fn member(&mut self, key: Text<'a>, cursor: &mut Cursor<'a>) {
        let number = |value: &[u8]| std::str::from_utf8(value).ok()?.parse().ok();
        match key.raw() {
            b"url" => self.url = cursor.string(),
            b"title" => self.title = cursor.string(),
            b"start_index" => self.start = number(cursor.value()),
            b"end_index" => self.end = number(cursor.value()),
            _ => {}
        }
    }
}
