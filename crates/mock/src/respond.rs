//! From a request to its reply: which scenario applies, which service is being played, what it
//! answers. No I/O.

use std::collections::{HashMap, VecDeque};
use std::io;

use parking_lot::Mutex;
use serde_json::{Value, json};
use weir_wire::dialect::Dialect;

use crate::ask::Ask;
use crate::headers::{self, Failure, Fields};
use crate::ids::{self, Random, base64};
use crate::received::Received;
use crate::route::{Route, route};
use crate::scenario::Scenario;
use crate::script::{Cut, Kind, Raw, Script};
use crate::speak::Speech;
use crate::{fixed, shape, turn};

/// Most scripts that wait in the queue; more are refused.
const MAX_QUEUE: usize = 100_000;
/// Most counters of `count=`; at the bound all begin anew.
const MAX_COUNTERS: usize = 10_000;
/// `created` fields begin here and grow by one with each request.
const CREATED: u64 = 1_790_000_000;

/// What decides answers beside the request itself.
#[derive(Debug)]
pub(crate) struct Director {
    pub(crate) default: Scenario,
    pub(crate) seed: u64,
    pub(crate) queue: Mutex<VecDeque<Script>>,
    pub(crate) failures: Mutex<HashMap<String, u64>>,
}

impl Director {
    pub(crate) fn new(default: &str, seed: u64) -> Self {
        Self {
            default: Scenario::parse(default),
            seed,
            queue: Mutex::default(),
            failures: Mutex::default(),
        }
    }

    /// Adds to the queue; `false` when it is full.
    pub(crate) fn push(&self, script: Script) -> bool {
        let mut queue = self.queue.lock();
        let has_room = queue.len() < MAX_QUEUE;
        if has_room {
            queue.push_back(script);
        }
        has_room
    }

    pub(crate) fn reset(&self) {
        self.queue.lock().clear();
        self.failures.lock().clear();
    }

    /// The reply to a recorded request.
    pub(crate) fn reply(&self, request: &Received, serial: u64) -> Raw {
        let queued = self.queue.lock().pop_front();
        let header = request.header("x-mock-scenario");
        let chosen = match queued.map(|script| script.0) {
            Some(Kind::Raw(raw)) => return *raw,
            Some(Kind::Scenario(text)) => Some(Scenario::parse(&text)),
            None => header.map(Scenario::parse),
        };
        let mut scene = Scene {
            director: self,
            request,
            serial,
            random: ids::for_request(self.seed, serial),
        };
        scene.answer(chosen).unwrap_or_else(|error| {
            Raw::new(500).body(format!("the mock could not make its answer: {error}"))
        })
    }

    /// Whether a scenario with `count=N` should fail once more.
    fn fails_again(&self, scenario: &Scenario) -> bool {
        let Some(count) = scenario
            .get("count")
            .and_then(|count| count.parse::<u64>().ok())
        else {
            return true;
        };
        let mut failures = self.failures.lock();
        if failures.len() >= MAX_COUNTERS {
            failures.clear();
        }
        let failed = failures.entry(scenario.source.clone()).or_default();
        *failed += 1;
        *failed <= count
    }
}

/// One request being answered.
struct Scene<'a> {
    director: &'a Director,
    request: &'a Received,
    serial: u64,
    random: Random,
}

