//! The ready queue: what `call_soon` and its relatives fill and the driver empties.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::Waker;
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use pyo3::exceptions::{PyKeyboardInterrupt, PyRuntimeError, PySystemExit, PyTypeError};
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyDict, PyTuple, PyWeakrefMethods, PyWeakrefReference};

use super::driver;
use super::handle::Handle;
use super::timers::Timers;
use crate::python;
use crate::task::{Task, Wakeup};

/// The part of an event loop that asyncio leaves to its implementations.
///
/// It is meant as the first base of a class whose second is `asyncio.SelectorEventLoop`.
#[pyclass(subclass, frozen, weakref, module = "django_bolt._core")]
pub struct Scheduler {
    shared: Arc<Shared>,
}

/// A loop's queues, shared with whoever schedules something from Rust.
pub struct Shared {
    ready: Mutex<VecDeque<Ready>>,
    arrivals: Mutex<Vec<Arrival>>,
    timers: Mutex<Timers>,
    waker: Mutex<Option<Waker>>,
    stopping: AtomicBool,
    closed: AtomicBool,
    clock: Clock,
    event_loop: PyOnceLock<Py<PyWeakrefReference>>,
}

/// One entry of the ready queue.
pub enum Ready {
    Handle(Py<Handle>),
    /// `asyncio.Handle`, from the selector.
    Foreign(Py<PyAny>),
    Task(Py<Task>),
}

/// Work that another thread hands to the loop's own: it may spawn Tokio tasks there.
pub type Arrival = Box<dyn FnOnce() + Send>;

/// The loop's clock: that of `time.monotonic()`, read without Python.
struct Clock {
    origin: Instant,
    origin_seconds: f64,
}

impl Shared {
    pub fn schedule(&self, entry: Ready) {
        self.ready.lock().push_back(entry);
        self.wake();
    }

    /// Hands `arrival` to the loop's thread.
    ///
    /// # Errors
    ///
    /// `RuntimeError` where the loop is closed.
    pub fn arrive(&self, arrival: Arrival) -> PyResult<()> {
        self.check_open()?;
        self.arrivals.lock().push(arrival);
        self.wake();
        Ok(())
    }

    pub fn take_arrivals(&self) -> Vec<Arrival> {
        std::mem::take(&mut *self.arrivals.lock())
    }

    pub fn wake(&self) {
        if let Some(waker) = &*self.waker.lock() {
            waker.wake_by_ref();
        }
    }

    pub fn register(&self, waker: Option<&Waker>) {
        *self.waker.lock() = waker.cloned();
    }

    pub fn now(&self) -> f64 {
        self.clock.origin_seconds + self.clock.origin.elapsed().as_secs_f64()
    }

    /// When the first timer is due, as Tokio counts time.
    pub fn next_due(&self) -> Option<Instant> {
        let due = self.timers.lock().next_due()?;
        let ahead = (due - self.clock.origin_seconds).max(0.0);
        // A timer for the far future (`call_later(1e300, …)`) is as good as none.
        let ahead = Duration::try_from_secs_f64(ahead).ok()?;
        self.clock.origin.checked_add(ahead)
    }

    /// Moves what is due to the ready queue.
    pub fn expire_timers(&self) {
        let now = self.now();
        loop {
            let Some(handle) = self.timers.lock().pop_due(now) else {
                return;
            };
            self.ready.lock().push_back(Ready::Handle(handle));
        }
    }

    pub fn timer_cancelled(&self) {
        let swept = self.timers.lock().cancelled();
        drop(swept);
    }

    pub fn has_ready(&self) -> bool {
        !self.ready.lock().is_empty()
    }

    pub fn stop_requested(&self) -> bool {
        self.stopping.load(Ordering::Relaxed)
    }

    pub fn clear_stop(&self) {
        self.stopping.store(false, Ordering::Relaxed);
    }

