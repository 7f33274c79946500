//! The logs of the nodes in the server. Each node numbers its own entries in the transaction that adds
//! them, so that whoever has read a log up to a number has missed nothing: what becomes visible later
//! has a higher one.

use std::collections::{HashMap, HashSet};

use uuid::Uuid;
use weir_core::settings::DatabaseServer;

use super::Named;
use super::document::Packed;
use crate::control::ControlError;
use crate::control::Schema;
use crate::control::db::{Db, Done, Row, Statement, Value, int, text};
use crate::control::steps::{CAPTURES, Way};

/// Longest piece of data, in bytes: what every server takes in one packet.
const PIECE: usize = 512 << 10;
/// How often an entry is tried again when another process ships under the same name.
const TRIES: u32 = 8;
/// Values in one list of a statement.
const LIST: usize = 500;

/// What an entry is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// An exchange that ended.
    Exchange = 0,
    /// Exchanges that were removed on demand.
    Removed = 1,
    /// Exchanges are to be removed by whoever took them.
    Remove = 2,
    /// The grade of an exchange.
    Grade = 3,
}

impl Kind {
    fn of(number: i64) -> Option<Self> {
        [Self::Exchange, Self::Removed, Self::Remove, Self::Grade]
            .into_iter()
            .find(|kind| *kind as i64 == number)
    }
}

/// An entry that is to be added.
#[derive(Debug)]
pub(super) struct Entry {
    /// The exchange's, or the entry's own.
    pub id: Uuid,
    pub kind: Kind,
    /// When the exchange began; else when this was said.
    pub start_us: i64,
    pub data: Packed,
}

/// An entry without its data.
#[derive(Clone, Debug)]
pub(super) struct Head {
    pub node: Uuid,
    pub seq: i64,
    pub id: Uuid,
    /// None for one that this weir does not know.
    pub kind: Option<Kind>,
    pub format: i64,
    pub at_us: i64,
    pub start_us: i64,
    pub size: u64,
}

impl Head {
    pub(super) fn named(&self) -> Named {
        Named {
            id: self.id,
            started_us: self.start_us,
        }
    }
}

/// A node that ships.
#[derive(Clone, Copy, Debug)]
pub(super) struct Shipper {
    pub node: Uuid,
    /// Its newest entry.
    pub last: i64,
}

/// The server.
#[derive(Debug)]
pub(super) struct Log {
    db: Db,
    /// The name of its database.
    pub name: String,
}

/// The schema of captures in a server: which steps it has, and taking those that it lacks.
///
/// # Errors
/// When the server cannot be had, or fails.
pub async fn schema(server: &DatabaseServer) -> Result<Schema, ControlError> {
    Ok(Schema::of(Db::server(server, &CAPTURES).await?))
}

impl Log {
    /// Connects, and brings the schema up to date.
    pub(super) async fn open(server: &DatabaseServer) -> Result<Self, ControlError> {
        let db = Db::server(server, &CAPTURES).await?;
        db.migrate(Way::Up(i64::MAX)).await?;
        let name = Statement::new("INSERT INTO captures_state (id, name) VALUES (1, ?)")
            .with([id(Uuid::now_v7())]);
        let select = Statement::new("SELECT name FROM captures_state WHERE id = 1");
        let mut rows = db.rows(select.clone()).await?;
        if rows.is_empty() {
            // Another node may have named it meanwhile.
            db.all(vec![name]).await?;
            rows = db.rows(select).await?;
        }
        let name = rows.first().map_or(Ok(String::new()), |row| row.text(0))?;
        Ok(Self { db, name })
    }

    /// Says what a node is called. One that is not known yet begins behind the entry `last`.
    pub(super) async fn enter(
        &self,
        node: Uuid,
        name: &str,
        last: i64,
        now_us: i64,
    ) -> Result<(), ControlError> {
        let update = "UPDATE captures_nodes SET name = ?, seen_us = ? WHERE node = ?";
        let update = Statement::new(update).with([text(name), int(now_us), id(node)]);
        if self.db.all(vec![update.must_change(1)]).await? == Done::Not(0) {
            let insert = "INSERT INTO captures_nodes (node, name, last_seq, seen_us) \
                 VALUES (?, ?, ?, ?)";
            let values = [id(node), text(name), int(last), int(now_us)];
            self.db
                .all(vec![Statement::new(insert).with(values)])
                .await?;
        }
        Ok(())
    }

