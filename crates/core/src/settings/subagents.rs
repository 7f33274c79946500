//! Which model the subagents of coding agents get: the settings, not the rules.

use std::collections::BTreeMap;
use std::path::PathBuf;

/// Which model the subagents of coding agents get.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Subagents {
    /// Whether subagents are told apart at all.
    pub enable: bool,
    /// A subagent's name, or the hash of its prompt, to its model: `model`, `provider:model` or
    /// `provider,model`.
    pub mappings: BTreeMap<String, String>,
    /// Folders of projects, in each of which `.claude/agents` is looked into.
    pub roots: Vec<PathBuf>,
}
