//! The open database with the file and the dictionary that belong to it, and the one way rows get
//! in. Knows nothing of queues.

use std::collections::HashSet;
use std::fs::File;
use std::path::Path;

use bytes::Bytes;
use rusqlite::{Connection, Transaction, TransactionBehavior};

use super::lineage::Lead;
use super::rows::Statements;
use crate::bodies::codec::{Codec, Coded};
use crate::bodies::digest::Digest;
use crate::bodies::pack::{MIN_PIECE, Pack};
use crate::bodies::ring::Base;
use crate::captures::{self, Change, Kind};
use crate::dictionary::{Dictionary, Names};
use crate::error::StoreError;
use crate::figures::{Ledger, QuotaBook, Reading, backfill};
use crate::files::{self, Identity};
use crate::reader::row;
use crate::schema::{self, Setup};
use crate::sessions;
use crate::summary::{State, Summary};

/// Where the bytes of a piece go.
#[derive(Clone, Debug)]
pub(super) struct Piece {
    pub coded: Coded,
    /// Their place in the bodies file, once they are there.
    pub place: Option<u64>,
}

/// What is stored of a request besides its summary.
#[derive(Debug)]
pub(super) struct RequestPart {
    pub headers: Vec<u8>,
    pub size: usize,
    pub digest: Option<Digest>,
    pub base: Option<Base>,
    pub messages: Vec<u8>,
    pub piece: Piece,
}

/// What is stored of a response besides its summary.
#[derive(Debug)]
pub(super) struct ResponsePart {
    pub headers: Vec<u8>,
    pub size: usize,
    pub truncated: bool,
    pub arrivals: Vec<u8>,
    pub usage: Option<Box<str>>,
    /// What went upstream: its headers, and the rest.
    pub sent: Option<(Vec<u8>, Vec<u8>)>,
    pub quota: Option<Box<Reading>>,
    pub piece: Piece,
}

/// What the next transaction says of one exchange.
#[derive(Debug)]
pub(super) struct Op {
    pub row: i64,
    pub summary: Box<Summary>,
    /// Set while the exchange has no row.
    pub begin: Option<RequestPart>,
    /// Set when it has ended.
    pub end: Option<ResponsePart>,
    /// The row that it goes on from, as the request says.
    pub follows: Option<i64>,
    /// What its answer said that later requests come back to.
    pub leads: Vec<Lead>,
    /// The bytes that it holds in the queue's count.
    pub cost: usize,
    /// Whether another node took it.
    pub adopted: bool,
}

impl Op {
    fn pieces(&self) -> impl Iterator<Item = &Piece> {
        let begin = self.begin.as_ref().map(|part| &part.piece);
        begin
            .into_iter()
            .chain(self.end.as_ref().map(|part| &part.piece))
    }

    fn pieces_mut(&mut self) -> impl Iterator<Item = &mut Piece> {
        let begin = self.begin.as_mut().map(|part| &mut part.piece);
        begin
            .into_iter()
            .chain(self.end.as_mut().map(|part| &mut part.piece))
    }

    /// Where its bytes lie in the bodies file, as offset and length.
    pub(super) fn places(&self) -> impl Iterator<Item = (u64, u64)> {
        self.pieces()
            .filter_map(|p| Some((p.place?, p.coded.bytes.len() as u64)))
    }

    /// Its bytes are to be written to the bodies file again.
    pub(super) fn forget_places(&mut self) {
        self.pieces_mut().for_each(|piece| piece.place = None);
    }
}

impl Piece {
    pub(super) fn new(coded: Coded) -> Self {
        Self { coded, place: None }
    }

    /// The bytes for the row itself; none when they lie in the bodies file, or there are none.
    pub(super) fn inline(&self) -> Option<&[u8]> {
        let bytes: &Bytes = &self.coded.bytes;
        (self.place.is_none() && !bytes.is_empty()).then_some(bytes)
    }

