//! Results as a page and as JSON. It compares figures; it measures nothing.

mod aims;
mod tables;

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use serde::Serialize;

use crate::cases::Kind;
use crate::compare::Results;
use crate::contender::Places;
use crate::lines::say;

/// Where and when, so that figures are not compared across machines.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct About {
    pub(crate) date: String,
    pub(crate) processor: String,
    pub(crate) cores: usize,
    pub(crate) kernel: String,
    pub(crate) weir: String,
    pub(crate) commit: String,
    pub(crate) nginx: String,
    pub(crate) seconds: u64,
    /// The load average at the end: above the number of cores, something else ran too.
    pub(crate) load: String,
}

impl About {
    /// This machine, now.
    pub(crate) fn here(places: &Places, took: Duration) -> Self {
        let cpus = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
        let model = cpus
            .lines()
            .find_map(|line| line.strip_prefix("model name"));
        let model = model.map(|rest| rest.trim_start_matches([' ', '\t', ':']).to_owned());
        let load = fs::read_to_string("/proc/loadavg").unwrap_or_default();
        Self {
            date: jiff::Zoned::now().strftime("%Y-%m-%d %H:%M %Z").to_string(),
            processor: model.unwrap_or_else(|| "unknown processor".to_owned()),
            cores: std::thread::available_parallelism().map_or(0, Into::into),
            kernel: fs::read_to_string("/proc/sys/kernel/osrelease")
                .unwrap_or_default()
                .trim()
                .into(),
            weir: says(Command::new(&places.weir).arg("--version")),
            commit: says(Command::new("git").args(["rev-parse", "--short", "HEAD"])),
            nginx: says(Command::new(&places.nginx).arg("-v")),
            seconds: took.as_secs(),
            load: load.split(' ').next().unwrap_or_default().to_owned(),
        }
    }
}

/// The first line that a command says, on either output.
fn says(command: &mut Command) -> String {
    let Ok(output) = command.output() else {
        return "-".to_owned();
    };
    let text = [output.stdout, output.stderr].concat();
    let line = String::from_utf8_lossy(&text)
        .lines()
        .next()
        .unwrap_or("-")
        .trim()
        .to_owned();
    line.replace("nginx version: ", "")
}

/// Prints the page and writes `latest.md` and `latest.json`.
///
/// # Errors
/// When the directory cannot be written.
pub(crate) fn publish(results: &Results, dir: &Path) -> anyhow::Result<()> {
    let page = page(results);
    say(&page);
    fs::create_dir_all(dir)?;
    fs::write(dir.join("latest.md"), page)?;
    fs::write(
        dir.join("latest.json"),
        serde_json::to_string_pretty(results)? + "\n",
    )?;
    Ok(())
}

fn page(results: &Results) -> String {
    let About {
        date,
        processor,
        cores,
        kernel,
        weir,
        commit,
        nginx,
        seconds,
        load,
    } = &results.about;
    let head = format!(
        "# weir beside nginx\n\n\
         {date} · {processor}, {cores} cores · Linux {kernel} · {weir} ({commit}) · {nginx}\n\
         {depth:?} run of {seconds} s, load average at the end {load}\n",
        depth = results.depth,
    );
    let parts = [
        head,
        tables::cpu(&results.rows),
        tables::compared(&results.rows, Kind::Routing),
        tables::compared(&results.rows, Kind::Tokens),
        tables::latency(&results.rows),
        tables::streams(&results.rows),
        tables::memory(results),
        aims::list(results),
        tables::notes(&results.rows),
    ];
    parts
        .into_iter()
        .filter(|part| !part.is_empty())
        .collect::<Vec<_>>()
        .join("\n")
}
