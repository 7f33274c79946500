//! Commands for the agents' own settings.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use crate::agent::{NO_TOKEN, Name};

/// Options of `weir agent`.
#[derive(Args, Clone, Debug)]
pub(crate) struct Agent {
    /// What to do.
    #[command(subcommand)]
    pub action: AgentAction,
}

/// Subcommands of `weir agent`.
#[derive(Clone, Debug, Subcommand)]
pub(crate) enum AgentAction {
    /// Let an agent ask weir from now on
    Setup(Setup),
    /// Let it ask its provider again; its other settings stay as they are
    Remove(Setup),
}

/// Which agent's settings.
#[derive(Args, Clone, Debug)]
pub(crate) struct Setup {
    /// The agent
    #[arg(value_enum)]
    pub agent: Name,
    /// What to edit.
    #[command(flatten)]
    pub edit: Edit,
}

/// What to edit and how.
#[derive(Args, Clone, Debug)]
pub(crate) struct Edit {
    /// Where the agent reaches weir
    #[arg(
        long,
        visible_alias = "proxy-url",
        default_value = "http://127.0.0.1:3001",
        env = "WEIR_URL"
    )]
    pub url: String,
    /// weir's token, where it demands one; the agent's own login is not used then
    #[arg(long)]
    pub token: Option<String>,
    /// The settings file [default: the agent's own]
    #[arg(long, value_name = "FILE")]
    pub file: Option<PathBuf>,
    /// Show what would change and write nothing
    #[arg(long, short = 'n')]
    pub dry_run: bool,
}

/// Options of `weir config cc`.
#[derive(Args, Clone, Debug)]
pub(crate) struct ClaudeCode {
    /// What to do.
    #[command(subcommand)]
    pub action: ClaudeCodeAction,
}

/// Subcommands of `weir config cc`.
#[derive(Clone, Debug, Subcommand)]
pub(crate) enum ClaudeCodeAction {
    /// Let Claude Code ask weir from now on
    Init(Edit),
    /// Let it ask Anthropic again
    Remove(Edit),
}

impl From<ClaudeCodeAction> for Agent {
    fn from(action: ClaudeCodeAction) -> Self {
        let of = |edit| Setup {
            agent: Name::Claude,
            edit,
        };
        let action = match action {
            // With a token, as cc-relay has it: without one Claude Code asks to be logged in.
            ClaudeCodeAction::Init(mut edit) => {
                let token = edit.token.take();
                edit.token = Some(token.unwrap_or_else(|| NO_TOKEN.to_owned()));
                AgentAction::Setup(of(edit))
            }
            ClaudeCodeAction::Remove(edit) => AgentAction::Remove(of(edit)),
        };
        Self { action }
    }
}
