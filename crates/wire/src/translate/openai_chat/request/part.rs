//! Reads what messages contain: texts, pictures, sound, files.

use std::borrow::Cow;

use super::{raw, reasoning, string, walk};
use crate::scan::{Cursor, Kind};
use crate::translate::form::{Body, Extra, Media, Opaque, OpaqueKind, Part, Place, Text};
use crate::translate::json::Json;

/// Content: a string, or an array of parts.
pub(super) fn content<'a>(cursor: &mut Cursor<'a>) -> Vec<Part<'a>> {
    let mut parts = Vec::new();
    match cursor.kind() {
        Some(Kind::String) => parts.extend(string(cursor).map(plain)),
        Some(Kind::Array) => {
            cursor.array(|cursor| parts.extend(part(cursor)));
        }
        Some(Kind::Object) => parts.extend(part(cursor)),
        _ => cursor.skip(),
    }
    parts
}

fn plain(text: Text<'_>) -> Part<'_> {
    Part::from(Body::Text {
        text,
        annotations: Vec::new(),
    })
}

/// The members of one part.
#[derive(Default)]
struct Fields<'a> {
    kind: Text<'a>,
    /// The member that is named as the kind is.
    value: Option<Json<'a>>,
    cache: Option<Json<'a>>,
    extra: Extra<'a>,
}

fn part<'a>(cursor: &mut Cursor<'a>) -> Option<Part<'a>> {
    if cursor.kind() == Some(Kind::String) {
        return string(cursor).map(plain);
    }
    let whole = raw(cursor);
    let mut fields = Fields::default();
    walk(&whole, |key, cursor| match key {
        "type" => fields.kind = string(cursor).unwrap_or_default(),
        _ if cursor.kind() == Some(Kind::Null) => cursor.skip(),
        "cache_control" => fields.cache = Some(raw(cursor)),
        _ => {
            let name = Cow::Owned(key.to_owned());
            fields.extra.members.push((name, raw(cursor)));
        }
    });
    let named = |(key, _): &(Text<'_>, Json<'_>)| *key == fields.kind;
    if let Some(at) = fields.extra.members.iter().position(named) {
        fields.value = Some(fields.extra.members.remove(at).1);
    }
    let kind = fields.kind.clone();
    let body = fields.body().unwrap_or(Body::Foreign { kind, json: whole });
    let foreign = matches!(body, Body::Foreign { .. });
    Some(Part {
        body,
        cache: fields.cache,
        extra: if foreign {
            Extra::default()
        } else {
            fields.extra
        },
    })
}

impl<'a> Fields<'a> {
    /// What it is, if it is one of the usual ones.
    fn body(&mut self) -> Option<Body<'a>> {
        let value = self.value.take()?;
        match self.kind.as_ref() {
            "text" | "input_text" | "output_text" => Some(Body::Text {
                text: super::text(&value)?,
                annotations: Vec::new(),
            }),
            "refusal" => Some(Body::Refusal {
                text: super::text(&value)?,
            }),
            "image_url" => image(&value),
            "input_audio" => audio(&value),
            "file" => file(&value),
            "thinking" => self.thinking(&value),
            _ => None,
        }
    }

    /// Mistral's thinking is a list of texts; others give the text itself.
    fn thinking(&mut self, value: &Json<'a>) -> Option<Body<'a>> {
        let mut text = super::text(value);
        if text.is_none() && value.as_str().starts_with('[') {
            let Cow::Borrowed(list) = value.clone().into_text() else {
                return None;
            };
            let mut all = String::new();
            for part in content(&mut Cursor::new(list.as_bytes())) {
                match part.body {
                    Body::Text { text, .. } => all.push_str(&text),
                    _ => return None,
                }
            }
            text = Some(Cow::Owned(all));
        }
        let signed = |(key, _): &(Text<'_>, Json<'_>)| key == "signature";
        let at = self.extra.members.iter().position(signed);
        let signature = at.and_then(|at| super::text(&self.extra.members.remove(at).1));
        let mut part = reasoning::plain(text?);
        if let Body::Thinking { opaque, .. } = &mut part.body {
            *opaque = signature.map(|value| Opaque {
                value,
                kind: OpaqueKind::Signature,
            });
        }
        Some(part.body)
    }
}

