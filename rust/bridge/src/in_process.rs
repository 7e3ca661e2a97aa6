//! `_core.InProcess`: the same stages without a socket, for test clients.

use std::future::poll_fn;
use std::io;
use std::sync::Arc;

use actix_http::header::{
    CONTENT_LENGTH, CONTENT_TYPE, HeaderName, HeaderValue, TRANSFER_ENCODING,
};
use actix_http::{BoxedPayloadStream, Method, Payload, Uri};
use bolt_core::app::App as CoreApp;
use bolt_core::reply::{Body, Chunks, Finish, Reply};
use bolt_core::request::Request;
use bolt_core::service::handle;
use bytes::Bytes;
use parking_lot::Mutex;
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::PyBytes;
use tokio::sync::{mpsc, oneshot};

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
    on_reply: Py<PyAny>,
    on_chunk: Py<PyAny>,
    on_end: Py<PyAny>,
    on_error: Py<PyAny>,
}

impl Caller {
    pub fn run_blocking(&self, py: Python<'_>) -> Py<PyAny> {
        self.0.run_blocking.clone_ref(py)
    }

    /// Tells the caller of an exception that became a 5xx, or cut a stream.
    pub fn report(&self, py: Python<'_>, error: &PyErr) {
        tell(&self.0.on_error, py, (python::exception(py, error),));
    }

    /// Hands the head over; the body too, if it is there as a whole.
    fn give_reply(&self, reply: &Reply) {
        Python::attach(|py| {
            let body = match &reply.body {
                Body::Full(bytes) => Some(PyBytes::new(py, bytes)),
                Body::Empty | Body::Omitted(_) | Body::Withheld => Some(PyBytes::new(py, &[])),
                Body::File(_) => unreachable!("the service has opened it"),
                Body::Stream(_) => None,
            };
            let head = (reply.status.as_u16(), head_of(py, reply), body);
            tell(&self.0.on_reply, py, head);
        });
    }

    fn give_chunk(&self, chunk: &[u8]) {
        Python::attach(|py| tell(&self.0.on_chunk, py, (PyBytes::new(py, chunk),)));
    }

    /// Says that no chunk will follow, and whether that is because of an error.
    fn give_end(&self, error: Option<&io::Error>) {
        let problem = error.map(ToString::to_string);
        Python::attach(|py| tell(&self.0.on_end, py, (problem,)));
    }
}

fn tell<'py>(callback: &Py<PyAny>, py: Python<'py>, arguments: impl pyo3::call::PyCallArgs<'py>) {
    if let Err(fault) = callback.call1(py, arguments) {
        fault.write_unraisable(py, Some(callback.bind(py)));
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

    /// Starts a request; from any thread.
    #[pyo3(signature = (
        method, target, headers, body, *, run_blocking, on_reply, on_chunk, on_end, on_error
    ))]
    #[allow(clippy::too_many_arguments)] // one keyword each for the caller; it is one request
    fn send(
        &self,
        method: &str,
        target: &str,
        headers: Vec<(Vec<u8>, Vec<u8>)>,
        body: Vec<u8>,
        run_blocking: Py<PyAny>,
        on_reply: Py<PyAny>,
        on_chunk: Py<PyAny>,
        on_end: Py<PyAny>,
        on_error: Py<PyAny>,
    ) -> PyResult<InProcessRequest> {
        let parts = RequestParts::read(method, target, headers, body)?;
        let caller = Caller(Arc::new(Callbacks {
            run_blocking,
            on_reply,
            on_chunk,
            on_end,
            on_error,
        }));
        let app = Arc::clone(&self.app);
        let (cancel, cancelled) = oneshot::channel::<()>();
        let (pull, pulls) = mpsc::unbounded_channel();
        self.event_loop.get().shared().arrive(Box::new(move || {
            tokio::task::spawn_local(serve(app, parts, caller, pulls, cancelled));
        }))?;
        Ok(InProcessRequest {
            cancel: Mutex::new(Some(cancel)),
            pull,
        })
    }
}

/// A request that was sent in process, in the hands of its sender.
#[pyclass(frozen, module = "django_bolt._core")]
pub struct InProcessRequest {
    cancel: Mutex<Option<oneshot::Sender<()>>>,
    pull: mpsc::UnboundedSender<()>,
}

#[pymethods]
impl InProcessRequest {
    /// Leaves, as a client does that closes its connection.
    fn cancel(&self) {
        if let Some(cancel) = self.cancel.lock().take() {
            let _ = cancel.send(()); // it may have been answered meanwhile
        }
    }

    /// Asks for the next chunk of a body that is not there as a whole.
    fn pull(&self) {
        let _ = self.pull.send(()); // it may have come to its end
    }
}

/// A request from its first stage to its end.
async fn serve(
    app: Arc<CoreApp<PyHandler>>,
    parts: RequestParts,
    caller: Caller,
    mut pulls: mpsc::UnboundedReceiver<()>,
    mut cancelled: oneshot::Receiver<()>,
) {
    let request = Request::new(parts.assemble()).with_origin(caller.clone());
    let mut reply = tokio::select! {
        reply = handle(&app, request) => reply,
        // Dropping the request's future cancels its handler. A sender that is dropped unused asks
        // for nothing.
        Ok(()) = &mut cancelled => return,
    };
    let finish = reply.finish.take();
    if !matches!(reply.body, Body::Stream(_)) {
        // A test looks at what was done as soon as it has its reply.
        wait_for(finish).await;
        caller.give_reply(&reply);
        return;
    }
    caller.give_reply(&reply);
    let Body::Stream(mut stream) = reply.body else {
        unreachable!("every other body was handed over above")
    };
    let outcome = tokio::select! {
        outcome = pass_on(&caller, &mut stream.chunks, &mut pulls) => outcome,
        Ok(()) = &mut cancelled => Ok(()),
    };
    drop(stream);
    wait_for(finish).await;
    caller.give_end(outcome.err().as_ref());
}

/// Hands over a chunk each time that one is asked for.
async fn pass_on(
    caller: &Caller,
    chunks: &mut Chunks,
    pulls: &mut mpsc::UnboundedReceiver<()>,
) -> io::Result<()> {
    while pulls.recv().await.is_some() {
        match poll_fn(|cx| chunks.as_mut().poll_next(cx)).await {
            Some(chunk) => caller.give_chunk(&chunk?),
            None => return Ok(()),
        }
    }
    Ok(())
}

async fn wait_for(finish: Option<Finish>) {
    if let Some(remainder) = finish.and_then(Finish::run) {
        remainder.await;
    }
}

type HeaderPair<'py> = (Bound<'py, PyBytes>, Bound<'py, PyBytes>);

/// The headers as a server would send them, those of the body's length included.
fn head_of<'py>(py: Python<'py>, reply: &Reply) -> Vec<HeaderPair<'py>> {
    let mut headers = Vec::with_capacity(reply.headers.len() + 2);
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
    match &reply.body {
        Body::Stream(stream) => headers.push(match stream.length {
            Some(length) => pair(&CONTENT_LENGTH, &HeaderValue::from(length)),
            None => pair(&TRANSFER_ENCODING, &HeaderValue::from_static("chunked")),
        }),
        // What a HEAD is told of the body that a GET would get.
        Body::Omitted(length) => headers.push(pair(&CONTENT_LENGTH, &HeaderValue::from(*length))),
        Body::Empty | Body::Full(_) | Body::File(_) | Body::Withheld => {}
    }
    headers
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
