//! Handlers under way, and clients that leave meanwhile.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bolt_core::error::Error;
use bolt_core::handler::Outcome;
use parking_lot::Mutex;
use pyo3::prelude::*;
use tokio::sync::oneshot;

use crate::task::{Task, is_cancellation};

/// A result under way. Dropped before it is there, it cancels the task that was to give it.
struct Running<T> {
    task: Option<TaskSlot>,
    result: oneshot::Receiver<Result<T, Error>>,
}

/// A task, until it has ended. Whoever ends it empties the slot, while Python is entered.
type TaskSlot = Arc<Mutex<Option<Py<Task>>>>;

/// The outcome that somebody else will send.
pub fn awaited<T: 'static>(result: oneshot::Receiver<Result<T, Error>>) -> Outcome<T> {
    Outcome::Pending(Box::pin(Running { task: None, result }))
}

/// The outcome of a task that is suspended: `conclude` sends it, unless the client has left by then.
pub fn follow<T: Send + 'static>(
    task: &Bound<'_, Task>,
    conclude: impl FnOnce(&Bound<'_, Task>, PyResult<Py<PyAny>>, oneshot::Sender<Result<T, Error>>)
    + Send
    + 'static,
) -> Outcome<T> {
    let (sender, result) = oneshot::channel();
    let slot: TaskSlot = Arc::new(Mutex::new(Some(task.clone().unbind())));
    let ended = Arc::clone(&slot);
    task.get().when_done(Box::new(move |task, outcome| {
        let held = ended.lock().take();
        drop(held);
        if !abandoned(task.py(), &sender, &outcome) {
            conclude(task, outcome, sender);
        }
    }));
    let task = Some(slot);
    Outcome::Pending(Box::pin(Running { task, result }))
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
        let Some(task) = self.task.take().and_then(|slot| slot.lock().take()) else {
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
/// Any other exception is reported even so, and a result may have something to be done after it.
fn abandoned<T>(
    py: Python<'_>,
    sender: &oneshot::Sender<T>,
    outcome: &PyResult<Py<PyAny>>,
) -> bool {
    sender.is_closed()
        && outcome
            .as_ref()
            .is_err_and(|error| is_cancellation(py, error).unwrap_or(false))
}
