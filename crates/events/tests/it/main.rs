//! Sinks against stand-ins for their services, over real sockets.

mod sample;
mod stand_in;
mod webhook;
