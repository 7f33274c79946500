//! The fuzzers' targets on a stable toolchain: their seeds, and changes of them that are the same
//! in every run. What libFuzzer finds is looked for with `scripts/fuzz.sh`.

use std::fs;
use std::panic;
use std::path::PathBuf;

use fuzz::Run;
use fuzz::input::Xorshift;

#[path = "../../../fuzz/src/lib.rs"]
pub mod fuzz;

/// Changed inputs of one target, unless `WEIR_FUZZ_ROUNDS` says how many: a number and no time, so
/// that every run is the same.
const ROUNDS: u64 = 5000;
/// Longest input that is tried.
const MAX: usize = 16 * 1024;

fn seeds(target: &str) -> Vec<(String, Vec<u8>)> {
    let folder: PathBuf = [env!("CARGO_MANIFEST_DIR"), "../../fuzz/corpus", target]
        .iter()
        .collect();
    let files = fs::read_dir(&folder).expect("a folder of seeds");
    let mut seeds: Vec<_> = files
        .map(|file| {
            let path = file.expect("a file").path();
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            (name.into_owned(), fs::read(&path).expect("a seed"))
        })
        .collect();
    seeds.sort();
    assert!(!seeds.is_empty(), "no seeds in {}", folder.display());
    seeds
}

/// What stands where tokens of JSON or of a stream do, to be put anywhere.
const TOKENS: [&[u8]; 20] = [
    b"{",
    b"}",
    b"[",
    b"]",
    b"\"",
    b"\\",
    b"\\u",
    b"\\ud800",
    b",",
    b":",
    b"null",
    b"1e999",
    b"-1",
    b"18446744073709551616",
    b"\n",
    b"\r\n",
    b"\n\n",
    b"data: ",
    b"event: error\n",
    b"\xE2\x80\xA8",
];

/// One to four changes of a seed.
fn changed(seeds: &[(String, Vec<u8>)], random: &mut Xorshift) -> Vec<u8> {
    let pick = |random: &mut Xorshift| &seeds[random.below(seeds.len())].1;
    let mut bytes = pick(random).clone();
    for _ in 0..=random.below(4) {
        let (at, end) = (random.below(bytes.len() + 1), random.below(bytes.len() + 1));
        let (at, end) = (at.min(end), at.max(end).min(at.min(end) + 200));
        match random.below(7) {
            0 => {
                let bit = 1 << random.below(8);
                bytes
                    .iter_mut()
                    .skip(at)
                    .take(1)
                    .for_each(|byte| *byte ^= bit);
            }
            1 => drop(bytes.drain(at..end)),
            2 => {
                let token = TOKENS[random.below(TOKENS.len())];
                drop(bytes.splice(at..at, token.iter().copied()));
            }
            3 => {
                let again = bytes[at..end].to_vec();
                drop(bytes.splice(at..at, again));
            }
            4 => {
                let other = pick(random);
                let from = random.below(other.len());
                bytes.truncate(at);
                bytes.extend_from_slice(&other[from..]);
            }
            5 => bytes.truncate(at),
            _ => {
                let digit = u8::try_from(random.below(10)).unwrap_or_default();
                let choice = random.below(5);
                bytes
                    .iter_mut()
                    .skip(choice)
                    .take(1)
                    .for_each(|byte| *byte = b'0' + digit);
            }
        }
    }
    bytes.truncate(MAX);
    bytes
}

#[expect(clippy::print_stderr, reason = "a failed test tells its input")]
fn tried(target: &str, run: Run, what: &str, bytes: &[u8]) {
    let outcome = panic::catch_unwind(|| run(bytes));
    if let Err(fault) = outcome {
        eprintln!("{target}, {what}: {:?}", String::from_utf8_lossy(bytes));
        panic::resume_unwind(fault);
    }
}

fn replay(target: &str) {
    let run = fuzz::TARGETS.iter().find(|(name, _)| *name == target);
    let (_, run) = *run.expect("a target of that name");
    let seeds = seeds(target);
    for (name, bytes) in &seeds {
        tried(target, run, name, bytes);
    }
    let mut random = Xorshift::new(1);
    let rounds = std::env::var("WEIR_FUZZ_ROUNDS");
    let rounds = rounds.map_or(ROUNDS, |text| text.parse().expect("a number of rounds"));
    for round in 0..rounds {
        let bytes = changed(&seeds, &mut random);
        tried(target, run, &format!("round {round}"), &bytes);
    }
}

macro_rules! replays {
    ($($target:ident)*) => {
        $(
            #[test]
            fn $target() {
                replay(stringify!($target));
            }
        )*

        #[test]
        fn every_target_is_replayed() {
            let all = [$(stringify!($target)),*];
            assert!(fuzz::TARGETS.iter().map(|(name, _)| *name).eq(all));
        }
    };
}

replays! {
    accumulate answers decode eventstream headers profile requests response scan splice sse stages
    streams thinking
}
