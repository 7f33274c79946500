//! Text as it may be logged: what looks like a credential is blotted out, by the name in front of
//! it or by its own looks. It reads no grammar, because the text may be cut anywhere, may be JSON
//! within a string of JSON, a shell's command, a header. In doubt it blots out.

use std::borrow::Cow;

use serde_json::Value;

use super::without_userinfo;

/// Stands for a credential.
const BLOT: &str = "***";
/// Shorter words are no credentials by their looks alone, unless they are cut off.
const SHORTEST_TOKEN: usize = 16;
/// Bytes of a name that are looked at. What is longer is no name.
const LONGEST_NAME: usize = 128;

/// The text, which may be the beginning of a longer one, with what may be a credential blotted
/// out: values of names such as `api_key`, `password` or `authorization` in JSON, also JSON within
/// strings, in assignments, headers and options; bearers; keys of well-known services; private
/// keys; user names and passwords in addresses.
#[must_use]
pub fn mask_text(text: &str) -> String {
    let text = without_userinfo(text);
    let text = without_private_keys(&text);
    let text = with_plain_names(&text);
    let mut scan = Scan {
        text: &text,
        at: 0,
        token_end: 0,
        out: String::with_capacity(text.len()),
    };
    while let Some(byte) = scan.byte() {
        if is_of_name(byte) {
            scan.word();
        } else {
            let end = scan.until(is_of_name);
            scan.copy_to(end);
        }
    }
    scan.out
}

