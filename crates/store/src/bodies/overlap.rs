//! How much of a new body an earlier one already holds, at the front and at the end. Compares
//! slices block by block, so that the work is done by the C library's `memcmp`.

use bytes::Bytes;

/// Large enough that the call costs nothing, small enough that a difference is found soon.
const BLOCK: usize = 4096;

/// The length of the common front of two slices.
pub(crate) fn common_prefix(a: &[u8], b: &[u8]) -> usize {
    let len = a.len().min(b.len());
    let mut at = 0;
    for step in [BLOCK, 64, 1] {
        while at + step <= len && a.get(at..at + step) == b.get(at..at + step) {
            at += step;
        }
    }
    at
}

/// The length of the common end of two slices.
pub(crate) fn common_suffix(a: &[u8], b: &[u8]) -> usize {
    let len = a.len().min(b.len());
    let (a_len, b_len) = (a.len(), b.len());
    let mut from_end = 0;
    for step in [BLOCK, 64, 1] {
        while from_end + step <= len {
            let reach = from_end + step;
            let same =
                a.get(a_len - reach..a_len - from_end) == b.get(b_len - reach..b_len - from_end);
            if !same {
                break;
            }
            from_end = reach;
        }
    }
    from_end
}

/// The length of the common front of a body in pieces and a slice.
pub(crate) fn pieces_prefix(pieces: &[Bytes], old: &[u8]) -> usize {
    let mut done = 0;
    for piece in pieces {
        let Some(rest) = old.get(done..) else { break };
        let same = common_prefix(piece, rest);
        done += same;
        if same < piece.len() {
            break;
        }
    }
    done
}

/// The length of the common end of a body in pieces and a slice, at most `limit`.
pub(crate) fn pieces_suffix(pieces: &[Bytes], old: &[u8], limit: usize) -> usize {
    let mut done = 0;
    for piece in pieces.iter().rev() {
        let Some(rest) = old.get(..old.len() - done) else {
            break;
        };
        let same = common_suffix(piece, rest);
        done += same;
        if same < piece.len() || done >= limit {
            break;
        }
    }
    done.min(limit)
}

/// Appends the bytes `from..to` of a body in pieces to `out`.
pub(crate) fn copy_range(pieces: &[Bytes], from: usize, to: usize, mut out: impl FnMut(&[u8])) {
    let mut start = 0;
    for piece in pieces {
        let end = start + piece.len();
        if end > from && start < to {
            let (a, b) = (from.max(start) - start, to.min(end) - start);
            out(piece.get(a..b).unwrap_or_default());
        }
        start = end;
        if start >= to {
            break;
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn split(body: &[u8], cuts: &[usize]) -> Vec<Bytes> {
        let mut cuts: Vec<usize> = cuts.iter().map(|c| c % (body.len() + 1)).collect();
        cuts.sort_unstable();
        let mut pieces = Vec::new();
        let mut from = 0;
        for cut in cuts.into_iter().chain([body.len()]) {
            pieces.push(Bytes::copy_from_slice(&body[from..cut]));
            from = cut;
        }
        pieces
    }

    proptest! {
        #[test]
        fn a_body_in_pieces_compares_like_a_slice(
            shared in proptest::collection::vec(any::<u8>(), 0..9000),
            mid_a in proptest::collection::vec(0u8..3, 0..100),
            mid_b in proptest::collection::vec(0u8..3, 0..100),
            tail in proptest::collection::vec(any::<u8>(), 0..300),
            cuts in proptest::collection::vec(any::<usize>(), 0..6),
        ) {
            let a = [&shared[..], &mid_a, &tail].concat();
            let b = [&shared[..], &mid_b, &tail].concat();
            let expected = a.iter().zip(&b).take_while(|(x, y)| x == y).count();
            let from_end = a.iter().rev().zip(b.iter().rev()).take_while(|(x, y)| x == y).count();
            prop_assert_eq!(common_prefix(&a, &b), expected);
            prop_assert_eq!(common_suffix(&a, &b), from_end);
            let pieces = split(&a, &cuts);
            prop_assert_eq!(pieces_prefix(&pieces, &b), expected);
            prop_assert_eq!(pieces_suffix(&pieces, &b, usize::MAX), from_end);
            let (from, to) = (a.len() / 3, a.len() - a.len() / 5);
            let mut out = Vec::new();
            copy_range(&pieces, from, to, |part| out.extend_from_slice(part));
            prop_assert_eq!(&out[..], &a[from..to]);
        }
    }
}
