//! The files of subagents that have models of their own: found, read, and read again when they
//! change.

use std::fs::File;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use parking_lot::Mutex;
use weir_core::settings::{Settings, Subagents};
use weir_core::subagents::{Agent, AgentFile, Table, Target};
use weir_proxy::fleet::Memories;

use crate::watch::{Watch, markdown};

/// Longest file that is taken for an agent's, in bytes.
const LONGEST: u64 = 1 << 20;

/// What keeps the table of subagents as the files and the settings have it.
#[derive(Debug, Default)]
pub(crate) struct Keeper {
    watch: Mutex<Option<Watch>>,
}

impl Keeper {
    /// Reads the files that `settings` ask for, and watches them from then on.
    pub(crate) fn apply(&self, settings: &Settings, memories: &Arc<Memories>) {
        let wanted = settings.subagents.clone();
        let mut watch = self.watch.lock();
        // The old one could still bring in what the old settings say.
        *watch = None;
        if !wanted.enable || wanted.mappings.is_empty() {
            memories.subagents.store(Arc::default());
            return;
        }
        let providers = settings.providers.iter();
        let providers: Vec<Arc<str>> = providers.map(|one| Arc::clone(&one.name)).collect();
        let folders = Folders::of(&wanted);
        let all = folders.all.clone();
        let memories = Arc::clone(memories);
        let read = move || {
            let table = folders.read(&wanted, &providers);
            if table != **memories.subagents.load() {
                tell(&table);
                memories.subagents.store(Arc::new(table));
            }
        };
        read();
        *watch = match Watch::folders(all, read) {
            Ok(watch) => Some(watch),
            Err(error) => {
                tracing::warn!(%error, "the files of subagents are not watched; \
                    `weir config reload` reads them again");
                None
            }
        };
    }
}

/// Says in the log what was loaded and what was not.
fn tell(table: &Table) {
    for agent in table.agents() {
        if let Some(warning) = &agent.warning {
            tracing::warn!(subagent = &*agent.name, "{warning}");
            continue;
        }
        tracing::info!(
            subagent = &*agent.name,
            model = &*agent.target.model,
            provider = agent.target.provider.as_deref(),
            file = agent.file.as_ref().map(|file| file.display().to_string()),
            hash = agent.hash(),
            "subagent mapping loaded"
        );
    }
}

/// Where agents' files may lie, those of projects first.
#[derive(Clone, Debug)]
struct Folders {
    all: Vec<PathBuf>,
}

