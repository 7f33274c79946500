//! What is learnt from an answer for the requests after it: whether the provider did well, what
//! the key has left, what was used, where the session is warm, who issued a thinking signature.
//!
//! The body is looked at behind the client's back: a piece is read when the next one is asked for,
//! and the last when the answer has ended.

use std::sync::Arc;

use bytes::Bytes;
use http::HeaderMap;
use http::header::{CONTENT_ENCODING, CONTENT_TYPE};
use tokio::time::Instant;
use weir_core::exchange::End;
use weir_core::keys::Tokens;
use weir_core::tokens;
use weir_core::vault::Vault;
use weir_wire::decode::decode;
use weir_wire::dialect::{Dialect, Operation};
use weir_wire::facts::response::ResponseObserver;
use weir_wire::thinking::SignatureTap;
use weir_wire::translate::codec;
use weir_wire::translate::options::Hints;
use weir_wire::usage::Usage;

use crate::clock::now;
use crate::fleet::{Member, Memories, Permit};
use crate::keyring::KeyUse;
use crate::metrics::seconds;

/// Encoded bytes of an answer that are held to be read at its end; a larger one is not read.
const MAX_ENCODED: usize = 4 * 1024 * 1024;
/// Bytes that an encoded answer may decode to.
const MAX_DECODED: usize = 32 * 1024 * 1024;

/// What reads an answer, and what it is for.
#[derive(Debug)]
pub struct Settlement {
    member: Arc<Member>,
    permit: Permit,
    key: Option<KeyUse>,
    usage: Option<ResponseObserver>,
    signatures: Option<Signatures>,
    /// The piece that was given out last.
    unread: Option<Bytes>,
    encoded: Option<Encoded>,
    /// When the try began, until its first byte has come.
    begun: Option<Instant>,
    /// What was used, where the answer was read before it went to the client.
    counted: Option<Usage>,
    /// The request, where what it used teaches how to estimate others.
    lesson: Option<Lesson>,
    /// Whether what was used is to be told.
    tells: bool,
}

/// A request whose tokens are estimated once the provider has counted them.
#[derive(Debug)]
pub struct Lesson {
    /// Its body, in the provider's dialect.
    pub body: Bytes,
    /// The dialect.
    pub dialect: Dialect,
    /// The model that was asked for.
    pub model: Box<str>,
    /// What learns from it.
    pub memories: Arc<Memories>,
}

impl Lesson {
    /// Estimates on a thread of its own, as that takes milliseconds.
    fn learn(self, actual: u64) {
        tokio::task::spawn_blocking(move || {
            let hints = Hints {
                path_model: Some(&self.model),
                stream: false,
            };
            if let Ok(request) = codec::read_request(self.dialect, &self.body, &hints) {
                let estimated = tokens::count(&request);
                self.memories
                    .calibration
                    .learn(&self.model, estimated, actual);
            }
        });
    }
}

/// Who issued what.
#[derive(Debug)]
pub struct Signatures {
    /// Reads them.
    pub tap: SignatureTap,
    /// Keeps them.
    pub vault: Arc<Vault>,
    /// The family of the model that signs.
    pub group: Box<str>,
}

#[derive(Debug)]
struct Encoded {
    encoding: Box<str>,
    pieces: Vec<Bytes>,
    len: usize,
}

impl Settlement {
    /// What is learnt from `member`'s answer with these headers.
    #[must_use]
    pub fn new(
        member: Arc<Member>,
        permit: Permit,
        key: Option<KeyUse>,
        signatures: Option<Signatures>,
    ) -> Self {
        Self {
            member,
            permit,
            key,
            usage: None,
            signatures,
            unread: None,
            encoded: None,
            begun: None,
            counted: None,
            lesson: None,
            tells: false,
        }
    }

    /// Learns from `lesson` when the tokens of its prompt are known.
    pub fn teach(&mut self, lesson: Option<Lesson>) {
        self.lesson = lesson;
    }

    /// Has what was used told at the end.
    pub fn tell(&mut self) {
        self.tells = true;
    }

    /// Measures the time from `begun` to the first byte of the body.
    pub fn time(&mut self, begun: Instant) {
        self.begun = Some(begun);
    }

    fn first_byte(&mut self) {
        if self.begun.is_some() {
            self.first_byte_was(Instant::now());
        }
    }

    /// The first byte of the body came at `at`.
    pub fn first_byte_was(&mut self, at: Instant) {
        if let Some(begun) = self.begun.take() {
            let elapsed = at.saturating_duration_since(begun).as_micros();
            let elapsed = u64::try_from(elapsed).unwrap_or(u64::MAX);
            self.member.latency.lock().record(elapsed, now());
            self.member.first_bytes.observe(seconds(elapsed));
            self.permit.answered(now());
        }
    }

