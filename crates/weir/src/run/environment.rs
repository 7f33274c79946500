//! What an agent is told so that it asks weir: variables, and for those that read none, arguments.
//! The token stands in the address, so that the agent's own credential can be where it always is.

use std::ffi::{OsStr, OsString};
use std::fs::OpenOptions;
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Context as _;
use serde_json::{Value, json};
use weir_core::settings;
use weir_wire::dialect::Dialect;

use super::fresh_token;

/// The way into a run's weir.
#[derive(Debug)]
pub(crate) struct Door {
    /// Its port on loopback.
    pub port: u16,
    /// What lets this run's agent in, and nobody else.
    pub token: String,
    /// For whom weir has keys of its own.
    pub lent: Lent,
}

impl Door {
    fn base(&self) -> String {
        format!("{}/~{}", self.open_base(), self.token)
    }

    /// The address without the token.
    fn open_base(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }
}

/// For which clients weir has keys of its own, so that they need none.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Lent {
    anthropic: bool,
    openai: bool,
    gemini: bool,
}

impl Lent {
    /// Nobody needs a key.
    pub(crate) const ALL: Self = Self {
        anthropic: true,
        openai: true,
        gemini: true,
    };
}

/// Who needs no key, by the providers that have some.
pub(super) fn lent(settings: &settings::Settings) -> Lent {
    let has_key = |dialect: Dialect| {
        let mut providers = settings.providers.iter();
        providers.any(|one| one.dialects.contains(&dialect) && !one.keys.is_empty())
    };
    Lent {
        anthropic: has_key(Dialect::AnthropicMessages),
        openai: has_key(Dialect::OpenaiChat) || has_key(Dialect::OpenaiResponses),
        gemini: has_key(Dialect::Gemini),
    }
}

/// An agent that has been told where to ask.
#[derive(Debug)]
pub(crate) struct Told {
    /// What runs it.
    pub command: Command,
    /// Goes when the agent has gone.
    _settings: Option<Settings>,
}

/// Settings in a file of this run, which only its owner can read.
#[derive(Debug)]
struct Settings(PathBuf);

impl Settings {
    fn write(text: &str) -> anyhow::Result<Self> {
        let name = format!("weir-{}.json", fresh_token()?);
        let file = std::env::temp_dir().join(name);
        let mut options = OpenOptions::new();
        let made = options.write(true).create_new(true).mode(0o600).open(&file);
        let written = made.and_then(|mut made| made.write_all(text.as_bytes()));
        let this = Self(file);
        written.with_context(|| format!("{}: cannot be written", this.0.display()))?;
        Ok(this)
    }
}

impl Drop for Settings {
    fn drop(&mut self) {
        let _gone = std::fs::remove_file(&self.0).is_ok();
    }
}

/// An agent, as far as it matters how it is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Agent {
    /// Sets its own variables to what its settings say.
    Claude,
    /// Reads no variable for its address.
    Codex,
    /// Reads its configuration from a variable.
    Opencode,
    /// Reads the variables of SDKs.
    Other,
}

impl Agent {
    /// By the name of the program.
    pub(super) fn of(program: &OsStr) -> Self {
        let name = Path::new(program).file_stem().and_then(OsStr::to_str);
        match name {
            Some("claude") => Self::Claude,
            Some("codex") => Self::Codex,
            Some("opencode") => Self::Opencode,
            _ => Self::Other,
        }
    }

    /// Tells an agent to ask at `door`.
    ///
    /// # Errors
    /// When a file for it cannot be written.
    pub(crate) fn told(
        program: &OsStr,
        arguments: &[OsString],
        door: &Door,
    ) -> anyhow::Result<Told> {
        let agent = Self::of(program);
        let present = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
        let mut command = Command::new(program);
        let is_own = |argument: &OsString| {
            let argument = argument.to_string_lossy();
            argument == "--settings" || argument.starts_with("--settings=")
        };
        let settings = match agent.settings(door, &present) {
            Some(text) if !arguments.iter().any(is_own) => {
                let file = Settings::write(&text)?;
                command.arg("--settings").arg(&file.0);
                Some(file)
            }
            _ => None,
        };
        command
            .args(agent.arguments(door, &present))
            .args(arguments);
        command.envs(agent.variables(door, &present));
        Ok(Told {
            command,
            _settings: settings,
        })
    }

