//! Runs `weir mock`.

use std::process::ExitCode;

use weir_mock::{Fast, Mix, MockConfig};

use crate::cli::Mock;

/// Serves the scripted upstream until told to stop.
///
/// # Errors
/// When the address is taken or a way to fail is unknown.
pub(crate) fn run(options: &Mock) -> anyhow::Result<ExitCode> {
    let mut config = MockConfig {
        listen: options.listen,
        tls: options.tls.is_some(),
        certificate_file: options.tls.clone(),
        ..MockConfig::default()
    };
    if let Some(scenario) = &options.scenario {
        config.scenario.clone_from(scenario);
    }
    if options.fast {
        config.fast = Some(Fast::default());
    }
    if let Some(share) = options.fail {
        let kinds = options.kinds.as_deref().unwrap_or_default();
        config.mix = Some(Mix::new(share, options.seed).kinds(kinds)?);
    }
    weir_mock::run(config)?;
    Ok(ExitCode::SUCCESS)
}
