//! What an agent is told so that it asks weir: variables, and for those that read none, arguments.
//! The token stands in the address, so that the agent's own credential can be where it always is.

use std::ffi::{OsStr, OsString};
use std::path::Path;
use std::process::Command;

use serde_json::json;
use weir_core::settings::Settings;
use weir_wire::dialect::Dialect;

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
        format!("http://127.0.0.1:{}/~{}", self.port, self.token)
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
pub(super) fn lent(settings: &Settings) -> Lent {
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

/// An agent, as far as it matters how it is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Agent {
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
            Some("codex") => Self::Codex,
            Some("opencode") => Self::Opencode,
            _ => Self::Other,
        }
    }

    /// The command that runs an agent which asks at `door`.
    pub(crate) fn command(program: &OsStr, arguments: &[OsString], door: &Door) -> Command {
        let agent = Self::of(program);
        let mut command = Command::new(program);
        command.args(agent.arguments(door)).args(arguments);
        command.envs(agent.variables(door, &|name| std::env::var(name).ok()));
        command
    }

    /// Arguments to put in front of the agent's own.
    pub(super) fn arguments(self, door: &Door) -> Vec<OsString> {
        match self {
            Self::Codex => {
                let address = format!("openai_base_url=\"{}/v1\"", door.base());
                vec!["-c".into(), address.into()]
            }
            Self::Opencode | Self::Other => Vec::new(),
        }
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
            ("WEIR_URL", format!("http://127.0.0.1:{}", door.port)),
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
            let at = json!({ "options": { "baseURL": format!("{base}/v1") } });
            let config = json!({ "provider": { "anthropic": at, "openai": at } });
            set.push(("OPENCODE_CONFIG_CONTENT", config.to_string()));
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
        [
            ("ANTHROPIC_AUTH_TOKEN", lent.anthropic && !own),
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

/// The hosts that no proxy is asked for, with this machine among them.
fn beside_proxies(present: Option<String>) -> String {
    const HERE: &str = "127.0.0.1,localhost";
    match present.filter(|hosts| !hosts.trim().is_empty()) {
        Some(hosts) => format!("{hosts},{HERE}"),
        None => HERE.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn door(lent: Lent) -> Door {
        Door {
            port: 1234,
            token: "tok".to_owned(),
            lent,
        }
    }

    fn variables(
        agent: Agent,
        lent: Lent,
        present: &[(&str, &str)],
    ) -> Vec<(&'static str, String)> {
        agent.variables(&door(lent), &|name| {
            let found = present.iter().find(|(known, _)| *known == name);
            found.map(|(_, value)| (*value).to_owned())
        })
    }

    fn value<'a>(set: &'a [(&'static str, String)], name: &str) -> Option<&'a str> {
        let found = set.iter().find(|(known, _)| *known == name);
        found.map(|(_, value)| value.as_str())
    }

    #[test]
    fn addresses_hold_the_token() {
        let set = variables(Agent::Other, Lent::default(), &[]);
        assert_eq!(
            value(&set, "ANTHROPIC_BASE_URL"),
            Some("http://127.0.0.1:1234/~tok")
        );
        assert_eq!(
            value(&set, "OPENAI_BASE_URL"),
            Some("http://127.0.0.1:1234/~tok/v1")
        );
        assert_eq!(value(&set, "WEIR_URL"), Some("http://127.0.0.1:1234"));
        assert_eq!(value(&set, "ANTHROPIC_AUTH_TOKEN"), None);
    }

    #[test]
    fn a_key_is_lent_to_who_has_none() {
        let lent = Lent {
            anthropic: true,
            ..Lent::default()
        };
        let set = variables(Agent::Other, lent, &[]);
        assert_eq!(value(&set, "ANTHROPIC_AUTH_TOKEN"), Some("tok"));
        let set = variables(Agent::Other, lent, &[("ANTHROPIC_API_KEY", "own")]);
        assert_eq!(value(&set, "ANTHROPIC_AUTH_TOKEN"), None);
    }

    #[test]
    fn what_the_user_has_set_stays() {
        let name = "CLAUDE_CODE_GATEWAY_HINT_HEADERS";
        let set = variables(Agent::Other, Lent::default(), &[(name, "0")]);
        assert_eq!(value(&set, name), None);
        let set = variables(Agent::Other, Lent::default(), &[("NO_PROXY", "corp")]);
        assert_eq!(value(&set, "NO_PROXY"), Some("corp,127.0.0.1,localhost"));
    }

    #[test]
    fn agents_that_read_no_address_are_told_in_their_own_way() {
        let codex = Agent::of(OsStr::new("/usr/bin/codex"));
        let told = codex.arguments(&door(Lent::default()));
        assert_eq!(
            told,
            ["-c", "openai_base_url=\"http://127.0.0.1:1234/~tok/v1\""]
        );
        let set = variables(Agent::of(OsStr::new("opencode")), Lent::default(), &[]);
        let config = value(&set, "OPENCODE_CONFIG_CONTENT").unwrap();
        let config: serde_json::Value = serde_json::from_str(config).unwrap();
        let base = &config["provider"]["openai"]["options"]["baseURL"];
        assert_eq!(base, "http://127.0.0.1:1234/~tok/v1");
        assert_eq!(Agent::of(OsStr::new("claude")), Agent::Other);
    }
}
