//! The event loop that this thread drives.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::sync::Arc;

use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;

use crate::event_loop::Shared;
use crate::python;
use crate::surroundings::Surroundings;

thread_local! {
    static CURRENT: RefCell<Option<Rc<Worker>>> = const { RefCell::new(None) };
}

/// A thread's loop, as handlers that run on it need it.
pub struct Worker {
    pub event_loop: Py<PyAny>,
    pub scheduler: Arc<Shared>,
    /// The context that the loop itself runs in; requests start from copies of it.
    pub context: Arc<Py<PyAny>>,
    /// What a request left as it found it: making them anew is a third of a short handler's cost.
    pub spare: Cell<Option<Surroundings>>,
}

impl Worker {
    pub fn new(event_loop: &Bound<'_, PyAny>, scheduler: Arc<Shared>) -> PyResult<Self> {
        let context = python::copy_context(event_loop.py())?;
        Ok(Self {
            event_loop: event_loop.clone().unbind(),
            scheduler,
            context: Arc::new(context.unbind()),
            spare: Cell::new(None),
        })
    }

    /// Makes this the thread's loop until the guard is dropped.
    pub fn enter(self) -> WorkerGuard {
        CURRENT.with_borrow_mut(|current| *current = Some(Rc::new(self)));
        WorkerGuard
    }

    /// The thread's loop.
    ///
    /// # Errors
    ///
    /// `RuntimeError` outside of a loop that is being driven.
    pub fn current() -> PyResult<Rc<Self>> {
        CURRENT.with_borrow(Clone::clone).ok_or_else(|| {
            PyRuntimeError::new_err("a handler was called outside of a running event loop")
        })
    }
}

pub struct WorkerGuard;

impl Drop for WorkerGuard {
    fn drop(&mut self) {
        CURRENT.with_borrow_mut(Option::take);
    }
}
