//! The link to the store: what it is told beside requests, and patience when it is away.

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::AtomicU32;
use std::time::Duration;

use redis::{ErrorKind, RedisResult};
use tokio::sync::{Notify, watch};
use tokio::time::{Instant, interval_at, timeout};
use weir_core::cache::{Purge, Put};
use weir_events::link::{Outage, Words};

use super::outbox::Letter;
use super::script::{self, SCRIPT, Said};
use super::{Answers, Session, Shelf, senseless};

/// How long the store may take to be connected to, or to answer what no request waits for.
const ANSWER: Duration = Duration::from_secs(2);
/// What is said while there is no store.
const WORDS: Words = Words {
    what: "answers of the cache are",
    done: "shared",
    meanwhile: "nothing is found or kept until it can be",
};
/// How often it is asked how it is, when nothing else is.
const LOOK: Duration = Duration::from_secs(5);

/// Keeps answers for as long as somebody says where.
pub(super) async fn run(answers: Arc<Answers>, mut shelf: watch::Receiver<Option<Shelf>>) {
    loop {
        let current = shelf.borrow_and_update().clone();
        let changed = match &current {
            None => shelf.changed().await,
            Some(current) => tokio::select! {
                changed = shelf.changed() => changed,
                never = keep(&answers, current) => match never {},
            },
        };
        disconnected(&answers);
        if changed.is_err() {
            return;
        }
    }
}

fn disconnected(answers: &Answers) {
    answers.set_session(None);
    answers.outbox.drop_puts();
}

async fn keep(answers: &Answers, shelf: &Shelf) -> Infallible {
    let mut outage = Outage::new(shelf.store.address(), WORDS);
    loop {
        let Err(error) = session(answers, shelf, &mut outage).await;
        disconnected(answers);
        outage.begins(&error);
        tokio::time::sleep(outage.pause()).await;
    }
}

/// One pair of connections, for as long as they hold.
async fn session(answers: &Answers, shelf: &Shelf, outage: &mut Outage) -> RedisResult<Infallible> {
    let mut asking = shelf.store.connect(ANSWER).await?;
    let mut telling = shelf.store.connect(ANSWER).await?;
    let mut load = redis::cmd("SCRIPT");
    load.arg("LOAD").arg(SCRIPT);
    let script = load.query_async(&mut telling).await?;
    // One that no request would wait for is of no use.
    let ping = redis::cmd("PING");
    let answered = timeout(shelf.patience, ping.exec_async(&mut asking)).await;
    answered.map_err(|_| slow())??;
    let session = Arc::new(Session {
        asking,
        telling,
        script,
        prefix: shelf.prefix.clone(),
        failures: AtomicU32::new(0),
        broken: Notify::new(),
    });
    answers.heard(session.tell(script::state()).await?.0);
    flush(answers, &session).await?;
    answers.set_session(Some(Arc::clone(&session)));
    outage.ends();
    let mut look = interval_at(Instant::now() + LOOK, LOOK);
    loop {
        tokio::select! {
            () = session.broken.notified() => return Err(slow()),
            () = answers.outbox.some.notified() => flush(answers, &session).await?,
            _ = look.tick() => answers.heard(session.tell(script::state()).await?.0),
        }
    }
}

fn slow() -> redis::RedisError {
    (ErrorKind::Io, "it does not answer in time").into()
}

/// Tells the store what waits, one after the other: their order matters.
async fn flush(answers: &Answers, session: &Session) -> RedisResult<()> {
    while let Some(letter) = answers.outbox.first() {
        let kept = match &*letter {
            Letter::Put(put) => match keep_answer(answers, session, put).await {
                Ok(kept) => kept,
                // A store that has no room is one to look things up in all the same.
                Err(error) if error.is_io_error() || error.is_timeout() => return Err(error),
                Err(error)
                    if error.kind() == ErrorKind::Server(redis::ServerErrorKind::NoScript) =>
                {
                    return Err(error);
                }
                Err(error) => {
                    tracing::debug!(%error, "an answer is not kept");
                    answers.failed();
                    false
                }
            },
            Letter::Remove(key, about) => {
                answers.heard(session.tell(script::remove(key, about)).await?.0);
                false
            }
            Letter::Forget(purge) => {
                answers.heard(session.tell(script::purge(purge)).await?.0);
                false
            }
        };
        answers.outbox.told();
        if let Some(Letter::Put(put)) = Arc::into_inner(letter).filter(|_| kept) {
            put.kept();
        }
    }
    if answers.outbox.overflowed() {
        let purged = answers.take_out(session, &Purge::All).await;
        purged.inspect_err(|_| answers.outbox.overflow())?;
    }
    Ok(())
}

/// Has an answer kept, unless a purge has taken it since it was asked for.
async fn keep_answer(answers: &Answers, session: &Session, put: &Put) -> RedisResult<bool> {
    let mut seen = put.seen;
    loop {
        let (stamp, said) = session.tell(script::put(put, seen)).await?;
        answers.heard(stamp);
        match said {
            Said::Kept => return Ok(true),
            Said::Lost => return Ok(false),
            Said::Judge(purges) => {
                let took = |purge: &Vec<u8>| {
                    // What cannot be read may have meant anything.
                    Purge::from_bytes(purge)
                        .is_none_or(|purge| purge.takes(&put.variant, &put.entry.about))
                };
                if stamp.purges <= seen || purges.iter().any(took) {
                    return Ok(false);
                }
                seen = stamp.purges;
            }
            Said::Dropped(_) | Said::Done => return Err(senseless()),
        }
    }
}
