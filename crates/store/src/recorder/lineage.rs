//! Who follows from whom, where no header says so: a request that names the response it goes on
//! from, and an agent whose first words are the prompt that another's answer gave it. Remembers
//! digests of the newest answers, no texts.

use std::collections::{HashMap, VecDeque};

use rusqlite::{Connection, Row};
use weir_core::exchange::ExchangeId;
use weir_wire::facts::request::{Purpose, RequestFacts};
use xxhash_rust::xxh3::xxh3_128_with_seed;

use crate::error::StoreError;
use crate::facts::ResponseFacts;
use crate::sessions::text_of;
use crate::summary::Summary;
use crate::turns::Class;

/// Answers that are remembered, the newest ones: a few hundred bytes each.
const MOST: usize = 4096;
/// Beginnings of conversations that are remembered, for prompts that come to be known after the
/// agent has begun.
const MOST_WAITING: usize = 1024;

/// What an answer said that later requests come back to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Lead {
    /// A digest.
    pub mark: u128,
    /// The call that starts an agent; none for a response's id.
    pub call: Option<Box<str>>,
    /// Which kind of agent it asks for.
    pub kind: Option<Box<str>>,
}

/// The exchange that gave a lead.
#[derive(Clone, Debug)]
struct Origin {
    row: i64,
    session: Option<Box<str>>,
    conversation: Option<Box<str>>,
    agent: Option<Box<str>>,
    call: Option<Box<str>>,
    kind: Option<Box<str>>,
}

/// The digest of a response's id.
fn mark_of_response(id: &str) -> u128 {
    xxh3_128_with_seed(id.as_bytes(), 1)
}

/// The digest of a prompt within a session; `opening` is the hash of the conversation that begins
/// with it.
pub(crate) fn mark_of_launch(session: &str, opening: &str) -> u128 {
    xxh3_128_with_seed(format!("{session}\0{opening}").as_bytes(), 2)
}

/// What is remembered, bounded in both tables; the oldest goes first.
#[derive(Debug, Default)]
pub(super) struct Lineage {
    origins: HashMap<u128, Origin>,
    order: VecDeque<u128>,
    waiting: HashMap<u128, ExchangeId>,
    waiting_order: VecDeque<u128>,
}

impl Lineage {
    /// Forgets everything: the rows are gone.
    pub(super) fn clear(&mut self) {
        *self = Self::default();
    }

    /// Forgets the answers of these rows.
    pub(super) fn forget(&mut self, rows: &[i64]) {
        self.origins.retain(|_, origin| !rows.contains(&origin.row));
        self.order.retain(|mark| self.origins.contains_key(mark));
    }

    /// Remembers the newest answers that the database has.
    pub(super) fn load(&mut self, db: &Connection) -> Result<(), StoreError> {
        let sql = format!(
            "SELECT l.mark, l.call, l.kind, l.id, {}, e.conversation, {}
            FROM leads AS l JOIN exchanges AS e ON e.id = l.id ORDER BY l.id DESC LIMIT {MOST}",
            text_of("session"),
            text_of("agent")
        );
        let mut statement = db.prepare(&sql)?;
        let found = statement.query_map([], stored)?;
        let found: Vec<_> = found.collect::<Result<_, _>>()?;
        for (mark, origin) in found.into_iter().rev() {
            self.remember(mark, origin);
        }
        Ok(())
    }

    fn remember(&mut self, mark: u128, origin: Origin) {
        if self.origins.insert(mark, origin).is_none() {
            self.order.push_back(mark);
        }
        if self.order.len() > MOST
            && let Some(oldest) = self.order.pop_front()
        {
            self.origins.remove(&oldest);
        }
    }

    /// Completes what a request that begins says of its place. Gives the row that it goes on from,
    /// if it names a response that is remembered.
    pub(super) fn place(
        &mut self,
        summary: &mut Summary,
        facts: Option<&RequestFacts>,
    ) -> Option<i64> {
        let previous = facts.and_then(|facts| facts.previous_response.as_deref());
        let previous = previous.and_then(|id| self.origins.get(&mark_of_response(id)));
        if let Some(origin) = previous {
            follow(summary, origin);
        }
        let follows = previous.map(|origin| origin.row);
        let (Some(session), Some(opening)) = (&summary.session, &summary.conversation_hash) else {
            return follows;
        };
        let mark = mark_of_launch(session, opening);
        match self.origins.get(&mark) {
            Some(origin) => adopt(summary, origin),
            None if summary.agent.is_none() || summary.parent_agent.is_none() => {
                self.wait(mark, summary.id);
            }
            None => {}
        }
        follows
    }

