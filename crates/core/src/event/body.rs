//! A body as an event tells it: whole JSON if it is short enough, else the beginning of its text,
//! credentials blotted out. What cannot be read is not told.

use serde_json::value::RawValue;

use super::{BodyFacts, BodyForm};
use crate::redact::{mask_json, mask_text};

/// Most arrays and objects one within the other that are told as JSON: readers that build trees
/// have their bounds.
const DEEPEST: usize = 100;
/// Text beyond the bound that is looked at, so that a credential across it is seen whole.
const MARGIN: usize = 256;

/// What is told of a body.
#[derive(Debug)]
pub(super) struct ToldBody {
    pub(super) json: Option<Box<RawValue>>,
    pub(super) facts: BodyFacts,
}

impl ToldBody {
    /// One that is not told.
    pub(super) fn untold(bytes: u64, form: BodyForm) -> Self {
        let facts = BodyFacts {
            bytes,
            form,
            truncated: false,
        };
        Self { json: None, facts }
    }
}

/// Tells a body, decoded and put together, in at most `most` bytes. `bytes` crossed the wire;
/// `cut` says that the end of `plain` is missing already.
pub(super) fn tell(plain: &[u8], bytes: u64, most: usize, cut: bool) -> ToldBody {
    if plain.is_empty() {
        return ToldBody::untold(bytes, BodyForm::Absent);
    }
    let Some(text) = text(plain) else {
        return ToldBody::untold(bytes, BodyForm::Binary);
    };
    if !cut && let Some(json) = json(text, most) {
        let facts = BodyFacts {
            bytes,
            form: BodyForm::Json,
            truncated: false,
        };
        return ToldBody {
            json: Some(json),
            facts,
        };
    }
    let seen = text.floor_char_boundary(most.saturating_add(MARGIN));
    let mut masked = mask_text(text.get(..seen).unwrap_or(text));
    let truncated = cut || text.len() > most || masked.len() > most;
    masked.truncate(masked.floor_char_boundary(most));
    ToldBody {
        json: serde_json::value::to_raw_value(&masked).ok(),
        facts: BodyFacts {
            bytes,
            form: BodyForm::Text,
            truncated,
        },
    }
}

/// The text that it is; a character that was cut off at its end is left out.
fn text(plain: &[u8]) -> Option<&str> {
    match std::str::from_utf8(plain) {
        Ok(text) => Some(text),
        Err(wrong) if wrong.error_len().is_none() => {
            let whole = plain.get(..wrong.valid_up_to())?;
            std::str::from_utf8(whole).ok()
        }
        Err(_) => None,
    }
    .filter(|text| !text.contains('\0'))
}

/// The JSON that a text is, on one line and credentials blotted out; none if it is none, is too
/// deep, or is longer than `most`.
fn json(text: &str, most: usize) -> Option<Box<RawValue>> {
    let compact = compact(text, most)?;
    let masked = RawValue::from_string(mask_text(&compact)).ok();
    let masked = masked.or_else(|| {
        // A value that is no string was blotted out: a schema's `password`, an object.
        let mut tree = serde_json::from_str(&compact).ok()?;
        mask_json(&mut tree);
        serde_json::value::to_raw_value(&tree).ok()
    });
    masked.filter(|masked| masked.get().len() <= most)
}

