//! What a node says of itself in the store.

use serde::{Deserialize, Serialize};
use weir_admin::NodeState;

/// What the fields mean. Entries of another version are left alone.
const VERSION: u32 = 1;
/// Longest text that is believed, in bytes.
pub(super) const MAX_TEXT: usize = 256;

/// A node.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Entry {
    pub(super) v: u32,
    pub(super) id: String,
    pub(super) host: String,
    pub(super) address: String,
    pub(super) version: String,
    pub(super) started_ms: i64,
    /// When it first said that it lives, by the store's clock: who came before whom.
    pub(super) joined_ms: i64,
    /// When it last did, by the store's clock.
    pub(super) seen_ms: i64,
    /// Its clock less the store's.
    pub(super) clock_ms: i64,
    pub(super) in_flight: u64,
    pub(super) state: NodeState,
    pub(super) database: Option<String>,
    pub(super) sees_database: Option<bool>,
}

impl Entry {
    /// One that says nothing yet.
    pub(super) fn new(id: String, state: NodeState) -> Self {
        Self {
            v: VERSION,
            id,
            host: String::new(),
            address: String::new(),
            version: String::new(),
            started_ms: 0,
            joined_ms: 0,
            seen_ms: 0,
            clock_ms: 0,
            in_flight: 0,
            state,
            database: None,
            sees_database: None,
        }
    }

    /// As it is written.
    pub(super) fn text(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }

    /// What `text` says under the name `id`. `None` where it makes no sense.
    pub(super) fn read(id: &str, text: &str) -> Option<Self> {
        let entry: Self = serde_json::from_str(text).ok()?;
        let texts = [&entry.id, &entry.host, &entry.address, &entry.version];
        let is_short = texts.iter().all(|text| text.len() <= MAX_TEXT);
        (entry.v == VERSION && entry.id == id && is_short).then_some(entry)
    }

    /// Whether it said so no longer than `lease_ms` before `now_ms`, by the store's clock.
    pub(super) fn lives(&self, now_ms: i64, lease_ms: i64) -> bool {
        now_ms.saturating_sub(self.seen_ms) <= lease_ms
    }

    /// What is less the earlier it came. Of two at the same moment it is less for one and the same.
    pub(super) fn rank(&self) -> (i64, &str) {
        (self.joined_ms, &self.id)
    }
}

/// Whether an entry of any version was written at `since_ms` or later, by the store's clock.
pub(super) fn was_seen(text: &str, since_ms: i64) -> bool {
    #[derive(Deserialize)]
    struct Any {
        seen_ms: i64,
    }
    serde_json::from_str(text).is_ok_and(|Any { seen_ms }| seen_ms >= since_ms)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(id: &str, joined_ms: i64) -> Entry {
        Entry {
            joined_ms,
            seen_ms: joined_ms,
            ..Entry::new(id.into(), NodeState::Serving)
        }
    }

    #[test]
    fn what_is_written_is_read_and_what_makes_no_sense_is_nothing() {
        let one = entry("a", 7);
        assert_eq!(Entry::read("a", &one.text()), Some(one.clone()));
        assert_eq!(Entry::read("b", &one.text()), None);
        let other = one.text().replace("\"v\":1", "\"v\":2");
        assert_eq!(Entry::read("a", &other), None);
        let long = Entry {
            host: "h".repeat(MAX_TEXT + 1),
            ..one
        };
        assert_eq!(Entry::read("a", &long.text()), None);
        for text in ["", "{}", "null", "[1]"] {
            assert_eq!(Entry::read("a", text), None);
        }
    }

    #[test]
    fn a_node_lives_for_its_lease_by_the_clock_of_the_store() {
        let one = entry("a", 1000);
        assert!(one.lives(1500, 500) && !one.lives(1501, 500));
        assert!(
            one.lives(900, 500),
            "a clock that was set back kills nobody"
        );
    }

    #[test]
    fn one_of_another_version_is_kept_for_as_long_as_it_says_something() {
        let other = entry("a", 1000)
            .text()
            .replace("\"v\":1", "\"v\":9,\"more\":[]");
        assert!(was_seen(&other, 1000) && !was_seen(&other, 1001));
        assert!(!was_seen("{\"v\":9}", 0) && !was_seen("{", 0));
    }

    #[test]
    fn of_two_nodes_one_was_first() {
        let (one, other, later) = (entry("a", 5), entry("b", 5), entry("0", 6));
        assert!(one.rank() < other.rank() && other.rank() < later.rank());
    }
}
