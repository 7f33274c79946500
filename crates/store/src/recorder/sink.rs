//! The open database with the file and the dictionary that belong to it, and the one way rows get
//! in. Knows nothing of queues.

use std::path::Path;

use bytes::Bytes;
use rusqlite::{CachedStatement, Connection, Transaction, TransactionBehavior, params};

use crate::bodies::codec::{Codec, Coded};
use crate::bodies::digest::Digest;
use crate::bodies::pack::{MIN_PIECE, Pack};
use crate::bodies::ring::Base;
use crate::dictionary::{Code, Dictionary};
use crate::error::StoreError;
use crate::files::{self, Identity};
use crate::schema::{self, Setup};
use crate::summary::{State, Summary, dialect_number, operation_number};

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
    /// The bytes that it holds in the queue's count.
    pub cost: usize,
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
    fn inline(&self) -> Option<&[u8]> {
        let bytes: &Bytes = &self.coded.bytes;
        (self.place.is_none() && !bytes.is_empty()).then_some(bytes)
    }

    fn codec(&self) -> i64 {
        match self.coded.codec {
            Codec::Raw => 0,
            Codec::Zstd => 1,
        }
    }

    fn offset(&self) -> Option<i64> {
        self.place.and_then(|p| i64::try_from(p).ok())
    }

    fn length(&self) -> Option<i64> {
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
fn count(n: usize) -> i64 {
    i64::try_from(n).unwrap_or(i64::MAX)
}

/// The open database.
#[derive(Debug)]
pub(super) struct Sink {
    pub db: Connection,
    pub pack: Pack,
    pub dictionary: Dictionary,
    identity: Identity,
    pack_identity: Identity,
}

impl Sink {
    /// Opens or creates the database; rows that an earlier process left open become interrupted.
    pub(super) fn open(path: &Path, setup: Setup) -> Result<Self, StoreError> {
        let db = schema::open_writer(path, setup)?;
        db.execute(
            "UPDATE exchanges SET state = ?1 WHERE state = ?2",
            (State::Interrupted as i64, State::Open as i64),
        )?;
        let bodies = files::bodies_path(path);
        let pack = Pack::open(&bodies, &places(&db)?)?;
        let dictionary = Dictionary::load(&db)?;
        let (identity, pack_identity) = (files::identity(path), files::identity(&bodies));
        Ok(Self {
            db,
            pack,
            dictionary,
            identity,
            pack_identity,
        })
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

    /// Writes a batch in one transaction: all of it or nothing.
    pub(super) fn commit(&mut self, ops: &mut [Op]) -> Result<(), StoreError> {
        put_away(ops, &mut self.pack)?;
        let tx = Transaction::new_unchecked(&self.db, TransactionBehavior::Immediate)?;
        let mut statements = Statements::new(&tx)?;
        for op in &*ops {
            statements.write(op, &mut self.dictionary)?;
        }
        drop(statements);
        self.dictionary.save(&tx)?;
        tx.commit()?;
        self.dictionary.saved();
        Ok(())
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

/// The statements of a batch, looked up once for all of it.
struct Statements<'tx> {
    insert_exchange: CachedStatement<'tx>,
    update_exchange: CachedStatement<'tx>,
    insert_request: CachedStatement<'tx>,
    insert_response: CachedStatement<'tx>,
}

impl<'tx> Statements<'tx> {
    fn new(tx: &'tx Transaction<'_>) -> Result<Self, StoreError> {
        Ok(Self {
            insert_exchange: tx.prepare_cached(INSERT_EXCHANGE)?,
            update_exchange: tx.prepare_cached(UPDATE_EXCHANGE)?,
            insert_request: tx.prepare_cached(INSERT_REQUEST)?,
            insert_response: tx.prepare_cached(INSERT_RESPONSE)?,
        })
    }

    fn write(&mut self, op: &Op, dictionary: &mut Dictionary) -> Result<(), StoreError> {
        match &op.begin {
            Some(part) => {
                insert_exchange(&mut self.insert_exchange, op, dictionary)?;
                insert_request(&mut self.insert_request, op.row, part)?;
            }
            None => update_exchange(&mut self.update_exchange, op, dictionary)?,
        }
        match &op.end {
            Some(part) => insert_response(&mut self.insert_response, op.row, part),
            None => Ok(()),
        }
    }
}

/// The columns' uses of the dictionary.
mod column {
    pub(super) const METHOD: u64 = 1;
    pub(super) const PATH: u64 = 2;
    pub(super) const QUERY: u64 = 3;
    pub(super) const PROVIDER: u64 = 4;
    pub(super) const MODEL: u64 = 5;
    pub(super) const SESSION: u64 = 6;
    pub(super) const AGENT: u64 = 7;
    pub(super) const CLIENT: u64 = 8;
    pub(super) const KEY: u64 = 9;
    pub(super) const USER_AGENT: u64 = 10;
    pub(super) const ORGANIZATION: u64 = 11;
    pub(super) const STOP: u64 = 12;
}

/// A value for a coded column.
fn code<'a>(dictionary: &mut Dictionary, column: u64, text: Option<&'a str>) -> Option<Code<'a>> {
    text.map(|text| dictionary.column(column, text))
}

/// 32 hex digits as 16 bytes; anything else as its own bytes.
fn conversation(hash: &str) -> Vec<u8> {
    let pairs = hash.as_bytes().chunks(2);
    let bytes: Option<Vec<u8>> = pairs
        .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok())
        .collect();
    match bytes {
        Some(bytes) if hash.len() == 32 => bytes,
        _ => hash.as_bytes().to_vec(),
    }
}

