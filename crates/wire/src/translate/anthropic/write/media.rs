//! Pictures and documents as Messages takes them, and words in place of those that it does not.

use std::borrow::Cow;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::Scene;
use crate::translate::form::{Media, Place};
use crate::translate::json::Writer;

/// Where the bytes are.
#[derive(Debug)]
pub(super) enum Source<'r> {
    Base64 {
        kind: Cow<'r, str>,
        data: Cow<'r, str>,
    },
    Url(&'r str),
    File(&'r str),
    Text(Cow<'r, str>),
}

impl Source<'_> {
    pub(super) fn write(&self, out: &mut Writer) {
        out.key("source").object().key("type");
        match self {
            Self::Base64 { kind, data } => {
                out.string("base64").key("media_type").string(kind);
                out.key("data").string(data)
            }
            Self::Url(url) => out.string("url").key("url").string(url),
            Self::File(id) => out.string("file").key("file_id").string(id),
            Self::Text(text) => {
                out.string("text").key("media_type").string("text/plain");
                out.key("data").string(text)
            }
        };
        out.end_object();
    }
}

/// What stands in place of something that cannot be sent.
pub(super) type Instead = &'static str;

const KINDS: [&str; 4] = ["image/jpeg", "image/png", "image/gif", "image/webp"];

/// Where a picture is.
pub(super) fn image<'r>(scene: Scene<'_, '_>, media: &'r Media<'_>) -> Result<Source<'r>, Instead> {
    if !scene.options.profile.vision {
        return Err("[image left out: the model does not see images]");
    }
    match inline(media) {
        Some((kind, data)) => match image_kind(kind, &data) {
            Some(kind) => Ok(Source::Base64 { kind, data }),
            None => Err("[image left out: its format is not one that the model sees]"),
        },
        None => elsewhere(
            scene,
            media,
            "[image left out: it is not where the model can see it]",
        ),
    }
}

/// Where a document is.
pub(super) fn document<'r>(
    scene: Scene<'_, '_>,
    media: &'r Media<'_>,
) -> Result<Source<'r>, Instead> {
    const UNREADABLE: Instead = "[document left out: its format is not one that the model reads]";
    if let Place::Text(text) = &media.place {
        return Ok(Source::Text(text.as_ref().into()));
    }
    let Some((kind, data)) = inline(media) else {
        let missing = "[document left out: it is not where the model can read it]";
        return elsewhere(scene, media, missing);
    };
    let is_pdf = kind.contains("pdf") || data.starts_with("JVBER");
    if is_pdf && !scene.options.profile.pdf {
        return Err("[document left out: the model does not read PDFs]");
    }
    if is_pdf {
        let kind = "application/pdf".into();
        return Ok(Source::Base64 { kind, data });
    }
    let bytes = STANDARD.decode(data.as_bytes()).map_err(|_| UNREADABLE)?;
    match String::from_utf8(bytes) {
        Ok(text) if !text.trim().is_empty() && !text.contains('\0') => {
            Ok(Source::Text(text.into()))
        }
        _ => Err(UNREADABLE),
    }
}

fn elsewhere<'r>(
    scene: Scene<'_, '_>,
    media: &'r Media<'_>,
    missing: Instead,
) -> Result<Source<'r>, Instead> {
    match &media.place {
        Place::Url(url) if scene.native || is_web(url) => Ok(Source::Url(url)),
        Place::File(id) if scene.native => Ok(Source::File(id)),
        _ => Err(missing),
    }
}

fn is_web(url: &str) -> bool {
    let scheme = url.split_once("://").map(|(scheme, _)| scheme);
    scheme.is_some_and(|scheme| {
        scheme.eq_ignore_ascii_case("https") || scheme.eq_ignore_ascii_case("http")
    })
}

/// Media type and base64 of bytes that are in the request.
fn inline<'r>(media: &'r Media<'_>) -> Option<(&'r str, Cow<'r, str>)> {
    let given = media.kind.as_deref().unwrap_or_default();
    match &media.place {
        Place::Base64(data) => Some((given, data.as_ref().into())),
        Place::Url(url) => {
            let (head, data) = url.strip_prefix("data:")?.split_once(',')?;
            let kind = head.split(';').next().unwrap_or_default();
            let kind = if kind.is_empty() { given } else { kind };
            match head.ends_with(";base64") {
                true => Some((kind, data.into())),
                false => Some((kind, STANDARD.encode(percent_decoded(data)).into())),
            }
        }
        Place::Text(_) | Place::File(_) => None,
    }
}

fn percent_decoded(text: &str) -> Vec<u8> {
    let mut bytes = text.as_bytes().iter();
    let mut out = Vec::with_capacity(text.len());
    while let Some(&byte) = bytes.next() {
        let rest = bytes.as_slice();
        let digits = (byte == b'%').then(|| rest.get(..2)).flatten();
        let digits = digits.and_then(|digits| std::str::from_utf8(digits).ok());
        match digits.and_then(|digits| u8::from_str_radix(digits, 16).ok()) {
            Some(decoded) => {
                out.push(decoded);
                bytes.nth(1);
            }
            None => out.push(byte),
        }
    }
    out
}

/// The media type of a picture; what its first bytes say when the client did not.
fn image_kind<'r>(given: &'r str, data: &str) -> Option<Cow<'r, str>> {
    let starts = [("/9j/", 0), ("iVBOR", 1), ("R0lG", 2), ("UklG", 3)];
    if given.eq_ignore_ascii_case("image/jpg") {
        return Some(KINDS[0].into());
    }
    if let Some(kind) = KINDS.iter().find(|kind| kind.eq_ignore_ascii_case(given)) {
        return Some((*kind).into());
    }
    let (_, at) = starts.iter().find(|(start, _)| data.starts_with(start))?;
    KINDS.get(*at).map(|kind| (*kind).into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_data_url_is_taken_apart() {
        let media = |url: &'static str| Media {
            kind: None,
            place: Place::Url(url.into()),
            detail: None,
        };
        let png = media("data:image/png;base64,iVBORw0=");
        assert_eq!(inline(&png), Some(("image/png", "iVBORw0=".into())));
        let text = media("data:text/plain,a%20b%");
        let (kind, data) = inline(&text).unwrap();
        assert_eq!(kind, "text/plain");
        assert_eq!(STANDARD.decode(data.as_bytes()).unwrap(), b"a b%");
        assert_eq!(inline(&media("https://example.com/a.png")), None);
    }

    #[test]
    fn a_picture_without_a_type_is_told_by_its_first_bytes() {
        assert_eq!(image_kind("", "/9j/4AAQ").as_deref(), Some("image/jpeg"));
        assert_eq!(image_kind("image/jpg", "").as_deref(), Some("image/jpeg"));
        assert_eq!(image_kind("image/svg+xml", "PHN2Zw==").as_deref(), None);
    }
}
