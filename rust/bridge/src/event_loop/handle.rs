//! A callback that waits in the ready queue or among the timers.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use parking_lot::Mutex;
use pyo3::exceptions::PyAttributeError;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyTuple};

use super::scheduler::{Shared, ends_loop};
use crate::python;

/// What `call_soon`, `call_later` and `call_at` return.
///
/// See `asyncio.Handle` and `asyncio.TimerHandle`, whose interface this is.
#[pyclass(frozen, weakref, module = "django_bolt._core")]
pub struct Handle {
    call: Mutex<Option<ScheduledCall>>,
    context: Py<PyAny>,
    when: Option<f64>,
    cancelled: AtomicBool,
    scheduler: Arc<Shared>,
}

struct ScheduledCall {
    callback: Py<PyAny>,
    arguments: Py<PyTuple>,
}

impl Handle {
    pub fn new(
        callback: Bound<'_, PyAny>,
        arguments: Bound<'_, PyTuple>,
        context: Bound<'_, PyAny>,
        when: Option<f64>,
        scheduler: Arc<Shared>,
    ) -> Self {
        Self {
            call: Mutex::new(Some(ScheduledCall {
                callback: callback.unbind(),
                arguments: arguments.unbind(),
            })),
            context: context.unbind(),
            when,
            cancelled: AtomicBool::new(false),
            scheduler,
        }
    }

    pub fn is_cancelled(&self) -> bool {
        self.cancelled.load(Ordering::Relaxed)
    }

    /// Runs the callback in its context. Its exception goes to the loop's exception handler;
    /// only `KeyboardInterrupt` and `SystemExit` leave the loop, as in asyncio.
    pub fn run(slf: &Bound<'_, Self>) -> PyResult<()> {
        let py = slf.py();
        let this = slf.get();
        let Some(call) = this.call.lock().take() else {
            return Ok(()); // cancelled
        };
        let outcome = python::within_context(this.context.bind(py), || {
            call.callback.bind(py).call1(call.arguments.bind(py))
        })
        .and_then(|result| result);
        match outcome {
            Ok(_) => Ok(()),
            Err(error) if ends_loop(py, &error) => Err(error),
            Err(error) => {
                let report = PyDict::new(py);
                let callback = call.callback.bind(py).repr()?;
                report.set_item("message", format!("Exception in callback {callback}"))?;
                report.set_item("exception", error)?;
                report.set_item("handle", slf)?;
                this.scheduler.report(py, &report)
            }
        }
    }
}

#[pymethods]
impl Handle {
    /// Keeps the callback from running; a second call does nothing.
    fn cancel(&self) {
        if !self.cancelled.swap(true, Ordering::Relaxed) {
            drop(self.call.lock().take());
            if self.when.is_some() {
                self.scheduler.timer_cancelled();
            }
        }
    }

    /// Whether the callback was kept from running.
    fn cancelled(&self) -> bool {
        self.is_cancelled()
    }

    /// When a timer is due, on the loop's clock.
    fn when(&self) -> PyResult<f64> {
        self.when
            .ok_or_else(|| PyAttributeError::new_err("this handle is not a timer's"))
    }

    fn __repr__(&self, py: Python<'_>) -> PyResult<String> {
        let state = match &*self.call.lock() {
            None if self.is_cancelled() => "cancelled".to_owned(),
            None => "done".to_owned(),
            Some(call) => call.callback.bind(py).repr()?.to_string(),
        };
        Ok(match self.when {
            Some(when) => format!("<Handle {state} when={when}>"),
            None => format!("<Handle {state}>"),
        })
    }
}
