//! `${VAR}`, `${VAR:-default}` and `$$` inside one scalar of the file. The result is never parsed
//! again as YAML or TOML, so a variable cannot add keys.

/// Replaces the variables in `text`. An empty variable counts as unset, as it does everywhere.
///
/// # Errors
/// What is wrong, in words that follow the key: a variable that is unset and has no default, or a
/// `${` that is not well formed.
pub(crate) fn expand(text: &str, env: &dyn Fn(&str) -> Option<String>) -> Result<String, String> {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('$') {
        out.push_str(before);
        if let Some(tail) = after.strip_prefix('$') {
            out.push('$');
            rest = tail;
        } else if let Some(tail) = after.strip_prefix('{') {
            let Some((inside, tail)) = tail.split_once('}') else {
                return Err("`${` without its `}`; write `$$` for a dollar sign".to_owned());
            };
            out.push_str(&variable(inside, env)?);
            rest = tail;
        } else {
            out.push('$');
            rest = after;
        }
    }
    out.push_str(rest);
    Ok(out)
}

fn variable(inside: &str, env: &dyn Fn(&str) -> Option<String>) -> Result<String, String> {
    let (name, default) = match inside.split_once(":-") {
        Some((name, default)) => (name, Some(default)),
        None => (inside, None),
    };
    let starts_well = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
    if !starts_well || !name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_') {
        return Err(
            "`${...}` needs the name of a variable: `${NAME}` or `${NAME:-default}`".to_owned(),
        );
    }
    match (env(name).filter(|value| !value.is_empty()), default) {
        (Some(value), _) => Ok(value),
        (None, Some(default)) => Ok(default.to_owned()),
        (None, None) => Err(format!(
            "the variable `{name}` is unset or empty; set it, or give a default: `${{{name}:-...}}`"
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::expand;

    fn env(name: &str) -> Option<String> {
        match name {
            "HOST" => Some("example.org".to_owned()),
            "EMPTY" => Some(String::new()),
            _ => None,
        }
    }

    #[test]
    fn replaces_variables_defaults_and_escapes() {
        for (text, expected) in [
            ("https://${HOST}/x", "https://example.org/x"),
            ("${NO:-a:-b}", "a:-b"),
            ("${EMPTY:-d}", "d"),
            ("${NO:-}", ""),
            ("$${HOST} $$ pa$word $", "${HOST} $ pa$word $"),
            ("é${HOST}é", "éexample.orgé"),
        ] {
            assert_eq!(expand(text, &env).as_deref(), Ok(expected), "{text}");
        }
    }

    #[test]
    fn names_what_it_cannot_replace() {
        for (text, part) in [
            ("${NO}", "`NO`"),
            ("${EMPTY}", "`EMPTY`"),
            ("${HOST", "`}`"),
            ("${}", "name"),
            ("${1A}", "name"),
        ] {
            let message = expand(text, &env).expect_err(text);
            assert!(message.contains(part), "{text}: {message}");
        }
    }
}
