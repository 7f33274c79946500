//! Google's Gemini: `:generateContent` and `:streamGenerateContent`, at Google AI and on Vertex.
//!
//! Source of the format: <https://ai.google.dev/api/generate-content>. Members are read in both
//! spellings that Google takes (`inlineData`, `inline_data`) and written in the first. Streams are
//! server-sent events (`alt=sse`); the array that comes without it is not read here.

mod answer;
mod args;
mod call;
mod error;
mod part;
mod request;
mod schema;
mod sink;
mod source;
mod tally;
mod words;
mod write;

pub use answer::{read_answer, write_answer};
pub use error::{read_error, write_error};
pub use request::read_request;
pub use sink::Sink;
pub use source::Source;
pub use write::write_request;