/// The same within JSON, which stays JSON: strings are blotted out as texts are, and what stands
/// under the name of a credential, unless it is an object, where it goes on inside.
pub fn mask_json(value: &mut Value) {
    match value {
        Value::String(text) => {
            let masked = mask_text(text);
            if masked != *text {
                *text = masked;
            }
        }
        Value::Array(items) => items.iter_mut().for_each(mask_json),
        Value::Object(members) => {
            for (name, value) in members {
                match is_sensitive_name(name) {
                    true => blot(value),
                    false => mask_json(value),
                }
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// Blots out what stands under the name of a credential.
fn blot(value: &mut Value) {
    match value {
        Value::String(_) | Value::Number(_) => *value = BLOT.into(),
        Value::Array(items) => items.iter_mut().for_each(blot),
        Value::Object(_) => mask_json(value),
        Value::Null | Value::Bool(_) => {}
    }
}

/// Whether what follows this name is a credential. Counts such as `max_tokens` are not.
fn is_sensitive_name(name: &str) -> bool {
    const PARTS: [&str; 12] = [
        "apikey",
        "password",
        "passwd",
        "passphrase",
        "secret",
        "authorization",
        "bearer",
        "credential",
        "privatekey",
        "accesskey",
        "authkey",
        "subscriptionkey",
    ];
    const WHOLE: [&str; 5] = ["auth", "cookie", "jwt", "pwd", "setcookie"];
    if name.len() > LONGEST_NAME {
        return false;
    }
    let letters = name.chars().filter(|c| !matches!(c, '_' | '-'));
    let plain: String = letters.map(|c| c.to_ascii_lowercase()).collect();
    WHOLE.contains(&plain.as_str())
        || plain.ends_with("token")
        || PARTS.iter().any(|part| plain.contains(part))
}

/// Whether a word is a key of a well-known service, or a web token.
fn is_token(word: &str, cut: bool) -> bool {
    const PREFIXES: [&str; 15] = [
        "AIza",
        "AKIA",
        "ASIA",
        "eyJ",
        "gho_",
        "ghp_",
        "ghr_",
        "ghs_",
        "ghu_",
        "github_pat_",
        "glpat-",
        "hf_",
        "xoxb-",
        "xoxp-",
        "ya29.",
    ];
    let long = word.len() >= SHORTEST_TOKEN;
    let random = || word.bytes().any(|byte| byte.is_ascii_digit());
    let by_prefix = PREFIXES.iter().any(|prefix| word.starts_with(prefix));
    (word.starts_with("sk-") && (long || cut)) || (by_prefix && (cut || (long && random())))
}

fn is_of_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-')
}

fn is_of_token(byte: u8) -> bool {
    is_of_name(byte) || matches!(byte, b'.' | b'~' | b'+' | b'/' | b'=')
}

fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t')
}

fn ends_bare(byte: u8) -> bool {
    byte.is_ascii_whitespace() || b",;&}])\"'`<>\\".contains(&byte)
}

fn ends_line(byte: u8) -> bool {
    matches!(byte, b'\r' | b'\n' | b'"' | b'\'' | b'`' | b'\\')
}

struct Scan<'a> {
    text: &'a str,
    at: usize,
    /// Where the token ends that the last word was in: a token of many words, such as a picture's
    /// base64, is not searched for its end at each of them.
    token_end: usize,
    out: String,
}

impl<'a> Scan<'a> {
    fn byte(&self) -> Option<u8> {
        self.peek(self.at)
    }

    fn peek(&self, at: usize) -> Option<u8> {
        self.text.as_bytes().get(at).copied()
    }

    fn slice(&self, from: usize, to: usize) -> &'a str {
        self.text.get(from..to).unwrap_or_default()
    }

    /// The first place from here on where `stop` holds, or the end.
    fn until(&self, stop: fn(u8) -> bool) -> usize {
        self.until_from(self.at, stop)
    }

    fn until_from(&self, from: usize, stop: fn(u8) -> bool) -> usize {
        let mut at = from;
        while self.peek(at).is_some_and(|byte| !stop(byte)) {
            at += 1;
        }
        at
    }

    fn copy_to(&mut self, to: usize) {
        let part = self.slice(self.at, to);
        self.out.push_str(part);
        self.at = to;
    }

    fn blot_to(&mut self, to: usize) {
        if to > self.at {
            self.out.push_str(BLOT);
        }
        self.at = to;
    }

    /// A word, and its value when it is the name of a credential.
    fn word(&mut self) {
        let start = self.at;
        let end = self.until(|byte| !is_of_name(byte));
        if self.token_end <= start {
            self.token_end = self.until(|byte| !is_of_token(byte));
        }
        let token_end = self.token_end;
        let name = self.slice(start, end);
        if is_token(self.slice(start, token_end), token_end == self.text.len()) {
            self.blot_to(token_end);
            return;
        }
        self.copy_to(end);
        if !is_sensitive_name(name) {
            return;
        }
        if let Some((value, quoted)) = self.after_separator(name) {
            self.copy_to(value);
            self.value(name, quoted);
        }
    }

    /// Where the value of a name that ends here begins, and whether the name was in quotes.
    fn after_separator(&self, name: &str) -> Option<(usize, bool)> {
        let mut at = self.at;
        let (backslashes, quote) = self.quote(at);
        let quoted = quote.is_some();
        if quoted {
            at += backslashes + 1;
        }
        let blanks = |at| self.until_from(at, |byte| !is_blank(byte));
        let spaces = |at| self.until_from(at, |byte| !byte.is_ascii_whitespace());
        let separator = if quoted { spaces(at) } else { blanks(at) };
        match self.peek(separator) {
            Some(b':' | b'=') => {
                let mut value = separator + 1;
                if self.peek(value) == Some(b'>') {
                    value += 1;
                }
                Some((if quoted { spaces(value) } else { blanks(value) }, quoted))
            }
            // `--api-key KEY`, `Bearer KEY`
            Some(_) if separator > at && name.starts_with("--") => Some((separator, quoted)),
            Some(_) if separator > at && name.eq_ignore_ascii_case("bearer") => {
                let end = self.until_from(separator, ends_bare);
                let word = self.slice(separator, end);
                let random = word.bytes().any(|byte| byte.is_ascii_digit());
                (random || word.len() >= SHORTEST_TOKEN || end == self.text.len())
                    .then_some((separator, quoted))
            }
            _ => None,
        }
    }

    /// The number of backslashes here, and the quotation mark behind them.
    fn quote(&self, at: usize) -> (usize, Option<u8>) {
        let end = self.until_from(at, |byte| byte != b'\\');
        let quote = self.peek(end);
        let quote = quote.filter(|byte| matches!(byte, b'"' | b'\'' | b'`'));
        (end - at, quote)
    }

    fn value(&mut self, name: &str, name_quoted: bool) {
        if let (backslashes, Some(quote)) = self.quote(self.at) {
            self.copy_to(self.at + backslashes + 1);
            let end = self.string_end(self.at, backslashes, quote);
            self.blot_to(end);
            return;
        }
        let end = match self.byte() {
            Some(b'{' | b'[') if name_quoted => self.composite_end(),
            _ => self.bare_end(name),
        };
        self.blot_to(end);
    }

    /// Where a string's closing mark is, with the backslashes before it. A mark within strings
    /// within strings has 1, 3, 7 ... before it; a mark of the string itself is told from those of
    /// its content by their number, whatever the depth. One with fewer ends an outer string.
    fn string_end(&self, from: usize, depth: usize, quote: u8) -> usize {
        let mut at = from;
        loop {
            at = self.until_from(at, |byte| matches!(byte, b'\\' | b'"' | b'\'' | b'`'));
            if self.peek(at).is_none() {
                return at;
            }
            let (backslashes, found) = self.quote(at);
            let closes =
                backslashes < depth || (backslashes - depth).is_multiple_of(2 * (depth + 1));
            if found == Some(quote) && closes {
                return at + backslashes.saturating_sub(depth);
            }
            at += backslashes + usize::from(found.is_some());
        }
    }

    /// Where an object or array ends that begins here.
    fn composite_end(&self) -> usize {
        let mut open = 0_usize;
        let mut at = self.at;
        while let Some(byte) = self.peek(at) {
            match byte {
                b'{' | b'[' => open += 1,
                b'}' | b']' => open = open.saturating_sub(1),
                b'"' | b'\\' => {
                    if let (backslashes, Some(quote)) = self.quote(at) {
                        let inside = at + backslashes + 1;
                        at = self.string_end(inside, backslashes, quote) + backslashes;
                    }
                }
                _ => {}
            }
            at += 1;
            if open == 0 {
                return at;
            }
        }
        self.text.len()
    }

    /// Where a value without quotation marks ends.
    fn bare_end(&self, name: &str) -> usize {
        // A header's value is all that follows it.
        let header = |known: &str| name.to_ascii_lowercase().ends_with(known);
        if header("authorization") || header("cookie") {
            return self.until(ends_line);
        }
        let end = self.until(ends_bare);
        let scheme = self.slice(self.at, end).to_ascii_lowercase();
        if matches!(scheme.as_str(), "bearer" | "basic" | "digest" | "token") {
            let next = self.until_from(end, |byte| !is_blank(byte));
            return self.until_from(next, ends_bare);
        }
        end
    }
}

