//! Which kinds of client have come.

use std::time::{Duration, Instant};

use super::View;
use super::row::started_at;
use crate::error::StoreError;
use crate::removal::first_row;

/// Exchanges that are looked at, from the newest on...
const MOST: u32 = 100_000;
/// ...so many at a time...
const STEP: u32 = 5_000;
/// ...until so much time has passed.
const TO_LOOK: Duration = Duration::from_millis(25);
/// Those of one step.
const SEEN: &str = "SELECT client_kind, min(id), max(id), count(*) FROM
    (SELECT id, client_kind FROM exchanges WHERE id>=?1 AND id<?2 ORDER BY id DESC LIMIT ?3)
    GROUP BY client_kind";

/// A kind of client, and when it came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientSeen {
    /// Such as `claude_code`.
    pub client: Box<str>,
    /// When its first exchange began, in microseconds since the Unix epoch.
    pub first_us: i64,
    /// When its newest began.
    pub last_us: i64,
    /// How many there are.
    pub requests: u64,
}

impl View {
    /// The newest are looked at first, so that what time does not allow is the longest ago.
    pub(super) fn clients(&self, since_us: i64) -> Result<Vec<ClientSeen>, StoreError> {
        let deadline = Instant::now() + TO_LOOK;
        // A name is kept as it is until it is known to be a frequent one, so it may come twice.
        let mut seen: Vec<ClientSeen> = Vec::new();
        let mut end = i64::MAX;
        for _ in 0..MOST / STEP {
            let (count, oldest) = self.clients_in((first_row(since_us), end), &mut seen)?;
            end = oldest;
            if count < u64::from(STEP) || Instant::now() >= deadline {
                break;
            }
        }
        Ok(seen)
    }

    /// Adds what one step saw; gives how many exchanges, and the oldest of them.
    fn clients_in(
        &self,
        (start, end): (i64, i64),
        seen: &mut Vec<ClientSeen>,
    ) -> Result<(u64, i64), StoreError> {
        let mut statement = self.db.prepare_cached(SEEN)?;
        let mut rows = statement.query((start, end, STEP))?;
        let (mut count, mut oldest) = (0, end);
        while let Some(row) = rows.next()? {
            let (first, last, requests): (i64, i64, u64) = (row.get(1)?, row.get(2)?, row.get(3)?);
            count += requests;
            oldest = oldest.min(first);
            let Some(client) = self.names.text(row.get_ref(0)?) else {
                continue;
            };
            let (first_us, last_us) = (started_at(first), started_at(last));
            match seen.iter_mut().find(|known| known.client == client) {
                Some(known) => {
                    known.first_us = known.first_us.min(first_us);
                    known.last_us = known.last_us.max(last_us);
                    known.requests += requests;
                }
                None => seen.push(ClientSeen {
                    client,
                    first_us,
                    last_us,
                    requests,
                }),
            }
        }
        Ok((count, oldest))
    }
}
