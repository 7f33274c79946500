//! Anthropic's models on Google Vertex AI: the model in the path, the version in the body, an OAuth
//! token. Betas stay in their header, which is where Vertex takes them.

use std::io;
use std::sync::Arc;

use http::header::AUTHORIZATION;
use http::{HeaderMap, HeaderName};
use weir_core::settings::{Cloud, Gcp, Key, Provider};
use weir_wire::cloud;
use weir_wire::dialect::{Dialect, Operation};

use super::{
    ANTHROPIC_VERSION, API_KEY, Api, Asked, Outbound, Shaped, SignError, Signing, Unfit, X_API_KEY,
    X_GOOG_API_KEY, address, complete_content_type,
};
use crate::credentials::Env;
use crate::credentials::cache::{Cache, Flight, Got};
use crate::credentials::fetch::Fetcher;
use crate::credentials::google::{GoogleSource, GoogleToken};

const QUOTA_PROJECT: HeaderName = HeaderName::from_static("x-goog-user-project");

#[derive(Debug)]
pub(super) struct Vertex {
    provider: Arc<Provider>,
    models: String,
    credentials: Cache<GoogleSource>,
}

impl Vertex {
    pub(super) fn new(provider: Arc<Provider>) -> io::Result<Self> {
        Self::with_env(provider, Env::process())
    }

    pub(super) fn with_env(provider: Arc<Provider>, env: Env) -> io::Result<Self> {
        let Cloud::Gcp(gcp) = &provider.cloud else {
            return Err(io::Error::other(format!(
                "provider `{}`: project and region are missing",
                provider.name
            )));
        };
        let fetcher = Fetcher::new(Arc::clone(&provider));
        Ok(Self {
            models: models(gcp),
            credentials: Cache::new(GoogleSource::new(
                Arc::clone(&provider.name),
                gcp.clone(),
                env,
                fetcher,
            )),
            provider,
        })
    }

    fn call(&self, asked: &Asked<'_>) -> Result<String, Unfit> {
        if asked.operation == Operation::CountTokens {
            return Ok("count-tokens:rawPredict".to_owned());
        }
        let model = asked
            .model
            .ok_or_else(|| Unfit::field("`model`: missing"))?;
        let verb = if asked.stream {
            "streamRawPredict"
        } else {
            "rawPredict"
        };
        Ok(format!("{}:{verb}", address::encoded(model, "@")))
    }
}

impl Api for Vertex {
    fn provider(&self) -> &Provider {
        &self.provider
    }

    fn serves(&self, dialect: Dialect, operation: Operation) -> bool {
        dialect == Dialect::AnthropicMessages
            && matches!(operation, Operation::Generate | Operation::CountTokens)
    }

    fn wants_stream(&self) -> bool {
        true
    }

    fn shape(&self, asked: &Asked<'_>, headers: &mut HeaderMap) -> Result<Shaped, Unfit> {
        if !self.serves(asked.dialect, asked.operation) {
            return Err(Unfit::operation(&self.provider, asked.operation));
        }
        let path = address::parse(format!("{}/{}", self.models, self.call(asked)?))?;
        let counted = (asked.operation == Operation::CountTokens)
            .then_some(asked.model)
            .flatten();
        let edits = cloud::vertex(&asked.body.pieces, counted)
            .map_err(|error| Unfit::field(error.to_string()))?;
        for name in [ANTHROPIC_VERSION, X_API_KEY, API_KEY, X_GOOG_API_KEY] {
            headers.remove(name);
        }
        complete_content_type(asked, headers);
        Ok(Shaped { path, edits })
    }

    fn refused(&self) {
        self.credentials.doubt();
    }

    fn sign<'a>(&'a self, request: &'a mut Outbound, _key: Option<&'a Key>) -> Signing<'a> {
        // The client's own token, if it is to travel.
        if request.headers.contains_key(AUTHORIZATION) {
            return Signing::Ready(Ok(()));
        }
        match self.credentials.get() {
            Got::Now(Ok(token)) => Signing::Ready(put_token(&mut request.headers, token)),
            Got::Now(Err(error)) => Signing::Ready(Err(error.into())),
            Got::Later(flight) => {
                Signing::Wait(Box::pin(put_when_fetched(&mut request.headers, flight)))
            }
        }
    }
}

/// The path above every model.
fn models(gcp: &Gcp) -> String {
    format!(
        "/v1/projects/{}/locations/{}/publishers/anthropic/models",
        // A project of an organisation's domain has a colon: `example.com:project`.
        address::encoded(&gcp.project_id, ":"),
        address::encoded(&gcp.region, "")
    )
}

async fn put_when_fetched(
    headers: &mut HeaderMap,
    flight: Flight<GoogleToken>,
) -> Result<(), SignError> {
    put_token(headers, flight.landed().await?)
}

fn put_token(headers: &mut HeaderMap, token: GoogleToken) -> Result<(), SignError> {
    headers.insert(AUTHORIZATION, token.bearer);
    if let Some(project) = token.quota_project {
        headers.insert(QUOTA_PROJECT, project);
    }
    Ok(())
}
