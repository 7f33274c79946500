//! What a subagent gets: a model, and perhaps a provider for it.

/// Where a subagent's requests go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// The provider; none is the one that the model goes to.
    pub provider: Option<Box<str>>,
    /// The model.
    pub model: Box<str>,
}

impl Target {
    /// Reads `model`, `provider:model` or `provider,model`. Models may have colons in their names,
    /// so what stands before one is a provider only if `is_provider` knows it.
    ///
    /// # Errors
    /// When there is no model, or no provider of the name before a comma; a sentence.
    pub fn parse(text: &str, is_provider: impl Fn(&str) -> bool) -> Result<Self, String> {
        let text = text.trim();
        let (provider, model) = if let Some((provider, model)) = text.split_once(',') {
            let provider = provider.trim();
            if !is_provider(provider) {
                return Err(format!("`{provider}` is no enabled provider"));
            }
            (Some(provider), model.trim())
        } else {
            match text.split_once(':') {
                Some((provider, model)) if is_provider(provider.trim()) => {
                    (Some(provider.trim()), model.trim())
                }
                _ => (None, text),
            }
        };
        if model.is_empty() {
            return Err("no model is named".to_owned());
        }
        Ok(Self {
            provider: provider.map(Into::into),
            model: model.into(),
        })
    }
}
