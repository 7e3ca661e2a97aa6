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

/// Where a request's Python code runs: on which leased thread, in which context.
pub struct Surroundings {
    pub lease: LeaseGuard,
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
            lease: LeaseGuard(lease),
            context: context.unbind(),
        })
    }
}

/// Surroundings, and what to wait for before any of the author's code may run in them: the
/// receivers of `request_started`, where there are others than Django's.
pub fn begin(
    py: Python<'_>,
    parts: &Parts,
    caller: Option<&Caller>,
) -> PyResult<(Surroundings, Option<oneshot::Receiver<()>>)> {
    let surroundings = Surroundings::new(py, parts, caller)?;
    if !parts.hooks.signals_are_wanted(py)? {
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