    /// Runs what is ready now; what these callbacks add waits for the next turn.
    pub fn run_ready(&self, py: Python<'_>) -> PyResult<()> {
        let turn = self.ready.lock().len();
        for _ in 0..turn {
            let Some(entry) = self.ready.lock().pop_front() else {
                return Ok(());
            };
            match entry {
                Ready::Handle(handle) => Handle::run(handle.bind(py))?,
                Ready::Task(task) => self.wake_task(task.bind(py))?,
                Ready::Foreign(handle) => run_foreign(handle.bind(py))?,
            }
        }
        Ok(())
    }

    /// A task's step. What goes wrong beside its coroutine is reported, and the loop goes on.
    fn wake_task(&self, task: &Bound<'_, Task>) -> PyResult<()> {
        let py = task.py();
        match Task::wake(task) {
            Err(error) if !ends_loop(py, &error) => {
                let report = PyDict::new(py);
                report.set_item("message", "A task could not be resumed")?;
                report.set_item("exception", error)?;
                report.set_item("task", task)?;
                self.report(py, &report)
            }
            outcome => outcome,
        }
    }

    /// Tells the loop's exception handler.
    pub fn report(&self, py: Python<'_>, report: &Bound<'_, PyDict>) -> PyResult<()> {
        if let Some(event_loop) = self.event_loop(py) {
            event_loop.call_method1("call_exception_handler", (report,))?;
        }
        Ok(())
    }

    /// The Python loop, while it is alive.
    pub fn event_loop<'py>(&self, py: Python<'py>) -> Option<Bound<'py, PyAny>> {
        self.event_loop.get(py)?.bind(py).upgrade()
    }

    fn check_open(&self) -> PyResult<()> {
        if self.closed.load(Ordering::Relaxed) {
            return Err(PyRuntimeError::new_err("Event loop is closed"));
        }
        Ok(())
    }
}

/// `KeyboardInterrupt` and `SystemExit` leave the loop, as in asyncio.
pub fn ends_loop(py: Python<'_>, error: &PyErr) -> bool {
    error.is_instance_of::<PyKeyboardInterrupt>(py) || error.is_instance_of::<PySystemExit>(py)
}

fn run_foreign(handle: &Bound<'_, PyAny>) -> PyResult<()> {
    let py = handle.py();
    if handle
        .getattr(pyo3::intern!(py, "_cancelled"))?
        .is_truthy()?
    {
        return Ok(());
    }
    handle.call_method0(pyo3::intern!(py, "_run")).map(|_| ())
}

impl Scheduler {
    pub fn shared(&self) -> &Arc<Shared> {
        &self.shared
    }

    fn handle<'py>(
        &self,
        callback: Bound<'py, PyAny>,
        arguments: Bound<'py, PyTuple>,
        context: Option<Bound<'py, PyAny>>,
        when: Option<f64>,
    ) -> PyResult<Bound<'py, Handle>> {
        self.shared.check_open()?;
        let py = callback.py();
        let context = match context {
            Some(context) => context,
            None => python::copy_context(py)?,
        };
        let scheduler = Arc::clone(&self.shared);
        Bound::new(
            py,
            Handle::new(callback, arguments, context, when, scheduler),
        )
    }

    fn schedule_call<'py>(
        &self,
        callback: Bound<'py, PyAny>,
        args: Bound<'py, PyTuple>,
        context: Option<Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, Handle>> {
        let handle = self.handle(callback, args, context, None)?;
        self.shared.schedule(Ready::Handle(handle.clone().unbind()));
        Ok(handle)
    }
}

#[pymethods]
impl Scheduler {
    #[new]
    fn new(py: Python<'_>) -> PyResult<Self> {
        let origin_seconds = py
            .import("time")?
            .call_method0("monotonic")?
            .extract::<f64>()?;
        let shared = Arc::new(Shared {
            ready: Mutex::default(),
            arrivals: Mutex::default(),
            timers: Mutex::default(),
            waker: Mutex::default(),
            stopping: AtomicBool::new(false),
            closed: AtomicBool::new(false),
            clock: Clock {
                origin: Instant::now(),
                origin_seconds,
            },
            event_loop: PyOnceLock::new(),
        });
        Ok(Self { shared })
    }

