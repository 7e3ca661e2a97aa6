//! From an admitted request into the author's code, and back.

use std::sync::Arc;

use bolt_core::error::Error;
use bolt_core::handler::{Call, Deferred, Handler, Outcome};
use bolt_core::plan::Mode;
use bolt_core::reply::Reply;
use pyo3::prelude::*;
use tokio::sync::oneshot;

use crate::admission::{self, Admitted};
use crate::facts::FactSource;
use crate::handler::PyHandler;
use crate::in_process::Caller;
use crate::invocation::{Arguments, Inputs, Invocation};
use crate::python;
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
        let mut source = FactSource::new(call.request, call.identity);
        let (admitted, surroundings) = match admission {
            Some(admitted) => (
                Some((admitted.request, admitted.instance)),
                Some(admitted.surroundings),
            ),
            None => (None, None),
        };
        let mut invocation = Invocation {
            inputs: Inputs {
                captures: call.captures,
                values: call.values,
                faults: call.faults,
                body: call.body,
            },
            facts: None,
            parts,
            admitted,
            caller,
        };
        if invocation.parts.takes_request || invocation.parts.mode != Mode::Async {
            invocation.remember(&mut source);
        }
        Python::attach(|py| match surroundings {
            Some(surroundings) => run(py, invocation, surroundings, Some(source)),
            None => begin_and_run(py, invocation, source),
        })
    }
}

fn begin_and_run(
    py: Python<'_>,
    mut invocation: Invocation,
    mut source: FactSource<'_>,
) -> Outcome<Reply> {
    match begin(py, &invocation.parts, invocation.caller.as_ref()) {
        Ok((surroundings, None)) => run(py, invocation, surroundings, Some(source)),
        Ok((surroundings, Some(begun))) => {
            invocation.remember(&mut source);
            Outcome::Pending(Box::pin(async move {
                let _ = begun.await;
                settle(Python::attach(|py| run(py, invocation, surroundings, None))).await
            }))
        }
        Err(error) => {
            invocation.remember(&mut source);
            Outcome::Ready(Err(invocation.failure(py, &error, None)))
        }
    }
}

fn run(
    py: Python<'_>,
    invocation: Invocation,
    surroundings: Surroundings,
    source: Option<FactSource<'_>>,
) -> Outcome<Reply> {
    match invocation.parts.mode {
        Mode::Async => on_the_loop(py, invocation, surroundings, source),
        // In process, the caller's thread holds the test's transaction.
        Mode::Inline if invocation.caller.is_none() => inline(py, &invocation, &surroundings),
        Mode::Inline | Mode::Blocking => on_the_leased_thread(py, invocation, surroundings),
    }
}

/// A coroutine: its first step at once, the rest when the loop wakes it.
fn on_the_loop(
    py: Python<'_>,
    mut invocation: Invocation,
    mut surroundings: Surroundings,
    mut source: Option<FactSource<'_>>,
) -> Outcome<Reply> {
    let prepared = Worker::current().and_then(|worker| {
        let task = surroundings.task(py, &worker)?;
        Ok((worker, task))
    });
    let (worker, task) = match prepared {
        Ok(prepared) => prepared,
        Err(error) => {
            invocation.remember_from(source.as_mut());
            return Outcome::Ready(Err(invocation.failure(py, &error, None)));
        }
    };
    let context = surroundings.context.bind(py);
    let progress = python::within_context(context, || start(py, &task, &invocation));
    match progress.unwrap_or_else(Progress::Failed) {
        Progress::Replied(reply) => {
            surroundings.leave_to_next(task, &worker);
            Outcome::Ready(Ok(reply))
        }
        Progress::Refused(refusal) => Outcome::Ready(Err(refusal)),
        Progress::Failed(error) => {
            invocation.remember_from(source.as_mut());
            Outcome::Ready(Err(invocation.failure(py, &error, None)))
        }
        Progress::Raised(error, arguments) => {
            invocation.remember_from(source.as_mut());
            Outcome::Ready(Err(invocation.failure(py, &error, Some(&arguments))))
        }
        Progress::Lazy(result, arguments) => {
            invocation.remember_from(source.as_mut());
            let (sender, receiver) = oneshot::channel();
            conclude_on_the_leased_thread(py, invocation, result, arguments, surroundings, sender);
            running(None, receiver)
        }
        Progress::Suspended(arguments) => {
            invocation.remember_from(source.as_mut());
            let (sender, receiver) = oneshot::channel();
            task.get().when_done(Box::new(move |py, outcome| {
                if !abandoned(py, &sender, &outcome) {
                    finish(py, invocation, outcome, arguments, surroundings, sender);
                }
            }));
            running(Some(task.unbind()), receiver)
        }
    }
}

