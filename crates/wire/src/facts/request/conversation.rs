//! The messages of a request: their marks, their number and the hash that names the conversation.

use sha2::{Digest, Sha256};

use super::message::{Block, Message};
use super::top::Told;
use super::{MessageMark, RequestFacts};
use crate::asides;
use crate::scan::{Cursor, Kind, Text};

/// Most messages that get a mark: 16 bytes each, held for every open session.
const MAX_MARKS: usize = 16_384;
/// Raw bytes of a message that are looked through for the user's own words.
const READ_LIMIT: usize = 128 * 1024;
/// Bytes of the user's own words that are hashed.
const HASH_LIMIT: usize = 16 * 1024;
/// Characters of the user's own words that are shown.
const SHORT: usize = 200;

/// The hash that a conversation has whose first words of the user are these; none without words.
pub(super) fn hash_of(text: &str) -> Option<String> {
    let mut words = Words::default();
    words.add_plain(text);
    words.hash()
}

/// What the messages read so far say.
pub(super) struct Conversation<'a> {
    body: &'a [u8],
    pub(super) marks: Vec<MessageMark>,
    pub(super) count: Option<u32>,
    pub(super) hash: Option<String>,
    pub(super) opening: Option<u32>,
    pub(super) words: Option<Box<str>>,
    pub(super) told: Told,
    /// Whether the hash is all that is wanted.
    hash_only: bool,
}

impl<'a> Conversation<'a> {
    pub(super) fn new(body: &'a [u8]) -> Self {
        Self {
            body,
            marks: Vec::new(),
            count: None,
            hash: None,
            opening: None,
            words: None,
            told: Told::default(),
            hash_only: false,
        }
    }

    /// Reads no message behind the one that gives the hash, and makes no marks.
    pub(super) fn opening_of(body: &'a [u8]) -> Self {
        Self {
            hash_only: true,
            ..Self::new(body)
        }
    }

    /// Forgets the messages: the member came again, and the last one counts.
    pub(super) fn restart(&mut self) {
        *self = Self {
            hash_only: self.hash_only,
            ..Self::new(self.body)
        };
    }

    /// What a scan of the same bytes had found at the last of `kept`.
    pub(super) fn resume(body: &'a [u8], previous: &RequestFacts, kept: &[MessageMark]) -> Self {
        let count = u32::try_from(kept.len()).unwrap_or(u32::MAX);
        let known = previous.opening.is_some_and(|opening| opening < count);
        Self {
            body,
            marks: kept.to_vec(),
            count: Some(count),
            hash: previous.conversation_hash.clone().filter(|_| known),
            opening: previous.opening.filter(|_| known),
            words: previous.opening_words.clone().filter(|_| known),
            told: previous.told,
            hash_only: false,
        }
    }

    /// Takes the value of the messages member.
    pub(super) fn read(&mut self, cursor: &mut Cursor<'a>) {
        match cursor.kind() {
            Some(Kind::Array) => {
                self.count = Some(0);
                cursor.array(|cursor| self.message(cursor));
            }
            Some(Kind::String | Kind::Object) => {
                self.count = Some(0);
                self.message(cursor);
                // Nothing can follow the one message, so there is nothing to resume at.
                self.marks.clear();
            }
            _ => cursor.skip(),
        }
    }

    /// Takes one message.
    pub(super) fn message(&mut self, cursor: &mut Cursor<'a>) {
        if self.hash_only {
            return self.opening_only(cursor);
        }
        let message = Message::read(cursor);
        if cursor.malformed() {
            return;
        }
        let index = self.count.unwrap_or(0);
        self.count = Some(index.saturating_add(1));
        if self.marks.len() < MAX_MARKS {
            self.marks.push(MessageMark {
                end: cursor.offset(),
                fingerprint: message.fingerprint(),
            });
        }
        if index == 0 && message.instructs() {
            self.told = message
                .content_at
                .map_or(Told::default(), |at| self.told_at(at));
        }
        if self.hash.is_none() && message.is_users() {
            let words = message.content_at.map(|at| self.opening_at(at));
            self.hash = words.as_ref().and_then(Words::hash);
            self.opening = self.hash.is_some().then_some(index);
            self.words = words
                .filter(|_| self.hash.is_some())
                .map(|words| words.short());
        }
    }

