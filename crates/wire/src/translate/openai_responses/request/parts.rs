//! Parts of messages and of what tools gave.

use std::borrow::Cow;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::super::kinds::CONTENT;
use super::super::members::{Members, entries, is_string};
use crate::scan::whole_string;
use crate::translate::fault::Fault;
use crate::translate::form::{Body, Media, Part, Place, Text};
use crate::translate::json::Json;

/// A part that is text.
pub(super) fn text(text: Text<'_>) -> Part<'_> {
    Part::from(Body::Text {
        text,
        annotations: Vec::new(),
    })
}

/// What a `content` or `output` holds: a string or parts. `field` is where it stands.
pub(super) fn read<'a>(raw: &'a str, field: &str) -> Result<Vec<Part<'a>>, Fault> {
    if is_string(raw) {
        let string = whole_string(raw.as_bytes());
        return Ok(string.map(text).into_iter().collect());
    }
    let Some(list) = entries(raw) else {
        return Err(Fault::new(field, "must be a string or an array of parts"));
    };
    let parts = list.into_iter().enumerate();
    let parts = parts.map(|(at, raw)| part(raw, &format!("{field}.{at}")));
    parts.collect()
}

fn part<'a>(raw: &'a str, field: &str) -> Result<Part<'a>, Fault> {
    let kind = Members::of(raw).and_then(|mut all| Some((all.text("type")?, all)));
    let Some((kind, mut all)) = kind else {
        return Err(Fault::new(field, "must be an object with a `type`"));
    };
    let body = match kind.as_ref() {
        "input_text" | "output_text" | "text" | "summary_text" | "reasoning_text" => Body::Text {
            text: all.text("text").unwrap_or_default(),
            annotations: annotations(all.take("annotations")),
        },
        "refusal" => Body::Refusal {
            text: all.text("refusal").unwrap_or_default(),
        },
        "input_image" | "image_url" => Body::Image(image(&mut all, field)?),
        "input_file" => file(&mut all, field)?,
        "input_audio" => Body::Audio(audio(&mut all, field)?),
        _ => {
            let json = Json::of_valid(raw);
            let mut part = Part::from(Body::Foreign { kind, json });
            let mark = (CONTENT.into(), Json::of_valid("true"));
            part.extra.members.push(mark);
            return Ok(part);
        }
    };
    Ok(Part {
        body,
        cache: None,
        extra: all.rest(),
    })
}

fn annotations(raw: Option<&str>) -> Vec<Json<'_>> {
    let list = raw.and_then(entries).unwrap_or_default();
    list.into_iter().map(Json::of_valid).collect()
}

fn image<'a>(all: &mut Members<'a>, field: &str) -> Result<Media<'a>, Fault> {
    let mut detail = all.text("detail");
    let url = all.take("image_url").and_then(|raw| {
        if is_string(raw) {
            return whole_string(raw.as_bytes());
        }
        // As Chat has it.
        let mut inner = Members::of(raw)?;
        detail = detail.take().or_else(|| inner.text("detail"));
        inner.text("url")
    });
    let (kind, place) = match (url, all.text("file_id")) {
        (Some(url), _) => data_url(url),
        (None, Some(id)) => (None, Place::File(id)),
        (None, None) => {
            let message = "needs `image_url` or `file_id`";
            return Err(Fault::new(field, message));
        }
    };
    Ok(Media {
        kind,
        place,
        detail,
    })
}

fn file<'a>(all: &mut Members<'a>, field: &str) -> Result<Body<'a>, Fault> {
    let title = all.text("filename");
    let sources = (
        all.text("file_data"),
        all.text("file_url"),
        all.text("file_id"),
    );
    let (kind, place) = match sources {
        (Some(data), _, _) => file_data(data, title.as_deref()),
        (None, Some(url), _) => data_url(url),
        (None, None, Some(id)) => (None, Place::File(id)),
        (None, None, None) => {
            let message = "needs `file_data`, `file_url` or `file_id`";
            return Err(Fault::new(field, message));
        }
    };
    let media = Media {
        kind,
        place,
        detail: all.text("detail"),
    };
    Ok(Body::Document {
        media,
        title,
        context: None,
    })
}

fn file_data<'a>(data: Text<'a>, name: Option<&str>) -> (Option<Text<'a>>, Place<'a>) {
    if data.starts_with("data:") {
        return readable(data_url(data));
    }
    // How every PDF begins, in base64.
    let pdf = data.starts_with("JVBERi") || name.is_some_and(|name| name.ends_with(".pdf"));
    let kind = pdf.then_some(Cow::Borrowed("application/pdf"));
    (kind, Place::Base64(data))
}

/// Text that was in base64 is told as text, so that providers which only read PDFs get it too.
fn readable<'a>(media: (Option<Text<'a>>, Place<'a>)) -> (Option<Text<'a>>, Place<'a>) {
    let is_text = media.0.as_deref().is_some_and(is_text);
    match media {
        (kind, Place::Base64(data)) if is_text => {
            let decoded = STANDARD.decode(data.as_bytes()).ok();
            match decoded.and_then(|bytes| String::from_utf8(bytes).ok()) {
                Some(text) => (kind, Place::Text(text.into())),
                None => (kind, Place::Base64(data)),
            }
        }
        media => media,
    }
}

fn is_text(kind: &str) -> bool {
    kind.starts_with("text/") || kind == "application/json"
}

fn audio<'a>(all: &mut Members<'a>, field: &str) -> Result<Media<'a>, Fault> {
    let inner = all.take("input_audio").and_then(Members::of);
    let Some((data, mut inner)) = inner.and_then(|mut inner| Some((inner.text("data")?, inner)))
    else {
        let message = "needs `input_audio` with `data` and `format`";
        return Err(Fault::new(field, message));
    };
    let format = inner.text("format");
    Ok(Media {
        kind: format.map(|format| format!("audio/{format}").into()),
        place: Place::Base64(data),
        detail: None,
    })
}

/// The media type and place that an address means.
fn data_url(url: Text<'_>) -> (Option<Text<'_>>, Place<'_>) {
    fn split(url: &str) -> Option<(&str, &str)> {
        let (kind, data) = url.strip_prefix("data:")?.split_once(',')?;
        let kind = kind.strip_suffix(";base64")?;
        Some((kind, data))
    }
    let found = match &url {
        Cow::Borrowed(url) => {
            split(url).map(|(kind, data)| (Cow::Borrowed(kind), Cow::Borrowed(data)))
        }
        Cow::Owned(url) => {
            split(url).map(|(kind, data)| (kind.to_owned().into(), data.to_owned().into()))
        }
    };
    match found {
        Some((kind, data)) => (
            Some(kind).filter(|kind| !kind.is_empty()),
            Place::Base64(data),
        ),
        None => (None, Place::Url(url)),
    }
}
