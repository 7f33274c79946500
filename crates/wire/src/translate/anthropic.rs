//! Anthropic's Messages: `/v1/messages`.
//!
//! Source of the format: <https://docs.anthropic.com/en/api/messages>.

mod answer;
mod error;
mod input;
mod model;
mod object;
mod request;
mod sink;
mod source;
mod usage;
mod words;
mod write;

pub use answer::{read_answer, write_answer};
pub use error::{read_error, write_error};
pub use request::read_request;
pub use sink::Sink;
pub use source::Source;
pub use write::write_request;
