//! Handlers that are plain functions: where they may block.

use std::sync::Arc;

use bolt_core::error::Error;
use bolt_core::handler::Outcome;
use bolt_core::reply::Reply;
use pyo3::prelude::*;
use tokio::sync::oneshot;

use super::concluding;
use crate::hooks::Hooks;
use crate::invocation::Invocation;
use crate::python;
use crate::running::awaited;
use crate::surroundings::Surroundings;
use crate::worker::Worker;

/// A whole request on a thread of the pool. The worker's thread never waits for Python here.
pub fn on_a_pool_thread(invocation: Invocation, worker: &Worker) -> Outcome<Reply> {
    let (sender, receiver) = oneshot::channel();
    let pool = Arc::clone(&invocation.parts.pool);
    let workers_context = Arc::clone(&worker.context);
    pool.submit(Box::new(move |py| {
        // A client that left while this waited for a thread is not worked for.
        if sender.is_closed() {
            return;
        }
        let hooks = Arc::clone(&invocation.parts.hooks);
        let context = match python::copy_of_context(workers_context.bind(py)) {
            Ok(context) => context,
            Err(error) => {
                let _ = sender.send(Err(invocation.failure(py, &error, None)));
                return;
            }
        };
        let wanted = hooks.signals_are_wanted(py);
        hooks.thread_starts_request(py, false, wanted);
        let _ = sender.send(invocation.complete(py, &context));
        drop(invocation);
        end_in(&hooks, py, &context, wanted);
    }));
    awaited(receiver)
}

/// Runs the last of a request in its context, which holds what Django keeps per context.
fn end_in(hooks: &Hooks, py: Python<'_>, context: &Bound<'_, PyAny>, signals: bool) {
    let ended = python::within_context(context, || {
        hooks.thread_ends_request(py, false, signals);
    });
    if let Err(error) = ended {
        error.write_unraisable(py, None);
    }
}

/// A short function, on the worker's own thread.
///
/// asgiref and Django look for a running loop to tell asynchronous code from blocking code, and
/// this is the latter: the loop is hidden meanwhile.
pub fn inline(
    py: Python<'_>,
    worker: &Worker,
    invocation: &Invocation,
    context: &Bound<'_, PyAny>,
    signals: bool,
) -> Outcome<Reply> {
    let hooks = &invocation.parts.hooks;
    let reply = without_running_loop(py, worker, invocation, || {
        hooks.thread_starts_request(py, false, signals);
        let reply = invocation.complete(py, context);
        end_in(hooks, py, context, signals);
        reply
    });
    Outcome::Ready(reply)
}

fn without_running_loop(
    py: Python<'_>,
    worker: &Worker,
    invocation: &Invocation,
    work: impl FnOnce() -> Result<Reply, Error>,
) -> Result<Reply, Error> {
    let set_running_loop = invocation.parts.hooks.set_running_loop.bind(py);
    let fail = |error: PyErr| invocation.failure(py, &error, None);
    set_running_loop.call1((py.None(),)).map_err(fail)?;
    let reply = work();
    set_running_loop
        .call1((&worker.event_loop,))
        .map_err(fail)?;
    reply
}

/// A plain function, on the thread that the request leases.
pub fn on_the_leased_thread(
    py: Python<'_>,
    worker: &Worker,
    invocation: Invocation,
    surroundings: Surroundings,
) -> Outcome<Reply> {
    let (sender, receiver) = oneshot::channel();
    let scheduler = Arc::clone(&worker.scheduler);
    let lease = Arc::clone(&surroundings.lease.0);
    let job = Box::new(move |py: Python<'_>| {
        // A client that left while this waited for a thread is not worked for.
        if sender.is_closed() {
            return;
        }
        if invocation.parts.concludes {
            concluding::complete(py, &invocation, surroundings, scheduler, sender);
            return;
        }
        let reply = invocation.complete(py, surroundings.context.bind(py));
        // The request's end comes before its reply: a test's thread waits no longer than for that.
        drop(surroundings);
        let _ = sender.send(reply);
    });
    if let Err(error) = lease.run(py, job) {
        error.write_unraisable(py, None);
        return Outcome::Ready(Err(Error::Internal));
    }
    awaited(receiver)
}
