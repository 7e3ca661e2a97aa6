//! From an admitted request into the author's code, and back.

mod concluding;
mod coroutine;
mod function;

use std::rc::Rc;
use std::sync::Arc;

use bolt_core::auth::Rejected;
use bolt_core::error::Error;
use bolt_core::file::Refused;
use bolt_core::handler::{Call, Deferred, Handler, Outcome};
use bolt_core::plan::Mode;
use bolt_core::renderers::Chosen;
use bolt_core::reply::Reply;
use bolt_core::request::Request;
use pyo3::prelude::*;

use crate::admission::{self, Admitted};
use crate::facts::FactSource;
use crate::file;
use crate::handler::PyHandler;
use crate::in_process::Caller;
use crate::invocation::{Inputs, Invocation};
use crate::rendering;
use crate::stream;
use crate::surroundings::{Surroundings, begin, settle};
use crate::worker::Worker;

impl Handler for PyHandler {
    type Admission = Admitted;

    fn refused(&self, request: &Request, rejected: &Rejected) {
        Python::attach(|py| {
            let reason = rejected.reason.as_str();
            let peer = request.peer().map(|peer| peer.ip().to_string());
            let (method, route) = (request.method().as_str(), &self.0.route.path);
            self.0.hooks.log_refusal(py, (reason, method, route, peer));
        });
    }

    fn admit(&self, deferred: Deferred<'_>) -> Outcome<Admitted> {
        admission::admit(Arc::clone(&self.0), deferred)
    }

    fn call(&self, call: Call<'_>, admission: Option<Admitted>) -> Outcome<Reply> {
        let outcome = self.answer(call, admission);
        if self.0.begins_stream {
            return stream::begin(outcome);
        }
        outcome
    }

    fn render_error(&self, _request: &mut Request, chosen: &Chosen, reply: Reply) -> Reply {
        rendering::render_error(&self.0, chosen, reply)
    }

    fn refuse_file(&self, request: &mut Request, refused: Refused) -> Error {
        file::refuse(&self.0, request, &refused)
    }
}

impl PyHandler {
    fn answer(&self, call: Call<'_>, admission: Option<Admitted>) -> Outcome<Reply> {
        let parts = Arc::clone(&self.0);
        let caller = call.request.origin::<Caller>().cloned();
        let mut source = FactSource::new(call.request, call.identity, call.chosen.clone());
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
                form: call.form.map(Arc::new),
                body: call.body,
                media_type: call.media_type,
                chosen: call.chosen,
            },
            facts: None,
            parts,
            admitted,
            caller,
        };
        if invocation.parts.takes_request || invocation.parts.mode != Mode::Async {
            invocation.remember(&mut source);
        }
        let worker = match Worker::current() {
            Ok(worker) => worker,
            Err(error) => return Python::attach(|py| failed(py, invocation, source, &error)),
        };
        let is_alone = surroundings.is_none() && invocation.caller.is_none();
        let concludes = invocation.parts.concludes;
        match invocation.parts.mode {
            Mode::Blocking if is_alone && !concludes => {
                function::on_a_pool_thread(invocation, &worker)
            }
            Mode::Inline if is_alone => Python::attach(|py| inline(py, &worker, invocation)),
            _ => Python::attach(|py| match surroundings {
                Some(surroundings) => run(py, &worker, invocation, surroundings, Some(source)),
                None => begin_and_run(py, worker, invocation, source),
            }),
        }
    }
}

/// A short function that needs no surroundings but a context.
fn inline(py: Python<'_>, worker: &Worker, invocation: Invocation) -> Outcome<Reply> {
    match Surroundings::take(py, &invocation.parts, None) {
        Ok(surroundings) => {
            let signals = invocation.parts.hooks.signals_are_wanted(py);
            let context = surroundings.context.bind(py);
            let outcome = function::inline(py, worker, &invocation, context, signals);
            surroundings.leave_to_next(py, worker);
            outcome
        }
        Err(error) => Outcome::Ready(Err(invocation.failure(py, &error, None))),
    }
}

fn failed(
    py: Python<'_>,
    mut invocation: Invocation,
    mut source: FactSource<'_>,
    error: &PyErr,
) -> Outcome<Reply> {
    invocation.remember(&mut source);
    Outcome::Ready(Err(invocation.failure(py, error, None)))
}

fn begin_and_run(
    py: Python<'_>,
    worker: Rc<Worker>,
    mut invocation: Invocation,
    mut source: FactSource<'_>,
) -> Outcome<Reply> {
    match begin(py, &invocation.parts, invocation.caller.as_ref()) {
        Ok((surroundings, None)) => run(py, &worker, invocation, surroundings, Some(source)),
        Ok((surroundings, Some(begun))) => {
            invocation.remember(&mut source);
            Outcome::Pending(Box::pin(async move {
                let _ = begun.await;
                let outcome = Python::attach(|py| run(py, &worker, invocation, surroundings, None));
                settle(outcome).await
            }))
        }
        Err(error) => failed(py, invocation, source, &error),
    }
}

fn run(
    py: Python<'_>,
    worker: &Worker,
    invocation: Invocation,
    surroundings: Surroundings,
    source: Option<FactSource<'_>>,
) -> Outcome<Reply> {
    match invocation.parts.mode {
        Mode::Async => coroutine::on_the_loop(py, worker, invocation, surroundings, source),
        // In process, the caller's thread holds the test's transaction.
        Mode::Inline if invocation.caller.is_none() => {
            // Whoever wants signals heard them when the surroundings were made.
            function::inline(
                py,
                worker,
                &invocation,
                surroundings.context.bind(py),
                false,
            )
        }
        Mode::Inline | Mode::Blocking => {
            function::on_the_leased_thread(py, worker, invocation, surroundings)
        }
    }
}
