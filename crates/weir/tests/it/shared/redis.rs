//! A Redis of a test's own, as installed on this machine.

use std::hash::{BuildHasher as _, Hasher as _, RandomState};
use std::io::BufRead as _;
use std::process::{Child, Command, Stdio};

use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::TcpStream;

/// No test waits longer for its Redis.
const PATIENCE: std::time::Duration = std::time::Duration::from_secs(30);

pub(crate) const PASSWORD: &str = "s3cret-of-redis";

pub(crate) struct Redis {
    port: u16,
    args: Vec<String>,
    folder: TempDir,
    child: Option<Child>,
}

impl Drop for Redis {
    fn drop(&mut self) {
        self.stop();
    }
}

impl Redis {
    pub(crate) fn start() -> Self {
        let mut redis = Self::new(&[]);
        while !redis.try_start("--port") {}
        redis
    }

    /// One that speaks TLS only, with a certificate and its key in PEM.
    pub(crate) fn start_tls(certificate: &str, key: &str) -> Self {
        let mut redis = Self::new(&["--port", "0", "--tls-auth-clients", "no"]);
        for (name, text) in [
            ("cert", certificate),
            ("key", key),
            ("ca-cert", certificate),
        ] {
            let file = redis.folder.path().join(name);
            std::fs::write(&file, text).unwrap();
            let option = format!("--tls-{name}-file");
            redis.args.extend([option, file.display().to_string()]);
        }
        while !redis.try_start("--tls-port") {}
        redis
    }

    fn new(more: &[&str]) -> Self {
        let args = [
            "--bind",
            "127.0.0.1",
            "--save",
            "",
            "--requirepass",
            PASSWORD,
        ];
        Self {
            port: 0,
            args: args.iter().chain(more).map(|&arg| arg.to_owned()).collect(),
            folder: tempfile::tempdir().unwrap(),
            child: None,
        }
    }

    /// Tries a port. False if it is not free.
    fn try_start(&mut self, option: &str) -> bool {
        // Below those that systems hand out, so that nobody is given it while this one is down.
        let number = RandomState::new().build_hasher().finish() % 20_000;
        self.port = 10_000 + u16::try_from(number).unwrap();
        let before = self.args.len();
        self.args.extend([option.to_owned(), self.port.to_string()]);
        let is_up = self.start_again();
        if !is_up {
            self.stop();
            self.args.truncate(before);
        }
        is_up
    }

    /// Starts it where it was, without what it knew. False if it cannot listen there.
    pub(crate) fn start_again(&mut self) -> bool {
        let mut child = Command::new("redis-server")
            .current_dir(self.folder.path())
            .args(&self.args)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("redis-server is installed: scripts/prepare-tests.sh");
        let mut lines = std::io::BufReader::new(child.stdout.take().unwrap()).lines();
        self.child = Some(child);
        let is_up = lines.any(|line| line.unwrap().contains("eady to accept connections"));
        // Its output must keep a reader, or it would meet a closed pipe.
        std::thread::spawn(move || lines.for_each(drop));
        is_up
    }

    /// Ends it at once.
    pub(crate) fn stop(&mut self) {
        if let Some(mut child) = self.child.take() {
            let _gone = child.kill();
            let _gone = child.wait();
        }
    }

    /// Lets it hang, or go on: `STOP`, `CONT`.
    pub(crate) fn signal(&self, name: &str) {
        let pid = self.child.as_ref().unwrap().id().to_string();
        let sent = Command::new("kill").args(["-s", name, &pid]).status();
        assert!(sent.unwrap().success());
    }

    pub(crate) fn url(&self) -> String {
        format!("redis://:{PASSWORD}@127.0.0.1:{}", self.port)
    }

    pub(crate) fn tls_url(&self) -> String {
        format!("rediss://:{PASSWORD}@localhost:{}", self.port)
    }

    /// Sends commands at once, and waits until the last has begun to be answered.
    pub(crate) async fn tell(&self, commands: &[&str]) {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).await.unwrap();
        let text = format!("AUTH {PASSWORD}\r\n{}\r\n", commands.join("\r\n"));
        stream.write_all(text.as_bytes()).await.unwrap();
        let mut lines = BufReader::new(stream).lines();
        let answered = async {
            // Each of the commands that tests send is answered in one line, `XADD` in two.
            for command in std::iter::once(&"AUTH").chain(commands) {
                let answer = lines.next_line().await.unwrap().unwrap();
                assert!(!answer.starts_with('-'), "{command}: {answer}");
                if answer.starts_with('$') {
                    lines.next_line().await.unwrap();
                }
            }
        };
        tokio::time::timeout(PATIENCE, answered).await.unwrap();
    }

    /// Entries of a stream that readers of a group hold; none as long as there is no such group.
    pub(crate) async fn pending(&self, stream: &str, group: &str) -> Option<u64> {
        let asked = TcpStream::connect(("127.0.0.1", self.port)).await;
        let (reading, mut writing) = asked.unwrap().into_split();
        let text = format!("AUTH {PASSWORD}\r\nXPENDING {stream} {group}\r\n");
        writing.write_all(text.as_bytes()).await.unwrap();
        let mut lines = BufReader::new(reading).lines();
        let answered = async {
            // To `AUTH`, which is refused where there is no password any more.
            lines.next_line().await.unwrap().unwrap();
            let array = lines.next_line().await.unwrap().unwrap();
            if array.starts_with("-NOGROUP") {
                return None;
            }
            assert!(array.starts_with('*'), "{array}");
            let count = lines.next_line().await.unwrap().unwrap();
            Some(count.trim_start_matches(':').parse().unwrap())
        };
        tokio::time::timeout(PATIENCE, answered).await.unwrap()
    }
}
