//! What messages contain, as a provider takes it.

use std::borrow::Cow;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::To;
use crate::dialect::Dialect;
use crate::translate::fault::Notes;
use crate::translate::form::{Body, Extra, Media, Part, Place, Text};
use crate::translate::json::{Json, Writer};
use crate::translate::told::{self, told};

/// A piece of a message's content.
#[derive(Debug)]
pub(super) enum Item<'r> {
    /// Text.
    Text {
        text: Cow<'r, str>,
        cache: Option<&'r Json<'r>>,
        extra: Option<&'r Extra<'r>>,
    },
    /// A picture.
    Image {
        media: &'r Media<'r>,
        cache: Option<&'r Json<'r>>,
        extra: Option<&'r Extra<'r>>,
    },
    /// Sound, in base64.
    Audio { format: Cow<'r, str>, data: &'r str },
    /// A file.
    File {
        media: &'r Media<'r>,
        title: Option<&'r str>,
    },
    /// A part as the client wrote it.
    Raw(&'r str),
}

impl<'r> Item<'r> {
    pub(super) fn text(text: impl Into<Cow<'r, str>>) -> Self {
        Self::Text {
            text: text.into(),
            cache: None,
            extra: None,
        }
    }

    pub(super) fn is_text(&self) -> bool {
        matches!(self, Self::Text { .. })
    }

    pub(super) fn is_empty(&self) -> bool {
        matches!(self, Self::Text { text, .. } if text.is_empty())
    }
}

/// A piece of what the user or the instructions say.
pub(super) fn item<'r>(to: &To<'r, '_>, part: &'r Part<'_>, notes: &mut Notes) -> Item<'r> {
    let extra = to.same().then_some(&part.extra);
    match &part.body {
        Body::Text { text, .. } => Item::Text {
            text: Cow::Borrowed(text),
            cache: part.cache.as_ref(),
            extra,
        },
        Body::Image(media) => image(to, media, part, notes),
        Body::Audio(media) => audio(to, media, notes),
        Body::Document {
            media,
            title,
            context,
        } => document(to, media, (title.as_ref(), context.as_ref()), notes),
        Body::Foreign { json, .. } if to.same() => Item::Raw(json.as_str()),
        other => {
            if !matches!(other, Body::Refusal { .. } | Body::Thinking { .. }) {
                notes.add(
                    "messages",
                    "what OpenAI Chat has no place for is told as text",
                );
            }
            Item::text(told(other))
        }
    }
}

/// A piece of what a tool gave.
pub(super) fn result_item<'r>(to: &To<'r, '_>, part: &'r Part<'_>, notes: &mut Notes) -> Item<'r> {
    match &part.body {
        Body::Foreign { kind, json } if !to.same() => {
            Item::text(told::foreign(kind, json.as_str()))
        }
        _ => item(to, part, notes),
    }
}

/// A piece of what the model said, which can be text only.
pub(super) fn spoken_item<'r>(to: &To<'r, '_>, part: &'r Part<'_>, notes: &mut Notes) -> Item<'r> {
    match &part.body {
        Body::Text { .. } => item(to, part, notes),
        Body::Foreign { json, .. } if to.same() => Item::Raw(json.as_str()),
        other => {
            notes.add(
                "messages",
                "what OpenAI Chat has no place for is told as text",
            );
            let told = told(other);
            let around = if told.is_empty() { "" } else { "\n" };
            Item::text(format!("{around}{told}{around}"))
        }
    }
}

/// Says of what a tool gave that it failed, unless it says so itself.
pub(super) fn mark_failed(items: &mut Vec<Item<'_>>) {
    let says = |text: &str| {
        let start: String = text.trim_start().chars().take(24).collect();
        let start = start.to_ascii_lowercase();
        start.starts_with("error")
            || start.starts_with("<tool_use_error")
            || start.starts_with("[error")
    };
    match items.first_mut() {
        Some(Item::Text { text, .. }) if says(text) => {}
        Some(Item::Text { text, .. }) => text.to_mut().insert_str(0, "Error: "),
        _ => items.insert(0, Item::text("Error:")),
    }
}

fn image<'r>(
    to: &To<'r, '_>,
    media: &'r Media<'_>,
    part: &'r Part<'_>,
    notes: &mut Notes,
) -> Item<'r> {
    if !to.profile.vision {
        notes.add("messages", "an image left out: the model sees none");
        return Item::text("[an image, which the model cannot see]");
    }
    match &media.place {
        Place::Base64(_) | Place::Url(_) => Item::Image {
            media,
            cache: part.cache.as_ref(),
            extra: to.same().then_some(&part.extra),
        },
        Place::Text(text) => Item::text(&**text),
        Place::File(id) => {
            notes.add(
                "messages",
                "an image left out: it is in another provider's store",
            );
            Item::text(format!("[an image in another provider's store: {id}]"))
        }
    }
}

fn audio<'r>(to: &To<'r, '_>, media: &'r Media<'_>, notes: &mut Notes) -> Item<'r> {
    let kind = media.kind.as_deref().unwrap_or("audio/wav");
    match &media.place {
        Place::Base64(data) if to.profile.audio => Item::Audio {
            format: Cow::Borrowed(match kind {
                "audio/mpeg" | "audio/mp3" => "mp3",
                "audio/wav" | "audio/x-wav" | "audio/wave" => "wav",
                other => other.strip_prefix("audio/").unwrap_or(other),
            }),
            data,
        },
        Place::Text(text) => Item::text(&**text),
        Place::Url(url) => {
            notes.add("messages", "sound at an address is told as text");
            Item::text(format!("[sound at {url}]"))
        }
        Place::Base64(_) | Place::File(_) => {
            notes.add("messages", "sound left out: the model does not hear");
            Item::text("[sound, which the model cannot hear]")
        }
    }
}

