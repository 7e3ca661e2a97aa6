//! Handlers that are coroutine functions: on the worker's loop.

use std::sync::Arc;

use bolt_core::error::Error;
use bolt_core::handler::Outcome;
use bolt_core::reply::Reply;
use pyo3::prelude::*;
use tokio::sync::oneshot;

use crate::facts::FactSource;
use crate::invocation::{Arguments, Invocation};
use crate::python;
use crate::running::{awaited, follow};
use crate::surroundings::Surroundings;
use crate::task::{Started, Task};
use crate::worker::Worker;

/// A coroutine: its first step at once, the rest when the loop wakes it.
pub fn on_the_loop(
    py: Python<'_>,
    worker: &Worker,
    mut invocation: Invocation,
    mut surroundings: Surroundings,
    mut source: Option<FactSource<'_>>,
) -> Outcome<Reply> {
    let task = match surroundings.task(py, worker) {
        Ok(task) => task,
        Err(error) => {
            invocation.remember_from(source.as_mut());
            return Outcome::Ready(Err(invocation.failure(py, &error, None)));
        }
    };
    let context = surroundings.context.bind(py);
    let progress = python::within_context(context, || start(py, &task, &invocation));
    match progress.unwrap_or_else(Progress::Failed) {
        Progress::Replied(reply) => {
            surroundings.keep_task(&task);
            drop(task);
            surroundings.leave_to_next(py, worker);
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
            awaited(receiver)
        }
        Progress::Suspended(arguments) => {
            invocation.remember_from(source.as_mut());
            follow(&task, move |task, outcome, sender| {
                surroundings.keep_task(task);
                finish(
                    task.py(),
                    invocation,
                    outcome,
                    arguments,
                    surroundings,
                    sender,
                );
            })
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
    /// Its outcome becomes a reply where that may block: the result asks the database for more, or
    /// the request's session is to be saved.
    Lazy(PyResult<Py<PyAny>>, Arguments),
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
                Progress::Lazy(Ok(result.unbind()), arguments)
            }
            Err(error) if arguments.are_unsealed(py) => Progress::Lazy(Err(error), arguments),
            Err(error) => Progress::Raised(error, arguments),
        },
        Ok(Started::Finished(Err(error))) if arguments.are_unsealed(py) => {
            Progress::Lazy(Err(error), arguments)
        }
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
            Err(error) if invocation.is_lazy(py, &error) => Ok(Err(Ok(result))),
            reply => reply.map(Ok),
        },
    );
    let replied = match replied {
        Err(error) if arguments.are_unsealed(py) => Ok(Err(Err(error))),
        replied => replied,
    };
    let reply = match replied {
        Ok(Ok(reply)) => Ok(reply),
        Err(error) => Err(invocation.failure(py, &error, Some(&arguments))),
        Ok(Err(lazy)) => {
            conclude_on_the_leased_thread(py, invocation, lazy, arguments, surroundings, sender);
            return;
        }
    };
    let _ = sender.send(reply);
    if let Ok(worker) = Worker::current() {
        surroundings.leave_when_done(py, &worker);
    }
}

/// Makes the reply where that may block: a queryset is fetched, a session saved.
fn conclude_on_the_leased_thread(
    py: Python<'_>,
    invocation: Invocation,
    outcome: PyResult<Py<PyAny>>,
    arguments: Arguments,
    surroundings: Surroundings,
    sender: oneshot::Sender<Result<Reply, Error>>,
) {
    let lease = Arc::clone(&surroundings.lease.0);
    let job = Box::new(move |py: Python<'_>| {
        let context = surroundings.context.bind(py);
        let reply = python::within_context(context, || {
            let outcome = outcome.map(|result| result.into_bound(py));
            invocation.conclude(py, outcome, &arguments)
        });
        let reply = reply.unwrap_or_else(|error| Err(invocation.failure(py, &error, None)));
        drop(surroundings);
        let _ = sender.send(reply);
    });
    if let Err(error) = lease.run(py, job) {
        error.write_unraisable(py, None); // the receiver learns of it from the dropped sender
    }
}