    /// Arguments to put in front of the agent's own.
    pub(super) fn arguments(
        self,
        door: &Door,
        present: &dyn Fn(&str) -> Option<String>,
    ) -> Vec<OsString> {
        if self != Self::Codex {
            return Vec::new();
        }
        // Everybody on the machine can read arguments. A key that is lent is the token already.
        let base = match door.lent.openai && present("CODEX_API_KEY").is_none() {
            true => door.open_base(),
            false => door.base(),
        };
        let address = format!("openai_base_url=\"{base}/v1\"");
        vec!["-c".into(), address.into()]
    }

    /// What Claude Code's own settings would otherwise have a say in: they win over variables.
    fn settings(self, door: &Door, present: &dyn Fn(&str) -> Option<String>) -> Option<String> {
        if self != Self::Claude {
            return None;
        }
        let mut env = json!({ "ANTHROPIC_BASE_URL": door.base() });
        for (name, value) in self.credentials(door, present) {
            if name == "ANTHROPIC_AUTH_TOKEN" {
                env[name] = value.into();
            }
        }
        Some(json!({ "env": env }).to_string())
    }

    /// Variables to set. What the user has set stays, except for addresses, which are the point.
    pub(super) fn variables(
        self,
        door: &Door,
        present: &dyn Fn(&str) -> Option<String>,
    ) -> Vec<(&'static str, String)> {
        let base = door.base();
        let mut set = vec![
            ("ANTHROPIC_BASE_URL", base.clone()),
            ("OPENAI_BASE_URL", format!("{base}/v1")),
            ("OPENAI_API_BASE", format!("{base}/v1")),
            ("GOOGLE_GEMINI_BASE_URL", base.clone()),
            ("WEIR_URL", door.open_base()),
        ];
        let unless_set = [
            // Says which requests are a subagent's or auxiliary.
            ("CLAUDE_CODE_GATEWAY_HINT_HEADERS", "1"),
            // A stream that breaks off is asked for again as a stream, not at twice the price.
            ("CLAUDE_CODE_DISABLE_NONSTREAMING_FALLBACK", "1"),
        ];
        let mut missing: Vec<_> = unless_set
            .map(|(name, value)| (name, value.to_owned()))
            .into();
        missing.extend(self.credentials(door, present));
        missing.retain(|(name, _)| present(name).is_none());
        set.append(&mut missing);
        for name in ["NO_PROXY", "no_proxy"] {
            set.push((name, beside_proxies(present(name))));
        }
        if self == Self::Opencode {
            const NAME: &str = "OPENCODE_CONFIG_CONTENT";
            set.push((NAME, opencode(present(NAME), &format!("{base}/v1"))));
        }
        set
    }

    /// The run's token as a key where weir has the provider's and the user has none: agents do not
    /// start without one. weir knows it again and sends its own instead.
    fn credentials(
        self,
        door: &Door,
        present: &dyn Fn(&str) -> Option<String>,
    ) -> Vec<(&'static str, String)> {
        let lent = door.lent;
        let anthropic = ["ANTHROPIC_API_KEY", "CLAUDE_CODE_OAUTH_TOKEN"];
        let own = anthropic.iter().any(|name| present(name).is_some());
        let anthropic = match self {
            Self::Opencode => "ANTHROPIC_API_KEY",
            Self::Claude | Self::Codex | Self::Other => "ANTHROPIC_AUTH_TOKEN",
        };
        [
            (anthropic, lent.anthropic && !own),
            ("OPENAI_API_KEY", lent.openai),
            ("CODEX_API_KEY", lent.openai && self == Self::Codex),
            ("GEMINI_API_KEY", lent.gemini),
        ]
        .into_iter()
        .filter(|(_, needed)| *needed)
        .map(|(name, _)| (name, door.token.clone()))
        .collect()
    }
}

/// A configuration of opencode's, which may have some already, with these addresses in it.
fn opencode(present: Option<String>, base: &str) -> String {
    let present = present.and_then(|text| serde_json::from_str(&text).ok());
    let mut config = present
        .filter(Value::is_object)
        .unwrap_or_else(|| json!({}));
    for provider in ["anthropic", "openai"] {
        let mut inner = &mut config;
        for step in ["provider", provider, "options"] {
            inner = &mut inner[step];
            if !inner.is_object() {
                *inner = json!({});
            }
        }
        inner["baseURL"] = base.into();
    }
    config.to_string()
}

/// The hosts that no proxy is asked for, with this machine among them.
fn beside_proxies(present: Option<String>) -> String {
    const HERE: &str = "127.0.0.1,localhost";
    match present.filter(|hosts| !hosts.trim().is_empty()) {
        Some(hosts) => format!("{hosts},{HERE}"),
        None => HERE.to_owned(),
    }
}

#[cfg(test)]
mod tests;
