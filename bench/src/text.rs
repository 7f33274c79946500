//! Text as agents send it: prose, code and tool output, already escaped for a JSON string.
//! Deterministic for a seed. It knows nothing of requests.

/// A small generator of random numbers (splitmix64); good enough to vary text.
#[derive(Clone, Debug)]
pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed ^ 0x5DEE_CE66_D1CE_4E5B)
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// A number under `bound`, which must not be zero.
    pub(crate) fn below(&mut self, bound: usize) -> usize {
        usize::try_from(self.next() % bound as u64).unwrap_or(0)
    }

    /// So many hexadecimal digits.
    pub(crate) fn hex(&mut self, digits: usize) -> String {
        let mut text = String::with_capacity(digits + 16);
        while text.len() < digits {
            text.push_str(&format!("{:016x}", self.next()));
        }
        text.truncate(digits);
        text
    }

    /// A random id in the form of a UUID.
    pub(crate) fn uuid(&mut self) -> String {
        let parts = [8, 4, 4, 4, 12].map(|digits| self.hex(digits));
        parts.join("-")
    }

    /// Common words come up more often than rare ones, as in any text.
    fn word(&mut self) -> &'static str {
        let roll = self.next();
        let (a, b) = (roll & 0xFFFF, (roll >> 16) & 0xFFFF);
        let at = (a * b * WORDS.len() as u64) >> 32;
        WORDS
            .get(usize::try_from(at).unwrap_or(0))
            .copied()
            .unwrap_or("the")
    }
}

/// Appends lines until at least `bytes` have been added.
pub(crate) fn fill(out: &mut Vec<u8>, random: &mut Random, bytes: usize) {
    let end = out.len() + bytes;
    let mut number = 1 + random.below(400);
    while out.len() < end {
        match random.below(8) {
            0 | 1 => prose(out, random),
            2 => shell(out, random),
            _ => code(out, random, number),
        }
        number += 1;
        out.extend_from_slice(b"\\n");
    }
}

fn prose(out: &mut Vec<u8>, random: &mut Random) {
    for at in 0..8 + random.below(12) {
        if at > 0 {
            out.push(b' ');
        }
        out.extend_from_slice(random.word().as_bytes());
    }
    out.extend_from_slice(if random.below(4) == 0 {
        b": \\\"yes\\\"."
    } else {
        b"."
    });
}

fn shell(out: &mut Vec<u8>, random: &mut Random) {
    out.extend_from_slice(b"-rw-r--r-- 1 dev dev ");
    out.extend_from_slice((random.next() % 100_000).to_string().as_bytes());
    out.extend_from_slice(b" Aug ");
    out.extend_from_slice((1 + random.next() % 31).to_string().as_bytes());
    out.extend_from_slice(b" src/");
    name(out, random);
    out.push(b'/');
    name(out, random);
    out.extend_from_slice(b".rs");
}

fn code(out: &mut Vec<u8>, random: &mut Random, number: usize) {
    out.extend_from_slice(format!("{number:>6}\\t").as_bytes());
    for _ in 0..random.below(4) {
        out.extend_from_slice(b"    ");
    }
    match random.below(5) {
        0 => pieces(out, random, &["let ", " = self.", ".", "(&", ")?;"]),
        1 => pieces(
            out,
            random,
            &["if ", " == \\\"", "\\\" && !", ".is_empty() {"],
        ),
        2 => pieces(
            out,
            random,
            &["pub fn ", "(&self, ", ": &str) -> Result<", "> {"],
        ),
        3 => pieces(out, random, &["// The ", " of the ", " must not ", "."]),
        _ => pieces(out, random, &["", "(", ", \\\"", "\\\", ", ");"]),
    }
}

fn pieces(out: &mut Vec<u8>, random: &mut Random, fixed: &[&str]) {
    for (at, piece) in fixed.iter().enumerate() {
        if at > 0 {
            name(out, random);
        }
        out.extend_from_slice(piece.as_bytes());
    }
}

fn name(out: &mut Vec<u8>, random: &mut Random) {
    out.extend_from_slice(random.word().as_bytes());
    if random.below(3) > 0 {
        out.push(b'_');
        out.extend_from_slice(random.word().as_bytes());
    }
}

/// From common to rare.
const WORDS: &[&str] = &[
    "the", "to", "of", "a", "and", "is", "in", "it", "for", "that", "file", "this", "with", "be",
    "not", "value", "as", "on", "test", "key", "name", "if", "are", "an", "by", "or", "from", "at",
    "error", "line", "request", "type", "path", "can", "we", "will", "when", "one", "data", "use",
    "each", "now", "has", "was", "no", "all", "index", "item", "result", "list", "state", "node",
    "size", "count", "time", "first", "last", "next", "read", "write", "open", "close", "start",
    "end", "body", "head", "field", "table", "row", "column", "query", "user", "token", "stream",
    "event", "client", "server", "route", "config", "option", "default", "check", "build", "run",
    "code", "text", "string", "number", "bytes", "buffer", "queue", "lock", "thread", "task",
    "send", "receive", "retry", "limit", "budget", "cost", "model", "message", "prompt", "answer",
    "tool", "call", "agent", "session", "cache", "store", "load", "save", "parse", "print", "log",
    "trace", "metric", "label", "color", "shape", "width", "height", "offset", "length", "page",
    "view", "panel", "button", "input", "output", "branch", "commit", "merge", "diff", "patch",
    "issue", "change", "update", "remove", "insert", "select", "filter", "sort", "group", "order",
    "before", "after", "inside", "outside", "between", "under", "over", "through", "again", "also",
    "because", "should", "would", "could", "needs", "makes", "takes", "gives", "shows", "keeps",
    "account", "address", "amount", "archive", "array", "batch", "block", "border", "bridge",
    "bucket", "camera", "canvas", "carrier", "channel", "chapter", "circle", "cluster", "column",
    "compiler", "context", "cookie", "corner", "counter", "cursor", "damage", "deadline",
    "decoder", "device", "digest", "domain", "driver", "editor", "element", "encoder", "engine",
    "entity", "epoch", "expiry", "factory", "failure", "fallback", "feature", "fixture", "footer",
    "format", "fragment", "gateway", "handler", "harbour", "hash", "header", "history", "image",
    "journal", "kernel", "language", "layout", "ledger", "library", "listener", "locale", "margin",
    "matrix", "memory", "module", "mutex", "network", "object", "packet", "parser", "partner",
    "payload", "pipeline", "pointer", "policy", "portal", "prefix", "printer", "profile",
    "protocol", "provider", "proxy", "quarter", "quota", "random", "record", "region", "registry",
    "release", "replica", "schema", "shard",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_valid_inside_a_json_string_and_depends_on_the_seed() {
        let text = |seed| {
            let mut out = vec![b'"'];
            fill(&mut out, &mut Random::new(seed), 50_000);
            out.push(b'"');
            out
        };
        let first: String = serde_json::from_slice(&text(1)).unwrap();
        assert!(first.len() > 45_000 && first.lines().count() > 500);
        assert_eq!(text(1), text(1));
        assert_ne!(text(1), text(2));
    }
}
