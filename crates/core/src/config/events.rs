//! What the world is told of ended exchanges, over what, and whether the parts go together.

use std::sync::Arc;

use super::check::{Findings, secret};
use super::fault::{Fault, Place};
use super::resolve::Resolved;
use super::sinks;
use crate::secret::Secret;
use crate::settings::{Bus, Events, RedisBus, Sink, Start, Told};

const BUS: &str = "events.bus";
const URL: &str = "events.redis_url";

/// What is told where a bound says 0, as in the gateway that these variables are from.
const USUAL_REQUEST: usize = 64 << 10;
const USUAL_RESPONSE: usize = 256 << 10;

/// Builds what is said of events.
pub(crate) fn check(values: &Resolved, found: &mut Findings) -> Events {
    let sinks = sinks::check(values, found);
    let bus = bus(values, found);
    let told = Told {
        bodies: values.text("events.bodies") != Some("none"),
        request_headers: values.is_on("events.request_headers"),
        cache_hits: values.is_on("events.cache_hits"),
        max_request_body_bytes: bound(values, "events.max_request_body_bytes", USUAL_REQUEST),
        max_response_body_bytes: bound(values, "events.max_response_body_bytes", USUAL_RESPONSE),
        node: values.text("events.node").map(Into::into),
    };
    let size = |path| usize::try_from(values.number(path)).unwrap_or(usize::MAX);
    let events = Events {
        bus,
        dispatch: values.is_on("events.dispatch"),
        told,
        queue: size("events.queue"),
        queue_bytes: size("events.queue_bytes"),
        flush_timeout: values.span("events.flush_timeout"),
        sinks,
    };
    together(&events, values, found);
    events
}

fn bound(values: &Resolved, path: &str, usual: usize) -> usize {
    match values.number(path) {
        0 => usual,
        bytes => usize::try_from(bytes).unwrap_or(usize::MAX),
    }
}

fn bus(values: &Resolved, found: &mut Findings) -> Option<Bus> {
    if !values.is_on("events.enabled") {
        return None;
    }
    let word = values.text(BUS);
    if word == Some("redis") && matches!(values.place(BUS), Place::Env("LLM_PROXY_EVENT_BUS")) {
        let what = "`redis` was a list that is gone";
        let fault = Fault::new(values.place(BUS), BUS, what);
        found
            .faults
            .push(fault.hint("set LLM_PROXY_EVENT_BUS=redis-streams"));
    }
    if !matches!(word, Some("redis" | "redis-streams")) {
        return Some(Bus::Memory);
    }
    let own = secret(values, URL).map(|url| (Secret::new(address(url.expose())), URL));
    let shared = || secret(values, "shared.redis_url").map(|url| (url, "shared.redis_url"));
    let Some((url, url_from)) = own.or_else(shared) else {
        let fault = Fault::new(values.place(BUS), URL, "must be set for the bus `redis`");
        found.faults.push(
            fault.hint("set `shared.redis_url`, or `events.redis_url` (REDIS_ADDR) for another"),
        );
        return None;
    };
    Some(Bus::Redis(Box::new(RedisBus {
        url,
        url_from,
        stream: values.text("events.stream").unwrap_or_default().to_owned(),
        max_len: Some(values.number("events.stream_max_len")).filter(|most| *most > 0),
        consumer: values.text("events.consumer").map(str::to_owned),
        start: match values.text("events.group_start") {
            Some("new") => Start::New,
            _ => Start::Oldest,
        },
        read_batch: values.small("events.read_batch"),
        block: values.span("events.block"),
        claim_after: values.span("events.claim_after"),
        max_dead: values.number("events.max_dead"),
    })))
}

/// An address as the client wants it: `host:port` is one without TLS.
fn address(text: &str) -> String {
    match text.contains("://") {
        true => text.to_owned(),
        false => format!("redis://{text}"),
    }
}

fn together(events: &Events, values: &Resolved, found: &mut Findings) {
    if let Some((first, second)) = twins(&events.sinks)
        && matches!(events.bus, Some(Bus::Redis(_)))
    {
        let name = &*second.name;
        // A sink may have that name, too.
        let path = match values.text("events.file") {
            Some(_) if name == sinks::EVENT_LOG => "events.file".to_owned(),
            _ => format!("events.sinks.{name}.group"),
        };
        let what = format!(
            "the group `{}` is that of the sink `{}`, too: each would get some of the events",
            first.group, first.name
        );
        let fault = Fault::new(Place::Settings, &path, what);
        found
            .faults
            .push(fault.hint("give each sink a group of its own; without one it has its name's"));
    }
    let memory = matches!(events.bus, Some(Bus::Memory));
    if memory && !events.dispatch && !events.sinks.is_empty() {
        let what = "off, but nobody else can deliver what the bus `memory` holds";
        let fault = Fault::new(values.place("events.dispatch"), "events.dispatch", what);
        found
            .faults
            .push(fault.hint("switch it on, or set `events.bus: redis`"));
    }
    if events.bus.is_none() && !events.sinks.is_empty() {
        found
            .warnings
            .push("events.sinks has no effect while events.enabled is off".to_owned());
    }
}

/// Two sinks of one group.
fn twins(sinks: &[Arc<Sink>]) -> Option<(&Sink, &Sink)> {
    sinks.iter().enumerate().find_map(|(at, second)| {
        let before = sinks.get(..at)?;
        let first = before.iter().find(|first| first.group == second.group)?;
        Some((&**first, &**second))
    })
}
