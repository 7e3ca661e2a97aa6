//! HTTP, routing, extraction, authentication and guards, without Python.
#![forbid(unsafe_code)]

pub mod auth;
pub mod error;
pub mod extract;
pub mod guards;
pub mod handler;
pub mod plan;
pub mod reply;
pub mod request;
pub mod router;
