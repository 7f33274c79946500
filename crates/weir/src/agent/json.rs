//! Edits settings in JSON, with comments if there are some.

use anyhow::{anyhow, bail};
use jsonc_parser::ParseOptions;
use jsonc_parser::cst::{CstInputValue, CstObject, CstObjectProp, CstRootNode};

use super::Entry;

/// The text at a place; none when there is none, or something else.
///
/// # Errors
/// When the text is no JSON object.
pub(super) fn get(text: &str, path: &[&str]) -> anyhow::Result<Option<String>> {
    if text.trim().is_empty() {
        return Ok(None);
    }
    let (_, mut object) = read(text)?;
    let Some((name, objects)) = path.split_last() else {
        return Ok(None);
    };
    for step in objects {
        match object
            .get(step)
            .and_then(|property| property.object_value())
        {
            Some(inner) => object = inner,
            None => return Ok(None),
        }
    }
    let value = object.get(name).and_then(|property| property.value());
    let text = value.and_then(|value| value.as_string_lit());
    Ok(text.and_then(|text| text.decoded_value().ok()))
}

/// Sets entries; objects that they need come into being.
///
/// # Errors
/// When the text is no JSON object, or what should be an object in it is none.
pub(super) fn set(text: &str, entries: &[Entry]) -> anyhow::Result<String> {
    let text = if text.trim().is_empty() {
        "{\n}\n"
    } else {
        text
    };
    let (root, top) = read(text)?;
    for Entry { path, value } in entries {
        let Some((name, objects)) = path.split_last() else {
            continue;
        };
        let mut object = top.clone();
        for step in objects {
            let is_other = |property: CstObjectProp| property.object_value().is_none();
            if object.get(step).is_some_and(is_other) {
                bail!("`{step}` is no object");
            }
            object = object.object_value_or_set(step);
        }
        let value = CstInputValue::String(value.clone());
        match object.get(name) {
            Some(property) => property.set_value(value),
            None => drop(object.append(name, value)),
        }
    }
    Ok(root.to_string())
}

/// Takes entries out, and objects that held nothing else.
///
/// # Errors
/// As [`set`].
pub(super) fn remove(text: &str, entries: &[Entry]) -> anyhow::Result<String> {
    if text.trim().is_empty() {
        return Ok(text.to_owned());
    }
    let (root, top) = read(text)?;
    for Entry { path, .. } in entries {
        take_out(&top, path);
    }
    Ok(root.to_string())
}

/// Whether an object holds nothing any more.
fn take_out(object: &CstObject, path: &[&str]) -> bool {
    let Some((name, rest)) = path.split_first() else {
        return false;
    };
    let Some(property) = object.get(name) else {
        return false;
    };
    let gone = match property.object_value() {
        _ if rest.is_empty() => true,
        Some(inner) => take_out(&inner, rest),
        None => false,
    };
    if gone {
        property.remove();
    }
    gone && object.properties().is_empty()
}

fn read(text: &str) -> anyhow::Result<(CstRootNode, CstObject)> {
    let root = CstRootNode::parse(text, &ParseOptions::default());
    let root = root.map_err(|error| anyhow!("this is not JSON: {error}"))?;
    let Some(top) = root.object_value() else {
        bail!("this is no JSON object");
    };
    Ok((root, top))
}
