//! Runs an agent behind a weir of its own: on a port of its own, with a token for this run alone,
//! and gone when the agent has ended. What the agent is told is `run/environment.rs`'s, what is said
//! at the end `run/summary.rs`'s.

pub(crate) mod child;
mod environment;
mod place;
mod summary;

use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::anyhow;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::rand::{SecureRandom as _, SystemRandom};
use tokio::time::Instant;
use weir_core::config::Source as Origin;

use crate::cli::Run;
use crate::config::Found;
use crate::edits::Edits;
use crate::lines::complain;
use crate::reload::Reloader;
use crate::serve::Running;
use crate::{config, telemetry, workers};
pub(crate) use environment::{Agent, Door, Lent};
use place::Place;

/// How long answers may take to end when the agent is gone; nobody reads them.
const LEFTOVERS: Duration = Duration::from_secs(3);
/// Random bytes of a run's token.
const TOKEN_BYTES: usize = 24;

/// Runs `weir run`, and ends as the agent does.
///
/// # Errors
/// When weir cannot start, or the command cannot be run.
pub(crate) fn run(options: &Run) -> anyhow::Result<ExitCode> {
    let [program, arguments @ ..] = options.command.as_slice() else {
        return Err(anyhow!("say what to run: weir run -- claude"));
    };
    let place = Place::of(options.db.as_deref())?;
    let token = fresh_token()?;
    let flags = flags(&token, &place, options);
    let (found, stored) = found(options, &flags, &place)?;
    let telemetry = telemetry::init(&found.loaded.settings.logging)?;
    for warning in &found.loaded.warnings {
        tracing::warn!("{warning}");
    }
    workers::runtime()?.block_on(async {
        let signals = child::Signals::listen()?;
        let mut settings = found.loaded.settings.clone();
        // The agent is told of an address without.
        settings.server.tls = None;
        settings.projects.enabled = false;
        settings.projects.required = false;
        let lent = environment::lent(&settings);
        let running = Running::start(settings).await?;
        if !stored.is_empty() {
            let reload = Arc::clone(&running.reload);
            tokio::task::spawn_blocking(move || reload.adopt(&stored)).await?;
        }
        let started = Instant::now();
        let edits = Edits::own(running.recorder());
        let reloader = Reloader::new(options.source.clone(), flags, found, (telemetry, edits));
        running.reload.set(reloader);
        let door = Door {
            port: running.listening.port(),
            token,
            lent,
        };
        let told = Agent::told(program, arguments, &door)?;
        let ended = child::run(program, told.command, signals).await;
        running.settled(LEFTOVERS).await;
        let told = summary::of(&running, started.elapsed()).await;
        running.stop().await;
        if !options.quiet {
            complain(&told.lines(&place));
        }
        ended
    })
}

/// The configuration with the edits that were made at run time, and those of them that the run's
/// own database does not have yet: a run begins where the weir stands that this configuration is
/// for.
///
/// # Errors
/// When the configuration is not valid.
fn found(
    options: &Run,
    flags: &[(String, String)],
    place: &Place,
) -> anyhow::Result<(Found, Vec<(String, String)>)> {
    let found = config::load(&options.source, flags)?;
    let (own, _) = config::stored_in(&place.database);
    if !own.is_empty() {
        return Ok((
            config::with_stored(found, &options.source, flags, &own),
            Vec::new(),
        ));
    }
    let usual = config::load(&options.source, &[])?.loaded.settings;
    let (stored, warning) = config::stored(&usual);
    let mut found = config::with_stored(found, &options.source, flags, &stored);
    found.loaded.warnings.extend(warning);
    // Those that are not valid have no effect, and must not hold up a reload later.
    let mut settings = found.loaded.report.iter();
    let in_force = settings.any(|setting| setting.source == Origin::Stored);
    Ok((found, if in_force { stored } else { Vec::new() }))
}

/// A token that nobody can guess.
///
/// # Errors
/// When the system has no random numbers.
pub(crate) fn fresh_token() -> anyhow::Result<String> {
    Ok(URL_SAFE_NO_PAD.encode(random::<TOKEN_BYTES>()?))
}

/// Bytes that nobody can guess.
///
/// # Errors
/// When the system has no random numbers.
pub(crate) fn random<const LEN: usize>() -> anyhow::Result<[u8; LEN]> {
    let mut bytes = [0; LEN];
    let filled = SystemRandom::new().fill(&mut bytes);
    filled.map_err(|_| anyhow!("the system has no random numbers"))?;
    Ok(bytes)
}

/// Settings of a weir on any port of loopback that lets in nobody but who has `token`, whatever the
/// configuration says.
pub(crate) fn for_one(token: &str) -> Vec<(&'static str, String)> {
    vec![
        ("server.host", "127.0.0.1".to_owned()),
        ("server.port", "0".to_owned()),
        ("auth.enabled", "true".to_owned()),
        ("auth.token", token.to_owned()),
        ("auth.api_key", token.to_owned()),
        ("auth.bearer_secret", token.to_owned()),
        ("auth.allow_subscription", "false".to_owned()),
        ("auth.allow_localhost_bypass", "false".to_owned()),
    ]
}

/// What this run lays down, whatever the configuration says: a door for one, on loopback.
fn flags(token: &str, place: &Place, options: &Run) -> Vec<(String, String)> {
    let path = |path: &Path| path.display().to_string();
    let mut flags = for_one(token);
    flags.extend([
        ("server.trust_proxy", "false".to_owned()),
        ("auth.token_in_path", "true".to_owned()),
        ("storage.db_path", path(&place.database)),
    ]);
    let logs = options.source.set.iter();
    if !logs.into_iter().any(|(key, _)| key == "logging.output") {
        // The terminal is the agent's.
        flags.push(("logging.output", path(&place.log)));
    }
    let owned = |(key, value): (&str, String)| (key.to_owned(), value);
    flags.into_iter().map(owned).collect()
}