fn image<'a>(value: &Json<'a>) -> Option<Body<'a>> {
    let (mut url, mut detail) = (super::text(value), None);
    walk(value, |key, cursor| match key {
        "url" => url = string(cursor),
        "detail" => detail = string(cursor),
        _ => {}
    });
    Some(Body::Image(Media {
        detail,
        ..located(url?)
    }))
}

fn audio<'a>(value: &Json<'a>) -> Option<Body<'a>> {
    let (mut data, mut format) = (None, None);
    walk(value, |key, cursor| match key {
        "data" => data = string(cursor),
        "format" => format = string(cursor),
        _ => {}
    });
    let kind = format.map(|format| match format.as_ref() {
        "mp3" => Cow::Borrowed("audio/mpeg"),
        "wav" => Cow::Borrowed("audio/wav"),
        other => Cow::Owned(format!("audio/{other}")),
    });
    let media = located(data?);
    Some(Body::Audio(match media.place {
        // Sound is given as bare base64 more often than as an address.
        Place::Url(text) if !text.contains(':') => Media {
            kind,
            place: Place::Base64(text),
            detail: None,
        },
        place => Media {
            kind: kind.or(media.kind),
            place,
            detail: None,
        },
    }))
}

fn file<'a>(value: &Json<'a>) -> Option<Body<'a>> {
    let (mut data, mut id, mut title, mut other) = (None, None, None, false);
    walk(value, |key, cursor| match key {
        "file_data" => data = string(cursor),
        "file_id" => id = string(cursor),
        "filename" => title = string(cursor),
        _ => other = true,
    });
    if other {
        return None;
    }
    let media = match (data, id) {
        (Some(data), _) => {
            let media = located(data);
            match media.place {
                Place::Url(text) if !text.contains(':') => Media {
                    kind: title.as_deref().and_then(kind_of_file).map(Cow::Borrowed),
                    place: Place::Base64(text),
                    detail: None,
                },
                place => Media { place, ..media },
            }
        }
        (None, Some(id)) => Media {
            kind: None,
            place: Place::File(id),
            detail: None,
        },
        (None, None) => return None,
    };
    Some(Body::Document {
        media,
        title,
        context: None,
    })
}

fn kind_of_file(name: &str) -> Option<&'static str> {
    let pdf = name.to_ascii_lowercase().ends_with(".pdf");
    pdf.then_some("application/pdf")
}

/// What an address means: a `data:` URL holds the bytes itself.
fn located(url: Text<'_>) -> Media<'_> {
    let split = url.strip_prefix("data:").and_then(|rest| {
        let (kind, data) = rest.split_once(',')?;
        let kind = kind.strip_suffix(";base64")?;
        let kind = kind.split_once(';').map_or(kind, |(kind, _)| kind);
        Some((kind.len(), data.len()))
    });
    let Some((kind, data)) = split else {
        return Media {
            kind: None,
            place: Place::Url(url),
            detail: None,
        };
    };
    let (kind, data) = match url {
        Cow::Borrowed(url) => {
            let start = url.len() - data;
            let kind = url.get(5..5 + kind).unwrap_or_default();
            let data = url.get(start..).unwrap_or_default();
            (Cow::Borrowed(kind), Cow::Borrowed(data))
        }
        Cow::Owned(mut url) => {
            let data = url.split_off(url.len() - data);
            let kind = url.get(5..5 + kind).unwrap_or_default().to_owned();
            (Cow::Owned(kind), Cow::Owned(data))
        }
    };
    Media {
        kind: (!kind.is_empty()).then_some(kind),
        place: Place::Base64(data),
        detail: None,
    }
}

/// Gemini's signature in the `extra_content` of a call.
pub(super) fn thought_signature<'a>(value: &Json<'a>) -> Option<Opaque<'a>> {
    let mut found: Option<Text<'a>> = None;
    walk(value, |key, cursor| {
        if key == "google" {
            cursor.object(|key, cursor| {
                if key.is("thought_signature") {
                    found = string(cursor);
                }
            });
        }
    });
    found.map(|value| Opaque {
        value,
        kind: OpaqueKind::ThoughtSignature,
    })
}
