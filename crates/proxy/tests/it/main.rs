//! The data plane against the mock, over real sockets, down to the bytes.

mod admission;
mod ends;
mod fidelity;
mod net;
mod outbound;
mod protocols;
mod streaming;
