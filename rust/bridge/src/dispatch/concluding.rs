//! What a route has to do when its reply is out: dependencies to clean up after, background tasks.
//! See `django_bolt/dispatch/concluding.py`.

use std::sync::Arc;

use bolt_core::error::Error;
use bolt_core::reply::{Finish, Remainder, Reply};
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::PyList;
use tokio::sync::oneshot;

use crate::event_loop::Shared;
use crate::handler::Parts;
use crate::hooks::Hooks;
use crate::in_process::Caller;
use crate::invocation::{Arguments, Invocation};
use crate::lease::Lease;
use crate::python;
use crate::surroundings::Surroundings;
use crate::task::{Started, Task};
use crate::worker::Worker;

/// A result, and what is to be called when the reply made of it is out.
pub struct Concluded {
    pub result: Py<PyAny>,
    finish: Py<PyAny>,
}

impl Concluded {
    /// Looks whether a result is one.
    pub fn read(parts: &Parts, result: &Bound<'_, PyAny>) -> PyResult<Option<Self>> {
        let py = result.py();
        if !parts.concludes || !python::is_exactly(result, parts.hooks.concluded_class.bind(py)) {
            return Ok(None);
        }
        Ok(Some(Self {
            result: result.getattr(intern!(py, "result"))?.unbind(),
            finish: result.getattr(intern!(py, "finish"))?.unbind(),
        }))
    }

    /// Takes over the surroundings: they live until `finish` is done.
    pub fn conclusion(
        self,
        py: Python<'_>,
        place: Place,
        of: (&Invocation, &Arguments),
        surroundings: Surroundings,
        scheduler: Arc<Shared>,
    ) -> Conclusion {
        let (invocation, arguments) = of;
        let request = arguments.request.as_ref();
        Conclusion {
            concluded: self,
            place,
            surroundings,
            scheduler,
            listeners: Listeners {
                hooks: Arc::clone(&invocation.parts.hooks),
                request: request.map(|request| request.clone_ref(py)),
                caller: invocation.caller.clone(),
            },
        }
    }
}

/// Where `finish` runs: where its handler did.
#[derive(Clone, Copy)]
pub enum Place {
    Loop,
    LeasedThread,
}

/// What is to be called once: when a reply is out, or could not be made.
pub struct Conclusion {
    concluded: Concluded,
    place: Place,
    surroundings: Surroundings,
    scheduler: Arc<Shared>,
    listeners: Listeners,
}

