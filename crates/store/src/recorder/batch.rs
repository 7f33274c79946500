//! From messages to the rows of the next transaction. Joins the halves of exchanges: both in one
//! batch become one insert. Touches no file.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use bytes::Bytes;
use weir_core::exchange::{ExchangeId, RequestRecord, ResponseRecord};
use weir_wire::dialect::Operation;
use weir_wire::ratelimit::quota::Quotas;

use super::Options;
use super::interpret::{self, Blotted};
use super::lineage::Lineage;
use super::sink::{Op, Piece, RequestPart, ResponsePart};
use super::writer::now_us;
use crate::arrivals;
use crate::bodies::allowance::Allowance;
use crate::bodies::codec::Encoder;
use crate::bodies::digest;
use crate::bodies::ring::{self, Placed, Ring};
use crate::dictionary::Dictionary;
use crate::facts::{self, Kept};
use crate::fields::FieldCoder;
use crate::figures::Reading;
use crate::privacy::{Door, Privacy};
use crate::sent;
use crate::summary::{State, Summary};
use crate::varint;

/// Most exchanges in flight whose end is awaited.
const MOST_OPEN: usize = 131_072;
/// Numbers of rows for each microsecond.
pub(crate) const ROWS_PER_US: i64 = 2048;
/// Those of them that exchanges of this node get; the others are for those of other nodes, so that the
/// two never meet.
const OWN_PER_US: i64 = ROWS_PER_US / 2;

/// Where the first half of an exchange in flight is.
#[derive(Debug)]
enum Place {
    /// In the batch that is not committed.
    Batch(usize),
    /// In the database.
    Stored(i64, Box<Summary>),
    /// Nowhere: it is only reported when it ends.
    Unstored(Box<Summary>),
}

/// What a half of an exchange turned into.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    /// It is in the batch.
    Kept,
    /// It was wanted for nothing but the report.
    Reported,
    /// It is not kept though it should be.
    Dropped,
}

/// The next transaction and what is needed to make it.
#[derive(Debug)]
pub(super) struct Batch {
    pub ops: Vec<Op>,
    pub privacy: Privacy,
    pub allowance: Allowance,
    open: HashMap<ExchangeId, Place>,
    ring: Ring<Kept>,
    fields: FieldCoder,
    /// Of exchanges that other nodes took.
    pub(super) foreign_fields: FieldCoder,
    pub(super) encoder: Encoder,
    pub lineage: Lineage,
    sequence: i64,
    /// What this node is called, where captures are shared.
    node: Option<Box<str>>,
}

impl Batch {
    pub(super) fn new(options: &Options, privacy: Privacy, seed: u64) -> Self {
        let capture = &options.capture;
        Self {
            ops: Vec::new(),
            privacy,
            allowance: Allowance::new(),
            open: HashMap::new(),
            ring: Ring::new(capture.dedup_bytes),
            fields: FieldCoder::new(seed),
            foreign_fields: FieldCoder::new(seed),
            encoder: Encoder::default(),
            lineage: Lineage::default(),
            sequence: 0,
            node: options.node.clone(),
        }
    }

    /// The database is another one, or emptied: nothing refers to its rows any more. The batch
    /// must be empty.
    pub(super) fn forget_rows(&mut self) {
        self.ring.clear();
        self.lineage.clear();
        self.fields.clear();
        self.foreign_fields.clear();
        for place in self.open.values_mut() {
            if let Place::Stored(_, summary) = place {
                *place = Place::Unstored(summary.clone());
            }
        }
    }

    /// The rows of exchanges that are in flight, or whose end is still to be written.
    pub(super) fn rows_in_flight(&self) -> HashSet<i64> {
        let open = self.open.values().filter_map(|place| match place {
            Place::Stored(row, _) => Some(*row),
            Place::Batch(_) | Place::Unstored(_) => None,
        });
        let ending = self.ops.iter().filter(|op| op.begin.is_none());
        open.chain(ending.map(|op| op.row)).collect()
    }

    /// Another header may be a credential now.
    pub(super) fn forget_fields(&mut self) {
        self.fields.clear();
    }

    /// These rows hold no bodies any more.
    pub(super) fn forget_bodies(&mut self, rows: &[i64]) {
        self.ring.forget(rows);
    }

