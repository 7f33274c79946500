//! From one dialect to another: every dialect is read into one form and written from it.
//!
//! ```text
//! request   bytes -> Request -> bytes      of the client's dialect, for the provider's
//! answer    bytes -> Answer  -> bytes      back
//! stream    events -> Signal* -> Sequencer -> Signal* -> events
//! ```
//!
//! The form borrows from the bytes it was read from. What a dialect says and the form has no place
//! for travels in [`form::Extra`] lists, and comes out again where the target is the dialect that
//! it came from. Requests of a dialect for a provider of the same dialect never come here.

pub mod anthropic;
pub mod codec;
pub mod customer;
pub mod echo;
pub mod fault;
pub mod form;
pub mod freeform;
pub mod gemini;
pub mod inbound;
pub mod json;
pub mod names;
pub mod openai_chat;
pub mod openai_responses;
pub mod options;
pub mod outbound;
pub mod profile;
pub mod repair;
pub mod restore;
pub mod search;
pub mod sequence;
pub mod signal;
pub mod stops;
pub mod told;
