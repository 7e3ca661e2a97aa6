//! Handlers under way, and clients that leave meanwhile.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bolt_core::error::Error;
use parking_lot::Mutex;
use pyo3::prelude::*;
use tokio::sync::oneshot;

use crate::task::{Task, is_cancellation};

/// A reply under way. Dropped before it is there, it cancels the handler's task.
pub struct Running<T> {
    pub task: Option<TaskSlot>,
    pub result: oneshot::Receiver<Result<T, Error>>,
}

/// A handler's task, until it has ended. Whoever ends it empties the slot, while Python is entered.
#[derive(Clone)]
pub struct TaskSlot(Arc<Mutex<Option<Py<Task>>>>);

impl TaskSlot {
    pub fn new(task: Py<Task>) -> Self {
        Self(Arc::new(Mutex::new(Some(task))))
    }

    pub fn take(&self) -> Option<Py<Task>> {
        self.0.lock().take()
    }
}

impl<T> Future for Running<T> {
    type Output = Result<T, Error>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        Pin::new(&mut self.result).poll(cx).map(|received| {
            self.task = None;
            received.unwrap_or(Err(Error::Internal))
        })
    }
}

impl<T> Drop for Running<T> {
    fn drop(&mut self) {
        let Some(task) = self.task.take().and_then(|slot| slot.take()) else {
            return;
        };
        Python::attach(|py| {
            if let Err(error) = Task::abandon(task.bind(py)) {
                error.write_unraisable(py, None);
            }
        });
    }
}

/// Whether a task ended as it was told to when its client left: then nobody need hear of it.
/// Any other exception is reported even so.
pub fn abandoned<T>(
    py: Python<'_>,
    sender: &oneshot::Sender<T>,
    outcome: &PyResult<Py<PyAny>>,
) -> bool {
    sender.is_closed()
        && match outcome {
            Ok(_) => true,
            Err(error) => is_cancellation(py, error).unwrap_or(false),
        }
}
