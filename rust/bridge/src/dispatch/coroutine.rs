//! Handlers that are coroutine functions: on the worker's loop.

use std::sync::Arc;

use bolt_core::error::Error;
use bolt_core::handler::Outcome;
use bolt_core::reply::Reply;
use pyo3::prelude::*;
use tokio::sync::oneshot;

use super::concluding::{self, Concluded, Place};
use crate::facts::FactSource;
use crate::invocation::{Arguments, Invocation};
use crate::lease::Lease;
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
    let lease = &surroundings.lease.0;
    let progress = python::within_context(context, || start(py, &task, &invocation, lease));
    match progress.unwrap_or_else(Progress::Failed) {
        Progress::Ended(Ending::Replied(reply)) => {
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
        Progress::Ended(Ending::Raised(error, arguments)) => {
            invocation.remember_from(source.as_mut());
            Outcome::Ready(Err(invocation.failure(py, &error, Some(&arguments))))
        }
        Progress::Ended(Ending::Later(later, arguments)) => {
            invocation.remember_from(source.as_mut());
            let (sender, receiver) = oneshot::channel();
            later.go_on(py, worker, invocation, arguments, surroundings, sender);
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
    Ended(Ending),
    /// Its input was refused.
    Refused(Error),
    /// It could not be started.
    Failed(PyErr),
    Suspended(Arguments),
}

/// What became of a coroutine.
enum Ending {
    Replied(Reply),
    Raised(PyErr, Arguments),
    Later(Later, Arguments),
}

/// What goes on after a coroutine's last step.
enum Later {
    /// Its outcome becomes a reply where that may block: the result asks the database for more, or
    /// the request's session is to be saved.
    Lazy(PyResult<Py<PyAny>>),
    /// It has something to do after its reply, if that could be made.
    Concluded(PyResult<Reply>, Concluded),
}

fn start(
    py: Python<'_>,
    task: &Bound<'_, Task>,
    invocation: &Invocation,
    lease: &Arc<Lease>,
) -> Progress {
    let arguments = match invocation.arguments(py) {
        Ok(arguments) => arguments,
        Err(refusal) => return Progress::Refused(refusal),
    };
    let started = Task::start(task, || arguments.call(&invocation.parts, py));
    Progress::Ended(match started {
        Ok(Started::Suspended) => return Progress::Suspended(arguments),
        Ok(Started::Finished(Ok(result))) => ending(&result, invocation, arguments, lease),
        Ok(Started::Finished(Err(error))) | Err(error) => raised(py, error, arguments),
    })
}

fn raised(py: Python<'_>, error: PyErr, arguments: Arguments) -> Ending {
    if arguments.are_unsealed(py) {
        return Ending::Later(Later::Lazy(Err(error)), arguments);
    }
    Ending::Raised(error, arguments)
}

/// Makes the reply for a result, in the request's context.
fn ending(
    result: &Bound<'_, PyAny>,
    invocation: &Invocation,
    arguments: Arguments,
    lease: &Arc<Lease>,
) -> Ending {
    let py = result.py();
    match Concluded::read(&invocation.parts, result) {
        Ok(None) => match invocation.reply(result, &arguments) {
            Ok(reply) => Ending::Replied(reply),
            Err(error) if invocation.is_lazy(py, &error) => {
                Ending::Later(Later::Lazy(Ok(result.clone().unbind())), arguments)
            }
            Err(error) => raised(py, error, arguments),
        },
        Ok(Some(concluded)) => {
            let result = concluded.result.bind(py);
            let made = invocation.reply_within(Some(lease), result, &arguments);
            Ending::Later(Later::Concluded(made, concluded), arguments)
        }
        Err(error) => raised(py, error, arguments),
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
    let worker = match Worker::current() {
        Ok(worker) => worker,
        Err(error) => return error.write_unraisable(py, None), // the sender is dropped
    };
    let ending = match outcome {
        Ok(result) => {
            let lease = &surroundings.lease.0;
            ending(result.bind(py), &invocation, arguments, lease)
        }
        Err(error) => raised(py, error, arguments),
    };
    let reply = match ending {
        Ending::Replied(reply) => Ok(reply),
        Ending::Raised(error, arguments) => Err(invocation.failure(py, &error, Some(&arguments))),
        Ending::Later(later, arguments) => {
            // Not here: another thread could not enter the context, which is this task's still.
            let arrived = worker.scheduler.arrive(Box::new(move || {
                Python::attach(|py| match Worker::current() {
                    Ok(worker) => {
                        later.go_on(py, &worker, invocation, arguments, surroundings, sender);
                    }
                    Err(error) => error.write_unraisable(py, None),
                });
            }));
            return arrived.unwrap_or_else(|error| error.write_unraisable(py, None));
        }
    };
    let _ = sender.send(reply);
    surroundings.leave_when_done(py, &worker);
}

impl Later {
    fn go_on(
        self,
        py: Python<'_>,
        worker: &Worker,
        invocation: Invocation,
        arguments: Arguments,
        surroundings: Surroundings,
        sender: oneshot::Sender<Result<Reply, Error>>,
    ) {
        match self {
            Self::Lazy(outcome) => conclude_on_the_leased_thread(
                py,
                invocation,
                outcome,
                arguments,
                surroundings,
                sender,
            ),
            Self::Concluded(made, concluded) => {
                let scheduler = Arc::clone(&worker.scheduler);
                let of = (&invocation, &arguments);
                let conclusion = concluded.conclusion(py, Place::Loop, of, surroundings, scheduler);
                concluding::settle(py, invocation, made, conclusion, arguments, sender);
            }
        }
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
