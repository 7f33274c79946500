//! A provider whose credential the embedding program hands over for each request, and to whose
//! requests it adds headers of its own, last of all. It keeps no token and asks for none twice.

use std::fmt::{self, Display};
use std::pin::Pin;
use std::sync::Arc;

use http::header::COOKIE;
use http::{HeaderMap, HeaderName};
use weir_core::redact::mask_text;
use weir_core::secret::Secret;
use weir_core::settings::{AuthStyle, Key, Provider};
use weir_wire::dialect::{Dialect, Operation};

use super::{
    Api, Asked, Outbound, Shaped, SignError, Signing, Unfit, address, complete_headers, model_edit,
    put_key, style,
};
use crate::incomer::without_key;
use crate::shape::CREDENTIALS;

/// What marks a key of Anthropic's that goes in `x-api-key`.
const ANTHROPIC_KEY: &str = "sk-ant-api";

/// A token on its way.
pub type TokenFuture<'a> = Pin<Box<dyn Future<Output = Result<Secret, TokenError>> + Send + 'a>>;

/// Where the credential for a provider comes from. It is asked for every request, and again for
/// each further try of one, so tokens may be short-lived; whoever wants to keep one does so behind
/// this.
pub trait TokenSource: Send + Sync + 'static {
    /// The token for one request; an empty one sends none and leaves the client's own.
    ///
    /// # Errors
    /// The client gets 502, or 401 if no credential is accepted any more.
    ///
    /// # Cancel safety
    /// It is dropped when the client leaves or the connect timeout is over.
    fn token(&self) -> TokenFuture<'_>;

    /// The provider has answered 401, 402 or 403 to the last token.
    fn refused(&self) {}
}

/// One token for good.
impl TokenSource for Secret {
    fn token(&self) -> TokenFuture<'_> {
        Box::pin(std::future::ready(Ok(self.clone())))
    }
}

impl<F, T> TokenSource for F
where
    F: Fn() -> T + Send + Sync + 'static,
    T: Future<Output = Result<Secret, TokenError>> + Send + 'static,
{
    fn token(&self) -> TokenFuture<'_> {
        Box::pin(self())
    }
}

impl<S: TokenSource + ?Sized> TokenSource for Arc<S> {
    fn token(&self) -> TokenFuture<'_> {
        (**self).token()
    }

    fn refused(&self) {
        (**self).refused();
    }
}

/// Why there is no token. The client gets its text, less what looks like a credential in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenError {
    text: String,
    rejected: bool,
}

impl TokenError {
    /// None can be had at present; the client gets 502 and may try again.
    pub fn unavailable(why: impl Display) -> Self {
        Self {
            text: mask_text(&why.to_string()),
            rejected: false,
        }
    }

    /// Who issues them accepts the user's credential no more: somebody has to log in again. The
    /// client gets 401.
    pub fn rejected(why: impl Display) -> Self {
        Self {
            rejected: true,
            ..Self::unavailable(why)
        }
    }

    /// Whether it is for somebody to put right.
    #[must_use]
    pub fn is_rejected(&self) -> bool {
        self.rejected
    }
}

impl Display for TokenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl std::error::Error for TokenError {}

/// How a request is put.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// In OpenAI's Chat, below a base address that has the version in it already.
    Chat,
    /// As the client put it.
    Unchanged,
}

/// The provider.
pub struct Sourced {
    provider: Arc<Provider>,
    way: Way,
    source: Arc<dyn TokenSource>,
    headers: HeaderMap,
}

impl fmt::Debug for Sourced {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sourced")
            .field("provider", &self.provider.name)
            .field("way", &self.way)
            .finish_non_exhaustive()
    }
}

impl Sourced {
    /// `headers` take the place of those of the same name in every request, `Authorization`
    /// included.
    #[must_use]
    pub fn new(
        provider: Arc<Provider>,
        way: Way,
        source: Arc<dyn TokenSource>,
        headers: HeaderMap,
    ) -> Self {
        Self {
            provider,
            way,
            source,
            headers,
        }
    }

    /// `clients` says that the client's own credential is in the request.
    async fn complete(&self, request: &mut Outbound, clients: bool) -> Result<(), SignError> {
        let token = self.source.token().await?;
        let overridden = self.headers.keys().any(|name| CREDENTIALS.contains(name));
        if clients && (!token.is_empty() || overridden) {
            drop_clients(request)?;
        }
        if !token.is_empty() {
            let style = style(&self.provider, || self.auth(request.uri.path(), &token));
            put_key(&mut request.headers, style, &token)?;
        }
        let mut last: Option<&HeaderName> = None;
        for (name, value) in &self.headers {
            if last == Some(name) {
                request.headers.append(name, value.clone());
            } else {
                request.headers.insert(name, value.clone());
            }
            last = Some(name);
        }
        Ok(())
    }
}

impl Api for Sourced {
    fn provider(&self) -> &Provider {
        &self.provider
    }

    fn serves(&self, dialect: Dialect, operation: Operation) -> bool {
        let _any = operation;
        self.way == Way::Unchanged || dialect == Dialect::OpenaiChat
    }

    fn auth(&self, _path: &str, key: &Secret) -> AuthStyle {
        if self.way == Way::Unchanged && key.expose().starts_with(ANTHROPIC_KEY) {
            AuthStyle::XApiKey
        } else {
            AuthStyle::Bearer
        }
    }

    fn shape(&self, asked: &Asked<'_>, headers: &mut HeaderMap) -> Result<Shaped, Unfit> {
        let path = address::client_path(asked)?;
        Ok(Shaped {
            path: match self.way {
                Way::Unchanged => path,
                Way::Chat => {
                    complete_headers(&self.provider, asked, headers);
                    address::without_version(path)?
                }
            },
            edits: model_edit(asked),
        })
    }

    fn has_credential(&self) -> bool {
        true
    }

    fn sign<'a>(&'a self, request: &'a mut Outbound, _key: Option<&'a Key>) -> Signing<'a> {
        Signing::Wait(Box::pin(self.complete(request, false)))
    }

    fn overrule<'a>(&'a self, request: &'a mut Outbound) -> Option<Signing<'a>> {
        Some(Signing::Wait(Box::pin(self.complete(request, true))))
    }

    fn refused(&self) {
        self.source.refused();
    }
}

/// Takes out the client's own credential.
fn drop_clients(request: &mut Outbound) -> Result<(), SignError> {
    request.headers.remove(COOKIE);
    let mut found = false;
    for name in &CREDENTIALS {
        found |= request.headers.remove(name).is_some();
    }
    if found {
        return Ok(());
    }
    // Only Gemini's clients have it anywhere else.
    let unfit = "the client's key cannot be taken out of the query";
    let mut parts = std::mem::take(&mut request.uri).into_parts();
    if let Some(path) = &parts.path_and_query {
        parts.path_and_query = Some(without_key(path).map_err(|_| SignError::Request(unfit))?);
    }
    request.uri = http::Uri::from_parts(parts).map_err(|_| SignError::Request(unfit))?;
    Ok(())
}