fn document<'r>(
    to: &To<'r, '_>,
    media: &'r Media<'_>,
    (title, context): (Option<&'r Text<'_>>, Option<&'r Text<'_>>),
    notes: &mut Notes,
) -> Item<'r> {
    let name = title.map_or("a document", |title| title);
    let texts = media.kind.as_deref().is_some_and(is_text);
    match &media.place {
        Place::Text(text) => titled(title, context, Cow::Borrowed(text)),
        Place::Base64(data) if texts => match decoded(data) {
            Some(text) => titled(title, context, Cow::Owned(text)),
            None => Item::text(format!("[{name}, which cannot be read]")),
        },
        Place::Base64(_) if to.profile.pdf => Item::File {
            media,
            title: title.map(|title| &**title),
        },
        Place::Base64(_) => {
            notes.add("messages", "a document left out: the model reads none");
            Item::text(format!("[{name}, which the model cannot read]"))
        }
        Place::Url(_) if to.same() => Item::File {
            media,
            title: title.map(|title| &**title),
        },
        Place::Url(url) => {
            notes.add("messages", "a document at an address is told as text");
            Item::text(format!("[{name} at {url}]"))
        }
        Place::File(_) if stored_by_openai(to.request.dialect) => Item::File { media, title: None },
        Place::File(id) => {
            notes.add(
                "messages",
                "a document left out: it is in another provider's store",
            );
            Item::text(format!("[{name} in another provider's store: {id}]"))
        }
    }
}

fn is_text(kind: &str) -> bool {
    kind.starts_with("text/") || kind == "application/json"
}

fn stored_by_openai(dialect: Dialect) -> bool {
    matches!(dialect, Dialect::OpenaiChat | Dialect::OpenaiResponses)
}

fn decoded(data: &str) -> Option<String> {
    String::from_utf8(STANDARD.decode(data).ok()?).ok()
}

fn titled<'r>(
    title: Option<&'r Text<'_>>,
    context: Option<&'r Text<'_>>,
    text: Cow<'r, str>,
) -> Item<'r> {
    if title.is_none() && context.is_none() {
        return Item::text(text);
    }
    let heads = [title, context].into_iter().flatten().map(|head| &**head);
    let heads: Vec<&str> = heads.collect();
    Item::text(format!("{}\n\n{text}", heads.join("\n")))
}

/// Writes content: a string where it is nothing but text, otherwise an array of parts.
pub(super) fn write(to: &To<'_, '_>, items: &[Item<'_>], between: &str, out: &mut Writer) {
    let cached = to.profile.cache_control;
    let plain = |item: &Item<'_>| match item {
        Item::Text { cache, extra, .. } => {
            !(cached && cache.is_some()) && extra.is_none_or(|extra| extra.members.is_empty())
        }
        _ => false,
    };
    if !items.iter().all(plain) {
        out.array();
        for item in items {
            write_item(to, item, out);
        }
        out.end_array();
        return;
    }
    let text = |item: &'_ Item<'_>| match item {
        Item::Text { text, .. } => text.to_string(),
        _ => String::new(),
    };
    match items {
        [Item::Text { text, .. }] => out.string(text),
        items => out.string(&items.iter().map(text).collect::<Vec<_>>().join(between)),
    };
}

pub(super) fn write_item(to: &To<'_, '_>, item: &Item<'_>, out: &mut Writer) {
    if let Item::Raw(json) = item {
        out.raw(json);
        return;
    }
    out.object();
    match item {
        Item::Text { text, cache, extra } => {
            out.key("type").string("text");
            out.key("text").string(text);
            rest(to, *cache, *extra, out);
        }
        Item::Image {
            media,
            cache,
            extra,
        } => {
            out.key("type").string("image_url");
            out.key("image_url").object();
            out.key("url").string(&address(media, "image/png"));
            if let Some(detail) = &media.detail {
                out.key("detail").string(detail);
            }
            out.end_object();
            rest(to, *cache, *extra, out);
        }
        Item::Audio { format, data } => {
            out.key("type").string("input_audio");
            out.key("input_audio").object();
            out.key("data").string(data);
            out.key("format").string(format).end_object();
        }
        Item::File { media, title } => {
            out.key("type").string("file").key("file").object();
            if let Place::File(id) = &media.place {
                out.key("file_id").string(id);
            } else {
                let name = title.unwrap_or("document.pdf");
                out.key("filename").string(name);
                out.key("file_data")
                    .string(&address(media, "application/pdf"));
            }
            out.end_object();
        }
        Item::Raw(_) => {}
    }
    out.end_object();
}

fn rest(to: &To<'_, '_>, cache: Option<&Json<'_>>, extra: Option<&Extra<'_>>, out: &mut Writer) {
    if let Some(cache) = cache.filter(|_| to.profile.cache_control) {
        out.key("cache_control").json(cache);
    }
    for (key, value) in extra.iter().flat_map(|extra| &extra.members) {
        out.key(key).json(value);
    }
}

/// The address of something; what is here is an address too.
fn address<'r>(media: &'r Media<'_>, kind: &str) -> Cow<'r, str> {
    match &media.place {
        Place::Base64(data) => {
            let kind = media.kind.as_deref().unwrap_or(kind);
            Cow::Owned(format!("data:{kind};base64,{data}"))
        }
        Place::Url(text) | Place::Text(text) | Place::File(text) => Cow::Borrowed(text),
    }
}
