//! Following: what other nodes have shipped is adopted here, in the order in which it was shipped as
//! far as clocks tell, each log in its own order whatever they tell.

use std::collections::{HashMap, VecDeque};
use std::sync::atomic::Ordering;
use std::time::Duration;

use serde::de::DeserializeOwned;
use uuid::Uuid;
use weir_core::exchange::ExchangeId;

use super::carrier::{Carrier, Meeting, add};
use super::document::{FORMAT, Packed, Whole};
use super::log::{Head, Kind};
use super::remove::{self, Listed, Wish};
use super::ship::Graded;
use super::{Adopted, Change};
use crate::control::ControlError;
use crate::error::StoreError;

/// Most entries that are taken at once.
const PAGE: usize = 64;
/// Bytes of data, unpacked, after which no more are taken: as much as the recorder writes at once.
const MOST_BYTES: u64 = 8 << 20;

/// The log of a node, as far as it was looked at.
#[derive(Debug)]
struct Queue {
    node: Uuid,
    /// The newest entry when it was.
    last: i64,
    heads: VecDeque<Head>,
    /// Whether there are more behind these.
    more: bool,
    /// Whether the next is of a newer weir.
    held: bool,
}

impl Queue {
    fn new(node: Uuid, last: i64, heads: Vec<Head>) -> Self {
        let is_read = |head: &&Head| head.format <= FORMAT && head.kind.is_some();
        let read = heads.iter().take_while(is_read).count();
        let held = read < heads.len();
        let more = !held && heads.len() == PAGE;
        let heads = heads.into_iter().take(read).collect();
        Self {
            node,
            last,
            heads,
            more,
            held,
        }
    }
}

/// What is taken at once.
#[derive(Debug, Default)]
struct Page {
    heads: Vec<Head>,
    /// Logs that are read to their end with it.
    ended: Vec<(Uuid, i64)>,
    more: bool,
}

impl Page {
    /// The entries of several logs that were shipped first.
    fn merged(queues: &mut [Queue]) -> Self {
        let (mut page, mut bytes) = (Self::default(), 0);
        // A log of which the next entry is not known yet may have what comes first.
        while queues
            .iter()
            .all(|queue| !queue.more || !queue.heads.is_empty())
        {
            let any = queues.iter_mut().filter(|queue| !queue.heads.is_empty());
            let next = any.min_by_key(|queue| queue.heads.front().map(|head| head.at_us));
            let Some(queue) = next else { break };
            let size = queue.heads.front().map_or(0, |head| head.size);
            let is_full = page.heads.len() == PAGE || bytes + size > MOST_BYTES;
            if is_full && !page.heads.is_empty() {
                break;
            }
            bytes += size;
            page.heads.extend(queue.heads.pop_front());
        }
        let ended = |queue: &&Queue| queue.heads.is_empty() && !queue.more && !queue.held;
        page.ended = queues
            .iter()
            .filter(ended)
            .map(|queue| (queue.node, queue.last))
            .collect();
        page.more = queues
            .iter()
            .any(|queue| queue.more || !queue.heads.is_empty());
        page
    }
}

impl Carrier {
    /// Takes over some of what is new; gives whether there is more that can be had now.
    pub(super) async fn follow(&self, meeting: &mut Meeting<'_>) -> Result<bool, ControlError> {
        if !self.recorder.has_room() {
            return Ok(false);
        }
        let mut queues = self.look(meeting).await?;
        let page = Page::merged(&mut queues);
        match self.take(meeting, page).await {
            // It has its own to write, or to count; nothing is lost.
            Err(ControlError::Store(StoreError::Unavailable(_))) => Ok(false),
            other => other,
        }
    }