    /// Takes a first half. Without a dictionary nothing is stored. Gives a copy of the summary to
    /// whoever follows the live feed.
    pub(super) fn begin(
        &mut self,
        record: &RequestRecord,
        dictionary: Option<&mut Dictionary>,
        cost: usize,
    ) -> Outcome {
        if self.open.len() >= MOST_OPEN {
            return Outcome::Dropped;
        }
        let Some(dictionary) = dictionary else {
            let facts = facts_only(record);
            let summary = self.summary(record, facts.as_ref());
            self.open
                .insert(record.id, Place::Unstored(Box::new(summary)));
            return Outcome::Reported;
        };
        let row = self.next_row(record.started_at_us);
        let (placed, facts) = self.place(record, row);
        let mut summary = Box::new(self.summary(record, facts.as_ref()));
        let read = facts.as_ref().and_then(|kept| kept.read.as_ref());
        let follows = self.lineage.place(&mut summary, read);
        let door = Door::Blotting(&self.privacy);
        let headers = self.fields.encode(&record.headers, door, dictionary);
        let begin = self.request(record, (placed, facts), headers);
        self.open.insert(record.id, Place::Batch(self.ops.len()));
        self.ops.push(Op {
            row,
            summary,
            begin: Some(begin),
            end: None,
            follows,
            leads: Vec::new(),
            cost,
            adopted: false,
        });
        Outcome::Kept
    }

    fn summary(&mut self, record: &RequestRecord, facts: Option<&Kept>) -> Summary {
        let blotted = Blotted::of(record, &mut self.privacy);
        Summary {
            node: self.node.clone(),
            ..interpret::begin(record, facts, blotted)
        }
    }

    /// What is stored of a request whose body was placed, with its headers as they are kept.
    pub(super) fn request(
        &mut self,
        record: &RequestRecord,
        (placed, facts): (Option<Placed>, Option<Kept>),
        headers: Vec<u8>,
    ) -> RequestPart {
        let (digest, base, fresh) = match placed {
            Some(Placed {
                digest,
                base,
                fresh,
            }) => (Some(digest), base, fresh),
            None => (None, None, Bytes::new()),
        };
        RequestPart {
            headers,
            size: record.body.len,
            digest,
            base,
            messages: facts
                .map(|f| fingerprints(&f, base.is_some()))
                .unwrap_or_default(),
            piece: Piece::new(self.encoder.encode(fresh, &mut self.allowance)),
        }
    }

    /// Takes a second half, and shows the whole exchange to `report`. Without a dictionary it is
    /// not stored.
    pub(super) fn end(
        &mut self,
        record: &ResponseRecord,
        dictionary: Option<&mut Dictionary>,
        cost: usize,
        report: impl FnOnce(&Summary),
    ) -> Outcome {
        let Some(place) = self.open.remove(&record.id) else {
            return Outcome::Reported;
        };
        let (row, mut summary) = match (place, &dictionary) {
            (Place::Batch(at), _) => return self.join(at, record, (dictionary, cost), report),
            (Place::Stored(row, summary), Some(_)) => (row, summary),
            (Place::Stored(_, mut summary), None) => {
                interpret::end(&mut summary, record);
                report(&summary);
                return Outcome::Dropped;
            }
            (Place::Unstored(mut summary), _) => {
                interpret::end(&mut summary, record);
                report(&summary);
                return Outcome::Reported;
            }
        };
        let mut said = interpret::end(&mut summary, record);
        report(&summary);
        let dictionary = dictionary.expect("matched above");
        let (leads, begun) = self.lineage.learn(row, &summary, &mut said);
        self.complete(begun);
        let end = Some(self.response(record, said.usage, dictionary));
        self.ops.push(Op {
            row,
            summary,
            begin: None,
            end,
            follows: None,
            leads,
            cost,
            adopted: false,
        });
        Outcome::Kept
    }

    /// Adds a second half to the first in the same batch.
    fn join(
        &mut self,
        at: usize,
        record: &ResponseRecord,
        (dictionary, cost): (Option<&mut Dictionary>, usize),
        report: impl FnOnce(&Summary),
    ) -> Outcome {
        let op = self
            .ops
            .get_mut(at)
            .expect("an op stays until its batch is done");
        let mut said = interpret::end(&mut op.summary, record);
        report(&op.summary);
        let Some(dictionary) = dictionary else {
            op.summary.state = State::Lost;
            return Outcome::Dropped;
        };
        op.cost += cost;
        let (leads, begun) = self.lineage.learn(op.row, &op.summary, &mut said);
        op.leads = leads;
        self.complete(begun);
        let end = self.response(record, said.usage, dictionary);
        if let Some(op) = self.ops.get_mut(at) {
            op.end = Some(end);
        }
        Outcome::Kept
    }

    /// Completes those that began before the answer that started them had ended. One that has
    /// ended too stays as it is.
    pub(super) fn complete(&mut self, begun: Vec<(u128, ExchangeId)>) {
        for (mark, id) in begun {
            match self.open.get_mut(&id) {
                Some(Place::Stored(_, summary) | Place::Unstored(summary)) => {
                    self.lineage.complete(mark, summary);
                }
                Some(Place::Batch(at)) => {
                    if let Some(op) = self.ops.get_mut(*at) {
                        self.lineage.complete(mark, &mut op.summary);
                    }
                }
                None => {}
            }
        }
    }

