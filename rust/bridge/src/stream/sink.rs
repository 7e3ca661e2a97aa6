//! Where the driver of an asynchronous generator leaves what it produced.

use std::sync::Arc;

use bolt_core::stream::channel::Left;
use bytes::Bytes;
use pyo3::prelude::*;

use super::Channel;
use crate::task::cancelled;

/// See [`bolt_core::stream::channel::Channel`].
#[pyclass(frozen, module = "django_bolt._core")]
pub struct StreamSink {
    channel: Arc<Channel>,
    event_loop: Py<PyAny>,
}

impl StreamSink {
    pub fn new(channel: Arc<Channel>, event_loop: Py<PyAny>) -> Self {
        Self {
            channel,
            event_loop,
        }
    }
}

#[pymethods]
impl StreamSink {
    /// Whether anybody takes what is produced.
    #[getter]
    fn is_wanted(&self) -> bool {
        !self.channel.is_abandoned()
    }

    /// Leaves a chunk; returns what to wait for before the next, or `None`. Raises
    /// `CancelledError` where nobody takes it.
    fn put(&self, py: Python<'_>, chunk: &[u8]) -> PyResult<Option<Py<PyAny>>> {
        match self.channel.put(Bytes::copy_from_slice(chunk)) {
            Left::More => return Ok(None),
            // A generator that catches its cancellation and goes on is closed here.
            Left::ToNobody => return Err(cancelled(py)?),
            Left::Enough => {}
        }
        let future = self
            .event_loop
            .call_method0(py, pyo3::intern!(py, "create_future"))?;
        let waits = self.channel.wait_for_room(future.clone_ref(py));
        Ok(waits.then_some(future))
    }
}
