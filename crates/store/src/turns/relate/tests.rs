use proptest::prelude::*;

use super::*;

fn told(at_s: i64, prints: &[u64]) -> Told {
    Told {
        kind: TurnKind::Main,
        signs: Signs::default(),
        agent: "".into(),
        started_us: at_s * 1_000_000,
        has_failed: false,
        digest: None,
        prints: prints.to_vec(),
    }
}

/// Relation, the turn it is to, and the first new message, of the last turn.
fn last(turns: &[Told]) -> (&'static str, Option<usize>, usize) {
    let related = *relate(turns).last().unwrap();
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
    let agent = Told {
        agent: "a".into(),
        kind: TurnKind::Subagent,
        ..told(2, &[1, 2, 3])
    };
    assert_eq!(last(&[one.clone(), agent]), ("new", None, 0));
    let side = Told {
        kind: TurnKind::Side,
        ..told(2, &[1, 2, 3])
    };
    assert_eq!(last(&[one, side]), ("new", None, 0));
}

#[test]
fn the_same_again_is_a_retry() {
    let failed = Told {
        has_failed: true,
        ..told(0, &[1, 2])
    };
    assert_eq!(
        last(&[failed.clone(), told(3, &[1, 2])]),
        ("retry", Some(0), 2)
    );
    let late = told(3600, &[1, 2]);
    assert_eq!(last(&[failed, late]), ("extends", Some(0), 2));
    let body = |at| Told {
        digest: Some(vec![7; 32]),
        ..told(at, &[1, 2])
    };
    assert_eq!(
        last(&[body(0), told(1, &[5]), body(2)]),
        ("retry", Some(0), 2)
    );
    assert_eq!(relate(&[body(0), body(2)])[1].kind, TurnKind::Retry);
}

#[test]
fn a_conversation_from_a_summary_is_a_compaction() {
    let signs = Signs {
        is_continued: true,
        ..Signs::default()
    };
    let summed = |at, prints: &[u64]| Told {
        signs,
        ..told(at, prints)
    };
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

proptest! {
    #[test]
    fn every_turn_is_put_beside_the_longest_shared_beginning(
        conversations in prop::collection::vec(prop::collection::vec(0u64..3, 0..6), 1..12),
    ) {
        let turns: Vec<Told> = conversations
            .iter()
            .enumerate()
            .map(|(at, prints)| told(i64::try_from(at).unwrap(), prints))
            .collect();
        for (at, related) in relate(&turns).iter().enumerate() {
            let now = &turns[at].prints;
            let shared = |other: &Told| other.prints.iter().zip(now).take_while(|(a, b)| a == b).count();
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
