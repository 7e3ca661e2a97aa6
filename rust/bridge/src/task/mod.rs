//! The task of one handler.
//!
//! `asyncio.Task` is scheduled through the loop even where its coroutine never suspends. This one
//! runs its first step at once, on the caller's stack, and is still the one object that
//! `asyncio.current_task()` returns from the handler's first instruction to its last. It has what
//! asyncio's timeouts and groups, anyio and httpx ask a task for.

mod asyncio;
mod step;
mod waiting;

use std::sync::Arc;

use parking_lot::Mutex;
use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;
use pyo3::types::PyList;
use pyo3::{PyTraverseError, PyVisit};

use self::asyncio::{asyncio, cancel_future, cancelled_error};
pub use self::asyncio::{cancelled, is_cancellation};
pub use self::step::Started;
use self::waiting::TaskWaiter;
pub use self::waiting::Wakeup;
use crate::event_loop::Shared;
use crate::python;
use crate::worker::Worker;

/// What a task's creator does with its outcome.
pub type Completion = Box<dyn FnOnce(&Bound<'_, Task>, PyResult<Py<PyAny>>) + Send>;

/// See `asyncio.Task`, whose interface this is.
#[pyclass(frozen, weakref, module = "django_bolt._core")]
pub struct Task {
    context: Py<PyAny>,
    event_loop: Py<PyAny>,
    scheduler: Arc<Shared>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    coroutine: Option<Py<PyAny>>,
    outcome: Option<PyResult<Py<PyAny>>>,
    completion: Option<Completion>,
    callbacks: Vec<(Py<PyAny>, Py<PyAny>)>,
    /// The future that the coroutine waits for.
    waiter: Option<Py<PyAny>>,
    /// Set while another task's `await` looks at this one; see `asyncio.isfuture`.
    blocking: bool,
    must_cancel: bool,
    cancel_message: Option<Py<PyAny>>,
    cancel_requests: usize,
    name: Option<Py<PyAny>>,
    /// Thrown into the coroutine at its next step.
    thrown: Option<PyErr>,
}

impl Task {
    /// A task without a coroutine, which [`Task::start`] gives it.
    pub fn new<'py>(worker: &Worker, context: &Bound<'py, PyAny>) -> PyResult<Bound<'py, Self>> {
        let py = context.py();
        let task = Self {
            context: context.clone().unbind(),
            event_loop: worker.event_loop.clone_ref(py),
            scheduler: Arc::clone(&worker.scheduler),
            state: Mutex::default(),
        };
        Bound::new(py, task)
    }

    pub fn is_of(&self, scheduler: &Arc<Shared>) -> bool {
        Arc::ptr_eq(&self.scheduler, scheduler)
    }

    /// Forgets its coroutine and what was done to it. Nobody else may know of the task.
    pub fn forget(&self) {
        let forgotten = std::mem::take(&mut *self.state.lock());
        drop(forgotten); // without the lock, since it runs Python code
    }

    fn coroutine<'py>(&self, py: Python<'py>) -> Option<Bound<'py, PyAny>> {
        let state = self.state.lock();
        state
            .coroutine
            .as_ref()
            .map(|coroutine| coroutine.bind(py).clone())
    }

    fn outcome_or<T>(
        &self,
        py: Python<'_>,
        read: impl FnOnce(&PyResult<Py<PyAny>>) -> PyResult<T>,
    ) -> PyResult<T> {
        match &self.state.lock().outcome {
            Some(outcome) => read(outcome),
            None => Err(PyErr::from_value(
                asyncio(py)?
                    .invalid_state_error
                    .bind(py)
                    .call1(("Result is not set.",))?,
            )),
        }
    }
}

#[pymethods]
impl Task {
    /// Asks the coroutine to end: `CancelledError` is thrown where it waits.
    #[pyo3(signature = (msg=None))]
    pub fn cancel(slf: &Bound<'_, Self>, msg: Option<Py<PyAny>>) -> PyResult<bool> {
        let py = slf.py();
        let waiter = {
            let mut state = slf.get().state.lock();
            if state.outcome.is_some() {
                return Ok(false);
            }
            state.cancel_requests += 1;
            state.waiter.as_ref().map(|waiter| waiter.clone_ref(py))
        };
        if let Some(waiter) = waiter
            && cancel_future(waiter.bind(py), msg.as_ref().map(|m| m.clone_ref(py)))?
        {
            return Ok(true);
        }
        let mut state = slf.get().state.lock();
        state.must_cancel = true;
        state.cancel_message = msg;
        Ok(true)
    }

