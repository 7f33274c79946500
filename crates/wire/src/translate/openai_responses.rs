//! OpenAI Responses, as Codex CLI speaks it: requests, answers and streams, read and written.
//!
//! A response that the provider keeps for later (`previous_response_id`, `conversation`, stored
//! prompts, background runs) is not in the body and is refused; everything else is carried or
//! noted. WebSocket frames are not read here.

mod annotation;
mod answer;
mod declared;
mod error;
mod foreign;
mod items;
mod kinds;
mod members;
mod read;
mod request;
mod response;
mod schema;
mod sink;
mod source;
mod write;

pub use answer::{read_answer, write_answer, write_answer_with};
pub use declared::Declared;
pub use error::{read_error, write_error};
pub use request::read_request;
pub use sink::Sink;
pub use source::Source;
pub use write::write_request;
