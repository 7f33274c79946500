//! What a model sees of JSON that is nobody's business here: the texts and names, and behind
//! base64 as much text as it can hide.

use serde_json::Value;

/// Shortest string that is taken for base64.
const SHORTEST: usize = 200;

/// The texts of `json`, one to a line; `hidden` grows by the characters of base64 in it.
pub(super) fn shown(json: &str, hidden: &mut usize) -> String {
    let mut out = String::new();
    match serde_json::from_str(json) {
        Ok(value) => walk(&value, &mut out, hidden),
        // Too deep, as it is valid: all of it, then.
        Err(_) => out.push_str(json),
    }
    out
}

/// No deeper than the parser goes, which has a limit.
fn walk(value: &Value, out: &mut String, hidden: &mut usize) {
    match value {
        Value::Null => {}
        Value::Bool(value) => out.push_str(if *value { "true" } else { "false" }),
        Value::Number(number) => out.push_str(&number.to_string()),
        Value::String(text) if is_base64(text) => *hidden = hidden.saturating_add(text.len()),
        Value::String(text) => out.push_str(text),
        Value::Array(items) => {
            for item in items {
                walk(item, out, hidden);
                out.push('\n');
            }
        }
        Value::Object(members) => {
            for (name, value) in members {
                out.push_str(name);
                out.push_str(": ");
                walk(value, out, hidden);
                out.push('\n');
            }
        }
    }
}

fn is_base64(text: &str) -> bool {
    let of_base64 = |byte: u8| byte.is_ascii_alphanumeric() || b"+/=-_".contains(&byte);
    text.len() >= SHORTEST && text.bytes().all(of_base64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_shown_and_base64_is_hidden() {
        let json = format!(r#"{{"a":["b",null,true],"c":"{}"}}"#, "QUJD".repeat(100));
        let mut hidden = 0;
        assert_eq!(shown(&json, &mut hidden), "a: b\n\ntrue\n\nc: \n");
        assert_eq!(hidden, 400);
    }

    #[test]
    fn what_is_too_deep_is_taken_as_it_is() {
        let json = format!("{}{}", "[".repeat(1000), "]".repeat(1000));
        assert_eq!(shown(&json, &mut 0), json);
    }
}
