//! A recorder as the tests of the store see it: one, or two nodes that share a database server. What a
//! test records is taken by the one, goes through the server, and is read at the other.

use std::ops::Deref;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use tokio::task::AbortHandle;
use uuid::Uuid;
use weir_core::exchange::{RequestRecord, ResponseRecord};
use weir_core::secret::Secret;
use weir_core::settings::{ControlDatabase, DatabaseServer, ServerKind};
use weir_store::captures::Carrier;
use weir_store::{DryRun, Filter, Options, Recorder as Own, StoreError};

use crate::control::execute;

/// Set by the tests that have the others run through a server: its address up to the database's name,
/// which `#` stands for.
pub(crate) const VARIABLE: &str = "WEIR_STORE_TESTS_THROUGH";
/// Longest wait for what was recorded to be at the other node.
const PATIENCE: Duration = Duration::from_secs(60);

/// Each place has a database of its own.
static NUMBER: AtomicUsize = AtomicUsize::new(0);

/// The server that tests are to go through, if they are.
pub(crate) fn server() -> Option<DatabaseServer> {
    let address = std::env::var(VARIABLE).ok()?;
    let (kind, first) = match address.starts_with("postgres") {
        true => (ServerKind::Postgres, "postgres"),
        false => (ServerKind::MySql, "weir"),
    };
    let name = format!(
        "place{}_{}",
        std::process::id(),
        NUMBER.fetch_add(1, Ordering::Relaxed)
    );
    let first = at(kind, &address.replace('#', first));
    let sql = format!("CREATE DATABASE {name}");
    // Places are made where nothing can be awaited.
    let making = std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread();
        let runtime = { runtime }.enable_all().build().unwrap();
        runtime.block_on(execute(&ControlDatabase::Server(first), &sql));
    });
    making.join().unwrap();
    Some(at(kind, &address.replace('#', &name)))
}

pub(crate) fn at(kind: ServerKind, url: &str) -> DatabaseServer {
    DatabaseServer {
        kind,
        url: Secret::new(url),
        pool_size: 2,
        max_lifetime: Duration::from_secs(60),
    }
}

/// A node that shares its captures.
pub(crate) struct Node {
    pub(crate) recorder: Own,
    pub(crate) carrier: Arc<Carrier>,
}

impl Node {
    pub(crate) fn open(options: Options, name: &str, server: &DatabaseServer) -> Self {
        let age = options.capture.retention.max_age;
        let options = Options {
            node: Some(name.into()),
            ..options
        };
        let recorder = Own::open(options).unwrap();
        let max_age = Box::new(move || age);
        let carrier = Carrier::new(&recorder, server.clone(), name, max_age);
        Self { recorder, carrier }
    }

    /// Ships all that has ended by now.
    pub(crate) async fn ship(&self) {
        self.recorder.flush().await;
        self.carry_until(|carrier| carrier.status().waiting == 0)
            .await;
    }

    /// Takes over all that others have shipped by now.
    pub(crate) async fn follow(&self) {
        self.carry_until(|carrier| carrier.status().behind == 0)
            .await;
    }

    async fn carry_until(&self, is_so: impl Fn(&Carrier) -> bool) {
        let start = Instant::now();
        loop {
            self.carrier.step().await;
            let status = self.carrier.status();
            if status.failure.is_none() && is_so(&self.carrier) {
                return;
            }
            assert!(start.elapsed() < PATIENCE, "{status:?}");
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }
}

/// What a test records with and reads from.
pub(crate) struct Recorder {
    /// Where it is read.
    reads: Own,
    /// The nodes that take it, and where it is read; none where that is one recorder.
    nodes: Option<[Node; 2]>,
    /// What carries while a test waits for something.
    carrying: Vec<AbortHandle>,
}

impl Drop for Recorder {
    fn drop(&mut self) {
        self.carrying.iter().for_each(AbortHandle::abort);
    }
}

impl Deref for Recorder {
    type Target = Own;

    fn deref(&self) -> &Own {
        &self.reads
    }
}

impl Recorder {
    pub(crate) fn open(options: Options, server: Option<&DatabaseServer>) -> Self {
        let Some(server) = server else {
            return Self {
                reads: Own::open(options).unwrap(),
                nodes: None,
                carrying: Vec::new(),
            };
        };
        let folder = options.db_path.parent().unwrap().parent().unwrap();
        let taking = Options {
            db_path: folder.join("taking/weir.db"),
            capture: options.capture.clone(),
            key_header: options.key_header.clone(),
            node: None,
            on_ended: None,
            follow: None,
            tuning: options.tuning,
        };
        let nodes = [(taking, "a"), (options, "b")];
        let nodes = nodes.map(|(options, name)| Node::open(options, name, server));
        let run = |node: &Node| tokio::spawn(Arc::clone(&node.carrier).run()).abort_handle();
        Self {
            reads: nodes[1].recorder.clone(),
            carrying: nodes.iter().map(run).collect(),
            nodes: Some(nodes),
        }
    }

    fn takes(&self) -> &Own {
        self.nodes
            .as_ref()
            .map_or(&self.reads, |[taking, _]| &taking.recorder)
    }

    pub(crate) fn started(&self, record: Box<RequestRecord>) {
        self.takes().started(record);
    }

    pub(crate) fn finished(&self, record: Box<ResponseRecord>) {
        self.takes().finished(record);
    }

    pub(crate) async fn flush(&self) {
        if let Some([taking, reading]) = &self.nodes {
            taking.ship().await;
            reading.follow().await;
        }
        self.reads.flush().await;
    }

    pub(crate) async fn purge(&self, filter: Filter, dry_run: DryRun) -> Result<u64, StoreError> {
        self.settle().await;
        let done = self.reads.purge(filter, dry_run).await;
        self.obey().await;
        done
    }

    pub(crate) async fn delete_all(&self) -> Result<u64, StoreError> {
        self.settle().await;
        let done = self.reads.delete_all().await;
        self.obey().await;
        done
    }

    /// Has the node that takes exchanges remove what was removed where they are read.
    async fn obey(&self) {
        if let Some([taking, _]) = &self.nodes {
            taking.follow().await;
        }
    }

    pub(crate) async fn set_grade(
        &self,
        id: Uuid,
        grade: Option<String>,
    ) -> Result<bool, StoreError> {
        self.settle().await;
        self.reads.set_grade(id, grade).await
    }

    /// Has all that was recorded be where it is read, if that is elsewhere.
    async fn settle(&self) {
        if self.nodes.is_some() {
            self.flush().await;
        }
    }

    pub(crate) async fn shutdown(&self) {
        self.settle().await;
        self.carrying.iter().for_each(AbortHandle::abort);
        if self.nodes.is_some() {
            self.takes().shutdown().await;
        }
        self.reads.shutdown().await;
    }
}
