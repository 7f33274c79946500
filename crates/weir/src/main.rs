//! The program: reads the command line and hands over.

mod accounts;
mod agent;
mod answers;
mod audit_file;
mod banner;
mod benchmark;
mod carried;
mod chat;
mod cli;
mod client;
mod config;
mod control;
mod demo;
mod edits;
mod events;
mod fetch;
mod figures;
mod hints;
mod history;
mod key;
mod lines;
mod live;
mod manage;
mod migrate;
mod mock;
mod nodes;
mod orders;
mod provider;
mod rates;
mod rawlog;
mod reload;
mod replay;
mod resend;
mod run;
mod seen;
mod serve;
mod setup;
mod share;
mod shutdown;
mod status;
mod steering;
mod stream;
mod subagents;
mod table;
mod telemetry;
mod tenants;
mod top;
mod watch;
mod words;
mod workers;

#[cfg(test)]
#[expect(dead_code, reason = "other tests need more of it")]
#[path = "../tests/it/shared/redis.rs"]
mod redis_server;

use std::process::ExitCode;

use clap::{CommandFactory as _, Parser as _};

use crate::cli::{Cli, Command, Configuration};

/// Chosen by measurement: see `docs/adr/0003-allocator.md`.
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

fn main() -> ExitCode {
    let outcome = match Cli::parse().command {
        Command::Serve(options) => serve::run(&options.settled()),
        Command::Run(options) => run::run(&options),
        Command::Replay(options) => replay::run(&options),
        Command::Log(options) => history::log(&options),
        Command::Show(options) => history::show(&options),
        Command::Tail(options) => history::tail(&options),
        Command::Stats(options) => history::stats(&options),
        Command::Export(options) => history::export(&options),
        Command::Purge(options) => history::purge(&options),
        Command::Agent(options) => agent::run(&options),
        Command::Status(options) => status::run(&options),
        Command::Nodes(asked) => nodes::command(&asked),
        Command::Health(options) => status::health(&options),
        Command::Top(options) => top::run(&options),
        Command::Provider(options) => provider::run(&options),
        Command::Key(options) => key::run(&options),
        Command::Project(options) => manage::projects::run(&options),
        Command::Token(options) => manage::tokens::run(&options),
        Command::Budget(options) => manage::budgets::run(&options),
        Command::Audit(options) => manage::audit::run(&options),
        Command::Dispatch(options) => events::dispatch::run(&options),
        Command::Cache(options) => manage::cache::run(&options),
        Command::Strategy(options) => orders::strategy(&options),
        Command::Config(Configuration::File(command)) => config::run(&command),
        Command::Config(Configuration::Cc(alias)) => agent::run(&alias.action.into()),
        Command::Config(Configuration::Reload(asked)) => orders::reload(&asked),
        Command::Migrate(options) => migrate::run(&options.action),
        Command::Setup(options) => setup::run(&options),
        Command::Chat(options) => chat::run(&options),
        Command::Benchmark(options) => benchmark::run(&options),
        Command::Mock(options) => mock::run(&options),
        Command::Demo(options) => demo::run(&options),
        Command::Openapi => {
            lines::print(weir_admin::openapi_json().trim_end()).map(|()| ExitCode::SUCCESS)
        }
        Command::Completions { shell } => {
            let mut script = Vec::new();
            clap_complete::generate(shell, &mut Cli::command(), "weir", &mut script);
            let script = String::from_utf8_lossy(&script);
            lines::print(script.trim_end()).map(|()| ExitCode::SUCCESS)
        }
    };
    match outcome {
        Ok(code) => code,
        // As of `weir log | head`.
        Err(error) if lines::is_gone(&error) => ExitCode::SUCCESS,
        Err(error) => {
            lines::complain(&lines::clean_lines(&format!("weir: {error:#}")));
            ExitCode::FAILURE
        }
    }
}
