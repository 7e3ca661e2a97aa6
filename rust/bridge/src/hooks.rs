//! What the bridge calls in Python, read once; see `django_bolt/dispatch/hooks.py`.

use std::cell::OnceCell;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use pyo3::prelude::*;
use pyo3::types::{PyDict, PyType};

use crate::plain::PlainClass;

thread_local! {
    /// Where Django keeps this thread's connections; see `dispatch.connections.thread_storage`.
    static STORAGE: OnceCell<Option<Py<PyDict>>> = const { OnceCell::new() };
}

pub struct Hooks {
    pub request_class: Py<PyType>,
    pub response_class: Py<PyType>,
    /// `django_bolt.uploads.UploadFile`.
    pub upload_class: Py<PyAny>,
    pub django_response_class: Py<PyType>,
    pub plain_classes: Vec<PlainClass>,
    pub file_class: Py<PyType>,
    pub render: Py<PyAny>,
    pub render_file: Py<PyAny>,
    pub refuse_file: Py<PyAny>,
    pub stream_class: Py<PyType>,
    /// `dispatch.concluding.Concluded`.
    pub concluded_class: Py<PyType>,
    /// What a stream is made of: `dispatch.streams.source_of`.
    pub stream_source: Py<PyAny>,
    /// Drives an async generator: `dispatch.streams.pump`.
    pub pump: Py<PyAny>,
    /// Tells Django and the log of an exception that no reply can tell of.
    pub announce: Py<PyAny>,
    pub translate: Py<PyAny>,
    pub seal: Py<PyAny>,
    thread_starts_request: Py<PyAny>,
    thread_ends_request: Py<PyAny>,
    thread_storage: Py<PyAny>,
    caches_are_closed: bool,
    pub thread_ends: Py<PyAny>,
    signals: Signals,
    log_refusal: Py<PyAny>,
    /// `asgiref.sync.SyncToAsync.thread_sensitive_context`.
    pub thread_sensitive_context: Py<PyAny>,
    /// `msgspec.DecodeError`.
    pub decode_error: Py<PyAny>,
    /// `django.core.exceptions.SynchronousOnlyOperation`.
    pub synchronous_only: Py<PyAny>,
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
            django_response_class: hooks
                .getattr("django_response_class")?
                .cast_into()?
                .unbind(),
            plain_classes: PlainClass::read(&hooks.getattr("plain_classes")?)?,
            file_class: hooks.getattr("file_class")?.cast_into()?.unbind(),
            upload_class: attribute("upload_class")?,
            render: attribute("render")?,
            render_file: attribute("render_file")?,
            refuse_file: attribute("refuse_file")?,
            stream_class: hooks.getattr("stream_class")?.cast_into()?.unbind(),
            concluded_class: hooks.getattr("concluded_class")?.cast_into()?.unbind(),
            stream_source: attribute("stream_source")?,
            pump: attribute("pump")?,
            announce: attribute("announce")?,
            translate: attribute("translate")?,
            seal: attribute("seal")?,
            thread_starts_request: attribute("thread_starts_request")?,
            thread_ends_request: attribute("thread_ends_request")?,
            thread_storage: attribute("thread_storage")?,
            caches_are_closed: hooks.getattr("caches_are_closed")?.extract()?,
            thread_ends: attribute("thread_ends")?,
            signals: Signals::read(hooks)?,
            log_refusal: attribute("log_refusal")?,
            thread_sensitive_context: py
                .import("asgiref.sync")?
                .getattr("SyncToAsync")?
                .getattr("thread_sensitive_context")?
                .unbind(),
            decode_error: py.import("msgspec")?.getattr("DecodeError")?.unbind(),
            synchronous_only: py
                .import("django.core.exceptions")?
                .getattr("SynchronousOnlyOperation")?
                .unbind(),
            set_running_loop: py.import("asyncio")?.getattr("_set_running_loop")?.unbind(),
        })
    }

    /// The edge of a request on the thread that does its blocking work; `signals` where Django's
    /// are to be sent there.
    pub fn thread_starts_request(&self, py: Python<'_>, in_process: bool, signals: bool) {
        if in_process || signals || !self.is_unused(py) {
            at_edge(py, &self.thread_starts_request, in_process, signals);
        }
    }

    /// The other edge.
    pub fn thread_ends_request(&self, py: Python<'_>, in_process: bool, signals: bool) {
        if in_process || signals || self.caches_are_closed || !self.is_unused(py) {
            at_edge(py, &self.thread_ends_request, in_process, signals);
        }
    }

    /// Writes the log line of refused credentials: reason, method, route and the peer's address.
    pub fn log_refusal(&self, py: Python<'_>, of: (&str, &str, &str, Option<String>)) {
        if let Err(error) = self.log_refusal.call1(py, of) {
            error.write_unraisable(py, Some(self.log_refusal.bind(py)));
        }
    }

    /// Whether this thread has no connection that would have to be kept in order.
    fn is_unused(&self, py: Python<'_>) -> bool {
        STORAGE.with(|storage| {
            let storage = storage.get_or_init(|| {
                let found = self.thread_storage.call0(py);
                let found = found.and_then(|found| Ok(found.extract::<Option<Py<PyDict>>>(py)?));
                found.unwrap_or_else(|error| {
                    error.write_unraisable(py, None);
                    None
                })
            });
            let storage = storage.as_ref();
            storage.is_some_and(|storage| storage.bind(py).is_empty())
        })
    }

    /// Whether somebody other than Django listens to the request signals.
    pub fn signals_are_wanted(&self, py: Python<'_>) -> bool {
        self.signals.are_wanted(py).unwrap_or_else(|error| {
            error.write_unraisable(py, None);
            true
        })
    }
}

