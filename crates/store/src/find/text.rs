//! The language of full text search: words, "phrases", begin*, -not. Whatever is typed means
//! something; nothing is an error.

/// Most terms of one search; what is typed beyond them is passed over.
const MOST_TERMS: usize = 32;

/// A search, as the index takes it.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Words {
    /// What must be there; none when the search only says what must not.
    pub wanted: Option<String>,
    /// What must not be there.
    pub unwanted: Option<String>,
}

impl Words {
    /// Reads what somebody typed. Without a letter or a digit in it, it asks for nothing.
    pub(crate) fn parse(typed: &str) -> Self {
        let (mut wanted, mut unwanted) = (Vec::new(), Vec::new());
        let mut rest = typed.trim_start();
        while !rest.is_empty() && wanted.len() + unwanted.len() < MOST_TERMS {
            let term;
            (term, rest) = next(rest);
            let Some((text, negated)) = quoted(&term) else {
                continue;
            };
            if negated {
                unwanted.push(text);
            } else {
                wanted.push(text);
            }
        }
        let joined = |terms: Vec<String>, by: &str| (!terms.is_empty()).then(|| terms.join(by));
        Self {
            wanted: joined(wanted, " AND "),
            unwanted: joined(unwanted, " OR "),
        }
    }
}

/// A term as it was typed.
struct Term<'a> {
    text: &'a str,
    negated: bool,
    prefix: bool,
}

/// Cuts the first term off.
fn next(typed: &str) -> (Term<'_>, &str) {
    let (negated, typed) = match typed.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, typed),
    };
    let (text, rest) = match typed.strip_prefix('"') {
        // A quote that is never closed goes on to the end.
        Some(phrase) => phrase.split_once('"').unwrap_or((phrase, "")),
        None => {
            let end = typed.find(|c: char| c.is_whitespace() || c == '"');
            typed.split_at(end.unwrap_or(typed.len()))
        }
    };
    let (prefix, text, rest) = match (text.strip_suffix('*'), rest.strip_prefix('*')) {
        (Some(text), _) => (true, text, rest),
        (None, Some(rest)) => (true, text, rest),
        (None, None) => (false, text, rest),
    };
    let term = Term {
        text,
        negated,
        prefix,
    };
    (term, rest.trim_start())
}

/// The term as a string of the index's own language; none if there is no word in it.
fn quoted(term: &Term<'_>) -> Option<(String, bool)> {
    // NUL ends a string for the index.
    let text: String = term.text.chars().filter(|&c| c != '\0').collect();
    if !text.chars().any(char::is_alphanumeric) {
        return None;
    }
    let star = if term.prefix { " *" } else { "" };
    Some((
        format!("\"{}\"{star}", text.replace('"', "\"\"")),
        term.negated,
    ))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn parse(typed: &str) -> (String, String) {
        let words = Words::parse(typed);
        (
            words.wanted.unwrap_or_default(),
            words.unwanted.unwrap_or_default(),
        )
    }

    #[test]
    fn words_phrases_beginnings_and_negations_are_told_apart() {
        for (typed, wanted, unwanted) in [
            ("one two", r#""one" AND "two""#, ""),
            (
                r#"say "hello there" -now"#,
                r#""say" AND "hello there""#,
                r#""now""#,
            ),
            (
                r#"begin* "two wo"* -"not this" -x*"#,
                r#""begin" * AND "two wo" *"#,
                r#""not this" OR "x" *"#,
            ),
            (
                "AND OR NOT NEAR(a b)",
                r#""AND" AND "OR" AND "NOT" AND "NEAR(a" AND "b)""#,
                "",
            ),
            (r#"open "to the end"#, r#""open" AND "to the end""#, ""),
            (
                "src/main.rs: x^2 {col}:y",
                r#""src/main.rs:" AND "x^2" AND "{col}:y""#,
                "",
            ),
            ("- * \"\" () -*", "", ""),
        ] {
            assert_eq!(parse(typed), (wanted.into(), unwanted.into()), "{typed}");
        }
    }

    proptest! {
        #[test]
        fn whatever_is_typed_the_index_understands(typed in "[ a-z\"*()^:+{}\\-\\\\\0é']{0,40}") {
            let db = rusqlite::Connection::open_in_memory().unwrap();
            db.execute_batch("CREATE VIRTUAL TABLE words USING fts5 (text)").unwrap();
            let words = Words::parse(&typed);
            for query in [words.wanted, words.unwanted].into_iter().flatten() {
                let count = db.query_row(
                    "SELECT count(*) FROM words WHERE words MATCH ?", [&query], |row| row.get(0));
                prop_assert_eq!(count, Ok(0i64), "{}", query);
            }
        }
    }
}
