//! Audit events as lines of a file, which can be followed without the database: each line has the
//! event, its hash and the one before.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use super::{AuditEvent, Tampered, digest};

/// A line. The names are llm-proxy's where it has any.
#[derive(Serialize, Deserialize)]
struct Line {
    seq: i64,
    #[serde(with = "moment")]
    timestamp: Timestamp,
    action: String,
    actor: String,
    result: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    project_id: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    token_id: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    request_id: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    correlation_id: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    client_ip: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    method: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    path: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    user_agent: Option<String>,
    details: Json,
    id: String,
    previous_hash: String,
    hash: String,
}

/// Moments, exact to the microsecond.
mod moment {
    use jiff::Timestamp;
    use serde::de::{Deserialize as _, Deserializer, Error as _};
    use serde::ser::Serializer;

    pub(super) fn serialize<S: Serializer>(at: &Timestamp, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(at)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Timestamp, D::Error> {
        let text = std::borrow::Cow::<str>::deserialize(from)?;
        text.parse().map_err(D::Error::custom)
    }
}

/// A place in the chain.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Place {
    /// Of the event, from 1; 0 is before all of them.
    pub seq: i64,
    /// Its hash.
    pub hash: String,
}

impl Place {
    /// The place of a line; none if it is no line of an audit.
    #[must_use]
    pub fn of(line: &[u8]) -> Option<Self> {
        let Line { seq, hash, .. } = serde_json::from_slice(line).ok()?;
        Some(Self { seq, hash })
    }

    /// The line of the event behind this place, with its end, and its place.
    #[must_use]
    pub fn line(&self, event: AuditEvent) -> (String, Self) {
        let line = Line {
            seq: event.seq,
            timestamp: Timestamp::from_microsecond(event.at_us).unwrap_or_default(),
            action: event.action,
            actor: event.actor,
            result: event.outcome,
            reason: event.reason,
            project_id: event.project_id,
            token_id: event.token_id,
            request_id: event.request_id,
            correlation_id: event.correlation_id,
            client_ip: event.client_ip,
            method: event.method,
            path: event.path,
            user_agent: event.user_agent,
            details: event.metadata,
            id: event.id,
            previous_hash: self.hash.clone(),
            hash: event.hash,
        };
        let place = Self {
            seq: line.seq,
            hash: line.hash.clone(),
        };
        (written(&line), place)
    }
}

fn written(line: &Line) -> String {
    let mut text = serde_json::to_string(line).expect("texts, numbers and JSON can be written");
    text.push('\n');
    text
}

/// Follows lines, the oldest first.
#[derive(Clone, Debug, Default)]
pub struct Lines {
    first: Option<i64>,
    last: Place,
}

impl Lines {
    /// The next line.
    ///
    /// # Errors
    /// When it is not as it was written, or one before it is missing.
    pub fn follow(&mut self, line: &[u8]) -> Result<(), Tampered> {
        let due = self.last.seq + 1;
        let broken = |seq, why| Err(Tampered { seq, why });
        let Ok(line) = serde_json::from_slice::<Line>(line) else {
            return broken(due, "it is no line of an audit");
        };
        if self.first.is_some() && line.seq != due {
            return broken(due, "it is missing");
        }
        if self.first.is_some() && line.previous_hash != self.last.hash {
            return broken(line.seq, "it does not follow the one before it");
        }
        let (seq, hash, before) = (line.seq, line.hash.clone(), line.previous_hash.clone());
        if digest(&before, &line.into()) != hash || (seq == 1) != before.is_empty() {
            return broken(seq, "it is not as it was written");
        }
        self.first.get_or_insert(seq);
        self.last = Place { seq, hash };
        Ok(())
    }

    /// The place of the first line in the chain; later than 1 where older files are gone.
    #[must_use]
    pub fn first(&self) -> Option<i64> {
        self.first
    }

    /// Where the last line is.
    #[must_use]
    pub fn last(&self) -> &Place {
        &self.last
    }
}

impl From<Line> for AuditEvent {
    fn from(line: Line) -> Self {
        Self {
            seq: line.seq,
            id: line.id,
            at_us: line.timestamp.as_microsecond(),
            action: line.action,
            actor: line.actor,
            outcome: line.result,
            reason: line.reason,
            project_id: line.project_id,
            token_id: line.token_id,
            request_id: line.request_id,
            correlation_id: line.correlation_id,
            client_ip: line.client_ip,
            method: line.method,
            path: line.path,
            user_agent: line.user_agent,
            metadata: line.details,
            hash: line.hash,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::{By, Event, kept};
    use super::*;

    fn lines(count: i64) -> Vec<String> {
        let by = By {
            actor: "management_api".into(),
            path: Some("/manage/\u{2028}\"x\"".into()),
            ..By::default()
        };
        let mut place = Place::default();
        let line = |seq| {
            let event = Event::success("token.create").with("b", 0.1).with("a", seq);
            let (line, next) = place.line(kept(seq, &place.hash, &by, &event));
            place = next;
            line
        };
        (1..=count).map(line).collect()
    }

    fn followed(lines: &[String]) -> Result<(Option<i64>, i64), Tampered> {
        let mut all = Lines::default();
        for line in lines {
            all.follow(line.as_bytes())?;
        }
        Ok((all.first(), all.last().seq))
    }

    #[test]
    fn a_file_can_be_followed_from_wherever_it_begins() {
        let all = lines(4);
        assert_eq!(followed(&all), Ok((Some(1), 4)));
        assert_eq!(followed(&all[2..]), Ok((Some(3), 4)));
        assert_eq!(followed(&[]), Ok((None, 0)));
        assert!(
            all.iter()
                .all(|line| line.ends_with('\n') && line.lines().count() == 1)
        );
        let place = Place::of(all[1].as_bytes()).unwrap();
        assert_eq!(place.seq, 2);
        assert_eq!(Place::of(b"{\"seq\":2"), None);
    }

    #[test]
    fn what_was_changed_taken_out_or_put_in_shows() {
        let all = lines(4);
        let at = |lines: &[String]| followed(lines).unwrap_err().seq;
        let mut changed = all.clone();
        changed[2] = changed[2].replace("management_api", "somebody");
        assert_eq!(at(&changed), 3);
        let gap = [&all[..1], &all[2..]].concat();
        assert_eq!(at(&gap), 2);
        let twice = [&all[..2], &all[1..]].concat();
        assert_eq!(at(&twice), 3);
        let torn = [&all[..2], &[all[2].chars().take(20).collect()]].concat();
        assert_eq!(at(&torn), 3);
        let mut late = lines(1);
        late[0] = late[0].replace(r#""seq":1"#, r#""seq":2"#);
        assert_eq!(at(&late), 2);
    }
}
