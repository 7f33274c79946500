//! The servers that are compared, each started in front of the same upstream with a directory of
//! its own. It measures nothing.

use std::fmt;
use std::fs;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use clap::ValueEnum;
use serde::Serialize;

use crate::nginx;
use crate::process::Daemon;
use crate::routed;
use crate::tenant;

/// Who may take part.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Name {
    /// No proxy: what the client and the upstream cost by themselves.
    Direct,
    /// nginx with an access log, as weir writes a line for each request too.
    Nginx,
    /// nginx without an access log.
    NginxQuiet,
    /// nginx that passes request bodies on as they come instead of reading them whole first.
    NginxUnbuffered,
    /// The least hyper proxy.
    Bare,
    /// weir with capture off.
    WeirOff,
    /// weir with capture on.
    WeirOn,
    /// As `weir-off`, with ten providers and fifty keys to choose from.
    WeirRouted,
    /// As `weir-on`, with ten providers and fifty keys to choose from.
    WeirRoutedOn,
    /// As `weir-off`, with a provider's key of its own.
    WeirKeyed,
    /// As `weir-keyed`, for a project's token with limits and a budget.
    WeirToken,
    /// As `weir-off`, by the older binary that `--before` names.
    WeirBefore,
}

impl Name {
    /// Whether it captures.
    pub(crate) fn captures(self) -> bool {
        matches!(self, Self::WeirOn | Self::WeirRoutedOn)
    }
}

impl fmt::Display for Name {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Self::Direct => "direct",
            Self::Nginx => "nginx",
            Self::NginxQuiet => "nginx, no log",
            Self::NginxUnbuffered => "nginx, unbuffered",
            Self::Bare => "bare hyper",
            Self::WeirOff => "weir, capture off",
            Self::WeirOn => "weir, capture on",
            Self::WeirRouted => "weir, routed",
            Self::WeirRoutedOn => "weir, routed, capture on",
            Self::WeirKeyed => "weir, one key",
            Self::WeirToken => "weir, one key, project token",
            Self::WeirBefore => "weir before, capture off",
        })
    }
}

/// A contender that is up.
#[derive(Debug)]
pub(crate) struct Contender {
    pub(crate) name: Name,
    /// Where requests go.
    pub(crate) addr: SocketAddr,
    /// Where requests for streams go: nginx buffers or not by listener.
    pub(crate) stream_addr: SocketAddr,
    /// What clients bring, where it is not what they have of their own.
    pub(crate) token: Option<String>,
    /// None for `direct`.
    pub(crate) daemon: Option<Daemon>,
}

/// Where things are.
#[derive(Clone, Debug)]
pub(crate) struct Places {
    /// The weir binary.
    pub(crate) weir: PathBuf,
    /// An older one.
    pub(crate) before: Option<PathBuf>,
    /// The nginx binary.
    pub(crate) nginx: PathBuf,
    /// What the contenders may write to.
    pub(crate) dir: PathBuf,
    /// More `--set` for weir.
    pub(crate) set: Vec<String>,
}

/// Starts the provider behind the contenders.
///
/// # Errors
/// When it does not start.
pub(crate) fn upstream(places: &Places) -> anyhow::Result<(Daemon, SocketAddr)> {
    let mut command = Command::new(std::env::current_exe()?);
    command.arg("upstream");
    let mut daemon = Daemon::start(command, &places.dir.join("upstream.log"))?;
    let addr = daemon.address()?;
    Ok((daemon, addr))
}

