//! Whatever speaks OpenAI's APIs at an address of its own: local servers and other vendors.
//!
//! OpenAI's SDKs take the version as part of the base URL, and not every vendor's is `v1`
//! (`/api/paas/v4`, `/v1beta/openai`). Where the base URL has one, the client's is left out.

use std::sync::Arc;

use http::HeaderMap;
use weir_core::settings::Provider;

use super::{Api, Asked, Shaped, Unfit, address, complete_headers, model_edit};

#[derive(Debug)]
pub(super) struct OpenaiCompatible(pub(super) Arc<Provider>);

impl Api for OpenaiCompatible {
    fn provider(&self) -> &Provider {
        &self.0
    }

    fn shape(&self, asked: &Asked<'_>, headers: &mut HeaderMap) -> Result<Shaped, Unfit> {
        complete_headers(&self.0, asked, headers);
        let path = address::client_path(asked)?;
        Ok(Shaped {
            path: if self.has_version() {
                address::without_version(path)?
            } else {
                path
            },
            edits: model_edit(asked),
        })
    }
}

impl OpenaiCompatible {
    /// Whether a part of the base path is a version: `v1`, `v4`, `v1beta`.
    fn has_version(&self) -> bool {
        self.0.base_url.path().split('/').any(|part| {
            part.strip_prefix('v')
                .is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()))
        })
    }
}
