//! One part of a content, as requests, answers and chunks have it.

use std::borrow::Cow;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::args::Raw;
use crate::marks::gemini as mark;
use crate::scan::{Cursor, Kind};
use crate::translate::form::{Body, Call, Extra, Input, Media, Opaque, Part, Place, Text};
use crate::translate::json::{Json, Writer};

/// A part as it stands, its members sorted out.
#[derive(Debug, Default)]
pub(super) struct Piece<'a> {
    pub(super) text: Option<Text<'a>>,
    pub(super) thought: bool,
    pub(super) signature: Option<Text<'a>>,
    pub(super) held: Held<'a>,
    /// All of it.
    pub(super) all: &'a [u8],
    /// Whether its arguments are no JSON.
    pub(super) broken: bool,
    extra: Vec<(Text<'a>, Json<'a>)>,
}

/// What a part holds beside text.
#[derive(Debug, Default)]
pub(super) enum Held<'a> {
    #[default]
    Nothing,
    Media {
        media: Media<'a>,
        title: Option<Text<'a>>,
    },
    Call(Called<'a>),
    Result(Given<'a>),
    /// Something that only Gemini knows, by its name.
    Foreign(Text<'a>),
}

/// A `functionCall`.
#[derive(Debug, Default)]
pub(super) struct Called<'a> {
    pub(super) id: Text<'a>,
    pub(super) name: Text<'a>,
    pub(super) args: Option<Json<'a>>,
    /// `partialArgs`, an array.
    pub(super) partial: &'a [u8],
    /// `willContinue`
    pub(super) more: bool,
}

/// A `functionResponse`.
#[derive(Debug, Default)]
pub(super) struct Given<'a> {
    id: Text<'a>,
    name: Option<Text<'a>>,
    response: &'a [u8],
    parts: Vec<Part<'a>>,
}

/// Reads the part at the cursor, which walks over `bytes`.
pub(super) fn read<'a>(bytes: &'a [u8], cursor: &mut Cursor<'a>, raw: Raw) -> Option<Piece<'a>> {
    cursor.kind();
    let start = cursor.offset();
    let mut piece = Piece::default();
    let is_object = cursor.object(|key, cursor| match key.raw() {
        b"text" => piece.text = cursor.string().map(|text| text.decode()),
        b"thought" => piece.thought = cursor.boolean() == Some(true),
        b"thoughtSignature" | b"thought_signature" => {
            piece.signature = cursor.string().map(|text| text.decode());
        }
        b"inlineData" | b"inline_data" => piece.inline_data(cursor),
        b"fileData" | b"file_data" => piece.file_data(cursor),
        b"functionCall" | b"function_call" => piece.call(cursor, raw),
        b"functionResponse" | b"function_response" => piece.result(bytes, cursor, raw),
        b"videoMetadata" | b"video_metadata" | b"mediaResolution" | b"media_resolution"
        | b"partMetadata" | b"part_metadata" => {
            if let Some(json) = raw.json(cursor.value()) {
                piece.extra.push((key.decode(), json));
            }
        }
        _ if cursor.kind() == Some(Kind::Null) => {}
        _ => piece.held = Held::Foreign(key.decode()),
    });
    piece.all = bytes.get(start..cursor.offset()).unwrap_or_default();
    (is_object && !cursor.malformed()).then_some(piece)
}

/// Walks an array, or the one entry that stands in its place.
pub(super) fn each<'a>(cursor: &mut Cursor<'a>, mut item: impl FnMut(&mut Cursor<'a>)) {
    if cursor.kind() == Some(Kind::Object) {
        item(cursor);
    } else {
        cursor.array(item);
    }
}

impl<'a> Piece<'a> {
    fn inline_data(&mut self, cursor: &mut Cursor<'a>) {
        let mut kind = None;
        let mut data = None;
        let mut title = None;
        cursor.object(|key, cursor| match key.raw() {
            b"mimeType" | b"mime_type" => kind = cursor.string().map(|text| text.decode()),
            b"data" => data = cursor.string().map(|text| text.decode()),
            b"displayName" | b"display_name" => title = cursor.string().map(|text| text.decode()),
            _ => {}
        });
        if let Some(data) = data {
            let media = inline(kind, data);
            self.held = Held::Media { media, title };
        }
    }

