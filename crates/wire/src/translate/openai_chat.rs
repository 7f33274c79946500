//! OpenAI's Chat Completions: `/v1/chat/completions`, and the servers that are compatible with it.
//!
//! Source of the format: <https://platform.openai.com/docs/api-reference/chat>.

mod answer;
mod calls;
mod chunk;
mod citation;
mod details;
mod error;
mod inline;
mod reader;
mod request;
mod said;
mod sink;
mod source;
mod usage;
mod words;
mod write;

pub use answer::{read_answer, write_answer};
pub use error::{read_error, write_error};
pub use request::{read_request, wants_usage};
pub use sink::Sink;
pub use source::Source;
pub use write::{unsent_stops, write_request};

#[cfg(test)]
mod tests;
