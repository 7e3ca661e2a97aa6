//! `_core.App`: a plan with its Python handlers.

use std::collections::HashMap;
use std::sync::Arc;

use bolt_core::app::App as CoreApp;
use bolt_core::auth::resources::Resources;
use bolt_core::plan::{self, PlanError as CoreError};
use pyo3::create_exception;
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;

use crate::blocking_pool::BlockingPool;
use crate::handler::PyHandler;
use crate::hooks::Hooks;
use crate::key_set::KeySet;
use crate::revoked::RevokedTokens;

create_exception!(
    django_bolt._core,
    PlanError,
    PyValueError,
    "The plan cannot be served; the message names the JSON path."
);

/// An application: the plan compiled, with its handlers. Immutable.
#[pyclass(frozen, weakref, module = "django_bolt._core")]
pub struct App(Arc<CoreApp<PyHandler>>);

impl App {
    pub fn inner(&self) -> Arc<CoreApp<PyHandler>> {
        Arc::clone(&self.0)
    }
}

#[pymethods]
impl App {
    #[new]
    #[pyo3(signature = (plan, handlers, secrets, hooks, *, key_sets=HashMap::new(), revoked=HashMap::new()))]
    fn new(
        py: Python<'_>,
        plan: &[u8],
        handlers: Vec<Bound<'_, PyAny>>,
        secrets: HashMap<String, Vec<u8>>,
        hooks: &Bound<'_, PyAny>,
        key_sets: HashMap<String, Py<KeySet>>,
        revoked: HashMap<String, Py<RevokedTokens>>,
    ) -> PyResult<Self> {
        let plan = plan::read(plan).map_err(refused)?;
        if handlers.len() != plan.routes.len() {
            return Err(PlanError::new_err(format!(
                "routes: the plan has {} of them, and {} handlers came with it",
                plan.routes.len(),
                handlers.len()
            )));
        }
        let threads = hooks.getattr("blocking_threads")?.extract()?;
        let hooks = Arc::new(Hooks::read(hooks)?);
        let pool = BlockingPool::new(threads, hooks.thread_ends.clone_ref(py));
        let resources = Resources {
            secrets: &secrets,
            key_sets: shared(key_sets, |keys| keys.get().inner()),
            revoked: shared(revoked, |list| list.get().inner()),
        };
        let app = CoreApp::compile(plan, resources, |index, route| {
            PyHandler::read(&handlers[index], route, &hooks, &pool)
                .map_err(|error| CoreError::new("handler", error.to_string()))
        })
        .map_err(refused)?;
        Ok(Self(Arc::new(app)))
    }
}

fn shared<P, R>(objects: HashMap<String, P>, inner: impl Fn(P) -> R) -> HashMap<String, R> {
    let objects = objects.into_iter();
    objects.map(|(id, object)| (id, inner(object))).collect()
}

fn refused(error: CoreError) -> PyErr {
    PlanError::new_err(error.to_string())
}
