//! Deleting on demand, on all nodes: the server first, and then here, so that what is gone here is gone
//! there; others follow. Who took exchanges that nobody else has seen yet removes them by the wish that
//! it reads.

use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use super::carrier::{Carrier, Meeting};
use super::log::Kind;
use super::ship::said;
use super::{Change, Named};
use crate::control::ControlError;
use crate::error::StoreError;
use crate::removal::Filter;

/// Exchanges in one step.
const STEP: usize = 500;
/// How long whoever deletes waits for what others have shipped to be here.
const PATIENCE: Duration = Duration::from_secs(60);

/// What whoever took exchanges is to remove.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Wish {
    pub filter: Filter,
    /// Those only that began until then, in microseconds since the Unix epoch.
    pub until_us: i64,
}

/// Whose exchanges.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Whose {
    /// This node's.
    Own,
    /// All that are here.
    All,
}

/// What is done with those that are gone in the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Here {
    /// They are removed here.
    Remove,
    /// They are removed all at once, at the end.
    Leave,
}

impl Carrier {
    /// Deletes what a filter names on all nodes; gives how many there were here.
    pub(crate) async fn purge(&self, filter: Filter) -> Result<u64, StoreError> {
        self.recorder.flush().await;
        self.alone(async |meeting| {
            // One alone is here, or nobody could have named it.
            if filter.id.is_none() {
                self.wish(meeting, &filter).await?;
            }
            let scope = (Whose::All, Here::Remove);
            self.remove(meeting, &filter, scope).await
        })
        .await
    }

    /// Deletes everything on all nodes; gives how many exchanges there were here.
    pub(crate) async fn delete_all(&self) -> Result<u64, StoreError> {
        self.recorder.flush().await;
        let all = Filter {
            before_us: Some(super::now_us() + 1),
            ..Filter::default()
        };
        self.alone(async |meeting| {
            self.wish(meeting, &all).await?;
            self.remove(meeting, &all, (Whose::All, Here::Leave))
                .await?;
            Ok(self.recorder.delete_all_here().await?)
        })
        .await
    }

    /// Has all that others have shipped come here, and asks them to remove what they have not.
    async fn wish(&self, meeting: &mut Meeting<'_>, filter: &Filter) -> Result<(), ControlError> {
        let start = Instant::now();
        while !self.is_even(meeting).await? {
            if start.elapsed() > PATIENCE {
                let what = "captures of other nodes are still being taken over; nothing was deleted, \
                     try again in some minutes";
                return Err(StoreError::Unavailable(what.into()).into());
            }
        }
        let until_us = super::now_us();
        let wish = Wish {
            filter: filter.clone(),
            until_us,
        };
        let entry = said(Kind::Remove, &wish, until_us)?;
        let node = meeting.standing.node;
        let went = meeting.log.append(node, vec![entry], &[], until_us).await?;
        let change = Change {
            read: meeting.standing.own(went),
            ..Change::default()
        };
        self.note(meeting, change).await
    }

    /// Does what a node wishes with the exchanges of this one.
    pub(super) async fn grant(
        &self,
        meeting: &mut Meeting<'_>,
        wish: Wish,
    ) -> Result<(), ControlError> {
        let until_us = wish.until_us.saturating_add(1);
        let before_us = wish
            .filter
            .before_us
            .map_or(until_us, |us| us.min(until_us));
        let filter = Filter {
            before_us: Some(before_us),
            ..wish.filter
        };
        let scope = (Whose::Own, Here::Remove);
        if self.remove(meeting, &filter, scope).await? > 0 {
            self.recorder.removed();
        }
        Ok(())
    }

    /// Removes exchanges in the server and here, a few at a time; gives how many there were here.
    async fn remove(
        &self,
        meeting: &mut Meeting<'_>,
        filter: &Filter,
        (whose, here): (Whose, Here),
    ) -> Result<u64, ControlError> {
        let (mut after, mut count) = (-1, 0);
        loop {
            let filter = filter.clone();
            let found = self.reader.run(move |reader| {
                let own = whose == Whose::Own;
                reader.ask(|view| view.matching(&filter, (own, after), STEP))
            });
            let found = found.await?;
            let Some((last, _)) = found.last() else {
                return Ok(count);
            };
            after = *last;
            let all: Vec<Named> = found.iter().map(|(_, named)| *named).collect();
            let now_us = super::now_us();
            let entry = said(Kind::Removed, &listed(&all), now_us)?;
            let node = meeting.standing.node;
            let went = meeting.log.append(node, vec![entry], &all, now_us).await?;
            if here == Here::Leave {
                // Not noted: the entry is read again and done, should that not come to pass.
                continue;
            }
            count += self.recorder.remove_here(all).await?;
            let change = Change {
                read: meeting.standing.own(went),
                ..Change::default()
            };
            self.note(meeting, change).await?;
        }
    }
}

/// Exchanges as they are written into an entry.
pub(super) type Listed = Vec<(uuid::Uuid, i64)>;

fn listed(all: &[Named]) -> Listed {
    all.iter()
        .map(|named| (named.id, named.started_us))
        .collect()
}

/// Undoes the writing.
pub(super) fn named(listed: Listed) -> Vec<Named> {
    let named = |(id, started_us)| Named { id, started_us };
    listed.into_iter().map(named).collect()
}
