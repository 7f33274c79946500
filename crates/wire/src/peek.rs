//! What routing must know of a request's body, without a tree and, where it can be helped, without
//! the whole body.
//!
//! Agents put the model first, so a request of which only the model is wanted is read for a few
//! bytes of its first piece. Only if that is not enough are the pieces joined and passed over.

use std::ops::{BitOr, BitOrAssign, Range};

use bytes::Bytes;
use xxhash_rust::xxh3::xxh3_64;

use crate::dialect::Dialect;
use crate::facts::request::Opening;
use crate::scan::Cursor;

/// What is wanted of a body.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Want(u8);

impl Want {
    /// Nothing.
    pub const NOTHING: Self = Self(0);
    /// The `model` member. Of a body that is read no further than that, the first one counts.
    pub const MODEL: Self = Self(1);
    /// The `stream` member.
    pub const STREAM: Self = Self(2);
    /// What tells of the conversation: `prompt_cache_key`, `metadata.user_id`, its beginning.
    pub const SESSION: Self = Self(4);

    fn has(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }
}

impl BitOr for Want {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

impl BitOrAssign for Want {
    fn bitor_assign(&mut self, other: Self) {
        *self = *self | other;
    }
}

/// Longest model name that is taken for one, in bytes.
const MAX_MODEL: usize = 1024;
/// Smallest body whose beginning a provider may have cached, in bytes: Anthropic and OpenAI cache
/// prompts from 1024 tokens on, and a token is about four bytes.
const MIN_CACHED: usize = 4096;

/// What a body says, as far as it was looked at.
#[derive(Clone, Debug, Default)]
pub struct Peek {
    want: Want,
    model: Option<(Box<str>, Range<usize>)>,
    stream: Option<bool>,
    session: Option<Box<str>>,
    prefix_hash: Option<u64>,
    joined: Option<Bytes>,
}

impl Peek {
    /// Looks at a body no further than `want` needs. A body that is not JSON says nothing.
    #[must_use]
    pub fn of(dialect: Dialect, pieces: &[Bytes], want: Want) -> Self {
        let mut peek = Self {
            want,
            ..Self::default()
        };
        let Some(first) = pieces.first().filter(|_| want != Want::NOTHING) else {
            return peek;
        };
        if want == Want::MODEL {
            peek.front(first);
            if peek.model.is_some() {
                return peek;
            }
        }
        let body = match pieces {
            [one] => one.clone(),
            many => Bytes::from(many.concat()),
        };
        peek.pass_over(dialect, &body);
        if pieces.len() > 1 {
            peek.joined = Some(body);
        }
        peek
    }

    /// Looks for the same again, in a body that was edited.
    #[must_use]
    pub fn again(&self, dialect: Dialect, pieces: &[Bytes]) -> Self {
        let want = Want(self.want.0 & !Want::SESSION.0);
        Self {
            session: self.session.clone(),
            prefix_hash: self.prefix_hash,
            ..Self::of(dialect, pieces, want)
        }
    }

    /// The members before the messages, as far as they lie whole in `first`.
    fn front(&mut self, first: &[u8]) {
        let mut cursor = Cursor::new(first);
        let mut found = None;
        cursor.object(|key, cursor| {
            if found.is_some() {
                return;
            }
            if key.is("model") {
                found = model_at(cursor);
            } else if !matches!(
                cursor.kind(),
                Some(crate::scan::Kind::Array | crate::scan::Kind::Object)
            ) {
                return;
            }
            // The rest is long, and nothing of it is wanted.
            cursor.stop();
        });
        self.model = found;
    }

    fn pass_over(&mut self, dialect: Dialect, body: &[u8]) {
        let mut opening = (self.want.has(Want::SESSION)).then(|| Opening::new(dialect, body));
        let mut cursor = Cursor::new(body);
        cursor.object(|key, cursor| {
            if key.is("model") {
                self.model = model_at(cursor);
            } else if key.is("stream") {
                self.stream = cursor.boolean();
            } else if let Some(opening) = &mut opening {
                opening.member(&key.decode(), cursor);
            }
        });
        if let Some(opening) = opening {
            let (session, hash) = opening.finish();
            self.session = session.map(Into::into);
            let hash = hash.filter(|_| body.len() >= MIN_CACHED);
            self.prefix_hash = hash.map(|hash| xxh3_64(hash.as_bytes()));
        }
    }