/// The text without private keys in PEM.
fn without_private_keys(text: &str) -> Cow<'_, str> {
    const BEGIN: &str = "-----BEGIN ";
    const END: &str = "-----END ";
    if !text.contains(BEGIN) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once(BEGIN) {
        out.push_str(before);
        out.push_str(BEGIN);
        let kind = after.split("-----").next().unwrap_or_default();
        if kind.ends_with("PRIVATE KEY") || kind.len() == after.len() {
            out.push_str(BLOT);
            rest = after.find(END).and_then(|at| after.get(at..)).unwrap_or("");
        } else {
            rest = after;
        }
    }
    out.push_str(rest);
    Cow::Owned(out)
}

/// The text with letters of names that JSON has as `\u0061` as themselves.
fn with_plain_names(text: &str) -> Cow<'_, str> {
    const MARK: &str = "\\u00";
    if !text.contains(MARK) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once(MARK) {
        let code = after
            .get(..2)
            .and_then(|hex| u8::from_str_radix(hex, 16).ok());
        match code.filter(|byte| is_of_name(*byte)) {
            Some(byte) => {
                out.push_str(before.trim_end_matches('\\'));
                out.push(char::from(byte));
                rest = after.get(2..).unwrap_or_default();
            }
            None => {
                out.push_str(before);
                out.push_str(MARK);
                rest = after;
            }
        }
    }
    out.push_str(rest);
    Cow::Owned(out)
}

#[cfg(test)]
mod tests;
