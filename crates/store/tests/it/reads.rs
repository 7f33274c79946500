//! How many read at once.

use std::sync::{Arc, mpsc};
use std::time::Duration;

use parking_lot::Mutex;
use tokio::sync::oneshot;

use crate::support::Place;

#[tokio::test]
async fn queries_whose_askers_have_left_count_until_they_end() {
    let place = Place::new();
    let recorder = place.open();
    let reader = recorder.reader();
    let (go, wait) = mpsc::sync_channel::<()>(1);
    let wait = Arc::new(Mutex::new(wait));
    for _ in 0..2 {
        let (begun, has_begun) = oneshot::channel();
        let (reader, wait) = (reader.clone(), wait.clone());
        let asker = tokio::spawn(async move {
            let query = move |_: &_| {
                begun.send(()).unwrap();
                // Ends when `go` is dropped.
                assert!(wait.lock().recv().is_err());
                Ok(())
            };
            reader.run(query).await
        });
        has_begun.await.unwrap();
        asker.abort();
        assert!(asker.await.unwrap_err().is_cancelled());
    }
    let third = tokio::time::timeout(Duration::from_millis(100), reader.run(|_| Ok(())));
    assert!(third.await.is_err(), "a third query ran beside two");
    drop(go);
    reader.run(|_| Ok(())).await.unwrap();
}
