//! The conversation: contents of the user and the model in turns.

use std::borrow::Cow;

use super::super::args;
use super::{Out, words};
use crate::dialect::Dialect;
use crate::thinking::GEMINI_STAND_IN;
use crate::translate::form::{Body, Call, Media, Opaque, OpaqueKind, Part, Place, Role, Text};
use crate::translate::json::{Json, Writer};
use crate::translate::names::{self, Rule};
use crate::translate::repair::{Piece, Step};
use crate::translate::told;

/// What is said where something must be said: a conversation begins with the user.
const NOTHING: &str = "...";

/// What is said behind an answer that the client has begun, to a model that goes on with none.
const GO_ON: &str = "Go on exactly where your last words end, and repeat nothing of them.";

/// What stands for a result that the client did not give.
const NO_RESULT: &str = "no result was given";

pub(super) struct Contents<'c, 'o> {
    body: &'c mut Out<'o>,
    /// Whose content is open.
    role: Option<&'static str>,
}

impl Contents<'_, '_> {
    /// Writes the array of contents.
    pub(super) fn write(body: &mut Out<'_>, steps: &[Step<'_, '_>]) {
        body.out.array();
        let mut contents = Contents { body, role: None };
        for step in steps {
            match step.role {
                Role::Assistant => contents.model(step),
                Role::User | Role::System => contents.user(step),
            }
        }
        if contents.role.is_none() {
            contents.text("user", NOTHING);
        }
        if contents.role == Some("model") && !contents.body.options.profile.prefill {
            contents.text("user", GO_ON);
        }
        contents.close();
        body.out.end_array();
    }

    /// Begins a part of a side's content; sides that follow themselves are put together.
    fn part(&mut self, role: &'static str) {
        if self.role == Some(role) {
            return;
        }
        if self.role.is_none() && role == "model" {
            self.text("user", NOTHING);
        }
        self.close();
        let out = &mut self.body.out;
        out.object().key("role").string(role);
        out.key("parts").array();
        self.role = Some(role);
    }

    fn close(&mut self) {
        if self.role.take().is_some() {
            self.body.out.end_array().end_object();
        }
    }

    fn text(&mut self, role: &'static str, text: &str) {
        if text.is_empty() {
            return;
        }
        self.part(role);
        let out = &mut self.body.out;
        out.object().key("text").string(text).end_object();
    }

    fn model(&mut self, step: &Step<'_, '_>) {
        // Only the first of several calls is signed. A stand-in depends on the step alone, so that
        // the conversation reads the same in the next request.
        let mut unsigned = self.body.model.wants_signatures();
        for piece in &step.pieces {
            match piece {
                Piece::Part(part) => self.said("model", part),
                Piece::Call { call, id, .. } => {
                    let own = call.opaque.as_ref().filter(|opaque| is_own(opaque));
                    let own = own.map(|opaque| &*opaque.value);
                    let stand_in = unsigned.then_some(GEMINI_STAND_IN);
                    unsigned = false;
                    self.call(call, id, own.or(stand_in));
                }
                Piece::Result {
                    part: Some(part), ..
                }
                | Piece::Stray(part) => {
                    self.stray("model", part);
                }
                Piece::Result { part: None, .. } => {}
            }
        }
    }

    fn call(&mut self, call: &Call<'_>, id: &str, signature: Option<&str>) {
        self.part("model");
        let out = &mut self.body.out;
        out.object().key("functionCall").object();
        out.key("id").string(id);
        out.key("name")
            .string(&names::sent(&call.name, Rule::GEMINI));
        out.key("args")
            .raw(&args::object_of(&call.input))
            .end_object();
        if let Some(signature) = signature {
            out.key("thoughtSignature").string(signature);
        }
        out.end_object();
    }

    fn user(&mut self, step: &Step<'_, '_>) {
        let mut beside = Vec::new();
        for piece in &step.pieces {
            if let Piece::Result { call, id, part } = piece {
                self.result(call, id, *part, &mut beside);
            }
        }
        for part in beside {
            self.said("user", part);
        }
        for piece in &step.pieces {
            match piece {
                Piece::Part(part) if step.role == Role::System => self.reminder(part),
                Piece::Part(part) => self.said("user", part),
                Piece::Call { part, .. } | Piece::Stray(part) => self.stray("user", part),
                Piece::Result { .. } => {}
            }
        }
    }

    /// Instructions in the middle, for which Google has no role.
    fn reminder(&mut self, part: &Part<'_>) {
        match words(part) {
            Some(text) => {
                let text = format!("<system-reminder>\n{text}\n</system-reminder>");
                self.text("user", &text);
            }
            None => self.said("user", part),
        }
    }

