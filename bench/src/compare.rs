//! The comparison: all contenders behind one upstream, every case in rounds whose order rotates,
//! never two contenders at once. How results look is the report's matter.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use clap::Args;
use serde::Serialize;
use tempfile::TempDir;

use crate::cases::{Case, Depth, Kind, cases};
use crate::contender::{Contender, Name, Places, upstream};
use crate::corpus::{Author, Turn};
use crate::lines::note;
use crate::process::{self, Daemon};
use crate::report;
use crate::slice::{self, Slice};

/// Which servers take part and where they are.
#[derive(Args, Clone, Debug)]
pub(crate) struct Field {
    /// Who takes part [default: all that the cases name]
    #[arg(long, value_enum, value_delimiter = ',')]
    contenders: Vec<Name>,
    /// The weir binary [default: beside this one]
    #[arg(long, value_name = "FILE")]
    weir: Option<PathBuf>,
    /// An older weir binary to hold routing against, with capture off
    #[arg(long, value_name = "FILE")]
    before: Option<PathBuf>,
    /// The nginx binary
    #[arg(long, value_name = "FILE", default_value = "/usr/sbin/nginx")]
    nginx: PathBuf,
    /// Where the contenders keep their files [default: the system's temporary directory]
    #[arg(long, value_name = "DIR")]
    dir: Option<PathBuf>,
    /// A setting for weir, as for `weir serve --set`
    #[arg(long, value_name = "KEY=VALUE")]
    set: Vec<String>,
}

/// Options of `weir-bench compare`.
#[derive(Args, Clone, Debug)]
pub(crate) struct Compare {
    /// About three minutes (the default)
    #[arg(long, conflicts_with = "full")]
    quick: bool,
    /// About ten minutes, with more cases
    #[arg(long)]
    full: bool,
    /// Rounds over each case [default: 3 quick, 5 full]
    #[arg(long)]
    rounds: Option<usize>,
    /// Only cases whose label contains this
    #[arg(long, value_name = "TEXT")]
    case: Option<String>,
    /// Where `latest.md` and `latest.json` go
    #[arg(long, value_name = "DIR", default_value = "bench/results")]
    out: PathBuf,
    /// The servers.
    #[command(flatten)]
    field: Field,
}

/// One case's slices.
#[derive(Debug, Serialize)]
pub(crate) struct Row {
    pub(crate) label: String,
    pub(crate) kind: Kind,
    pub(crate) size: usize,
    pub(crate) is_paced: bool,
    pub(crate) bodies: crate::corpus::Bodies,
    /// Mean bytes of a request body.
    pub(crate) mean_bytes: usize,
    pub(crate) cells: Vec<Cell>,
}

/// One contender's slices of a case, in order of the rounds.
#[derive(Debug, Serialize)]
pub(crate) struct Cell {
    pub(crate) name: Name,
    pub(crate) slices: Vec<Slice>,
}

/// Resident bytes before any load.
#[derive(Clone, Copy, Debug, Serialize)]
pub(crate) struct Idle {
    pub(crate) name: Name,
    pub(crate) bytes: u64,
}

/// Everything that was seen.
#[derive(Debug, Serialize)]
pub(crate) struct Results {
    pub(crate) depth: Depth,
    pub(crate) about: report::About,
    pub(crate) idle: Vec<Idle>,
    pub(crate) rows: Vec<Row>,
}

/// The servers that are up; dropping it ends them and removes their files.
#[derive(Debug)]
pub(crate) struct Stage {
    pub(crate) contenders: Vec<Contender>,
    // Order matters: the upstream goes after the contenders, the files last.
    _upstream: Daemon,
    pub(crate) places: Places,
    _files: TempDir,
}

impl Field {
    /// Those that were asked for, else these.
    pub(crate) fn or(&self, usual: &[Name]) -> Vec<Name> {
        if self.contenders.is_empty() {
            usual.to_vec()
        } else {
            self.contenders.clone()
        }
    }

    /// Starts the upstream and the servers.
    ///
    /// # Errors
    /// When one does not start.
    pub(crate) fn start(&self, wanted: &[Name]) -> anyhow::Result<Stage> {
        let files = match &self.dir {
            Some(dir) => TempDir::with_prefix_in("weir-bench-", dir),
            None => TempDir::with_prefix("weir-bench-"),
        }?;
        let beside = std::env::current_exe()?.with_file_name("weir");
        let weir = self.weir.clone().unwrap_or(beside);
        // Servers start in directories of their own.
        let whole = |file: PathBuf| file.canonicalize().unwrap_or(file);
        let places = Places {
            weir: whole(weir),
            before: self.before.clone().map(whole),
            nginx: self.nginx.clone(),
            dir: files.path().to_owned(),
            set: self.set.clone(),
        };
        let (daemon, addr) = upstream(&places)?;
        let mut contenders = Vec::new();
        for name in wanted {
            contenders.push(Contender::start(*name, addr, &places)?);
        }
        Ok(Stage {
            contenders,
            _upstream: daemon,
            places,
            _files: files,
        })
    }
}

