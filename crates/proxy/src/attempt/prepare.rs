//! The request in the terms of the provider that is tried, with its credential.

use http::HeaderMap;
use http::header::{ACCEPT_ENCODING, CONTENT_LENGTH, HeaderValue};
use weir_core::exchange::RawBody;
use weir_wire::dialect::{Dialect, Operation};
use weir_wire::edit::Edits;
use weir_wire::peek::Peek;
use weir_wire::rewrite::Rewriter;

use super::{Tried, of_failure, refused};
use crate::clock::now;
use crate::errand::Errand;
use crate::fleet::Member;
use crate::forward::Failure;
use crate::misses::Miss;
use crate::provider::{Api, Asked, Outbound, SignError, Signing, Unfit};
use crate::shape::{self, Credential};

impl Errand<'_> {
    /// Puts the request into the provider's terms and signs it.
    pub(super) async fn prepare(
        &self,
        tried: &mut Tried<'_>,
        credential: Credential,
        model: Option<&str>,
    ) -> Result<(Outbound, http::Extensions), Miss> {
        let member = tried.member;
        let original = &self.original;
        let path = original
            .path_for(credential)
            .map_err(|error| refused(format!("the path cannot be forwarded: {error}")))?;
        let mended = self.mended(member, &tried.group);
        let (body, peek) = match &mended {
            Some((body, peek, edits)) => {
                tried.edited(edits);
                (body, peek)
            }
            None => (&original.body, &self.ask.peek),
        };
        let demoted = self.demoted(member, body, peek);
        if let Some(demoted) = &demoted {
            tried.demoted = true;
            tried.edited(&demoted.edits);
        }
        let (body, peek) = match &demoted {
            Some(demoted) => (&demoted.body, &demoted.peek),
            None => (body, peek),
        };
        let (path, operation) = match demoted.as_ref().and_then(|one| one.path.clone()) {
            Some(path) => (path, Operation::GenerateStream),
            None => (path, original.operation),
        };
        let (mut headers, extensions) = self.carried(tried, credential);
        if tried.rewrite.is_some() || tried.demoted {
            // What is compressed cannot be changed on its way.
            headers.remove(ACCEPT_ENCODING);
        }
        let asked = Asked {
            dialect: original.dialect,
            operation,
            method: &original.method,
            path: &path,
            client_model: self.ask.model(),
            model,
            stream: peek.stream().unwrap_or(false),
            peek,
            body,
        };
        let outbound = self.shaped(tried, &asked, headers).map_err(|miss| *miss)?;
        let outbound = self.signed(tried, outbound, credential).await?;
        Ok((outbound, extensions))
    }

    /// The request as the provider's kind has it.
    pub(super) fn shaped(
        &self,
        tried: &mut Tried<'_>,
        asked: &Asked<'_>,
        mut headers: HeaderMap,
    ) -> Result<Outbound, Box<Miss>> {
        let member = tried.member;
        let shaped = member.api.shape(asked, &mut headers);
        let shaped = shaped.map_err(of_unfit).map_err(Box::new)?;
        let body = edited(asked.body, &shaped.edits);
        tried.edited(&shaped.edits);
        if body.len != self.original.body.len && headers.contains_key(CONTENT_LENGTH) {
            headers.insert(CONTENT_LENGTH, HeaderValue::from(body.len));
        }
        let uri = member
            .upstream
            .uri(&shaped.path)
            .map_err(|error| refused(format!("the path cannot be forwarded: {error}")))
            .map_err(Box::new)?;
        Ok(Outbound {
            method: asked.method.clone(),
            uri,
            headers,
            body,
        })
    }

    pub(super) async fn signed(
        &self,
        tried: &mut Tried<'_>,
        mut outbound: Outbound,
        credential: Credential,
    ) -> Result<Outbound, Miss> {
        let signed = match credential {
            Credential::Configured => {
                let key = tried.key.as_ref().map(|key| &*key.key);
                sign(tried.member, |api| Some(api.sign(&mut outbound, key))).await
            }
            Credential::Client => sign(tried.member, |api| api.overrule(&mut outbound)).await,
        };
        if signed.map_err(|failure| of_failure(&failure))? {
            tried.credential = Credential::Configured;
        }
        Ok(outbound)
    }

    /// The body with its thinking blocks as `member` can take them; none when nothing changes.
    fn mended(&self, member: &Member, group: &str) -> Option<(RawBody, Peek, Edits)> {
        if !self.ask.thinking {
            return None;
        }
        let thinking = &self.fleet.routing.thinking;
        let body = self.original.body.to_bytes();
        let vault = &self.fleet.memories.vault;
        // Anthropic's signatures are good at all who have its models, the others' are bound.
        let portable = self.original.dialect == Dialect::AnthropicMessages;
        let mut resolver = vault.resolver(member.name(), portable, now());
        let options = weir_wire::thinking::Options {
            placeholder: &thinking.placeholder,
        };
        let dialect = self.original.dialect;
        let plan = weir_wire::thinking::plan_edits(&body, dialect, &mut resolver, group, &options);
        if plan.edits.is_empty() {
            return None;
        }
        self.log.lock().route.edits = plan.changes();
        let (pieces, len) = plan.edits.apply(&[body]);
        let peek = self.ask.peek.again(dialect, &pieces);
        Some((RawBody { pieces, len }, peek, plan.edits))
    }

    /// What must be put back into the answer.
    pub(super) fn rewrite(
        &self,
        tried: &Tried<'_>,
        client_model: Option<&str>,
        model: Option<&str>,
    ) -> Option<Box<Rewriter>> {
        let thinking = &self.fleet.routing.thinking;
        let prefix = (thinking.enabled && thinking.prefix).then_some(&*tried.group);
        let mapped = client_model
            .filter(|client| model.is_some_and(|model| model != *client))
            .filter(|_| tried.member.provider.reverse_model_mapping);
        if let Some(model) = model.filter(|model| client_model != Some(model)) {
            self.log.lock().route.model = Some(model.into());
        }
        if prefix.is_none() && mapped.is_none() || !self.original.operation.generates() {
            return None;
        }
        let rewriter = Rewriter::new(self.original.dialect, prefix, mapped);
        Some(Box::new(rewriter))
    }

    /// The client's headers for this provider, and their spelling. The last try takes them.
    pub(super) fn carried(
        &self,
        tried: &Tried<'_>,
        credential: Credential,
    ) -> (HeaderMap, http::Extensions) {
        let mut carried = self.original.headers.lock();
        let upstream = &tried.member.upstream;
        let sieve = shape::Sieve::new(&carried.0, upstream, self.spent, credential);
        if tried.left.anything() {
            return (sieve.copy(&carried.0), carried.1.clone());
        }
        let (headers, extensions) = std::mem::take(&mut *carried);
        (sieve.take(headers), extensions)
    }
}