    fn opening_only(&mut self, cursor: &mut Cursor<'a>) {
        if self.hash.is_some() {
            return cursor.skip();
        }
        let message = Message::outline(cursor);
        if !cursor.malformed() && message.is_users() {
            let words = message.content_at.map(|at| self.opening_at(at));
            self.hash = words.and_then(|words| words.hash());
        }
    }

    /// What the instructions in the content at `at` say of the request.
    fn told_at(&self, at: usize) -> Told {
        let mut told = Told::default();
        self.spoken_at(at, &mut |text| told.look(text));
        told
    }

    /// The user's own words in the content at `at`; none in a message of reminders or tool
    /// results only.
    fn opening_at(&self, at: usize) -> Words {
        let mut words = Words::default();
        self.spoken_at(at, &mut |text| words.add(text));
        words
    }

    /// The texts in the content at `at`.
    fn spoken_at(&self, at: usize, take: &mut dyn FnMut(Text<'a>)) {
        let mut cursor = Cursor::resume(self.body, at, 3);
        if cursor.kind() == Some(Kind::Array) {
            cursor.array(|cursor| {
                if let Some(text) = Block::read(cursor).spoken() {
                    take(text);
                }
            });
        } else if let Some(text) = Block::read(&mut cursor).spoken() {
            take(text);
        }
    }
}

/// The user's own words: text blocks without what agents put in, trimmed, joined by blanks.
#[derive(Default)]
struct Words {
    text: String,
    read: usize,
}

impl Words {
    fn add(&mut self, text: Text<'_>) {
        let text = text.prefix(READ_LIMIT.saturating_sub(self.read));
        self.read += text.raw().len();
        // Where nothing is taken out, the beginning is all that can be hashed.
        let enough = if asides::may_hold_any(text.raw()) {
            READ_LIMIT
        } else {
            HASH_LIMIT
        };
        self.add_plain(&text.decode_about(enough));
    }

    fn add_plain(&mut self, text: &str) {
        for piece in asides::own(text) {
            self.push(piece);
        }
    }

    fn push(&mut self, words: &str) {
        let words = words.trim();
        if words.is_empty() || self.text.len() >= HASH_LIMIT {
            return;
        }
        if !self.text.is_empty() {
            self.text.push(' ');
        }
        self.text.push_str(words);
    }

    /// The beginning on one line.
    fn short(&self) -> Box<str> {
        let mut line = String::new();
        let mut left = SHORT;
        for word in self.text.split_whitespace() {
            let blank = usize::from(!line.is_empty());
            let length = word.chars().take(left + 1).count();
            if length + blank > left {
                let room = left.saturating_sub(blank);
                line.push_str(if blank > 0 && room > 0 { " " } else { "" });
                line.extend(word.chars().take(room));
                line.push_str("...");
                break;
            }
            line.push_str(if blank > 0 { " " } else { "" });
            line.push_str(word);
            left -= length + blank;
        }
        line.into()
    }

    fn hash(&self) -> Option<String> {
        let bytes = self.text.as_bytes();
        let bytes = bytes.get(..HASH_LIMIT).unwrap_or(bytes);
        if bytes.is_empty() {
            return None;
        }
        let digest = Sha256::digest(bytes);
        Some(
            digest
                .iter()
                .take(16)
                .fold(String::with_capacity(32), |mut hex, byte| {
                    for nibble in [byte >> 4, byte & 15] {
                        hex.push(char::from_digit(u32::from(nibble), 16).unwrap_or('0'));
                    }
                    hex
                }),
        )
    }
}
