//! The program: reads the command line and hands over.

mod banner;
mod cli;
mod config;
mod control;
mod demo;
mod fetch;
mod figures;
mod lines;
mod mock;
mod serve;
mod shutdown;
mod telemetry;
mod workers;

use std::process::ExitCode;

use clap::{CommandFactory as _, Parser as _};

use crate::cli::{Cli, Command};

/// Chosen by measurement: see `docs/adr/0003-allocator.md`.
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

fn main() -> ExitCode {
    let outcome = match Cli::parse().command {
        Command::Serve(options) => serve::run(&options),
        Command::Status(options) => fetch::status(&options),
        Command::Config(command) => config::run(&command),
        Command::Mock(options) => mock::run(&options),
        Command::Demo(options) => demo::run(&options),
        Command::Completions { shell } => {
            clap_complete::generate(shell, &mut Cli::command(), "weir", &mut std::io::stdout());
            Ok(ExitCode::SUCCESS)
        }
    };
    outcome.unwrap_or_else(|error| {
        lines::complain(&format!("weir: {error:#}"));
        ExitCode::FAILURE
    })
}