impl Scene<'_> {
    fn answer(&mut self, chosen: Option<Scenario>) -> io::Result<Raw> {
        let route = route(self.request);
        let generate = match &route {
            Route::Generate {
                dialect,
                model,
                stream,
            } => Some(Ask::read(*dialect, self.request, model.as_deref(), *stream)),
            _ => None,
        };
        let marked = generate
            .as_ref()
            .filter(|ask| !ask.is_auxiliary)
            .and_then(|ask| Scenario::find(&ask.prompt));
        let is_chosen = chosen.is_some();
        let mut scenario = chosen
            .or(marked)
            .unwrap_or_else(|| self.director.default.clone());
        let dialect = route.dialect();
        // A default scenario is about model turns; the rest of the API goes on as usual.
        if is_chosen || generate.is_some() {
            if is_fault(&scenario.name) && !self.director.fails_again(&scenario) {
                "text".clone_into(&mut scenario.name);
            }
            if let Some(reply) = self.early(&scenario, dialect) {
                return reply;
            }
        }
        match (generate, route) {
            (Some(ask), _) => self.generate(&scenario, &ask),
            (None, Route::Fixed { dialect, body }) => {
                let text = fixed::body(&body, dialect, self.request, &mut self.random);
                self.json(&scenario, dialect, 200, text)
            }
            (None, Route::Empty) => Ok(Raw::new(200).body("")),
            (
                None,
                Route::Refused {
                    dialect,
                    status,
                    allow,
                },
            ) => self.refused(&scenario, dialect, status, allow),
            (None, Route::Generate { .. }) => Ok(Raw::new(500)), // has been read above
        }
    }

    /// Scenarios that do not depend on what was asked.
    fn early(&mut self, scenario: &Scenario, dialect: Dialect) -> Option<io::Result<Raw>> {
        let numeric = scenario.name.parse::<u16>().ok();
        let status = match scenario.name.as_str() {
            "rate_limit" => Some(429),
            "overloaded" => Some(529),
            "error" => Some(u16::try_from(scenario.size("status", 500)).unwrap_or(500)),
            _ => numeric,
        };
        if let Some(status) = status.filter(|status| (300..=599).contains(status)) {
            return Some(self.failure(scenario, dialect, &Failure::of(scenario, status)));
        }
        match scenario.name.as_str() {
            "refuse" => Some(Ok(Raw::refuse(shape::cut(scenario).unwrap_or(Cut::Fin)))),
            "echo" => {
                let body = echo(self.request);
                Some(self.json(scenario, dialect, 200, body))
            }
            name if KNOWN.contains(&name) => None,
            name => {
                let message = format!("the mock knows no scenario `{name}`");
                let failure = Failure::new(400, &message);
                Some(self.failure(scenario, dialect, &failure))
            }
        }
    }

    fn generate(&mut self, scenario: &Scenario, ask: &Ask) -> io::Result<Raw> {
        if ask.body.is_null() {
            let failure = Failure::new(400, "The request body is not valid JSON.");
            return self.failure(scenario, ask.dialect, &failure);
        }
        let turn = turn::turn(scenario, ask, &mut self.random);
        let kind = match (ask.dialect, ask.stream) {
            (Dialect::Gemini, true) if !ask.as_array => "text/event-stream",
            (Dialect::Gemini, _) => "application/json; charset=UTF-8",
            (_, true) => "text/event-stream; charset=utf-8",
            (_, false) => "application/json",
        };
        let headers = self.headers(scenario, ask.dialect, kind);
        let speech = Speech {
            turn: &turn,
            ask,
            random: self.random.clone(),
            created: CREATED + self.serial,
        };
        if ask.stream {
            shape::stream(scenario, ask, speech.events(), headers)
        } else {
            shape::whole(scenario, 200, speech.whole(), headers)
        }
    }

    fn headers(&mut self, scenario: &Scenario, dialect: Dialect, kind: &str) -> Fields {
        let mut fields = headers::service(dialect, kind, &mut self.random);
        headers::limits(dialect, scenario, &mut fields);
        fields
    }

    fn json(
        &mut self,
        scenario: &Scenario,
        dialect: Dialect,
        status: u16,
        body: String,
    ) -> io::Result<Raw> {
        let headers = self.headers(scenario, dialect, "application/json");
        shape::whole(scenario, status, body, headers)
    }

    fn failure(
        &mut self,
        scenario: &Scenario,
        dialect: Dialect,
        failure: &Failure,
    ) -> io::Result<Raw> {
        let mut fields = self.headers(scenario, dialect, "application/json");
        let default_wait = (failure.status == 429).then_some("1");
        if let Some(seconds) = scenario.get("retry_after").or(default_wait) {
            fields.push(("retry-after".to_owned(), seconds.to_owned()));
        }
        if let Some(should) = scenario.get("should_retry") {
            fields.push(("x-should-retry".to_owned(), should.to_owned()));
        }
        let id = fields.iter().find(|(name, _)| name == "request-id");
        let body = failure.body(dialect, id.map_or("", |(_, value)| value));
        shape::whole(scenario, failure.status, body, fields)
    }

    fn refused(
        &mut self,
        scenario: &Scenario,
        dialect: Dialect,
        status: u16,
        allow: &str,
    ) -> io::Result<Raw> {
        let message = match status {
            405 => "Method Not Allowed".to_owned(),
            426 => "This service does not speak WebSocket here.".to_owned(),
            _ if dialect == Dialect::OpenaiChat => {
                format!(
                    "Invalid URL ({} {})",
                    self.request.method,
                    self.request.path()
                )
            }
            _ => "Not found".to_owned(),
        };
        let reply = self.failure(scenario, dialect, &Failure::new(status, &message))?;
        Ok(match status {
            405 => reply.header("Allow", allow),
            426 => reply.header("Upgrade", "websocket"),
            _ => reply,
        })
    }
}

/// Scenarios that end with `count=N` after so many requests.
fn is_fault(name: &str) -> bool {
    let named = [
        "error",
        "rate_limit",
        "overloaded",
        "refuse",
        "drop",
        "silent",
        "stream_error",
    ];
    named.contains(&name) || name.parse::<u16>().is_ok()
}

/// Every scenario that shapes a model turn.
const KNOWN: [&str; 28] = [
    "text",
    "tools",
    "parallel",
    "thinking",
    "citations",
    "pings",
    "stream_error",
    "slow",
    "silent",
    "drop",
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

/// What was received, as JSON.
pub(crate) fn echo(request: &Received) -> String {
    described(request).to_string()
}

/// A request as JSON, without what the mock itself noted about it.
pub(crate) fn described(request: &Received) -> Value {
    let (body, encoding) = match std::str::from_utf8(&request.body) {
        Ok(text) => (text.to_owned(), "utf-8"),
        Err(_) => (base64(&request.body), "base64"),
    };
    json!({
        "method": request.method,
        "target": request.target,
        "http_version": format!("{:?}", request.http_version),
        "headers": request.headers,
        "trailers": request.trailers,
        "body": body,
        "body_encoding": encoding,
        "body_complete": request.body_complete,
        "connection": request.connection,
    })
}
