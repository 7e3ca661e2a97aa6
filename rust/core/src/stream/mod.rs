//! Between whatever produces a body and the connection that takes it.

pub mod channel;
pub mod heartbeat;