/// Told of the outcome. The request ends when it drops the surroundings.
type Done = Box<dyn FnOnce(Python<'_>, PyResult<Py<PyAny>>, Surroundings) + Send>;

impl Conclusion {
    /// Puts this behind a reply, and behind what its body has to do itself.
    fn attach(self, mut reply: Reply) -> Reply {
        let body = reply.finish.take();
        reply.finish = Some(Finish::begin(move || {
            Python::attach(|py| self.follow(py, body))
        }));
        reply
    }

    fn follow(self, py: Python<'_>, body: Option<Finish>) -> Remainder {
        let (sender, receiver) = oneshot::channel();
        if let Some(body) = body {
            // What ends a stream may be waited for on the worker's thread alone.
            let scheduler = Arc::clone(&self.scheduler);
            let arrived = scheduler.arrive(Box::new(move || {
                let remainder = body.run();
                tokio::task::spawn_local(async move {
                    if let Some(remainder) = remainder {
                        remainder.await;
                    }
                    Python::attach(|py| self.succeed(py, sender));
                });
            }));
            if let Err(error) = arrived {
                error.write_unraisable(py, None);
            }
        } else {
            self.succeed(py, sender);
        }
        Box::pin(async {
            let _ = receiver.await; // the sender is gone only where the loop is closed
        })
    }

    /// The reply is out, or its client gone.
    fn succeed(self, py: Python<'_>, sender: oneshot::Sender<()>) {
        let listeners = self.listeners.clone_ref(py);
        let done = Box::new(move |py: Python<'_>, outcome, surroundings| {
            // Before anybody is told: a test's thread waits no longer than for that.
            drop(surroundings);
            listeners.tell(py, outcome);
            let _ = sender.send(()); // nobody waits unless the server stops
        });
        self.begin(py, None, done);
    }

    /// The reply could not be made. What `finish` raises takes the place of the exception.
    fn refuse(
        self,
        py: Python<'_>,
        invocation: Invocation,
        arguments: Arguments,
        error: PyErr,
        sender: oneshot::Sender<Result<Reply, Error>>,
    ) {
        let given = error.clone_ref(py);
        let scheduler = Arc::clone(&self.scheduler);
        let done = Box::new(move |py: Python<'_>, outcome: PyResult<_>, surroundings| {
            let left = outcome.err().unwrap_or(error);
            // Not here: another thread could not enter the context, which may be a task's still.
            let arrived = scheduler.arrive(Box::new(move || {
                Python::attach(|py| refuse(py, invocation, arguments, left, surroundings, sender));
            }));
            if let Err(error) = arrived {
                error.write_unraisable(py, None);
            }
        });
        self.begin(py, Some(given), done);
    }

    fn begin(self, py: Python<'_>, error: Option<PyErr>, done: Done) {
        let begun = match self.place {
            // Not at once, even on the loop's thread: whoever is there may be in this context.
            Place::Loop => Arc::clone(&self.scheduler).arrive(Box::new(move || {
                Python::attach(|py| self.run_on_the_loop(py, error, done));
            })),
            Place::LeasedThread => {
                let lease = Arc::clone(self.lease());
                lease.run(
                    py,
                    Box::new(move |py| {
                        let context = self.surroundings.context.bind(py);
                        let outcome =
                            python::within_context(context, || self.call(py, error.as_ref()));
                        self.end(py, outcome.and_then(|outcome| outcome), done);
                    }),
                )
            }
        };
        if let Err(error) = begun {
            error.write_unraisable(py, None);
        }
    }

    fn run_on_the_loop(self, py: Python<'_>, error: Option<PyErr>, done: Done) {
        let started = Worker::current().and_then(|worker| {
            let context = self.surroundings.context.bind(py);
            let task = Task::new(&worker, context)?;
            let started = python::within_context(context, || {
                Task::start(&task, || Ok(self.call(py, error.as_ref())?.into_bound(py)))
            })??;
            Ok((task, started))
        });
        match started {
            Ok((_, Started::Finished(outcome))) => {
                self.end(py, outcome.map(Bound::unbind), done);
            }
            Ok((task, Started::Suspended)) => task.get().when_done(Box::new(|task, outcome| {
                self.end(task.py(), outcome, done);
            })),
            Err(error) => self.end(py, Err(error), done),
        }
    }

    fn call(&self, py: Python<'_>, error: Option<&PyErr>) -> PyResult<Py<PyAny>> {
        call(&self.concluded.finish, py, error)
    }

    fn end(self, py: Python<'_>, outcome: PyResult<Py<PyAny>>, done: Done) {
        done(py, outcome, self.surroundings);
    }

    fn lease(&self) -> &Arc<Lease> {
        &self.surroundings.lease.0
    }
}

fn call(finish: &Py<PyAny>, py: Python<'_>, error: Option<&PyErr>) -> PyResult<Py<PyAny>> {
    let error = error.map(|error| python::exception(py, error));
    finish.call1(py, (error,))
}

/// Sends the error for an exception, which is made where that may block if a session is to be saved.
fn refuse(
    py: Python<'_>,
    invocation: Invocation,
    arguments: Arguments,
    error: PyErr,
    surroundings: Surroundings,
    sender: oneshot::Sender<Result<Reply, Error>>,
) {
    if !arguments.are_unsealed(py) {
        let failure = invocation.failure(py, &error, Some(&arguments));
        drop(surroundings);
        let _ = sender.send(Err(failure));
        return;
    }
    let lease = Arc::clone(&surroundings.lease.0);
    let job = Box::new(move |py: Python<'_>| {
        let failure = python::within_context(surroundings.context.bind(py), || {
            invocation.failure(py, &error, Some(&arguments))
        });
        let failure = failure.unwrap_or_else(|fault| invocation.failure(py, &fault, None));
        drop(surroundings);
        let _ = sender.send(Err(failure));
    });
    if let Err(error) = lease.run(py, job) {
        error.write_unraisable(py, None); // the receiver learns of it from the dropped sender
    }
}

/// Who hears of exceptions that no reply can tell of.
struct Listeners {
    hooks: Arc<Hooks>,
    request: Option<Py<PyAny>>,
    caller: Option<Caller>,
}

impl Listeners {
    fn clone_ref(&self, py: Python<'_>) -> Self {
        Self {
            hooks: Arc::clone(&self.hooks),
            request: self.request.as_ref().map(|request| request.clone_ref(py)),
            caller: self.caller.clone(),
        }
    }

