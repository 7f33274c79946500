//! Commands that manage projects, tokens, the audit and the cache of a gateway that runs.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::running::DEFAULT_URL;

/// Which running gateway, and whether the answer is for programs.
#[derive(Args, Clone, Debug)]
pub(crate) struct Managed {
    /// Where the gateway listens
    #[arg(long, default_value = DEFAULT_URL, env = "WEIR_URL", global = true)]
    pub url: String,
    /// Read the management token from this file; `-` is standard input [default: the variable
    /// MANAGEMENT_TOKEN, else the dashboard's password in DASHBOARD_PASSWORD]
    #[arg(
        long,
        value_name = "FILE",
        env = "MANAGEMENT_TOKEN_FILE",
        global = true
    )]
    pub management_token_file: Option<PathBuf>,
    /// Print the answer as JSON
    #[arg(long, global = true)]
    pub json: bool,
}

/// Options of `weir project`.
#[derive(Args, Clone, Debug)]
pub(crate) struct Project {
    /// Which gateway.
    #[command(flatten)]
    pub managed: Managed,
    /// What to do.
    #[command(subcommand)]
    pub action: ProjectAction,
}

/// Subcommands of `weir project`.
#[derive(Clone, Debug, Subcommand)]
pub(crate) enum ProjectAction {
    /// List projects with their tokens and what they have used
    List,
    /// Make a project; prints its id
    Create(Box<NewProject>),
    /// Show one
    #[command(visible_alias = "get")]
    Show {
        /// Its name or id
        project: String,
    },
    /// Change what is named, and nothing else
    Update(Box<ProjectUpdate>),
    /// Switch it off: its tokens are refused at once
    Off {
        /// Its name or id
        project: String,
        /// Revoke all its tokens too, which stay so when it is switched on again
        #[arg(long)]
        revoke_tokens: bool,
    },
    /// Switch it on again
    On {
        /// Its name or id
        project: String,
    },
}

/// Where a provider's key comes from: never from the command line, which everybody on the machine
/// can see.
#[derive(Args, Clone, Debug)]
pub(crate) struct ApiKey {
    /// Read a provider's key from standard input
    #[arg(long)]
    pub api_key_stdin: bool,
    /// Read a provider's key from this environment variable
    #[arg(long, value_name = "VARIABLE", conflicts_with = "api_key_stdin")]
    pub api_key_env: Option<String>,
    /// The provider of the key, by its name in the settings [default: openai]
    #[arg(long, value_name = "NAME")]
    pub provider: Option<String>,
}

/// Something that is made once, whatever happens to the answer.
#[derive(Args, Clone, Debug, Default)]
pub(crate) struct Once {
    /// Any random text of 16 to 255 characters: asked for again with the same one within a day,
    /// nothing is made again, and the answer is the same
    #[arg(long, value_name = "KEY")]
    pub idempotency_key: Option<String>,
}

/// Options of `weir project create`.
#[derive(Args, Clone, Debug)]
pub(crate) struct NewProject {
    /// Its name, which no other has
    pub name: String,
    /// A key of its own.
    #[command(flatten)]
    pub key: ApiKey,
    /// What its tokens may do.
    #[command(flatten)]
    pub scope: Scope,
    /// Made once.
    #[command(flatten)]
    pub once: Once,
    /// Print nothing but the id
    #[arg(long, short)]
    pub quiet: bool,
}

/// Options of `weir project update`.
#[derive(Args, Clone, Debug)]
pub(crate) struct ProjectUpdate {
    /// Its name or id
    pub project: String,
    /// Another name
    #[arg(long)]
    pub name: Option<String>,
    /// A key that takes the place of its provider's.
    #[command(flatten)]
    pub key: ApiKey,
    /// Take out the keys of this provider, or the key with this id; may be given again
    #[arg(long, value_name = "PROVIDER|ID")]
    pub remove_key: Vec<String>,
    /// What its tokens may do.
    #[command(flatten)]
    pub scope: Scope,
}

/// What may be asked for, how fast and how much. What is not given stays as it is.
#[derive(Args, Clone, Debug, Default)]
#[command(next_help_heading = "What may be done")]
pub(crate) struct Scope {
    /// A pattern of models, such as `claude-*`; may be given again, an empty one ends the list
    #[arg(long = "model", value_name = "PATTERN")]
    pub models: Vec<String>,
    /// A path with all that is below it, such as `/v1/messages`; likewise
    #[arg(long = "endpoint", value_name = "PATH")]
    pub endpoints: Vec<String>,
    /// A method; likewise
    #[arg(long = "method", value_name = "METHOD")]
    pub methods: Vec<String>,
    /// A value of `Origin`; likewise
    #[arg(long = "origin", value_name = "ORIGIN")]
    pub origins: Vec<String>,
    /// A header that must be there; likewise
    #[arg(long = "require-header", value_name = "NAME")]
    pub required_headers: Vec<String>,
    /// A value that a member of the body may have, such as `max_tokens=5*`; likewise
    #[arg(long = "param", value_name = "NAME=PATTERN")]
    pub params: Vec<String>,
    /// Requests a minute; 0 is any number
    #[arg(long, value_name = "COUNT")]
    pub rpm: Option<u64>,
    /// Tokens a minute; 0 is any number
    #[arg(long, value_name = "COUNT")]
    pub tpm: Option<u64>,
    /// Requests at once; 0 is any number
    #[arg(long, value_name = "COUNT")]
    pub concurrency: Option<u64>,
    /// A budget for a day, week, month or lifetime: `month=20usd`, `day=2.5usd,100000tokens`, or
    /// `day=none`; may be given again
    #[arg(long = "budget", value_name = "PERIOD=AMOUNT")]
    pub budgets: Vec<String>,
}