    fn cancelling(&self) -> usize {
        self.state.lock().cancel_requests
    }

    fn uncancel(&self) -> usize {
        let mut state = self.state.lock();
        state.cancel_requests = state.cancel_requests.saturating_sub(1);
        if state.cancel_requests == 0 {
            state.must_cancel = false;
        }
        state.cancel_requests
    }

    fn cancelled(&self, py: Python<'_>) -> PyResult<bool> {
        match &self.state.lock().outcome {
            Some(Err(error)) => is_cancellation(py, error),
            _ => Ok(false),
        }
    }

    fn done(&self) -> bool {
        self.state.lock().outcome.is_some()
    }

    fn result(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        self.outcome_or(py, |outcome| match outcome {
            Ok(value) => Ok(value.clone_ref(py)),
            Err(error) => Err(error.clone_ref(py)),
        })
    }

    fn exception(&self, py: Python<'_>) -> PyResult<Option<Py<PyAny>>> {
        self.outcome_or(py, |outcome| match outcome {
            Ok(_) => Ok(None),
            Err(error) if is_cancellation(py, error)? => Err(error.clone_ref(py)),
            Err(error) => Ok(Some(python::exception(py, error).into_any().unbind())),
        })
    }

    #[pyo3(signature = (callback, /, *, context=None))]
    fn add_done_callback(
        slf: &Bound<'_, Self>,
        callback: Bound<'_, PyAny>,
        context: Option<Bound<'_, PyAny>>,
    ) -> PyResult<()> {
        let this = slf.get();
        let context = match context {
            Some(context) => context,
            None => python::copy_context(slf.py())?,
        };
        if this.done() {
            return this.schedule_callback(slf, &callback, &context);
        }
        let entry = (callback.unbind(), context.unbind());
        this.state.lock().callbacks.push(entry);
        Ok(())
    }

    fn remove_done_callback(&self, callback: &Bound<'_, PyAny>) -> PyResult<usize> {
        let py = callback.py();
        let callbacks = std::mem::take(&mut self.state.lock().callbacks);
        let before = callbacks.len();
        let mut kept = Vec::with_capacity(before);
        for (other, context) in callbacks {
            if !other.bind(py).eq(callback)? {
                kept.push((other, context));
            }
        }
        let removed = before - kept.len();
        self.state.lock().callbacks = kept;
        Ok(removed)
    }

