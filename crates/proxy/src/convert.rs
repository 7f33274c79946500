//! What turns an upstream's body into the one that the client gets, where the two differ: another
//! framing, names that are put back, or another dialect.

use std::collections::VecDeque;

use bytes::{Bytes, BytesMut};
use weir_core::route::breaker::Outcome;
use weir_wire::eventstream::{Broken, ToSse};
use weir_wire::rewrite::Rewriter;
use weir_wire::translate::inbound::{Progress, Stream};

use crate::provider::Form;

/// Bytes that are allocated at once for what a translation writes; pieces are cut off them.
const BLOCK: usize = 16 * 1024;

/// A body's converter. Without one the bytes go through as they came.
#[derive(Debug)]
pub struct Converter {
    /// Amazon's event stream to server-sent events.
    frames: Option<Box<ToSse>>,
    stage: Stage,
}

#[derive(Debug)]
enum Stage {
    Nothing,
    /// Names or signatures in the dialect's own framing.
    Rewrite(Box<Rewriter>),
    /// Another dialect.
    Translate(Box<Translator>),
}

#[derive(Debug)]
struct Translator {
    stream: Stream,
    /// What it wrote last.
    written: Vec<u8>,
    block: BytesMut,
}

impl Translator {
    /// Hands on what was written, cut off a larger block.
    fn hand_on(&mut self, out: &mut VecDeque<Bytes>) {
        if self.written.is_empty() {
            return;
        }
        if self.block.capacity() < self.written.len() {
            self.block = BytesMut::with_capacity(BLOCK.max(self.written.len()));
        }
        self.block.extend_from_slice(&self.written);
        self.written.clear();
        out.push_back(self.block.split().freeze());
    }
}

impl Converter {
    /// What a body of this form needs; none if it is the client's as it comes.
    #[must_use]
    pub fn new(form: Form, rewriter: Option<Box<Rewriter>>) -> Option<Self> {
        let frames = frames(form);
        let stage = rewriter.map_or(Stage::Nothing, Stage::Rewrite);
        let needed = frames.is_some() || !matches!(stage, Stage::Nothing);
        needed.then_some(Self { frames, stage })
    }

    /// Translates a body of this form.
    #[must_use]
    pub fn translating(form: Form, stream: Stream) -> Self {
        let translator = Translator {
            stream,
            written: Vec::new(),
            block: BytesMut::new(),
        };
        Self {
            frames: frames(form),
            stage: Stage::Translate(Box::new(translator)),
        }
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
        let stage = &mut self.stage;
        let mut pass = |piece: Bytes| {
            said(&piece);
            match stage {
                Stage::Nothing => out.push_back(piece),
                Stage::Rewrite(rewriter) => rewriter.push(piece, out),
                Stage::Translate(translator) => {
                    translator.stream.push(&piece, &mut translator.written);
                    translator.hand_on(out);
                }
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
        if let Some(frames) = &self.frames {
            frames.finish().map_err(broken)?;
        }
        match &mut self.stage {
            Stage::Nothing => {}
            Stage::Rewrite(rewriter) => rewriter.finish(out),
            Stage::Translate(translator) => {
                translator.stream.finish(&mut translator.written);
                translator.hand_on(out);
            }
        }
        Ok(())
    }

    /// The upstream's body has broken off; whether the client has been told so in its dialect.
    pub fn break_off(&mut self, reason: &str, out: &mut VecDeque<Bytes>) -> bool {
        let Stage::Translate(translator) = &mut self.stage else {
            return false;
        };
        translator.stream.break_off(reason, &mut translator.written);
        translator.hand_on(out);
        true
    }

    /// Says that the answer goes on, where that can be said.
    pub fn ping(&mut self, out: &mut VecDeque<Bytes>) {
        if let Stage::Translate(translator) = &mut self.stage {
            translator.stream.ping(&mut translator.written);
            translator.hand_on(out);
        }
    }

    /// Whether the client has been told how the answer ended before the upstream's body has.
    #[must_use]
    pub fn is_over(&self) -> bool {
        let exception = self.frames.as_ref().and_then(|frames| frames.exception());
        exception.is_some()
            || matches!(&self.stage, Stage::Translate(translator) if translator.stream.is_over())
    }

    /// Whether the client has got the last of its answer, though the upstream's body goes on.
    #[must_use]
    pub fn is_told(&self) -> bool {
        matches!(&self.stage, Stage::Translate(translator)
            if *translator.stream.progress() == Progress::Whole)
    }

    /// How the upstream failed, if the client was told so in its dialect and the request was not at
    /// fault.
    #[must_use]
    pub fn failure(&self) -> Option<String> {
        if let Stage::Translate(translator) = &self.stage
            && let Progress::Failed(reason) = translator.stream.progress()
        {
            let status = translator.stream.failed_with();
            let at_fault = status.is_some_and(|s| Outcome::of_status(s) != Outcome::Failure);
            return (!at_fault).then(|| reason.clone());
        }
        let exception = self.frames.as_ref()?.exception()?;
        let failed = Outcome::of_status(exception.status()) == Outcome::Failure;
        failed.then(|| exception.to_string())
    }
}

fn frames(form: Form) -> Option<Box<ToSse>> {
    (form == Form::AwsEventStream).then(Box::default)
}

/// What is said of a stream of frames that cannot be read on.
#[expect(
    clippy::needless_pass_by_value,
    reason = "it is handed to `map_err` as it is"
)]
pub(crate) fn broken(error: Broken) -> String {
    format!("upstream's event stream is broken: {error}")
}