    /// What a function gave. Pictures and the like go within where the model takes them there,
    /// otherwise behind all results.
    fn result<'p>(
        &mut self,
        call: &Call<'_>,
        id: &str,
        part: Option<&'p Part<'p>>,
        beside: &mut Vec<&'p Part<'p>>,
    ) {
        self.part("user");
        let (parts, is_error) = match part.map(|part| &part.body) {
            Some(Body::Result {
                parts, is_error, ..
            }) => (parts.as_slice(), *is_error),
            _ => (&[] as &[Part<'_>], true),
        };
        let text = match part {
            Some(_) => result_text(parts),
            None => {
                let what = "a call without a result was given one";
                self.body.notes.add("functionResponse", what);
                Cow::Borrowed(NO_RESULT)
            }
        };
        let nests = self.body.model.nests_media();
        let mut nested = Vec::new();
        for part in parts {
            match &part.body {
                Body::Image(media) | Body::Document { media, .. }
                    if nests && self.is_shown(&part.body) =>
                {
                    match media_json(media, default_kind(&part.body)) {
                        Some(json) => nested.push(json),
                        None if !matches!(media.place, Place::Text(_)) => beside.push(part),
                        None => {}
                    }
                }
                Body::Document { media, .. } if matches!(media.place, Place::Text(_)) => {}
                Body::Image(_) | Body::Audio(_) | Body::Document { .. } => beside.push(part),
                _ => {}
            }
        }
        let out = &mut self.body.out;
        out.object().key("functionResponse").object();
        out.key("id").string(id);
        out.key("name")
            .string(&names::sent(&call.name, Rule::GEMINI));
        out.key("response").object();
        out.key(if is_error { "error" } else { "output" })
            .string(&text);
        out.end_object();
        if !nested.is_empty() {
            out.key("parts").array();
            for part in &nested {
                out.raw(part);
            }
            out.end_array();
        }
        out.end_object().end_object();
    }

    /// A call or result that has no counterpart, as text.
    fn stray(&mut self, role: &'static str, part: &Part<'_>) {
        match &part.body {
            Body::Result {
                parts,
                call,
                is_error,
                ..
            } => {
                let head = told::result_head(call, *is_error);
                let text = format!("{head}\n{}", result_text(parts));
                self.text(role, &text);
                for part in parts {
                    if matches!(part.body, Body::Image(_) | Body::Audio(_)) {
                        self.said(role, part);
                    }
                }
            }
            Body::Call(call) => self.text(role, &told::call(call)),
            _ => self.said(role, part),
        }
    }

    fn said(&mut self, role: &'static str, part: &Part<'_>) {
        match &part.body {
            Body::Text { text, .. } => match own_signature(self.body.request.dialect, part) {
                Some(signature) => {
                    self.part(role);
                    let out = &mut self.body.out;
                    out.object().key("text").string(text);
                    out.key("thoughtSignature").json(signature).end_object();
                }
                None => self.text(role, text),
            },
            Body::Refusal { text } => self.text(role, text),
            Body::Image(media) | Body::Audio(media) => self.media(role, media, &part.body),
            Body::Document { media, title, .. } => match (&media.place, title) {
                (Place::Text(text), Some(title)) => self.text(role, &format!("{title}\n\n{text}")),
                (Place::Text(text), None) => self.text(role, text),
                _ => self.media(role, media, &part.body),
            },
            Body::Thinking { text, opaque, .. } => {
                // What others thought is no use to Google.
                let Some(opaque) = opaque.as_ref().filter(|opaque| is_own(opaque)) else {
                    return;
                };
                self.part(role);
                let out = &mut self.body.out;
                out.object().key("text").string(text);
                out.key("thought").boolean(true);
                out.key("thoughtSignature")
                    .string(&opaque.value)
                    .end_object();
            }
            Body::Foreign { json, .. } if self.body.request.dialect == Dialect::Gemini => {
                self.part(role);
                self.body.out.json(json);
            }
            Body::Foreign { kind, json } => {
                let text = told::foreign(kind, json.as_str());
                let what = if text.is_empty() {
                    "left out"
                } else {
                    "told as text"
                };
                self.body.notes.add(kind.clone().into_owned(), what);
                self.text(role, &text);
            }
            Body::Call(_) | Body::Result { .. } => self.stray(role, part),
        }
    }

    /// Whether the model can be shown such bytes. It reads documents by looking at them; what the
    /// profile says of PDFs is about the Chat API of the same address, which takes none.
    fn is_shown(&self, body: &Body<'_>) -> bool {
        let profile = self.body.options.profile;
        match body {
            Body::Audio(_) => profile.audio,
            _ => profile.vision,
        }
    }

    fn media(&mut self, role: &'static str, media: &Media<'_>, body: &Body<'_>) {
        if !self.is_shown(body) {
            let what = "media left out: told by a text in its place";
            self.body.notes.add("contents", what);
            return self.text(role, &told::told(body));
        }
        if let Some(json) = media_json(media, default_kind(body)) {
            self.part(role);
            self.body.out.raw(&json);
            return;
        }
        let what = "a file in another provider's store was left out";
        self.body.notes.add("file", what);
        self.text(role, "[a file that cannot be read here]");
    }
}

fn is_own(opaque: &Opaque<'_>) -> bool {
    opaque.kind == OpaqueKind::ThoughtSignature
}

/// The signature that the reader of this dialect kept with a text.
fn own_signature<'p>(from: Dialect, part: &'p Part<'_>) -> Option<&'p Json<'p>> {
    let mut members = part.extra.members.iter();
    let found = members.find(|(name, _)| from == Dialect::Gemini && name == "thoughtSignature");
    found.map(|(_, signature)| signature)
}

