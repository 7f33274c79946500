//! Database servers of a test's own, as installed on this machine: in a folder that goes with them,
//! reached by a socket in it, so that no port is taken; but for TLS, which is not spoken there.

use std::fs::Permissions;
use std::hash::{BuildHasher as _, Hasher as _, RandomState};
use std::io::BufRead as _;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, chown};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use tempfile::TempDir;

/// `nobody`, for servers that refuse to run as root.
const NOBODY: u32 = 65534;

/// A running server.
pub(crate) struct DatabaseServer {
    kind: Kind,
    folder: TempDir,
    /// What else it is told.
    args: Vec<String>,
    child: Option<Child>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Postgres,
    MySql,
}

impl Drop for DatabaseServer {
    fn drop(&mut self) {
        self.stop();
    }
}

impl DatabaseServer {
    pub(crate) fn postgres() -> Self {
        Self::made_postgres().started()
    }

    /// One that speaks TLS, with a certificate and its key in PEM, and the port where it does.
    pub(crate) fn postgres_tls(certificate: &str, key: &str) -> (Self, u16) {
        let mut server = Self::made_postgres();
        for (name, text) in [("server.crt", certificate), ("server.key", key)] {
            let file = server.folder.path().join("data").join(name);
            std::fs::write(&file, text).unwrap();
            std::fs::set_permissions(&file, Permissions::from_mode(0o600)).unwrap();
            server.own(&format!("data/{name}"));
        }
        loop {
            // Below those that systems hand out.
            let number = RandomState::new().build_hasher().finish() % 20_000;
            let port = 10_000 + u16::try_from(number).unwrap();
            server.args = vec!["-c".into(), "ssl=on".into(), "-p".into(), port.to_string()];
            server
                .args
                .extend(["-c".into(), "listen_addresses=127.0.0.1".into()]);
            if server.try_start().is_ok() {
                return (server, port);
            }
            server.stop();
        }
    }

    fn made_postgres() -> Self {
        let server = Self::new(Kind::Postgres);
        let initdb = installed("initdb");
        let made = server
            .command(&initdb)
            .args(["--pgdata", "data", "--username", "weir", "--auth", "trust"])
            .args(["--no-locale", "--encoding", "UTF8", "--no-sync"])
            .stdout(Stdio::null())
            .status();
        assert!(made.unwrap().success(), "initdb makes a database");
        server
    }

    pub(crate) fn mysql() -> Self {
        let server = Self::new(Kind::MySql);
        // A folder among the data is a database.
        for name in ["data", "data/weir"] {
            std::fs::create_dir(server.folder.path().join(name)).unwrap();
            server.own(name);
        }
        server.started()
    }

    fn new(kind: Kind) -> Self {
        let server = Self {
            kind,
            folder: tempfile::tempdir().unwrap(),
            args: Vec::new(),
            child: None,
        };
        server.own("");
        server
    }

    fn is_root(&self) -> bool {
        std::fs::metadata("/proc/self").is_ok_and(|own| own.uid() == 0)
    }

    /// Gives something in the folder to whom the server runs as.
    fn own(&self, name: &str) {
        if self.is_root() {
            chown(self.folder.path().join(name), Some(NOBODY), Some(NOBODY)).unwrap();
        }
    }

    /// A command in the folder, for nobody where the test is root.
    fn command(&self, program: &Path) -> Command {
        let mut command = match self.is_root() {
            true => {
                let mut command = Command::new("setpriv");
                command.args(["--reuid=65534", "--regid=65534", "--clear-groups"]);
                command.arg(program);
                command
            }
            false => Command::new(program),
        };
        command.current_dir(self.folder.path()).stdin(Stdio::null());
        command
    }

    fn started(mut self) -> Self {
        self.start();
        self
    }

    /// Starts it, again with what it had.
    pub(crate) fn start(&mut self) {
        if let Err(said) = self.try_start() {
            panic!("the server does not start:\n{said}");
        }
    }

    /// Starts it, or gives what it said.
    fn try_start(&mut self) -> Result<(), String> {
        let folder = self.folder.path().to_owned();
        let (mut command, ready) = match self.kind {
            Kind::Postgres => {
                let mut command = self.command(&installed("postgres"));
                command.args(["-D", "data", "-c", "listen_addresses=", "-c", "fsync=off"]);
                command.arg("-k").arg(&folder).args(&self.args);
                (command, "ready to accept connections")
            }
            Kind::MySql => {
                let mut command = self.command(&installed("mariadbd"));
                command.args(["--no-defaults", "--skip-grant-tables", "--skip-networking"]);
                command.args(["--innodb-flush-log-at-trx-commit=0"]);
                command.arg(format!("--datadir={}", folder.join("data").display()));
                command.arg(format!("--socket={}", folder.join("socket").display()));
                command.arg(format!("--pid-file={}", folder.join("pid").display()));
                (command, "ready for connections")
            }
        };
        let child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn();
        let mut child = child.expect("it is installed: scripts/prepare-tests.sh");
        let mut lines = std::io::BufReader::new(child.stderr.take().unwrap()).lines();
        self.child = Some(child);
        let mut said = String::new();
        let is_up = lines.by_ref().any(|line| {
            let line = line.unwrap();
            let is_ready = line.contains(ready);
            said.extend([&line, "\n"]);
            is_ready
        });
        // What it says must keep a reader, or it would meet a closed pipe.
        std::thread::spawn(move || lines.for_each(drop));
        if is_up { Ok(()) } else { Err(said) }
    }

    /// The process that has the others, while it runs.
    pub(crate) fn pid(&self) -> Option<u32> {
        self.child.as_ref().map(Child::id)
    }

    /// Ends it at once, with every connection.
    pub(crate) fn stop(&mut self) {
        let pid = self.pid().map(|pid| pid.to_string());
        if let (Some(mut child), Some(pid)) = (self.child.take(), pid) {
            let signal = match self.kind {
                Kind::Postgres => "QUIT",
                Kind::MySql => "KILL",
            };
            let _sent = Command::new("kill").args(["-s", signal, &pid]).status();
            let _gone = child.wait();
        }
    }

    /// The address of one of its databases.
    pub(crate) fn url(&self, database: &str) -> String {
        let folder = self.folder.path().display().to_string();
        match self.kind {
            Kind::Postgres => {
                format!("postgres://weir@{}/{database}", folder.replace('/', "%2F"))
            }
            Kind::MySql => format!("mysql://weir@localhost/{database}?socket={folder}/socket"),
        }
    }

    /// The address of a database that is there from the start.
    pub(crate) fn first(&self) -> String {
        self.url(match self.kind {
            Kind::Postgres => "postgres",
            Kind::MySql => "weir",
        })
    }
}

/// A program, where the system or Debian's package has it.
fn installed(name: &str) -> PathBuf {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut folders: Vec<PathBuf> = std::env::split_paths(&path).collect();
    folders.extend(["/usr/sbin".into(), "/usr/local/sbin".into()]);
    let versions = std::fs::read_dir("/usr/lib/postgresql");
    let mut versions: Vec<PathBuf> = versions
        .into_iter()
        .flatten()
        .filter_map(|entry| Some(entry.ok()?.path().join("bin")))
        .collect();
    versions.sort();
    folders.extend(versions.into_iter().rev());
    let mut found = folders.into_iter().map(|folder| folder.join(name));
    let found = found.find(|file| file.exists());
    found.unwrap_or_else(|| panic!("{name} is not installed: scripts/prepare-tests.sh"))
}