impl Folders {
    fn of(settings: &Subagents) -> Self {
        let here = std::env::current_dir().ok();
        let projects = here.into_iter().chain(settings.roots.iter().cloned());
        let mut all: Vec<_> = projects.map(|root| root.join(".claude/agents")).collect();
        let var = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty());
        all.extend(var("CLAUDE_CONFIG_DIR").map(|folder| PathBuf::from(folder).join("agents")));
        all.extend(var("HOME").map(|folder| PathBuf::from(folder).join(".claude/agents")));
        let mut seen = Vec::with_capacity(all.len());
        all.retain(|folder| {
            let new = !seen.contains(folder);
            seen.push(folder.clone());
            new
        });
        Self { all }
    }

    fn read(&self, settings: &Subagents, providers: &[Arc<str>]) -> Table {
        let is_provider = |name: &str| providers.iter().any(|known| **known == *name);
        let agents = settings.mappings.iter().map(|(name, target)| {
            let parsed = Target::parse(target, is_provider);
            let found = self.find(name);
            let (target, wrong) = match parsed {
                Ok(target) => (target, None),
                Err(wrong) => {
                    let model = target.as_str().into();
                    (
                        Target {
                            provider: None,
                            model,
                        },
                        Some(wrong),
                    )
                }
            };
            self.agent(name, target, found, wrong)
        });
        Table::new(agents.collect())
    }

    fn agent(
        &self,
        name: &str,
        target: Target,
        found: Option<(PathBuf, Result<AgentFile, String>)>,
        wrong: Option<String>,
    ) -> Agent {
        let mut agent = Agent {
            name: name.into(),
            target,
            file: None,
            prompt: None,
            usable: wrong.is_none(),
            warning: wrong.map(|wrong| format!("it is not routed: {wrong}")),
        };
        match found {
            Some((file, Ok(read))) => {
                agent.prompt = Some(read.prompt);
                agent.file = Some(file);
            }
            Some((file, Err(why))) => {
                let warning = format!("{} is not used: {why}", file.display());
                agent.warning.get_or_insert(warning);
                agent.file = Some(file);
            }
            None if agent.hash().is_some() => {}
            None => {
                let places = self
                    .all
                    .iter()
                    .map(|folder| folder.join(format!("{name}.md")));
                let places: Vec<_> = places.map(|place| place.display().to_string()).collect();
                let warning = format!(
                    "it has no file, so only a header or mark can name it; looked for {}",
                    places.join(" and ")
                );
                agent.warning.get_or_insert(warning);
            }
        }
        agent
    }

    /// An agent's file: the first that is called by its name, else the first whose front matter is.
    fn find(&self, name: &str) -> Option<(PathBuf, Result<AgentFile, String>)> {
        let is_name = !name.contains(['/', '\\']) && !name.starts_with('.');
        self.all.iter().find_map(|folder| {
            let direct = folder.join(format!("{name}.md"));
            if is_name && direct.is_file() {
                let read = read(&direct);
                return Some((direct, read));
            }
            markdown(folder).into_iter().find_map(|file| {
                let read = read(&file).ok()?;
                (read.name.as_deref() == Some(name)).then_some((file, Ok(read)))
            })
        })
    }
}

fn read(file: &Path) -> Result<AgentFile, String> {
    AgentFile::parse(&text(file).map_err(|error| error.to_string())?)
}

fn text(file: &Path) -> io::Result<String> {
    let mut text = String::new();
    let read = File::open(file)?
        .take(LONGEST + 1)
        .read_to_string(&mut text)?;
    if read as u64 > LONGEST {
        let message = format!("it is longer than {LONGEST} bytes");
        return Err(io::Error::new(io::ErrorKind::InvalidData, message));
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(pairs: &[(&str, &str)]) -> Subagents {
        let pairs = pairs
            .iter()
            .map(|(a, b)| ((*a).to_owned(), (*b).to_owned()));
        Subagents {
            enable: true,
            mappings: pairs.collect(),
            roots: Vec::new(),
        }
    }

    fn write(folder: &Path, name: &str, prompt: &str) {
        std::fs::create_dir_all(folder).unwrap();
        std::fs::write(folder.join(name), format!("---\nname: n\n---\n{prompt}\n")).unwrap();
    }

    #[test]
    fn a_projects_file_counts_before_the_homes_and_a_front_matters_name_is_a_name() {
        let dir = tempfile::tempdir().unwrap();
        let (project, home) = (dir.path().join("p"), dir.path().join("h"));
        write(&project, "a.md", "of the project");
        write(&home, "a.md", "of the home");
        write(&home.join("team"), "other.md", "by front matter");
        let folders = Folders {
            all: vec![project, home],
        };
        let table = folders.read(
            &settings(&[("a", "m"), ("n", "zai,m"), ("x", "m")]),
            &["zai".into()],
        );
        let agent = |name: &str| {
            table
                .agents()
                .iter()
                .find(|one| &*one.name == name)
                .unwrap()
        };
        assert_eq!(agent("a").prompt.as_deref(), Some("of the project"));
        assert!(agent("n").prompt.is_some(), "{:?}", agent("n"));
        let warning = agent("x").warning.as_deref().unwrap();
        for place in ["p/x.md", "h/x.md"] {
            assert!(warning.contains(place), "{warning}");
        }
        let table = folders.read(&settings(&[("a", "nobody,m")]), &[]);
        let agent = &table.agents()[0];
        assert!(!agent.usable);
        assert!(agent.warning.as_deref().unwrap().contains("`nobody`"));
    }
}