/// The text without blanks between its marks; none where it is no JSON by far, too deep, or longer
/// than `most` so.
fn compact(text: &str, most: usize) -> Option<String> {
    let text = text.trim();
    if !text.starts_with(['{', '[', '"']) {
        return None;
    }
    let mut out = Vec::with_capacity(text.len().min(most));
    let (mut depth, mut within, mut escaped) = (0usize, false, false);
    for byte in text.bytes() {
        if within {
            (within, escaped) = match byte {
                _ if escaped => (true, false),
                b'\\' => (true, true),
                b'"' => (false, false),
                _ => (true, false),
            };
        } else {
            match byte {
                b' ' | b'\n' | b'\r' | b'\t' => continue,
                b'"' => within = true,
                b'{' | b'[' => depth += 1,
                b'}' | b']' => depth = depth.saturating_sub(1),
                _ => {}
            }
        }
        if depth > DEEPEST || out.len() == most {
            return None;
        }
        out.push(byte);
    }
    // Only ASCII between characters was left out.
    String::from_utf8(out).ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn told(plain: &[u8], most: usize) -> (Option<String>, BodyFacts) {
        let told = tell(plain, plain.len() as u64, most, false);
        (told.json.map(|json| json.get().to_owned()), told.facts)
    }

    #[test]
    fn json_is_told_on_one_line_as_it_is() {
        let (json, facts) = told(
            b" {\"b\" : [1.0,\n 12345678901234567890123],\"a\":\"x\\\" y\\n\"} ",
            99,
        );
        let expected = "{\"b\":[1.0,12345678901234567890123],\"a\":\"x\\\" y\\n\"}";
        assert_eq!(json.as_deref(), Some(expected));
        assert_eq!((facts.form, facts.truncated), (BodyForm::Json, false));
    }

    #[test]
    fn what_is_too_long_is_text_cut_between_characters() {
        let body = format!("{{\"text\":\"{}\"}}", "é".repeat(50));
        let (json, facts) = told(body.as_bytes(), 20);
        let text: String = serde_json::from_str(&json.unwrap()).unwrap();
        assert_eq!(text, format!("{{\"text\":\"{}", "é".repeat(5)));
        assert_eq!((facts.form, facts.truncated), (BodyForm::Text, true));
        assert_eq!(facts.bytes, body.len() as u64);
    }

    #[test]
    fn what_only_looks_like_json_stays_within_a_string() {
        for hostile in [
            "{\"a\":1}}",
            "{\"a\":1},\"request_id\":\"x\"",
            "[1",
            "{\n}\n{}",
            "nan",
        ] {
            let (json, facts) = told(hostile.as_bytes(), 99);
            let text: String = serde_json::from_str(&json.unwrap()).unwrap();
            assert_eq!((text.as_str(), facts.form), (hostile, BodyForm::Text));
        }
        let deep = "[".repeat(5000) + &"]".repeat(5000);
        assert_eq!(told(deep.as_bytes(), 1 << 20).1.form, BodyForm::Text);
    }

    #[test]
    fn what_is_no_text_is_not_told() {
        for binary in [&b"\x89PNG\r\n\x1a\n"[..], b"ID3\0\0", &[0xff, 0xfe, 0x41]] {
            let (json, facts) = told(binary, 99);
            assert_eq!((json, facts.form), (None, BodyForm::Binary));
        }
        assert_eq!(told(b"", 99).1.form, BodyForm::Absent);
    }

    #[test]
    fn credentials_are_blotted_out_wherever_the_bound_falls() {
        let key = "sk-ant-api03-abcdefghijklmnopqrstuvwxyz0123456789";
        let body = format!(
            "{{\"a\":\"{}\",\"note\":\"use {key} now\"}}",
            "x".repeat(40)
        );
        for most in 40..200 {
            let (json, _) = told(body.as_bytes(), most);
            assert!(!json.unwrap().contains("abcdefgh"), "{most}");
        }
    }

    #[test]
    fn what_stands_under_the_name_of_a_credential_keeps_its_form() {
        let schema = r#"{"password":{"type":"string","token":5},"api_key":"x","ok":1.50}"#;
        let (json, facts) = told(schema.as_bytes(), 999);
        assert_eq!(facts.form, BodyForm::Json);
        let expected = r#"{"password":{"type":"string","token":"***"},"api_key":"***","ok":1.5}"#;
        assert_eq!(json.as_deref(), Some(expected));
        let lists = r#"{"secrets":["a",2,["b",null],{"note":"c","token":"d"}],"ok":["e"]}"#;
        let (json, _) = told(lists.as_bytes(), 999);
        let expected =
            r#"{"secrets":["***","***",["***",null],{"note":"c","token":"***"}],"ok":["e"]}"#;
        assert_eq!(json.as_deref(), Some(expected));
    }

    #[test]
    fn what_is_as_long_as_it_may_be_without_blanks_is_json() {
        let body = r#"{ "a": [1, 2] }"#;
        let form = |most| told(body.as_bytes(), most).1.form;
        assert_eq!((form(11), form(10)), (BodyForm::Json, BodyForm::Text));
    }

    proptest! {
        #[test]
        fn whatever_comes_is_json_within_its_bound(plain: Vec<u8>, text: String, most in 1usize..64) {
            for body in [plain.as_slice(), text.as_bytes()] {
                let told = tell(body, body.len() as u64, most, false);
                if let Some(json) = told.json {
                    let read: serde_json::Value = serde_json::from_str(json.get()).unwrap();
                    prop_assert!(!json.get().contains('\n'));
                    if told.facts.form == BodyForm::Text {
                        prop_assert!(read.as_str().unwrap().len() <= most);
                    } else {
                        prop_assert!(json.get().len() <= most);
                    }
                }
            }
        }
    }
}