    /// The end of this exchange was dropped on the way: its row says so.
    pub(super) fn lose_end(&mut self, id: ExchangeId) {
        match self.open.remove(&id) {
            Some(Place::Batch(at)) => {
                if let Some(op) = self.ops.get_mut(at) {
                    op.summary.state = State::Lost;
                }
            }
            Some(Place::Stored(row, mut summary)) => {
                summary.state = State::Lost;
                self.ops.push(Op {
                    row,
                    summary,
                    begin: None,
                    end: None,
                    follows: None,
                    leads: Vec::new(),
                    cost: 0,
                    adopted: false,
                });
            }
            Some(Place::Unstored(_)) | None => {}
        }
    }

    /// The batch is committed: exchanges in flight now have rows. Gives each op to `done`.
    pub(super) fn committed(&mut self, mut done: impl FnMut(&Op)) {
        for op in self.ops.drain(..) {
            done(&op);
            if let Some(place @ Place::Batch(_)) = self.open.get_mut(&op.summary.id) {
                *place = Place::Stored(op.row, op.summary);
            }
        }
    }

    /// The batch is given up. Exchanges in flight are only reported from now on.
    pub(super) fn abandon(&mut self) -> Vec<Op> {
        for op in &self.ops {
            if let Some(place @ Place::Batch(_)) = self.open.get_mut(&op.summary.id) {
                *place = Place::Unstored(op.summary.clone());
            }
        }
        self.ring.clear();
        std::mem::take(&mut self.ops)
    }

    /// Lets the compressor have its share of the time that passed.
    pub(super) fn advance(&mut self, now: Duration) {
        self.allowance.advance(now);
    }

    fn next_row(&mut self, started_at_us: i64) -> i64 {
        self.sequence = (self.sequence + 1) % OWN_PER_US;
        started_at_us.clamp(0, i64::MAX / ROWS_PER_US - 1) * ROWS_PER_US + self.sequence
    }

    /// Compares, hashes and reads a request body.
    pub(super) fn place(
        &mut self,
        record: &RequestRecord,
        row: i64,
    ) -> (Option<Placed>, Option<Kept>) {
        let len = record.body.len;
        if len == 0 {
            return (None, None);
        }
        if len < ring::MIN_BODY {
            let body = record.body.to_bytes();
            let placed = Placed {
                digest: digest::digest(&body),
                base: None,
                fresh: body,
            };
            return (Some(placed), facts_only(record));
        }
        let session = interpret::session_key(&record.headers);
        let read =
            |body: &[u8], earlier: Option<(&Kept, usize)>| facts::request(record, body, earlier);
        let (placed, facts) = self.ring.place(&record.body, row, session, read);
        (Some(placed), Some(facts))
    }

    fn response(
        &mut self,
        record: &ResponseRecord,
        usage: Option<Box<str>>,
        dictionary: &mut Dictionary,
    ) -> ResponsePart {
        let sent = record.sent.as_deref().map(|sent| {
            let door = Door::Blotting(&self.privacy);
            let headers = self.fields.encode(&sent.headers, door, dictionary);
            (headers, sent::encode(sent, &self.privacy, dictionary))
        });
        ResponsePart {
            headers: self
                .fields
                .encode(&record.headers, Door::Blotting(&self.privacy), dictionary),
            size: record.body.len,
            truncated: record.truncated,
            arrivals: arrivals::encode(&record.arrivals),
            usage,
            sent,
            quota: reading(record),
            piece: Piece::new(
                self.encoder
                    .encode(record.body.to_bytes(), &mut self.allowance),
            ),
        }
    }
}

/// What the response said of quotas; none if nothing.
fn reading(record: &ResponseRecord) -> Option<Box<Reading>> {
    let at_ms = now_us() / 1000;
    let quotas = Quotas::from_headers(&record.headers, at_ms);
    let key = record.route.key.as_deref().map(Into::into);
    (!quotas.is_empty()).then(|| Box::new(Reading { key, at_ms, quotas }))
}

/// The facts of a body that is not stored.
fn facts_only(record: &RequestRecord) -> Option<Kept> {
    (record.body.len > 0 && record.operation != Operation::Other)
        .then(|| facts::request(record, &record.body.to_bytes(), None))
}

/// The messages' fingerprints: how many are those of the base, then the others, 8 bytes each.
fn fingerprints(facts: &Kept, has_base: bool) -> Vec<u8> {
    let shared = if has_base { facts.shared } else { 0 };
    let fresh = facts.marks().get(shared..).unwrap_or_default();
    if shared == 0 && fresh.is_empty() {
        return Vec::new();
    }
    let mut out = Vec::with_capacity(4 + fresh.len() * 8);
    varint::put(&mut out, shared as u64);
    for mark in fresh {
        out.extend_from_slice(&mark.fingerprint.to_le_bytes());
    }
    out
}
