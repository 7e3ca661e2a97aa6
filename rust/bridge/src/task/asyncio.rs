//! What a task asks of asyncio.

use pyo3::exceptions::PyRuntimeError;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::PyDict;

use crate::python;

/// What a task needs of asyncio.
pub struct Asyncio {
    pub current_tasks: CurrentTasks,
    pub registry: Registry,
    pub cancelled_error: Py<PyAny>,
    pub invalid_state_error: Py<PyAny>,
}

/// Where asyncio keeps the task that each loop executes.
pub enum CurrentTasks {
    /// The table itself, which the interpreter shows up to 3.13: half the cost of the functions.
    Table(Py<PyDict>),
    Functions {
        enter: Py<PyAny>,
        leave: Py<PyAny>,
    },
}

impl CurrentTasks {
    fn read(tasks: &Bound<'_, PyModule>) -> PyResult<Self> {
        match tasks.getattr_opt("_current_tasks")? {
            Some(table) if is_current(tasks, &table)? => {
                Ok(Self::Table(table.cast_into::<PyDict>()?.unbind()))
            }
            _ => Ok(Self::Functions {
                enter: tasks.getattr("_enter_task")?.unbind(),
                leave: tasks.getattr("_leave_task")?.unbind(),
            }),
        }
    }

    /// Makes `task` the loop's current one.
    ///
    /// # Errors
    ///
    /// `RuntimeError` where the loop executes another task.
    pub fn enter<'py>(
        &self,
        event_loop: &Bound<'py, PyAny>,
        task: &Bound<'py, PyAny>,
    ) -> PyResult<()> {
        match self {
            Self::Table(table) => {
                let current = python::set_default(table.bind(task.py()), event_loop, task)?;
                if current.is(task) {
                    return Ok(());
                }
                let problem = format!("Cannot enter into task {task} while {current} is executed.");
                Err(PyRuntimeError::new_err(problem))
            }
            Self::Functions { enter, .. } => {
                let arguments = [event_loop.clone(), task.clone()];
                python::vectorcall(enter.bind(task.py()), &arguments, None).map(drop)
            }
        }
    }

    /// Ends what `enter` began.
    pub fn leave<'py>(
        &self,
        event_loop: &Bound<'py, PyAny>,
        task: &Bound<'py, PyAny>,
    ) -> PyResult<()> {
        match self {
            Self::Table(table) => table.bind(task.py()).del_item(event_loop),
            Self::Functions { leave, .. } => {
                let arguments = [event_loop.clone(), task.clone()];
                python::vectorcall(leave.bind(task.py()), &arguments, None).map(drop)
            }
        }
    }
}

/// Where `asyncio.all_tasks` finds tasks.
pub struct Registry {
    /// The set of weak references in which every task stands that was scheduled.
    remember_weakly: Py<PyAny>,
    /// From 3.12 on: a plain set, for tasks that run before they were scheduled. It costs a tenth,
    /// and keeps a task alive.
    eager: Option<EagerTasks>,
}

struct EagerTasks {
    remember: Py<PyAny>,
    forget: Py<PyAny>,
}

impl Registry {
    fn read(tasks: &Bound<'_, PyModule>) -> PyResult<Self> {
        let eager = match tasks.getattr_opt("_register_eager_task")? {
            Some(remember) => Some(EagerTasks {
                remember: remember.unbind(),
                forget: tasks.getattr("_unregister_eager_task")?.unbind(),
            }),
            None => None,
        };
        Ok(Self {
            remember_weakly: tasks.getattr("_register_task")?.unbind(),
            eager,
        })
    }

    /// Enters a task that somebody waits for.
    pub fn remember(&self, task: &Bound<'_, PyAny>) -> PyResult<()> {
        let remember = match &self.eager {
            Some(eager) => &eager.remember,
            None => &self.remember_weakly,
        };
        remember.bind(task.py()).call1((task,)).map(drop)
    }

    /// Leaves a task to whoever will wake it: where nobody does, the collector may have it.
    pub fn remember_weakly(&self, task: &Bound<'_, PyAny>) -> PyResult<()> {
        if self.eager.is_some() {
            self.remember_weakly.bind(task.py()).call1((task,))?;
        }
        self.forget(task)
    }

    /// Ends what `remember` began.
    pub fn forget(&self, task: &Bound<'_, PyAny>) -> PyResult<()> {
        match &self.eager {
            Some(eager) => eager.forget.bind(task.py()).call1((task,)).map(drop),
            None => Ok(()), // a task that ended is not listed, and leaves by itself
        }
    }
}

/// Whether `asyncio.current_task` reads this table: put there for a loop that does not exist, a
/// task is found.
fn is_current(tasks: &Bound<'_, PyModule>, table: &Bound<'_, PyAny>) -> PyResult<bool> {
    let Ok(table) = table.cast_exact::<PyDict>() else {
        return Ok(false);
    };
    let object = tasks.py().get_type::<PyAny>();
    let (event_loop, task) = (object.call0()?, object.call0()?);
    table.set_item(&event_loop, &task)?;
    let found = tasks.call_method1("current_task", (&event_loop,));
    table.del_item(&event_loop)?;
    Ok(found?.is(&task))
}

static ASYNCIO: PyOnceLock<Asyncio> = PyOnceLock::new();

pub fn asyncio(py: Python<'_>) -> PyResult<&'static Asyncio> {
    ASYNCIO.get_or_try_init(py, || {
        let tasks = py.import("asyncio.tasks")?;
        let exceptions = py.import("asyncio.exceptions")?;
        Ok(Asyncio {
            current_tasks: CurrentTasks::read(&tasks)?,
            registry: Registry::read(&tasks)?,
            cancelled_error: exceptions.getattr("CancelledError")?.unbind(),
            invalid_state_error: exceptions.getattr("InvalidStateError")?.unbind(),
        })
    })
}

/// Whether the error is `asyncio.CancelledError`.
pub fn is_cancellation(py: Python<'_>, error: &PyErr) -> PyResult<bool> {
    Ok(error.is_instance(py, asyncio(py)?.cancelled_error.bind(py)))
}

/// A new `CancelledError` that says nothing.
pub fn cancelled(py: Python<'_>) -> PyResult<PyErr> {
    cancelled_error(py, None)
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
