//! What the mock did, in numbers: by kind, by credential and by request, to hold against what a
//! gateway says it has seen. It keeps no requests.

use std::collections::BTreeMap;

/// Most credentials and most request ids that are counted one by one.
const MAX_NAMES: usize = 100_000;

/// How often the mock did what.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Model turns answered well and written to the end.
    pub served: u64,
    /// Model turns that were being answered well when the client went.
    pub gone: u64,
    /// Model turns that the mock let fail, by kind: a status (`429`, `503`), `refuse`, `hang`,
    /// `drop`, `silent`, `error_200`, `stream_error`, `corrupt`. Counted when the failure begins.
    pub failed: BTreeMap<String, u64>,
}

impl Counts {
    /// Failures of one kind.
    #[must_use]
    pub fn failed(&self, kind: &str) -> u64 {
        self.failed.get(kind).copied().unwrap_or(0)
    }

    /// Failures of all kinds.
    #[must_use]
    pub fn failures(&self) -> u64 {
        self.failed.values().sum()
    }

    fn add(&mut self, other: &Self) {
        self.served += other.served;
        self.gone += other.gone;
        for (kind, count) in &other.failed {
            *self.failed.entry(kind.clone()).or_default() += count;
        }
    }

    fn note(&mut self, deed: Deed<'_>) {
        match deed {
            Deed::Served => self.served += 1,
            Deed::Gone => self.gone += 1,
            Deed::Failed(kind) => *self.failed.entry(kind.to_owned()).or_default() += 1,
        }
    }
}

/// What the mock did since its start or its last reset.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// All model turns.
    pub all: Counts,
    /// Model turns by credential, as [`Received::credential`](crate::Received::credential) has it.
    pub by_credential: BTreeMap<String, Counts>,
    /// Model turns by the request's own id, for those that have one
    /// ([`Received::request_id`](crate::Received::request_id)).
    pub by_request: BTreeMap<String, Counts>,
    /// Requests beside model turns: lists, probes, token endpoints.
    pub other: u64,
    /// Deeds that are in `all` but, past 100,000 names, neither in `by_credential` nor in
    /// `by_request`.
    pub unnamed: u64,
}

impl Tally {
    /// The sum over several mocks, so that a request that two of them answered shows.
    #[must_use]
    pub fn sum<'a>(tallies: impl IntoIterator<Item = &'a Self>) -> Self {
        let mut sum = Self::default();
        for tally in tallies {
            sum.all.add(&tally.all);
            for (into, from) in [
                (&mut sum.by_credential, &tally.by_credential),
                (&mut sum.by_request, &tally.by_request),
            ] {
                for (name, counts) in from {
                    into.entry(name.clone()).or_default().add(counts);
                }
            }
            sum.other += tally.other;
            sum.unnamed += tally.unnamed;
        }
        sum
    }

    /// The ids of requests that were answered well, to the end, more than once.
    #[must_use]
    pub fn answered_twice(&self) -> Vec<&str> {
        let twice = self
            .by_request
            .iter()
            .filter(|(_, counts)| counts.served > 1);
        twice.map(|(id, _)| id.as_str()).collect()
    }

    pub(crate) fn note(&mut self, names: &Names, deed: Deed<'_>) {
        self.all.note(deed);
        for (name, table) in [
            (&names.credential, &mut self.by_credential),
            (&names.request, &mut self.by_request),
        ] {
            let Some(name) = name else { continue };
            if let Some(counts) = table.get_mut(name) {
                counts.note(deed);
            } else if table.len() < MAX_NAMES {
                table.entry(name.clone()).or_default().note(deed);
            } else {
                self.unnamed += 1;
            }
        }
    }
}

/// Under which names a request is counted.
#[derive(Clone, Debug, Default)]
pub(crate) struct Names {
    pub(crate) credential: Option<String>,
    pub(crate) request: Option<String>,
}

/// One thing done.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Deed<'a> {
    Served,
    Gone,
    Failed(&'a str),
}

/// What a reply will count as.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    /// A good answer to a model turn, if it is written to its end.
    Answer,
    /// A failure of this kind.
    Failure(String),
    /// Beside model turns.
    Other,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(request: &str) -> Names {
        Names {
            credential: Some("key-a".to_owned()),
            request: Some(request.to_owned()),
        }
    }

    #[test]
    fn a_request_that_two_mocks_answered_shows_in_the_sum() {
        let (mut one, mut two) = (Tally::default(), Tally::default());
        one.note(&names("r1"), Deed::Served);
        one.note(&names("r2"), Deed::Failed("529"));
        two.note(&names("r1"), Deed::Served);
        two.note(&names("r2"), Deed::Served);
        two.note(&Names::default(), Deed::Gone);
        let sum = Tally::sum([&one, &two]);
        assert_eq!(sum.answered_twice(), ["r1"]);
        assert!(one.answered_twice().is_empty());
        assert_eq!(
            (sum.all.served, sum.all.gone, sum.all.failures()),
            (3, 1, 1)
        );
        assert_eq!(sum.by_credential["key-a"].failed("529"), 1);
    }

    #[test]
    fn names_are_bounded() {
        let mut tally = Tally::default();
        for number in 0..=MAX_NAMES {
            tally.note(&names(&number.to_string()), Deed::Served);
        }
        assert_eq!((tally.by_request.len(), tally.unnamed), (MAX_NAMES, 1));
        assert_eq!(tally.all.served, MAX_NAMES as u64 + 1);
    }
}
