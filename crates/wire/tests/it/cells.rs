//! One request, one answer, one stream and some errors for each pair of dialects, as they come out,
//! under what went in. Whoever changes a translation sees here what clients and providers will see.

use std::fmt::Write as _;

use insta::Settings;
use serde_json::Value;
use weir_wire::dialect::Dialect;
use weir_wire::translate::inbound::{self, Progress, Stream};
use weir_wire::translate::options::{AnswerOptions, Hints, Options};
use weir_wire::translate::outbound::{self, Outbound, Way};

use crate::show;
use crate::sides::{model, profile, ways};

/// What goes in.
struct Sample {
    request: &'static str,
    answer: &'static str,
    stream: &'static str,
    /// Pairs of status and body.
    errors: &'static str,
}

macro_rules! sample {
    ($dialect:literal) => {
        Sample {
            request: include_str!(concat!("cells/", $dialect, "/request.json")),
            answer: include_str!(concat!("cells/", $dialect, "/answer.json")),
            stream: include_str!(concat!("cells/", $dialect, "/stream.sse")),
            errors: include_str!(concat!("cells/", $dialect, "/errors.json")),
        }
    };
}

fn sample(dialect: Dialect) -> Sample {
    match dialect {
        Dialect::AnthropicMessages => sample!("anthropic_messages"),
        Dialect::OpenaiChat => sample!("openai_chat"),
        Dialect::OpenaiResponses => sample!("openai_responses"),
        Dialect::Gemini => sample!("gemini"),
    }
}

/// The request of a client of the dialect.
pub(crate) fn request(dialect: Dialect) -> &'static str {
    sample(dialect).request
}

/// The stream of a provider of the dialect.
pub(crate) fn stream(dialect: Dialect) -> &'static str {
    sample(dialect).stream
}

fn send(way: Way, host: &str, model: &str) -> Outbound {
    let hints = Hints {
        path_model: Some("gemini-3-pro-preview"),
        stream: true,
    };
    let options = Options {
        model,
        stream: true,
        profile: &profile(host, model),
    };
    outbound::request(way, sample(way.client).request.as_bytes(), &hints, &options).unwrap()
}

const ANSWER: AnswerOptions<'_> = AnswerOptions {
    model: "what-the-client-asked-for",
    now_unix: 1_760_000_000,
    seed: 7,
    estimated_input: 1100,
    include_usage: true,
};

/// Holds `text` against the file of that name.
fn check(name: &str, text: &str) {
    let mut settings = Settings::clone_current();
    settings.set_snapshot_path("cells/snapshots");
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.bind(|| insta::assert_snapshot!(name, text));
}

fn name(way: Way, what: &str) -> String {
    let (client, provider) = (way.client.as_str(), way.provider.as_str());
    format!("{client}_asks_{provider}_{what}")
}

/// What went in and what came out.
fn text(from: &str, before: &str, to: &str, after: &str) -> String {
    format!("==== {from}\n{before}\n\n==== {to}\n{after}")
}

fn check_request(way: Way, name: &str, sent: &Outbound) {
    let client = sample(way.client).request;
    let mut after = show::json(&sent.body);
    if !sent.notes.notes.is_empty() {
        after.push_str("\n\n==== noted");
    }
    for note in &sent.notes.notes {
        write!(after, "\n{}: {}", note.field, note.what).unwrap();
    }
    if !sent.back.stops.is_empty() {
        write!(
            after,
            "\n\n==== ends the answer here: {:?}",
            sent.back.stops
        )
        .unwrap();
    }
    let before = show::json(client.as_bytes());
    check(
        name,
        &text("the client asks", &before, "the provider is asked", &after),
    );
}

#[test]
fn requests_are_put_into_the_providers_words() {
    for way in ways() {
        let sent = send(way, "api.openai.com", model(way.provider));
        check_request(way, &name(way, "request"), &sent);
    }
}

#[test]
fn a_provider_that_keeps_reasoning_is_asked_with_it() {
    for way in ways().filter(|way| way.provider == Dialect::OpenaiChat) {
        let issuer = match way.client {
            Dialect::AnthropicMessages => "anthropic/claude-sonnet-4.6",
            Dialect::Gemini => "google/gemini-3-pro-preview",
            _ => "openai/gpt-5.2",
        };
        let sent = send(way, "openrouter.ai", issuer);
        check_request(way, &name(way, "request_openrouter"), &sent);
    }
}

#[test]
fn answers_are_put_into_the_clients_words() {
    for way in ways() {
        let back = send(way, "api.openai.com", model(way.provider)).back;
        let given = sample(way.provider).answer.as_bytes();
        let told = inbound::answer(given, &back, &ANSWER).unwrap();
        let (before, after) = (show::json(given), show::json(&told));
        check(
            &name(way, "answer"),
            &text("the provider answers", &before, "the client gets", &after),
        );
    }
}

#[test]
fn streams_are_put_into_the_clients_words() {
    for way in ways() {
        let back = send(way, "api.openai.com", model(way.provider)).back;
        let given = sample(way.provider).stream.as_bytes();
        let mut stream = Stream::new(&back, &ANSWER);
        let mut told = Vec::new();
        stream.push(given, &mut told);
        stream.finish(&mut told);
        assert_eq!(*stream.progress(), Progress::Whole, "{way:?}");
        let (before, after) = (show::stream(given), show::stream(&told));
        check(
            &name(way, "stream"),
            &text("the provider streams", &before, "the client gets", &after),
        );
    }
}

#[test]
fn errors_are_put_into_the_clients_words() {
    for way in ways() {
        let errors: Vec<Value> = serde_json::from_str(sample(way.provider).errors).unwrap();
        let mut said = String::new();
        for error in errors {
            let status = u16::try_from(error["status"].as_u64().unwrap()).unwrap();
            let body = error["body"].to_string();
            let (told, after) = inbound::error(way, status, body.as_bytes());
            let (before, after) = (show::json(body.as_bytes()), show::json(&after));
            let from = format!("the provider answers {status}");
            let to = format!("the client gets {told}");
            writeln!(said, "{}\n", text(&from, &before, &to, &after)).unwrap();
        }
        check(&name(way, "errors"), said.trim_end());
    }
}
