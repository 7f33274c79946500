//! Where and how a stream goes wrong: broken off, silent, or with an error in it.

use serde_json::{Value, json};
use weir_wire::dialect::Dialect;

use crate::ask::Ask;
use crate::failure::Failure;
use crate::headers::Fields;
use crate::scenario::Scenario;
use crate::script::Cut;
use crate::service::Host;
use crate::speak::Event;

/// How a stream ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ending {
    Proper,
    /// An error event, then the proper end of the body.
    Error,
    Silence,
    InLine,
    Cut(Cut),
}

/// After how many events a stream breaks off, and how.
#[derive(Debug)]
pub(crate) struct Break {
    pub(crate) after: usize,
    pub(crate) ending: Ending,
    /// The event that arrives broken.
    pub(crate) spoilt: Option<usize>,
    /// The kind of failure, if it is one.
    pub(crate) fault: Option<&'static str>,
}

impl Break {
    pub(crate) fn of(scenario: &Scenario, ask: &Ask, events: &[Event]) -> Self {
        let third_delta = events
            .iter()
            .enumerate()
            .filter(|(_, event)| event.is_delta)
            .nth(2);
        let middle = third_delta.map_or(events.len() / 2, |(index, _)| index + 1);
        // Responses announces itself in two events before anything can go wrong.
        let announced = match ask.service.dialect {
            Dialect::OpenaiResponses if !scenario.is_on("plain") => 2,
            _ => 0,
        };
        let (ending, default, fault) = match scenario.name.as_str() {
            "stream_error" => (Ending::Error, middle, Some("stream_error")),
            "error_200" => (Ending::Error, announced, Some("error_200")),
            "silent" => (Ending::Silence, 0, Some("silent")),
            "drop" => (drop_ending(scenario), middle, Some("drop")),
            "corrupt" => (Ending::Proper, middle, Some("corrupt")),
            _ => (Ending::Proper, usize::MAX, None),
        };
        let after = scenario.size("after", default);
        let is_corrupt = scenario.name == "corrupt";
        Self {
            after: if is_corrupt { usize::MAX } else { after },
            ending,
            spoilt: is_corrupt.then_some(after.min(events.len().saturating_sub(1))),
            fault,
        }
    }
}

fn drop_ending(scenario: &Scenario) -> Ending {
    match scenario.get("mode").unwrap_or("fin") {
        "line" => Ending::InLine,
        "end" => Ending::Proper,
        _ => Ending::Cut(cut(scenario).unwrap_or(Cut::Fin)),
    }
}

/// `mode=rst` or `mode=fin`.
pub(crate) fn cut(scenario: &Scenario) -> Option<Cut> {
    match scenario.get("mode") {
        Some("rst") => Some(Cut::Rst),
        Some("fin") => Some(Cut::Fin),
        _ => None,
    }
}

/// The failure that a scenario puts into an answer that began well.
pub(crate) fn hidden(scenario: &Scenario) -> Failure {
    let status = scenario.size("status", 529);
    Failure::of(scenario, u16::try_from(status).unwrap_or(500))
}

/// The failure as an event of a stream.
pub(crate) fn error_event(
    scenario: &Scenario,
    ask: &Ask,
    sent: &[Event],
    headers: &Fields,
) -> Event {
    let failure = hidden(scenario);
    let (name, data) = match (ask.service.host, ask.service.dialect) {
        (Host::Bedrock, _) => {
            let message = json!({"message": failure.message()});
            return Event::exception(failure.exception(), &message);
        }
        (_, Dialect::AnthropicMessages) => {
            let id = headers.iter().find(|(name, _)| name == "request-id");
            (
                Some("error"),
                failure.anthropic(id.map_or("", |(_, value)| value)),
            )
        }
        (_, Dialect::OpenaiChat) => (None, failure.openai()),
        (_, Dialect::OpenaiResponses) => return responses_error(scenario, &failure, sent),
        (_, Dialect::Gemini) => (None, failure.gemini()),
    };
    Event {
        name: name.map(str::to_owned),
        data: data.to_string(),
        is_delta: false,
        is_exception: false,
    }
}

/// `response.failed`, or with `plain` the bare `error` event.
fn responses_error(scenario: &Scenario, failure: &Failure, sent: &[Event]) -> Event {
    let message = failure.openai().pointer("/error/message").cloned();
    let code = match failure.status {
        _ if !failure.kind.is_empty() => failure.kind.as_str(),
        429 => "rate_limit_exceeded",
        _ => "server_error",
    };
    let error = json!({"code": code, "message": message});
    let number = sent.len();
    let data = if scenario.is_on("plain") {
        json!({"type": "error", "code": code, "message": message, "param": null,
            "sequence_number": number})
    } else {
        let created: Value = sent
            .first()
            .and_then(|event| serde_json::from_str(&event.data).ok())
            .unwrap_or_default();
        let mut response = created
            .get("response")
            .cloned()
            .unwrap_or_else(|| json!({}));
        if let Some(fields) = response.as_object_mut() {
            fields.insert("status".to_owned(), "failed".into());
            fields.insert("error".to_owned(), error);
        }
        json!({"type": "response.failed", "response": response, "sequence_number": number})
    };
    Event::typed(&data)
}
