//! How a target takes its input apart: a few bytes that choose, then what is read.
//!
//! Digits choose what their value says, so that seeds can be written by hand: `01` is the first
//! dialect, then the second.

use weir_wire::dialect::Dialect;
use weir_wire::translate::outbound::Way;

/// The dialects in the order in which digits choose them.
pub const DIALECTS: [Dialect; 4] = [
    Dialect::AnthropicMessages,
    Dialect::OpenaiChat,
    Dialect::OpenaiResponses,
    Dialect::Gemini,
];

/// What stands between two texts of one input.
const SEPARATOR: &[u8] = b"\n--\n";

/// An input that is taken from the front.
#[derive(Clone, Copy, Debug)]
pub struct Input<'a>(&'a [u8]);

impl<'a> Input<'a> {
    #[must_use]
    pub fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    /// The next byte; 0 when there is none.
    pub fn byte(&mut self) -> u8 {
        let Some((first, rest)) = self.0.split_first() else {
            return 0;
        };
        self.0 = rest;
        *first
    }

    /// A number below `end`, which is at most 48 for digits to mean themselves.
    pub fn below(&mut self, end: usize) -> usize {
        let byte = usize::from(self.byte());
        byte.checked_sub(48).unwrap_or(byte) % end
    }

    pub fn flag(&mut self) -> bool {
        self.byte() & 1 == 1
    }

    pub fn dialect(&mut self) -> Dialect {
        DIALECTS[self.below(4)]
    }

    /// From one dialect to another.
    pub fn way(&mut self) -> Way {
        let (client, provider) = (self.below(4), self.below(4));
        let provider = match provider == client {
            true => (provider + 1) % 4,
            false => provider,
        };
        Way {
            client: DIALECTS[client],
            provider: DIALECTS[provider],
        }
    }

    /// At most `count` bytes.
    pub fn take(&mut self, count: usize) -> &'a [u8] {
        let (first, rest) = self.0.split_at(count.min(self.0.len()));
        self.0 = rest;
        first
    }

    /// What comes before the next separator, or all.
    pub fn part(&mut self) -> &'a [u8] {
        let all = self.0;
        let at = all
            .windows(SEPARATOR.len())
            .position(|window| window == SEPARATOR);
        let at = at.unwrap_or(all.len());
        self.0 = all.get(at + SEPARATOR.len()..).unwrap_or_default();
        all.get(..at).unwrap_or_default()
    }

    /// All that is left.
    #[must_use]
    pub fn rest(self) -> &'a [u8] {
        self.0
    }
}

/// Numbers that look random and depend on the seed alone.
#[derive(Clone, Copy, Debug)]
pub struct Xorshift(u64);

impl Xorshift {
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
    }

    pub fn draw(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    /// A number below `end`, or 0.
    pub fn below(&mut self, end: usize) -> usize {
        let end = u64::try_from(end).unwrap_or(u64::MAX).max(1);
        usize::try_from((self.draw() >> 11) % end).unwrap_or(0)
    }
}

/// Cuts `bytes` in pieces as `seed` says; some may be empty.
#[must_use]
pub fn cut(bytes: &[u8], seed: u8) -> Vec<&[u8]> {
    let longest = [1, 3, 17, 200][usize::from(seed % 4)];
    let mut random = Xorshift::new(u64::from(seed));
    let mut pieces = Vec::new();
    let mut rest = bytes;
    while !rest.is_empty() {
        let length = match longest {
            1 => 1,
            longest => random.below(longest + 1).min(rest.len()),
        };
        let (piece, later) = rest.split_at(length);
        pieces.push(piece);
        rest = later;
    }
    pieces
}
