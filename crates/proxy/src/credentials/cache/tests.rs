use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use parking_lot::Mutex;
use tokio::sync::{Semaphore, oneshot};

use super::{Cache, Got, Lease, Source};
use crate::credentials::CredentialError;

/// Gives out numbers in turn, each when the test lets it.
#[derive(Debug, Clone)]
struct Numbers {
    next: Arc<AtomicU64>,
    gate: Arc<Semaphore>,
    /// Seconds that each is good for; a failure when it is none.
    seconds: Arc<Mutex<Option<u64>>>,
}

impl Numbers {
    fn good_for(seconds: Option<u64>) -> Self {
        Self {
            next: Arc::default(),
            gate: Arc::new(Semaphore::new(0)),
            seconds: Arc::new(Mutex::new(seconds)),
        }
    }

    fn fetches(&self) -> u64 {
        self.next.load(Ordering::SeqCst)
    }
}

impl Source for Numbers {
    type Value = u64;

    fn name(&self) -> &str {
        "numbers"
    }

    async fn fetch(&self) -> Result<Lease<u64>, CredentialError> {
        let number = self.next.fetch_add(1, Ordering::SeqCst) + 1;
        self.gate.acquire().await.unwrap().forget();
        let seconds = *self.seconds.lock();
        match seconds {
            Some(seconds) => Ok(Lease::for_seconds(number, seconds)),
            None => Err(CredentialError::new("there are no numbers")),
        }
    }
}

#[tokio::test]
async fn a_hundred_requests_wait_for_one_fetch() {
    let numbers = Numbers::good_for(Some(3600));
    let cache = Arc::new(Cache::new(numbers.clone()));
    let waiting: Vec<_> = (0..100)
        .map(|_| {
            let got = cache.get();
            assert!(matches!(got, Got::Later(_)));
            tokio::spawn(got.wait())
        })
        .collect();
    numbers.gate.add_permits(1);
    for one in waiting {
        assert_eq!(one.await.unwrap().unwrap(), 1);
    }
    assert_eq!(numbers.fetches(), 1);
    assert!(matches!(cache.get(), Got::Now(Ok(1))));
}

#[tokio::test]
async fn the_old_one_serves_while_it_is_renewed() {
    // Less than the margin before its end, so it is to be renewed from the start.
    let numbers = Numbers::good_for(Some(200));
    let cache = Cache::new(numbers.clone());
    numbers.gate.add_permits(1);
    assert_eq!(cache.get().wait().await.unwrap(), 1);
    cache.rest();
    assert!(matches!(cache.get(), Got::Now(Ok(1))));
    assert!(matches!(cache.get(), Got::Now(Ok(1))));
    let flight = cache.flight().expect("a renewal is under way");
    numbers.gate.add_permits(1);
    assert_eq!(flight.landed().await.unwrap(), 2);
    assert!(matches!(cache.get(), Got::Now(Ok(2))));
    assert_eq!(numbers.fetches(), 2);
}

#[tokio::test]
async fn a_failed_renewal_leaves_the_old_one_in_service() {
    let numbers = Numbers::good_for(Some(200));
    let cache = Cache::new(numbers.clone());
    numbers.gate.add_permits(1);
    assert_eq!(cache.get().wait().await.unwrap(), 1);
    cache.rest();
    *numbers.seconds.lock() = None;
    assert!(matches!(cache.get(), Got::Now(Ok(1))));
    let flight = cache.flight().expect("a renewal is under way");
    numbers.gate.add_permits(1);
    flight.landed().await.unwrap_err();
    // And the source is left alone for a while.
    assert!(matches!(cache.get(), Got::Now(Ok(1))));
    assert_eq!(numbers.fetches(), 2);
}

#[tokio::test]
async fn one_that_has_ended_is_not_given_out() {
    let numbers = Numbers::good_for(Some(0));
    let cache = Cache::new(numbers.clone());
    numbers.gate.add_permits(2);
    assert_eq!(cache.get().wait().await.unwrap(), 1);
    assert_eq!(cache.get().wait().await.unwrap(), 2);
}

#[tokio::test]
async fn a_failure_is_the_answer_for_all_who_wait_and_for_a_moment_after() {
    let numbers = Numbers::good_for(None);
    let cache = Cache::new(numbers.clone());
    let (first, second) = (cache.get(), cache.get());
    numbers.gate.add_permits(1);
    let text = "there are no numbers";
    assert_eq!(first.wait().await.unwrap_err().to_string(), text);
    assert_eq!(second.wait().await.unwrap_err().to_string(), text);
    assert!(matches!(cache.get(), Got::Now(Err(_))));
    assert_eq!(numbers.fetches(), 1);
    cache.rest();
    *numbers.seconds.lock() = Some(3600);
    numbers.gate.add_permits(1);
    assert_eq!(cache.get().wait().await.unwrap(), 2);
}

#[tokio::test]
async fn a_fetch_goes_on_when_whoever_began_it_has_left() {
    let numbers = Numbers::good_for(Some(3600));
    let cache = Cache::new(numbers.clone());
    let (left, gone) = oneshot::channel::<()>();
    let got = cache.get();
    let client = tokio::spawn(async move {
        let _left = left;
        got.wait().await
    });
    client.abort();
    gone.await.unwrap_err();
    numbers.gate.add_permits(1);
    assert_eq!(cache.get().wait().await.unwrap(), 1);
    assert_eq!(numbers.fetches(), 1);
}
