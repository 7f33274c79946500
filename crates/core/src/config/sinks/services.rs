//! The services among the sinks, each from its slots.

use http::HeaderName;
use http::header;

use super::Of;
use crate::config::check::{Findings, secret};
use crate::config::fault::Fault;
use crate::secret::Secret;
use crate::settings::SinkKind;
use crate::settings::services::{
    Helicone, Langfuse, Lunary, Otel, OtlpEncoding, S3, S3Credential, Webhook,
};

const HELICONE: &str = "https://api.worker.helicone.ai/custom/v1/log";
const LUNARY: &str = "https://api.lunary.ai/v1/runs/ingest";
const LANGFUSE: &str = "https://cloud.langfuse.com";
const COLLECTOR: &str = "http://localhost:4318";

/// The service `kind`, if it is one and all that it needs is there.
pub(super) fn service(kind: &str, of: Of<'_>, found: &mut Findings) -> Option<SinkKind> {
    match kind {
        "webhook" => webhook(of, found).map(SinkKind::Webhook),
        "helicone" => helicone(of, found).map(SinkKind::Helicone),
        "lunary" => lunary(of, found).map(SinkKind::Lunary),
        "langfuse" => langfuse(of, found).map(SinkKind::Langfuse),
        "otel" => otel(of, found).map(SinkKind::Otel),
        "s3" => s3(of, found).map(SinkKind::S3),
        _ => None,
    }
}

fn webhook(of: Of<'_>, found: &mut Findings) -> Option<Webhook> {
    let url = of.required("url", "a `webhook` needs the address to post to", found);
    let headers = headers(of, found);
    Some(Webhook {
        url: Secret::new(url?),
        secret: of.secret("secret"),
        headers: headers?,
        batch: of.is_on("batch"),
        gzip: of.is_on("gzip"),
        timeout: of.timeout(),
    })
}

fn helicone(of: Of<'_>, found: &mut Findings) -> Option<Helicone> {
    let key = of.required("api_key", "a `helicone` needs the account's key", found)?;
    Some(Helicone {
        url: of.url(HELICONE),
        api_key: Secret::new(key),
        timeout: of.timeout(),
    })
}

fn lunary(of: Of<'_>, found: &mut Findings) -> Option<Lunary> {
    let key = of.required("api_key", "a `lunary` needs the project's key", found)?;
    Some(Lunary {
        url: of.url(LUNARY),
        api_key: Secret::new(key),
        timeout: of.timeout(),
    })
}

fn langfuse(of: Of<'_>, found: &mut Findings) -> Option<Langfuse> {
    let why = "a `langfuse` needs both keys of the project";
    let public = of.required("public_key", why, found);
    let secret = of.required("secret_key", why, found);
    Some(Langfuse {
        url: of.url(LANGFUSE),
        public_key: Secret::new(public?),
        secret_key: Secret::new(secret?),
        timeout: of.timeout(),
    })
}

fn otel(of: Of<'_>, found: &mut Findings) -> Option<Otel> {
    let headers = headers(of, found)?;
    let (traces, metrics) = (of.is_on("traces"), of.is_on("metrics"));
    if !traces && !metrics {
        let path = of.path("traces");
        let fault = Fault::new(of.place("traces"), &path, "off, and `metrics` too");
        let hint = "switch one of them on, or the sink off with `enabled: false`";
        found.faults.push(fault.hint(hint));
        return None;
    }
    Some(Otel {
        url: of.url(COLLECTOR),
        headers,
        encoding: match of.text("encoding") {
            Some("json") => OtlpEncoding::Json,
            _ => OtlpEncoding::Protobuf,
        },
        traces,
        metrics,
        content: of.is_on("content"),
        timeout: of.timeout(),
    })
}

fn s3(of: Of<'_>, found: &mut Findings) -> Option<S3> {
    let bucket = of.required("bucket", "an `s3` needs a bucket", found);
    let credential = match (of.secret("access_key_id"), of.secret("secret_access_key")) {
        (None, None) => None,
        (access_key_id, secret_access_key) => {
            let why = "the id and the key go together; without both the environment's are taken";
            of.required("access_key_id", why, found);
            of.required("secret_access_key", why, found);
            Some(S3Credential {
                access_key_id: access_key_id?,
                secret_access_key: secret_access_key?,
                session_token: of.secret("session_token"),
            })
        }
    };
    Some(S3 {
        bucket: bucket?.to_owned(),
        prefix: of
            .text("prefix")
            .unwrap_or_default()
            .trim_matches('/')
            .to_owned(),
        region: of.text("region").map(str::to_owned),
        endpoint: of.secret("endpoint"),
        credential,
        timeout: of.timeout(),
    })
}

impl Of<'_> {
    fn secret(self, key: &str) -> Option<Secret> {
        secret(self.values, &self.path(key))
    }

    fn url(self, default: &str) -> Secret {
        self.secret("url").unwrap_or_else(|| Secret::new(default))
    }

    fn timeout(self) -> std::time::Duration {
        self.values.span(&self.path("timeout"))
    }
}

/// Headers that the operator wants on every request; none if one cannot be.
fn headers(of: Of<'_>, found: &mut Findings) -> Option<Vec<(HeaderName, Secret)>> {
    // These are the connection's own business, or say what the body is.
    const TAKEN: [HeaderName; 6] = [
        header::CONNECTION,
        header::CONTENT_ENCODING,
        header::CONTENT_LENGTH,
        header::CONTENT_TYPE,
        header::HOST,
        header::TRANSFER_ENCODING,
    ];
    let path = of.path("headers");
    let mut all = Vec::new();
    for (name, value) in of.values.map(&path) {
        let parsed = name.parse::<HeaderName>();
        let wrong = match &parsed {
            Err(_) => "is not the name of a header",
            Ok(name) if TAKEN.contains(name) => "is set by weir itself",
            Ok(_) => {
                all.extend(parsed.ok().map(|name| (name, Secret::new(value))));
                continue;
            }
        };
        let fault = Fault::new(of.place("headers"), &path, format!("`{name}` {wrong}"));
        found
            .faults
            .push(fault.hint("remove it, or use another name"));
        return None;
    }
    Some(all)
}
