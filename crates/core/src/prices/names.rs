//! Names that a model goes by: with a date, with a cloud's or a broker's prefix, with a mark for a
//! larger context.

use std::borrow::Cow;

/// Calls `found` with the name and then with ever less of it, until it gives something.
pub(super) fn try_each<T>(model: &str, mut found: impl FnMut(&str) -> Option<T>) -> Option<T> {
    let model = model.trim();
    let lower = if model.bytes().any(|byte| byte.is_ascii_uppercase()) {
        Cow::Owned(model.to_ascii_lowercase())
    } else {
        Cow::Borrowed(model)
    };
    let mut last = &*lower;
    if let Some(it) = found(last) {
        return Some(it);
    }
    let steps: [fn(&str) -> &str; 5] =
        [unmarked, unversioned, undated, after_slash, without_region];
    for step in steps {
        let next = step(last);
        if next != last {
            last = next;
            if let Some(it) = found(last) {
                return Some(it);
            }
        }
    }
    // Brokers write versions with a dot.
    (last.starts_with("claude") && last.contains('.'))
        .then(|| found(&last.replace('.', "-")))
        .flatten()
}

/// Without the mark that a client puts behind, such as `[1m]`.
fn unmarked(name: &str) -> &str {
    match name.split_once('[') {
        Some((name, mark)) if mark.ends_with(']') => name,
        _ => name,
    }
}

/// Without Bedrock's `-v1:0` or `-v1`.
fn unversioned(name: &str) -> &str {
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    let Some((before, version)) = name.rsplit_once("-v") else {
        return name;
    };
    let (major, minor) = version.split_once(':').unwrap_or((version, "0"));
    let of_bedrock = before.contains("anthropic.");
    if of_bedrock && digits(major) && digits(minor) {
        before
    } else {
        name
    }
}

/// Without `-20250929`, `@20250929`, `-2025-09-29`, `@default` or `-latest`.
fn undated(name: &str) -> &str {
    let words = ["@default", "@latest", "-latest"];
    if let Some(short) = words.iter().find_map(|word| name.strip_suffix(word)) {
        return short;
    }
    let shape = |date: &str, form: &str| {
        date.len() == form.len()
            && date
                .bytes()
                .zip(form.bytes())
                .all(|(b, form)| (form == b'0' && b.is_ascii_digit()) || b == form)
    };
    let forms = ["-00000000", "@00000000", "-0000-00-00"];
    let dated = forms.iter().find_map(|form| {
        let (before, date) = name.split_at_checked(name.len().checked_sub(form.len())?)?;
        shape(date, form).then_some(before)
    });
    dated.filter(|name| !name.is_empty()).unwrap_or(name)
}

/// Without what stands before the last slash: a broker's vendor, a resource's path.
fn after_slash(name: &str) -> &str {
    name.rsplit_once('/').map_or(name, |(_, name)| name)
}

/// Without Bedrock's region and vendor: `us.anthropic.`, `anthropic.`.
fn without_region(name: &str) -> &str {
    name.split_once("anthropic.").map_or(name, |(_, name)| name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_lose_what_is_not_theirs() {
        for (given, meant) in [
            ("claude-sonnet-4-5", "claude-sonnet-4-5"),
            ("Claude-Sonnet-4-5-20250929", "claude-sonnet-4-5"),
            ("claude-sonnet-4-5@20250929", "claude-sonnet-4-5"),
            ("claude-opus-4-6@default", "claude-opus-4-6"),
            ("claude-sonnet-4-5[1m]", "claude-sonnet-4-5"),
            ("claude-sonnet-4-5-20250929[1m]", "claude-sonnet-4-5"),
            ("eu.anthropic.claude-x-20250929-v1:0", "claude-x"),
            ("anthropic.claude-opus-4-6-v1", "claude-opus-4-6"),
            ("anthropic/claude-sonnet-4.5", "claude-sonnet-4-5"),
            ("publishers/anthropic/models/claude-x", "claude-x"),
            ("openai/gpt-5.2-2025-12-11", "gpt-5.2"),
            ("models/gemini-2.5-pro", "gemini-2.5-pro"),
            ("claude-3-5-sonnet-latest", "claude-3-5-sonnet"),
        ] {
            let found = try_each(given, |name| (name == meant).then_some(()));
            assert!(found.is_some(), "{given}");
        }
        // Free, and of another weight: these are models of their own.
        for given in [
            "deepseek/deepseek-v3:free",
            "qwen3:8b",
            "-20250929",
            "",
            "[",
        ] {
            let found = try_each(given, |name| {
                ["deepseek-v3", "qwen3", "x"].contains(&name).then_some(())
            });
            assert!(found.is_none(), "{given}");
        }
    }
}
