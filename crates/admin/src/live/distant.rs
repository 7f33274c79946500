//! What other nodes take, as far as they tell this one: for the live feed, and so that who looks for
//! an exchange is told where it is kept.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use parking_lot::Mutex;
use serde_json::{Map, Value};
use tokio::sync::{broadcast, watch};
use uuid::Uuid;

/// Rows that the feed may be behind before it misses some.
const BACKLOG: usize = 4_096;
/// Exchanges of which it is remembered where they are.
const MOST_PLACES: usize = 8_192;
/// Longest row that is believed, in bytes.
const MAX_ROW: usize = 64 * 1024;

/// Exchanges of other nodes.
#[derive(Debug)]
pub struct Distant {
    rows: broadcast::Sender<Arc<str>>,
    places: Mutex<Places>,
    followers: watch::Sender<usize>,
}

/// Where exchanges are, the oldest first; none is here.
#[derive(Debug, Default)]
struct Places {
    nodes: HashMap<Uuid, Option<Arc<str>>>,
    order: VecDeque<Uuid>,
}

impl Default for Distant {
    fn default() -> Self {
        Self {
            rows: broadcast::Sender::new(BACKLOG),
            places: Mutex::default(),
            followers: watch::Sender::new(0),
        }
    }
}

impl Distant {
    /// Takes a row that `node` tells of, as JSON. False if it is none.
    pub fn take(&self, row: &str, node: &Arc<str>) -> bool {
        let Some((id, row)) = read(row, node) else {
            return false;
        };
        let is_elsewhere = self.places.lock().note(id, Some(node));
        if is_elsewhere {
            // Nobody may follow at this moment.
            let _nobody = self.rows.send(row.into()).is_err();
        }
        true
    }

    /// This node has the exchange itself: what others say of it is no news.
    pub(super) fn has(&self, id: Uuid) {
        self.places.lock().note(id, None);
    }

    /// How many follow.
    #[must_use]
    pub fn followers(&self) -> watch::Receiver<usize> {
        self.followers.subscribe()
    }

    /// Rows as they come. One that falls too far behind misses some.
    pub(super) fn subscribe(&self) -> broadcast::Receiver<Arc<str>> {
        self.rows.subscribe()
    }

    /// Somebody follows, for as long as this lives.
    pub(super) fn follow(self: &Arc<Self>) -> Following {
        self.followers.send_modify(|count| *count += 1);
        Following(Arc::clone(self))
    }

    /// The node that took an exchange, if another did and said so not long ago.
    pub(crate) fn node_of(&self, id: &str) -> Option<Arc<str>> {
        let id = Uuid::try_parse(id).ok()?;
        self.places.lock().nodes.get(&id).cloned()?
    }
}

/// One that follows.
#[derive(Debug)]
pub(super) struct Following(Arc<Distant>);

impl Drop for Following {
    fn drop(&mut self) {
        self.0.followers.send_modify(|count| *count -= 1);
    }
}

impl Places {
    /// Gives whether it is elsewhere, as far as that is known now.
    fn note(&mut self, id: Uuid, node: Option<&Arc<str>>) -> bool {
        if let Some(known) = self.nodes.get_mut(&id) {
            if known.is_some() {
                *known = node.cloned();
            }
            return known.is_some();
        }
        self.nodes.insert(id, node.cloned());
        self.order.push_back(id);
        if self.order.len() > MOST_PLACES
            && let Some(oldest) = self.order.pop_front()
        {
            self.nodes.remove(&oldest);
        }
        node.is_some()
    }
}