    /// Arranges for `callback(*args)` to be called in the loop's next turn.
    ///
    /// A future that wakes one of our tasks gets no handle: it asks for none, and the task is
    /// queued as it is.
    #[pyo3(signature = (callback, *args, context=None))]
    fn call_soon<'py>(
        &self,
        callback: Bound<'py, PyAny>,
        args: Bound<'py, PyTuple>,
        context: Option<Bound<'py, PyAny>>,
    ) -> PyResult<Option<Bound<'py, Handle>>> {
        if let Ok(wakeup) = callback.cast_exact::<Wakeup>() {
            self.shared.check_open()?;
            self.shared
                .schedule(Ready::Task(wakeup.get().task(callback.py())));
            return Ok(None);
        }
        self.schedule_call(callback, args, context).map(Some)
    }

    /// `call_soon` from any thread; here they are one, since the queue is locked either way.
    #[pyo3(signature = (callback, *args, context=None))]
    fn call_soon_threadsafe<'py>(
        &self,
        callback: Bound<'py, PyAny>,
        args: Bound<'py, PyTuple>,
        context: Option<Bound<'py, PyAny>>,
    ) -> PyResult<Option<Bound<'py, Handle>>> {
        self.call_soon(callback, args, context)
    }

    /// Arranges for a call in `delay` seconds.
    #[pyo3(signature = (delay, callback, *args, context=None))]
    fn call_later<'py>(
        &self,
        delay: Option<f64>,
        callback: Bound<'py, PyAny>,
        args: Bound<'py, PyTuple>,
        context: Option<Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, Handle>> {
        let delay = delay.ok_or_else(|| PyTypeError::new_err("delay must not be None"))?;
        self.call_at(self.shared.now() + delay, callback, args, context)
    }

    /// Arranges for a call when the loop's clock shows `when`.
    #[pyo3(signature = (when, callback, *args, context=None))]
    fn call_at<'py>(
        &self,
        when: f64,
        callback: Bound<'py, PyAny>,
        args: Bound<'py, PyTuple>,
        context: Option<Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, Handle>> {
        let handle = self.handle(callback, args, context, Some(when))?;
        self.shared
            .timers
            .lock()
            .push(when, handle.clone().unbind());
        self.shared.wake();
        Ok(handle)
    }

    /// The loop's clock, in seconds: that of `time.monotonic()`.
    fn time(&self) -> f64 {
        self.shared.now()
    }

    /// Ends `run_forever` after the current turn.
    fn stop(&self) {
        self.shared.stopping.store(true, Ordering::Relaxed);
        self.shared.wake();
    }

    /// Where asyncio's selector loop puts the handles whose descriptors are ready.
    fn _add_callback(&self, handle: Py<PyAny>) {
        self.shared.schedule(Ready::Foreign(handle));
    }

    /// Refuses further callbacks and forgets the waiting ones.
    fn _close_scheduler(&self) {
        self.shared.closed.store(true, Ordering::Relaxed);
        let ready = std::mem::take(&mut *self.shared.ready.lock());
        let timers = std::mem::take(&mut *self.shared.timers.lock());
        let arrivals = self.shared.take_arrivals();
        drop((ready, timers, arrivals));
    }

    /// Turns until `stop` is called; the caller has set this thread's running loop.
    fn _drive(slf: &Bound<'_, Self>, selector: &Bound<'_, PyAny>) -> PyResult<()> {
        let py = slf.py();
        let shared = &slf.get().shared;
        shared.event_loop.get_or_try_init(py, || {
            PyWeakrefReference::new(slf.as_any()).map(Bound::unbind)
        })?;
        driver::run(py, shared, slf.as_any(), selector)
    }
}
