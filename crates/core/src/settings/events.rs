//! What the world is told of ended exchanges.

use std::sync::Arc;
use std::time::Duration;

use super::Sink;
use crate::secret::Secret;

/// What the world is told of ended exchanges, and over what.
#[derive(Clone, Debug)]
pub struct Events {
    /// The services that are told. Without one nothing is made, unless others read the bus.
    pub sinks: Vec<Arc<Sink>>,
    /// Over what events go to the dispatchers; none makes no events.
    pub bus: Option<Bus>,
    /// Whether this process delivers, too.
    pub dispatch: bool,
    /// What is told of each.
    pub told: Told,
    /// Events that may wait for each sink, or for Redis.
    pub queue: usize,
    /// Bytes of bodies that are held of exchanges until they are events, and as many again of the
    /// events that wait for each sink, or for Redis.
    pub queue_bytes: usize,
    /// Longest time that the last events may take when the gateway ends.
    pub flush_timeout: Duration,
}

impl Events {
    /// Whether any are made.
    #[must_use]
    pub fn enabled(&self) -> bool {
        match self.bus {
            None => false,
            Some(Bus::Memory) => !self.sinks.is_empty(),
            Some(Bus::Redis(_)) => true,
        }
    }
}

/// What an event tells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Told {
    /// Bodies.
    pub bodies: bool,
    /// Headers of requests.
    pub request_headers: bool,
    /// Answers from the cache.
    pub cache_hits: bool,
    /// The longest request body, in bytes.
    pub max_request_body_bytes: usize,
    /// The longest response body, in bytes.
    pub max_response_body_bytes: usize,
    /// The name of this node.
    pub node: Option<Box<str>>,
}

/// Over what events go.
#[derive(Clone, Debug)]
pub enum Bus {
    /// This process's memory: what is not delivered when it ends is lost.
    Memory,
    /// A stream of Redis, where events wait until they are delivered.
    Redis(Box<RedisBus>),
}

/// A stream of Redis.
#[derive(Clone, Debug)]
pub struct RedisBus {
    /// The server, credentials included.
    pub url: Secret,
    /// The setting that names it.
    pub url_from: &'static str,
    /// The stream.
    pub stream: String,
    /// About how many entries it keeps; none keeps all.
    pub max_len: Option<u64>,
    /// What this reader is called; none is the node's name and the process's number.
    pub consumer: Option<String>,
    /// Whether a group that is made begins with what the stream holds, or with what comes next.
    pub start: Start,
    /// Most entries in one read.
    pub read_batch: u32,
    /// How long a read waits for entries.
    pub block: Duration,
    /// How long another reader may be silent before what it holds is taken over.
    pub claim_after: Duration,
    /// About how many dead letters are kept for each sink.
    pub max_dead: u64,
}

/// Where a new group begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Start {
    /// With the oldest entry that the stream holds.
    Oldest,
    /// With the next one.
    New,
}