    /// The same; gives whether this node has all that others had shipped before.
    pub(super) async fn is_even(&self, meeting: &mut Meeting<'_>) -> Result<bool, ControlError> {
        let has_room = self.recorder.has_room();
        self.follow(meeting).await?;
        let is_even = has_room && self.counts.behind.load(Ordering::Relaxed) == 0;
        if !is_even {
            // It may be the recorder that it waits for.
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        Ok(is_even)
    }

    /// The logs that have something new.
    async fn look(&self, meeting: &Meeting<'_>) -> Result<Vec<Queue>, ControlError> {
        let since_us = self.oldest_us().unwrap_or(i64::MIN);
        let mut queues = Vec::new();
        for shipper in meeting.log.shippers().await? {
            let read = meeting.standing.read.get(&shipper.node).copied();
            let read = read.unwrap_or(0);
            if shipper.last > read {
                let from = (shipper.node, read);
                let heads = meeting.log.heads(from, since_us, PAGE).await?;
                queues.push(Queue::new(shipper.node, shipper.last, heads));
            }
        }
        let held = queues.iter().filter(|queue| queue.held).count();
        if self.counts.held.swap(held as u64, Ordering::Relaxed) == 0 && held > 0 {
            tracing::warn!(
                "another node is of a newer weir, whose captures this one cannot read; it goes on where \
                 it stopped once it is as new"
            );
        }
        let behind = queues.iter().filter(|queue| !queue.held).map(|queue| {
            let read = meeting.standing.read.get(&queue.node).copied();
            u64::try_from(queue.last - read.unwrap_or(0)).unwrap_or(0)
        });
        self.counts.behind.store(behind.sum(), Ordering::Relaxed);
        Ok(queues)
    }

    async fn take(&self, meeting: &mut Meeting<'_>, page: Page) -> Result<bool, ControlError> {
        let Page { heads, ended, more } = page;
        let mut rest = &heads[..];
        while let Some(first) = rest.first() {
            let is_exchange = |head: &&Head| head.kind == Some(Kind::Exchange);
            let count = rest.iter().take_while(is_exchange).count().max(1);
            let (run, after) = rest.split_at(count);
            match first.kind {
                Some(Kind::Exchange) => self.adopt(meeting, run).await?,
                _ => self.obey(meeting, first).await?,
            }
            rest = after;
        }
        if !ended.is_empty() {
            let change = Change {
                read: ended,
                ..Change::default()
            };
            self.note(meeting, change).await?;
        }
        if !more {
            self.counts.behind.store(0, Ordering::Relaxed);
        }
        Ok(more)
    }

    /// Has the recorder store some exchanges.
    async fn adopt(&self, meeting: &mut Meeting<'_>, run: &[Head]) -> Result<(), ControlError> {
        let named: Vec<_> = run.iter().map(Head::named).collect();
        let stored = self
            .reader
            .run(move |reader| reader.ask(|view| view.stored(&named)));
        let stored = stored.await?;
        let missing = run.iter().filter(|head| !stored.contains(&head.id));
        let missing: Vec<&Head> = missing.collect();
        let mut data = meeting.log.data(&missing).await?;
        let mut page = Vec::with_capacity(missing.len());
        for head in missing {
            // What has no data was removed since.
            let Some(packed) = data.remove(&head.id) else {
                continue;
            };
            match unpacked(packed).await {
                Ok(whole) => page.push(Adopted {
                    id: ExchangeId(head.id),
                    whole,
                }),
                Err(error) => self.skip(head.id, &error),
            }
        }
        let read = reached(run);
        let change = Change {
            read: read.clone(),
            ..Change::default()
        };
        match self.recorder.adopt(page, change.clone()).await {
            Ok(count) => add(&self.counts.adopted, usize::try_from(count).unwrap_or(0)),
            Err(error) if is_its_own_fault(&error) => {
                if let [one] = run {
                    self.skip(one.id, &error);
                    return self.note(meeting, change).await;
                }
                // One of them is; the others are not lost for it.
                for one in run {
                    Box::pin(self.adopt(meeting, std::slice::from_ref(one))).await?;
                }
            }
            Err(error) => return Err(error.into()),
        }
        meeting.standing.went(read);
        Ok(())
    }

    fn skip(&self, id: Uuid, error: &StoreError) {
        add(&self.counts.skipped, 1);
        tracing::warn!(%id, %error, "a capture of another node cannot be stored");
    }

    /// Does what an entry says that is no exchange.
    async fn obey(&self, meeting: &mut Meeting<'_>, head: &Head) -> Result<(), ControlError> {
        let packed = meeting.log.data(&[head]).await?.remove(&head.id);
        match (head.kind, packed) {
            (Some(Kind::Removed), Some(packed)) => {
                if let Some(listed) = self.said::<Listed>(head, &packed) {
                    let all = remove::named(listed);
                    if self.recorder.remove_here(all).await? > 0 {
                        self.recorder.removed();
                    }
                }
            }
            (Some(Kind::Remove), Some(packed)) if head.node != meeting.standing.node => {
                if let Some(wish) = self.said::<Wish>(head, &packed) {
                    self.recorder.flush().await;
                    self.grant(meeting, wish).await?;
                }
            }
            (Some(Kind::Grade), Some(packed)) => {
                if let Some(graded) = self.said::<Graded>(head, &packed) {
                    let Graded { id, grade } = graded;
                    self.recorder.adopt_grade(id, grade).await?;
                }
            }
            _ => {}
        }
        let change = Change {
            read: reached(std::slice::from_ref(head)),
            ..Change::default()
        };
        self.note(meeting, change).await
    }

    /// What an entry says; none, which is counted, where that cannot be read.
    fn said<T: DeserializeOwned>(&self, head: &Head, packed: &Packed) -> Option<T> {
        let plain = packed.plain();
        let said = plain.and_then(|plain| {
            let said = serde_json::from_slice(&plain);
            said.map_err(|error| StoreError::Damaged(error.to_string()))
        });
        said.inspect_err(|error| self.skip(head.id, error)).ok()
    }
}

/// Unpacks on a thread that may be busy for long.
async fn unpacked(packed: Packed) -> Result<Whole, StoreError> {
    let unpack = tokio::task::spawn_blocking(move || Whole::unpack(&packed));
    let stopped = |_| Err(StoreError::Unavailable("weir is stopping".into()));
    unpack.await.unwrap_or_else(stopped)
}

/// How far logs are read with these entries.
fn reached(heads: &[Head]) -> Vec<(Uuid, i64)> {
    let mut read: HashMap<Uuid, i64> = HashMap::new();
    for head in heads {
        let seq = read.entry(head.node).or_default();
        *seq = head.seq.max(*seq);
    }
    read.into_iter().collect()
}

/// Whether an exchange cannot be stored however often it is tried.
fn is_its_own_fault(error: &StoreError) -> bool {
    use rusqlite::ErrorCode::{ConstraintViolation, TooBig, TypeMismatch};
    match error {
        StoreError::Damaged(_) => true,
        StoreError::Sqlite(error) => matches!(
            error.sqlite_error_code(),
            Some(ConstraintViolation | TooBig | TypeMismatch)
        ),
        _ => false,
    }
}
