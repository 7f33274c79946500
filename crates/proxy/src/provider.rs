//! What each kind of provider makes of a request: its path, the changes to its body and headers,
//! its credential. One file for each kind.
//!
//! Nothing here opens a connection to a provider or decides which one is asked. Whose credential
//! is sent is settled before: a client's own that is to travel on is in the headers already, and
//! then there is no key.
//!
//! A new kind is a line in each function of `core/src/settings/kind.rs`, a file here that says what
//! it does its own way, an arm in [`api`], and a section in `docs/providers.md`.

use std::fmt::Debug;
use std::io;
use std::pin::Pin;
use std::sync::Arc;

use http::header::{AUTHORIZATION, CONTENT_TYPE};
use http::uri::PathAndQuery;
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Uri};
use weir_core::exchange::RawBody;
use weir_core::secret::Secret;
use weir_core::settings::{AuthStyle, Cloud, Key, Provider, ProviderKind};
use weir_wire::dialect::{Dialect, Operation};
use weir_wire::edit::Edits;
use weir_wire::errors::ErrorKind;
use weir_wire::peek::Peek;

use crate::credentials::CredentialError;

mod address;
mod anthropic;
mod azure;
mod bedrock;
mod gemini;
mod minimax;
mod ollama;
mod openai;
mod openai_compatible;
mod openrouter;
pub mod sourced;
mod vertex;
mod zai;

pub(crate) use address::gemini_path;

#[cfg(test)]
mod tests;

const ANTHROPIC_VERSION: HeaderName = HeaderName::from_static("anthropic-version");
const X_API_KEY: HeaderName = HeaderName::from_static("x-api-key");
const API_KEY: HeaderName = HeaderName::from_static("api-key");
const X_GOOG_API_KEY: HeaderName = HeaderName::from_static("x-goog-api-key");
const JSON: HeaderValue = HeaderValue::from_static("application/json");

/// One request, as a provider is asked to serve it.
#[derive(Debug)]
pub struct Asked<'a> {
    /// What the client speaks.
    pub dialect: Dialect,
    /// What it asks for.
    pub operation: Operation,
    /// The client's method.
    pub method: &'a Method,
    /// The client's path and query, less a credential of the gateway's.
    pub path: &'a PathAndQuery,
    /// The model that the client named.
    pub client_model: Option<&'a str>,
    /// The model to ask the provider for: the client's, or what it is mapped to.
    pub model: Option<&'a str>,
    /// Whether the client wants a stream.
    pub stream: bool,
    /// What was read of the body, and where it stands.
    pub peek: &'a Peek,
    /// The client's body.
    pub body: &'a RawBody,
}

impl Asked<'_> {
    /// The model to write in place of the client's, if it is another.
    fn new_model(&self) -> Option<&str> {
        self.model.filter(|model| Some(*model) != self.client_model)
    }
}

/// What a provider's own form of a request differs in from the client's.
#[derive(Debug)]
pub struct Shaped {
    /// Path and query below the provider's base path.
    pub path: PathAndQuery,
    /// Changes to the body; none in the usual case.
    pub edits: Edits,
}

/// A request in the provider's terms, complete but for its credential.
#[derive(Debug)]
pub struct Outbound {
    /// The method.
    pub method: Method,
    /// The absolute address.
    pub uri: Uri,
    /// The headers.
    pub headers: HeaderMap,
    /// The body, edits applied.
    pub body: RawBody,
}

/// Why a provider cannot be asked this at all. The client's fault or a missing ability, never a
/// passing condition.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Unfit {
    /// What the client is told.
    pub kind: ErrorKind,
    /// Names the field or the operation.
    pub message: String,
}

impl Unfit {
    fn operation(provider: &Provider, operation: Operation) -> Self {
        Self {
            kind: ErrorKind::NotFound,
            message: format!(
                "a provider of type `{}` has no `{}` operation",
                provider.kind.as_str(),
                operation.as_str()
            ),
        }
    }

    fn field(message: impl Into<String>) -> Self {
        Self {
            kind: ErrorKind::InvalidRequest,
            message: message.into(),
        }
    }
}

