//! Requests for the same at the same time: one goes, the others wait for what it brings.

use std::collections::HashMap;
use std::sync::Arc;

use parking_lot::Mutex;
use tokio::sync::watch;
use weir_core::cache::Key;

/// Those under way; as many as there are requests at most.
#[derive(Debug, Default)]
pub(super) struct Flights(Mutex<HashMap<Key, watch::Receiver<()>>>);

/// What a request is to do.
pub(super) enum Boarding {
    /// Go.
    Lead(Lead),
    /// Wait until the other one is done.
    Wait(watch::Receiver<()>),
}

/// The one that goes. When it is dropped the others look at what there is.
#[derive(Debug)]
pub(crate) struct Lead {
    flights: Arc<Flights>,
    key: Key,
    /// Never sent to: the others see it go.
    _done: watch::Sender<()>,
}

impl Flights {
    pub(super) fn board(self: &Arc<Self>, key: Key) -> Boarding {
        let mut flights = self.0.lock();
        if let Some(other) = flights.get(&key) {
            return Boarding::Wait(other.clone());
        }
        let (done, waits) = watch::channel(());
        flights.insert(key, waits);
        Boarding::Lead(Lead {
            flights: Arc::clone(self),
            key,
            _done: done,
        })
    }
}

impl Drop for Lead {
    fn drop(&mut self) {
        self.flights.0.lock().remove(&self.key);
    }
}
