//! Holds what each client saw against what the mocks did for its request and what the gateway
//! wrote down. It looks at no figures.

use std::collections::{BTreeMap, HashMap};
use std::time::Instant;

use weir_core::exchange::{End, RequestRecord, ResponseRecord, Try};
use weir_core::keys::KeyId;

use super::clients::Seen;
use super::{KEYS_EACH, PROVIDERS, REST, key};
use crate::net::within;
use crate::rig::Rig;

/// Faults that are told; one bug makes thousands.
const MOST_TOLD: usize = 10;
/// How long the gateway may take between picking a key and writing it down.
const SLACK_US: i64 = 100_000;

/// A request as a mock saw it.
#[derive(Debug)]
pub(super) struct Attempt {
    pub(super) provider: &'static str,
    pub(super) key: String,
    /// How the mock let it fail.
    pub(super) fault: Option<String>,
    /// Whether a good answer was written to its end.
    served: bool,
    at: Instant,
}

/// One request from every side.
#[derive(Debug)]
pub(super) struct Case {
    pub(super) seen: Seen,
    /// In the order in which they reached the mocks.
    pub(super) attempts: Vec<Attempt>,
    pub(super) request: RequestRecord,
    pub(super) response: ResponseRecord,
}

/// What is known of a run.
pub(super) struct Books {
    pub(super) cases: Vec<Case>,
    rests: Rests,
}

/// When each key met a limit: from the beginning of the try to its end, by the key's label.
type Rests = HashMap<String, Vec<(i64, i64)>>;

/// What became of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Fate {
    Served,
    Broken,
    Failed,
}

type Verdict = Result<(), String>;

fn must(holds: bool, what: &str) -> Verdict {
    if holds { Ok(()) } else { Err(what.to_owned()) }
}

impl Books {
    /// Waits until all have ended, on every side.
    pub(super) async fn of(rig: &Rig, seen: Vec<Seen>) -> Self {
        let records = &rig.net.records;
        let last = within(records.ended(seen.len())).await;
        let mut responses: HashMap<_, _> = std::mem::take(&mut *records.finished.lock())
            .into_iter()
            .chain([last])
            .map(|record| (record.id, record))
            .collect();
        let mut requests: HashMap<_, _> = std::mem::take(&mut *records.started.lock())
            .into_iter()
            .map(|record| (named(&record), record))
            .collect();
        let mut attempts = attempts(rig).await;
        let cases: Vec<_> = seen
            .into_iter()
            .map(|seen| {
                let request = requests.remove(&seen.id).unwrap();
                Case {
                    attempts: attempts.remove(&seen.id).unwrap_or_default(),
                    response: responses.remove(&request.id).unwrap(),
                    request,
                    seen,
                }
            })
            .collect();
        assert!(attempts.is_empty(), "nobody asked for {attempts:?}");
        let rests = rests(&cases);
        Self { cases, rests }
    }

    /// What is wrong, in words.
    pub(super) fn faults(&self, check: fn(&Case, &Self) -> Verdict) -> Vec<String> {
        let wrong = self.cases.iter().filter_map(|case| {
            let what = check(case, self).err()?;
            Some(format!("{what}: {}", case.told()))
        });
        wrong.take(MOST_TOLD).collect()
    }

    /// Whether a key rested when the gateway looked.
    fn rested(&self, key: &str, at_us: i64) -> bool {
        let rest = i64::try_from(REST.as_micros()).unwrap();
        let limits = self.rests.get(key).into_iter().flatten();
        limits
            .into_iter()
            .any(|(start, end)| *start <= at_us && at_us <= end + rest + SLACK_US)
    }

    /// How often the mocks did what, by kind, good answers among them.
    pub(super) fn kinds(&self) -> BTreeMap<&str, usize> {
        let mut kinds = BTreeMap::new();
        for attempt in self.cases.iter().flat_map(|case| &case.attempts) {
            let kind = attempt.fault.as_deref().unwrap_or("served");
            *kinds.entry(kind).or_default() += 1;
        }
        kinds
    }