/// Runs the comparison, prints it and writes it down.
///
/// # Errors
/// When a server does not start or ends, or the results cannot be written.
pub(crate) async fn run(options: &Compare) -> anyhow::Result<()> {
    let depth = if options.full {
        Depth::Full
    } else {
        Depth::Quick
    };
    let mut cases = cases(depth);
    for case in &mut cases {
        case.rounds = options.rounds.unwrap_or(case.rounds);
        // Those that were asked for take part in every case that fits them.
        case.contenders = options.field.or(&case.contenders);
        let mut asked = std::mem::take(&mut case.contenders);
        if case.kind == Kind::Routing && case.per_second.is_none() && options.field.before.is_some()
        {
            asked.push(Name::WeirBefore);
        }
        case.contenders = asked.into_iter().filter(|name| case.fits(*name)).collect();
    }
    if let Some(text) = &options.case {
        cases.retain(|case| case.label().contains(text.as_str()));
    }
    let start = Instant::now();
    let stage = options.field.start(&names(&cases))?;
    tokio::time::sleep(Duration::from_secs(1)).await;
    let idle = idle(&stage);
    let mut rows = Vec::new();
    for (at, case) in (1..).zip(&cases) {
        note(&format!(
            "{at}/{}: {} ({:.0?})",
            cases.len(),
            case.label(),
            start.elapsed()
        ));
        if let Some(row) = row(case, &stage).await? {
            rows.push(row);
        }
    }
    let about = report::About::here(&stage.places, start.elapsed());
    let results = Results {
        depth,
        about,
        idle,
        rows,
    };
    report::publish(&results, &options.out).context("the results cannot be written")
}

fn names(cases: &[Case]) -> Vec<Name> {
    let mut names = Vec::new();
    for name in cases.iter().flat_map(|case| &case.contenders) {
        if !names.contains(name) {
            names.push(*name);
        }
    }
    names
}

fn idle(stage: &Stage) -> Vec<Idle> {
    let servers = stage.contenders.iter().filter_map(|contender| {
        let family = contender.daemon.as_ref()?.family();
        Some(Idle {
            name: contender.name,
            bytes: process::memory(&family).resident,
        })
    });
    servers.collect()
}

async fn row(case: &Case, stage: &Stage) -> anyhow::Result<Option<Row>> {
    let field: Vec<&Contender> = stage
        .contenders
        .iter()
        .filter(|one| case.contenders.contains(&one.name))
        .collect();
    if field.is_empty() {
        return Ok(None);
    }
    let mut cells: Vec<Cell> = field
        .iter()
        .map(|one| Cell {
            name: one.name,
            slices: Vec::new(),
        })
        .collect();
    let mut desk = Desk::new(case);
    let warm_up = desk.work((case.requests / 10).max(case.connections));
    for contender in &field {
        slice::run(contender, case, warm_up.clone()).await?;
    }
    for round in 0..case.rounds {
        let work = desk.work(case.requests);
        for turn in 0..field.len() {
            let at = (round + turn) % field.len();
            if let (Some(contender), Some(cell)) = (field.get(at), cells.get_mut(at)) {
                cell.slices
                    .push(slice::run(contender, case, work.clone()).await?);
            }
        }
    }
    Ok(Some(Row {
        label: case.label(),
        kind: case.kind,
        size: case.size,
        is_paced: case.per_second.is_some(),
        bodies: case.bodies,
        mean_bytes: desk.mean_bytes(),
        cells,
    }))
}

/// The authors of a case, one for each connection.
#[derive(Debug)]
pub(crate) struct Desk {
    authors: Vec<Author>,
    bytes: usize,
    turns: usize,
}

impl Desk {
    /// Authors whose sessions go on from one piece of work to the next.
    pub(crate) fn new(case: &Case) -> Self {
        let author = |seed| Author::new(case.bodies, case.size, case.stream.is_some(), seed);
        let seed = |at: usize| (at * 1_000_003 + case.size * 31 + case.requests) as u64;
        let authors = (0..case.connections).map(|at| author(seed(at))).collect();
        Self {
            authors,
            bytes: 0,
            turns: 0,
        }
    }

    /// Mean length of the bodies written so far.
    pub(crate) fn mean_bytes(&self) -> usize {
        self.bytes / self.turns.max(1)
    }

    /// The next requests of all connections.
    pub(crate) fn work(&mut self, requests: usize) -> Vec<Vec<Turn>> {
        let each = (requests / self.authors.len().max(1)).max(1);
        let work: Vec<Vec<Turn>> = self
            .authors
            .iter_mut()
            .map(|author| author.turns(each))
            .collect();
        self.turns += work.iter().map(Vec::len).sum::<usize>();
        self.bytes += work.iter().flatten().map(Turn::len).sum::<usize>();
        work
    }
}
