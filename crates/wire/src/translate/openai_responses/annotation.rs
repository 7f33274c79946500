//! Sources of what was said, in Responses' words.

use std::borrow::Cow;

use crate::scan::{Cursor, Text as Raw};
use crate::translate::json::{Json, Writer};

/// What an annotation says, in whose words ever.
#[derive(Default)]
struct Told<'a> {
    kind: Option<Raw<'a>>,
    url: Option<Raw<'a>>,
    title: Option<Raw<'a>>,
    start: Option<u64>,
    end: Option<u64>,
    /// How many of the members that citations of files must have there are.
    file_id: bool,
    filename: bool,
    index: bool,
    container: bool,
}

impl<'a> Told<'a> {
    fn read(&mut self, cursor: &mut Cursor<'a>) {
        cursor.object(|key, cursor| match key.raw() {
            b"type" => self.kind = cursor.string(),
            b"url" => self.url = cursor.string(),
            b"title" => self.title = cursor.string(),
            b"start_index" => self.start = number(cursor),
            b"end_index" => self.end = number(cursor),
            b"file_id" => self.file_id = cursor.string().is_some(),
            b"filename" => self.filename = cursor.string().is_some(),
            b"container_id" => self.container = cursor.string().is_some(),
            b"index" => self.index = number(cursor).is_some(),
            // Chat holds the members one level deeper.
            b"url_citation" => self.read(cursor),
            _ => {}
        });
    }
}

/// An annotation in this dialect's words; none when it has none for it. `length` is how many
/// characters of text came before it.
pub(super) fn annotation(json: &Json<'_>, length: u64) -> Option<String> {
    let mut told = Told::default();
    told.read(&mut Cursor::new(json.as_str().as_bytes()));
    let places = told.start.is_some() && told.end.is_some();
    let whole = match told.kind?.decode().as_ref() {
        "url_citation" | "web_search_result_location" => return Some(url_citation(&told, length)),
        "file_citation" => told.file_id && told.filename && told.index,
        "file_path" => told.file_id && told.index,
        "container_file_citation" => told.container && told.file_id && told.filename && places,
        _ => false,
    };
    whole.then(|| json.as_str().to_owned())
}

fn url_citation(told: &Told<'_>, length: u64) -> String {
    let text = |raw: Option<Raw<'_>>| raw.map(|raw| Cow::into_owned(raw.decode()));
    let mut out = Writer::default();
    out.object().key("type").string("url_citation");
    out.key("start_index").number(told.start.unwrap_or(0));
    out.key("end_index").number(told.end.unwrap_or(length));
    out.key("url").string(&text(told.url).unwrap_or_default());
    out.key("title")
        .string(&text(told.title).unwrap_or_default());
    out.end_object();
    out.into_string()
}

fn number(cursor: &mut Cursor<'_>) -> Option<u64> {
    std::str::from_utf8(cursor.value()).ok()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(json: &str) -> Option<String> {
        annotation(&Json::of_valid(json.to_owned()), 7)
    }

    #[test]
    fn links_have_all_members_whoever_told_them() {
        let whole = r#"{"type":"url_citation","start_index":0,"end_index":7,"url":"u","title":""}"#;
        for told in [
            r#"{"type":"url_citation","url":"u"}"#,
            r#"{"type":"url_citation","url_citation":{"url":"u","title":""}}"#,
            r#"{"type":"web_search_result_location","url":"u","cited_text":"x"}"#,
        ] {
            assert_eq!(of(told).as_deref(), Some(whole), "{told}");
        }
    }

    #[test]
    fn what_the_client_cannot_read_is_left_out() {
        assert_eq!(of(r#"{"type":"char_location","cited_text":"x"}"#), None);
        assert_eq!(of(r#"{"type":"file_citation","file_id":"f"}"#), None);
        assert_eq!(of(r#"{"cited_text":"x"}"#), None);
        let file = r#"{"type":"file_citation","file_id":"f","filename":"n","index":3}"#;
        assert_eq!(of(file).as_deref(), Some(file));
    }
}
