//! Turns a loop inside Tokio, on one thread.

use std::cell::RefCell;
use std::future::poll_fn;
use std::os::fd::{OwnedFd, RawFd};
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Poll};

use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;
use tokio::io::unix::AsyncFd;
use tokio::sync::oneshot;
use tokio::task::LocalSet;
use tokio::time::{Instant, Sleep, sleep_until};

use super::scheduler::Shared;
use crate::python;
use crate::worker::Worker;

/// Drives the loop until it is stopped; Tokio tasks of this thread run in between.
pub fn run(
    py: Python<'_>,
    shared: &Arc<Shared>,
    event_loop: &Bound<'_, PyAny>,
    selector: &Bound<'_, PyAny>,
) -> PyResult<()> {
    let descriptor = selector.call_method0("fileno")?.extract::<RawFd>()?;
    let turn = Turn {
        shared: Arc::clone(shared),
        event_loop: event_loop.clone().unbind(),
        selector: selector.clone().unbind(),
    };
    let worker = Worker::new(event_loop, Arc::clone(shared))?;
    let outcome = py.detach(move || {
        let _current = worker.enter();
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(PyErr::from)?;
        let local = LocalSet::new();
        // The driver is a task of the set and not its root future, since waking the root from
        // its own thread costs a write to an eventfd.
        let (done, finished) = oneshot::channel();
        local.spawn_local(async move {
            let _ = done.send(drive(turn, descriptor).await);
        });
        let outcome = local.block_on(&runtime, finished);
        // Whatever the loop leaves behind ends here, while its runtime still stands.
        runtime.block_on(async { drop(local) });
        outcome.map_err(|_| PyRuntimeError::new_err("the event loop's driver panicked"))?
    });
    shared.register(None);
    shared.clear_stop();
    outcome
}

struct Turn {
    shared: Arc<Shared>,
    event_loop: Py<PyAny>,
    selector: Py<PyAny>,
}

async fn drive(turn: Turn, descriptor: RawFd) -> PyResult<()> {
    let selector = python::watch_selector(descriptor)?;
    // What became readable before this run is seen in its first turn, as by asyncio's own loops;
    // Tokio would tell only after it has waited for the first time.
    Python::attach(|py| turn.ask_selector(py))?;
    let alarm = Rc::new(RefCell::new(Alarm::default()));
    poll_fn(move |cx| {
        turn.shared.register(Some(cx.waker()));
        match turn.once(cx, &selector, &mut alarm.borrow_mut()) {
            Ok(true) => Poll::Ready(Ok(())),
            Ok(false) => Poll::Pending,
            Err(error) => Poll::Ready(Err(error)),
        }
    })
    .await
}

impl Turn {
    /// One turn of the loop; true when it was the last.
    fn once(
        &self,
        cx: &mut Context<'_>,
        selector: &AsyncFd<OwnedFd>,
        alarm: &mut Alarm,
    ) -> PyResult<bool> {
        for arrival in self.shared.take_arrivals() {
            arrival();
        }
        self.poll_selector(cx, selector)?;
        self.shared.expire_timers();
        if self.shared.has_ready() {
            Python::attach(|py| {
                self.shared.run_ready(py)?;
                Worker::current().map(|worker| worker.sort_out(py))
            })?;
        }
        if self.shared.stop_requested() {
            return Ok(true);
        }
        alarm.set(cx, self.shared.next_due());
        if self.shared.has_ready() {
            // Others of this thread have their turn first.
            cx.waker().wake_by_ref();
        }
        Ok(false)
    }

    /// Lets asyncio look at its own descriptors when the selector has something to tell.
    ///
    /// Tokio reports edges. The selector stays marked as ready until it has nothing more to
    /// tell, so that level-triggered readers and writers are asked again in every turn.
    fn poll_selector(&self, cx: &mut Context<'_>, selector: &AsyncFd<OwnedFd>) -> PyResult<()> {
        while let Poll::Ready(guard) = selector.poll_read_ready(cx) {
            if Python::attach(|py| self.ask_selector(py))? {
                cx.waker().wake_by_ref();
                return Ok(());
            }
            guard?.clear_ready();
        }
        Ok(())
    }
}

impl Turn {
    /// Has asyncio queue the callbacks of ready descriptors; false where there was none.
    fn ask_selector(&self, py: Python<'_>) -> PyResult<bool> {
        let events = self
            .selector
            .call_method1(py, pyo3::intern!(py, "select"), (0,))?;
        if !events.is_truthy(py)? {
            return Ok(false);
        }
        self.event_loop
            .call_method1(py, pyo3::intern!(py, "_process_events"), (events,))?;
        Ok(true)
    }
}

/// The Tokio timer of the loop's first due timer.
#[derive(Default)]
struct Alarm {
    sleep: Option<Pin<Box<Sleep>>>,
}

impl Alarm {
    fn set(&mut self, cx: &mut Context<'_>, due: Option<std::time::Instant>) {
        let Some(due) = due.map(Instant::from_std) else {
            self.sleep = None;
            return;
        };
        let sleep = self.sleep.get_or_insert_with(|| Box::pin(sleep_until(due)));
        if sleep.deadline() != due {
            sleep.as_mut().reset(due);
        }
        if sleep.as_mut().poll(cx).is_ready() {
            cx.waker().wake_by_ref();
        }
    }
}
