//! The event loop that this thread drives.

use std::cell::RefCell;
use std::sync::Arc;

use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;

use crate::event_loop::Shared;

thread_local! {
    static CURRENT: RefCell<Option<Worker>> = const { RefCell::new(None) };
}

/// A thread's loop, as handlers that run on it need it.
pub struct Worker {
    pub event_loop: Py<PyAny>,
    pub scheduler: Arc<Shared>,
}

impl Worker {
    /// Makes this the thread's loop until the guard is dropped.
    pub fn enter(self) -> WorkerGuard {
        CURRENT.with_borrow_mut(|current| *current = Some(self));
        WorkerGuard
    }

    /// The thread's loop.
    ///
    /// # Errors
    ///
    /// `RuntimeError` outside of a loop that is being driven.
    pub fn current(py: Python<'_>) -> PyResult<Self> {
        CURRENT.with_borrow(|current| {
            let worker = current.as_ref().ok_or_else(|| {
                PyRuntimeError::new_err("a handler was called outside of a running event loop")
            })?;
            Ok(Self {
                event_loop: worker.event_loop.clone_ref(py),
                scheduler: Arc::clone(&worker.scheduler),
            })
        })
    }
}

pub struct WorkerGuard;

impl Drop for WorkerGuard {
    fn drop(&mut self) {
        CURRENT.with_borrow_mut(Option::take);
    }
}