    /// The model that the body names.
    #[must_use]
    pub fn model(&self) -> Option<&str> {
        self.model.as_ref().map(|(model, _)| &**model)
    }

    /// Where its value stands, quotes included.
    #[must_use]
    pub fn model_range(&self) -> Option<Range<usize>> {
        self.model.as_ref().map(|(_, range)| range.clone())
    }

    /// Whether a stream is asked for; none if that is not said, or was not looked for.
    #[must_use]
    pub fn stream(&self) -> Option<bool> {
        self.stream
    }

    /// What the body itself calls its conversation: OpenAI's `prompt_cache_key`, or the session in
    /// Anthropic's `metadata.user_id`.
    #[must_use]
    pub fn session(&self) -> Option<&str> {
        self.session.as_deref()
    }

    /// A hash over the opening of the conversation, if it is large enough for a cache.
    #[must_use]
    pub fn prefix_hash(&self) -> Option<u64> {
        self.prefix_hash
    }

    /// The whole body in one piece, if it had to be put together.
    #[must_use]
    pub fn joined(&self) -> Option<&Bytes> {
        self.joined.as_ref()
    }
}

fn model_at(cursor: &mut Cursor<'_>) -> Option<(Box<str>, Range<usize>)> {
    cursor.kind();
    let start = cursor.offset();
    let text = cursor.string()?;
    let model = text.decode();
    (!model.is_empty() && model.len() <= MAX_MODEL).then(|| (model.into(), start..cursor.offset()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const CHAT: Dialect = Dialect::OpenaiChat;

    fn one(text: &str) -> Vec<Bytes> {
        vec![Bytes::copy_from_slice(text.as_bytes())]
    }

    #[test]
    fn a_model_in_front_is_found_without_the_rest() {
        let text = "{ \"model\" : \"a\\u0062\", \"messages\": [ {\"broken";
        let peek = Peek::of(CHAT, &one(text), Want::MODEL);
        assert_eq!(peek.model(), Some("ab"));
        assert_eq!(
            text.get(peek.model_range().unwrap()).unwrap(),
            "\"a\\u0062\""
        );
        assert_eq!(peek.stream(), None, "nobody asked");
    }

    #[test]
    fn a_model_behind_the_messages_is_found_too() {
        let text = r#"{"messages":[{"content":"\"model\":\"no\""}],"model":"yes","stream":true}"#;
        let bytes = Bytes::copy_from_slice(text.as_bytes());
        for cut in 0..text.len() {
            let pieces = [bytes.slice(..cut), bytes.slice(cut..)];
            let peek = Peek::of(CHAT, &pieces, Want::MODEL | Want::STREAM);
            assert_eq!(
                (peek.model(), peek.stream()),
                (Some("yes"), Some(true)),
                "{cut}"
            );
            assert_eq!(peek.joined().unwrap(), text);
            let peek = Peek::of(CHAT, &pieces, Want::MODEL);
            assert_eq!(peek.model(), Some("yes"), "{cut}");
        }
    }

    #[test]
    fn what_is_no_name_is_no_model() {
        for text in [
            "",
            "[]",
            "{\"model\":1}",
            "{\"model\":\"\"}",
            "{\"model\":",
            "not json",
        ] {
            let peek = Peek::of(CHAT, &one(text), Want::MODEL | Want::STREAM);
            assert_eq!(peek.model(), None, "{text}");
        }
    }

    #[test]
    fn the_turns_of_a_conversation_have_one_hash_and_small_ones_none() {
        let prompt = "All work and no play. ".repeat(300);
        let first = format!(r#"{{"messages":[{{"role":"user","content":"{prompt}"}}]}}"#);
        let second = first.replace("]}", r#",{"role":"assistant","content":"ok"}]}"#);
        let hash = |text: &str| Peek::of(CHAT, &one(text), Want::SESSION).prefix_hash();
        assert!(hash(&first).is_some());
        assert_eq!(hash(&first), hash(&second));
        assert_eq!(
            hash(r#"{"messages":[{"role":"user","content":"hi"}]}"#),
            None
        );
    }
}
