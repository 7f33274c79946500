//! Opaque reasoning: requests that are mended, and what responses issue.

use bytes::Bytes;
use serde::de::IgnoredAny;
use weir_wire::thinking::{
    Learnt, Options, Resolver, SignatureTap, Standing, may_hold_reasoning, plan_edits,
};

use super::super::input::{Input, cut};

/// Makes up its mind by the value alone.
struct Fickle;

impl Resolver for Fickle {
    fn find(&mut self, group: &str, text_hash: &str) -> Option<String> {
        let known = text_hash.as_bytes().first()? % 2 == 0;
        known.then(|| format!("known-{group}-{}", text_hash.repeat(4)))
    }

    fn standing(&mut self, _: &str, value: &str) -> Standing {
        let last = value.as_bytes().last().copied().unwrap_or_default();
        match last % 3 {
            _ if value.starts_with("known-") => Standing::Good,
            0 => Standing::Unknown,
            1 => Standing::Good,
            _ => Standing::Foreign,
        }
    }
}

/// A mended request is valid if it was and needs no mending; cuts of a response make no difference.
pub fn run(data: &[u8]) {
    let mut input = Input::new(data);
    let (dialect, seed, group) = (input.dialect(), input.byte(), input.below(3));
    let group = ["claude", "gemini", "gpt"][group];
    let body = input.rest();
    request(dialect, group, body, seed);
    let mut learnt = None;
    for pieces in [vec![body], cut(body, seed)] {
        let mut tap = SignatureTap::new(dialect);
        let mut seen: Vec<Learnt> = Vec::new();
        for piece in pieces {
            tap.push(piece, &mut |one| seen.push(one));
        }
        tap.finish(&mut |one| seen.push(one));
        let size: usize = seen.iter().map(|one| one.value.len()).sum();
        assert!(size <= 3 * body.len());
        assert_eq!(*learnt.get_or_insert_with(|| seen.clone()), seen);
    }
}

fn request(dialect: weir_wire::dialect::Dialect, group: &str, body: &[u8], seed: u8) {
    let options = Options {
        placeholder: "(left out)",
    };
    let whole = Bytes::copy_from_slice(body);
    let plan = plan_edits(&whole, dialect, &mut Fickle, group, &options);
    let pieces: Vec<Bytes> = cut(body, seed)
        .into_iter()
        .map(Bytes::copy_from_slice)
        .collect();
    if !body.contains(&b'\\') && !may_hold_reasoning(dialect, std::slice::from_ref(&whole)) {
        assert!(plan.edits.is_empty(), "{plan:?}");
    }
    let (after, _) = plan.edits.apply(&[whole]);
    let after = Bytes::from(after.concat());
    assert_eq!(after, plan.edits.apply(&pieces).0.concat());
    super::super::check::bounded(after.len(), body.len(), 8);
    let text = body.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(body);
    if serde_json::from_slice::<IgnoredAny>(text).is_err() {
        return;
    }
    let text = after.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(&after);
    assert!(
        serde_json::from_slice::<IgnoredAny>(text).is_ok(),
        "{}",
        String::from_utf8_lossy(text)
    );
    let again = plan_edits(&after, dialect, &mut Fickle, group, &options);
    // What a prefix of ours vouches for may look like no signature without it.
    let vouched = body.contains(&b'#') || body.contains(&b'\\');
    assert!(
        again.edits.is_empty() || vouched,
        "{again:?} in {}",
        String::from_utf8_lossy(text)
    );
}
