//! `_core.InProcess`: the same stages without a socket, for test clients.

use std::sync::Arc;

use actix_http::header::{CONTENT_LENGTH, CONTENT_TYPE, HeaderName, HeaderValue};
use actix_http::{BoxedPayloadStream, Method, Payload, Uri};
use bolt_core::app::App as CoreApp;
use bolt_core::reply::{Body, Reply};
use bolt_core::request::Request;
use bolt_core::service::handle;
use bytes::Bytes;
use parking_lot::Mutex;
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyCFunction};
use tokio::sync::oneshot;

use crate::app::App;
use crate::event_loop::Scheduler;
use crate::handler::PyHandler;
use crate::python;

/// The application without a socket: requests run on a loop that another thread drives.
#[pyclass(frozen, module = "django_bolt._core")]
pub struct InProcess {
    app: Arc<CoreApp<PyHandler>>,
    event_loop: Py<Scheduler>,
}

/// Who sent a request in process: where its blocking work runs, and who hears of its failures.
#[derive(Clone)]
pub struct Caller(Arc<Callbacks>);

struct Callbacks {
    run_blocking: Py<PyAny>,
    on_error: Py<PyAny>,
}

impl Caller {
    pub fn run_blocking(&self, py: Python<'_>) -> Py<PyAny> {
        self.0.run_blocking.clone_ref(py)
    }

    /// Tells the caller of an exception that became a 5xx.
    pub fn report(&self, py: Python<'_>, error: &PyErr) {
        if let Err(fault) = self.0.on_error.call1(py, (python::exception(py, error),)) {
            fault.write_unraisable(py, Some(self.0.on_error.bind(py)));
        }
    }
}

#[pymethods]
impl InProcess {
    #[new]
    fn new(app: &App, r#loop: Py<Scheduler>) -> Self {
        Self {
            app: app.inner(),
            event_loop: r#loop,
        }
    }

    /// Starts a request; from any thread. Returns what cancels it.
    #[pyo3(signature = (method, target, headers, body, *, run_blocking, on_reply, on_error))]
    #[allow(clippy::too_many_arguments)] // one keyword each for the caller; it is one request
    fn send<'py>(
        &self,
        py: Python<'py>,
        method: &str,
        target: &str,
        headers: Vec<(Vec<u8>, Vec<u8>)>,
        body: Vec<u8>,
        run_blocking: Py<PyAny>,
        on_reply: Py<PyAny>,
        on_error: Py<PyAny>,
    ) -> PyResult<Bound<'py, PyCFunction>> {
        let parts = RequestParts::read(method, target, headers, body)?;
        let caller = Caller(Arc::new(Callbacks {
            run_blocking,
            on_error,
        }));
        let app = Arc::clone(&self.app);
        let (cancel, cancelled) = oneshot::channel::<()>();
        self.event_loop.get().shared().arrive(Box::new(move || {
            tokio::task::spawn_local(async move {
                let request = Request::new(parts.assemble()).with_origin(caller);
                tokio::select! {
                    reply = handle(&app, request) => {
                        Python::attach(|py| {
                            if let Err(error) = deliver(py, &on_reply, reply) {
                                error.write_unraisable(py, None);
                            }
                        });
                    }
                    // Dropping the request's future cancels its handler. A sender that is
                    // dropped unused asks for nothing.
                    Ok(()) = cancelled => {}
                }
            });
        }))?;
        let cancel = Mutex::new(Some(cancel));
        PyCFunction::new_closure(py, None, None, move |_, _| {
            if let Some(cancel) = cancel.lock().take() {
                let _ = cancel.send(());
            }
        })
    }
}

fn deliver(py: Python<'_>, on_reply: &Py<PyAny>, reply: Reply) -> PyResult<()> {
    let mut headers = Vec::with_capacity(reply.headers.len() + 1);
    let pair = |name: &HeaderName, value: &HeaderValue| {
        (
            PyBytes::new(py, name.as_str().as_bytes()),
            PyBytes::new(py, value.as_bytes()),
        )
    };
    if let Some(content_type) = &reply.content_type {
        headers.push(pair(&CONTENT_TYPE, content_type));
    }
    headers.extend(reply.headers.iter().map(|(name, value)| pair(name, value)));
    if let Body::Omitted(length) = reply.body {
        // What a HEAD is told of the body that a GET would get.
        headers.push(pair(&CONTENT_LENGTH, &HeaderValue::from(length)));
    }
    let body = match &reply.body {
        Body::Full(bytes) => PyBytes::new(py, bytes),
        Body::Empty | Body::Omitted(_) => PyBytes::new(py, &[]),
    };
    on_reply.call1(py, (reply.status.as_u16(), headers, body))?;
    drop(reply);
    Ok(())
}

/// A request as data that may cross threads; the server's own type may not.
struct RequestParts {
    method: Method,
    uri: Uri,
    headers: Vec<(HeaderName, HeaderValue)>,
    body: Bytes,
}

impl RequestParts {
    fn read(
        method: &str,
        target: &str,
        headers: Vec<(Vec<u8>, Vec<u8>)>,
        body: Vec<u8>,
    ) -> PyResult<Self> {
        let headers = headers
            .into_iter()
            .map(|(name, value)| {
                let name = HeaderName::from_bytes(&name).map_err(invalid)?;
                let value = HeaderValue::from_bytes(&value).map_err(invalid)?;
                Ok((name, value))
            })
            .collect::<PyResult<_>>()?;
        Ok(Self {
            method: Method::from_bytes(method.as_bytes()).map_err(invalid)?,
            uri: Uri::try_from(target).map_err(invalid)?,
            headers,
            body: Bytes::from(body),
        })
    }

    fn assemble(self) -> actix_http::Request<BoxedPayloadStream> {
        let payload = if self.body.is_empty() {
            Payload::None
        } else {
            Payload::from(self.body)
        };
        let mut request = actix_http::Request::with_payload(payload);
        let head = request.head_mut();
        head.method = self.method;
        head.uri = self.uri;
        for (name, value) in self.headers {
            head.headers.append(name, value);
        }
        request
    }
}

fn invalid(error: impl std::fmt::Display) -> PyErr {
    PyValueError::new_err(format!("this is not an HTTP request: {error}"))
}
