//! Edits settings in TOML.

use anyhow::Context as _;
use toml_edit::{DocumentMut, Item, Key, RawString, Table};

use super::Entry;

/// The text at a place; none when there is none, or something else.
///
/// # Errors
/// When the text is no TOML.
pub(super) fn get(text: &str, path: &[&str]) -> anyhow::Result<Option<String>> {
    let document = read(text)?;
    let mut item = Some(document.as_item());
    for step in path {
        item = item.and_then(|item| item.get(step));
    }
    Ok(item.and_then(Item::as_str).map(str::to_owned))
}

/// Sets entries; tables that they need come into being.
///
/// # Errors
/// When the text is no TOML, or what should be a table is none.
pub(super) fn set(text: &str, entries: &[Entry]) -> anyhow::Result<String> {
    let mut document = read(text)?;
    for Entry { path, value } in entries {
        let Some((name, tables)) = path.split_last() else {
            continue;
        };
        let mut table = document.as_table_mut();
        for step in tables {
            let inner = table.entry(step).or_insert_with(|| Table::new().into());
            table = inner
                .as_table_mut()
                .with_context(|| format!("`{step}` is no table"))?;
        }
        match table.get_mut(name).and_then(Item::as_value_mut) {
            Some(old) => {
                let decor = old.decor().clone();
                *old = value.as_str().into();
                *old.decor_mut() = decor;
            }
            None => drop(table.insert(name, toml_edit::value(value.as_str()))),
        }
    }
    Ok(document.to_string())
}

/// Takes entries out, and the comments above them go to what follows.
///
/// # Errors
/// As [`set`].
pub(super) fn remove(text: &str, entries: &[Entry]) -> anyhow::Result<String> {
    let mut document = read(text)?;
    for Entry { path, .. } in entries {
        let Some((name, tables)) = path.split_last() else {
            continue;
        };
        let table = tables
            .iter()
            .try_fold(document.as_table_mut(), |table, step| {
                table.get_mut(step).and_then(Item::as_table_mut)
            });
        let Some(table) = table else { continue };
        let Some((key, _)) = table.remove_entry(name) else {
            continue;
        };
        keep_comment(table, &key);
    }
    Ok(document.to_string())
}

/// What stood above a key that is gone stands above the first that is left.
fn keep_comment(table: &mut Table, gone: &Key) {
    let comment = gone.leaf_decor().prefix().and_then(RawString::as_str);
    let comment = comment.filter(|text| text.contains('#')).map(str::to_owned);
    let Some(comment) = comment else { return };
    let first = table.iter().next().map(|(name, _)| name.to_owned());
    if let Some(mut key) = first.and_then(|first| table.key_mut(&first)) {
        let decor = key.leaf_decor_mut();
        let own = decor.prefix().and_then(RawString::as_str);
        let both = format!("{comment}{}", own.unwrap_or_default());
        decor.set_prefix(both);
    }
}

fn read(text: &str) -> anyhow::Result<DocumentMut> {
    text.parse().context("this is not TOML")
}