    pub(super) fn codec(&self) -> i64 {
        match self.coded.codec {
            Codec::Raw => 0,
            Codec::Zstd => 1,
        }
    }

    pub(super) fn offset(&self) -> Option<i64> {
        self.place.and_then(|p| i64::try_from(p).ok())
    }

    pub(super) fn length(&self) -> Option<i64> {
        self.place.map(|_| count(self.coded.bytes.len()))
    }

    /// Whether it is long enough to lie in the bodies file, and does not yet.
    fn is_to_be_put_away(&self) -> bool {
        self.place.is_none() && self.coded.bytes.len() >= MIN_PIECE
    }
}

/// Writes the long pieces of a batch into the bodies file.
fn put_away(ops: &mut [Op], pack: &mut Pack) -> Result<(), StoreError> {
    let mut fresh: Vec<&mut Piece> = ops
        .iter_mut()
        .flat_map(Op::pieces_mut)
        .filter(|p| p.is_to_be_put_away())
        .collect();
    if fresh.is_empty() {
        return Ok(());
    }
    let places: Vec<u64> = fresh
        .iter()
        .map(|p| pack.place(p.coded.bytes.len()))
        .collect();
    let mut pieces: Vec<(u64, &[u8])> = places
        .iter()
        .zip(&fresh)
        .map(|(&place, p)| (place, &p.coded.bytes[..]))
        .collect();
    if let Err(error) = pack.write(&mut pieces) {
        for (place, bytes) in pieces {
            pack.release(place, bytes.len() as u64);
        }
        return Err(error);
    }
    for (piece, place) in fresh.iter_mut().zip(places) {
        piece.place = Some(place);
    }
    Ok(())
}

/// A length as SQLite takes it.
pub(super) fn count(n: usize) -> i64 {
    i64::try_from(n).unwrap_or(i64::MAX)
}

/// The open database.
#[derive(Debug)]
pub(super) struct Sink {
    pub db: Connection,
    pub pack: Pack,
    pub dictionary: Dictionary,
    pub ledger: Ledger,
    pub quotas: QuotaBook,
    /// Whether what ends is to be shipped to other nodes.
    pub shares: bool,
    identity: Identity,
    pack_identity: Identity,
    _claim: File,
}

impl Sink {
    /// Opens or creates the database. [`Self::interrupt`] is to follow.
    pub(super) fn open(path: &Path, setup: Setup, shares: bool) -> Result<Self, StoreError> {
        let claim = files::claim(path)?;
        let db = schema::open_writer(path, setup)?;
        if !shares {
            captures::leave(&db)?;
        }
        let bodies = files::bodies_path(path);
        let pack = Pack::open(&bodies, &places(&db)?)?;
        let dictionary = Dictionary::load(&db)?;
        let (identity, pack_identity) = (files::identity(path), files::identity(&bodies));
        Ok(Self {
            db,
            pack,
            dictionary,
            ledger: Ledger::default(),
            quotas: QuotaBook::default(),
            shares,
            identity,
            pack_identity,
            _claim: claim,
        })
    }

    /// Closes and counts the rows that an earlier process left open: all but those that this one
    /// has `in_flight`.
    pub(super) fn interrupt(&mut self, in_flight: &HashSet<i64>) -> Result<(), StoreError> {
        let tx = Transaction::new_unchecked(&self.db, TransactionBehavior::Immediate)?;
        let mut statement = tx.prepare("SELECT id FROM exchanges WHERE state=?")?;
        let open = statement.query_map([State::Open as i64], |r| r.get(0))?;
        let mut open: Vec<i64> = open.collect::<Result<_, _>>()?;
        drop(statement);
        open.retain(|row| !in_flight.contains(row));
        sessions::interrupt(&tx, &open)?;
        let names = Names::load(&tx)?;
        let mut close = tx.prepare("UPDATE exchanges SET state=? WHERE id=?")?;
        let sql = format!("SELECT {} FROM exchanges AS e WHERE e.id=?", row::COLUMNS);
        let mut read = tx.prepare(&sql)?;
        let mut rows = Vec::new();
        for row in &open {
            close.execute((State::Interrupted as i64, row))?;
            if self.shares {
                captures::owe(&tx, *row, Kind::Exchange)?;
            }
            rows.push(read.query_row([row], |r| row::summary(r, &names))?);
        }
        drop((close, read));
        // What is older is counted with all of its time.
        let until = backfill::until(&tx)?;
        let ended = rows.iter().filter(|(row, _)| *row >= until);
        self.ledger.add(&tx, ended.map(|(_, summary)| summary))?;
        Ok(tx.commit()?)
    }

