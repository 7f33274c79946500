//! Answers a client from captured exchanges, byte for byte: an agent's run again, without network
//! and without cost. What is in the recording is `replay/recording.rs`'s, which part of it answers
//! is `replay/script.rs`'s.

pub(crate) mod recording;
mod script;
mod server;

use std::net::SocketAddr;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::{Context as _, bail};
use tokio::net::TcpListener;
use weir_core::identity::{DEFAULT_KEY_HEADER, Gate};
use weir_core::secret::Secret;
use weir_core::settings::Auth;

use crate::cli::Replay;
use crate::lines::{complain, say};
use crate::run::{Agent, Door, Lent, child, fresh_token};
use crate::shutdown::Signals;
use crate::{config, workers};
use recording::Recording;
use script::{Played, Script};
use server::{Pace, Stage};

/// Runs `weir replay`.
///
/// # Errors
/// When there is no such recording, the address is taken, or the command cannot be run.
pub(crate) fn run(options: &Replay) -> anyhow::Result<ExitCode> {
    let database = match &options.db {
        Some(file) => file.clone(),
        None => {
            config::load(&options.source, &[])?
                .loaded
                .settings
                .storage
                .db_path
        }
    };
    let recording = Recording::read(&database, &options.session)?;
    complain(&format!("weir replay: {recording}"));
    if let Some(upstream) = &options.upstream
        && !upstream.starts_with("http://")
    {
        bail!("--upstream: `{upstream}`: only http:// addresses, such as that of a running weir");
    }
    workers::runtime()?.block_on(play(options, recording))
}

async fn play(options: &Replay, recording: Recording) -> anyhow::Result<ExitCode> {
    let token = match (&options.token, options.command.is_empty()) {
        (Some(token), _) => Some(token.clone()),
        (None, true) => None,
        (None, false) => Some(fresh_token()?),
    };
    let listen = match options.listen {
        Some(listen) if !listen.ip().is_loopback() && token.is_none() => {
            bail!("--listen: {listen} can be reached by others; say --token too")
        }
        Some(listen) => listen,
        // A command is told where to ask, so any port will do.
        None if !options.command.is_empty() => SocketAddr::from(([127, 0, 0, 1], 0)),
        None => SocketAddr::from(([127, 0, 0, 1], 3001)),
    };
    let listener = TcpListener::bind(listen).await;
    let listener = listener.with_context(|| format!("cannot listen on {listen}"))?;
    let address = listener.local_addr()?;
    let stage = Arc::new(Stage {
        script: Script::new(recording),
        pace: Pace::of(options.pace),
        gate: token.as_deref().map(gate),
        upstream: options.upstream.clone(),
        quiet: options.quiet,
    });
    let serving = tokio::spawn(server::serve(listener, Arc::clone(&stage)));
    let ended = match options.command.as_slice() {
        [program, arguments @ ..] => {
            let door = Door {
                port: address.port(),
                token: token.unwrap_or_default(),
                lent: Lent::ALL,
            };
            let told = Agent::told(program, arguments, &door)?;
            child::run(program, told.command, child::Signals::listen()?).await?
        }
        [] => {
            let mut signals = Signals::listen()?;
            let door = token.map_or_else(String::new, |token| format!("/~{token}"));
            say(&format!("weir replay on http://{address}{door}"));
            signals.next().await;
            ExitCode::SUCCESS
        }
    };
    serving.abort();
    let played = stage.script.played();
    complain(&played.to_string());
    Ok(if options.strict && !played.is_whole() {
        ExitCode::FAILURE
    } else {
        ended
    })
}

/// A door that opens to who has `token` in front of the path.
fn gate(token: &str) -> Gate {
    let auth = Auth {
        enabled: true,
        bearer_token: Some(Secret::new(token)),
        any_bearer: false,
        api_key: Some(Secret::new(token)),
        api_key_header: DEFAULT_KEY_HEADER,
        allow_localhost_bypass: false,
        token_in_path: true,
    };
    Gate::new(&auth, false)
}

impl Played {
    /// Whether every request found its answer, and every answer its request.
    fn is_whole(&self) -> bool {
        self.missed == 0 && self.unused == 0
    }
}
