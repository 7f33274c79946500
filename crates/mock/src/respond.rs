//! From a request and a scenario to a reply: which service is being played, what it answers. No
//! I/O.

use std::io;

use weir_wire::dialect::Dialect;

use crate::ask::Ask;
use crate::breaks;
use crate::director::{Director, Wish};
use crate::echo;
use crate::failure::Failure;
use crate::fixed;
use crate::headers::{self, Fields};
use crate::ids::{self, Random};
use crate::limits;
use crate::received::Received;
use crate::route::Route;
use crate::scenario::Scenario;
use crate::script::{Cut, Raw, Step};
use crate::service::{Host, Service};
use crate::shape;
use crate::speak::Speech;
use crate::tokens;
use crate::turn::{self, Turn};

/// `created` fields begin here and grow by one with each request.
const CREATED: u64 = 1_790_000_000;

/// One request being answered.
pub(crate) struct Scene<'a> {
    director: &'a Director,
    request: &'a Received,
    serial: u64,
    random: Random,
}

impl<'a> Scene<'a> {
    pub(crate) fn new(director: &'a Director, request: &'a Received, serial: u64) -> Self {
        Self {
            director,
            request,
            serial,
            random: ids::for_request(director.seed, serial),
        }
    }

    pub(crate) fn answer(&mut self, chosen: Option<Scenario>, route: Route) -> io::Result<Raw> {
        let ask = Ask::of(&route, self.request);
        let marked = ask
            .as_ref()
            .filter(|ask| !ask.is_auxiliary)
            .and_then(|ask| Scenario::find(&ask.prompt));
        let is_chosen = chosen.is_some();
        let wish = Wish {
            chosen,
            marked,
            is_turn: ask.is_some(),
        };
        let mut scenario = self.director.choose(wish, self.request, self.serial);
        // A default scenario is about model turns; the rest of the API goes on as usual.
        let counts = is_chosen || ask.is_some();
        if counts && is_fault(&scenario.name) && !self.director.fails_again(&scenario) {
            "text".clone_into(&mut scenario.name);
        }
        let hangs = counts && scenario.name == "hang";
        let early = if counts {
            self.early(&scenario, route.service())
        } else {
            None
        };
        let mut reply = match early {
            Some(reply) => reply?,
            None => self.proper(&scenario, ask.as_ref(), route)?,
        };
        if hangs {
            reply
                .before_head
                .insert(0, Step::Gate(self.director.held()));
            reply.fault = Some("hang");
        }
        Ok(reply)
    }

    /// What the route asks for.
    fn proper(&mut self, scenario: &Scenario, ask: Option<&Ask>, route: Route) -> io::Result<Raw> {
        match (ask, route) {
            (Some(ask), _) => self.generate(scenario, ask),
            (None, Route::Fixed { service, body }) => {
                let text = fixed::body(&body, service, self.request, &mut self.random);
                self.json(scenario, service, 200, text)
            }
            (None, Route::Token(token)) => {
                Ok(tokens::answer(&token, self.request, &self.director.issuer))
            }
            (None, Route::Empty) => Ok(Raw::new(200).body("")),
            (
                None,
                Route::Refused {
                    service,
                    status,
                    allow,
                },
            ) => self.refused(scenario, service, status, allow),
            (None, Route::Generate { .. }) => Ok(Raw::new(500)), // has been read above
        }
    }

    /// Scenarios that do not depend on what was asked.
    fn early(&mut self, scenario: &Scenario, service: Service) -> Option<io::Result<Raw>> {
        if let Some(status) = status(scenario) {
            return Some(self.failure(scenario, service, &Failure::of(scenario, status)));
        }
        match scenario.name.as_str() {
            "refuse" => Some(Ok(Raw::refuse(breaks::cut(scenario).unwrap_or(Cut::Fin)))),
            "echo" => {
                let body = echo::described(self.request).to_string();
                Some(self.json(scenario, service, 200, body))
            }
            name if is_known(name) => None,
            name => {
                let message = format!("the mock knows no scenario `{name}`");
                let failure = Failure::new(400, &message);
                Some(self.failure(scenario, service, &failure))
            }
        }
    }

    fn generate(&mut self, scenario: &Scenario, ask: &Ask) -> io::Result<Raw> {
        let service = ask.service;
        if ask.body.is_null() {
            let failure = Failure::new(400, "The request body is not valid JSON.");
            return self.failure(scenario, service, &failure);
        }
        let turn = turn::turn(scenario, ask, &mut self.random);
        let headers = self.turn_headers(scenario, ask, &turn);
        let speech = Speech {
            turn: &turn,
            ask,
            random: self.random.clone(),
            created: CREATED + self.serial,
        };
        if ask.stream {
            return shape::stream(scenario, ask, speech.events(), headers);
        }
        if scenario.name == "error_200" {
            let own = Service::from(service.dialect);
            let body = breaks::hidden(scenario).body(own, &mut headers.clone());
            let mut reply = shape::whole(scenario, 200, body, headers)?;
            reply.fault = Some("error_200");
            return Ok(reply);
        }
        shape::whole(scenario, 200, speech.whole(), headers)
    }

