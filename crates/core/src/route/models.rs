//! What a request's model says of where it goes and what it costs there.

use std::collections::BTreeMap;

use crate::settings::{Price, ProviderKind, Routing};

/// Stands for any model in a price list.
const ANY: &str = "*";
/// Output tokens for each input token, where a price for both has to be one figure. Agents send
/// their whole history each turn: of what they pay for, about a tenth is output.
const OUTPUT_SHARE: f64 = 0.1;

/// The provider that `model_based` sends a model to: that of the longest prefix, else the default.
#[must_use]
pub fn target<'a>(routing: &'a Routing, model: Option<&str>) -> Option<&'a str> {
    let model = model?;
    if routing.model_mapping.is_empty() {
        return None;
    }
    let prefixes = routing.model_mapping.iter();
    prefixes
        .filter(|(prefix, _)| model.starts_with(prefix.as_str()))
        .max_by_key(|(prefix, _)| prefix.len())
        .map(|(_, provider)| provider.as_str())
        .or(routing.default_provider.as_deref())
}

/// The kind of provider whose own models have names like this.
#[must_use]
pub fn vendor(model: &str) -> Option<ProviderKind> {
    const KNOWN: [(&str, ProviderKind); 8] = [
        ("claude-", ProviderKind::Anthropic),
        ("gpt-", ProviderKind::Openai),
        ("chatgpt-", ProviderKind::Openai),
        ("codex-", ProviderKind::Openai),
        ("o1", ProviderKind::Openai),
        ("o3", ProviderKind::Openai),
        ("o4", ProviderKind::Openai),
        ("gemini-", ProviderKind::Gemini),
    ];
    let mut known = KNOWN.iter();
    let found = known.find(|(prefix, _)| model.starts_with(prefix));
    found.map(|(_, kind)| *kind)
}

/// What a model costs: US dollars per million tokens of a mix of input and output as agents use
/// it. None without a price.
#[must_use]
pub fn price(prices: &BTreeMap<String, Price>, model: Option<&str>) -> Option<f64> {
    let own = model.and_then(|model| prices.get(model));
    let price = own.or_else(|| prices.get(ANY))?;
    Some(price.input * (1.0 - OUTPUT_SHARE) + price.output * OUTPUT_SHARE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_prefix_wins_and_case_counts() {
        let pairs = [("claude", "zz"), ("claude-op", "p"), ("glm", "g")];
        let mut routing = Routing {
            model_mapping: pairs.map(|(a, b)| (a.to_owned(), b.to_owned())).into(),
            ..Routing::default()
        };
        assert_eq!(target(&routing, Some("claude-opus-4")), Some("p"));
        assert_eq!(target(&routing, Some("claude-sonnet")), Some("zz"));
        assert_eq!(target(&routing, Some("GLM-4")), None);
        assert_eq!(target(&routing, None), None);
        routing.default_provider = Some("d".into());
        assert_eq!(target(&routing, Some("GLM-4")), Some("d"));
    }

    #[test]
    fn a_models_own_price_comes_before_any() {
        let price_of = |input, output| Price { input, output };
        let prices = BTreeMap::from([
            ("m".to_owned(), price_of(10.0, 20.0)),
            ("*".to_owned(), price_of(1.0, 1.0)),
        ]);
        assert_eq!(price(&prices, Some("m")), Some(11.0));
        assert_eq!(price(&prices, Some("x")), Some(1.0));
        assert_eq!(price(&BTreeMap::new(), Some("x")), None);
    }
}
