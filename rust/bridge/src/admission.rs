//! What Rust could not decide of a request's guard: Python finishes it, before the body is read.

use std::sync::Arc;

use bolt_core::error::Error;
use bolt_core::handler::{Asked, Deferred, Outcome};
use bolt_core::router::Captures;
use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;

use crate::facts::{FactSource, Facts};
use crate::handler::Parts;
use crate::in_process::Caller;
use crate::invocation::text_captures;
use crate::request::Request;
use crate::running::follow;
use crate::surroundings::{Surroundings, begin, settle};
use crate::task::{Started, Task};
use crate::worker::Worker;
use crate::{python, reply};

/// What admission leaves for the call: the same request, instance, thread and context.
pub struct Admitted {
    pub request: Py<Request>,
    pub instance: Option<Py<PyAny>>,
    pub surroundings: Surroundings,
}

/// A question to Python, free of the server's thread.
struct Admission {
    parts: Arc<Parts>,
    facts: Facts,
    captures: Captures,
    leaves: Vec<Option<bool>>,
    pending: Option<Asked>,
    caller: Option<Caller>,
}

/// Asks Python.
pub fn admit(parts: Arc<Parts>, deferred: Deferred<'_>) -> Outcome<Admitted> {
    let admission = Admission {
        caller: deferred.request.origin::<Caller>().cloned(),
        facts: {
            let chosen = deferred.chosen.cloned();
            FactSource::new(deferred.request, deferred.identity.cloned(), chosen).take(&parts)
        },
        captures: deferred.captures.clone(),
        leaves: deferred.leaves,
        pending: deferred.pending,
        parts,
    };
    Python::attach(
        |py| match begin(py, &admission.parts, admission.caller.as_ref()) {
            Ok((surroundings, None)) => admission.decide(py, surroundings),
            Ok((surroundings, Some(begun))) => Outcome::Pending(Box::pin(async move {
                let _ = begun.await;
                settle(Python::attach(|py| admission.decide(py, surroundings))).await
            })),
            Err(error) => Outcome::Ready(Err(admission.failure(py, &error, None))),
        },
    )
}

impl Admission {
    fn decide(self, py: Python<'_>, surroundings: Surroundings) -> Outcome<Admitted> {
        match self.start(py, surroundings) {
            Ok((Started::Finished(outcome), _, admitted)) => Outcome::Ready(match outcome {
                Ok(_) => Ok(admitted),
                Err(error) => Err(self.failure(py, &error, Some(&admitted))),
            }),
            Ok((Started::Suspended, task, admitted)) => self.wait_for(&task, admitted),
            Err(error) => Outcome::Ready(Err(self.failure(py, &error, None))),
        }
    }

    /// Runs `admit` up to its first suspension.
    fn start<'py>(
        &self,
        py: Python<'py>,
        surroundings: Surroundings,
    ) -> PyResult<(Started<'py>, Bound<'py, Task>, Admitted)> {
        let parts = &self.parts;
        let admit = parts.admit.as_ref().ok_or_else(|| {
            PyRuntimeError::new_err("the plan defers a decision that has no admit")
        })?;
        let worker = Worker::current()?;
        let request = Request::create(py, &parts.hooks, self.facts.clone())?;
        if let Some(form) = self
            .pending
            .as_ref()
            .and_then(|pending| pending.form.as_ref())
        {
            request.get().set_body(form.clone());
        }
        let values = text_captures(py, parts, &self.captures)?;
        request.get().set_path_values(values);
        let instance = match &parts.controller {
            Some(controller) => Some(controller.instance(py, request.as_any())?),
            None => None,
        };
        let context = surroundings.context.bind(py);
        let task = Task::new(&worker, context)?;
        let started = python::within_context(context, || {
            Task::start(&task, || {
                let pending = self.pending.as_ref().map(python_form);
                admit
                    .bind(py)
                    .call1((&request, &instance, &self.leaves, pending))
            })
        })??;
        let admitted = Admitted {
            request: request.unbind(),
            instance: instance.map(Bound::unbind),
            surroundings,
        };
        Ok((started, task, admitted))
    }

    fn wait_for(self, task: &Bound<'_, Task>, admitted: Admitted) -> Outcome<Admitted> {
        follow(task, move |task, outcome, sender| {
            let _ = sender.send(match outcome {
                Ok(_) => Ok(admitted),
                Err(error) => Err(self.failure(task.py(), &error, Some(&admitted))),
            });
        })
    }

    fn failure(&self, py: Python<'_>, error: &PyErr, admitted: Option<&Admitted>) -> Error {
        let request = admitted.map(|admitted| admitted.request.bind(py).as_any());
        reply::from_exception(&self.parts, error, request, self.caller.as_ref(), py)
    }
}

/// Places to ask; the detail, the challenge and the reason of a refusal.
type PendingTuple<'a> = (
    &'a [usize],
    Option<(&'static str, &'static str, &'static str)>,
);

/// As `dispatch.authentication.Pending` reads it.
fn python_form(asked: &Asked) -> PendingTuple<'_> {
    let refused = asked.rejected.as_ref();
    let refused =
        refused.map(|refused| (refused.detail, refused.challenge, refused.reason.as_str()));
    (&asked.places, refused)
}
