//! The extension module `django_bolt._core`: bolt-core behind Python handlers.
#![deny(unsafe_code)]

mod admission;
mod app;
mod blocking_pool;
mod body;
mod dispatch;
mod event_loop;
mod facts;
mod file;
mod group;
mod handler;
mod head;
mod hooks;
mod in_process;
mod invocation;
mod key_set;
mod lease;
mod plain;
#[allow(unsafe_code)] // calls of CPython that PyO3 has no safe form of, each with its reason
mod python;
mod rendering;
mod reply;
mod request;
mod revoked;
mod route;
mod running;
mod server;
mod shape;
mod stream;
mod surroundings;
mod task;
mod tokens;
mod upload;
mod values;
mod worker;

use pyo3::prelude::*;

/// bolt-core behind Python handlers.
// Borrowed references and counts of them are looked at: not on an interpreter without its lock.
#[pymodule(gil_used = true)]
mod _core {
    #[pymodule_export]
    use crate::app::{App, PlanError};
    #[pymodule_export]
    use crate::event_loop::{Handle, Scheduler};
    #[pymodule_export]
    use crate::in_process::{InProcess, InProcessRequest};
    #[pymodule_export]
    use crate::key_set::KeySet;
    #[pymodule_export]
    use crate::lease::RequestScope;
    #[pymodule_export]
    use crate::request::{Identity, Request};
    #[pymodule_export]
    use crate::revoked::RevokedTokens;
    #[pymodule_export]
    use crate::server::Server;
    #[pymodule_export]
    use crate::shape::Shape;
    #[pymodule_export]
    use crate::stream::StreamSink;
    #[pymodule_export]
    use crate::task::Task;
    #[pymodule_export]
    use crate::tokens::{check_jwt_key, decode_jwt, encode_jwt};
    #[pymodule_export]
    use crate::upload::Upload;
}
