use proptest::prelude::*;

use super::*;

/// A turn with the fingerprints of its own messages.
#[derive(Clone)]
struct Turn {
    told: Told,
    prints: Vec<u64>,
}

fn told(at_s: i64, prints: &[u64]) -> Turn {
    let mut forest = Forest::default();
    let told = Told {
        kind: TurnKind::Main,
        signs: Signs::default(),
        agent: "".into(),
        started_us: at_s * 1_000_000,
        has_failed: false,
        digest: None,
        tip: forest.lane(b""),
        follows: None,
    };
    let prints = prints.to_vec();
    Turn { told, prints }
}

impl Turn {
    fn but(mut self, change: impl FnOnce(&mut Told)) -> Self {
        change(&mut self.told);
        self
    }
}

fn related(turns: &[Turn]) -> Vec<Related> {
    let mut forest = Forest::default();
    let mut all: Vec<Told> = Vec::new();
    for Turn { told, prints } in turns {
        let root = lane(&mut forest, told.kind, &told.agent);
        let from = told.follows.map_or(root, |at| all[at].tip);
        let tip = forest.grow(from, prints.iter().copied());
        all.push(Told {
            tip,
            ..told.clone()
        });
    }
    relate(&all, &mut forest)
}

/// Relation, the turn it is to, and the first new message, of the last turn.
fn last(turns: &[Turn]) -> (&'static str, Option<usize>, usize) {
    let related = *related(turns).last().unwrap();
    let to = related.retry_of.or(related.extends);
    (related.relation.as_str(), to, related.new_from)
}

#[test]
fn turns_follow_part_and_begin() {
    let one = told(0, &[1, 2]);
    let two = told(1, &[1, 2, 3, 4]);
    assert_eq!(last(std::slice::from_ref(&one)), ("new", None, 0));
    assert_eq!(last(&[one.clone(), two.clone()]), ("extends", Some(0), 2));
    let edited = told(2, &[1, 2, 9]);
    assert_eq!(
        last(&[one.clone(), two.clone(), edited]),
        ("fork", Some(1), 2)
    );
    let other = told(2, &[7]);
    assert_eq!(last(&[one.clone(), two.clone(), other]), ("new", None, 0));
    let agent = told(2, &[1, 2, 3]).but(|told| {
        (told.agent, told.kind) = ("a".into(), TurnKind::Subagent);
    });
    assert_eq!(last(&[one.clone(), agent]), ("new", None, 0));
    let side = told(2, &[1, 2, 3]).but(|told| told.kind = TurnKind::Side);
    assert_eq!(last(&[one, side]), ("new", None, 0));
}

#[test]
fn the_same_again_is_a_retry() {
    let failed = told(0, &[1, 2]).but(|told| told.has_failed = true);
    assert_eq!(
        last(&[failed.clone(), told(3, &[1, 2])]),
        ("retry", Some(0), 2)
    );
    let late = told(3600, &[1, 2]);
    assert_eq!(last(&[failed, late]), ("extends", Some(0), 2));
    let body = |at| told(at, &[1, 2]).but(|told| told.digest = Some(vec![7; 32]));
    assert_eq!(
        last(&[body(0), told(1, &[5]), body(2)]),
        ("retry", Some(0), 2)
    );
    assert_eq!(related(&[body(0), body(2)])[1].kind, TurnKind::Retry);
}

#[test]
fn a_conversation_from_a_summary_is_a_compaction() {
    let signs = Signs {
        is_continued: true,
        ..Signs::default()
    };
    let summed = |at, prints: &[u64]| told(at, prints).but(|told| told.signs = signs);
    let before = told(0, &[1, 2, 3]);
    let after = summed(1, &[8, 9]);
    assert_eq!(
        last(&[before.clone(), after.clone()]),
        ("compaction", None, 0)
    );
    let next = summed(2, &[8, 9, 10, 11]);
    assert_eq!(
        last(&[before.clone(), after.clone(), next.clone()]),
        ("extends", Some(1), 2)
    );
    let again = summed(3, &[20]);
    assert_eq!(last(&[before, after, next, again]), ("compaction", None, 0));
    assert_eq!(last(&[summed(0, &[8])]), ("new", None, 0));
}

#[test]
fn a_request_that_names_a_response_extends_the_turn_that_gave_it() {
    let follows = |at_s, to, print| told(at_s, &[print]).but(|told| told.follows = Some(to));
    let one = told(0, &[1]);
    let two = follows(1, 0, 7);
    assert_eq!(last(&[one.clone(), two.clone()]), ("extends", Some(0), 0));
    // The same words again, but to another answer.
    let three = follows(2, 1, 7);
    assert_eq!(
        last(&[one.clone(), two.clone(), three.clone()]),
        ("extends", Some(1), 0)
    );
    let other = follows(3, 0, 8);
    assert_eq!(
        last(&[one.clone(), two.clone(), three, other]),
        ("extends", Some(0), 0)
    );
    let failed = two.clone().but(|told| told.has_failed = true);
    assert_eq!(last(&[one, failed, two]), ("retry", Some(1), 1));
}

proptest! {
    #[test]
    fn every_turn_is_put_beside_the_longest_shared_beginning(
        conversations in prop::collection::vec(prop::collection::vec(0u64..3, 0..6), 1..12),
    ) {
        let turns: Vec<Turn> = conversations
            .iter()
            .enumerate()
            .map(|(at, prints)| told(i64::try_from(at).unwrap(), prints))
            .collect();
        for (at, related) in related(&turns).iter().enumerate() {
            let now = &turns[at].prints;
            let shared = |other: &Turn| other.prints.iter().zip(now).take_while(|(a, b)| a == b).count();
            let longest = turns[..at].iter().map(shared).max().unwrap_or(0);
            prop_assert_eq!(related.new_from, longest);
            prop_assert_eq!(related.extends.is_some(), longest > 0);
            if let Some(to) = related.extends {
                prop_assert!(to < at);
                prop_assert_eq!(shared(&turns[to]), longest);
                prop_assert_eq!(turns[to].prints.len() == longest, related.relation == Relation::Extends);
            } else {
                prop_assert_eq!(related.relation, Relation::New);
            }
        }
    }
}
