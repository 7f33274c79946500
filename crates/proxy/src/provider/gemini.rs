//! Google's Generative Language API: `x-goog-api-key`, and the model in the path.

use std::sync::Arc;

use weir_core::secret::Secret;
use weir_core::settings::{AuthStyle, Provider};

use super::Api;

#[derive(Debug)]
pub(super) struct Gemini(pub(super) Arc<Provider>);

impl Api for Gemini {
    fn provider(&self) -> &Provider {
        &self.0
    }

    fn auth(&self, _path: &str, _key: &Secret) -> AuthStyle {
        AuthStyle::XGoogApiKey
    }
}