    /// Makes ready for the body that `headers` announce.
    pub fn expect(&mut self, headers: &HeaderMap, dialect: Dialect, operation: Operation) {
        let text = |name| {
            headers
                .get(name)
                .and_then(|value: &http::HeaderValue| value.to_str().ok())
        };
        let limited = self.key.as_ref().is_some_and(KeyUse::counts_tokens);
        if limited || self.tells || self.lesson.is_some() {
            let observer = ResponseObserver::new(dialect, operation, text(CONTENT_TYPE));
            self.usage = Some(observer.counting());
        }
        let encoding = text(CONTENT_ENCODING).filter(|name| !name.eq_ignore_ascii_case("identity"));
        self.encoded = encoding.filter(|_| self.reads()).map(|encoding| Encoded {
            encoding: encoding.into(),
            pieces: Vec::new(),
            len: 0,
        });
    }

    fn reads(&self) -> bool {
        self.usage.is_some() || self.signatures.is_some()
    }

    /// A piece is about to go to the client.
    pub fn arrived(&mut self, piece: &Bytes) {
        self.first_byte();
        if !self.reads() {
            return;
        }
        match &mut self.encoded {
            Some(encoded) => {
                encoded.len += piece.len();
                if encoded.len <= MAX_ENCODED {
                    encoded.pieces.push(piece.clone());
                } else {
                    encoded.pieces.clear();
                }
            }
            None => {
                self.catch_up();
                self.unread = Some(piece.clone());
            }
        }
    }

    /// Reads the piece that was given out last.
    pub fn catch_up(&mut self) {
        if let Some(piece) = self.unread.take() {
            self.read(&piece);
        }
    }

    fn read(&mut self, piece: &Bytes) {
        if let Some(usage) = &mut self.usage {
            usage.push(piece);
        }
        if let Some(Signatures { tap, vault, group }) = &mut self.signatures {
            let issuer = self.member.name();
            tap.push(piece, &mut |learnt| {
                vault.learn(group, &learnt, issuer, now());
            });
        }
    }

    fn read_the_rest(&mut self) {
        self.catch_up();
        if let Some(encoded) = self.encoded.take()
            && encoded.len <= MAX_ENCODED
        {
            let whole = encoded.pieces.concat();
            let decoded = decode(Some(&encoded.encoding), &whole, MAX_DECODED);
            self.read(&Bytes::from(decoded.bytes.into_owned()));
        }
        if let Some(Signatures { tap, vault, group }) = &mut self.signatures {
            let issuer = self.member.name();
            tap.finish(&mut |learnt| vault.learn(group, &learnt, issuer, now()));
        }
    }

    /// The provider has said all there is: what comes now is not its own.
    pub fn seal(&mut self) {
        if self.reads() {
            self.read_the_rest();
        }
        let usage = self.usage.take();
        self.counted = usage.and_then(|observer| observer.finish().usage);
        self.signatures = None;
    }

    /// The answer has ended. Gives what was used if that is to be told.
    pub fn ended(&mut self, end: &End) -> Option<Usage> {
        if *end == End::Complete {
            self.first_byte();
        }
        if self.reads() {
            self.read_the_rest();
        }
        let now = now();
        self.permit.ended(end, now);
        let usage = self
            .usage
            .take()
            .and_then(|observer| observer.finish().usage)
            .or(self.counted.take());
        if let (Some(lesson), Some(usage), End::Complete) = (self.lesson.take(), &usage, end) {
            lesson.learn(prompt_tokens(usage));
        }
        if let Some(key) = self.key.take() {
            let tokens = usage.as_ref().map(|usage| Tokens {
                input: prompt_tokens(usage),
                output: usage.output_tokens.unwrap_or(0),
            });
            if let Some(tokens) = &tokens {
                self.member.count_tokens(tokens.input, tokens.output);
            }
            key.settle(tokens, now);
        }
        self.signatures = None;
        usage.filter(|_| self.tells)
    }
}

/// All of the prompt, cached or not.
fn prompt_tokens(usage: &Usage) -> u64 {
    let parts = [
        usage.input_tokens,
        usage.cache_read_input_tokens,
        usage.cache_creation_input_tokens,
    ];
    parts.into_iter().flatten().sum()
}

impl Drop for Settlement {
    fn drop(&mut self) {
        // Signatures of a stream that the client broke off were issued all the same.
        if self.reads() {
            self.read_the_rest();
        }
    }
}
