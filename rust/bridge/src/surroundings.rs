//! Where a request's Python code runs.

use std::sync::Arc;

use bolt_core::error::Error;
use bolt_core::handler::Outcome;
use pyo3::prelude::*;
use tokio::sync::oneshot;

use crate::handler::Parts;
use crate::in_process::Caller;
use crate::lease::{Lease, LeaseGuard, RequestScope};
use crate::python;
use crate::task::Task;
use crate::worker::Worker;

/// Where a request's Python code runs: on which leased thread, in which context.
pub struct Surroundings {
    pub lease: LeaseGuard,
    pub context: Py<PyAny>,
    /// What asgiref finds in the context.
    scope: Py<RequestScope>,
    /// What the context held at first, if whatever is derived from it is sure to show.
    content: Option<Py<PyAny>>,
    /// The task that a coroutine runs in, once there is one.
    task: Option<Py<Task>>,
}

impl Surroundings {
    fn new(py: Python<'_>, parts: &Parts, caller: Option<&Caller>) -> PyResult<Self> {
        let pool = Arc::clone(&parts.pool);
        let hooks = Arc::clone(&parts.hooks);
        let lease = match caller {
            Some(caller) => Lease::of_caller(caller.run_blocking(py), pool, hooks),
            None => Lease::new(pool, hooks),
        };
        let context = python::copy_context(py)?;
        let scope = Bound::new(py, RequestScope::new(Arc::clone(&lease)))?;
        python::within_context(&context, || {
            python::set_context_variable(
                parts.hooks.thread_sensitive_context.bind(py),
                scope.as_any(),
            )
        })??;
        Ok(Self {
            lease: LeaseGuard(lease),
            content: python::content_of_context(&context)
                .filter(|content| python::has_in_root(content, scope.as_any()))
                .map(Bound::unbind),
            context: context.unbind(),
            scope: scope.unbind(),
            task: None,
        })
    }

    /// The surroundings that a request of this worker left as it found them, or new ones.
    pub fn take(py: Python<'_>, parts: &Parts, caller: Option<&Caller>) -> PyResult<Self> {
        if caller.is_none()
            && let Ok(worker) = Worker::current()
            && let Some(spare) = worker.take_spare()
            && spare.lease.0.is_of(&parts.pool)
        {
            return Ok(spare);
        }
        Self::new(py, parts, caller)
    }

    /// The task for a coroutine of this request, which has the request's context.
    pub fn task<'py>(&mut self, py: Python<'py>, worker: &Worker) -> PyResult<Bound<'py, Task>> {
        match self.task.take() {
            Some(task) => Ok(task.into_bound(py)),
            None => Task::new(worker, self.context.bind(py)),
        }
    }

    /// Keeps the task that [`Surroundings::task`] gave out.
    pub fn keep_task(&mut self, task: &Bound<'_, Task>) {
        self.task = Some(task.clone().unbind());
    }

    /// Leaves them to the next request, if that cannot tell: no thread was leased, the context holds
    /// what it held at first, and nothing else refers to the task, to the context, to its content
    /// (which copies of it share) or to the scope.
    pub fn leave_to_next(mut self, py: Python<'_>, worker: &Worker) {
        let task = self.task.take().map(|task| task.into_bound(py));
        if !self.lease.0.is_untouched(self.scope.bind(py)) || !self.is_pristine(py, task.as_ref()) {
            return;
        }
        self.task = task.map(|task| {
            task.get().forget();
            task.unbind()
        });
        worker.keep_spare(self);
    }

    /// The same at the end of the loop's turn, for a task that makes its last step in this one. What
    /// can be left to nobody is given up at once: a leased thread is waited for.
    pub fn leave_when_done(self, py: Python<'_>, worker: &Worker) {
        let own = |task: &Py<Task>| task.bind(py).get().is_of(&worker.scheduler);
        if self.lease.0.is_untaken() && self.task.as_ref().is_some_and(own) {
            worker.leave_later(self);
        }
    }

    fn is_pristine(&self, py: Python<'_>, task: Option<&Bound<'_, Task>>) -> bool {
        let context = self.context.bind(py);
        let Some(content) = &self.content else {
            return false;
        };
        // These surroundings hold the context, and so does the task.
        let holders = 1 + isize::from(task.is_some());
        task.is_none_or(|task| python::is_held_by(task, 1))
            && python::is_held_by(context, holders)
            && python::content_of_context(context).is_some_and(|held| held.is(content))
            && python::is_held_by(content.bind(py), 2)
    }
}

/// Surroundings, and what to wait for before any of the author's code may run in them: the
/// receivers of `request_started`, where there are others than Django's.
pub fn begin(
    py: Python<'_>,
    parts: &Parts,
    caller: Option<&Caller>,
) -> PyResult<(Surroundings, Option<oneshot::Receiver<()>>)> {
    let surroundings = Surroundings::take(py, parts, caller)?;
    if !parts.hooks.signals_are_wanted(py) {
        return Ok((surroundings, None));
    }
    let (sender, begun) = oneshot::channel();
    let begins = Box::new(move |_: Python<'_>| {
        let _ = sender.send(());
    });
    surroundings.lease.0.run(py, begins)?;
    Ok((surroundings, Some(begun)))
}

/// The result of an outcome, whenever it is there.
pub async fn settle<T>(outcome: Outcome<T>) -> Result<T, Error> {
    match outcome {
        Outcome::Ready(result) => result,
        Outcome::Pending(future) => future.await,
    }
}