    fn turn_headers(&mut self, scenario: &Scenario, ask: &Ask, turn: &Turn) -> Fields {
        let service = ask.service;
        let kind = match (service.host, service.dialect, ask.stream) {
            (Host::Bedrock, _, true) => "application/vnd.amazon.eventstream",
            (_, Dialect::Gemini, true) if !ask.as_array => "text/event-stream",
            (_, Dialect::Gemini, _) => "application/json; charset=UTF-8",
            (_, _, true) => "text/event-stream; charset=utf-8",
            (_, _, false) => "application/json",
        };
        let mut headers = self.headers(scenario, service, kind);
        if service.host == Host::Bedrock {
            let mut add = |name: &str, value: String| {
                headers.push((format!("X-Amzn-Bedrock-{name}"), value));
            };
            if ask.stream {
                add("Content-Type", "application/json".to_owned());
            } else {
                add("Invocation-Latency", "321".to_owned());
                add("Input-Token-Count", turn.usage.input.to_string());
                add("Output-Token-Count", turn.usage.output().to_string());
            }
        }
        headers
    }

    fn headers(&mut self, scenario: &Scenario, service: Service, kind: &str) -> Fields {
        let mut fields = headers::service(service, kind, &mut self.random);
        if service.host == Host::Own {
            limits::add(service.dialect, scenario, &mut fields);
        }
        fields
    }

    fn json(
        &mut self,
        scenario: &Scenario,
        service: Service,
        status: u16,
        body: String,
    ) -> io::Result<Raw> {
        let headers = self.headers(scenario, service, "application/json");
        shape::whole(scenario, status, body, headers)
    }

    fn failure(
        &mut self,
        scenario: &Scenario,
        service: Service,
        failure: &Failure,
    ) -> io::Result<Raw> {
        let mut fields = self.headers(scenario, service, "application/json");
        limits::retry(scenario, failure.status, &mut fields);
        let body = failure.body(service, &mut fields);
        shape::whole(scenario, failure.status, body, fields)
    }

    fn refused(
        &mut self,
        scenario: &Scenario,
        service: Service,
        status: u16,
        allow: &str,
    ) -> io::Result<Raw> {
        let message = match status {
            405 => "Method Not Allowed".to_owned(),
            426 => "This service does not speak WebSocket here.".to_owned(),
            _ if service.dialect == Dialect::OpenaiChat => {
                format!(
                    "Invalid URL ({} {})",
                    self.request.method,
                    self.request.path()
                )
            }
            _ => "Not found".to_owned(),
        };
        let reply = self.failure(scenario, service, &Failure::new(status, &message))?;
        Ok(match status {
            405 => reply.header("Allow", allow),
            426 => reply.header("Upgrade", "websocket"),
            _ => reply,
        })
    }
}

/// The error status that a scenario stands for.
fn status(scenario: &Scenario) -> Option<u16> {
    let status = match scenario.name.as_str() {
        "rate_limit" => Some(429),
        "overloaded" => Some(529),
        "error" => Some(u16::try_from(scenario.size("status", 500)).unwrap_or(500)),
        name => name.parse::<u16>().ok(),
    };
    status.filter(|status| (300..=599).contains(status))
}

/// Scenarios that end with `count=N` after so many requests.
fn is_fault(name: &str) -> bool {
    FAULTS.contains(&name) || name.parse::<u16>().is_ok()
}

/// Whether there is a scenario of that name.
pub(crate) fn is_known(name: &str) -> bool {
    let is_status = name
        .parse::<u16>()
        .is_ok_and(|status| (300..=599).contains(&status));
    KNOWN.contains(&name) || FAULTS.contains(&name) || is_status
}

const FAULTS: [&str; 10] = [
    "error",
    "rate_limit",
    "overloaded",
    "refuse",
    "hang",
    "drop",
    "silent",
    "stream_error",
    "error_200",
    "corrupt",
];

/// Every other scenario.
const KNOWN: [&str; 27] = [
    "text",
    "echo",
    "tools",
    "parallel",
    "thinking",
    "redacted",
    "citations",
    "pings",
    "slow",
    "huge_line",
    "split",
    "odd",
    "gzip",
    "br",
    "zstd",
    "deflate",
    "close",
    "usage",
    "agent",
    "subagent",
    "refusal",
    "max_tokens",
    "stop_sequence",
    "pause_turn",
    "size",
    "limits",
    "bench",
];