/// Options of `weir token`.
#[derive(Args, Clone, Debug)]
pub(crate) struct Token {
    /// Which gateway.
    #[command(flatten)]
    pub managed: Managed,
    /// What to do.
    #[command(subcommand)]
    pub action: TokenAction,
}

/// Subcommands of `weir token`.
#[derive(Clone, Debug, Subcommand)]
pub(crate) enum TokenAction {
    /// List tokens, the newest first
    List {
        /// Only those of this project, by its name or id
        #[arg(long, short)]
        project: Option<String>,
        /// Only those that are neither revoked nor expired
        #[arg(long)]
        active: bool,
    },
    /// Make a token; its secret is printed this once
    #[command(visible_alias = "generate")]
    Create(Box<NewToken>),
    /// Show one; never its secret
    #[command(visible_alias = "get")]
    Show {
        /// Its name, its id or the end of it
        token: String,
    },
    /// Give it another secret, which is printed this once
    Rotate {
        /// Its name, its id or the end of it
        token: String,
        /// How long the secret before still works: minutes, or 2h, 1d; at most 7d
        #[arg(long, value_name = "SPAN", default_value = "0", value_parser = minutes)]
        overlap: u64,
        /// Made once.
        #[command(flatten)]
        once: Once,
        /// Print nothing but the secret
        #[arg(long, short)]
        quiet: bool,
    },
    /// Revoke it: it is refused at once
    Revoke {
        /// Its name, its id or the end of it
        token: String,
    },
    /// Switch on one that was revoked; its cap and all else stay
    On {
        /// Its name, its id or the end of it
        token: String,
    },
}

/// Options of `weir token create`.
#[derive(Args, Clone, Debug)]
pub(crate) struct NewToken {
    /// The project, by its name or id
    #[arg(value_name = "PROJECT", required_unless_present = "project_id")]
    pub project: Option<String>,
    /// The same as an option
    #[arg(long, value_name = "PROJECT", conflicts_with = "project")]
    pub project_id: Option<String>,
    /// How long it lives: minutes, or 8h, 7d, 2w; at most 365d
    #[arg(long, short, value_name = "SPAN", default_value = "1d", value_parser = lifetime)]
    pub duration: u64,
    /// What people call it
    #[arg(long)]
    pub name: Option<String>,
    /// Requests that it is good for [default: any number]
    #[arg(long, value_name = "COUNT")]
    pub max_requests: Option<u64>,
    /// A token that it can never outdo, by its name, its id or the end of it
    #[arg(long, value_name = "TOKEN")]
    pub parent: Option<String>,
    /// What it may do, besides what its project allows.
    #[command(flatten)]
    pub scope: Scope,
    /// Made once.
    #[command(flatten)]
    pub once: Once,
    /// Print nothing but the secret: `TOKEN=$(weir token create team -q)`
    #[arg(long, short)]
    pub quiet: bool,
}

/// Options of `weir audit`.
#[derive(Args, Clone, Debug)]
pub(crate) struct Audit {
    /// Which gateway.
    #[command(flatten)]
    pub managed: Managed,
    /// What to do.
    #[command(subcommand)]
    pub action: AuditAction,
}

/// Subcommands of `weir audit`.
#[derive(Clone, Debug, Subcommand)]
pub(crate) enum AuditAction {
    /// List what was changed and refused, the newest first
    List(Box<AuditList>),
    /// Show one event
    Show {
        /// Its place in the chain (SEQ), or its id
        id: String,
    },
    /// Follow the chain of all events; fails if one was changed or taken out
    Verify {
        /// Follow that of a file (`projects.audit_file.path`) and of those put aside before it; no
        /// gateway is asked
        #[arg(long, value_name = "PATH")]
        file: Option<PathBuf>,
        /// Compare the file with what the gateway has, and follow that too
        #[arg(long, requires = "file")]
        compare: bool,
    },
}

/// Options of `weir audit list`.
#[derive(Args, Clone, Debug)]
pub(crate) struct AuditList {
    /// A text in any of them, in any case
    pub search: Option<String>,
    /// Only this action, such as `token.revoke`
    #[arg(long)]
    pub action: Option<String>,
    /// Only by this actor
    #[arg(long)]
    pub actor: Option<String>,
    /// Only with this outcome: success, failure, denied or error
    #[arg(long)]
    pub outcome: Option<String>,
    /// Only of this project, by its name or id
    #[arg(long)]
    pub project: Option<String>,
    /// Only of this token, by its name, its id or the end of it
    #[arg(long)]
    pub token: Option<String>,
    /// Only of this request
    #[arg(long, value_name = "ID")]
    pub request_id: Option<String>,
    /// Not before: a moment, or a span before now such as `7d`
    #[arg(long, value_name = "WHEN")]
    pub since: Option<String>,
    /// Not after
    #[arg(long, value_name = "WHEN")]
    pub until: Option<String>,
    /// Which page
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..))]
    pub page: u32,
    /// Events of a page
    #[arg(long, short = 'n', default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=100))]
    pub limit: u32,
}