/// Why a request has no credential. Its text names no secret and no host, so a client may see it.
#[derive(Clone, Debug, thiserror::Error)]
pub enum SignError {
    /// A configured key has characters that no header can carry.
    #[error("the configured key cannot be sent in a header")]
    Key,
    /// The cloud's credential could not be had.
    #[error(transparent)]
    Credential(#[from] CredentialError),
    /// Who was to hand it over has none.
    #[error(transparent)]
    Token(#[from] sourced::TokenError),
    /// The request cannot be put in the form that is signed.
    #[error("the request cannot be signed: {0}")]
    Request(&'static str),
}

/// A credential put into a request, now or when it has been fetched.
pub enum Signing<'a> {
    /// Done: nothing was waited for, nothing was allocated for it.
    Ready(Result<(), SignError>),
    /// A token has to be fetched first.
    Wait(Pin<Box<dyn Future<Output = Result<(), SignError>> + Send + 'a>>),
}

impl Debug for Signing<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Ready(result) => f.debug_tuple("Ready").field(result).finish(),
            Self::Wait(_) => f.write_str("Wait"),
        }
    }
}

impl Signing<'_> {
    /// Waits, if there is something to wait for.
    ///
    /// # Errors
    /// As [`SignError`] says.
    ///
    /// # Cancel safety
    /// A fetch that was begun goes on for whoever asks next; the request may be unsigned.
    pub async fn done(self) -> Result<(), SignError> {
        match self {
            Self::Ready(result) => result,
            Self::Wait(signing) => signing.await,
        }
    }
}

/// What the bytes of a response body are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// The dialect's own.
    AsIs,
    /// Frames of Amazon's event stream with the dialect's events in them.
    AwsEventStream,
}

/// What to ask to see whether a provider is alive; any status below 500 says so.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Probe {
    /// The method.
    pub method: Method,
    /// Path and query below the provider's base path.
    pub path: PathAndQuery,
    /// Whether to sign it with the provider's credential.
    pub signed: bool,
}

/// What a kind of provider does its own way. Every method but [`Api::provider`] has a default,
/// which is the way of a vendor that takes the client's dialect as it is.
pub trait Api: Send + Sync + Debug {
    /// What was configured.
    fn provider(&self) -> &Provider;

    /// Whether it has the operation, in a dialect that it is configured for.
    fn serves(&self, dialect: Dialect, operation: Operation) -> bool {
        let _any = operation;
        self.provider().dialects.contains(&dialect)
    }

    /// Whether [`Api::shape`] has to know if the body asks for a stream, and for which model.
    fn wants_stream(&self) -> bool {
        false
    }

    /// The header that a key goes in, unless the settings name one.
    fn auth(&self, path: &str, key: &Secret) -> AuthStyle {
        let _any = (path, key);
        AuthStyle::Bearer
    }

    /// Puts the request in the provider's form. Touches neither credentials nor hop-by-hop
    /// headers.
    ///
    /// # Errors
    /// When the provider cannot be asked this; see [`Unfit`].
    fn shape(&self, asked: &Asked<'_>, headers: &mut HeaderMap) -> Result<Shaped, Unfit> {
        complete_headers(self.provider(), asked, headers);
        Ok(Shaped {
            path: address::client_path(asked)?,
            edits: model_edit(asked),
        })
    }

    /// Puts the credential in, as the last change to the request. Without a `key` and without a
    /// credential of its own the request stays as it is.
    fn sign<'a>(&'a self, request: &'a mut Outbound, key: Option<&'a Key>) -> Signing<'a> {
        let Some(key) = key else {
            return Signing::Ready(Ok(()));
        };
        let style = style(self.provider(), || {
            self.auth(request.uri.path(), &key.secret)
        });
        Signing::Ready(put_key(&mut request.headers, style, &key.secret))
    }

    /// Whether it has a credential of its own to put in, one that is no key.
    fn has_credential(&self) -> bool {
        self.provider().cloud != Cloud::None
    }

    /// Puts its credential in where the client's own is already; none leaves that.
    fn overrule<'a>(&'a self, request: &'a mut Outbound) -> Option<Signing<'a>> {
        let _any = request;
        None
    }

    /// It has refused a credential of its own, one that is no key.
    fn refused(&self) {}

    /// What the body of its response is.
    fn form(&self, status: StatusCode, headers: &HeaderMap) -> Form {
        let _any = (status, headers);
        Form::AsIs
    }

    /// What to ask to see whether it is alive. A path that the settings name is asked for with the
    /// credential, as it may need one to answer at all.
    fn probe(&self) -> Probe {
        let chosen = self.provider().probe_path.as_deref();
        let path = chosen
            .and_then(|path| path.parse().ok())
            .unwrap_or_else(|| PathAndQuery::from_static("/"));
        Probe {
            method: Method::GET,
            path,
            signed: chosen.is_some(),
        }
    }
}