    fn file_data(&mut self, cursor: &mut Cursor<'a>) {
        let mut kind = None;
        let mut uri: Option<Text<'a>> = None;
        let mut title = None;
        cursor.object(|key, cursor| match key.raw() {
            b"mimeType" | b"mime_type" => kind = cursor.string().map(|text| text.decode()),
            b"fileUri" | b"file_uri" => uri = cursor.string().map(|text| text.decode()),
            b"displayName" | b"display_name" => title = cursor.string().map(|text| text.decode()),
            _ => {}
        });
        if let Some(uri) = uri {
            let place = match is_public(&uri) {
                true => Place::Url(uri),
                false => Place::File(uri),
            };
            let media = Media {
                kind,
                place,
                detail: None,
            };
            self.held = Held::Media { media, title };
        }
    }

    fn call(&mut self, cursor: &mut Cursor<'a>, raw: Raw) {
        let mut call = Called::default();
        let is_object = cursor.object(|key, cursor| match key.raw() {
            b"id" => call.id = text(cursor),
            b"name" => call.name = text(cursor),
            b"args" if cursor.kind() == Some(Kind::Object) => {
                call.args = raw.json(cursor.value());
                self.broken |= call.args.is_none();
            }
            b"partialArgs" | b"partial_args" => call.partial = cursor.value(),
            b"willContinue" | b"will_continue" => call.more = cursor.boolean() == Some(true),
            _ => {}
        });
        if is_object {
            self.held = Held::Call(call);
        }
    }

    fn result(&mut self, bytes: &'a [u8], cursor: &mut Cursor<'a>, raw: Raw) {
        let mut given = Given::default();
        let is_object = cursor.object(|key, cursor| match key.raw() {
            b"id" => given.id = text(cursor),
            b"name" => given.name = cursor.string().map(|text| text.decode()),
            b"response" => given.response = cursor.value(),
            b"parts" => each(cursor, |cursor| {
                let part = read(bytes, cursor, raw).and_then(|piece| piece.into_part(raw));
                given.parts.extend(part);
            }),
            _ => {}
        });
        if is_object {
            self.held = Held::Result(given);
        }
    }

    /// The part in the form; none where it says nothing.
    pub(super) fn into_part(mut self, raw: Raw) -> Option<Part<'a>> {
        let body = match std::mem::take(&mut self.held) {
            Held::Call(call) => self.called(call),
            Held::Result(given) => Self::given(given),
            Held::Media { media, title } => self.media(media, title, raw)?,
            Held::Foreign(kind) => self.foreign(kind, raw)?,
            Held::Nothing => self.said()?,
        };
        let mut part = Part::from(body);
        if let (Some(signature), true) = (&self.signature, !carries(&part.body)) {
            let mut value = Writer::default();
            value.string(signature);
            let value = Json::of_valid(value.into_string());
            self.extra.push(("thoughtSignature".into(), value));
        }
        part.extra = Extra {
            members: self.extra,
        };
        Some(part)
    }

    fn said(&mut self) -> Option<Body<'a>> {
        let text = self.text.take();
        if !self.thought {
            // Empty text is there for its signature's sake, or says nothing.
            let text = text.filter(|text| !text.is_empty() || self.signature.is_some())?;
            let annotations = Vec::new();
            return Some(Body::Text { text, annotations });
        }
        let (opaque, id) = self.opaque();
        (text.is_some() || opaque.is_some()).then(|| Body::Thinking {
            text: text.unwrap_or_default(),
            opaque,
            id,
        })
    }

    fn opaque(&mut self) -> (Option<Opaque<'a>>, Option<Text<'a>>) {
        let signature = self.signature.take();
        let own = signature.filter(|signature| mark::recalled(signature).is_empty());
        match own.map(mark::from_client) {
            Some(marked) => (Some(marked.opaque), marked.id),
            None => (None, None),
        }
    }

    /// The thinking that a call carries.
    pub(super) fn carried(&self) -> impl Iterator<Item = Body<'a>> + use<'a> {
        let signature = self.signature.as_deref();
        let thoughts = signature.map_or(Vec::new(), mark::recalled);
        thoughts.into_iter().map(|thought| Body::Thinking {
            text: thought.text.into(),
            opaque: thought.opaque,
            id: thought.id.map(Cow::Owned),
        })
    }

    fn called(&mut self, call: Called<'a>) -> Body<'a> {
        let (opaque, _) = self.opaque();
        Body::Call(Call {
            id: call.id,
            name: call.name,
            input: Input::Json(call.args.unwrap_or_else(|| Json::of_valid("{}"))),
            item: None,
            opaque,
        })
    }

    fn given(mut given: Given<'a>) -> Body<'a> {
        let (said, is_error) = response(given.response);
        let text = said.map(|text| {
            let annotations = Vec::new();
            Part::from(Body::Text { text, annotations })
        });
        given.parts.splice(0..0, text);
        Body::Result {
            call: given.id,
            name: given.name,
            parts: given.parts,
            is_error,
        }
    }

    fn media(&mut self, media: Media<'a>, title: Option<Text<'a>>, raw: Raw) -> Option<Body<'a>> {
        let kind = media.kind.as_deref().unwrap_or_default();
        Some(match kind.split_once('/').map_or(kind, |(kind, _)| kind) {
            "image" => Body::Image(media),
            "audio" => Body::Audio(media),
            _ if is_document(kind) => Body::Document {
                media,
                title,
                context: None,
            },
            _ => return self.foreign("inlineData".into(), raw),
        })
    }

    fn foreign(&mut self, kind: Text<'a>, raw: Raw) -> Option<Body<'a>> {
        // The whole part holds its signature too.
        self.signature = None;
        let json = raw.json(self.all)?;
        Some(Body::Foreign { kind, json })
    }
}

/// Whether the body itself holds the signature.
fn carries(body: &Body<'_>) -> bool {
    matches!(body, Body::Call(_) | Body::Thinking { .. })
}

fn text<'a>(cursor: &mut Cursor<'a>) -> Text<'a> {
    let text = cursor.string().map(|text| text.decode());
    text.unwrap_or_default()
}

