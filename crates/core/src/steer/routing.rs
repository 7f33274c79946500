//! How requests find their models, for people: mappings and subagents.

use serde::Serialize;
use utoipa::ToSchema;

/// A model that is asked for by another name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ModelMapped {
    /// The provider.
    pub provider: String,
    /// The client's name for it.
    pub from: String,
    /// The provider's.
    pub to: String,
}

/// Which subagents have models of their own.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct SubagentsView {
    /// Whether they are told apart at all.
    pub enabled: bool,
    /// Every mapping.
    pub agents: Vec<SubagentView>,
}

/// One mapping.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct SubagentView {
    /// The subagent's name in the settings.
    pub name: String,
    /// Its model.
    pub model: String,
    /// The provider, if one is named.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub provider: Option<String>,
    /// The file that its prompt is from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
    /// The hash of its prompt, 16 hexadecimal digits.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hash: Option<String>,
    /// Whether its requests can be told by their prompt.
    pub loaded: bool,
    /// What is wrong with it; a sentence.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub warning: Option<String>,
}
