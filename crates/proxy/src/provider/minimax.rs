//! MiniMax: Anthropic's API below a base path of its own, by bearer.

use std::sync::Arc;

use weir_core::settings::Provider;

use super::Api;

#[derive(Debug)]
pub(super) struct Minimax(pub(super) Arc<Provider>);

impl Api for Minimax {
    fn provider(&self) -> &Provider {
        &self.0
    }
}
