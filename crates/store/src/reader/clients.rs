//! Which kinds of client have come.

use super::View;
use super::row::started_at;
use crate::error::StoreError;
use crate::removal::first_row;

/// Exchanges that are looked at, from the newest on.
const MOST: u32 = 100_000;

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
    pub(super) fn clients(&self, since_us: i64) -> Result<Vec<ClientSeen>, StoreError> {
        let sql = "SELECT client_kind, min(id), max(id), count(*) FROM
            (SELECT id, client_kind FROM exchanges WHERE id >= ?1 ORDER BY id DESC LIMIT ?2)
            GROUP BY client_kind";
        let mut statement = self.db.prepare_cached(sql)?;
        let rows = statement.query_map((first_row(since_us), MOST), |row| {
            let client = self.names.text(row.get_ref(0)?);
            Ok(client.map(|client| ClientSeen {
                client,
                first_us: started_at(row.get(1).unwrap_or_default()),
                last_us: started_at(row.get(2).unwrap_or_default()),
                requests: row.get(3).unwrap_or_default(),
            }))
        })?;
        // A name is kept as it is until it is known to be a frequent one, so it may come twice.
        let mut seen: Vec<ClientSeen> = Vec::new();
        for row in rows {
            let Some(one) = row? else { continue };
            match seen.iter_mut().find(|known| known.client == one.client) {
                Some(known) => {
                    known.first_us = known.first_us.min(one.first_us);
                    known.last_us = known.last_us.max(one.last_us);
                    known.requests += one.requests;
                }
                None => seen.push(one),
            }
        }
        Ok(seen)
    }
}
