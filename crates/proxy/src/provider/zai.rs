//! Z.AI: Anthropic's API below a base path of its own, by `x-api-key`.

use std::sync::Arc;

use weir_core::secret::Secret;
use weir_core::settings::{AuthStyle, Provider};

use super::Api;

#[derive(Debug)]
pub(super) struct Zai(pub(super) Arc<Provider>);

impl Api for Zai {
    fn provider(&self) -> &Provider {
        &self.0
    }

    fn auth(&self, _path: &str, _key: &Secret) -> AuthStyle {
        AuthStyle::XApiKey
    }
}
