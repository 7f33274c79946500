//! OpenRouter: Anthropic's and OpenAI's APIs below `/api`, by bearer.

use std::sync::Arc;

use weir_core::settings::Provider;

use super::Api;

#[derive(Debug)]
pub(super) struct Openrouter(pub(super) Arc<Provider>);

impl Api for Openrouter {
    fn provider(&self) -> &Provider {
        &self.0
    }
}
