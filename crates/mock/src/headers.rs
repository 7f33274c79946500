//! The headers that every answer of a service carries, with ids that are the same in every run.

use weir_wire::dialect::Dialect;

use crate::clock;
use crate::ids::Random;
use crate::service::{Host, Service};

/// Header fields in the order they are sent.
pub(crate) type Fields = Vec<(String, String)>;

/// What every answer of a service carries. `kind` is the content type.
pub(crate) fn service(service: Service, kind: &str, random: &mut Random) -> Fields {
    let mut fields = Vec::new();
    let mut add = |name: &str, value: &str| fields.push((name.to_owned(), value.to_owned()));
    add("Date", &clock::http_date(clock::now()));
    add("Content-Type", kind);
    let is_stream = kind.starts_with("text/event-stream");
    match (service.host, service.dialect) {
        (Host::Bedrock, _) => {
            add("Connection", "keep-alive");
            add("x-amzn-RequestId", &uuid(random));
        }
        (Host::Vertex, _) => {
            add("request-id", &format!("req_vrtx_011C{}", random.base62(20)));
            google(is_stream, random, &mut fields);
        }
        (Host::Own, Dialect::Gemini) => google(is_stream, random, &mut fields),
        (Host::Own, Dialect::AnthropicMessages) => {
            add("Connection", "keep-alive");
            if is_stream {
                add("Cache-Control", "no-cache");
            }
            add("request-id", &format!("req_011C{}", random.base62(20)));
            add(
                "anthropic-organization-id",
                "6f1d3c1e-0b5a-4c86-9f6e-2d7c1b1a9e42",
            );
            add("via", "1.1 google");
            add("x-robots-tag", "none");
            cloudflare(random, &mut fields);
        }
        (Host::Own, Dialect::OpenaiChat | Dialect::OpenaiResponses) => {
            add("Connection", "keep-alive");
            add("openai-version", "2020-10-01");
            add("openai-organization", "user-mock");
            add("openai-project", "proj_mock");
            add(
                "openai-processing-ms",
                &(100 + random.below(900)).to_string(),
            );
            add("x-request-id", &format!("req_{}", random.hex(32)));
            add("x-content-type-options", "nosniff");
            cloudflare(random, &mut fields);
        }
    }
    fields
}

fn google(is_stream: bool, random: &mut Random, fields: &mut Fields) {
    let mut add = |name: &str, value: &str| fields.push((name.to_owned(), value.to_owned()));
    if is_stream {
        add("Content-Disposition", "attachment");
    }
    for value in ["Origin", "Referer", "X-Origin"] {
        add("Vary", value);
    }
    add("Server", "scaffolding on HTTPServer2");
    add("X-XSS-Protection", "0");
    add("X-Frame-Options", "SAMEORIGIN");
    add("X-Content-Type-Options", "nosniff");
    add(
        "Server-Timing",
        &format!("gfet4t7; dur={}", 100 + random.below(900)),
    );
}

fn cloudflare(random: &mut Random, fields: &mut Fields) {
    let ray = format!("{}-MRS", random.hex(16));
    for (name, value) in [
        (
            "strict-transport-security",
            "max-age=31536000; includeSubDomains; preload",
        ),
        ("Server", "cloudflare"),
        ("cf-cache-status", "DYNAMIC"),
        ("CF-RAY", &ray),
    ] {
        fields.push((name.to_owned(), value.to_owned()));
    }
}

/// Digits in the form of a UUID.
fn uuid(random: &mut Random) -> String {
    [8, 4, 4, 4, 12].map(|len| random.hex(len)).join("-")
}

/// Sets a field, in the place of one of that name if there is one.
pub(crate) fn replace(fields: &mut Fields, name: &str, value: &str) {
    let mut is_set = false;
    fields.retain_mut(|(known, text)| {
        if !known.eq_ignore_ascii_case(name) {
            return true;
        }
        value.clone_into(text);
        !std::mem::replace(&mut is_set, true)
    });
    if !is_set {
        fields.push((name.to_owned(), value.to_owned()));
    }
}
