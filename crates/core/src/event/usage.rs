//! Tokens of an exchange whose provider did not count them.

use weir_wire::dialect::Dialect;
use weir_wire::translate::codec;
use weir_wire::translate::options::Hints;

use super::{Counted, TokenUsage};
use crate::tokens;

/// Longer requests are not counted, in bytes: they are files more than prompts.
const LONGEST: usize = 16 << 20;

/// Counts prompt and reply with a tokeniser like the model's; none where the request cannot be
/// read. A reply that broke off counts nothing.
pub(super) fn estimate(
    dialect: Dialect,
    model: &str,
    request: &[u8],
    answer: Option<&[u8]>,
) -> Option<TokenUsage> {
    if request.len() > LONGEST {
        return None;
    }
    let hints = Hints {
        path_model: (!model.is_empty()).then_some(model),
        stream: false,
    };
    let mut asked = codec::read_request(dialect, request, &hints).ok()?;
    if !model.is_empty() {
        asked.model = model.to_owned().into();
    }
    let input = tokens::count(&asked);
    let answer = answer.and_then(|answer| codec::read_answer(dialect, answer).ok());
    let output = answer.map_or(0, |answer| tokens::count_answer(&answer, &asked.model));
    Some(TokenUsage {
        input,
        output,
        total: input.saturating_add(output),
        source: Counted::Estimate,
        ..TokenUsage::default()
    })
}
