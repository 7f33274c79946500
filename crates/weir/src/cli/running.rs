//! Commands for a gateway that runs.

use clap::builder::PossibleValuesParser;
use clap::{Args, Subcommand};
use weir_core::secret::Secret;
use weir_core::settings;

/// Where a gateway listens unless told otherwise.
pub(super) const DEFAULT_URL: &str = "http://127.0.0.1:3001";

/// Which running gateway, and how to get in.
#[derive(Args, Clone, Debug)]
pub(crate) struct Gateway {
    /// Where the gateway listens
    #[arg(
        long,
        default_value = DEFAULT_URL,
        env = "WEIR_URL",
        global = true
    )]
    pub url: String,
    /// The dashboard's password, if it has one
    #[arg(long, env = "DASHBOARD_PASSWORD", hide_env_values = true, value_parser = secret, global = true)]
    pub password: Option<Secret>,
    /// The gateway's token, if it wants one and the dashboard has no password
    #[arg(long, env = "AUTH_TOKEN", hide_env_values = true, value_parser = secret, global = true)]
    pub token: Option<Secret>,
}

impl Gateway {
    /// Whether it is another than the one that is asked when nothing is said.
    pub(crate) fn is_named(&self) -> bool {
        self.url != DEFAULT_URL
    }
}

/// A question for a running gateway.
#[derive(Args, Clone, Debug)]
pub(crate) struct Asked {
    /// Which gateway.
    #[command(flatten)]
    pub gateway: Gateway,
    /// Print the answer as JSON
    #[arg(long, global = true)]
    pub json: bool,
}

/// Options of `weir status`.
#[derive(Args, Clone, Debug)]
pub(crate) struct Status {
    /// What to ask.
    #[command(flatten)]
    pub asked: Asked,
}

/// Options of `weir health`.
#[derive(Args, Clone, Debug)]
pub(crate) struct Health {
    /// Where the gateway listens
    #[arg(long, default_value = DEFAULT_URL, env = "WEIR_URL")]
    pub url: String,
}

/// Options of `weir top`.
#[derive(Args, Clone, Debug)]
pub(crate) struct Top {
    /// Which gateway.
    #[command(flatten)]
    pub gateway: Gateway,
    /// Print one frame as text and end
    #[arg(long)]
    pub once: bool,
}

/// Options of `weir provider`.
#[derive(Args, Clone, Debug)]
pub(crate) struct Provider {
    /// What to ask.
    #[command(flatten)]
    pub asked: Asked,
    /// What to do.
    #[command(subcommand)]
    pub action: ProviderAction,
}

/// Subcommands of `weir provider`.
#[derive(Clone, Debug, Subcommand)]
pub(crate) enum ProviderAction {
    /// List providers with health and figures
    List,
    /// Show one with its keys
    Show {
        /// Its name
        name: String,
    },
    /// Send it requests again
    Enable {
        /// Its name
        name: String,
    },
    /// Send it no new requests, until it is enabled or weir restarts
    Disable {
        /// Its name
        name: String,
    },
    /// Close its breaker and end the pauses of its keys
    Reset {
        /// Its name
        name: String,
    },
}

/// Options of `weir key`.
#[derive(Args, Clone, Debug)]
pub(crate) struct Key {
    /// What to ask.
    #[command(flatten)]
    pub asked: Asked,
    /// What to do.
    #[command(subcommand)]
    pub action: KeyAction,
}

/// Subcommands of `weir key`.
#[derive(Clone, Debug, Subcommand)]
pub(crate) enum KeyAction {
    /// List keys with what is left of them
    List {
        /// Only this provider's
        provider: Option<String>,
    },
    /// Add a key, read from standard input; prints its id
    Add(AddKey),
    /// Take a key out
    Remove(NamedKey),
    /// Use it again
    Enable(NamedKey),
    /// Use it for no new requests
    Disable(NamedKey),
    /// End its pauses and forget its errors
    Reset(NamedKey),
}

/// A key that is there.
#[derive(Args, Clone, Debug)]
pub(crate) struct NamedKey {
    /// The provider's name
    pub provider: String,
    /// The key's id, or its name
    pub key: String,
}

/// Options of `weir key add`.
#[derive(Args, Clone, Debug)]
pub(crate) struct AddKey {
    /// The provider's name
    pub provider: String,
    /// Read the key from this environment variable instead
    #[arg(long, value_name = "VARIABLE")]
    pub from_env: Option<String>,
    /// What lists call it
    #[arg(long)]
    pub name: Option<String>,
    /// Requests a minute
    #[arg(long, value_name = "COUNT")]
    pub rpm_limit: Option<u64>,
    /// Input tokens a minute
    #[arg(long, value_name = "COUNT")]
    pub itpm_limit: Option<u64>,
    /// Output tokens a minute
    #[arg(long, value_name = "COUNT")]
    pub otpm_limit: Option<u64>,
    /// 0 to 2; higher goes first [default: 1]
    #[arg(long, value_parser = clap::value_parser!(u8).range(0..=2))]
    pub priority: Option<u8>,
    /// Its share where keys are weighted [default: 1]
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..))]
    pub weight: Option<u32>,
}

/// Options of `weir strategy`.
#[derive(Args, Clone, Debug)]
pub(crate) struct Strategy {
    /// What to ask.
    #[command(flatten)]
    pub asked: Asked,
    /// Pick by this one from now on
    #[arg(value_parser = PossibleValuesParser::new(settings::Strategy::ALL.map(settings::Strategy::as_str)))]
    pub name: Option<String>,
}

#[expect(clippy::unnecessary_wraps, reason = "clap's parsers may fail")]
fn secret(text: &str) -> Result<Secret, String> {
    Ok(Secret::new(text))
}
