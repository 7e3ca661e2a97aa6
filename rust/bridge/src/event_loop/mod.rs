//! The asyncio loop of a worker: its ready queue and timers, driven by Tokio on the same thread.
//!
//! `django_bolt.server.event_loop.EventLoop` puts [`scheduler::Scheduler`] in front of asyncio's
//! own selector loop, which goes on doing sockets, TLS, subprocesses and signals. Tokio waits
//! for that selector as it waits for its own sockets: an epoll descriptor is itself pollable.

mod driver;
mod handle;
mod scheduler;
mod timers;

pub use handle::Handle;
pub use scheduler::{Ready, Scheduler, Shared};
