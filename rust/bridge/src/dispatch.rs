//! From an admitted request into the author's code, and back.

use std::sync::Arc;

use bolt_core::auth::identity::Identity;
use bolt_core::error::Error;
use bolt_core::handler::{Call, Deferred, Handler, Outcome};
use bolt_core::plan::Mode;
use bolt_core::reply::Reply;
use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;
use tokio::sync::oneshot;

use crate::admission::{self, Admitted};
use crate::handler::{Parts, PyHandler};
use crate::in_process::Caller;
use crate::invocation::{Arguments, Inputs, Invocation};
use crate::python;
use crate::request::Facts;
use crate::running::{Running, abandoned};
use crate::surroundings::{Surroundings, begin, settle};
use crate::task::{Started, Task};
use crate::worker::Worker;

impl Handler for PyHandler {
    type Admission = Admitted;

    fn admit(&self, deferred: Deferred<'_>) -> Outcome<Admitted> {
        admission::admit(Arc::clone(&self.0), deferred)
    }

    fn call(&self, call: Call<'_>, admission: Option<Admitted>) -> Outcome<Reply> {
        let parts = Arc::clone(&self.0);
        let caller = call.request.origin::<Caller>().cloned();
        let facts = (parts.takes_request && admission.is_none())
            .then(|| facts(&parts, call.request, call.identity));
        let inputs = Inputs {
            facts,
            captures: call.captures,
            values: call.values,
            faults: call.faults,
            body: call.body,
        };
        Python::attach(|py| {
            let (admitted, surroundings) = match admission {
                Some(admitted) => (
                    Some((admitted.request, admitted.instance)),
                    Ok((admitted.surroundings, None)),
                ),
                None => (None, begin(py, &parts, caller.as_ref())),
            };
            let invocation = Invocation {
                parts,
                inputs,
                admitted,
                caller,
            };
            match surroundings {
                Ok((surroundings, None)) => run(py, invocation, surroundings),
                Ok((surroundings, Some(begun))) => Outcome::Pending(Box::pin(async move {
                    let _ = begun.await;
                    settle(Python::attach(|py| run(py, invocation, surroundings))).await
                })),
                Err(error) => Outcome::Ready(Err(invocation.failure(py, &error, None))),
            }
        })
    }
}

pub fn facts(
    parts: &Parts,
    request: &mut bolt_core::request::Request,
    identity: Option<Identity>,
) -> Facts {
    Facts {
        head: request.share_head(),
        route: Arc::clone(&parts.route),
        identity,
    }
}

fn run(py: Python<'_>, invocation: Invocation, surroundings: Surroundings) -> Outcome<Reply> {
    match invocation.parts.mode {
        Mode::Async => on_the_loop(py, invocation, surroundings),
        // In process, the caller's thread holds the test's transaction.
        Mode::Inline if invocation.caller.is_none() => inline(py, &invocation, &surroundings),
        Mode::Inline | Mode::Blocking => on_the_leased_thread(py, invocation, surroundings),
    }
}

/// A coroutine: its first step at once, the rest when the loop wakes it.
fn on_the_loop(
    py: Python<'_>,
    invocation: Invocation,
    surroundings: Surroundings,
) -> Outcome<Reply> {
    let Some(worker) = Worker::current(py) else {
        return Outcome::Ready(Err(invocation.failure(py, &no_loop(), None)));
    };
    let event_loop = worker.event_loop.bind(py);
    let context = surroundings.context.bind(py);
    let started = python::within_context(context, || {
        let arguments = match invocation.arguments(py) {
            Ok(arguments) => arguments,
            Err(refusal) => return Err(refusal),
        };
        let started = Task::start(event_loop, &worker.scheduler, context, || {
            arguments.call(&invocation.parts, py)
        });
        match started {
            Ok(Started::Finished(outcome)) => {
                Ok(Progress::Done(invocation.conclude(py, outcome, &arguments)))
            }
            Ok(Started::Suspended(task)) => Ok(Progress::Suspended(task, arguments)),
            Err(error) => Ok(Progress::Done(invocation.conclude(
                py,
                Err(error),
                &arguments,
            ))),
        }
    });
    let reply = match started {
        Err(error) => Err(invocation.failure(py, &error, None)),
        Ok(Err(refusal)) => Err(refusal),
        Ok(Ok(Progress::Done(reply))) => reply,
        Ok(Ok(Progress::Suspended(task, arguments))) => {
            let (sender, receiver) = oneshot::channel();
            task.get().when_done(Box::new(move |py, outcome| {
                if !abandoned(py, &sender, &outcome) {
                    let outcome = outcome.map(|value| value.into_bound(py));
                    let _ = sender.send(invocation.conclude(py, outcome, &arguments));
                }
                drop(surroundings);
            }));
            return Outcome::Pending(Box::pin(Running {
                task: Some(task.unbind()),
                result: receiver,
            }));
        }
    };
    Outcome::Ready(reply)
}

enum Progress<'py> {
    Done(Result<Reply, Error>),
    Suspended(Bound<'py, Task>, Arguments),
}

/// A short function, on the worker's own thread.
///
/// asgiref and Django look for a running loop to tell asynchronous code from blocking code, and
/// this is the latter: the loop is hidden meanwhile.
fn inline(py: Python<'_>, invocation: &Invocation, surroundings: &Surroundings) -> Outcome<Reply> {
    let hooks = &invocation.parts.hooks;
    let reply = without_running_loop(py, invocation, || {
        hooks.at_edge(py, &hooks.thread_starts_request, false);
        let reply = invocation.complete(py, surroundings.context.bind(py));
        hooks.at_edge(py, &hooks.thread_ends_request, false);
        reply
    });
    Outcome::Ready(reply)
}

fn without_running_loop(
    py: Python<'_>,
    invocation: &Invocation,
    work: impl FnOnce() -> Result<Reply, Error>,
) -> Result<Reply, Error> {
    let set_running_loop = invocation.parts.hooks.set_running_loop.bind(py);
    let fail = |error: PyErr| invocation.failure(py, &error, None);
    set_running_loop.call1((py.None(),)).map_err(fail)?;
    let reply = work();
    let event_loop = Worker::current(py).map(|worker| worker.event_loop);
    set_running_loop.call1((event_loop,)).map_err(fail)?;
    reply
}

/// A plain function, on the thread that the request leases.
fn on_the_leased_thread(
    py: Python<'_>,
    invocation: Invocation,
    surroundings: Surroundings,
) -> Outcome<Reply> {
    let (sender, receiver) = oneshot::channel();
    let lease = Arc::clone(&surroundings.lease.0);
    let job = Box::new(move |py: Python<'_>| {
        // A client that left while this waited for a thread is not worked for.
        if sender.is_closed() {
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
    Outcome::Pending(Box::pin(Running {
        task: None,
        result: receiver,
    }))
}

pub fn no_loop() -> PyErr {
    PyRuntimeError::new_err("a handler was called outside of a running event loop")
}
