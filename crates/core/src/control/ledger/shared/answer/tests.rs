use uuid::Uuid;

use super::*;
use crate::control::ledger::contract::{dollars, with_dollars};
use crate::control::refusal::Code;

fn texts(all: &[&str]) -> Vec<String> {
    all.iter().map(|one| (*one).to_owned()).collect()
}

#[test]
fn a_refusal_says_what_the_ledger_in_memory_says() {
    let scopes = [with_dollars(1, Period::Lifetime, 10)];
    let answer = texts(&[
        "no",
        "e",
        "1800000000000",
        "2",
        "0",
        "budget",
        "0",
        "6000000000",
        "9",
    ]);
    let (stamp, said) = reserved(&answer, (&scopes, dollars(6, 0))).unwrap();
    assert_eq!((&*stamp.era, stamp.unix_ms), ("e", 1_800_000_000_000));
    let Said::Refused(refusal) = said else {
        panic!("{said:?}");
    };
    assert_eq!(refusal.code, Code::Budget);
    assert_eq!(
        refusal.message,
        "token's lifetime budget: $6.00 of $10.00 used or set aside, $6.00 needed"
    );
}

#[test]
fn what_is_set_aside_comes_with_what_is_known() {
    let scopes = [with_dollars(1, Period::Day, 10)];
    let answer = texts(&["yes", "e", "1", "2", "3", "86400", "5", "7"]);
    let (_, said) = reserved(&answer, (&scopes, dollars(6, 0))).unwrap();
    let spent = Spent {
        period: Period::Day,
        start: 86400,
        amounts: Amounts {
            money: Money(5),
            tokens: 7,
        },
    };
    assert_eq!(said, Said::Granted(vec![(3, vec![spent])]));
}

#[test]
fn records_of_the_dead_are_read_and_others_left_out() {
    let id = Uuid::from_u128(5);
    let good = format!("settled 9 9 4 2 1000;token:{id} day=86400 lifetime=0;project:{id}");
    let open = good.replace("settled", "open");
    let answer = texts(&[
        "done", "e", "1", "3", "n/1", &good, "n/2", &open, "n/3", "what", "n/4", "",
    ]);
    let (stamp, adopted) = beaten(&answer).unwrap();
    assert_eq!((stamp.nodes, adopted.len()), (3, 1));
    let one = &adopted[0];
    assert_eq!(
        (&*one.id, one.at_unix_ms, one.scopes.len()),
        ("n/1", 1000, 2)
    );
    let (scope, spent) = &one.scopes[0];
    assert_eq!(*scope, ScopeId::Token(id));
    assert_eq!(spent.len(), 2);
    assert_eq!(spent[0].amounts.money, Money(4));
}

#[test]
fn what_makes_no_sense_is_no_answer() {
    let scopes = [with_dollars(1, Period::Day, 10)];
    let worst = dollars(1, 0);
    for answer in [
        &["yes", "e"][..],
        &["yes", "e", "x", "2", "0", "0", "0", "0"],
        &["yes", "e", "1", "2", "0"],
        &["maybe", "e", "1", "2"],
        &["no", "e", "1", "2", "7", "requests"],
        &["no", "e", "1", "2", "0", "budget", "1", "0", "0"],
        &["no", "e", "1", "2", "0", "concurrency"],
        &["no", "e", "1", "2", "0", "weather"],
    ] {
        let answer = texts(answer);
        assert_eq!(reserved(&answer, (&scopes, worst)), None, "{answer:?}");
    }
}
