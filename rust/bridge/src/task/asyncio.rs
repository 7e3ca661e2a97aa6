//! What a task asks of asyncio.

use pyo3::intern;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::PyDict;

/// Functions of asyncio that a task calls.
pub struct Asyncio {
    pub enter_task: Py<PyAny>,
    pub leave_task: Py<PyAny>,
    pub register_task: Py<PyAny>,
    pub cancelled_error: Py<PyAny>,
    pub invalid_state_error: Py<PyAny>,
}

static ASYNCIO: PyOnceLock<Asyncio> = PyOnceLock::new();

pub fn asyncio(py: Python<'_>) -> PyResult<&'static Asyncio> {
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

/// A new `CancelledError`.
pub fn cancelled_error(py: Python<'_>, message: Option<Py<PyAny>>) -> PyResult<PyErr> {
    let class = asyncio(py)?.cancelled_error.bind(py);
    let error = match message {
        Some(message) => class.call1((message,))?,
        None => class.call0()?,
    };
    Ok(PyErr::from_value(error))
}

/// Asks a future to cancel itself; false where it is done already.
pub fn cancel_future(future: &Bound<'_, PyAny>, message: Option<Py<PyAny>>) -> PyResult<bool> {
    let py = future.py();
    let keywords = PyDict::new(py);
    keywords.set_item("msg", message)?;
    future
        .call_method(intern!(py, "cancel"), (), Some(&keywords))?
        .is_truthy()
}
