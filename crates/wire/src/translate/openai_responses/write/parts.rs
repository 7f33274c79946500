//! Parts of messages and of results. What the provider cannot be shown is told in words.

use std::borrow::Cow;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::super::kinds::{CONTENT, MESSAGE};
use super::Context;
use crate::translate::fault::Notes;
use crate::translate::form::{Body, Media, Part, Place};
use crate::translate::json::Writer;
use crate::translate::told::{self, told};

/// What a message is made of.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Side {
    /// What the model is given.
    Input,
    /// What it said.
    Output,
}

/// Whether there is nothing to say.
pub(super) fn is_empty(part: &Part<'_>) -> bool {
    matches!(&part.body, Body::Text { text, .. } if text.is_empty())
}

/// Writes one part.
pub(super) fn write(
    out: &mut Writer,
    part: &Part<'_>,
    side: Side,
    context: Context<'_, '_>,
    notes: &mut Notes,
) {
    let profile = context.options.profile;
    let shown = side == Side::Input;
    let written = match &part.body {
        Body::Image(media) if shown && profile.vision => image(out, media, context.own),
        Body::Document { media, title, .. } if shown && profile.pdf => {
            file(out, media, title.as_deref(), context.own)
        }
        Body::Audio(media) if shown && profile.audio => audio(out, media),
        Body::Refusal { text } if side == Side::Output => {
            out.object().key("type").string("refusal");
            out.key("refusal").string(text);
            true
        }
        Body::Foreign { json, .. } if context.own => {
            out.json(json);
            return;
        }
        _ => false,
    };
    if !written {
        begin_text(out, side, &words(part, notes));
        if let (Body::Text { annotations, .. }, true) = (&part.body, context.own)
            && !annotations.is_empty()
        {
            out.key("annotations").array();
            for json in annotations {
                out.json(json);
            }
            out.end_array();
        }
    }
    if context.own {
        let members = part.extra.members.iter();
        for (name, value) in members.filter(|(name, _)| name != MESSAGE && name != CONTENT) {
            out.key(name).json(value);
        }
    }
    out.end_object();
}

/// Writes a part that is text.
pub(super) fn text(out: &mut Writer, text: &str) {
    begin_text(out, Side::Input, text);
    out.end_object();
}

fn begin_text(out: &mut Writer, side: Side, text: &str) {
    let kind = match side {
        Side::Input => "input_text",
        Side::Output => "output_text",
    };
    out.object().key("type").string(kind);
    out.key("text").string(text);
}

fn image(out: &mut Writer, media: &Media<'_>, own: bool) -> bool {
    if matches!(media.place, Place::Text(_)) || (!own && matches!(media.place, Place::File(_))) {
        return false;
    }
    out.object().key("type").string("input_image");
    match &media.place {
        Place::File(id) => out.key("file_id").string(id),
        Place::Url(url) => out.key("image_url").string(url),
        Place::Base64(data) | Place::Text(data) => {
            let kind = media.kind.as_deref().unwrap_or("image/png");
            out.key("image_url")
                .string(&format!("data:{kind};base64,{data}"))
        }
    };
    let detail = media.detail.as_deref().or((!own).then_some("auto"));
    if let Some(detail) = detail {
        out.key("detail").string(detail);
    }
    true
}

fn file(out: &mut Writer, media: &Media<'_>, title: Option<&str>, own: bool) -> bool {
    let kind = media.kind.as_deref();
    match &media.place {
        // Text is as good as a file; who sent a file in this dialect gets one.
        Place::Text(_) | Place::File(_) if !own => return false,
        Place::Base64(_) if !own && kind.is_some_and(|kind| kind != "application/pdf") => {
            return false;
        }
        _ => {}
    }
    out.object().key("type").string("input_file");
    match &media.place {
        Place::File(id) => drop(out.key("file_id").string(id)),
        Place::Url(url) => drop(out.key("file_url").string(url)),
        Place::Base64(data) => {
            let kind = kind.or((!own).then_some("application/pdf"));
            let data = match kind {
                Some(kind) => Cow::Owned(format!("data:{kind};base64,{data}")),
                None => Cow::Borrowed(data.as_ref()),
            };
            out.key("file_data").string(&data);
        }
        Place::Text(text) => {
            let kind = kind.unwrap_or("text/plain");
            let data = STANDARD.encode(text.as_bytes());
            out.key("file_data")
                .string(&format!("data:{kind};base64,{data}"));
        }
    }
    let title = title.or((!own).then_some("document.pdf"));
    // An address brings its own name.
    let named = own || matches!(media.place, Place::Base64(_));
    if let Some(title) = title.filter(|_| named) {
        out.key("filename").string(title);
    }
    if let Some(detail) = &media.detail {
        out.key("detail").string(detail);
    }
    true
}

fn audio(out: &mut Writer, media: &Media<'_>) -> bool {
    let Place::Base64(data) = &media.place else {
        return false;
    };
    let kind = media.kind.as_deref().unwrap_or("audio/wav");
    let format = match kind.strip_prefix("audio/").unwrap_or(kind) {
        "mpeg" => "mp3",
        "x-wav" | "wave" => "wav",
        format => format,
    };
    out.object().key("type").string("input_audio");
    out.key("input_audio").object();
    out.key("data").string(data);
    out.key("format").string(format).end_object();
    true
}

/// A part in words.
pub(super) fn words<'p>(part: &'p Part<'_>, notes: &mut Notes) -> Cow<'p, str> {
    match &part.body {
        Body::Text { text, .. } | Body::Refusal { text } | Body::Thinking { text, .. } => {
            Cow::Borrowed(text)
        }
        Body::Image(_) | Body::Audio(_) => {
            notes.add("messages", "media left out: told by a text in its place");
            told(&part.body).into()
        }
        Body::Document {
            media,
            title,
            context,
        } => document(media, title.as_deref(), context.as_deref(), notes),
        Body::Call(_) => told(&part.body).into(),
        Body::Result {
            call,
            parts,
            is_error,
            ..
        } => {
            let mut text = told::result_head(call, *is_error);
            for part in parts {
                text.push('\n');
                text.push_str(&words(part, notes));
            }
            text.into()
        }
        Body::Foreign { kind, json } => {
            notes.add("messages", "a block of another provider is told as text");
            told::foreign(kind, json.as_str()).into()
        }
    }
}

fn document<'p>(
    media: &'p Media<'_>,
    title: Option<&str>,
    context: Option<&str>,
    notes: &mut Notes,
) -> Cow<'p, str> {
    if let (Place::Text(text), None, None) = (&media.place, title, context) {
        return Cow::Borrowed(text);
    }
    if !matches!(media.place, Place::Text(_)) {
        notes.add("messages", "media left out: told by a text in its place");
    }
    told::document(media, title, context).into()
}
