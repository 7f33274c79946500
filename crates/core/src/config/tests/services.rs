//! Services that are told of exchanges: what each kind needs, and what is said where it lacks it.

use std::time::Duration;

use super::{effective, faults, good};
use crate::settings::SinkKind;
use crate::settings::services::OtlpEncoding;

fn sink(members: &str) -> SinkKind {
    let loaded = good(&format!("events: {{sinks: {{{members}}}}}"), &[]);
    assert!(loaded.warnings.is_empty(), "{:?}", loaded.warnings);
    loaded.settings.events.sinks[0].to.clone()
}

#[test]
fn a_name_and_a_key_are_enough_for_most() {
    let SinkKind::Helicone(helicone) = sink("helicone: {api_key: k}") else {
        panic!("helicone is expected");
    };
    assert_eq!(
        helicone.url.expose(),
        "https://api.worker.helicone.ai/custom/v1/log"
    );
    assert_eq!(helicone.timeout, Duration::from_secs(30));
    let SinkKind::Lunary(lunary) = sink("mine: {kind: lunary, api_key: k, timeout: 5s}") else {
        panic!("lunary is expected");
    };
    assert_eq!(lunary.url.expose(), "https://api.lunary.ai/v1/runs/ingest");
    assert_eq!(lunary.timeout, Duration::from_secs(5));
    let SinkKind::Langfuse(langfuse) = sink("langfuse: {public_key: p, secret_key: s}") else {
        panic!("langfuse is expected");
    };
    assert_eq!(langfuse.url.expose(), "https://cloud.langfuse.com");
    let SinkKind::Otel(otel) = sink("otel: {}") else {
        panic!("otel is expected");
    };
    assert_eq!(otel.url.expose(), "http://localhost:4318");
    assert_eq!(otel.encoding, OtlpEncoding::Protobuf);
    assert!(otel.traces && otel.metrics && !otel.content);
    let SinkKind::S3(s3) = sink("s3: {bucket: b}") else {
        panic!("s3 is expected");
    };
    assert!(s3.credential.is_none() && s3.endpoint.is_none() && s3.region.is_none());
}

#[test]
fn everything_can_be_said() {
    let secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
    let SinkKind::Webhook(hook) = sink(&format!(
        "webhook: {{url: 'https://h/x?t=1', secret: {secret}, batch: false, gzip: true,
          headers: {{X-Team: platform, Authorization: Bearer t}}}}"
    )) else {
        panic!("a webhook is expected");
    };
    assert_eq!(hook.url.expose(), "https://h/x?t=1");
    assert_eq!(hook.secret.unwrap().expose(), secret);
    assert!(!hook.batch && hook.gzip);
    let headers: Vec<_> = hook
        .headers
        .iter()
        .map(|(name, value)| (name.as_str(), value.expose()))
        .collect();
    assert_eq!(
        headers,
        [("authorization", "Bearer t"), ("x-team", "platform")]
    );
    let SinkKind::S3(s3) = sink(
        "archive: {kind: s3, bucket: b, prefix: /p/q/, region: r, endpoint: 'http://minio:9000',
          access_key_id: i, secret_access_key: s, session_token: t}",
    ) else {
        panic!("s3 is expected");
    };
    assert_eq!((s3.bucket.as_str(), s3.prefix.as_str()), ("b", "p/q"));
    assert_eq!(s3.region.as_deref(), Some("r"));
    assert_eq!(s3.endpoint.unwrap().expose(), "http://minio:9000");
    let credential = s3.credential.unwrap();
    assert_eq!(credential.session_token.unwrap().expose(), "t");
    let SinkKind::Otel(otel) =
        sink("otel: {url: 'https://otlp:4318', encoding: json, metrics: false, content: true}")
    else {
        panic!("otel is expected");
    };
    assert_eq!(otel.encoding, OtlpEncoding::Json);
    assert!(otel.traces && !otel.metrics && otel.content);
}

#[test]
fn what_a_kind_lacks_is_said_with_its_fix() {
    for (members, expected) in [
        ("webhook: {}", "events.sinks.webhook.url: missing"),
        ("helicone: {}", "events.sinks.helicone.api_key: missing"),
        ("lunary: {}", "a `lunary` needs the project's key"),
        ("langfuse: {}", "events.sinks.langfuse.public_key: missing"),
        (
            "langfuse: {public_key: p}",
            "events.sinks.langfuse.secret_key: missing",
        ),
        ("s3: {}", "events.sinks.s3.bucket: missing"),
        (
            "s3: {bucket: b, access_key_id: i}",
            "events.sinks.s3.secret_access_key: missing",
        ),
        (
            "otel: {traces: false, metrics: false}",
            "switch one of them on",
        ),
        (
            "mine: {kind: kafka}",
            "`kafka` is not one of `file`, `webhook`, `helicone`, `lunary`, `langfuse`, `otel`, `s3`",
        ),
        (
            "webhook: {url: 'ftp://h'}",
            "does not begin with http:// or https://",
        ),
        ("webhook: {url: 'http://h/#x'}", "has a fragment"),
        ("webhook: {url: 'http://u:p@h'}", "belongs in `headers`"),
        (
            "webhook: {url: 'http://h', secret: hunter2}",
            "is not `whsec_` and base64",
        ),
        (
            "webhook: {url: 'http://h', secret: whsec_aHVudGVyMg==}",
            "at least 24 bytes",
        ),
        (
            "webhook: {url: 'http://h', headers: {'a b': c}}",
            "is not the name of a header",
        ),
        (
            "webhook: {url: 'http://h', headers: {Host: c}}",
            "is set by weir itself",
        ),
        ("otel: {timeout: 0}", "events.sinks.otel.timeout"),
    ] {
        let said = faults(&format!("events: {{sinks: {{{members}}}}}"), &[]);
        assert!(said.contains(expected), "{members}\n{said}");
        assert!(!said.contains("hunter2"), "{said}");
    }
}

#[test]
fn members_of_another_kind_are_said_to_have_no_effect() {
    let loaded = good("events: {sinks: {otel: {bucket: b, gzip: true}}}", &[]);
    let said = loaded.warnings.join("\n");
    assert!(
        said.contains("events.sinks.otel.bucket has no effect"),
        "{said}"
    );
    assert!(
        said.contains("events.sinks.otel.gzip has no effect"),
        "{said}"
    );
}

#[test]
fn credentials_are_never_shown() {
    let text = "events: {sinks: {
        webhook: {url: 'https://h/hunter2', headers: {a: hunter2}},
        langfuse: {public_key: hunter2, secret_key: hunter2},
        s3: {bucket: b, access_key_id: hunter2, secret_access_key: hunter2}}}";
    let loaded = good(text, &[]);
    let printed = format!("{:?}", loaded.settings.events);
    assert!(!printed.contains("hunter2"), "{printed}");
    for path in [
        "webhook.url",
        "webhook.headers",
        "langfuse.secret_key",
        "s3.access_key_id",
    ] {
        let shown = effective(&loaded, &format!("events.sinks.{path}"));
        let shown = format!("{:?}", shown.value);
        assert!(!shown.contains("hunter2"), "{path}: {shown}");
    }
}
