//! The agents whose settings are known: where they stand and what is to be set in them.

use std::fmt;
use std::path::PathBuf;

use clap::ValueEnum;

use super::Entry;

/// An agent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Name {
    /// Claude Code: `~/.claude/settings.json`
    Claude,
    /// Codex CLI: `~/.codex/config.toml`
    Codex,
    /// Gemini CLI: `~/.gemini/.env`
    Gemini,
    /// opencode: `~/.config/opencode/opencode.json`
    Opencode,
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Claude => "Claude Code",
            Self::Codex => "Codex",
            Self::Gemini => "Gemini CLI",
            Self::Opencode => "opencode",
        })
    }
}

impl Name {
    /// Where its settings stand, by its own variables; none without a home.
    pub(super) fn settings_file(
        self,
        variable: &dyn Fn(&str) -> Option<PathBuf>,
    ) -> Option<PathBuf> {
        let set = |name: &str| variable(name).filter(|path| !path.as_os_str().is_empty());
        let home = |below: &str| set("HOME").map(|home| home.join(below));
        match self {
            Self::Claude => {
                let folder = set("CLAUDE_CONFIG_DIR").or_else(|| home(".claude"))?;
                Some(folder.join("settings.json"))
            }
            Self::Codex => {
                let folder = set("CODEX_HOME").or_else(|| home(".codex"))?;
                Some(folder.join("config.toml"))
            }
            Self::Gemini => {
                let home = set("GEMINI_CLI_HOME").or_else(|| set("HOME"))?;
                Some(home.join(".gemini/.env"))
            }
            Self::Opencode => set("OPENCODE_CONFIG").or_else(|| {
                let folder = set("XDG_CONFIG_HOME").or_else(|| home(".config"))?;
                // The one that is there; both are read.
                let folder = folder.join("opencode");
                let commented = folder.join("opencode.jsonc");
                let plain = folder.join("opencode.json");
                Some(if commented.exists() && !plain.exists() {
                    commented
                } else {
                    plain
                })
            }),
        }
    }

    /// What is to be set, with weir's own token where it demands one.
    pub(super) fn entries(self, url: &str, token: Option<&str>) -> Vec<Entry> {
        let plain = |path: &'static [&'static str], value: &str| Entry {
            path,
            value: value.to_owned(),
        };
        let v1 = format!("{url}/v1");
        match self {
            Self::Claude => {
                let mut entries = vec![
                    plain(&["env", "ANTHROPIC_BASE_URL"], url),
                    // Says which requests are a subagent's or auxiliary.
                    plain(&["env", "CLAUDE_CODE_GATEWAY_HINT_HEADERS"], "1"),
                ];
                entries.extend(token.map(|token| plain(&["env", "ANTHROPIC_AUTH_TOKEN"], token)));
                entries
            }
            Self::Codex => vec![plain(&["openai_base_url"], &v1)],
            Self::Gemini => {
                let mut entries = vec![plain(&["GOOGLE_GEMINI_BASE_URL"], url)];
                entries.extend(token.map(|token| plain(&["GEMINI_API_KEY"], token)));
                entries
            }
            Self::Opencode => {
                let mut entries = vec![
                    plain(&["provider", "anthropic", "options", "baseURL"], &v1),
                    plain(&["provider", "openai", "options", "baseURL"], &v1),
                ];
                for path in [
                    &["provider", "anthropic", "options", "apiKey"],
                    &["provider", "openai", "options", "apiKey"],
                ] {
                    entries.extend(token.map(|token| plain(path, token)));
                }
                entries
            }
        }
    }

    /// What the user still has to know.
    pub(super) fn hint(self) -> &'static str {
        match self {
            Self::Claude => "Start `claude` as before. `weir agent remove claude` undoes it.",
            Self::Codex => {
                "Start `codex` as before. Where weir demands a token, it goes into CODEX_API_KEY. \
                 `weir agent remove codex` undoes it."
            }
            Self::Gemini => {
                "Start `gemini` with a GEMINI_API_KEY, or with weir's token in it. \
                 `weir agent remove gemini` undoes it."
            }
            Self::Opencode => "Start `opencode` as before. `weir agent remove opencode` undoes it.",
        }
    }
}
