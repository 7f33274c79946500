//! Commands for the database of projects.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::Source;

/// Options of `weir migrate`.
#[derive(Args, Clone, Debug)]
pub(crate) struct Migrate {
    /// What to do.
    #[command(subcommand)]
    pub action: MigrateAction,
}

/// Subcommands of `weir migrate`.
#[derive(Clone, Debug, Subcommand)]
pub(crate) enum MigrateAction {
    /// Take the steps that bring the schema up to date, as weir does when it starts
    Up(Steps),
    /// Undo steps, the newest first; what they keep is lost
    Down(Undo),
    /// List the steps, and whether they were taken
    Status(Database),
    /// Seal providers' keys that are stored open, or by an older encryption key
    Encrypt(Database),
    /// Count how providers' keys are stored
    EncryptStatus(Database),
    /// Copy everything from an SQLite file into the empty database of the configuration
    Copy(CopyFrom),
}

/// Which database, and how to answer.
#[derive(Args, Clone, Debug)]
pub(crate) struct Database {
    /// The configuration, whose `projects` name the database.
    #[command(flatten)]
    pub source: Source,
    /// Print the answer as JSON
    #[arg(long)]
    pub json: bool,
}

/// Options of `weir migrate up`.
#[derive(Args, Clone, Debug)]
pub(crate) struct Steps {
    /// Which database.
    #[command(flatten)]
    pub database: Database,
    /// Go to this version [default: up to the newest, down by one]
    #[arg(long, value_name = "VERSION")]
    pub to: Option<i64>,
    /// Say what would be done, and do nothing
    #[arg(long)]
    pub dry_run: bool,
}

/// Options of `weir migrate down`.
#[derive(Args, Clone, Debug)]
pub(crate) struct Undo {
    /// Which steps.
    #[command(flatten)]
    pub steps: Steps,
    /// Lose what the steps keep
    #[arg(long, short)]
    pub yes: bool,
}

/// Options of `weir migrate copy`.
#[derive(Args, Clone, Debug)]
pub(crate) struct CopyFrom {
    /// Which database.
    #[command(flatten)]
    pub database: Database,
    /// The SQLite file; no weir may use it meanwhile
    #[arg(long, value_name = "FILE")]
    pub from: PathBuf,
}
