//! Errors of Google's APIs: `{"error": {"code", "message", "status", "details"}}`.

use std::borrow::Cow;

use super::words;
use crate::scan::Cursor;
use crate::translate::form::Text;
use crate::translate::json::Writer;
use crate::translate::signal::Failure;

/// Longest message that is made of a body that is no error of Google's, in bytes.
const MAX_MESSAGE: usize = 2048;

/// Reads the body of an answer whose status is no success. Any body gives a failure.
#[must_use]
pub fn read_error(status: u16, body: &[u8]) -> Failure<'static> {
    let mut found = None;
    let mut cursor = Cursor::new(body);
    // Without `alt=sse` an error of a stream comes in an array.
    super::part::each(&mut cursor, |cursor| {
        cursor.object(|key, cursor| {
            if key.is("error") && found.is_none() {
                found = Some(cursor.value());
            }
        });
    });
    let failure = found.map(|error| failure(error, status));
    match failure.filter(|failure| !failure.message.is_empty()) {
        Some(told) => Failure {
            status,
            code: Cow::Owned(told.code.into_owned()),
            message: Cow::Owned(with_delay(&told.message, found.unwrap_or_default())),
        },
        None => Failure {
            status,
            code: Cow::Owned(words::code("", status).into_owned()),
            message: Cow::Owned(plain(status, body)),
        },
    }
}

/// The message with the delay that the details ask for, in the words that clients look for.
fn with_delay(message: &str, error: &[u8]) -> String {
    let mut delay = None;
    Cursor::new(error).object(|key, cursor| {
        if key.is("details") {
            cursor.array(|cursor| {
                cursor.object(|key, cursor| {
                    if key.is("retryDelay") {
                        delay = cursor.string().map(|delay| delay.decode());
                    }
                });
            });
        }
    });
    match delay {
        Some(delay) if !message.contains(&*delay) => {
            let gap = if message.ends_with('.') { "" } else { "." };
            format!("{message}{gap} Please try again in {delay}.")
        }
        _ => message.to_owned(),
    }
}

/// Reads the value of `error`; `otherwise` is its status where it has none.
pub(super) fn failure(error: &[u8], otherwise: u16) -> Failure<'_> {
    let mut code: Option<u16> = None;
    let mut message: Text<'_> = Cow::Borrowed("");
    let mut word: Text<'_> = Cow::Borrowed("");
    let mut cursor = Cursor::new(error);
    let is_object = cursor.object(|key, cursor| match key.raw() {
        b"code" => {
            code = std::str::from_utf8(cursor.value())
                .ok()
                .and_then(|code| code.parse().ok());
        }
        b"message" => message = text(cursor),
        b"status" => word = text(cursor),
        _ => {}
    });
    if !is_object {
        message = crate::scan::string_value(error).unwrap_or_default();
    }
    let code = code.filter(|code| (400..600).contains(code));
    let status = code
        .or_else(|| words::http_status(&word))
        .unwrap_or(otherwise);
    if word.is_empty() {
        word = Cow::Owned(words::code("", status).into_owned());
    }
    Failure {
        status,
        code: word,
        message,
    }
}

/// The status and body that a client of Gemini gets.
#[must_use]
pub fn write_error(failure: &Failure<'_>) -> (u16, Vec<u8>) {
    // 529 is Anthropic's own.
    let status = match failure.status {
        529 => 503,
        status @ 400..600 => status,
        _ => 500,
    };
    let mut out = Writer::default();
    write(&mut out, failure, status);
    (status, out.finish())
}

/// Writes the error object.
pub(super) fn write(out: &mut Writer, failure: &Failure<'_>, status: u16) {
    out.object().key("error").object();
    out.key("code").number(u64::from(status));
    out.key("message").string(&failure.message);
    out.key("status")
        .string(&words::code(&failure.code, status));
    if let Some(delay) = retry_delay(&failure.message).filter(|_| status == 429) {
        out.key("details").array().object();
        out.key("@type")
            .string("type.googleapis.com/google.rpc.RetryInfo");
        out.key("retryDelay").string(delay);
        out.end_object().end_array();
    }
    out.end_object().end_object();
}

/// The `34.07s` of "Please retry in 34.07s", which Gemini CLI looks for in the details first.
fn retry_delay(message: &str) -> Option<&str> {
    const WORDS: [&str; 3] = ["retry in ", "try again in ", "retry after "];
    let rest = WORDS.iter().find_map(|words| message.split_once(words))?.1;
    let digits = rest.find(|c: char| !c.is_ascii_digit() && c != '.')?;
    let delay = rest.get(..digits + 1)?;
    (digits > 0 && delay.ends_with('s')).then_some(delay)
}

/// A message out of a body of any kind.
fn plain(status: u16, body: &[u8]) -> String {
    let body = String::from_utf8_lossy(body.get(..MAX_MESSAGE).unwrap_or(body));
    let body = body.trim();
    if body.is_empty() || body.starts_with('<') {
        return format!("the upstream answered with status {status}");
    }
    body.to_owned()
}

fn text<'a>(cursor: &mut Cursor<'a>) -> Text<'a> {
    let text = cursor.string().map(|text| text.decode());
    text.unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_body_gives_a_failure() {
        let google = br#"{"error":{"code":429,"message":"Please retry in 34.07s.","status":"RESOURCE_EXHAUSTED"}}"#;
        let failure = read_error(429, google);
        assert_eq!(
            (failure.status, &*failure.code),
            (429, "RESOURCE_EXHAUSTED")
        );
        assert_eq!(failure.message, "Please retry in 34.07s.");
        let list = [b"[", google.as_slice(), b"]"].concat();
        assert_eq!(read_error(429, &list), failure);
        for (body, message) in [
            ("", "the upstream answered with status 502"),
            ("<html>", "the upstream answered with status 502"),
            ("bad gateway", "bad gateway"),
            (r#"{"error":"down"}"#, "down"),
            (r#"{"detail":1}"#, r#"{"detail":1}"#),
        ] {
            let failure = read_error(502, body.as_bytes());
            assert_eq!(
                (failure.status, &*failure.code),
                (502, "UNAVAILABLE"),
                "{body}"
            );
            assert_eq!(failure.message, message);
        }
    }

    #[test]
    fn a_delay_in_the_details_is_told_and_comes_back() {
        let body = br#"{"error":{"code":429,"message":"Quota","status":"RESOURCE_EXHAUSTED",
            "details":[{"@type":"type.googleapis.com/google.rpc.RetryInfo","retryDelay":"34.4s"}]}}"#;
        let failure = read_error(429, body);
        assert_eq!(failure.message, "Quota. Please try again in 34.4s.");
        let body = String::from_utf8(write_error(&failure).1).unwrap();
        assert!(body.contains(r#""retryDelay":"34.4s""#), "{body}");
    }

    #[test]
    fn errors_are_told_in_googles_words() {
        let failure = Failure {
            status: 529,
            code: "overloaded_error".into(),
            message: "Overloaded".into(),
        };
        let (status, body) = write_error(&failure);
        assert_eq!(status, 503);
        assert_eq!(
            String::from_utf8(body).unwrap(),
            r#"{"error":{"code":503,"message":"Overloaded","status":"UNAVAILABLE"}}"#
        );
        let failure = Failure {
            status: 429,
            code: "rate_limit_exceeded".into(),
            message: "Limit. Please try again in 1.3s.".into(),
        };
        let body = String::from_utf8(write_error(&failure).1).unwrap();
        assert!(body.contains(r#""status":"RESOURCE_EXHAUSTED""#), "{body}");
        assert!(body.contains(r#""retryDelay":"1.3s""#), "{body}");
    }
}
