//! Reading what was captured: its own few connections, which never hold up the writer. Queries
//! only; whatever changes the database goes through the recorder.

use std::cell::RefCell;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use parking_lot::Mutex;
use rusqlite::Connection;
use tokio::sync::Semaphore;
use weir_core::prices::Prices;

use crate::conversation::{ContextView, Growth, SessionDetail, SessionQuery, Sessions};
use crate::dictionary::Names;
use crate::error::StoreError;
use crate::files::{self, Identity};
use crate::find::{Facets, Filters, Found, Neighbours, Page, SummaryQuery};
use crate::model::{RequestLog, RequestSummary};
use crate::schema;

mod bodies;
mod clients;
mod condition;
mod detail;
mod facets;
mod figures;
mod frames;
mod growth;
mod pages;
mod plans;
mod priced;
mod quotas;
pub(crate) mod row;
mod sessions;
#[cfg(test)]
mod tests;
mod turns;
mod walk;
mod whole;
mod words;

pub(crate) use row::conversation;

pub use clients::ClientSeen;
pub use detail::{RawPart, Side, Verdict};
pub use figures::{Dimension, FigureQuery, FigureRow, FigureTable};
pub use growth::GrowthQuery;
pub use quotas::{QuotaPoint, QuotaSeries};

/// Connections, and so queries at once.
const MOST: usize = 2;

/// Times that a query is run at most.
const MOST_TRIES: u32 = 3;

/// Reads a database that a [`crate::Recorder`] writes. Cheap to clone. The plain methods block;
/// [`Reader::run`] calls one from async code.
#[derive(Clone, Debug)]
pub struct Reader(Arc<Inner>, PriceSource);

/// Gives the prices in force, each time that something is read.
#[derive(Clone)]
struct PriceSource(Arc<dyn Fn() -> Arc<Prices> + Send + Sync>);

impl std::fmt::Debug for PriceSource {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("PriceSource")
    }
}

#[derive(Debug)]
struct Inner {
    path: PathBuf,
    /// Exchanges in the database, kept by the writer; negative when it does not know.
    rows: Option<Arc<AtomicI64>>,
    idle: Mutex<Vec<View>>,
    permits: Arc<Semaphore>,
}

/// A connection with what belongs to it.
#[derive(Debug)]
pub(crate) struct View {
    db: Connection,
    names: Names,
    /// What is shown as cost goes by these.
    prices: Arc<Prices>,
    bodies: Option<File>,
    /// Answers that were read from the bodies file in this snapshot: row and place.
    read: RefCell<Vec<(i64, u64)>>,
    identity: (Identity, Identity),
}

impl Reader {
    /// A reader of the database at `path`, opened when first used. `rows` saves counting.
    pub(crate) fn new(path: PathBuf, rows: Option<Arc<AtomicI64>>) -> Self {
        let inner = Inner {
            path,
            rows,
            idle: Mutex::new(Vec::new()),
            permits: Arc::new(Semaphore::new(MOST)),
        };
        let listed = Arc::new(Prices::default());
        let source = PriceSource(Arc::new(move || Arc::clone(&listed)));
        Self(Arc::new(inner), source)
    }

    /// The same reader, with these prices instead of weir's own list. `prices` is asked each time,
    /// so that a change takes effect with the next answer.
    #[must_use]
    pub fn with_prices(self, prices: impl Fn() -> Arc<Prices> + Send + Sync + 'static) -> Self {
        Self(self.0, PriceSource(Arc::new(prices)))
    }

    /// The prices in force.
    #[must_use]
    pub fn prices(&self) -> Arc<Prices> {
        (self.1.0)()
    }

    /// A reader of a database that no recorder of this process writes.
    #[must_use]
    pub fn of(path: PathBuf) -> Self {
        Self::new(path, None)
    }

