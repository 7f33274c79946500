//! Microsoft's: Anthropic's models on Foundry and Azure OpenAI, by a key, a token or Entra ID.
//! A model is a deployment's name, which `model_mapping` may give it.

use std::io;
use std::sync::Arc;

use http::uri::PathAndQuery;
use http::{HeaderMap, HeaderValue, header::AUTHORIZATION};
use weir_core::secret::Secret;
use weir_core::settings::{AuthStyle, Cloud, Key, Provider};
use weir_wire::dialect::{Dialect, Operation};

use super::{
    Api, Asked, Outbound, Shaped, SignError, Signing, Unfit, address, complete_headers,
    has_credential, model_edit, put_key, style,
};
use crate::credentials::cache::{Cache, Flight, Got};
use crate::credentials::entra::EntraSource;
use crate::credentials::fetch::Fetcher;

const ANTHROPIC_PATH: &str = "/anthropic";
const OPENAI_PATH: &str = "/openai";

#[derive(Debug)]
pub(super) struct Azure {
    provider: Arc<Provider>,
    api_version: Option<String>,
    entra: Option<Cache<EntraSource>>,
}

impl Azure {
    pub(super) fn new(provider: Arc<Provider>) -> io::Result<Self> {
        let Cloud::Azure(azure) = &provider.cloud else {
            return Err(io::Error::other(format!(
                "provider `{}`: the resource is missing",
                provider.name
            )));
        };
        let entra = azure.entra.clone().map(|entra| {
            let fetcher = Fetcher::new(Arc::clone(&provider));
            Cache::new(EntraSource::new(Arc::clone(&provider.name), entra, fetcher))
        });
        Ok(Self {
            api_version: azure.api_version.clone().filter(|text| !text.is_empty()),
            entra,
            provider,
        })
    }

    /// The client's path below the API's own, and `api-version` behind the client's query.
    fn path(&self, asked: &Asked<'_>) -> Result<PathAndQuery, Unfit> {
        let api = match asked.dialect {
            Dialect::AnthropicMessages => ANTHROPIC_PATH,
            _ => OPENAI_PATH,
        };
        // A base URL as Microsoft's pages show it has the API's part already.
        let base = self.provider.base_url.path().trim_end_matches('/');
        let api = if base.ends_with(api) { "" } else { api };
        let path = format!("{api}{}", asked.path);
        let Some(version) = &self.api_version else {
            return address::parse(path);
        };
        let named = asked.path.query().is_some_and(|query| {
            query
                .split('&')
                .any(|pair| pair.starts_with("api-version="))
        });
        if named {
            return address::parse(path);
        }
        let joint = if asked.path.query().is_some() {
            '&'
        } else {
            '?'
        };
        let version = address::encoded(version, "");
        address::parse(format!("{path}{joint}api-version={version}"))
    }
}

impl Api for Azure {
    fn provider(&self) -> &Provider {
        &self.provider
    }

    fn serves(&self, dialect: Dialect, _operation: Operation) -> bool {
        dialect != Dialect::Gemini && self.provider.dialects.contains(&dialect)
    }

    fn auth(&self, path: &str, _key: &Secret) -> AuthStyle {
        if path.contains(ANTHROPIC_PATH) {
            AuthStyle::XApiKey
        } else {
            AuthStyle::ApiKey
        }
    }

    fn shape(&self, asked: &Asked<'_>, headers: &mut HeaderMap) -> Result<Shaped, Unfit> {
        if asked.dialect == Dialect::Gemini {
            return Err(Unfit::operation(&self.provider, asked.operation));
        }
        complete_headers(&self.provider, asked, headers);
        Ok(Shaped {
            path: self.path(asked)?,
            edits: model_edit(asked),
        })
    }

    fn refused(&self) {
        if let Some(entra) = &self.entra {
            entra.doubt();
        }
    }

    fn sign<'a>(&'a self, request: &'a mut Outbound, key: Option<&'a Key>) -> Signing<'a> {
        // The client's own credential, if it is to travel.
        if has_credential(&request.headers) {
            return Signing::Ready(Ok(()));
        }
        let Some(entra) = &self.entra else {
            let Some(key) = key else {
                return Signing::Ready(Ok(()));
            };
            let style = style(&self.provider, || {
                self.auth(request.uri.path(), &key.secret)
            });
            return Signing::Ready(put_key(&mut request.headers, style, &key.secret));
        };
        match entra.get() {
            Got::Now(Ok(bearer)) => {
                request.headers.insert(AUTHORIZATION, bearer);
                Signing::Ready(Ok(()))
            }
            Got::Now(Err(error)) => Signing::Ready(Err(error.into())),
            Got::Later(flight) => {
                Signing::Wait(Box::pin(put_when_fetched(&mut request.headers, flight)))
            }
        }
    }
}

async fn put_when_fetched(
    headers: &mut HeaderMap,
    flight: Flight<HeaderValue>,
) -> Result<(), SignError> {
    headers.insert(AUTHORIZATION, flight.landed().await?);
    Ok(())
}
