//! What a test tells the mock to answer: a named scenario, or a reply spelled out to the byte with
//! pauses that the test releases.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::{Semaphore, watch};

use crate::tally::Fate;

/// One answer for the queue of [`Mock::push`](crate::Mock::push).
#[derive(Clone, Debug)]
pub struct Script(pub(crate) Kind);

#[derive(Clone, Debug)]
pub(crate) enum Kind {
    Scenario(String),
    Raw(Box<Raw>),
}

impl Script {
    /// A scenario as in the header `x-mock-scenario`: `name[,key=value...]`.
    #[must_use]
    pub fn scenario(text: &str) -> Self {
        Self(Kind::Scenario(text.to_owned()))
    }
}

impl From<Raw> for Script {
    fn from(raw: Raw) -> Self {
        Self(Kind::Raw(Box::new(raw)))
    }
}

/// A place where a reply stops until the test opens it. Clones share one state.
#[derive(Clone, Debug)]
pub struct Gate {
    permits: Arc<Semaphore>,
    reached: Arc<watch::Sender<usize>>,
}

impl Default for Gate {
    fn default() -> Self {
        Self::new()
    }
}

impl Gate {
    /// A closed gate.
    #[must_use]
    pub fn new() -> Self {
        Self {
            permits: Arc::new(Semaphore::new(0)),
            reached: Arc::new(watch::Sender::new(0)),
        }
    }

    /// Lets one reply pass once, now or when it comes.
    pub fn open(&self) {
        self.permits.add_permits(1);
    }

    /// Lets all replies pass, those that wait now and those that come later.
    pub fn open_for_good(&self) {
        self.permits.close();
    }

    /// Returns when replies have come to this gate `times` times in all: everything scripted
    /// before it has been written by then.
    pub async fn reached(&self, times: usize) {
        let mut reached = self.reached.subscribe();
        // The channel cannot be closed: its sender lives in self.
        reached.wait_for(|count| *count >= times).await.ok();
    }

    pub(crate) async fn pass(&self) {
        self.reached.send_modify(|count| *count += 1);
        // An error says that the gate is open for good.
        if let Ok(permit) = self.permits.acquire().await {
            permit.forget();
        }
    }
}

/// How a reply is broken off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cut {
    /// The connection is closed (TCP FIN) without the end of the body. HTTP/2: stream reset.
    Fin,
    /// The connection is reset (TCP RST). HTTP/2: stream reset.
    Rst,
}

/// How a reply's body is marked on HTTP/1.1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Framing {
    /// By `content-length` if that header is there, else in chunks.
    Auto,
    /// By closing the connection.
    Close,
    /// No head and no framing: the pieces are what goes over the wire.
    Wire,
}

#[derive(Clone, Debug)]
pub(crate) enum Step {
    Bytes(Bytes),
    Sleep(Duration),
    Gate(Gate),
    Forever,
}

impl Step {
    /// The bytes that this step writes.
    pub(crate) fn len(&self) -> usize {
        if let Self::Bytes(bytes) = self {
            bytes.len()
        } else {
            0
        }
    }
}

/// Where pieces of a body are cut once more before they are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Split {
    No,
    Every(usize),
    Random { seed: u64, max: usize },
}

/// A reply to the byte. On HTTP/1.1 the header lines go out in this order and spelling, each body
/// piece in a write (and a chunk) of its own, and nothing is added but the framing.
#[derive(Clone, Debug)]
pub struct Raw {
    pub(crate) version: &'static str,
    pub(crate) status: u16,
    pub(crate) reason: Option<String>,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) before_head: Vec<Step>,
    pub(crate) steps: VecDeque<Step>,
    pub(crate) trailers: Vec<(String, String)>,
    pub(crate) framing: Framing,
    pub(crate) split: Split,
    pub(crate) cut: Option<Cut>,
    pub(crate) refuse: Option<Cut>,
    /// What kind of failure this is, where the rest does not tell.
    pub(crate) fault: Option<&'static str>,
}

