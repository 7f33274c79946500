//! What to type next.

use std::net::SocketAddr;

use weir_core::settings::Settings;
use weir_wire::dialect::Dialect;

use crate::lines::say;

/// Tells where weir listens, where it forwards to, and how to point agents at it.
pub(crate) fn print(settings: &Settings, listening: SocketAddr) {
    let scheme = if settings.server.tls.is_some() {
        "https"
    } else {
        "http"
    };
    let url = settings
        .dashboard
        .proxy_public_url
        .clone()
        .unwrap_or_else(|| format!("{scheme}://{listening}"));
    say(&format!(
        "weir {} on {scheme}://{listening}",
        env!("CARGO_PKG_VERSION")
    ));
    for provider in &settings.providers {
        let base = provider.base_url.to_string();
        say(&format!(
            "  {:<10} -> {}",
            provider.name,
            base.trim_end_matches('/')
        ));
    }
    let stored = if settings.capture.enabled {
        format!(
            "every exchange is kept in {}",
            settings.storage.db_path.display()
        )
    } else {
        "captures are off".to_owned()
    };
    say(&format!("  {stored}; look at {url}\n"));
    say("Point an agent here, then use it as before:");
    let served = |dialect: Dialect| {
        let mut providers = settings.providers.iter();
        providers.any(|provider| provider.dialects.contains(&dialect))
    };
    if served(Dialect::AnthropicMessages) {
        say(&format!("  export ANTHROPIC_BASE_URL={url}"));
    }
    if served(Dialect::OpenaiChat) || served(Dialect::OpenaiResponses) {
        say(&format!(
            "  export OPENAI_BASE_URL={url}/v1          (Codex: codex -c openai_base_url={url}/v1)"
        ));
    }
    if served(Dialect::Gemini) {
        say(&format!("  export GOOGLE_GEMINI_BASE_URL={url}"));
    }
}
