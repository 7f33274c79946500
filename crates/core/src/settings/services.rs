//! Services that are told of exchanges: what the operator decided of each kind.

use std::time::Duration;

use http::HeaderName;

use crate::secret::Secret;

/// Requests to an address of the operator's own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Webhook {
    /// Where events are posted. Addresses of webhooks are often their own credential.
    pub url: Secret,
    /// What requests are signed with, `whsec_` and a key in base64; none signs none.
    pub secret: Option<Secret>,
    /// Headers of every request.
    pub headers: Vec<(HeaderName, Secret)>,
    /// Whether a request carries an array of events rather than one.
    pub batch: bool,
    /// Whether bodies are packed with gzip.
    pub gzip: bool,
    /// Longest wait for an answer.
    pub timeout: Duration,
}

/// Helicone's log of requests.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Helicone {
    /// Where requests are logged.
    pub url: Secret,
    /// The key of the account.
    pub api_key: Secret,
    /// Longest wait for an answer.
    pub timeout: Duration,
}

/// Lunary's ingestion of runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lunary {
    /// Where runs are sent.
    pub url: Secret,
    /// The public or private key of the project.
    pub api_key: Secret,
    /// Longest wait for an answer.
    pub timeout: Duration,
}

/// Langfuse's endpoint for OpenTelemetry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Langfuse {
    /// The server's address, without a path below it.
    pub url: Secret,
    /// The public key of the project.
    pub public_key: Secret,
    /// The secret key of the project.
    pub secret_key: Secret,
    /// Longest wait for an answer.
    pub timeout: Duration,
}

/// A collector of OpenTelemetry's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Otel {
    /// The collector's address; `/v1/traces` and `/v1/metrics` are below it.
    pub url: Secret,
    /// Headers of every request.
    pub headers: Vec<(HeaderName, Secret)>,
    /// How requests are written.
    pub encoding: OtlpEncoding,
    /// Whether spans are sent.
    pub traces: bool,
    /// Whether metrics are sent.
    pub metrics: bool,
    /// Whether spans carry what was said.
    pub content: bool,
    /// Longest wait for an answer.
    pub timeout: Duration,
}

/// How OTLP is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OtlpEncoding {
    /// Protocol Buffers.
    Protobuf,
    /// JSON.
    Json,
}

/// A bucket of S3 or of a store like it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct S3 {
    /// The bucket.
    pub bucket: String,
    /// What goes before the names of objects, without slashes around.
    pub prefix: String,
    /// The region; none takes what the environment says, else `us-east-1`.
    pub region: Option<String>,
    /// The store's address, where it is not Amazon's.
    pub endpoint: Option<Secret>,
    /// The credential; none takes what the environment or the machine has.
    pub credential: Option<S3Credential>,
    /// Longest wait for an answer.
    pub timeout: Duration,
}

/// A credential of S3.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct S3Credential {
    /// The id of the key.
    pub access_key_id: Secret,
    /// The key.
    pub secret_access_key: Secret,
    /// What goes with a key that was lent.
    pub session_token: Option<Secret>,
}