    /// Whether the paths still lead to the files that are open.
    pub(super) fn is_current(&self, path: &Path) -> bool {
        files::identity(path) == self.identity
            && files::identity(&files::bodies_path(path)) == self.pack_identity
    }

    /// Which files are open.
    pub(super) fn identity(&self) -> (Identity, Identity) {
        (self.identity, self.pack_identity)
    }

    /// The number of exchanges.
    pub(super) fn rows(&self) -> Result<i64, StoreError> {
        Ok(self
            .db
            .query_row("SELECT count(*) FROM exchanges", [], |row| row.get(0))?)
    }

    /// Writes a batch in one transaction, and what has changed in this node's place among others: all
    /// of it or nothing.
    pub(super) fn commit(&mut self, ops: &mut [Op], change: &Change) -> Result<(), StoreError> {
        put_away(ops, &mut self.pack)?;
        let written = self.transact(ops, change);
        if written.is_err() {
            self.doubt();
        }
        written
    }

    fn transact(&mut self, ops: &[Op], change: &Change) -> Result<(), StoreError> {
        let tx = Transaction::new_unchecked(&self.db, TransactionBehavior::Immediate)?;
        let mut statements = Statements::new(&tx)?;
        for op in ops {
            statements.write(op, &mut self.dictionary)?;
        }
        drop(statements);
        let ended = ops.iter().map(|op| &*op.summary);
        let ended = ended.filter(|summary| summary.state != State::Open);
        self.ledger.add(&tx, ended)?;
        for op in ops {
            if let Some(reading) = op.end.as_ref().and_then(|end| end.quota.as_deref()) {
                self.quotas.add(&tx, &op.summary, reading)?;
            }
        }
        self.share(&tx, ops, change)?;
        self.dictionary.save(&tx)?;
        tx.commit()?;
        self.dictionary.saved();
        Ok(())
    }

    /// Notes what is to be shipped, what has come from elsewhere, and how far that was read.
    fn share(&self, tx: &Transaction<'_>, ops: &[Op], change: &Change) -> Result<(), StoreError> {
        let ended = |op: &&Op| !op.adopted && op.summary.state != State::Open;
        for op in ops.iter().filter(|_| self.shares).filter(ended) {
            captures::owe(tx, op.row, Kind::Exchange)?;
        }
        let adopted = ops.iter().filter(|op| op.adopted).map(|op| op.row);
        if let Some(oldest) = adopted.min() {
            captures::read_again(tx, oldest)?;
        }
        captures::note(tx, change)
    }

    /// What was written may not be in the database: what is known of it is read again when needed.
    pub(super) fn doubt(&mut self) {
        self.ledger.doubt();
        self.quotas = QuotaBook::default();
    }

    /// Writes the log into the database file and cuts it off.
    pub(super) fn checkpoint(&self) -> Result<(), StoreError> {
        self.db
            .query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))?;
        Ok(())
    }
}

/// Every used place of the bodies file, in order.
fn places(db: &Connection) -> Result<Vec<(u64, u64)>, StoreError> {
    let mut statement = db.prepare(
        "SELECT place, length FROM requests WHERE place IS NOT NULL
         UNION ALL SELECT place, length FROM responses WHERE place IS NOT NULL
         ORDER BY place",
    )?;
    let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok(rows.collect::<Result<_, _>>()?)
}
