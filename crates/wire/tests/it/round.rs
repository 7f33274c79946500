//! A request that goes from a dialect to another and back means what it meant, as far as both can
//! say it. [`can::Can`] is the table of what cannot be said where.

use proptest::test_runner::{Config, TestCaseError, TestError, TestRunner};
use weir_wire::translate::codec;
use weir_wire::translate::fault::Notes;
use weir_wire::translate::options::{Hints, Options};
use weir_wire::translate::outbound::{self, Way};
use weir_wire::translate::profile::Profile;

use crate::sides::{able, model, ways};

mod can;
mod forms;
mod meaning;

use can::Can;
use meaning::Meaning;

fn config() -> Config {
    Config {
        cases: 64,
        failure_persistence: None,
        ..Config::default()
    }
}

fn hints() -> Hints<'static> {
    Hints {
        path_model: Some("gemini-3-flash-preview"),
        stream: true,
    }
}

fn options<'a>(profile: &'a Profile, way: Way) -> Options<'a> {
    Options {
        model: model(way.provider),
        stream: true,
        profile,
    }
}

#[test]
fn what_both_dialects_can_say_comes_back() {
    let profile = able();
    let mut wrong = Vec::new();
    for way in ways() {
        let (here, there) = (way.client, way.provider);
        let can = Can::of(here).and(Can::of(there));
        let mut runner = TestRunner::new(config());
        let back = Way {
            client: there,
            provider: here,
        };
        let result = runner.run(&forms::request(here, can), |request| {
            let mut notes = Notes::default();
            let to_itself = options(&profile, back);
            let first = codec::write_request(here, &request, &to_itself, &mut notes).unwrap();
            let out = outbound::request(way, &first, &hints(), &options(&profile, way)).unwrap();
            let again = outbound::request(back, &out.body, &hints(), &to_itself).unwrap();
            let read = codec::read_request(here, &again.body, &hints()).unwrap();
            let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
            pretty_assertions(
                &Meaning::of(&request, can),
                &Meaning::of(&read, can),
                &[text(&first), text(&out.body), text(&again.body)],
            )
        });
        // The bodies say more than the form that they are made of.
        if let Err(TestError::Fail(why, _)) = result {
            wrong.push(format!("{way:?}: {why}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

/// Compares member by member, so that a difference is found at a glance.
fn pretty_assertions(
    meant: &Meaning,
    came: &Meaning,
    bodies: &[String],
) -> Result<(), TestCaseError> {
    let lines = |it: &Meaning| {
        format!("{it:#?}")
            .lines()
            .map(str::to_owned)
            .collect::<Vec<_>>()
    };
    if meant == came {
        return Ok(());
    }
    let (meant, came) = (lines(meant), lines(came));
    let first = meant.iter().zip(&came).position(|(a, b)| a != b);
    let first = first.unwrap_or(meant.len().min(came.len()));
    let near = |lines: &[String]| {
        let from = first.saturating_sub(4);
        lines
            .iter()
            .skip(from)
            .take(9)
            .cloned()
            .collect::<Vec<_>>()
            .join("\n")
    };
    let bodies = bodies.join("\n-> ");
    Err(TestCaseError::fail(format!(
        "meant:\n{}\ncame:\n{}\n{bodies}",
        near(&meant),
        near(&came)
    )))
}