    /// Runs a query on a thread that may block.
    ///
    /// # Errors
    ///
    /// Those of the query; and when the runtime is shutting down.
    pub async fn run<T: Send + 'static>(
        &self,
        query: impl FnOnce(&Self) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let stopped = || StoreError::Unavailable("weir is stopping".into());
        let permits = Arc::clone(&self.0.permits);
        let permit = permits.acquire_owned().await.map_err(|_| stopped())?;
        let this = self.clone();
        let query = move || {
            // Held until the query ends, even if nobody waits for its answer any more.
            let _permit = permit;
            query(&this)
        };
        let done = tokio::task::spawn_blocking(query).await;
        done.unwrap_or_else(|_| Err(stopped()))
    }

    /// One page of exchanges with their bodies, newest first.
    ///
    /// # Errors
    ///
    /// When the database cannot be read.
    pub fn list(&self, page: Page, filters: &Filters) -> Result<Found<RequestLog>, StoreError> {
        self.view(|view| view.list(page, filters, self.known_rows()))
    }

    /// Summaries, newest first. What takes longer than some tens of milliseconds to find is left
    /// for the next call, which goes on where this one stopped.
    ///
    /// # Errors
    ///
    /// When the database cannot be read.
    pub fn summaries(&self, query: &SummaryQuery) -> Result<Found<RequestSummary>, StoreError> {
        self.view(|view| view.summaries(query, self.known_rows()))
    }

    /// The same as [`Reader::summaries`], with bodies; at most 100.
    ///
    /// # Errors
    ///
    /// When the database cannot be read.
    pub fn logs(&self, query: &SummaryQuery) -> Result<Found<RequestLog>, StoreError> {
        self.view(|view| view.logs(query, self.known_rows()))
    }

    /// The values that exchanges have: what there is to filter by. Counts the newest, as many as
    /// some tens of milliseconds allow.
    ///
    /// # Errors
    ///
    /// When the database cannot be read.
    pub fn facets(&self, filters: &Filters) -> Result<Facets, StoreError> {
        self.view(|view| view.facets(filters))
    }

    /// The exchanges before and after one, named as for [`Reader::get`]; none if there is no such
    /// exchange.
    ///
    /// # Errors
    ///
    /// When the database cannot be read.
    pub fn neighbours(&self, id: &str) -> Result<Option<Neighbours>, StoreError> {
        self.view(|view| view.neighbours(id))
    }

    /// How SQLite goes about a list, a line a step: for people who look at what it costs.
    ///
    /// # Errors
    ///
    /// When the database cannot be read.
    pub fn plan(&self, filters: &Filters) -> Result<Vec<String>, StoreError> {
        self.view(|view| view.plan(filters))
    }

    /// The same for figures, quotas, sessions and turns, by name.
    ///
    /// # Errors
    ///
    /// When the database cannot be read.
    pub fn plans(&self) -> Result<Vec<(&'static str, Vec<String>)>, StoreError> {
        self.view(View::plans)
    }

    /// The exchange with this id, or whose id ends so, or with this id of the client's; the newest
    /// if there are several.
    ///
    /// # Errors
    ///
    /// When the database cannot be read.
    pub fn get(&self, id: &str) -> Result<Option<RequestLog>, StoreError> {
        self.view(|view| view.get(id))
    }

    /// The exact bytes of one side of an exchange; none if there is no such exchange or side.
    ///
    /// # Errors
    ///
    /// When the database cannot be read, or holds the body no longer whole.
    pub fn raw(&self, id: &str, side: Side) -> Result<Option<RawPart>, StoreError> {
        self.view(|view| view.raw(id, side))
    }

    /// One page of sessions, newest activity first.
    ///
    /// # Errors
    ///
    /// When the database cannot be read.
    pub fn sessions(&self, query: &SessionQuery) -> Result<Sessions, StoreError> {
        self.view(|view| view.sessions(query))
    }

    /// Which of these ids are those of sessions, in their order.
    ///
    /// # Errors
    ///
    /// When the database cannot be read.
    pub fn are_sessions(&self, ids: &[String]) -> Result<Vec<bool>, StoreError> {
        self.view(|view| {
            let one = |id: &String| Ok(view.session_named(id)?.is_some());
            ids.iter().map(one).collect()
        })
    }

    /// The session of this name with one page of its turns, oldest first: `limit` of them, from 1
    /// to 1000, behind the first `offset`. None if there is no such session.
    ///
    /// # Errors
    ///
    /// When the database cannot be read.
    pub fn session(
        &self,
        id: &str,
        offset: u32,
        limit: u32,
    ) -> Result<Option<SessionDetail>, StoreError> {
        self.view(|view| view.session(id, offset, limit))
    }

    /// What fills one turn of a session, named as for [`Reader::get`]; the newest of the main
    /// agent when none is. None if there is no such session, or it has no such turn.
    ///
    /// # Errors
    ///
    /// When the database cannot be read, or holds the body no longer whole.
    pub fn context(
        &self,
        session: &str,
        turn: Option<&str>,
    ) -> Result<Option<ContextView>, StoreError> {
        self.view(|view| view.context(session, turn))
    }

    /// How the requests of an agent grew over a session, and how the prompt cache served them.
    /// None if there is no such session.
    ///
    /// # Errors
    ///
    /// When the database cannot be read, or holds a body no longer whole.
    pub fn growth(&self, session: &str, query: &GrowthQuery) -> Result<Option<Growth>, StoreError> {
        self.view(|view| view.growth(session, query))
    }

    /// When the newest exchange began, in microseconds since the Unix epoch.
    ///
    /// # Errors
    ///
    /// When the database cannot be read.
    pub fn latest_us(&self) -> Result<Option<i64>, StoreError> {
        self.view(View::latest_us)
    }

    /// Which kinds of client have come since a moment (microseconds since the Unix epoch), within
    /// the newest 100,000 exchanges.
    ///
    /// # Errors
    ///
    /// When the database cannot be read.
    pub fn clients(&self, since_us: i64) -> Result<Vec<ClientSeen>, StoreError> {
        self.view(|view| view.clients(since_us))
    }

    /// The edits of settings, in the order of their paths.
    ///
    /// # Errors
    ///
    /// When the database cannot be read.
    pub fn settings(&self) -> Result<Vec<(String, String)>, StoreError> {
        self.view(|view| crate::settings::all(&view.db))
    }

    /// Asks something that is nobody's business but that of what ships exchanges.
    pub(crate) fn ask<T>(
        &self,
        query: impl Fn(&View) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        self.view(query)
    }

    fn known_rows(&self) -> Option<u64> {
        let rows = self.0.rows.as_ref()?.load(Ordering::Relaxed);
        u64::try_from(rows).ok()
    }

    /// Runs a query on a connection of its own.
    fn view<T>(&self, query: impl Fn(&View) -> Result<T, StoreError>) -> Result<T, StoreError> {
        let mut view = self.take()?;
        view.prices = self.prices();
        let result = view.settled(query);
        let mut idle = self.0.idle.lock();
        if idle.len() < MOST {
            idle.push(view);
        }
        result
    }

    /// An idle connection to the file that is there now, or a new one.
    fn take(&self) -> Result<View, StoreError> {
        let identity = identity(&self.0.path);
        let idle = self.0.idle.lock().pop();
        if let Some(view) = idle.filter(|view| view.identity == identity) {
            return Ok(view);
        }
        View::open(&self.0.path)
    }
}