impl Raw {
    /// An empty reply with that status, 100 to 999.
    #[must_use]
    pub fn new(status: u16) -> Self {
        Self {
            version: "HTTP/1.1",
            status,
            reason: None,
            headers: Vec::new(),
            before_head: Vec::new(),
            steps: VecDeque::new(),
            trailers: Vec::new(),
            framing: Framing::Auto,
            split: Split::No,
            cut: None,
            refuse: None,
            fault: None,
        }
    }

    /// No reply at all: the connection is broken off once the request has been read.
    #[must_use]
    pub fn refuse(cut: Cut) -> Self {
        Self {
            refuse: Some(cut),
            ..Self::new(500)
        }
    }

    /// Bytes straight onto the wire, status line and framing included in the pieces; the
    /// connection is closed after them. HTTP/1.1 only.
    #[must_use]
    pub fn wire() -> Self {
        Self {
            framing: Framing::Wire,
            ..Self::new(200)
        }
    }

    /// Replaces the reason phrase of the status line.
    #[must_use]
    pub fn reason(mut self, reason: &str) -> Self {
        self.reason = Some(reason.to_owned());
        self
    }

    /// Adds a header line.
    #[must_use]
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// A whole body with its `content-length`.
    #[must_use]
    pub fn body(self, body: impl Into<Bytes>) -> Self {
        let body = body.into();
        self.header("content-length", &body.len().to_string())
            .piece(body)
    }

    /// Adds a piece of the body.
    #[must_use]
    pub fn piece(mut self, piece: impl Into<Bytes>) -> Self {
        self.steps.push_back(Step::Bytes(piece.into()));
        self
    }

    /// Stops here until the gate is opened.
    #[must_use]
    pub fn pause(mut self, gate: &Gate) -> Self {
        self.steps.push_back(Step::Gate(gate.clone()));
        self
    }

    /// Stops before the status line until the gate is opened.
    #[must_use]
    pub fn pause_before_head(mut self, gate: &Gate) -> Self {
        self.before_head.push(Step::Gate(gate.clone()));
        self
    }

    /// Waits here, for replies timed in real time.
    #[must_use]
    pub fn sleep(mut self, time: Duration) -> Self {
        self.steps.push_back(Step::Sleep(time));
        self
    }

    /// Stays silent from here on, until the client goes.
    #[must_use]
    pub fn hang(mut self) -> Self {
        self.steps.push_back(Step::Forever);
        self
    }

    /// Adds a trailer field (chunked and HTTP/2 bodies only).
    #[must_use]
    pub fn trailer(mut self, name: &str, value: &str) -> Self {
        self.trailers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Ends the body by closing the connection: neither length nor chunks.
    #[must_use]
    pub fn close_delimited(mut self) -> Self {
        self.framing = Framing::Close;
        self
    }

    /// Cuts every piece into writes of `size` bytes.
    #[must_use]
    pub fn split_every(mut self, size: usize) -> Self {
        self.split = Split::Every(size.max(1));
        self
    }

    /// Cuts every piece into writes of 1 to `max` bytes, the same ones for the same seed.
    #[must_use]
    pub fn split_random(mut self, seed: u64, max: usize) -> Self {
        self.split = Split::Random {
            seed,
            max: max.max(1),
        };
        self
    }

    /// Breaks the connection off after the last piece instead of ending the body.
    #[must_use]
    pub fn cut(mut self, cut: Cut) -> Self {
        self.cut = Some(cut);
        self
    }

    /// What it counts as when it answers a model turn.
    pub(crate) fn fate(&self) -> Fate {
        let is_silent = |step: &Step| matches!(step, Step::Forever);
        let kind = if self.refuse.is_some() {
            "refuse".to_owned()
        } else if let Some(fault) = self.fault {
            fault.to_owned()
        } else if self.status >= 400 {
            self.status.to_string()
        } else if self.cut.is_some() {
            "drop".to_owned()
        } else if self.steps.iter().any(is_silent) {
            "silent".to_owned()
        } else {
            return Fate::Answer;
        };
        Fate::Failure(kind)
    }
}
