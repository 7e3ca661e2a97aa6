//! From an admitted request into the author's code, and back.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bolt_core::auth::identity::Identity;
use bolt_core::error::{Error, Raised};
use bolt_core::handler::{Call, Deferred, Handler, Outcome};
use bolt_core::plan::Mode;
use bolt_core::reply::Reply;
use pyo3::exceptions::{PyRecursionError, PyRuntimeError, PyUnicodeDecodeError};
use pyo3::prelude::*;
use pyo3::types::PyBytes;
use tokio::sync::oneshot;

use crate::handler::{BodyParts, Parts, PyHandler};
use crate::in_process::Caller;
use crate::invocation::{Inputs, Invocation};
use crate::lease::{Lease, RequestScope};
use crate::reply;
use crate::request::{Facts, Request};
use crate::task::{Started, Task, is_cancellation};
use crate::worker::Worker;
use crate::python;

/// What admission leaves for the call: the same request, instance, thread and context.
pub struct Admitted {
    pub request: Py<Request>,
    pub instance: Option<Py<PyAny>>,
    pub surroundings: Surroundings,
}

/// Where a request's Python code runs: on which leased thread, in which context.
pub struct Surroundings {
    pub lease: Arc<Lease>,
    pub context: Py<PyAny>,
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
            lease,
            context: context.unbind(),
        })
    }
}

impl Handler for PyHandler {
    type Admission = Admitted;

    fn admit(&self, deferred: Deferred<'_>) -> Outcome<Admitted> {
        let parts = Arc::clone(&self.0);
        Python::attach(|py| {
            let caller = deferred.request.origin::<Caller>().cloned();
            let facts = facts(&parts, deferred.request, deferred.identity.cloned());
            match admit(py, &parts, facts, deferred.captures, deferred.leaves, caller.as_ref()) {
                Ok(outcome) => outcome,
                Err(error) => Outcome::Ready(Err(reply::from_exception(
                    &parts,
                    &error,
                    None,
                    caller.as_ref(),
                    py,
                ))),
            }
        })
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
                    Ok(admitted.surroundings),
                ),
                None => (None, Surroundings::new(py, &parts, caller.as_ref())),
            };
            let invocation = Invocation {
                parts,
                inputs,
                admitted,
                caller,
            };
            match surroundings {
                Ok(surroundings) => run(py, invocation, surroundings),
                Err(error) => Outcome::Ready(Err(invocation.failure(py, &error, None))),
            }
        })
    }
}

fn facts(
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
        Mode::Async => on_the_loop(py, invocation, &surroundings),
        // In process, the caller's thread holds the test's transaction.
        Mode::Inline if invocation.caller.is_none() => inline(py, &invocation, &surroundings),
        Mode::Inline | Mode::Blocking => on_the_leased_thread(py, invocation, surroundings),
    }
}

/// A coroutine: its first step at once, the rest when the loop wakes it.
fn on_the_loop(
    py: Python<'_>,
    invocation: Invocation,
    surroundings: &Surroundings,
) -> Outcome<Reply> {
    let lease = &surroundings.lease;
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
            Ok(Started::Finished(outcome)) => Ok(Progress::Done(invocation.conclude(py, outcome, &arguments))),
            Ok(Started::Suspended(task)) => Ok(Progress::Suspended(task, arguments)),
            Err(error) => Ok(Progress::Done(invocation.conclude(py, Err(error), &arguments))),
        }
    });
    let reply = match started {
        Err(error) => Err(invocation.failure(py, &error, None)),
        Ok(Err(refusal)) => Err(refusal),
        Ok(Ok(Progress::Done(reply))) => reply,
        Ok(Ok(Progress::Suspended(task, arguments))) => {
            let (sender, receiver) = oneshot::channel();
            let lease = Arc::clone(lease);
            task.get().when_done(Box::new(move |py, outcome| {
                if !abandoned(py, &sender, &outcome) {
                    let outcome = outcome.map(|value| value.into_bound(py));
                    let _ = sender.send(invocation.conclude(py, outcome, &arguments));
                }
                lease.end();
            }));
            return Outcome::Pending(Box::pin(Running {
                task: Some(task.unbind()),
                result: receiver,
            }));
        }
    };
    lease.end();
    Outcome::Ready(reply)
}