/// The texts of a result.
fn result_text<'p>(parts: &'p [Part<'_>]) -> Cow<'p, str> {
    let text = |part: &'p Part<'_>| match &part.body {
        Body::Text { text, .. } | Body::Refusal { text } => Some(Cow::Borrowed(&**text)),
        Body::Document {
            media,
            title,
            context,
        } => match &media.place {
            Place::Text(_) => {
                let text = told::document(media, title.as_deref(), context.as_deref());
                Some(Cow::Owned(text))
            }
            Place::Base64(_) | Place::Url(_) | Place::File(_) => None,
        },
        Body::Foreign { kind, json } => Some(Cow::Owned(told::foreign(kind, json.as_str()))),
        _ => None,
    };
    let mut texts: Vec<Cow<'_, str>> = parts.iter().filter_map(text).collect();
    match texts.len() {
        0 => Cow::Borrowed(""),
        1 => texts.swap_remove(0),
        _ => Cow::Owned(texts.join("\n")),
    }
}

fn default_kind(body: &Body<'_>) -> &'static str {
    match body {
        Body::Image(_) => "image/jpeg",
        Body::Audio(_) => "audio/wav",
        _ => "application/pdf",
    }
}

/// The part for bytes here or at an address; none for text and for files of other providers.
fn media_json(media: &Media<'_>, default: &str) -> Option<String> {
    let kind = media.kind.as_deref();
    let (member, name, kind, value): (_, _, _, Text<'_>) = match &media.place {
        Place::Base64(data) => (
            "inlineData",
            "data",
            kind.unwrap_or(default),
            data.as_ref().into(),
        ),
        Place::Url(url) => match data_url(url) {
            Some((kind, data)) => ("inlineData", "data", kind, data.into()),
            None => {
                let kind = kind.or_else(|| kind_of_name(url)).unwrap_or(default);
                ("fileData", "fileUri", kind, url.as_ref().into())
            }
        },
        Place::File(uri) if uri.contains("://") => {
            let kind = kind.or_else(|| kind_of_name(uri)).unwrap_or(default);
            ("fileData", "fileUri", kind, uri.as_ref().into())
        }
        Place::File(_) | Place::Text(_) => return None,
    };
    let mut out = Writer::default();
    out.object().key(member).object();
    out.key("mimeType").string(kind);
    out.key(name).string(&value);
    out.end_object().end_object();
    Some(out.into_string())
}

/// The media type and the base64 of a `data:` address.
fn data_url(url: &str) -> Option<(&str, &str)> {
    let (head, data) = url.strip_prefix("data:")?.split_once(',')?;
    let kind = head.strip_suffix(";base64")?;
    Some((kind.split_once(';').map_or(kind, |(kind, _)| kind), data))
}

fn kind_of_name(url: &str) -> Option<&'static str> {
    let path = url.split(['?', '#']).next()?;
    let (_, extension) = path.rsplit_once('.')?;
    Some(match extension.to_ascii_lowercase().as_str() {
        "png" => "image/png",
        "jpg" | "jpeg" => "image/jpeg",
        "webp" => "image/webp",
        "gif" => "image/gif",
        "pdf" => "application/pdf",
        "mp3" => "audio/mp3",
        "wav" => "audio/wav",
        "mp4" => "video/mp4",
        _ => return None,
    })
}
