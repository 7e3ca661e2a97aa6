//! How a task's coroutine is resumed, and what follows each step.

use pyo3::exceptions::{PyRuntimeError, PyStopIteration};
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::iterator::PySendResult;
use pyo3::types::{PyDict, PyTuple};

use super::asyncio::{asyncio, cancel_future, cancelled_error};
use super::waiting::Wakeup;
use super::{Completion, Task};
use crate::event_loop::Ready;
use crate::python;

/// How a task's first step ended.
pub enum Started<'py> {
    Finished(PyResult<Bound<'py, PyAny>>),
    Suspended,
}

impl Task {
    /// Runs a coroutine up to its first suspension. The caller has entered the task's context.
    pub fn start<'py>(
        slf: &Bound<'py, Self>,
        make_coroutine: impl FnOnce() -> PyResult<Bound<'py, PyAny>>,
    ) -> PyResult<Started<'py>> {
        let coroutine = make_coroutine()?;
        slf.get().state.lock().coroutine = Some(coroutine.clone().unbind());
        if let Some(outcome) = Self::step(slf, &coroutine)? {
            return Ok(Started::Finished(outcome));
        }
        asyncio(slf.py())?.registry.remember(slf)?;
        Ok(Started::Suspended)
    }

    /// Cancels a task for whose outcome nobody waits any more.
    pub fn abandon(slf: &Bound<'_, Self>) -> PyResult<()> {
        if slf.get().done() {
            return Ok(());
        }
        Self::cancel(slf, None)?;
        asyncio(slf.py())?.registry.remember_weakly(slf)
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
    pub(super) fn advance(slf: &Bound<'_, Self>) -> PyResult<()> {
        let py = slf.py();
        let this = slf.get();
        if this.done() {
            return Ok(());
        }
        let Some(coroutine) = this.coroutine(py) else {
            return Ok(()); // nothing was started, and so nothing waits
        };
        let outcome = match Self::step(slf, &coroutine) {
            Ok(None) => return Ok(()),
            Ok(Some(outcome)) => outcome,
            // What it awaits cannot be awaited: nobody else would hear of it.
            Err(error) => Err(error),
        };
        let completion = this.state.lock().completion.take();
        if let Some(completion) = completion {
            let outcome = outcome.as_ref().map_or_else(
                |error| Err(error.clone_ref(py)),
                |value| Ok(value.clone().unbind()),
            );
            completion(slf, outcome);
        }
        this.settle(slf, outcome.map(Bound::unbind))
    }

    /// Resumes the coroutine once, as the loop's current task. `None` means suspended.
    fn step<'py>(
        slf: &Bound<'py, Self>,
        coroutine: &Bound<'py, PyAny>,
    ) -> PyResult<Option<PyResult<Bound<'py, PyAny>>>> {
        let py = slf.py();
        let this = slf.get();
        let asyncio = asyncio(py)?;
        let thrown = this.take_thrown(py)?;
        let event_loop = this.event_loop.bind(py);
        asyncio.current_tasks.enter(event_loop, slf.as_any())?;
        let sent = match thrown {
            None => python::resume(coroutine),
            Some(error) => throw(coroutine, error),
        };
        asyncio.current_tasks.leave(event_loop, slf.as_any())?;
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
            let message = state.cancel_message.as_ref().map(|m| m.clone_ref(py));
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
                } else if this.shares_loop_with(awaited)? {
                    return Self::wait_for(slf, awaited);
                } else {
                    format!(
                        "Task {} got Future {} attached to a different loop",
                        slf.repr()?,
                        awaited.repr()?
                    )
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

    /// A future of another loop would be woken on that loop's thread.
    fn shares_loop_with(&self, future: &Bound<'_, PyAny>) -> PyResult<bool> {
        let py = future.py();
        match future.getattr_opt(intern!(py, "get_loop"))? {
            Some(get_loop) => Ok(get_loop.call0()?.is(&self.event_loop)),
            None => Ok(true),
        }
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
        asyncio(slf.py())?.registry.forget(slf)?;
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

    pub(super) fn schedule_callback(
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
