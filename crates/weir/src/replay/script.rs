//! Which recorded exchange answers a request: the first of those most like it that has not been
//! played. What was played already is played again only when nothing else is as like.

use std::fmt;

use http::Method;
use parking_lot::Mutex;
use weir_wire::likeness::Likeness;

use super::recording::{Recorded, Recording};

/// How like a request is to the recorded one that answers it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Match {
    /// Byte for byte.
    Bytes,
    /// But for ids, times and counts.
    Words,
    /// At the same place in the conversation.
    Place,
}

impl Match {
    const ALL: [Self; 3] = [Self::Bytes, Self::Words, Self::Place];

    fn holds(self, one: &Likeness, other: &Likeness) -> bool {
        match self {
            Self::Bytes => one.bytes == other.bytes,
            Self::Words => one.words == other.words,
            Self::Place => one.place.is_some() && one.place == other.place,
        }
    }
}

impl fmt::Display for Match {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Bytes => "byte for byte",
            Self::Words => "but for ids and times",
            Self::Place => "by its place in the conversation",
        })
    }
}

/// A recording that is being played.
#[derive(Debug)]
pub(super) struct Script {
    exchanges: Vec<Recorded>,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    /// How often each was played.
    times: Vec<u32>,
    answered: [u64; Match::ALL.len()],
    missed: u64,
}

/// What was played.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Played {
    answered: [u64; Match::ALL.len()],
    /// Requests that nothing answered.
    pub missed: u64,
    /// Recorded exchanges that nobody asked for.
    pub unused: usize,
}

impl fmt::Display for Played {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let total: u64 = self.answered.iter().sum();
        write!(f, "weir replay: {total} requests answered")?;
        for (matched, count) in Match::ALL.iter().zip(self.answered) {
            if count > 0 {
                write!(f, ", {count} {matched}")?;
            }
        }
        let (missed, unused) = (self.missed, self.unused);
        write!(
            f,
            "; {missed} found no answer, {unused} recorded were not asked for"
        )
    }
}

impl Script {
    pub(super) fn new(recording: Recording) -> Self {
        let times = vec![0; recording.exchanges.len()];
        Self {
            exchanges: recording.exchanges,
            state: Mutex::new(State {
                times,
                answered: [0; Match::ALL.len()],
                missed: 0,
            }),
        }
    }

    /// What answers a request, and why; none when nothing is like it.
    pub(super) fn find(
        &self,
        target: (&Method, &str),
        likeness: &Likeness,
    ) -> Option<(&Recorded, Match)> {
        let mut state = self.state.lock();
        for matched in Match::ALL {
            let like = self.exchanges.iter().enumerate().filter(|(_, one)| {
                (&one.target.0, one.target.1.as_str()) == target
                    && matched.holds(&one.likeness, likeness)
            });
            // The first that was played least: in order, and the last again once all were.
            let found = like.min_by_key(|(at, _)| state.times.get(*at).copied());
            if let Some((at, recorded)) = found {
                if let Some(times) = state.times.get_mut(at) {
                    *times += 1;
                }
                if let Some(count) = state.answered.get_mut(matched as usize) {
                    *count += 1;
                }
                return Some((recorded, matched));
            }
        }
        state.missed += 1;
        None
    }

    /// What was played so far.
    pub(super) fn played(&self) -> Played {
        let state = self.state.lock();
        Played {
            answered: state.answered,
            missed: state.missed,
            unused: state.times.iter().filter(|times| **times == 0).count(),
        }
    }
}

#[cfg(test)]
mod tests {
    use http::{HeaderMap, StatusCode};

    use super::super::recording::Answer;
    use super::*;

    fn recorded(id: &str, likeness: (u128, u128, Option<u128>)) -> Recorded {
        Recorded {
            id: id.to_owned(),
            asked: String::new(),
            target: (Method::POST, "/v1/messages".to_owned()),
            likeness: like(likeness),
            answer: Answer {
                status: StatusCode::OK,
                headers: HeaderMap::new(),
                pieces: Vec::new(),
            },
        }
    }

    fn like((bytes, words, place): (u128, u128, Option<u128>)) -> Likeness {
        Likeness {
            bytes,
            words,
            place,
        }
    }

    fn script(exchanges: Vec<Recorded>) -> Script {
        Script::new(Recording::of(exchanges))
    }

    fn who(script: &Script, likeness: (u128, u128, Option<u128>)) -> Option<(String, Match)> {
        let target = (&Method::POST, "/v1/messages");
        let found = script.find(target, &like(likeness));
        found.map(|(recorded, matched)| (recorded.id.clone(), matched))
    }

    #[test]
    fn the_most_alike_answers() {
        let script = script(vec![
            recorded("a", (1, 10, Some(100))),
            recorded("b", (2, 10, Some(100))),
            recorded("c", (3, 30, Some(100))),
        ]);
        assert_eq!(
            who(&script, (2, 10, Some(100))),
            Some(("b".into(), Match::Bytes))
        );
        assert_eq!(
            who(&script, (9, 30, Some(100))),
            Some(("c".into(), Match::Words))
        );
        assert_eq!(
            who(&script, (9, 90, Some(100))),
            Some(("a".into(), Match::Place))
        );
        assert_eq!(who(&script, (9, 90, None)), None);
        let played = script.played();
        assert_eq!((played.missed, played.unused), (1, 0));
    }

    #[test]
    fn the_same_question_gets_its_answers_in_order() {
        let script = script(vec![
            recorded("a", (1, 1, None)),
            recorded("b", (1, 1, None)),
        ]);
        let ids: Vec<_> = (0..3)
            .map(|_| who(&script, (1, 1, None)).unwrap().0)
            .collect();
        assert_eq!(ids, ["a", "b", "a"]);
    }

    #[test]
    fn another_path_is_another_question() {
        let script = script(vec![recorded("a", (1, 1, None))]);
        let target = (&Method::POST, "/v1/messages/count_tokens");
        assert!(script.find(target, &like((1, 1, None))).is_none());
    }
}
