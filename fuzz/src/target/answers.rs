//! Whole answers and errors of every dialect for clients of every other.

use weir_wire::dialect::Dialect;
use weir_wire::translate::codec;
use weir_wire::translate::inbound;
use weir_wire::translate::options::AnswerOptions;

use super::super::check;
use super::super::input::Input;

/// What the client gets is JSON that its own dialect reads; an error is one there, too.
pub fn run(data: &[u8]) {
    let mut input = Input::new(data);
    let (way, choice, status) = (input.way(), input.byte(), input.byte());
    let back = super::requests::back(way, input.part());
    let body = input.rest();
    let options = AnswerOptions {
        model: if choice & 1 == 0 { "mine\"" } else { "" },
        now_unix: 1_700_000_000,
        seed: 7,
        estimated_input: 11,
        include_usage: choice & 2 == 0,
    };
    if let Ok(answer) = inbound::answer(body, &back, &options) {
        check::bounded(answer.len(), body.len(), 40);
        check::object(&answer);
        let read = codec::read_answer(way.client, &answer);
        // One of Responses that failed is not read as an answer.
        let failed = read.as_ref().is_err_and(|fault| fault.field == "status");
        assert!(
            read.is_ok() || (failed && way.client == Dialect::OpenaiResponses),
            "{read:?}: {}",
            String::from_utf8_lossy(&answer)
        );
        assert_eq!(inbound::answer(body, &back, &options), Ok(answer));
    }
    let statuses = [400, 401, 403, 404, 413, 429, 500, 502, 503, 529, 200, 302];
    let status = statuses[usize::from(status) % statuses.len()];
    let (status, error) = inbound::error(way, status, body);
    assert!((400..600).contains(&status), "{status}");
    check::bounded(error.len(), body.len(), 8);
    let error = check::object(&error);
    assert!(error.is_none_or(|error| error["error"].is_object()));
}
