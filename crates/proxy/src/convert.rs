//! What turns an upstream's body into the one that the client gets, where the two differ: another
//! framing, or names that are put back. Both may be so at once.

use std::collections::VecDeque;

use bytes::Bytes;
use weir_wire::eventstream::{Broken, Exception, ToSse};
use weir_wire::rewrite::Rewriter;

use crate::provider::Form;

/// A body's converter. Without one the bytes go through as they came.
#[derive(Debug)]
pub struct Converter {
    /// Amazon's event stream to server-sent events.
    frames: Option<Box<ToSse>>,
    /// Names or signatures in the dialect's own framing.
    rewriter: Option<Box<Rewriter>>,
}

impl Converter {
    /// What a body of this form needs; none if it is the client's as it comes.
    #[must_use]
    pub fn new(form: Form, rewriter: Option<Box<Rewriter>>) -> Option<Self> {
        let frames = (form == Form::AwsEventStream).then(Box::default);
        (frames.is_some() || rewriter.is_some()).then_some(Self { frames, rewriter })
    }

    /// Takes a piece; what is ready goes to the end of `out`. `said` gets what the upstream said in
    /// the dialect's own framing, before anything of it is changed.
    ///
    /// # Errors
    /// When the body is not what it must be: it ends here, as a break.
    pub fn push(
        &mut self,
        piece: Bytes,
        out: &mut VecDeque<Bytes>,
        mut said: impl FnMut(&Bytes),
    ) -> Result<(), String> {
        let rewriter = &mut self.rewriter;
        let mut pass = |piece: Bytes| {
            said(&piece);
            match rewriter {
                Some(rewriter) => rewriter.push(piece, out),
                None => out.push_back(piece),
            }
        };
        let Some(frames) = &mut self.frames else {
            pass(piece);
            return Ok(());
        };
        let mut events = VecDeque::new();
        let outcome = frames.push(&piece, &mut events);
        events.into_iter().for_each(pass);
        outcome.map_err(broken)
    }

    /// The upstream's body has ended.
    ///
    /// # Errors
    /// When it ended inside something.
    pub fn finish(&mut self, out: &mut VecDeque<Bytes>) -> Result<(), String> {
        if let Some(rewriter) = &mut self.rewriter {
            rewriter.finish(out);
        }
        match &self.frames {
            Some(frames) => frames.finish().map_err(broken),
            None => Ok(()),
        }
    }

    /// The exception that was the last of it.
    #[must_use]
    pub fn exception(&self) -> Option<&Exception> {
        self.frames.as_ref().and_then(|frames| frames.exception())
    }
}

/// What is said of a stream of frames that cannot be read on.
#[expect(
    clippy::needless_pass_by_value,
    reason = "it is handed to `map_err` as it is"
)]
pub(crate) fn broken(error: Broken) -> String {
    format!("upstream's event stream is broken: {error}")
}
