//! Shipping: what has ended here goes to the server, in the order in which it ended, each exchange at
//! least once and, by its id, no more than once.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::carrier::{Carrier, Meeting, add};
use super::document::Packed;
use super::log::{Entry, Kind};
use super::{Change, Waiting};
use crate::control::ControlError;
use crate::error::StoreError;
use crate::reader::View;

/// Most entries in one transaction.
const MOST: usize = 64;
/// Bytes after which a transaction takes no more.
const MOST_BYTES: usize = 4 << 20;

/// The grade of an exchange, as it is shipped.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Graded {
    pub id: Uuid,
    pub grade: Option<String>,
}

/// What is shipped at once.
#[derive(Debug, Default)]
struct Load {
    entries: Vec<Entry>,
    /// What was waiting, up to this number.
    upto: Option<i64>,
    skipped: usize,
    more: bool,
}

impl Carrier {
    /// Ships some of what waits; gives whether there is more.
    pub(super) async fn ship(&self, meeting: &mut Meeting<'_>) -> Result<bool, ControlError> {
        let now_us = super::now_us();
        let load = self
            .reader
            .run(move |reader| reader.ask(|view| Load::gather(view, now_us)));
        let load = load.await?;
        let Some(upto) = load.upto else {
            return Ok(false);
        };
        let is_exchange = |entry: &&Entry| entry.kind == Kind::Exchange;
        let exchanges = load.entries.iter().filter(is_exchange).count();
        let node = meeting.standing.node;
        let went = meeting.log.append(node, load.entries, &[], now_us).await?;
        let change = Change {
            shipped: Some(upto),
            read: meeting.standing.own(went),
            ..Change::default()
        };
        self.note(meeting, change).await?;
        add(&self.counts.shipped, exchanges);
        add(&self.counts.skipped, load.skipped);
        Ok(load.more)
    }
}

impl Load {
    fn gather(view: &View, now_us: i64) -> Result<Self, StoreError> {
        let waiting = view.waiting(MOST)?;
        let (mut load, mut bytes) = (Self::default(), 0);
        load.more = waiting.len() == MOST;
        for one in waiting {
            if bytes >= MOST_BYTES {
                load.more = true;
                break;
            }
            load.upto = Some(one.number);
            match entry(view, one, now_us) {
                Ok(Some(entry)) => {
                    bytes += entry.data.bytes.len();
                    load.entries.push(entry);
                }
                // It was removed meanwhile.
                Ok(None) => {}
                Err(StoreError::Damaged(reason)) => {
                    tracing::warn!(reason, "a damaged capture is not shipped");
                    load.skipped += 1;
                }
                Err(error) => return Err(error),
            }
        }
        Ok(load)
    }
}

fn entry(view: &View, waiting: Waiting, now_us: i64) -> Result<Option<Entry>, StoreError> {
    if waiting.kind == Kind::Grade as i64 {
        let graded = view.graded(waiting.row)?;
        let graded = graded.map(|(named, grade)| Graded {
            id: named.id,
            grade,
        });
        return graded
            .map(|graded| said(Kind::Grade, &graded, now_us))
            .transpose();
    }
    let Some((id, whole)) = view.exchange_whole(waiting.row)? else {
        return Ok(None);
    };
    Ok(Some(Entry {
        id,
        kind: Kind::Exchange,
        start_us: whole.document.told.started_us,
        data: whole.pack()?,
    }))
}

/// An entry that is no exchange.
pub(super) fn said(kind: Kind, what: &impl Serialize, now_us: i64) -> Result<Entry, StoreError> {
    let json = serde_json::to_vec(what);
    let json = json.map_err(|error| StoreError::Damaged(error.to_string()))?;
    Ok(Entry {
        id: Uuid::now_v7(),
        kind,
        start_us: now_us,
        data: Packed::of(&json)?,
    })
}
