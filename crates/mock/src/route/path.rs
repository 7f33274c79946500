//! Paths as gateways and clouds spell them, brought to the form that the vendor's own API has.

use std::borrow::Cow;

use crate::percent::unescaped;

/// A path without its base, and the model if a deployment names it.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct ApiPath<'a> {
    pub(super) path: Cow<'a, str>,
    pub(super) model: Option<&'a str>,
}

/// Ends that are known whatever stands before them, for vendors with a version of their own.
const ENDS: [&str; 7] = [
    "/chat/completions",
    "/embeddings",
    "/messages",
    "/messages/count_tokens",
    "/models",
    "/responses",
    "/responses/input_tokens",
];

/// Takes a base path off: `/api/anthropic/v1/messages`, `/openai/deployments/MODEL/responses` and
/// `/v1beta/openai/models` are as good as the plain ones.
pub(super) fn api_path(path: &str) -> ApiPath<'_> {
    if let Some((model, rest)) = path
        .split_once("/openai/deployments/")
        .and_then(|(_, rest)| rest.split_once('/'))
    {
        return ApiPath {
            path: format!("/v1/{rest}").into(),
            model: Some(model),
        };
    }
    let plain = |path| ApiPath { path, model: None };
    if let Some((_, rest)) = path.split_once("/v1beta/openai/") {
        return plain(format!("/v1/{rest}").into());
    }
    let versioned = path.rfind("/v1/").or_else(|| path.rfind("/v1beta/"));
    if let Some(start) = versioned.and_then(|at| path.get(at..)) {
        return plain(start.into());
    }
    match ENDS.iter().find(|end| path.ends_with(*end)) {
        Some(end) => plain(format!("/v1{end}").into()),
        None => plain(path.into()),
    }
}

/// Model and method of `.../models/{model}:{method}`, under any version and any project.
pub(super) fn model_call(path: &str) -> Option<(&str, &str)> {
    let (_, call) = path.rsplit_once("/models/")?;
    call.split_once(':')
}

/// Model and call of Bedrock's `/model/{model}/{call}`; the model's escapes are undone.
pub(super) fn bedrock_call(path: &str) -> Option<(String, &str)> {
    let (_, call) = path.split_once("/model/")?;
    let (model, call) = call.rsplit_once('/')?;
    Some((unescaped(model), call))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base_paths_are_taken_off() {
        for (given, path, model) in [
            ("/v1/messages", "/v1/messages", None),
            ("/api/anthropic/v1/messages", "/v1/messages", None),
            ("/v1/relay/v1/responses/x", "/v1/responses/x", None),
            ("/openai/v1/responses", "/v1/responses", None),
            (
                "/openai/deployments/gpt-x/chat/completions",
                "/v1/chat/completions",
                Some("gpt-x"),
            ),
            (
                "/v1beta/openai/chat/completions",
                "/v1/chat/completions",
                None,
            ),
            (
                "/api/coding/paas/v4/chat/completions",
                "/v1/chat/completions",
                None,
            ),
            ("/pre/v1beta/models", "/v1beta/models", None),
            ("/nothing", "/nothing", None),
        ] {
            let found = api_path(given);
            assert_eq!((found.path.as_ref(), found.model), (path, model), "{given}");
        }
    }

    #[test]
    fn bedrock_models_may_be_escaped() {
        let id = "us.anthropic.claude-x-v1:0";
        for path in [
            "/model/us.anthropic.claude-x-v1%3A0/invoke",
            "/pre/model/us.anthropic.claude-x-v1:0/invoke",
        ] {
            assert_eq!(bedrock_call(path), Some((id.to_owned(), "invoke")));
        }
        let arn = "/model/arn%3Aaws%3Abedrock%3A%3A%3Ainference-profile%2Fx/converse";
        let (model, call) = bedrock_call(arn).expect("a call");
        assert_eq!(
            (model.as_str(), call),
            ("arn:aws:bedrock:::inference-profile/x", "converse")
        );
    }
}