    /// The newest exchange that begins so is waiting for whoever started it.
    fn wait(&mut self, mark: u128, id: ExchangeId) {
        if self.waiting.insert(mark, id).is_none() {
            self.waiting_order.push_back(mark);
        }
        if self.waiting_order.len() > MOST_WAITING
            && let Some(oldest) = self.waiting_order.pop_front()
        {
            self.waiting.remove(&oldest);
        }
    }

    /// Takes what an answer said. Gives what is to be stored of it, and the exchanges that it
    /// turns out to have started, each to be given to [`Lineage::complete`].
    pub(super) fn learn(
        &mut self,
        row: i64,
        summary: &Summary,
        said: &mut ResponseFacts,
    ) -> (Vec<Lead>, Vec<(u128, ExchangeId)>) {
        let mut leads = Vec::new();
        if let Some(id) = said.id.take() {
            let mark = mark_of_response(&id);
            leads.push(Lead {
                mark,
                call: None,
                kind: None,
            });
        }
        let own = summary.conversation_hash.as_deref();
        if let Some(session) = &summary.session {
            // An agent that hands its own prompt on could not be told from the one it starts.
            let launches = said.launches.drain(..);
            let others = launches.filter(|launch| Some(&*launch.opening) != own);
            leads.extend(others.map(|launch| Lead {
                mark: mark_of_launch(session, &launch.opening),
                call: Some(launch.call.into()),
                kind: launch.kind.map(Into::into),
            }));
        }
        let mut begun = Vec::new();
        for lead in &leads {
            let origin = Origin {
                row,
                session: summary.session.clone(),
                conversation: summary.conversation_hash.clone(),
                agent: summary.agent.clone(),
                call: lead.call.clone(),
                kind: lead.kind.clone(),
            };
            self.remember(lead.mark, origin);
            begun.extend(self.waiting.get(&lead.mark).map(|id| (lead.mark, *id)));
        }
        (leads, begun)
    }

    /// Completes a request that began before the answer that started it had ended.
    pub(super) fn complete(&self, mark: u128, summary: &mut Summary) {
        if let Some(origin) = self.origins.get(&mark) {
            adopt(summary, origin);
        }
    }
}

/// A request that names an earlier response is of its session, and of its agent.
fn follow(summary: &mut Summary, origin: &Origin) {
    if summary.session.is_none() {
        summary.session.clone_from(&origin.session);
        if summary.session.is_none() && origin.conversation.is_some() {
            summary.conversation_hash.clone_from(&origin.conversation);
        }
    }
    if summary.session == origin.session && summary.agent.is_none() {
        summary.agent.clone_from(&origin.agent);
    }
}

/// A request whose first words are the prompt that a call gave is of the agent that the call
/// started.
fn adopt(summary: &mut Summary, origin: &Origin) {
    let asks = matches!(summary.signs.purpose, Purpose::Unknown | Purpose::Subagent);
    let may_be = !matches!(summary.signs.class, Class::Main | Class::Auxiliary);
    let is_itself = origin.agent.is_some() && summary.agent == origin.agent;
    if !asks || !may_be || is_itself || origin.call.is_none() {
        return;
    }
    if summary.agent.is_none() {
        summary.agent.clone_from(&origin.call);
        summary.signs.purpose = Purpose::Subagent;
    }
    if summary.parent_agent.is_none() {
        summary.parent_agent.clone_from(&origin.agent);
    }
    if summary.agent_type.is_none() {
        summary.agent_type.clone_from(&origin.kind);
    }
}

fn stored(row: &Row<'_>) -> rusqlite::Result<(u128, Origin)> {
    let mark: [u8; 16] = row.get(0)?;
    let conversation: Option<Vec<u8>> = row.get(5)?;
    let origin = Origin {
        call: row.get(1)?,
        kind: row.get(2)?,
        row: row.get(3)?,
        session: row.get(4)?,
        conversation: conversation.map(|bytes| crate::reader::conversation(&bytes)),
        agent: row.get(6)?,
    };
    Ok((u128::from_le_bytes(mark), origin))
}
