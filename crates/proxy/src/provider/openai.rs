//! OpenAI's own API: Chat Completions, Responses and the rest, by bearer.

use std::sync::Arc;

use weir_core::settings::Provider;

use super::Api;

#[derive(Debug)]
pub(super) struct Openai(pub(super) Arc<Provider>);

impl Api for Openai {
    fn provider(&self) -> &Provider {
        &self.0
    }
}
