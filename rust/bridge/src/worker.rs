//! The event loop that this thread drives.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;

use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;

use crate::event_loop::Shared;
use crate::python;
use crate::surroundings::Surroundings;

/// As many as there are often requests under way at once on one thread; some 2 kB each.
const MOST_SPARES: usize = 256;

thread_local! {
    static CURRENT: RefCell<Option<Rc<Worker>>> = const { RefCell::new(None) };
}

/// A thread's loop, as handlers that run on it need it.
pub struct Worker {
    pub event_loop: Py<PyAny>,
    pub scheduler: Arc<Shared>,
    /// The context that the loop itself runs in; requests start from copies of it.
    pub context: Arc<Py<PyAny>>,
    /// What requests left as they found it: making it anew is a third of a short handler's cost.
    spares: RefCell<Vec<Surroundings>>,
    /// What requests leave whose last step is still under way.
    leaving: RefCell<Vec<Surroundings>>,
}

impl Worker {
    pub fn new(event_loop: &Bound<'_, PyAny>, scheduler: Arc<Shared>) -> PyResult<Self> {
        let context = python::copy_context(event_loop.py())?;
        Ok(Self {
            event_loop: event_loop.clone().unbind(),
            scheduler,
            context: Arc::new(context.unbind()),
            spares: RefCell::default(),
            leaving: RefCell::default(),
        })
    }

    pub fn take_spare(&self) -> Option<Surroundings> {
        self.spares.borrow_mut().pop()
    }

    pub fn keep_spare(&self, surroundings: Surroundings) {
        let mut spares = self.spares.borrow_mut();
        if spares.len() < MOST_SPARES {
            spares.push(surroundings);
        }
    }

    /// Takes what a request leaves when its task has made its last step.
    pub fn leave_later(&self, surroundings: Surroundings) {
        self.leaving.borrow_mut().push(surroundings);
    }

    /// Looks at what was left, when nothing of this thread is under way.
    pub fn sort_out(&self, py: Python<'_>) {
        // What is dropped on the way may run code that leaves more.
        let left = std::mem::take(&mut *self.leaving.borrow_mut());
        for surroundings in left {
            surroundings.leave_to_next(py, self);
        }
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