/// Puts a credential in, if `member` has one to put there, within its connect timeout.
async fn sign<'a>(
    member: &'a Member,
    signing: impl FnOnce(&'a dyn Api) -> Option<Signing<'a>>,
) -> Result<bool, Failure> {
    let limit = member.provider.connect_timeout;
    let signed = match signing(&*member.api) {
        None => return Ok(false),
        Some(Signing::Ready(signed)) => signed,
        Some(Signing::Wait(signing)) => match tokio::time::timeout(limit, signing).await {
            Ok(signed) => signed,
            Err(_) => return Err(Failure::Unsigned(format!("no credential within {limit:?}"))),
        },
    };
    match signed {
        Ok(()) => Ok(true),
        Err(SignError::Token(error)) if error.is_rejected() => {
            Err(Failure::Rejected(error.to_string()))
        }
        Err(error) => Err(Failure::Unsigned(error.to_string())),
    }
}

pub(super) fn edited(body: &RawBody, edits: &Edits) -> RawBody {
    if edits.is_empty() {
        return body.clone();
    }
    let (pieces, len) = edits.apply(&body.pieces);
    RawBody { pieces, len }
}

fn of_unfit(unfit: Unfit) -> Miss {
    Miss {
        kind: unfit.kind,
        cause: unfit.message.clone(),
        message: unfit.message,
        kept: None,
        wait: None,
    }
}
