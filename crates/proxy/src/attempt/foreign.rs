//! Tries that are not asked in the client's words: translated for a provider of another dialect,
//! or asked for a stream that the client does not want.

use std::sync::Arc;

use http::uri::PathAndQuery;
use http::{Method, StatusCode};
use weir_core::exchange::RawBody;
use weir_wire::demote::demand_stream;
use weir_wire::dialect::{Dialect, Operation};
use weir_wire::edit::Edits;
use weir_wire::errors::ErrorKind;
use weir_wire::peek::Peek;
use weir_wire::translate::fault::Fault;

use super::prepare::edited;
use super::{Tried, refused};
use crate::errand::Errand;
use crate::fleet::Member;
use crate::misses::Miss;
use crate::provider::{self, Asked, Outbound};
use crate::settle::Lesson;
use crate::shape::Credential;
use crate::translation;

/// One of so many translated exchanges has its tokens estimated, to compare.
const LESSON_EVERY: u64 = 16;

/// A request for a stream that the client does not want.
pub(super) struct Demoted {
    pub(super) body: RawBody,
    pub(super) peek: Peek,
    /// What was changed for it.
    pub(super) edits: Edits,
    /// Where to ask, if that says it.
    pub(super) path: Option<PathAndQuery>,
}

impl Errand<'_> {
    /// Puts the request into the words of a provider that speaks `tried.dialect`, and signs it.
    pub(super) async fn translate(
        &self,
        tried: &mut Tried<'_>,
        model: &str,
    ) -> Result<(Outbound, http::Extensions), Miss> {
        let member = tried.member;
        if model.is_empty() {
            return Err(refused("`model`: missing".into()));
        }
        let wanted = (tried.dialect, model);
        let profile = member
            .profiles
            .of(&self.fleet.known, &member.provider, wanted);
        let demotes = member.provider.demote_nonstreaming;
        let translated = translation::request(self, tried.dialect, model, (&profile, demotes))
            .map_err(at_fault)?;
        if self.ask.model() != Some(model) {
            self.log.lock().route.model = Some(model.into());
        }
        let headers = {
            let client = self.original.headers.lock();
            translation::headers(&client.0, &translated, (tried.dialect, &profile))
        };
        let asked = Asked {
            dialect: tried.dialect,
            operation: translated.operation,
            method: &Method::POST,
            path: &translated.path,
            client_model: Some(model),
            model: Some(model),
            stream: translated.peek.stream().unwrap_or(false),
            peek: &translated.peek,
            body: &translated.body,
        };
        let outbound = self.shaped(tried, &asked, headers).map_err(|miss| *miss)?;
        tried.lesson = self.lesson(tried.dialect, model, &translated.body);
        tried.profile = Some(profile);
        tried.back = Some(Box::new(translated.back));
        // Whatever the client sent is a credential for somebody else.
        let outbound = self.signed(tried, outbound, Credential::Configured).await?;
        Ok((outbound, http::Extensions::new()))
    }

    /// Every so often an exchange teaches how far estimates are off, and the first of a model always.
    fn lesson(&self, dialect: Dialect, model: &str, body: &RawBody) -> Option<Lesson> {
        let memories = &self.fleet.memories;
        let wanted = self.seed.is_multiple_of(LESSON_EVERY) || !memories.calibration.knows(model);
        wanted.then(|| Lesson {
            body: body.to_bytes(),
            dialect,
            model: model.into(),
            memories: Arc::clone(memories),
        })
    }

    /// Learns from a refusal what the provider cannot do; says whether that was news.
    pub(super) fn learn_ability(&self, tried: &Tried<'_>, status: StatusCode, said: &[u8]) -> bool {
        let (Some(profile), Some(model)) = (&tried.profile, self.ask.target()) else {
            return false;
        };
        let model = translation::model_for(tried.member, model);
        let profiles = &tried.member.profiles;
        profiles.learn((tried.dialect, model), profile, status, said)
    }

    /// The request as one for a stream, where the provider is to be asked so.
    pub(super) fn demoted(&self, member: &Member, body: &RawBody, peek: &Peek) -> Option<Demoted> {
        let original = &self.original;
        let wants_none = original.operation == Operation::Generate && peek.stream() != Some(true);
        if !member.provider.demote_nonstreaming || !wants_none || body.len == 0 {
            return None;
        }
        if original.dialect == Dialect::Gemini {
            let model = self.ask.model()?;
            return Some(Demoted {
                body: body.clone(),
                peek: peek.again(original.dialect, &body.pieces),
                edits: Edits::default(),
                path: provider::gemini_path(model, true).ok(),
            });
        }
        let edits = demand_stream(original.dialect, &body.to_bytes())?;
        let body = edited(body, &edits);
        Some(Demoted {
            peek: peek.again(original.dialect, &body.pieces),
            body,
            edits,
            path: None,
        })
    }
}

/// The client's request cannot be said to this provider.
fn at_fault(fault: Fault) -> Miss {
    let message = match fault.field.as_str() {
        "" => fault.message.into_owned(),
        _ => fault.to_string(),
    };
    Miss {
        kind: ErrorKind::InvalidRequest,
        cause: message.clone(),
        message,
        kept: None,
        wait: None,
    }
}
