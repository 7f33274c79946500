//! What a provider of another dialect answers, as the client gets it.

use super::codec::{self, Sink, Source};
use super::echo::Listener;
use super::fault::Fault;
use super::form::Stop;
use super::options::AnswerOptions;
use super::outbound::{Back, Way};
use super::restore::Restore;
use super::sequence::Sequencer;
use super::signal::{Ending, Failure, Signal};
use super::stops::{self, Stops};
use crate::dialect::Dialect;
use crate::sse::Splitter;

/// Translates a whole answer, not streamed.
///
/// # Errors
/// When it is no answer of the provider's dialect.
pub fn answer(body: &[u8], back: &Back, options: &AnswerOptions<'_>) -> Result<Vec<u8>, Fault> {
    let mut answer = codec::read_answer(back.way.provider, body)?;
    back.words.restore(&mut answer.parts, options.seed);
    if let Some(mut listener) = listener(back) {
        listener.hear_whole(&answer.parts);
    }
    if let Some(stop) = stops::cut(&mut answer.parts, &back.stops) {
        answer.stop = Stop::Sequence(Some(stop.into()));
    }
    Ok(codec::write_answer(
        back.way.client,
        &answer,
        options,
        &back.declared,
    ))
}

/// Translates what came instead of an answer; gives status and body.
#[must_use]
pub fn error(way: Way, status: u16, body: &[u8]) -> (u16, Vec<u8>) {
    let failure = codec::read_error(way.provider, status, body);
    codec::write_error(way.client, &failure)
}

fn listener(back: &Back) -> Option<Listener> {
    let memory = back.memory.clone()?;
    Some(Listener::new(memory, back.place))
}

/// How far a stream is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Progress {
    /// It goes on.
    Running,
    /// It is complete; what still comes is of no interest.
    Whole,
    /// It broke off or failed, and the client was told so in its dialect.
    Failed(String),
}

/// Translates a stream, piece by piece.
///
/// ```
/// use weir_wire::dialect::Dialect;
/// use weir_wire::translate::inbound::Stream;
/// use weir_wire::translate::options::{AnswerOptions, Hints, Options};
/// use weir_wire::translate::outbound::{Way, request};
/// use weir_wire::translate::profile::Profile;
///
/// let way = Way { client: Dialect::AnthropicMessages, provider: Dialect::OpenaiChat };
/// let asked = br#"{"model":"m","max_tokens":9,"stream":true,"messages":[{"role":"user","content":"Hi"}]}"#;
/// let profile = Profile::default();
/// let options = Options { model: "gpt", stream: true, profile: &profile };
/// let sent = request(way, asked, &Hints::default(), &options)?;
/// let mut stream = Stream::new(&sent.back, &AnswerOptions { model: "m", ..Default::default() });
/// let mut out = Vec::new();
/// stream.push(b"data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"Hello\"}}]}\n\n", &mut out);
/// assert!(String::from_utf8_lossy(&out).contains("text_delta"));
/// # Ok::<(), weir_wire::translate::fault::Fault>(())
/// ```
#[derive(Debug)]
pub struct Stream {
    splitter: Splitter,
    provider: Dialect,
    source: Source,
    stages: Stages,
    sink: Sink,
    progress: Progress,
    over: bool,
    status: Option<u16>,
}

/// What happens to signals between source and sink.
#[derive(Debug)]
struct Stages {
    sequencer: Sequencer,
    restore: Restore,
    listener: Option<Listener>,
    stops: Stops,
    /// What the provider says went wrong.
    failure: Option<(u16, String)>,
}

impl Stages {
    fn push(&mut self, signal: Signal<'_>, each: &mut dyn FnMut(Signal<'_>)) {
        let Self {
            sequencer,
            restore,
            listener,
            stops,
            failure,
        } = self;
        sequencer.push(signal, &mut |signal| {
            if let Signal::Failed(Failure {
                status, message, ..
            }) = &signal
            {
                *failure = Some((*status, format!("{status}: {message}")));
            }
            restore.push(signal, &mut |signal| {
                if let Some(listener) = listener {
                    listener.hear(&signal);
                }
                stops.push(signal, each);
            });
        });
    }
}

impl Stream {
    /// At the start of the answer to the request that `back` remembers.
    #[must_use]
    pub fn new(back: &Back, options: &AnswerOptions<'_>) -> Self {
        Self {
            splitter: Splitter::new(),
            provider: back.way.provider,
            source: Source::new(back.way.provider),
            stages: Stages {
                sequencer: Sequencer::new(),
                restore: Restore::new(back.words.clone(), options.seed),
                listener: listener(back),
                stops: Stops::new(back.stops.clone()),
                failure: None,
            },
            sink: Sink::new(back.way.client, options, back.declared.clone()),
            progress: Progress::Running,
            over: false,
            status: None,
        }
    }