/// Calls the hook of an edge. What it raises is reported and does not fail the request: a broken
/// connection shows where it is used.
fn at_edge(py: Python<'_>, edge: &Py<PyAny>, in_process: bool, signals: bool) {
    if let Err(error) = edge.call1(py, (in_process, signals)) {
        error.write_unraisable(py, Some(edge.bind(py)));
    }
}

/// Watches who listens to Django's request signals. Python is asked again only when the number
/// of receivers has changed, since this is looked up for every request.
struct Signals {
    /// The attributes of `request_started`: cheaper to read than through the object.
    started: Py<PyDict>,
    finished: Py<PyDict>,
    ask: Py<PyAny>,
    receivers: AtomicUsize,
    wanted: AtomicBool,
}

impl Signals {
    fn read(hooks: &Bound<'_, PyAny>) -> PyResult<Self> {
        let signals = hooks.py().import("django.core.signals")?;
        let attributes = |signal: &str| -> PyResult<Py<PyDict>> {
            let signal = signals.getattr(signal)?;
            Ok(signal.getattr("__dict__")?.cast_into()?.unbind())
        };
        Ok(Self {
            started: attributes("request_started")?,
            finished: attributes("request_finished")?,
            ask: hooks.getattr("signals_are_wanted")?.unbind(),
            receivers: AtomicUsize::new(usize::MAX),
            wanted: AtomicBool::new(false),
        })
    }

    fn are_wanted(&self, py: Python<'_>) -> PyResult<bool> {
        let count = |signal: &Py<PyDict>| {
            let receivers = signal.bind(py).get_item(pyo3::intern!(py, "receivers"))?;
            receivers.map_or(Ok(0), |receivers| receivers.len())
        };
        let receivers = (count(&self.started)? << 32) + count(&self.finished)?;
        if self.receivers.load(Ordering::Acquire) != receivers {
            let wanted = self.ask.call0(py)?.is_truthy(py)?;
            self.wanted.store(wanted, Ordering::Relaxed);
            self.receivers.store(receivers, Ordering::Release);
        }
        Ok(self.wanted.load(Ordering::Relaxed))
    }
}