/// The exchange that a row is of, and the row with the node in it.
fn read(row: &str, node: &str) -> Option<(Uuid, String)> {
    if row.len() > MAX_ROW {
        return None;
    }
    let mut row: Map<String, Value> = serde_json::from_str(row).ok()?;
    let id = Uuid::try_parse(row.get("requestId")?.as_str()?).ok()?;
    let has_text = |name: &str| row.get(name).is_some_and(Value::is_string);
    let is_row = ["timestamp", "endpoint", "provider", "dialect", "state"]
        .into_iter()
        .all(has_text);
    row.insert("node".to_owned(), node.into());
    is_row.then(|| Some((id, serde_json::to_string(&row).ok()?)))?
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn row(id: Uuid) -> Value {
        json!({"requestId": id.to_string(), "timestamp": "2026-01-01T00:00:00.000Z",
            "endpoint": "/v1/messages", "provider": "u1", "dialect": "openai_chat", "state": "open"})
    }

    #[test]
    fn a_row_gets_the_name_of_the_node_whatever_it_says_itself() {
        let (distant, node) = (Distant::default(), Arc::from("host:1"));
        let mut rows = distant.subscribe();
        let id = Uuid::now_v7();
        let mut said = row(id);
        said["node"] = "me".into();
        assert!(distant.take(&said.to_string(), &node));
        let taken: Value = serde_json::from_str(&rows.try_recv().unwrap()).unwrap();
        assert_eq!(taken["node"], "host:1");
        assert_eq!(distant.node_of(&id.to_string()), Some(node));
        assert_eq!(distant.node_of(&Uuid::now_v7().to_string()), None);
    }

    #[test]
    fn what_is_no_row_is_not_shown() {
        let (distant, node) = (Distant::default(), Arc::from("host:1"));
        let whole = row(Uuid::now_v7());
        assert!(distant.take(&whole.to_string(), &node));
        for field in [
            "requestId",
            "timestamp",
            "endpoint",
            "provider",
            "dialect",
            "state",
        ] {
            for wrong in [Value::Null, json!(7), json!({})] {
                let mut row = whole.clone();
                row[field] = wrong;
                assert!(!distant.take(&row.to_string(), &node), "{row}");
            }
        }
        let mut long = whole.clone();
        long["model"] = "m".repeat(MAX_ROW).into();
        for text in [&long.to_string(), "", "[]", "{"] {
            assert!(!distant.take(text, &node));
        }
    }

    #[test]
    fn where_exchanges_are_is_remembered_within_bounds() {
        let (distant, node) = (Distant::default(), Arc::from("host:1"));
        let ids: Vec<_> = (0..MOST_PLACES + 10).map(|_| Uuid::now_v7()).collect();
        for id in &ids {
            // Each begins and ends.
            distant.take(&row(*id).to_string(), &node);
            distant.take(&row(*id).to_string(), &node);
        }
        let known = |id: &Uuid| distant.node_of(&id.to_string()).is_some();
        assert!(!known(&ids[9]) && known(&ids[10]) && known(ids.last().unwrap()));
        assert_eq!(distant.places.lock().nodes.len(), MOST_PLACES);
    }

    #[test]
    fn what_is_here_is_nobody_elses() {
        let (distant, node) = (Distant::default(), Arc::from("host:1"));
        let mut rows = distant.subscribe();
        let (own, other) = (Uuid::now_v7(), Uuid::now_v7());
        distant.has(own);
        for id in [own, other] {
            assert!(distant.take(&row(id).to_string(), &node));
        }
        let shown: Value = serde_json::from_str(&rows.try_recv().unwrap()).unwrap();
        assert_eq!(shown["requestId"], other.to_string());
        assert!(rows.try_recv().is_err());
        assert_eq!(distant.node_of(&own.to_string()), None);
        distant.has(other);
        assert_eq!(
            distant.node_of(&other.to_string()),
            None,
            "it has come here"
        );
    }

    #[test]
    fn who_follows_is_counted() {
        let distant = Arc::new(Distant::default());
        let followers = distant.followers();
        let one = distant.follow();
        let other = distant.follow();
        assert_eq!(*followers.borrow(), 2);
        drop((one, other));
        assert_eq!(*followers.borrow(), 0);
    }
}
