//! Anthropic's models on Amazon Bedrock: the model in the path, the version and the betas in the
//! body, a signature over all of it, and answers in Amazon's event stream.

use std::io;
use std::sync::Arc;
use std::time::SystemTime;

use http::header::{ACCEPT, ACCEPT_ENCODING, AUTHORIZATION, CONTENT_TYPE, COOKIE};
use http::{HeaderMap, HeaderName, StatusCode};
use weir_core::secret::Secret;
use weir_core::settings::{Cloud, Key, Provider};
use weir_wire::cloud;
use weir_wire::dialect::{Dialect, Operation};

use super::{
    API_KEY, Api, Asked, Form, JSON, Outbound, Shaped, SignError, Signing, Unfit, X_API_KEY,
    X_GOOG_API_KEY, address, complete_content_type, put_bearer,
};
use crate::credentials::Env;
use crate::credentials::aws::sigv4::{Scope, Signed, sha256_hex};
use crate::credentials::aws::{AwsKeys, AwsSource};
use crate::credentials::cache::{Cache, Got};
use crate::credentials::fetch::Fetcher;

const EVENT_STREAM: &[u8] = b"application/vnd.amazon.eventstream";
const ANTHROPIC_BETA: HeaderName = HeaderName::from_static("anthropic-beta");
#[derive(Debug)]
pub(super) struct Bedrock {
    provider: Arc<Provider>,
    region: String,
    bearer: Option<Secret>,
    credentials: Cache<AwsSource>,
}

impl Bedrock {
    pub(super) fn new(provider: Arc<Provider>) -> io::Result<Self> {
        Self::with_env(provider, Env::process())
    }

    pub(super) fn with_env(provider: Arc<Provider>, env: Env) -> io::Result<Self> {
        let Cloud::Aws(aws) = &provider.cloud else {
            return Err(io::Error::other(format!(
                "provider `{}`: the region is missing",
                provider.name
            )));
        };
        let fetcher = Fetcher::new(Arc::clone(&provider));
        Ok(Self {
            region: aws.region.clone(),
            bearer: aws.bearer_token.clone(),
            credentials: Cache::new(AwsSource::new(
                Arc::clone(&provider.name),
                aws.clone(),
                env,
                fetcher,
            )),
            provider,
        })
    }

    fn put_signature(&self, request: &mut Outbound, keys: &AwsKeys) -> Result<(), SignError> {
        let body_sha256 = sha256_hex(&request.body.pieces);
        let scope = Scope {
            service: "bedrock",
            region: &self.region,
            time: SystemTime::now(),
        };
        let signed = Signed {
            method: &request.method,
            uri: &request.uri,
            headers: &request.headers,
            signed_headers: &[CONTENT_TYPE],
            body_sha256: &body_sha256,
        };
        let added = signed.signature(keys, &scope).map_err(SignError::Request)?;
        request.headers.extend(added);
        Ok(())
    }

    async fn sign_when_fetched(
        &self,
        request: &mut Outbound,
        flight: crate::credentials::cache::Flight<AwsKeys>,
    ) -> Result<(), SignError> {
        let keys = flight.landed().await?;
        self.put_signature(request, &keys)
    }
}

impl Api for Bedrock {
    fn provider(&self) -> &Provider {
        &self.provider
    }

    fn serves(&self, dialect: Dialect, operation: Operation) -> bool {
        dialect == Dialect::AnthropicMessages && operation == Operation::Generate
    }

    fn wants_stream(&self) -> bool {
        true
    }

    fn shape(&self, asked: &Asked<'_>, headers: &mut HeaderMap) -> Result<Shaped, Unfit> {
        if !self.serves(asked.dialect, asked.operation) {
            return Err(Unfit::operation(&self.provider, asked.operation));
        }
        let Some(model) = asked.model else {
            return Err(Unfit::field("`model`: missing"));
        };
        let call = if asked.stream {
            "invoke-with-response-stream"
        } else {
            "invoke"
        };
        let path = address::parse(format!("/model/{}/{call}", address::encoded(model, "")))?;
        let betas = betas(headers);
        let edits = cloud::bedrock(&asked.body.pieces, &betas)
            .map_err(|error| Unfit::field(error.to_string()))?;
        leave_out(headers);
        complete_content_type(asked, headers);
        Ok(Shaped { path, edits })
    }

    fn refused(&self) {
        self.credentials.doubt();
    }

    fn sign<'a>(&'a self, request: &'a mut Outbound, _key: Option<&'a Key>) -> Signing<'a> {
        // The client's own Bedrock key, if it is to travel.
        if request.headers.contains_key(AUTHORIZATION) {
            return Signing::Ready(Ok(()));
        }
        if let Some(token) = &self.bearer {
            return Signing::Ready(put_bearer(&mut request.headers, token.expose()));
        }
        match self.credentials.get() {
            Got::Now(Ok(keys)) => Signing::Ready(self.put_signature(request, &keys)),
            Got::Now(Err(error)) => Signing::Ready(Err(error.into())),
            Got::Later(flight) => Signing::Wait(Box::pin(self.sign_when_fetched(request, flight))),
        }
    }

    fn form(&self, _status: StatusCode, headers: &HeaderMap) -> Form {
        let kind = headers.get(CONTENT_TYPE).map(|value| value.as_bytes());
        match kind {
            Some(kind) if kind.starts_with(EVENT_STREAM) => Form::AwsEventStream,
            _ => Form::AsIs,
        }
    }
}

/// The betas of all the headers, in order.
fn betas(headers: &HeaderMap) -> Vec<String> {
    headers
        .get_all(ANTHROPIC_BETA)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .map(|beta| beta.trim().to_owned())
        .filter(|beta| !beta.is_empty())
        .collect()
}

/// Takes out what is Anthropic's, what a signature would clash with, and what would make the
/// answer something else than frames in the clear.
fn leave_out(headers: &mut HeaderMap) {
    let unwanted: Vec<HeaderName> = headers
        .keys()
        .filter(|name| {
            let name = name.as_str();
            ["anthropic-", "x-amz-", "x-forwarded-"]
                .iter()
                .any(|prefix| name.starts_with(prefix))
        })
        .cloned()
        .collect();
    let others = [
        ACCEPT_ENCODING,
        COOKIE,
        http::header::FORWARDED,
        X_API_KEY,
        API_KEY,
        X_GOOG_API_KEY,
    ];
    for name in unwanted.iter().chain(&others) {
        headers.remove(name);
    }
    headers.insert(ACCEPT, JSON);
}