    /// The nodes that ship.
    pub(super) async fn shippers(&self) -> Result<Vec<Shipper>, ControlError> {
        let query = Statement::new("SELECT node, last_seq FROM captures_nodes");
        let rows = self.db.rows(query).await?;
        let shipper = |row: &Row| {
            Ok(Shipper {
                node: row.parsed(0)?,
                last: row.int(1)?,
            })
        };
        rows.iter().map(shipper).collect()
    }

    /// Adds entries of a node, but those that are there, and takes exchanges out, all or nothing. Gives
    /// the node's newest entry before and after.
    pub(super) async fn append(
        &self,
        node: Uuid,
        mut entries: Vec<Entry>,
        removed: &[Named],
        now_us: i64,
    ) -> Result<(i64, i64), ControlError> {
        for _ in 0..TRIES {
            let known = self.known(entries.iter().map(|entry| entry.id)).await?;
            entries.retain(|entry| !known.contains(&entry.id));
            let Some(before) = self.last(node).await? else {
                return Err(ControlError::Conflict("this node was forgotten".into()));
            };
            let after = before + i64::try_from(entries.len()).unwrap_or(0);
            if entries.is_empty() && removed.is_empty() {
                return Ok((before, before));
            }
            // First, so that whoever else ships by this name waits here.
            let mut all = vec![
                Statement::new(
                    "UPDATE captures_nodes SET last_seq = ?, seen_us = ? \
                     WHERE node = ? AND last_seq = ?",
                )
                .with([int(after), int(now_us), id(node), int(before)])
                .must_change(1),
            ];
            all.extend(removals(removed.iter().map(|named| named.id)));
            for (entry, seq) in entries.iter().zip(before + 1..) {
                all.push(head(node, seq, entry, now_us));
                all.extend(pieces(entry));
            }
            if let Done::All(_) = self.db.all(all).await? {
                return Ok((before, after));
            }
        }
        Err(ControlError::Conflict(
            "another process ships captures by the name of this node".into(),
        ))
    }

    async fn last(&self, node: Uuid) -> Result<Option<i64>, ControlError> {
        let query = Statement::new("SELECT last_seq FROM captures_nodes WHERE node = ?");
        let rows = self.db.rows(query.with([id(node)])).await?;
        rows.first().map(|row| row.int(0)).transpose()
    }

    /// Which of these entries are there.
    async fn known(
        &self,
        ids: impl ExactSizeIterator<Item = Uuid>,
    ) -> Result<HashSet<Uuid>, ControlError> {
        if ids.len() == 0 {
            return Ok(HashSet::new());
        }
        let query = list(
            "SELECT id FROM captures_log WHERE id IN",
            ids.map(id).collect(),
        );
        let rows = self.db.rows(query).await?;
        rows.iter().map(|row| row.parsed(0)).collect()
    }

    /// The entries of a node behind one, at most `limit`; exchanges only that began since `since_us`.
    pub(super) async fn heads(
        &self,
        (node, after): (Uuid, i64),
        since_us: i64,
        limit: usize,
    ) -> Result<Vec<Head>, ControlError> {
        let query = Statement::new(format!(
            "SELECT seq, id, kind, format, at_us, start_us, size FROM captures_log \
             WHERE node = ? AND seq > ? AND start_us >= ? ORDER BY seq LIMIT {limit}"
        ));
        let query = query.with([id(node), int(after), int(since_us)]);
        let head = |row: &Row| {
            Ok(Head {
                node,
                seq: row.int(0)?,
                id: row.parsed(1)?,
                kind: Kind::of(row.int(2)?),
                format: row.int(3)?,
                at_us: row.int(4)?,
                start_us: row.int(5)?,
                size: row.count(6)?,
            })
        };
        self.db.rows(query).await?.iter().map(head).collect()
    }

