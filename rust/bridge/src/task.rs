//! The task of one handler.
//!
//! `asyncio.Task` is scheduled through the loop even where its coroutine never suspends. This one
//! runs its first step at once, on the caller's stack, and is still the one object that
//! `asyncio.current_task()` returns from the handler's first instruction to its last. It has what
//! asyncio's timeouts and groups, anyio and httpx ask a task for.

use std::sync::Arc;

use parking_lot::Mutex;
use pyo3::exceptions::{PyRuntimeError, PyStopIteration};
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::iterator::PySendResult;
use pyo3::types::{PyDict, PyList, PyTuple};
use pyo3::{PyTraverseError, PyVisit, intern};

use crate::event_loop::{Ready, Shared};
use crate::python;

/// What a task's creator does with its outcome.
pub type Completion = Box<dyn FnOnce(Python<'_>, PyResult<Py<PyAny>>) + Send>;

/// See `asyncio.Task`, whose interface this is.
#[pyclass(frozen, weakref, module = "django_bolt._core")]
pub struct Task {
    coroutine: Py<PyAny>,
    context: Py<PyAny>,
    event_loop: Py<PyAny>,
    scheduler: Arc<Shared>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
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

/// How a task's first step ended.
pub enum Started<'py> {
    Finished(PyResult<Bound<'py, PyAny>>),
    Suspended(Bound<'py, Task>),
}

/// Functions of asyncio that a task calls.
struct Asyncio {
    enter_task: Py<PyAny>,
    leave_task: Py<PyAny>,
    register_task: Py<PyAny>,
    cancelled_error: Py<PyAny>,
    invalid_state_error: Py<PyAny>,
}

static ASYNCIO: PyOnceLock<Asyncio> = PyOnceLock::new();

fn asyncio(py: Python<'_>) -> PyResult<&'static Asyncio> {
    ASYNCIO.get_or_try_init(py, || {
        let tasks = py.import("asyncio.tasks")?;
        let exceptions = py.import("asyncio.exceptions")?;
        Ok(Asyncio {
            enter_task: tasks.getattr("_enter_task")?.unbind(),
            leave_task: tasks.getattr("_leave_task")?.unbind(),
            register_task: tasks.getattr("_register_task")?.unbind(),
            cancelled_error: exceptions.getattr("CancelledError")?.unbind(),
            invalid_state_error: exceptions.getattr("InvalidStateError")?.unbind(),
        })
    })
}

/// Whether the error is `asyncio.CancelledError`.
pub fn is_cancellation(py: Python<'_>, error: &PyErr) -> PyResult<bool> {
    Ok(error.is_instance(py, asyncio(py)?.cancelled_error.bind(py)))
}

impl Task {
    /// Runs a coroutine up to its first suspension. The caller has entered `context`.
    pub fn start<'py>(
        event_loop: &Bound<'py, PyAny>,
        scheduler: &Arc<Shared>,
        context: &Bound<'py, PyAny>,
        make_coroutine: impl FnOnce() -> PyResult<Bound<'py, PyAny>>,
    ) -> PyResult<Started<'py>> {
        let py = event_loop.py();
        let coroutine = make_coroutine()?;
        let task = Bound::new(
            py,
            Self {
                coroutine: coroutine.unbind(),
                context: context.clone().unbind(),
                event_loop: event_loop.clone().unbind(),
                scheduler: Arc::clone(scheduler),
                state: Mutex::default(),
            },
        )?;
        match Self::step(&task)? {
            Some(outcome) => Ok(Started::Finished(outcome)),
            None => {
                asyncio(py)?.register_task.bind(py).call1((&task,))?;
                Ok(Started::Suspended(task))
            }
        }
    }

    /// Says what to do with the outcome of a task that is suspended.
    pub fn when_done(&self, completion: Completion) {
        self.state.lock().completion = Some(completion);
    }

    /// A queued step, in the task's context.
    pub fn wake(slf: &Bound<'_, Self>) -> PyResult<()> {
        let context = slf.get().context.bind(slf.py());
        python::within_context(context, || Self::advance(slf))?
    }

    /// A step after a suspension; the context is entered.
    fn advance(slf: &Bound<'_, Self>) -> PyResult<()> {
        let py = slf.py();
        let this = slf.get();
        if this.state.lock().outcome.is_some() {
            return Ok(());
        }
        let Some(outcome) = Self::step(slf)? else {
            return Ok(());
        };
        let completion = this.state.lock().completion.take();
        if let Some(completion) = completion {
            let outcome = outcome.as_ref().map_or_else(
                |error| Err(error.clone_ref(py)),
                |value| Ok(value.clone().unbind()),
            );
            completion(py, outcome);
        }
        this.settle(slf, outcome.map(Bound::unbind))
    }

    /// Resumes the coroutine once, as the loop's current task. `None` means suspended.
    fn step<'py>(slf: &Bound<'py, Self>) -> PyResult<Option<PyResult<Bound<'py, PyAny>>>> {
        let py = slf.py();
        let this = slf.get();
        let asyncio = asyncio(py)?;
        let thrown = this.take_thrown(py)?;
        let event_loop = this.event_loop.bind(py);
        python::vectorcall(
            asyncio.enter_task.bind(py),
            &[event_loop.clone(), slf.clone().into_any()],
            None,
        )?;
        let coroutine = this.coroutine.bind(py);
        let sent = match thrown {
            None => python::resume(coroutine),
            Some(error) => throw(coroutine, error),
        };
        python::vectorcall(
            asyncio.leave_task.bind(py),
            &[event_loop.clone(), slf.clone().into_any()],
            None,
        )?;
        match sent {
            Ok(PySendResult::Return(value)) => Ok(Some(Ok(value))),
            Err(error) => Ok(Some(Err(error))),
            Ok(PySendResult::Next(awaited)) => {
                Self::suspend(slf, &awaited)?;
                Ok(None)
            }
        }
    }

    /// What the next step throws into the coroutine, if anything.
    fn take_thrown(&self, py: Python<'_>) -> PyResult<Option<PyErr>> {
        let (must_cancel, message, thrown) = {
            let mut state = self.state.lock();
            state.waiter = None;
            let must_cancel = std::mem::take(&mut state.must_cancel);
            let message = must_cancel
                .then(|| state.cancel_message.take())
                .flatten();
            (must_cancel, message, state.thrown.take())
        };
        if must_cancel {
            return Ok(Some(cancelled_error(py, message)?));
        }
        Ok(thrown)
    }

    /// Arranges for the step that follows what the coroutine awaits.
    fn suspend(slf: &Bound<'_, Self>, awaited: &Bound<'_, PyAny>) -> PyResult<()> {
        let py = slf.py();
        let this = slf.get();
        if awaited.is_none() {
            this.scheduler.schedule(Ready::Task(slf.clone().unbind()));
            return Ok(());
        }
        let blocking = awaited.getattr_opt(intern!(py, "_asyncio_future_blocking"))?;
        let problem = match blocking {
            Some(blocking) if blocking.is_truthy()? => {
                if awaited.is(slf) {
                    format!("Task cannot await on itself: {}", slf.repr()?)
                } else {
                    return Self::wait_for(slf, awaited);
                }
            }
            Some(_) => format!(
                "yield was used instead of yield from in task {} with {}",
                slf.repr()?,
                awaited.repr()?
            ),
            None => format!("Task got bad yield: {}", awaited.repr()?),
        };
        this.state.lock().thrown = Some(PyRuntimeError::new_err(problem));
        this.scheduler.schedule(Ready::Task(slf.clone().unbind()));
        Ok(())
    }

    fn wait_for(slf: &Bound<'_, Self>, future: &Bound<'_, PyAny>) -> PyResult<()> {
        let py = slf.py();
        let this = slf.get();
        future.setattr(intern!(py, "_asyncio_future_blocking"), false)?;
        let keywords = PyTuple::new(py, [intern!(py, "context")])?;
        let wakeup = Bound::new(py, Wakeup(slf.clone().unbind()))?.into_any();
        python::vectorcall(
            &future.getattr(intern!(py, "add_done_callback"))?,
            &[wakeup, this.context.bind(py).clone()],
            Some(&keywords),
        )?;
        let cancel = {
            let mut state = this.state.lock();
            state.waiter = Some(future.clone().unbind());
            state
                .must_cancel
                .then(|| state.cancel_message.as_ref().map(|m| m.clone_ref(py)))
        };
        if let Some(message) = cancel
            && cancel_future(future, message)?
        {
            this.state.lock().must_cancel = false;
        }
        Ok(())
    }

    /// Keeps the outcome, and tells whoever waits for this task.
    fn settle(&self, slf: &Bound<'_, Self>, outcome: PyResult<Py<PyAny>>) -> PyResult<()> {
        let callbacks = {
            let mut state = self.state.lock();
            state.outcome = Some(outcome);
            state.waiter = None;
            std::mem::take(&mut state.callbacks)
        };
        for (callback, context) in callbacks {
            self.schedule_callback(slf, callback.bind(slf.py()), context.bind(slf.py()))?;
        }
        Ok(())
    }

    fn schedule_callback(
        &self,
        slf: &Bound<'_, Self>,
        callback: &Bound<'_, PyAny>,
        context: &Bound<'_, PyAny>,
    ) -> PyResult<()> {
        let py = slf.py();
        let keywords = PyDict::new(py);
        keywords.set_item("context", context)?;
        self.event_loop
            .bind(py)
            .call_method("call_soon", (callback, slf), Some(&keywords))
            .map(|_| ())
    }

    fn outcome_or<'py, T>(
        &self,
        py: Python<'py>,
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

fn throw<'py>(coroutine: &Bound<'py, PyAny>, error: PyErr) -> PyResult<PySendResult<'py>> {
    let py = coroutine.py();
    match coroutine.call_method1(intern!(py, "throw"), (error.into_value(py),)) {
        Ok(awaited) => Ok(PySendResult::Next(awaited)),
        Err(error) if error.is_instance_of::<PyStopIteration>(py) => Ok(PySendResult::Return(
            error.value(py).getattr(intern!(py, "value"))?,
        )),
        Err(error) => Err(error),
    }
}

