//! What the bridge calls in Python, read once; see `django_bolt/dispatch/hooks.py`.

use pyo3::prelude::*;
use pyo3::types::PyType;

pub struct Hooks {
    pub request_class: Py<PyType>,
    pub response_class: Py<PyType>,
    pub render: Py<PyAny>,
    pub translate: Py<PyAny>,
    pub thread_starts_request: Py<PyAny>,
    pub thread_ends_request: Py<PyAny>,
    pub thread_ends: Py<PyAny>,
    /// `asgiref.sync.SyncToAsync.thread_sensitive_context`.
    pub thread_sensitive_context: Py<PyAny>,
    /// `msgspec.DecodeError`.
    pub decode_error: Py<PyAny>,
    /// `asyncio._set_running_loop`.
    pub set_running_loop: Py<PyAny>,
}

impl Hooks {
    pub fn read(hooks: &Bound<'_, PyAny>) -> PyResult<Self> {
        let py = hooks.py();
        let attribute = |name: &str| hooks.getattr(name).map(Bound::unbind);
        Ok(Self {
            request_class: hooks.getattr("request_class")?.cast_into()?.unbind(),
            response_class: hooks.getattr("response_class")?.cast_into()?.unbind(),
            render: attribute("render")?,
            translate: attribute("translate")?,
            thread_starts_request: attribute("thread_starts_request")?,
            thread_ends_request: attribute("thread_ends_request")?,
            thread_ends: attribute("thread_ends")?,
            thread_sensitive_context: py
                .import("asgiref.sync")?
                .getattr("SyncToAsync")?
                .getattr("thread_sensitive_context")?
                .unbind(),
            decode_error: py.import("msgspec")?.getattr("DecodeError")?.unbind(),
            set_running_loop: py.import("asyncio")?.getattr("_set_running_loop")?.unbind(),
        })
    }

    /// Calls a connection hook. What it raises is reported and does not fail the request: a
    /// broken connection shows where it is used.
    pub fn at_edge(&self, py: Python<'_>, hook: &Py<PyAny>) {
        if let Err(error) = hook.call0(py) {
            error.write_unraisable(py, Some(hook.bind(py)));
        }
    }
}