/// Which files are there now.
fn identity(path: &Path) -> (Identity, Identity) {
    let bodies = files::bodies_path(path);
    (files::identity(path), files::identity(&bodies))
}

impl View {
    /// Opens the database and what lies beside it.
    pub(crate) fn open(path: &Path) -> Result<Self, StoreError> {
        let identity = identity(path);
        if identity.0.is_none() {
            return Err(StoreError::Unavailable("there is no database".into()));
        }
        let db = schema::open_reader(path)?;
        let names = Names::load(&db)?;
        Ok(Self {
            db,
            names,
            prices: Arc::default(),
            bodies: File::open(files::bodies_path(path)).ok(),
            read: RefCell::default(),
            identity,
        })
    }

    /// Runs a query in one snapshot of the database, and again if it met a body whose exchange was
    /// removed meanwhile: its place may have become another's.
    pub(crate) fn settled<T>(
        &mut self,
        query: impl Fn(&Self) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        for _ in 1..MOST_TRIES {
            let done = self.snapshot(&query);
            if !matches!(done, Err(StoreError::Damaged(_))) && self.has_stayed()? {
                return done;
            }
        }
        let done = self.snapshot(&query);
        match self.has_stayed()? {
            true => done,
            false => Err(StoreError::Unavailable(
                "what was read is being removed; try again".into(),
            )),
        }
    }

    /// Whether the answers that were read are still where they were read, so that what was there
    /// was theirs. Requests have digests, which tell that too.
    fn has_stayed(&self) -> Result<bool, StoreError> {
        let sql = "SELECT 1 FROM responses WHERE id=?1 AND place=?2";
        let mut statement = self.db.prepare_cached(sql)?;
        for place in self.read.take() {
            if !statement.exists(place)? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    fn snapshot<T>(
        &mut self,
        query: impl Fn(&Self) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        self.read.take();
        let tx = self.db.unchecked_transaction()?;
        self.names.refresh(&self.db)?;
        let result = query(self);
        tx.finish()?;
        result
    }
}