    /// How far it is.
    #[must_use]
    pub fn progress(&self) -> &Progress {
        &self.progress
    }

    /// The status that the provider's failure stands for, once it has told one.
    #[must_use]
    pub fn failed_with(&self) -> Option<u16> {
        self.status
    }

    /// Whether it has ended before the provider's bytes have: what still comes need not be waited
    /// for.
    #[must_use]
    pub fn is_over(&self) -> bool {
        self.over
    }

    /// Takes a piece; what the client gets for it goes behind `out`.
    pub fn push(&mut self, piece: &[u8], out: &mut Vec<u8>) {
        if self.progress != Progress::Running {
            return;
        }
        let Self {
            splitter,
            source,
            stages,
            sink,
            ..
        } = self;
        let skipped = splitter.skipped();
        let (provider, mut last) = (self.provider, false);
        splitter.push(piece, |event| {
            if last || stages.failure.is_some() || stages.stops.is_over() {
                return;
            }
            last = codec::is_last(provider, event);
            source.push(event, &mut |signal| {
                stages.push(signal, &mut |signal| sink.write(&signal, out));
            });
        });
        let over = match () {
            () if splitter.skipped() > skipped => Some(Ending::Cut),
            () if stages.failure.is_some() => Some(Ending::Failed),
            () if stages.stops.is_over() => Some(Ending::Whole),
            () => None,
        };
        if let Some(ending) = over {
            self.over = true;
            self.end(ending, "an event is too large", out);
        } else if last {
            // What began behind the last event is none of the answer.
            self.conclude(out);
        }
    }

    /// The provider's bytes have ended.
    pub fn finish(&mut self, out: &mut Vec<u8>) {
        if self.progress != Progress::Running {
            return;
        }
        let Self {
            splitter,
            source,
            stages,
            sink,
            ..
        } = self;
        splitter.finish(|event| {
            source.push(event, &mut |signal| {
                stages.push(signal, &mut |signal| sink.write(&signal, out));
            });
        });
        self.conclude(out);
    }

    /// All events have come.
    fn conclude(&mut self, out: &mut Vec<u8>) {
        let Self {
            source,
            stages,
            sink,
            ..
        } = self;
        let ending = source.finish(&mut |signal| {
            stages.push(signal, &mut |signal| sink.write(&signal, out));
        });
        let ending = match stages.failure {
            Some(_) => Ending::Failed,
            None => ending,
        };
        self.end(ending, "it ended before the answer was complete", out);
    }

    /// The connection to the provider broke.
    pub fn break_off(&mut self, reason: &str, out: &mut Vec<u8>) {
        if self.progress == Progress::Running {
            self.end(Ending::Cut, reason, out);
        }
    }

    /// Says that somebody is there, for clients that give up in silence.
    pub fn ping(&mut self, out: &mut Vec<u8>) {
        if self.progress == Progress::Running {
            self.sink.write(&Signal::Ping, out);
        }
    }

    fn end(&mut self, ending: Ending, why: &str, out: &mut Vec<u8>) {
        self.sink.finish(ending, out);
        let told = self.stages.failure.take();
        self.status = told.as_ref().map(|(status, _)| *status);
        let told = told.map(|(_, reason)| reason);
        self.progress = match ending {
            Ending::Whole => Progress::Whole,
            Ending::Cut | Ending::Failed => Progress::Failed(told.unwrap_or_else(|| why.into())),
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::translate::options::{Hints, Options};
    use crate::translate::outbound::request;
    use crate::translate::profile::Profile;

    fn back(client: Dialect, provider: Dialect, asked: &str) -> Back {
        let profile = Profile::default();
        let options = Options {
            model: "m",
            stream: true,
            profile: &profile,
        };
        let way = Way { client, provider };
        let sent = request(way, asked.as_bytes(), &Hints::default(), &options);
        sent.expect("a request").back
    }

    #[test]
    fn what_begins_behind_the_last_event_spoils_nothing() {
        let asked = r#"{"contents":[{"parts":[{"text":"Hi"}]}]}"#;
        let back = back(Dialect::Gemini, Dialect::OpenaiChat, asked);
        let answer =
            r#"data: {"choices":[{"index":0,"delta":{"content":"a"},"finish_reason":"stop"}]}"#;
        let streams = format!("{answer}\n\ndata: [DONE]\n\ndata: {{\"cho");
        let mut stream = Stream::new(&back, &AnswerOptions::default());
        stream.push(streams.as_bytes(), &mut Vec::new());
        assert_eq!(*stream.progress(), Progress::Whole);
    }
}
