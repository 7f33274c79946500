//! A Redis of a test's own, as installed on this machine.

use std::process::{Child, Command, Stdio};

use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};

use crate::program::{eventually, within};

pub(super) const PASSWORD: &str = "s3cret-of-redis";

pub(super) struct Redis {
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
    pub(super) async fn start() -> Self {
        let mut redis = Self::new(&[]);
        while !redis.try_start("--port").await {}
        redis
    }

    /// One that speaks TLS only, with a certificate and its key in PEM.
    pub(super) async fn start_tls(certificate: &str, key: &str) -> Self {
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
        while !redis.try_start("--tls-port").await {}
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

    /// Takes a port that is free. False if somebody else was faster.
    async fn try_start(&mut self, option: &str) -> bool {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        self.port = listener.local_addr().unwrap().port();
        drop(listener);
        let before = self.args.len();
        self.args.extend([option.to_owned(), self.port.to_string()]);
        let is_up = self.start_again().await;
        if !is_up {
            self.args.truncate(before);
        }
        is_up
    }

    /// Starts it where it was, without what it knew. False if it ended at once.
    pub(super) async fn start_again(&mut self) -> bool {
        let mut child = Command::new("redis-server")
            .current_dir(self.folder.path())
            .args(&self.args)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("redis-server is installed: scripts/prepare-tests.sh");
        let is_up = eventually(|| {
            let ended = child.try_wait().unwrap().is_some();
            let address = ("127.0.0.1", self.port);
            async move {
                let is_up = TcpStream::connect(address).await.is_ok();
                (ended || is_up).then_some(!ended)
            }
        })
        .await;
        self.child = Some(child);
        is_up
    }

    /// Ends it at once.
    pub(super) fn stop(&mut self) {
        if let Some(mut child) = self.child.take() {
            let _gone = child.kill();
            let _gone = child.wait();
        }
    }

    /// Lets it hang, or go on: `STOP`, `CONT`.
    pub(super) fn signal(&self, name: &str) {
        let pid = self.child.as_ref().unwrap().id().to_string();
        let sent = Command::new("kill").args(["-s", name, &pid]).status();
        assert!(sent.unwrap().success());
    }

    pub(super) fn url(&self) -> String {
        format!("redis://:{PASSWORD}@127.0.0.1:{}", self.port)
    }

    pub(super) fn tls_url(&self) -> String {
        format!("rediss://:{PASSWORD}@localhost:{}", self.port)
    }

    /// Sends commands at once, and waits until the last has begun to be answered.
    pub(super) async fn tell(&self, commands: &[&str]) {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).await.unwrap();
        let text = format!("AUTH {PASSWORD}\r\n{}\r\n", commands.join("\r\n"));
        stream.write_all(text.as_bytes()).await.unwrap();
        let mut lines = BufReader::new(stream).lines();
        within(async {
            // Each of the commands that tests send is answered in one line, `XADD` in two.
            for command in std::iter::once(&"AUTH").chain(commands) {
                let answer = lines.next_line().await.unwrap().unwrap();
                assert!(!answer.starts_with('-'), "{command}: {answer}");
                if answer.starts_with('$') {
                    lines.next_line().await.unwrap();
                }
            }
        })
        .await;
    }
}
