//! A task that waits for a future, and a future that waits for a task.

use parking_lot::Mutex;
use pyo3::exceptions::{PyRuntimeError, PyStopIteration};
use pyo3::prelude::*;
use pyo3::{PyTraverseError, PyVisit};

use super::Task;

/// What a future calls when it is done: the loop runs it in the task's context.
#[pyclass(frozen, module = "django_bolt._core")]
pub struct Wakeup(pub Py<Task>);

impl Wakeup {
    pub fn task(&self, py: Python<'_>) -> Py<Task> {
        self.0.clone_ref(py)
    }
}

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
pub struct TaskWaiter {
    pub(super) task: Py<Task>,
    pub(super) asked: Mutex<bool>,
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