const INSERT_EXCHANGE: &str = "INSERT INTO exchanges VALUES (
    ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20, ?21,
    ?22, ?23, ?24, ?25, ?26, ?27, ?28, ?29, ?30, ?31, ?32, ?33, ?34, ?35, ?36, ?37, ?38, ?39)";

fn insert_exchange(
    statement: &mut CachedStatement<'_>,
    op: &Op,
    words: &mut Dictionary,
) -> Result<(), StoreError> {
    let s = &*op.summary;
    statement.execute(params![
        op.row,
        s.id.0.as_bytes(),
        s.state as i64,
        s.client_request_id.as_deref(),
        words.column(column::METHOD, &s.method),
        words.column(column::PATH, &s.path),
        code(words, column::QUERY, s.query.as_deref()),
        dialect_number(s.dialect),
        operation_number(s.operation),
        words.column(column::PROVIDER, &s.provider),
        code(words, column::MODEL, s.model.as_deref()),
        code(words, column::MODEL, s.routed_model.as_deref()),
        code(words, column::SESSION, s.session.as_deref()),
        code(words, column::AGENT, s.agent.as_deref()),
        code(words, column::AGENT, s.parent_agent.as_deref()),
        s.conversation_hash.as_deref().map(conversation),
        s.message_count,
        code(words, column::CLIENT, s.client_kind.as_deref()),
        code(words, column::KEY, s.key_digest.as_deref()),
        code(words, column::USER_AGENT, s.user_agent.as_deref()),
        code(words, column::ORGANIZATION, s.organization_id.as_deref()),
        s.is_streaming,
        signed(s.request_bytes),
        s.status,
        code(words, column::STOP, s.stop_reason.as_deref()),
        s.stream_error.as_deref(),
        s.headers_us.map(signed),
        s.content_us.map(signed),
        s.duration_us.map(signed),
        s.response_bytes.map(signed),
        s.attempts,
        s.tokens.input.map(signed),
        s.tokens.output.map(signed),
        s.tokens.cache_read.map(signed),
        s.tokens.cache_write.map(signed),
        s.tokens.cache_write_5m.map(signed),
        s.tokens.cache_write_1h.map(signed),
        s.tokens.reasoning.map(signed),
        s.tokens.web_search_requests.map(signed),
    ])?;
    Ok(())
}

/// SQLite's integers are signed; nothing counted here comes near the difference.
fn signed(n: u64) -> i64 {
    i64::try_from(n).unwrap_or(i64::MAX)
}

const UPDATE_EXCHANGE: &str = "UPDATE exchanges SET
    state = ?2, organization = ?3, status = ?4, stop_reason = ?5, stream_error = ?6,
    headers_us = ?7, content_us = ?8, duration_us = ?9, response_bytes = ?10, attempts = ?11,
    input_tokens = ?12, output_tokens = ?13, cache_read_tokens = ?14, cache_write_tokens = ?15,
    cache_write_5m_tokens = ?16, cache_write_1h_tokens = ?17, reasoning_tokens = ?18,
    web_search_requests = ?19
    WHERE id = ?1";

fn update_exchange(
    statement: &mut CachedStatement<'_>,
    op: &Op,
    words: &mut Dictionary,
) -> Result<(), StoreError> {
    let s = &*op.summary;
    statement.execute(params![
        op.row,
        s.state as i64,
        code(words, column::ORGANIZATION, s.organization_id.as_deref()),
        s.status,
        code(words, column::STOP, s.stop_reason.as_deref()),
        s.stream_error.as_deref(),
        s.headers_us.map(signed),
        s.content_us.map(signed),
        s.duration_us.map(signed),
        s.response_bytes.map(signed),
        s.attempts,
        s.tokens.input.map(signed),
        s.tokens.output.map(signed),
        s.tokens.cache_read.map(signed),
        s.tokens.cache_write.map(signed),
        s.tokens.cache_write_5m.map(signed),
        s.tokens.cache_write_1h.map(signed),
        s.tokens.reasoning.map(signed),
        s.tokens.web_search_requests.map(signed),
    ])?;
    Ok(())
}

const INSERT_REQUEST: &str = "INSERT INTO requests (id, base, prefix, suffix, depth, size, digest,
    codec, place, length, headers, messages, data) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)";

fn insert_request(
    statement: &mut CachedStatement<'_>,
    row: i64,
    part: &RequestPart,
) -> Result<(), StoreError> {
    statement.execute(params![
        row,
        part.base.map(|b| b.row),
        part.base.map(|b| count(b.prefix)),
        part.base.map(|b| count(b.suffix)),
        part.base.map(|b| b.depth),
        count(part.size),
        part.digest.as_ref().map(|d| &d[..]),
        part.piece.codec(),
        part.piece.offset(),
        part.piece.length(),
        part.headers,
        Some(&part.messages[..]).filter(|m| !m.is_empty()),
        part.piece.inline(),
    ])?;
    Ok(())
}

const INSERT_RESPONSE: &str = "INSERT INTO responses (id, truncated, size, codec, place, length,
    headers, arrivals, usage, data) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)";

fn insert_response(
    statement: &mut CachedStatement<'_>,
    row: i64,
    part: &ResponsePart,
) -> Result<(), StoreError> {
    statement.execute(params![
        row,
        part.truncated,
        count(part.size),
        part.piece.codec(),
        part.piece.offset(),
        part.piece.length(),
        part.headers,
        Some(&part.arrivals[..]).filter(|a| !a.is_empty()),
        part.usage.as_deref(),
        part.piece.inline(),
    ])?;
    Ok(())
}
