//! What routing must know of a request: its model, its session, whose turn it is, how much it will
//! use. Read from headers where they tell it, from the body only where they do not.

use std::sync::Arc;

use http::HeaderMap;
use weir_core::exchange::RawBody;
use weir_core::keys::Class;
use weir_core::route::affinity::Home;
use weir_core::route::session::{BodyHints, SessionKey, Source};
use weir_wire::dialect::{Dialect, Operation};
use weir_wire::peek::{Peek, Want};
use weir_wire::{marks, thinking};

use crate::clock::now;
use crate::fleet::{Fleet, Member};
use crate::order::Order;
use crate::shape::Credential;

/// Bytes of a prompt that make one token, about: what vendors give as a rule of thumb for English.
const BYTES_PER_TOKEN: u64 = 4;
/// Output that is expected of a request, in tokens, until its answer tells.
const EXPECTED_OUTPUT: u64 = 500;

/// What is known of a request.
#[derive(Debug)]
pub struct Ask {
    /// What the body says, as far as it was looked at.
    pub peek: Peek,
    /// The model when the path names it.
    pub path_model: Option<Box<str>>,
    /// The model that is asked for instead of the client's.
    pub ordered_model: Option<Box<str>>,
    /// Whose turn it is.
    pub class: Class,
    /// The conversation, and what told of it.
    pub session: Option<(SessionKey, Source)>,
    /// Whether there may be opaque reasoning in it.
    pub thinking: bool,
    /// Input tokens, estimated.
    pub input_tokens: u64,
    /// Output tokens, estimated.
    pub output_tokens: u64,
}

impl Ask {
    /// Looks at a request, no further than `fleet` needs. A body that has to be looked at as a
    /// whole is one piece then.
    #[must_use]
    pub fn of(
        fleet: &Fleet,
        (candidates, order): (&[&Arc<Member>], &Order),
        (dialect, operation): (Dialect, Operation),
        (headers, path, own): (&HeaderMap, &str, bool),
        body: &mut RawBody,
    ) -> Self {
        let creates = operation.generates();
        let routed = candidates.len() > 1 || candidates.iter().any(|one| one.provider.pooled);
        // Where others are asked in their own dialect the history may come from one of them.
        let translates = fleet.routing.translate && fleet.translating(dialect).next().is_some();
        let alone = between_two(candidates, (dialect, operation), own)
            && !(translates && marks::may_be_in(&body.pieces));
        let mends = creates && fleet.routing.thinking.enabled && !alone;
        let thinking = mends && thinking::may_hold_reasoning(dialect, &body.pieces);
        let by_header = SessionKey::derive(headers, &BodyHints::default());
        // Where an order sends it says nothing of where its session is at home.
        let sessions = creates && routed && fleet.routing.affinity && order.provider.is_none();
        let mut want = Want::NOTHING;
        let named = creates || matches!(operation, Operation::CountTokens | Operation::Embeddings);
        if body.len > 0 && named {
            if order.model.is_some() {
                want |= Want::MODEL;
            }
            if fleet.routing.thinking.enabled || fleet.reads_models(candidates) {
                want |= Want::MODEL;
            }
            let translates = |one: &&Arc<Member>| !one.serves(dialect, operation);
            if candidates.iter().any(translates) {
                want |= Want::STREAM | Want::MODEL;
            }
            let streams =
                |one: &&Arc<Member>| one.api.wants_stream() || one.provider.demote_nonstreaming;
            if candidates.iter().any(streams) {
                want |= Want::STREAM | Want::MODEL;
            }
            if sessions && by_header.is_none() {
                want |= Want::SESSION;
            }
        }
        let peek = Peek::of(dialect, &body.pieces, want);
        if let Some(joined) = peek.joined() {
            *body = RawBody {
                len: joined.len(),
                pieces: vec![joined.clone()],
            };
        }
        let session = by_header
            .or_else(|| SessionKey::derive(headers, &hints(&peek)))
            .filter(|_| sessions);
        Self {
            peek,
            path_model: None,
            ordered_model: order.model.clone(),
            class: Class::of(headers, path),
            session,
            thinking,
            input_tokens: body.len as u64 / BYTES_PER_TOKEN,
            output_tokens: if creates { EXPECTED_OUTPUT } else { 0 },
        }
    }

    /// Where the session is at home, if it is still warm.
    #[must_use]
    pub fn home(&self, fleet: &Fleet) -> Option<Home> {
        let (session, _) = self.session.as_ref()?;
        let ttl = fleet.routing.affinity_ttl;
        fleet.memories.affinity.home(*session, now(), ttl)
    }

    /// The model to ask for: the client's, unless another was ordered.
    #[must_use]
    pub fn target(&self) -> Option<&str> {
        self.ordered_model.as_deref().or_else(|| self.model())
    }

    /// The model that the client asked for.
    #[must_use]
    pub fn model(&self) -> Option<&str> {
        self.path_model.as_deref().or_else(|| self.peek.model())
    }
}

/// Whether the client brings its own credential for the only provider that can take its request.
pub(crate) fn between_two(
    candidates: &[&Arc<Member>],
    asked: (Dialect, Operation),
    own: bool,
) -> bool {
    let [only] = candidates else { return false };
    only.credential(asked, own) == Credential::Client
}

fn hints(peek: &Peek) -> BodyHints<'_> {
    BodyHints {
        session: peek.session(),
        prefix_hash: peek.prefix_hash(),
    }
}
