//! Sinks against stand-ins for their services, over real sockets.

mod any;
mod helicone;
mod langfuse;
mod lunary;
mod otel;
mod s3;
mod sample;
mod stand_in;
mod webhook;
