//! What turns an upstream's body into the one that the client gets, where the two differ: another
//! framing, or names that are put back.

use std::collections::VecDeque;

use bytes::Bytes;
use weir_wire::eventstream::ToSse;
use weir_wire::rewrite::Rewriter;

/// A body's converter. Without one the bytes go through as they came.
#[derive(Debug)]
pub enum Converter {
    /// Amazon's event stream to server-sent events.
    EventStream(Box<ToSse>),
    /// Names or signatures in the provider's own framing.
    Rewrite(Box<Rewriter>),
}

impl Converter {
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
        match self {
            Self::EventStream(frames) => {
                let before = out.len();
                let outcome = frames
                    .push(&piece, out)
                    .map_err(|error| format!("upstream's event stream is broken: {error}"));
                out.range(before..).for_each(said);
                outcome
            }
            Self::Rewrite(rewriter) => {
                said(&piece);
                rewriter.push(piece, out);
                Ok(())
            }
        }
    }

    /// The upstream's body has ended.
    ///
    /// # Errors
    /// When it ended inside something.
    pub fn finish(&mut self, out: &mut VecDeque<Bytes>) -> Result<(), String> {
        match self {
            Self::EventStream(frames) => frames
                .finish()
                .map_err(|error| format!("upstream's event stream is broken: {error}")),
            Self::Rewrite(rewriter) => {
                rewriter.finish(out);
                Ok(())
            }
        }
    }
}
