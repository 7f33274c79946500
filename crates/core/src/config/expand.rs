//! `$VAR`, `${VAR}`, `${VAR:-default}` and `$$` inside one scalar of the file. The result is never
//! parsed again as YAML or TOML, so a variable cannot add keys.

/// A text with its variables put in.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Expanded {
    /// The text.
    pub(crate) text: String,
    /// Variables without a default that are unset or empty; nothing stands in their place.
    pub(crate) unset: Vec<String>,
}

/// Replaces the variables in `text`. An empty variable counts as unset, as it does everywhere.
///
/// # Errors
/// What is wrong, in words that follow the key: a `${` that is not well formed.
pub(crate) fn expand(text: &str, env: &dyn Fn(&str) -> Option<String>) -> Result<Expanded, String> {
    let mut out = Expanded::default();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('$') {
        out.text.push_str(before);
        rest = after;
        if let Some(tail) = after.strip_prefix('$') {
            out.text.push('$');
            rest = tail;
        } else if let Some(tail) = after.strip_prefix('{') {
            let Some((inside, tail)) = tail.split_once('}') else {
                return Err("`${` without its `}`; write `$$` for a dollar sign".to_owned());
            };
            let (name, default) = match inside.split_once(":-") {
                Some((name, default)) => (name, Some(default)),
                None => (inside, None),
            };
            if name.is_empty() || name_at_front(name) != name {
                return Err(
                    "`${...}` needs the name of a variable: `${NAME}` or `${NAME:-default}`"
                        .to_owned(),
                );
            }
            out.variable(name, default, env);
            rest = tail;
        } else {
            match name_at_front(after) {
                "" => out.text.push('$'),
                name => {
                    out.variable(name, None, env);
                    rest = after.strip_prefix(name).unwrap_or_default();
                }
            }
        }
    }
    out.text.push_str(rest);
    Ok(out)
}

impl Expanded {
    fn variable(
        &mut self,
        name: &str,
        default: Option<&str>,
        env: &dyn Fn(&str) -> Option<String>,
    ) {
        match (env(name).filter(|value| !value.is_empty()), default) {
            (Some(value), _) => self.text.push_str(&value),
            (None, Some(default)) => self.text.push_str(default),
            (None, None) => self.unset.push(name.to_owned()),
        }
    }
}

/// The longest variable's name that the text begins with.
fn name_at_front(text: &str) -> &str {
    if !text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_') {
        return "";
    }
    let end = text
        .find(|c: char| !c.is_ascii_alphanumeric() && c != '_')
        .unwrap_or(text.len());
    text.split_at(end).0
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
            ("https://$HOST/x", "https://example.org/x"),
            ("$HOST", "example.org"),
            ("$HOST$HOST.", "example.orgexample.org."),
            ("${NO:-a:-b}", "a:-b"),
            ("${EMPTY:-d}", "d"),
            ("${NO:-}", ""),
            ("$${HOST} $$ $$HOST $1 $", "${HOST} $ $HOST $1 $"),
            ("é${HOST}é$HOSTé", "éexample.orgéexample.orgé"),
        ] {
            let expanded = expand(text, &env).expect(text);
            assert_eq!(expanded.text, expected, "{text}");
            assert!(expanded.unset.is_empty(), "{text}");
        }
    }

    #[test]
    fn an_unset_variable_leaves_nothing_and_is_told() {
        for (text, left, unset) in [
            ("${NO}", "", "NO"),
            ("a$NO.b", "a.b", "NO"),
            ("${EMPTY}", "", "EMPTY"),
            ("pa$word", "pa", "word"),
        ] {
            let expanded = expand(text, &env).expect(text);
            assert_eq!(
                (expanded.text.as_str(), expanded.unset.join(",").as_str()),
                (left, unset),
                "{text}"
            );
        }
    }

    #[test]
    fn names_what_is_not_well_formed() {
        for (text, part) in [
            ("${HOST", "`}`"),
            ("${}", "name"),
            ("${1A}", "name"),
            ("${A-B}", "name"),
        ] {
            let message = expand(text, &env).expect_err(text);
            assert!(message.contains(part), "{text}: {message}");
        }
    }
}