    fn get_coro<'py>(&self, py: Python<'py>) -> Option<Bound<'py, PyAny>> {
        self.coroutine(py)
    }

    fn get_context(&self, py: Python<'_>) -> Py<PyAny> {
        self.context.clone_ref(py)
    }

    fn get_loop(&self, py: Python<'_>) -> Py<PyAny> {
        self.event_loop.clone_ref(py)
    }

    fn get_name(slf: &Bound<'_, Self>) -> PyResult<Py<PyAny>> {
        let py = slf.py();
        if let Some(name) = &slf.get().state.lock().name {
            return Ok(name.clone_ref(py));
        }
        let name = format!("Handler-{:x}", slf.as_ptr() as usize);
        Ok(name.into_pyobject(py)?.into_any().unbind())
    }

    fn set_name(&self, name: &Bound<'_, PyAny>) -> PyResult<()> {
        let name = name.str()?.into_any().unbind();
        self.state.lock().name = Some(name);
        Ok(())
    }

    /// The frames of the suspended coroutine, see `asyncio.Task.get_stack`.
    #[pyo3(signature = (*, limit=None))]
    fn get_stack<'py>(slf: &Bound<'py, Self>, limit: Option<usize>) -> PyResult<Bound<'py, PyAny>> {
        slf.py()
            .import("asyncio.base_tasks")?
            .call_method1("_task_get_stack", (slf, limit))
    }

    #[pyo3(signature = (*, limit=None, file=None))]
    fn print_stack(
        slf: &Bound<'_, Self>,
        limit: Option<usize>,
        file: Option<Bound<'_, PyAny>>,
    ) -> PyResult<()> {
        slf.py()
            .import("asyncio.base_tasks")?
            .call_method1("_task_print_stack", (slf, limit, file))
            .map(|_| ())
    }

    fn set_result(&self, _result: &Bound<'_, PyAny>) -> PyResult<()> {
        Err(PyRuntimeError::new_err(
            "Task does not support set_result operation",
        ))
    }

    fn set_exception(&self, _exception: &Bound<'_, PyAny>) -> PyResult<()> {
        Err(PyRuntimeError::new_err(
            "Task does not support set_exception operation",
        ))
    }

    #[getter]
    fn _coro<'py>(&self, py: Python<'py>) -> Option<Bound<'py, PyAny>> {
        self.coroutine(py)
    }

    #[getter]
    fn _loop(&self, py: Python<'_>) -> Py<PyAny> {
        self.get_loop(py)
    }

    #[getter]
    fn _must_cancel(&self) -> bool {
        self.state.lock().must_cancel
    }

    #[getter(_cancel_message)]
    fn cancel_message(&self, py: Python<'_>) -> Option<Py<PyAny>> {
        let state = self.state.lock();
        let message = state.cancel_message.as_ref();
        message.map(|message| message.clone_ref(py))
    }

    /// What `asyncio.gather` puts in the place of a cancelled task's result.
    fn _make_cancelled_error(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        let error = cancelled_error(py, self.cancel_message(py))?;
        Ok(error.into_value(py).into_any())
    }

    #[getter]
    fn _fut_waiter(&self, py: Python<'_>) -> Option<Py<PyAny>> {
        let state = self.state.lock();
        state.waiter.as_ref().map(|waiter| waiter.clone_ref(py))
    }

    #[getter]
    fn _callbacks<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyList>> {
        let state = self.state.lock();
        let pairs = state
            .callbacks
            .iter()
            .map(|(callback, context)| (callback.clone_ref(py), context.clone_ref(py)));
        PyList::new(py, pairs.collect::<Vec<_>>())
    }

    #[getter(_asyncio_future_blocking)]
    fn blocking(&self) -> bool {
        self.state.lock().blocking
    }

    #[setter(_asyncio_future_blocking)]
    fn set_blocking(&self, blocking: bool) {
        self.state.lock().blocking = blocking;
    }

    fn __await__(slf: Py<Self>) -> TaskWaiter {
        TaskWaiter {
            task: slf,
            asked: Mutex::new(false),
        }
    }

    fn __iter__(slf: Py<Self>) -> TaskWaiter {
        Self::__await__(slf)
    }

    fn __repr__(slf: &Bound<'_, Self>) -> PyResult<String> {
        let py = slf.py();
        let this = slf.get();
        let state = if this.cancelled(py)? {
            "cancelled"
        } else if this.done() {
            "finished"
        } else {
            "pending"
        };
        let coroutine = this.coroutine(py);
        let coroutine = coroutine.map(|coroutine| coroutine.repr()).transpose()?;
        let coroutine = coroutine.map_or_else(|| "None".to_owned(), |repr| repr.to_string());
        Ok(format!("<Task {state} coro={coroutine}>"))
    }

    #[classmethod]
    fn __class_getitem__(
        class: &Bound<'_, pyo3::types::PyType>,
        _item: &Bound<'_, PyAny>,
    ) -> Py<PyAny> {
        class.clone().into_any().unbind()
    }

    // A suspended handler that nothing will ever wake, and that nobody waits for, is a cycle
    // through its coroutine's frame: the collector must be able to see it.
    fn __traverse__(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        visit.call(&self.context)?;
        visit.call(&self.event_loop)?;
        if let Some(state) = self.state.try_lock() {
            if let Some(coroutine) = &state.coroutine {
                visit.call(coroutine)?;
            }
            for (callback, context) in &state.callbacks {
                visit.call(callback)?;
                visit.call(context)?;
            }
            if let Some(waiter) = &state.waiter {
                visit.call(waiter)?;
            }
        }
        Ok(())
    }
}
