//! Lists and maps written as JSON, for items with commas in them: `["a,b","c"]`, `{"a":"b,c"}`.

use serde_json::Value;

/// The items of a JSON array of texts, numbers and switches; none if the text is not an array, so
/// that it is read as a list with commas.
pub(super) fn items(text: &str) -> Option<Result<Vec<String>, String>> {
    if !text.trim_start().starts_with('[') {
        return None;
    }
    let items: Vec<Value> = serde_json::from_str(text).ok()?;
    let items: Option<Vec<String>> = items.iter().map(plain).collect();
    Some(items.ok_or_else(|| "holds an item that is no text".to_owned()))
}

/// The pairs of a JSON object. Where the map's values may be sections, an object is one, and an
/// array of objects several: `a=1 b=2`, with `;` between.
pub(super) fn pairs(
    text: &str,
    has_sections: bool,
) -> Option<Result<Vec<(String, String)>, String>> {
    if !text.trim_start().starts_with('{') {
        return None;
    }
    let fields: serde_json::Map<String, Value> = serde_json::from_str(text).ok()?;
    let pairs = fields.into_iter().map(|(name, value)| {
        let text = match &value {
            Value::Object(_) if has_sections => section(&value),
            Value::Array(all) if has_sections => {
                let sections: Option<Vec<String>> = all.iter().map(section).collect();
                sections.map(|all| all.join(" ; "))
            }
            value => plain(value),
        };
        let text = text.ok_or_else(|| format!("holds `{name}`: is no text"))?;
        Ok((name, text))
    });
    Some(pairs.collect())
}

fn section(value: &Value) -> Option<String> {
    let words = value.as_object()?.iter().map(|(name, value)| {
        let value = plain(value)?;
        Some(format!("{name}={value}"))
    });
    let words: Option<Vec<String>> = words.collect();
    words.map(|words| words.join(" "))
}

fn plain(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(flag) => Some(flag.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

/// A list as JSON, if commas alone would not bring the same back.
pub(super) fn list(items: &[String]) -> Option<String> {
    let first = items.first().is_some_and(|item| item.starts_with('['));
    let odd = |item: &String| item.contains(',') || item.trim() != item || item.is_empty();
    (first || items.iter().any(odd)).then(|| Value::from(items.to_vec()).to_string())
}

/// A map as JSON, if commas alone would not bring the same back.
pub(super) fn map<'a>(pairs: impl Iterator<Item = (&'a String, &'a String)>) -> Option<String> {
    let pairs: Vec<_> = pairs.collect();
    let odd = |(name, value): &(&String, &String)| {
        let name_parts = name.contains([',', '=', ':', '{']);
        name_parts || value.contains(',') || value.trim() != *value
    };
    pairs.iter().any(odd).then(|| {
        let fields = pairs.into_iter();
        let fields = fields.map(|(name, value)| (name.clone(), Value::from(value.as_str())));
        Value::Object(fields.collect()).to_string()
    })
}
