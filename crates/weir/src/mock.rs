//! Runs `weir mock`.

use std::process::ExitCode;

use weir_mock::{Fast, MockConfig};

use crate::cli::Mock;

/// Serves the scripted upstream until told to stop.
///
/// # Errors
/// When the address is taken.
pub(crate) fn run(options: &Mock) -> anyhow::Result<ExitCode> {
    let mut config = MockConfig {
        listen: options.listen,
        ..MockConfig::default()
    };
    if let Some(scenario) = &options.scenario {
        config.scenario.clone_from(scenario);
    }
    if options.fast {
        config.fast = Some(Fast::default());
    }
    weir_mock::run(config)?;
    Ok(ExitCode::SUCCESS)
}