    /// Tells of what `finish` raised. What it returns are exceptions that Django and the log know of.
    fn tell(&self, py: Python<'_>, outcome: PyResult<Py<PyAny>>) {
        match outcome {
            Ok(known) => {
                let known = known.bind(py).cast::<PyList>();
                for exception in known.ok().into_iter().flatten() {
                    self.report(py, &PyErr::from_value(exception));
                }
            }
            Err(error) => {
                let announce = self.hooks.announce.bind(py);
                let arguments = (python::exception(py, &error), &self.request);
                if let Err(fault) = announce.call1(arguments) {
                    fault.write_unraisable(py, Some(announce));
                }
                self.report(py, &error);
            }
        }
    }

    fn report(&self, py: Python<'_>, error: &PyErr) {
        if let Some(caller) = &self.caller {
            caller.report(py, error);
        }
    }
}

/// Has a coroutine's reply sent, or refuses it if it could not be made.
pub fn settle(
    py: Python<'_>,
    invocation: Invocation,
    made: PyResult<Reply>,
    conclusion: Conclusion,
    arguments: Arguments,
    sender: oneshot::Sender<Result<Reply, Error>>,
) {
    match made {
        Ok(reply) => {
            let _ = sender.send(Ok(conclusion.attach(reply)));
        }
        Err(error) if invocation.is_lazy(py, &error) => {
            settle_on_the_leased_thread(py, invocation, conclusion, arguments, sender);
        }
        Err(error) => conclusion.refuse(py, invocation, arguments, error, sender),
    }
}

/// Converts a result whose conversion asks the database where that may block.
fn settle_on_the_leased_thread(
    py: Python<'_>,
    invocation: Invocation,
    conclusion: Conclusion,
    arguments: Arguments,
    sender: oneshot::Sender<Result<Reply, Error>>,
) {
    let lease = Arc::clone(conclusion.lease());
    let job = Box::new(move |py: Python<'_>| {
        let context = conclusion.surroundings.context.bind(py);
        let made = python::within_context(context, || {
            let result = conclusion.concluded.result.bind(py);
            invocation.reply_within(Some(conclusion.lease()), result, &arguments)
        });
        match made.and_then(|made| made) {
            Ok(reply) => {
                let _ = sender.send(Ok(conclusion.attach(reply)));
            }
            Err(error) => conclusion.refuse(py, invocation, arguments, error, sender),
        }
    });
    if let Err(error) = lease.run(py, job) {
        error.write_unraisable(py, None); // the receiver learns of it from the dropped sender
    }
}

/// The whole call of a plain function, on the leased thread.
pub fn complete(
    py: Python<'_>,
    invocation: &Invocation,
    surroundings: Surroundings,
    scheduler: Arc<Shared>,
    sender: oneshot::Sender<Result<Reply, Error>>,
) {
    let context = surroundings.context.bind(py);
    let made = python::within_context(context, || {
        let arguments = invocation.arguments(py)?;
        match call_function(py, invocation, &arguments, &surroundings.lease.0) {
            Ok((reply, concluded)) => Ok((reply, concluded, arguments)),
            Err(error) => Err(invocation.failure(py, &error, Some(&arguments))),
        }
    });
    let made = made.unwrap_or_else(|error| Err(invocation.failure(py, &error, None)));
    let reply = match made {
        Ok((reply, Some(concluded), arguments)) => {
            let of = (invocation, &arguments);
            let place = Place::LeasedThread;
            let conclusion = concluded.conclusion(py, place, of, surroundings, scheduler);
            Ok(conclusion.attach(reply))
        }
        Ok((reply, None, _)) => {
            drop(surroundings);
            Ok(reply)
        }
        Err(error) => {
            drop(surroundings);
            Err(error)
        }
    };
    let _ = sender.send(reply);
}

fn call_function(
    py: Python<'_>,
    invocation: &Invocation,
    arguments: &Arguments,
    lease: &Arc<Lease>,
) -> PyResult<(Reply, Option<Concluded>)> {
    let result = arguments.call(&invocation.parts, py)?;
    let Some(concluded) = Concluded::read(&invocation.parts, &result)? else {
        return Ok((invocation.reply(&result, arguments)?, None));
    };
    match invocation.reply_within(Some(lease), concluded.result.bind(py), arguments) {
        Ok(reply) => Ok((reply, Some(concluded))),
        Err(error) => match call(&concluded.finish, py, Some(&error)) {
            Ok(_) => Err(error),
            Err(other) => Err(other),
        },
    }
}
