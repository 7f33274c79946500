//! What a node's own database keeps of its place among others: what it still owes them, and how far it
//! has read. Written by the recorder's thread, in the transactions that it is about.

use rusqlite::{Connection, Transaction};
use uuid::Uuid;

use super::log::Kind;
use crate::error::StoreError;

/// What is to be kept.
#[derive(Clone, Debug, Default)]
pub(crate) struct Change {
    /// It has joined the server's database of this name: all that ended here is to be shipped, unless
    /// it was before, and every log is to be read from its beginning.
    pub joined: Option<String>,
    /// What waited up to this number was shipped.
    pub shipped: Option<i64>,
    /// The logs were read up to here.
    pub read: Vec<(Uuid, i64)>,
}

/// Keeps a change.
pub(crate) fn note(tx: &Transaction<'_>, change: &Change) -> Result<(), StoreError> {
    if let Some(server) = &change.joined {
        join(tx, server)?;
    }
    if let Some(number) = change.shipped {
        tx.prepare_cached("DELETE FROM captures_outbox WHERE id<=?")?
            .execute([number])?;
    }
    for (node, seq) in &change.read {
        let sql = "INSERT INTO captures_read (node, seq) VALUES (?1, ?2)
            ON CONFLICT (node) DO UPDATE SET seq=max(seq, excluded.seq)";
        tx.prepare_cached(sql)?
            .execute((node.as_bytes().as_slice(), seq))?;
    }
    Ok(())
}

fn join(tx: &Transaction<'_>, server: &str) -> Result<(), StoreError> {
    let sql = "INSERT INTO captures_self (id, node, server) VALUES (0, ?1, ?2)
        ON CONFLICT (id) DO UPDATE SET server=excluded.server";
    tx.execute(sql, (Uuid::now_v7().as_bytes().as_slice(), server))?;
    tx.execute_batch(
        "DELETE FROM captures_read; DELETE FROM captures_outbox;
         INSERT INTO captures_outbox (row, kind)
            SELECT id, 0 FROM exchanges WHERE state<>0 AND adopted IS NULL ORDER BY id",
    )?;
    Ok(())
}

/// Captures are not shared: what is owed is found anew when they are again.
pub(crate) fn leave(db: &Connection) -> Result<(), StoreError> {
    if db.execute("UPDATE captures_self SET server='' WHERE server<>''", [])? > 0 {
        db.execute("DELETE FROM captures_outbox", [])?;
    }
    Ok(())
}

/// An exchange, or something of it, is to be shipped.
pub(crate) fn owe(db: &Connection, row: i64, kind: Kind) -> Result<(), StoreError> {
    let sql = "INSERT INTO captures_outbox (row, kind) VALUES (?, ?)";
    db.prepare_cached(sql)?.execute((row, kind as i64))?;
    Ok(())
}

/// Exchanges came that may be older than those that were made findable: these will be looked for.
pub(crate) fn read_again(tx: &Transaction<'_>, row: i64) -> Result<(), StoreError> {
    let sql = "UPDATE words_state SET until=?1 WHERE until>?1";
    tx.prepare_cached(sql)?.execute([row - 1])?;
    Ok(())
}