fn cancelled_error(py: Python<'_>, message: Option<Py<PyAny>>) -> PyResult<PyErr> {
    let class = asyncio(py)?.cancelled_error.bind(py);
    let error = match message {
        Some(message) => class.call1((message,))?,
        None => class.call0()?,
    };
    Ok(PyErr::from_value(error))
}

fn cancel_future(future: &Bound<'_, PyAny>, message: Option<Py<PyAny>>) -> PyResult<bool> {
    let py = future.py();
    let keywords = PyDict::new(py);
    keywords.set_item("msg", message)?;
    future
        .call_method(intern!(py, "cancel"), (), Some(&keywords))?
        .is_truthy()
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
            Err(error) => Ok(Some(error.value(py).clone().into_any().unbind())),
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

    fn get_coro(&self, py: Python<'_>) -> Py<PyAny> {
        self.coroutine.clone_ref(py)
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
    fn get_stack<'py>(
        slf: &Bound<'py, Self>,
        limit: Option<usize>,
    ) -> PyResult<Bound<'py, PyAny>> {
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
        Err(PyRuntimeError::new_err("Task does not support set_result operation"))
    }

    fn set_exception(&self, _exception: &Bound<'_, PyAny>) -> PyResult<()> {
        Err(PyRuntimeError::new_err("Task does not support set_exception operation"))
    }

    #[getter]
    fn _coro(&self, py: Python<'_>) -> Py<PyAny> {
        self.get_coro(py)
    }

    #[getter]
    fn _loop(&self, py: Python<'_>) -> Py<PyAny> {
        self.get_loop(py)
    }

    #[getter]
    fn _must_cancel(&self) -> bool {
        self.state.lock().must_cancel
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
        let coroutine = this.coroutine.bind(py).repr()?;
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
        visit.call(&self.coroutine)?;
        visit.call(&self.context)?;
        visit.call(&self.event_loop)?;
        if let Some(state) = self.state.try_lock() {
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

/// What a future calls when it is done: the loop runs it in the task's context.
#[pyclass(frozen, module = "django_bolt._core")]
struct Wakeup(Py<Task>);

#[pymethods]
impl Wakeup {
    fn __call__(&self, py: Python<'_>, _future: &Bound<'_, PyAny>) -> PyResult<()> {
        // The outcome of the future is what its own `__await__` returns or raises on resumption.
        Task::advance(self.0.bind(py))
    }

    fn __traverse__(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        visit.call(&self.0)
    }
}

/// `await task`.
#[pyclass(frozen, module = "django_bolt._core")]
struct TaskWaiter {
    task: Py<Task>,
    asked: Mutex<bool>,
}

#[pymethods]
impl TaskWaiter {
    fn __iter__(slf: Py<Self>) -> Py<Self> {
        slf
    }

    fn __next__(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        let task = self.task.get();
        if task.done() {
            let value = task.result(py)?;
            return Err(PyStopIteration::new_err((value,)));
        }
        let mut asked = self.asked.lock();
        if *asked {
            return Err(PyRuntimeError::new_err("await wasn't used with future"));
        }
        *asked = true;
        task.set_blocking(true);
        Ok(self.task.clone_ref(py).into_any())
    }
}