    /// The kinds that did not come up.
    pub(super) fn missing_kinds(&self) -> Vec<&'static str> {
        let kinds = self.kinds();
        let all = [
            "served",
            "refuse",
            "hang",
            "silent",
            "500",
            "502",
            "503",
            "504",
            "429",
            "529",
            "error_200",
            "drop",
        ];
        all.into_iter()
            .filter(|kind| !kinds.contains_key(kind))
            .collect()
    }

    /// The figures of the run.
    pub(super) fn summary(&self) -> String {
        let mut fates: BTreeMap<Fate, usize> = BTreeMap::new();
        for case in &self.cases {
            *fates.entry(case.fate()).or_default() += 1;
        }
        let attempts: usize = self.cases.iter().map(|case| case.attempts.len()).sum();
        let passed_over: usize = self.cases.iter().map(|case| case.notes().count()).sum();
        format!(
            "requests {}: {fates:?}; attempts {attempts}: {:?}; pools found empty {passed_over}",
            self.cases.len(),
            self.kinds()
        )
    }
}

fn named(record: &RequestRecord) -> String {
    let id = record.headers.get("x-mock-id").unwrap();
    id.to_str().unwrap().to_owned()
}

async fn attempts(rig: &Rig) -> HashMap<String, Vec<Attempt>> {
    let mut all: HashMap<String, Vec<Attempt>> = HashMap::new();
    for (provider, mock) in PROVIDERS.into_iter().zip(&rig.mocks) {
        let count = mock.received().len();
        let tally = within(mock.wait_tally(|tally| {
            let all = &tally.all;
            usize::try_from(all.served + all.gone + all.failures()).unwrap() >= count
        }))
        .await;
        assert_eq!(tally.all.gone, 0, "this machine is too slow for DEADLINE");
        let counted = tally.all.served + tally.all.failures();
        let kept = u64::try_from(count).unwrap();
        assert_eq!(counted, kept, "more requests than the mock remembers");
        for one in mock.received() {
            let id = one.request_id().unwrap().to_owned();
            let key = KeyId::of(one.credential().unwrap()).to_string();
            all.entry(id).or_default().push(Attempt {
                provider,
                key,
                served: one.fault.is_none() && one.finished_at.is_some(),
                at: one.at,
                fault: one.fault,
            });
        }
    }
    for attempts in all.values_mut() {
        attempts.sort_by_key(|one| one.at);
    }
    all
}

fn rests(cases: &[Case]) -> Rests {
    let mut rests = Rests::new();
    for case in cases {
        for one in case.tries().filter(|one| one.status == Some(429)) {
            let start = case.at_us(one);
            let end = start + i64::try_from(one.elapsed_us).unwrap();
            let key = one.key.as_deref().unwrap().to_owned();
            rests.entry(key).or_default().push((start, end));
        }
    }
    rests
}

impl Case {
    /// What the gateway sent, as it says itself.
    pub(super) fn tries(&self) -> impl Iterator<Item = &Try> {
        let tries = &self.response.route.tries;
        tries.iter().filter(|one| one.key.is_some())
    }

    /// The providers that it passed over because no key was free.
    pub(super) fn notes(&self) -> impl Iterator<Item = &Try> {
        let tries = &self.response.route.tries;
        tries.iter().filter(|one| one.key.is_none())
    }

    /// All that matters of it, on one line.
    fn told(&self) -> String {
        let (seen, end) = (&self.seen, &self.response.end);
        let tries: Vec<_> = self
            .response
            .route
            .tries
            .iter()
            .map(|one| {
                let key = one.key.as_deref().unwrap_or("no key");
                let failure = one.failure.as_deref().unwrap_or("an answer");
                format!("{} {key} {:?} {failure}", one.provider, one.status)
            })
            .collect();
        let did: Vec<_> = self
            .attempts
            .iter()
            .map(|one| format!("{} {} {:?}", one.provider, one.key, one.fault))
            .collect();
        format!("{seen:?}; the mocks {did:?}; the gateway {tries:?}, {end:?}")
    }

    pub(super) fn fate(&self) -> Fate {
        match (self.seen.status, self.seen.whole) {
            (200, true) => Fate::Served,
            (200, false) => Fate::Broken,
            _ => Fate::Failed,
        }
    }

    /// When a try began, in microseconds since the Unix epoch.
    fn at_us(&self, one: &Try) -> i64 {
        self.request.started_at_us + i64::try_from(one.started_us).unwrap()
    }