/// Whether a task ended as it was told to when its client left: then nobody need hear of it.
/// Any other exception is reported even so.
fn abandoned<T>(
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

enum Progress<'py> {
    Done(Result<Reply, Error>),
    Suspended(Bound<'py, Task>, crate::invocation::Arguments),
}

/// A short function, on the worker's own thread.
///
/// asgiref and Django look for a running loop to tell asynchronous code from blocking code, and
/// this is the latter: the loop is hidden meanwhile.
fn inline(py: Python<'_>, invocation: &Invocation, surroundings: &Surroundings) -> Outcome<Reply> {
    let hooks = &invocation.parts.hooks;
    let reply = without_running_loop(py, invocation, || {
        hooks.at_edge(py, &hooks.thread_starts_request);
        let reply = invocation.complete(py, surroundings.context.bind(py));
        hooks.at_edge(py, &hooks.thread_ends_request);
        reply
    });
    surroundings.lease.end();
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
    let lease = Arc::clone(&surroundings.lease);
    let job = Box::new(move |py: Python<'_>| {
        // A client that left while this waited for a thread is not worked for.
        if !sender.is_closed() {
            let reply = invocation.complete(py, surroundings.context.bind(py));
            let _ = sender.send(reply);
        }
        surroundings.lease.end();
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

/// A reply under way. Dropped before it is there, it cancels the handler's task.
struct Running<T> {
    task: Option<Py<Task>>,
    result: oneshot::Receiver<Result<T, Error>>,
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
        let Some(task) = self.task.take() else {
            return;
        };
        Python::attach(|py| {
            if let Err(error) = Task::cancel(task.bind(py), None) {
                error.write_unraisable(py, None);
            }
        });
    }
}

/// Lets Python finish the guard, before the body is read.
fn admit(
    py: Python<'_>,
    parts: &Arc<Parts>,
    facts: Facts,
    captures: &bolt_core::router::Captures,
    leaves: Vec<Option<bool>>,
    caller: Option<&Caller>,
) -> PyResult<Outcome<Admitted>> {
    let admission = parts
        .admission
        .as_ref()
        .ok_or_else(|| PyRuntimeError::new_err("the plan defers a decision that has no admit"))?;
    let worker = Worker::current(py).ok_or_else(no_loop)?;
    let surroundings = Surroundings::new(py, parts, caller)?;
    let request = Request::create(py, &parts.hooks, facts)?;
    request.get().set_path_values(crate::invocation::text_captures(py, parts, captures)?);
    let instance = match &parts.controller {
        Some(controller) => Some(controller.instance(py, request.as_any())?),
        None => None,
    };
    let context = surroundings.context.bind(py).clone();
    let started = python::within_context(&context, || {
        Task::start(worker.event_loop.bind(py), &worker.scheduler, &context, || {
            let arguments = (&request, &instance, leaves);
            admission.admit.bind(py).call1(arguments)
        })
    })??;
    let admitted = Admitted {
        request: request.clone().unbind(),
        instance: instance.map(Bound::unbind),
        surroundings,
    };
    match started {
        Started::Finished(Ok(_)) => Ok(Outcome::Ready(Ok(admitted))),
        Started::Finished(Err(error)) => {
            admitted.surroundings.lease.end();
            let error = reply::from_exception(parts, &error, Some(request.as_any()), caller, py);
            Ok(Outcome::Ready(Err(error)))
        }
        Started::Suspended(task) => {
            let (sender, receiver) = oneshot::channel();
            let parts = Arc::clone(parts);
            let caller = caller.cloned();
            task.get().when_done(Box::new(move |py, outcome| {
                if abandoned(py, &sender, &outcome) {
                    admitted.surroundings.lease.end();
                    return;
                }
                let result = outcome.map(|_| ()).map_err(|error| {
                    admitted.surroundings.lease.end();
                    let request = admitted.request.bind(py).as_any();
                    reply::from_exception(&parts, &error, Some(request), caller.as_ref(), py)
                });
                if let Err(unsent) = sender.send(result.map(|()| admitted)) {
                    release(unsent);
                }
            }));
            Ok(Outcome::Pending(Box::pin(Running {
                task: Some(task.unbind()),
                result: receiver,
            })))
        }
    }
}

/// Gives back the thread of an admission that nobody waits for any more.
fn release(unsent: Result<Admitted, Error>) {
    if let Ok(admitted) = unsent {
        admitted.surroundings.lease.end();
    }
}

fn no_loop() -> PyErr {
    PyRuntimeError::new_err("a handler was called outside of a running event loop")
}

/// Decodes the body. A refusal lists every fault, those of the parameters included.
pub fn decode<'py>(
    py: Python<'py>,
    invocation: &Invocation,
    body: &BodyParts,
) -> Result<Bound<'py, PyAny>, Error> {
    let inputs = &invocation.inputs;
    let bytes = inputs.body.as_ref().filter(|bytes| !bytes.is_empty());
    let refuse = |bytes: Option<&Bound<'py, PyBytes>>| {
        let parameter_faults = PyBytes::new(py, &inputs.faults.to_json());
        let faults = body
            .faults
            .bind(py)
            .call1((bytes, parameter_faults))
            .and_then(|faults| Ok(faults.extract::<Vec<u8>>()?));
        match faults {
            Ok(faults) => Error::Raised(Box::new(Raised {
                status: actix_http::StatusCode::BAD_REQUEST,
                body: faults.into(),
                headers: Vec::new(),
            })),
            Err(error) => invocation.failure(py, &error, None),
        }
    };
    let Some(bytes) = bytes else {
        if body.required || !inputs.faults.is_empty() {
            return Err(refuse(None));
        }
        return Ok(body.default.bind(py).clone());
    };
    let bytes = PyBytes::new(py, bytes);
    if !inputs.faults.is_empty() {
        return Err(refuse(Some(&bytes)));
    }
    match body.decode.bind(py).call1((&bytes,)) {
        Ok(decoded) => Ok(decoded),
        Err(error)
            if error.is_instance(py, invocation.parts.hooks.decode_error.bind(py))
                || error.is_instance_of::<PyRecursionError>(py)
                || error.is_instance_of::<PyUnicodeDecodeError>(py) =>
        {
            Err(refuse(Some(&bytes)))
        }
        Err(error) => Err(invocation.failure(py, &error, None)),
    }
}