    /// The data of entries, packed, by id. Those are missing that have been taken out.
    pub(super) async fn data(
        &self,
        heads: &[&Head],
    ) -> Result<HashMap<Uuid, Packed>, ControlError> {
        let mut all: HashMap<Uuid, Packed> = HashMap::new();
        for heads in heads.chunks(LIST) {
            let ids = heads.iter().map(|head| id(head.id)).collect();
            let mut query = list("SELECT id, data FROM captures_data WHERE id IN", ids);
            query.sql.push_str(" ORDER BY id, piece");
            let sizes: HashMap<Uuid, u64> = heads.iter().map(|head| (head.id, head.size)).collect();
            for row in self.db.rows(query).await? {
                let id: Uuid = row.parsed(0)?;
                let packed = all.entry(id).or_insert_with(|| Packed {
                    bytes: Vec::new(),
                    size: sizes.get(&id).copied().unwrap_or(0),
                });
                packed.bytes.extend_from_slice(row.bytes(1)?);
            }
        }
        Ok(all)
    }

    /// Takes out some of what is too old: exchanges that began before `exchanges_us`, if that is set,
    /// and everything else that was said before `others_us`, with nodes that are gone since. Gives
    /// whether there may be more.
    pub(super) async fn prune(
        &self,
        exchanges_us: Option<i64>,
        others_us: i64,
    ) -> Result<bool, ControlError> {
        let exchange = Kind::Exchange as i64;
        let query = Statement::new(format!(
            "SELECT id FROM captures_log WHERE (kind = ? AND start_us < ?) \
             OR (kind <> ? AND start_us < ?) ORDER BY start_us LIMIT {LIST}"
        ))
        .with([
            int(exchange),
            int(exchanges_us.unwrap_or(i64::MIN)),
            int(exchange),
            int(others_us),
        ]);
        let rows = self.db.rows(query).await?;
        let old: Vec<Uuid> = rows
            .iter()
            .map(|row| row.parsed(0))
            .collect::<Result<_, _>>()?;
        let mut all: Vec<Statement> = removals(old.iter().copied()).collect();
        let gone = "DELETE FROM captures_nodes WHERE seen_us < ? AND NOT EXISTS \
             (SELECT 1 FROM captures_log WHERE captures_log.node = captures_nodes.node)";
        all.push(Statement::new(gone).with([int(others_us)]));
        self.db.all(all).await?;
        Ok(old.len() == LIST)
    }
}

fn id(id: Uuid) -> Value {
    text(id.to_string())
}

/// A statement that ends in a list of values.
fn list(sql: &str, values: Vec<Value>) -> Statement {
    let marks = vec!["?"; values.len()].join(", ");
    Statement::new(format!("{sql} ({marks})")).with(values)
}

/// The statements that take entries out.
fn removals(ids: impl Iterator<Item = Uuid>) -> impl Iterator<Item = Statement> {
    let ids: Vec<Value> = ids.map(id).collect();
    let chunks: Vec<Vec<Value>> = ids.chunks(LIST).map(<[Value]>::to_vec).collect();
    chunks.into_iter().flat_map(|ids| {
        ["captures_data", "captures_log"]
            .map(|table| list(&format!("DELETE FROM {table} WHERE id IN"), ids.clone()))
    })
}

fn head(node: Uuid, seq: i64, entry: &Entry, now_us: i64) -> Statement {
    let insert = "INSERT INTO captures_log (node, seq, id, kind, format, at_us, start_us, size) \
         VALUES (?, ?, ?, ?, ?, ?, ?, ?)";
    Statement::new(insert).with([
        id(node),
        int(seq),
        id(entry.id),
        int(entry.kind as i64),
        int(super::document::FORMAT),
        int(now_us),
        int(entry.start_us),
        int(i64::try_from(entry.data.size).unwrap_or(i64::MAX)),
    ])
}

fn pieces(entry: &Entry) -> impl Iterator<Item = Statement> {
    let pieces = entry.data.bytes.chunks(PIECE).zip(0_i64..);
    pieces.map(|(piece, number)| {
        let insert = "INSERT INTO captures_data (id, piece, data) VALUES (?, ?, ?)";
        Statement::new(insert).with([id(entry.id), int(number), Value::Bytes(piece.to_vec())])
    })
}
