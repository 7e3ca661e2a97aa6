//! `_core.Server`: one listening socket on one event loop.

use std::net::TcpListener;
use std::sync::Arc;
use std::time::Duration;

use bolt_core::app::App as CoreApp;
use bolt_core::server::{ServerConfig, serve};
use parking_lot::Mutex;
use pyo3::exceptions::{PyOSError, PyRuntimeError, PyValueError};
use pyo3::prelude::*;
use tokio::sync::watch;

use crate::app::App;
use crate::event_loop::Scheduler;
use crate::handler::PyHandler;

/// One listening socket served by one event loop.
#[pyclass(frozen, module = "django_bolt._core")]
pub struct Server {
    app: Arc<CoreApp<PyHandler>>,
    event_loop: Py<Scheduler>,
    listener: Mutex<Option<TcpListener>>,
    config: ServerConfig,
    shutdown: watch::Sender<bool>,
}

#[pymethods]
impl Server {
    #[new]
    #[pyo3(signature = (app, r#loop, listener, *, keep_alive, request_timeout, shutdown_timeout))]
    fn new(
        app: &App,
        r#loop: Py<Scheduler>,
        listener: i32,
        keep_alive: f64,
        request_timeout: f64,
        shutdown_timeout: f64,
    ) -> PyResult<Self> {
        let config = ServerConfig {
            keep_alive: seconds("keep_alive", keep_alive)?,
            client_request_timeout: seconds("request_timeout", request_timeout)?,
            shutdown_timeout: seconds("shutdown_timeout", shutdown_timeout)?,
            ..ServerConfig::default()
        };
        Ok(Self {
            app: app.inner(),
            event_loop: r#loop,
            listener: Mutex::new(Some(crate::python::take_listener(listener)?)),
            config,
            shutdown: watch::Sender::new(false),
        })
    }

    /// Starts serving when the loop runs; the future is done when a shutdown is complete.
    fn serve<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let listener = self
            .listener
            .lock()
            .take()
            .ok_or_else(|| PyRuntimeError::new_err("this server has been started already"))?;
        let done = self.event_loop.bind(py).call_method0("create_future")?;
        let app = Arc::clone(&self.app);
        let config = self.config.clone();
        let mut shutdown = self.shutdown.subscribe();
        let future = done.clone().unbind();
        self.event_loop.get().shared().arrive(Box::new(move || {
            tokio::task::spawn_local(async move {
                let stopped = async move {
                    // A server that nobody holds any more is not shut down by that.
                    if shutdown.wait_for(|stop| *stop).await.is_err() {
                        std::future::pending::<()>().await;
                    }
                };
                let outcome = serve(app, listener, config, stopped).await;
                Python::attach(|py| {
                    if let Err(error) = settle(future.bind(py), outcome) {
                        error.write_unraisable(py, None);
                    }
                });
            });
        }))?;
        Ok(done)
    }

    /// Stops accepting and finishes what is in flight. From any thread.
    fn shutdown(&self) {
        self.shutdown.send_replace(true);
    }
}

fn settle(future: &Bound<'_, PyAny>, outcome: std::io::Result<()>) -> PyResult<()> {
    if future.call_method0("done")?.is_truthy()? {
        return Ok(()); // cancelled by whoever waited for it
    }
    match outcome {
        Ok(()) => future.call_method1("set_result", (future.py().None(),))?,
        Err(error) => {
            let error = PyOSError::new_err(error.to_string());
            future.call_method1("set_exception", (error,))?
        }
    };
    Ok(())
}

fn seconds(name: &str, value: f64) -> PyResult<Duration> {
    Duration::try_from_secs_f64(value).map_err(|_| {
        PyValueError::new_err(format!("{name} must be a number of seconds, not {value}"))
    })
}
