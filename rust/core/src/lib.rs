//! HTTP, routing, extraction, authentication and guards, without Python.
#![forbid(unsafe_code)]

mod accept;
pub mod app;
pub mod auth;
mod body;
pub mod conditional;
mod content_coding;
pub mod error;
pub mod extract;
pub mod file;
pub mod form;
#[cfg(feature = "fuzzing")]
#[doc(hidden)]
pub mod fuzzing;
pub mod guards;
pub mod handler;
mod media_type;
mod negotiation;
pub mod path;
pub mod plan;
pub mod render;
pub mod renderers;
pub mod reply;
pub mod request;
pub mod router;
pub mod server;
pub mod service;
pub mod stream;
mod watchdog;
mod wire;