/// The provider's own way of doing things.
///
/// # Errors
/// When a cloud lacks the settings that its address is made of; the text names the provider.
pub fn api(provider: &Arc<Provider>) -> io::Result<Box<dyn Api>> {
    let own = Arc::clone(provider);
    Ok(match provider.kind {
        ProviderKind::Anthropic => Box::new(anthropic::Anthropic(own)),
        ProviderKind::Openai => Box::new(openai::Openai(own)),
        ProviderKind::OpenaiCompatible => Box::new(openai_compatible::OpenaiCompatible(own)),
        ProviderKind::Gemini => Box::new(gemini::Gemini(own)),
        ProviderKind::Zai => Box::new(zai::Zai(own)),
        ProviderKind::Minimax => Box::new(minimax::Minimax(own)),
        ProviderKind::Ollama => Box::new(ollama::Ollama(own)),
        ProviderKind::Openrouter => Box::new(openrouter::Openrouter(own)),
        ProviderKind::Bedrock => Box::new(bedrock::Bedrock::new(own)?),
        ProviderKind::Vertex => Box::new(vertex::Vertex::new(own)?),
        ProviderKind::Azure => Box::new(azure::Azure::new(own)?),
    })
}

/// What a client may leave out and a vendor insists on.
fn complete_headers(provider: &Provider, asked: &Asked<'_>, headers: &mut HeaderMap) {
    // Two versions are live, so the client's own is never replaced.
    if let Some(version) = &provider.version
        && asked.dialect == Dialect::AnthropicMessages
        && !headers.contains_key(ANTHROPIC_VERSION)
    {
        headers.insert(ANTHROPIC_VERSION, version.clone());
    }
    complete_content_type(asked, headers);
}

fn complete_content_type(asked: &Asked<'_>, headers: &mut HeaderMap) {
    if asked.body.len > 0 && !headers.contains_key(CONTENT_TYPE) {
        headers.insert(CONTENT_TYPE, JSON);
    }
}

/// Replaces the model in the body, where it is to be another and stands there.
fn model_edit(asked: &Asked<'_>) -> Edits {
    let mut edits = Edits::default();
    if let (Some(model), Some(place)) = (asked.new_model(), asked.peek.model_range()) {
        edits.replace(place, quoted(model));
    }
    edits
}

fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

fn style(provider: &Provider, of_kind: impl FnOnce() -> AuthStyle) -> AuthStyle {
    match provider.auth {
        AuthStyle::Kind => of_kind(),
        chosen => chosen,
    }
}

/// Puts a key where `style` says, in place of whatever is there.
fn put_key(headers: &mut HeaderMap, style: AuthStyle, key: &Secret) -> Result<(), SignError> {
    let (name, value) = match style {
        AuthStyle::Kind | AuthStyle::Bearer => return put_bearer(headers, key.expose()),
        AuthStyle::XApiKey => (X_API_KEY, key.expose()),
        AuthStyle::ApiKey => (API_KEY, key.expose()),
        AuthStyle::XGoogApiKey => (X_GOOG_API_KEY, key.expose()),
    };
    headers.insert(name, secret_value(value)?);
    Ok(())
}

fn put_bearer(headers: &mut HeaderMap, token: &str) -> Result<(), SignError> {
    headers.insert(AUTHORIZATION, secret_value(&format!("Bearer {token}"))?);
    Ok(())
}

fn secret_value(text: &str) -> Result<HeaderValue, SignError> {
    let mut value = HeaderValue::from_str(text).map_err(|_| SignError::Key)?;
    value.set_sensitive(true);
    Ok(value)
}

/// Whether the client's own credential is in the headers, which is so only when it is to travel.
fn has_credential(headers: &HeaderMap) -> bool {
    [AUTHORIZATION, X_API_KEY, API_KEY, X_GOOG_API_KEY]
        .iter()
        .any(|name| headers.contains_key(name))
}