    /// The gateway's account of a try against what the mock did.
    fn agrees(&self, attempt: &Attempt, one: &Try, is_last: bool) -> Verdict {
        let same = *one.provider == *attempt.provider && one.key.as_deref() == Some(&*attempt.key);
        must(same, "another provider or key than the gateway says")?;
        let failed = one.failure.is_some();
        must(failed || is_last, "tried again after an answer had begun")?;
        let hidden = if self.seen.kind.openai { 500 } else { 529 };
        let expected = match attempt.fault.as_deref() {
            None => !failed && one.status == Some(200),
            Some("refuse" | "hang") => failed && one.status.is_none(),
            Some("error_200") => failed && one.status == Some(hidden),
            // After the first byte it is the client's to see; before, a failure like any other.
            Some("drop" | "silent") if failed => matches!(one.status, None | Some(200)),
            Some("drop" | "silent") => one.status == Some(200),
            Some(status) => failed && one.status == status.parse().ok(),
        };
        must(expected, "another outcome than the gateway says")
    }

    /// Whether a provider had nothing more to offer.
    fn was_given_up(&self, provider: &str, books: &Books) -> Verdict {
        let all = &self.response.route.tries;
        let own = all.iter().filter(|one| &*one.provider == provider);
        let last = own.clone().next_back().ok_or("a candidate was not asked")?;
        if last.key.is_some() && last.status != Some(429) {
            return Ok(());
        }
        let at_us = self.at_us(last);
        let spent = (0..KEYS_EACH).all(|index| {
            let label = KeyId::of(&key(provider, index)).to_string();
            own.clone().any(|one| one.key.as_deref() == Some(&*label))
                || books.rested(&label, at_us)
        });
        must(spent, "a key was free and not tried")
    }
}

/// What holds for every request, whatever fails.
fn check_common(case: &Case) -> Verdict {
    let tries: Vec<_> = case.tries().collect();
    must(tries.len() == case.attempts.len(), "tries nobody received")?;
    for (at, (attempt, one)) in case.attempts.iter().zip(&tries).enumerate() {
        case.agrees(attempt, one, at + 1 == tries.len())?;
    }
    let served = case.attempts.iter().position(|one| one.served);
    let answered = case.attempts.iter().filter(|one| one.served).count();
    must(answered <= 1, "answered twice")?;
    let last = case.attempts.last();
    if served.is_some() {
        let is_last = last.is_some_and(|one| one.served);
        must(is_last, "tried again after a success")?;
        must(case.fate() == Fate::Served, "served and not seen")?;
    }
    let (seen, end) = (&case.seen, &case.response.end);
    let status = case.response.status.map(|status| status.as_u16());
    must(status == Some(seen.status), "another status than recorded")?;
    let who = last.map(|one| one.provider);
    let by_last = seen.provider.as_deref() == who;
    match case.fate() {
        Fate::Served => {
            must(served.is_some() && by_last, "an answer from nobody")?;
            must(seen.complete && *end == End::Complete, "not all of it")
        }
        Fate::Broken => {
            let fault = last.and_then(|one| one.fault.as_deref());
            let breaks = matches!(fault, Some("drop" | "silent")) && by_last;
            must(breaks, "broken without a reason")?;
            let told = matches!(end, End::UpstreamBroke(_));
            must(told && !seen.complete, "a break that is not told")
        }
        Fate::Failed => {
            let committed = tries.iter().any(|one| one.failure.is_none());
            must(!committed, "an answer that never came")?;
            must(seen.status >= 400 && seen.error, "no error")?;
            let told = matches!(end, End::Complete | End::Gateway(_));
            must(told && seen.whole, "an error that breaks off")
        }
    }
}

/// A request fails before its first byte only when each of the three has had its chance.
pub(super) fn check(case: &Case, books: &Books) -> Verdict {
    check_common(case)?;
    if case.fate() != Fate::Failed {
        return Ok(());
    }
    PROVIDERS
        .iter()
        .try_for_each(|provider| case.was_given_up(provider, books))
}

/// No request fails before its first byte, because one provider never does.
pub(super) fn check_anchored(case: &Case, _: &Books) -> Verdict {
    check_common(case)?;
    must(case.fate() != Fate::Failed, "failed beside a well provider")
}