/// How far a coroutine came at once.
enum Progress {
    Replied(Reply),
    /// Its input was refused.
    Refused(Error),
    /// It could not be started.
    Failed(PyErr),
    Raised(PyErr, Arguments),
    /// Its result asks the database for more when it is converted.
    Lazy(Py<PyAny>, Arguments),
    Suspended(Arguments),
}

fn start(py: Python<'_>, task: &Bound<'_, Task>, invocation: &Invocation) -> Progress {
    let arguments = match invocation.arguments(py) {
        Ok(arguments) => arguments,
        Err(refusal) => return Progress::Refused(refusal),
    };
    match Task::start(task, || arguments.call(&invocation.parts, py)) {
        Ok(Started::Suspended) => Progress::Suspended(arguments),
        Ok(Started::Finished(Ok(result))) => match invocation.reply(&result, &arguments) {
            Ok(reply) => Progress::Replied(reply),
            Err(error) if invocation.is_lazy(py, &error) => {
                Progress::Lazy(result.unbind(), arguments)
            }
            Err(error) => Progress::Raised(error, arguments),
        },
        Ok(Started::Finished(Err(error))) | Err(error) => Progress::Raised(error, arguments),
    }
}

/// What follows a coroutine that was suspended.
fn finish(
    py: Python<'_>,
    invocation: Invocation,
    outcome: PyResult<Py<PyAny>>,
    arguments: Arguments,
    surroundings: Surroundings,
    sender: oneshot::Sender<Result<Reply, Error>>,
) {
    let replied = outcome.and_then(
        |result| match invocation.reply(result.bind(py), &arguments) {
            Err(error) if invocation.is_lazy(py, &error) => Ok(Err(result)),
            reply => reply.map(Ok),
        },
    );
    let reply = match replied {
        Ok(Ok(reply)) => Ok(reply),
        Err(error) => Err(invocation.failure(py, &error, Some(&arguments))),
        Ok(Err(lazy)) => {
            conclude_on_the_leased_thread(py, invocation, lazy, arguments, surroundings, sender);
            return;
        }
    };
    let _ = sender.send(reply);
}

/// Converts a result whose conversion asks the database, such as a queryset, where that may
/// block.
fn conclude_on_the_leased_thread(
    py: Python<'_>,
    invocation: Invocation,
    result: Py<PyAny>,
    arguments: Arguments,
    surroundings: Surroundings,
    sender: oneshot::Sender<Result<Reply, Error>>,
) {
    let lease = Arc::clone(&surroundings.lease.0);
    let job = Box::new(move |py: Python<'_>| {
        let context = surroundings.context.bind(py);
        let reply = python::within_context(context, || {
            invocation.conclude(py, Ok(result.into_bound(py)), &arguments)
        });
        let reply = reply.unwrap_or_else(|error| Err(invocation.failure(py, &error, None)));
        drop(surroundings);
        let _ = sender.send(reply);
    });
    if let Err(error) = lease.run(py, job) {
        error.write_unraisable(py, None); // the receiver learns of it from the dropped sender
    }
}

fn running(
    task: Option<Py<Task>>,
    result: oneshot::Receiver<Result<Reply, Error>>,
) -> Outcome<Reply> {
    Outcome::Pending(Box::pin(Running { task, result }))
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
    let worker = Worker::current().map_err(fail)?;
    set_running_loop
        .call1((&worker.event_loop,))
        .map_err(fail)?;
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
    running(None, receiver)
}