impl Contender {
    /// Starts one and waits until it listens.
    ///
    /// # Errors
    /// When it does not start; says where its log is.
    pub(crate) fn start(name: Name, upstream: SocketAddr, places: &Places) -> anyhow::Result<Self> {
        let dir = places.dir.join(format!("{name:?}").to_lowercase());
        fs::create_dir_all(&dir)?;
        let log = dir.join("stderr.log");
        let started = match name {
            Name::Direct => Ok((None, upstream, upstream)),
            Name::Nginx | Name::NginxQuiet | Name::NginxUnbuffered => {
                start_nginx(name, upstream, places, &dir)
            }
            Name::Bare => {
                let mut command = Command::new(std::env::current_exe()?);
                command.arg("bare").arg(upstream.to_string());
                start_speaking(command, &log)
            }
            Name::WeirOff | Name::WeirOn | Name::WeirBefore => {
                let mut command = weir(name, places, &dir);
                command.env("ANTHROPIC_FORWARD_URL", format!("http://{upstream}"));
                start_speaking(command, &log)
            }
            Name::WeirKeyed | Name::WeirToken => {
                let file = dir.join("weir.yaml");
                fs::write(&file, tenant::config(upstream))?;
                let mut command = weir(name, places, &dir);
                command.arg("--config").arg(file);
                if name == Name::WeirToken {
                    command.env("MANAGEMENT_TOKEN", tenant::MANAGER);
                }
                start_speaking(command, &log)
            }
            Name::WeirRouted | Name::WeirRoutedOn => {
                let file = dir.join("weir.yaml");
                fs::write(&file, routed::config(upstream))?;
                let mut command = weir(name, places, &dir);
                command.arg("--config").arg(file);
                start_speaking(command, &log)
            }
        };
        let (daemon, addr, stream_addr) = started.with_context(|| explain(name, &log))?;
        let token = match name {
            Name::WeirToken => Some(tenant::token(addr)?),
            _ => None,
        };
        Ok(Self {
            name,
            addr,
            stream_addr,
            token,
            daemon,
        })
    }
}

type Started = (Option<Daemon>, SocketAddr, SocketAddr);

/// Starts a server that prints its address.
fn start_speaking(command: Command, log: &Path) -> anyhow::Result<Started> {
    let mut daemon = Daemon::start(command, log)?;
    let addr = daemon.address()?;
    Ok((Some(daemon), addr, addr))
}

fn explain(name: Name, log: &Path) -> String {
    let text = fs::read_to_string(log).unwrap_or_default();
    let last: Vec<&str> = text.lines().rev().take(5).collect();
    format!("{name} did not start; its last words: {}", last.join(" | "))
}

fn weir(name: Name, places: &Places, dir: &Path) -> Command {
    let older = places.before.as_ref().filter(|_| name == Name::WeirBefore);
    let mut command = Command::new(older.unwrap_or(&places.weir));
    // An empty environment and directory: no configuration of this machine takes part.
    command.env_clear().current_dir(dir).env("HOME", dir);
    command
        .args(["serve", "--host", "127.0.0.1", "--port", "0", "--db"])
        .arg(dir.join("weir.db"));
    command
        .arg("--set")
        .arg(format!("capture.enabled={}", name.captures()));
    for pair in &places.set {
        command.arg("--set").arg(pair);
    }
    command
}

fn start_nginx(
    name: Name,
    upstream: SocketAddr,
    places: &Places,
    dir: &Path,
) -> anyhow::Result<Started> {
    let (plain, streaming) = (free_port()?, free_port()?);
    let config = nginx::config(&nginx::Shape {
        upstream,
        plain,
        streaming,
        name,
        dir,
    });
    let file = dir.join("nginx.conf");
    fs::write(&file, config)?;
    let mut command = Command::new(&places.nginx);
    command
        .arg("-p")
        .arg(dir)
        .arg("-c")
        .arg(&file)
        .arg("-e")
        .arg(dir.join("error.log"));
    let mut daemon = Daemon::start(command, &dir.join("stderr.log"))?;
    let end = Instant::now() + Duration::from_secs(10);
    while TcpStream::connect(streaming).is_err() {
        daemon.check()?;
        if Instant::now() > end {
            bail!("nginx does not listen");
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    Ok((Some(daemon), plain, streaming))
}

/// A port that was free a moment ago; nginx takes none by itself.
fn free_port() -> anyhow::Result<SocketAddr> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?)
}