/// Options of `weir budget`.
#[derive(Args, Clone, Debug)]
pub(crate) struct Budget {
    /// Which gateway.
    #[command(flatten)]
    pub managed: Managed,
    /// What to do.
    #[command(subcommand)]
    pub action: BudgetAction,
}

/// Subcommands of `weir budget`.
#[derive(Clone, Debug, Subcommand)]
pub(crate) enum BudgetAction {
    /// Show what was used of each budget in the period that lasts
    Show {
        /// Only this project with its tokens, by its name or id
        project: Option<String>,
    },
}

/// Options of `weir cache`.
#[derive(Args, Clone, Debug)]
pub(crate) struct Cache {
    /// Which gateway.
    #[command(flatten)]
    pub managed: Managed,
    /// What to do.
    #[command(subcommand)]
    pub action: CacheAction,
}

/// Subcommands of `weir cache`.
#[derive(Clone, Debug, Subcommand)]
pub(crate) enum CacheAction {
    /// Show where answers are kept, how many, and what they were good for
    Status,
    /// Take answers out
    Purge(Box<CachePurge>),
}

/// Options of `weir cache purge`.
#[derive(Args, Clone, Debug)]
#[command(group(clap::ArgGroup::new("what").required(true).multiple(true)))]
pub(crate) struct CachePurge {
    /// Everything
    #[arg(long, group = "what", conflicts_with_all = ["project", "prefix", "key", "path"])]
    pub all: bool,
    /// Everything of this project, or with --path what it got of that; by its name or id
    #[arg(long, group = "what", conflicts_with_all = ["prefix", "key"])]
    pub project: Option<String>,
    /// What has a key that begins with these hexadecimal digits
    #[arg(long, group = "what", value_name = "DIGITS", conflicts_with_all = ["key", "path"])]
    pub prefix: Option<String>,
    /// What has this key, as X-PROXY-CACHE-KEY shows it
    #[arg(long, group = "what", value_parser = whole_key, conflicts_with = "path")]
    pub key: Option<String>,
    /// Every variant of a path such as `/v1/models`; with a query what has that query
    #[arg(long, group = "what")]
    pub path: Option<String>,
    /// The method of the requests to that path
    #[arg(long, default_value = "GET", requires = "path")]
    pub method: String,
    /// Do not ask
    #[arg(long, short)]
    pub yes: bool,
}

/// A key is 64 hexadecimal digits: fewer would take out more than one.
fn whole_key(text: &str) -> Result<String, String> {
    let hex = text.bytes().all(|byte| byte.is_ascii_hexdigit());
    if hex && text.len() == 64 {
        return Ok(text.to_owned());
    }
    Err("a key has 64 hexadecimal digits; --prefix takes the beginning of some".to_owned())
}

/// Longest life of a token, in minutes: the store's.
const LONGEST_MINUTES: u64 = 365 * 24 * 60;

/// The same for how long a token lives.
pub(super) fn lifetime(text: &str) -> Result<u64, String> {
    let minutes = minutes(text)?;
    let may_be = (1..=LONGEST_MINUTES).contains(&minutes);
    may_be
        .then_some(minutes)
        .ok_or_else(|| "a token lives for at least a minute, and at most 365d".to_owned())
}

/// Minutes of `90`, `36h`, `10d` or `2w`.
pub(super) fn minutes(text: &str) -> Result<u64, String> {
    let digits = text.trim_end_matches(|unit: char| unit.is_ascii_alphabetic());
    let each = match text.strip_prefix(digits).unwrap_or_default() {
        "" | "m" => 1,
        "h" => 60,
        "d" => 24 * 60,
        "w" => 7 * 24 * 60,
        _ => 0,
    };
    let minutes = digits
        .parse::<u64>()
        .ok()
        .and_then(|count| count.checked_mul(each));
    minutes
        .filter(|_| each > 0)
        .ok_or_else(|| format!("`{text}` is no span: minutes, or 36h, 10d, 2w"))
}

#[cfg(test)]
mod tests {
    use super::{lifetime, minutes};

    #[test]
    fn spans_are_minutes_unless_they_say_otherwise() {
        assert_eq!(minutes("60"), Ok(60));
        assert_eq!(minutes("36h"), Ok(2160));
        assert_eq!(minutes("2w"), Ok(20_160));
        for bad in ["", "h", "1y", "-1", "1.5h", "18446744073709551615w"] {
            assert!(minutes(bad).is_err(), "{bad}");
        }
        assert_eq!(lifetime("365d"), Ok(525_600));
        assert!(lifetime("0").is_err() && lifetime("366d").is_err());
    }
}
