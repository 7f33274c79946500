//! Tokens of a text in a public vocabulary. Names of special tokens are text like any other.

use std::sync::LazyLock;

use tiktoken::CoreBpe;

/// Longest stretch that is split into tokens at once, in bytes: the work grows faster than the
/// stretch where nothing divides it. A cut costs a token now and then.
const STRETCH: usize = 4096;

/// A vocabulary.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Encoding {
    /// `cl100k_base`
    Cl100k,
    /// `o200k_base`
    O200k,
}

// Not by the crate's own table of names, which would keep all its vocabularies in the binary.
static CL100K: LazyLock<CoreBpe> = LazyLock::new(tiktoken::encoding::cl100k_base);
static O200K: LazyLock<CoreBpe> = LazyLock::new(tiktoken::encoding::o200k_base);

/// Tokens of `text`.
pub(super) fn count(encoding: Encoding, text: &str) -> u64 {
    let bpe = match encoding {
        Encoding::Cl100k => &*CL100K,
        Encoding::O200k => &*O200K,
    };
    let tokens: usize = Stretches(text).map(|stretch| bpe.count(stretch)).sum();
    u64::try_from(tokens).unwrap_or(u64::MAX)
}

/// A text cut where a token is likely to end.
struct Stretches<'a>(&'a str);

impl<'a> Iterator for Stretches<'a> {
    type Item = &'a str;

    fn next(&mut self) -> Option<&'a str> {
        if self.0.is_empty() {
            return None;
        }
        let (stretch, rest) = self.0.split_at(end(self.0));
        self.0 = rest;
        Some(stretch)
    }
}

/// Where the first stretch ends: before the last space or behind the last line in its second half,
/// so that words stay with the space before them.
fn end(text: &str) -> usize {
    if text.len() <= STRETCH {
        return text.len();
    }
    let most = text.floor_char_boundary(STRETCH);
    let half = text.get(..most).and_then(|stretch| {
        let line = stretch.rfind('\n').map(|at| at + 1);
        line.filter(|at| *at > STRETCH / 2)
            .or_else(|| stretch.rfind(' ').filter(|at| *at > STRETCH / 2))
    });
    half.unwrap_or(most)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn known_texts_have_known_counts() {
        assert_eq!(count(Encoding::O200k, "Hello, world!"), 4);
        assert_eq!(count(Encoding::Cl100k, "tiktoken is great!"), 6);
        assert_eq!(count(Encoding::O200k, ""), 0);
    }

    #[test]
    fn names_of_special_tokens_are_text() {
        assert!(count(Encoding::O200k, "<|endoftext|>") > 1);
        assert!(count(Encoding::Cl100k, "<|fim_prefix|>") > 1);
    }

    #[test]
    fn a_megabyte_that_nothing_divides_is_counted() {
        for unit in ["a", " ", "\n", "!", "é", "\u{301}", "7"] {
            let text = unit.repeat((1 << 20) / unit.len());
            let tokens = count(Encoding::O200k, &text);
            assert!(tokens > 1000, "{unit:?}: {tokens}");
        }
    }

    #[test]
    fn a_thread_with_a_small_stack_can_count() {
        let thread = std::thread::Builder::new().stack_size(512 * 1024);
        let counted = thread.spawn(|| count(Encoding::O200k, "unfathomablynonexistentword"));
        assert!(counted.unwrap().join().unwrap() > 1);
    }

    #[test]
    fn cuts_change_a_count_by_little() {
        let text = "The quick brown fox jumps over the lazy dog.\n".repeat(1000);
        assert_eq!(count(Encoding::O200k, &text), 10_000);
        let prose = text.replace('\n', " ");
        let tokens = count(Encoding::O200k, &prose);
        assert!(tokens.abs_diff(10_001) < 20, "{tokens}");
    }

    proptest! {
        #[test]
        fn any_text_has_no_more_tokens_than_bytes(text in any::<String>()) {
            for encoding in [Encoding::Cl100k, Encoding::O200k] {
                let tokens = count(encoding, &text);
                prop_assert!(tokens <= text.len() as u64);
                prop_assert_eq!(tokens == 0, text.is_empty());
            }
        }

        #[test]
        fn stretches_are_the_text(text in "[a é\n]{0,20000}") {
            let whole: String = Stretches(&text).collect();
            prop_assert!(Stretches(&text).all(|stretch| stretch.len() <= STRETCH));
            prop_assert_eq!(whole, text);
        }
    }
}
