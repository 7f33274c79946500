//! Anthropic's own API: `x-api-key`, or bearer for a subscription's token.

use std::sync::Arc;

use weir_core::secret::Secret;
use weir_core::settings::{AuthStyle, Provider};

use super::Api;

/// What marks a subscription's token, which only the bearer scheme carries.
const SUBSCRIPTION_PREFIX: &str = "sk-ant-oat";

#[derive(Debug)]
pub(super) struct Anthropic(pub(super) Arc<Provider>);

impl Api for Anthropic {
    fn provider(&self) -> &Provider {
        &self.0
    }

    fn auth(&self, _path: &str, key: &Secret) -> AuthStyle {
        if key.expose().starts_with(SUBSCRIPTION_PREFIX) {
            AuthStyle::Bearer
        } else {
            AuthStyle::XApiKey
        }
    }
}