/// What a function gave, as text, and whether that is an error. Google names `output` and `error`
/// for the two; any other object is kept as it is.
fn response(value: &[u8]) -> (Option<Text<'_>>, bool) {
    let mut only = None;
    let mut count = 0;
    let mut cursor = Cursor::new(value);
    cursor.object(|key, cursor| {
        count += 1;
        let is_error = key.is("error");
        if is_error || key.is("output") {
            let value = cursor.value();
            let text = crate::scan::string_value(value);
            let text = match value.starts_with(b"\"") {
                true => text,
                false => plain(value),
            };
            only = text.map(|text| (text, is_error));
        }
    });
    match (count, only) {
        (0, _) => (None, false),
        (1, Some((text, is_error))) => (Some(text), is_error),
        _ => (plain(value), false),
    }
}

/// JSON as text, which it stays.
fn plain(value: &[u8]) -> Option<Text<'_>> {
    std::str::from_utf8(value).ok().map(Cow::Borrowed)
}

/// Bytes in the body: text is decoded, as other dialects take it only so.
fn inline<'a>(kind: Option<Text<'a>>, data: Text<'a>) -> Media<'a> {
    let plain = kind.as_deref().is_some_and(is_text);
    let decoded = plain
        .then(|| STANDARD.decode(data.as_bytes()).ok())
        .flatten();
    let decoded = decoded.and_then(|bytes| String::from_utf8(bytes).ok());
    match decoded {
        Some(text) => Media {
            kind: Some("text/plain".into()),
            place: Place::Text(text.into()),
            detail: None,
        },
        None => Media {
            kind,
            place: Place::Base64(standard(data)),
            detail: None,
        },
    }
}

/// Google takes both alphabets of base64, others only the first.
fn standard(data: Text<'_>) -> Text<'_> {
    if data.contains(['-', '_']) {
        let data = data.replace('-', "+").replace('_', "/");
        return Cow::Owned(data);
    }
    data
}

fn is_text(kind: &str) -> bool {
    let kind = kind.split_once(';').map_or(kind, |(kind, _)| kind);
    kind.starts_with("text/") || matches!(kind, "application/json" | "application/xml")
}

fn is_document(kind: &str) -> bool {
    kind == "application/pdf" || is_text(kind)
}

/// Whether anybody can fetch it, and not only Google out of its store.
fn is_public(uri: &str) -> bool {
    let web = uri.starts_with("http://") || uri.starts_with("https://");
    web && !uri.contains("://generativelanguage.googleapis.com/")
}
