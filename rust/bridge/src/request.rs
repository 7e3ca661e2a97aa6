//! The native half of `django_bolt.request.Request`.

use std::sync::{Arc, OnceLock};

use actix_http::Version;
use bolt_core::auth::identity;
use bolt_core::request::SharedHead;
use bytes::Bytes;
use parking_lot::Mutex;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict, PyFrozenSet};

use crate::facts::Facts;
use crate::hooks::Hooks;
use crate::python;

/// One request as Rust holds it. It is created empty, by the Python class that extends it, and
/// filled before anybody sees it.
#[pyclass(subclass, frozen, weakref, module = "django_bolt._core")]
pub struct Request {
    facts: OnceLock<Facts>,
    body: OnceLock<Bytes>,
    path_values: Mutex<Option<Py<PyDict>>>,
    /// Why there must be no reply but a failure, whatever the handler returns.
    failure: OnceLock<String>,
}

impl Request {
    /// A new object of the Python class, filled.
    pub fn create<'py>(py: Python<'py>, hooks: &Hooks, facts: Facts) -> PyResult<Bound<'py, Self>> {
        let request = python::new_object(hooks.request_class.bind(py))?.cast_into::<Self>()?;
        let _ = request.get().facts.set(facts);
        Ok(request)
    }

    pub fn set_body(&self, body: Bytes) {
        let _ = self.body.set(body);
    }

    pub fn set_path_values(&self, values: Bound<'_, PyDict>) {
        *self.path_values.lock() = Some(values.unbind());
    }

    /// What [`Request::fail`] was told.
    pub fn failure(&self) -> Option<&str> {
        self.failure.get().map(String::as_str)
    }

    fn facts(&self) -> &Facts {
        self.facts.get_or_init(|| Facts {
            head: Arc::new(SharedHead::empty()),
            route: Arc::default(),
            identity: None,
        })
    }
}

#[pymethods]
impl Request {
    #[new]
    fn new() -> Self {
        Self {
            facts: OnceLock::new(),
            body: OnceLock::new(),
            path_values: Mutex::new(None),
            failure: OnceLock::new(),
        }
    }

    #[getter]
    fn method(&self) -> &str {
        self.facts().head.method.as_str()
    }

    #[getter]
    fn path(&self) -> String {
        bolt_core::path::decode(self.facts().head.uri.path())
    }

    #[getter]
    fn raw_path(&self) -> &str {
        self.facts().head.uri.path()
    }

    #[getter]
    fn query_string(&self) -> &str {
        self.facts().head.uri.query().unwrap_or_default()
    }

    #[getter]
    fn http_version(&self) -> &'static str {
        if self.facts().head.version == Version::HTTP_10 {
            "1.0"
        } else {
            "1.1"
        }
    }

    #[getter]
    fn peer(&self) -> Option<(String, u16)> {
        let peer = self.facts().head.peer?;
        Some((peer.ip().to_string(), peer.port()))
    }

    #[getter]
    fn route(&self) -> &str {
        &self.facts().route.path
    }

    #[getter]
    fn route_name(&self) -> Option<&str> {
        self.facts().route.name.as_deref()
    }

    #[getter]
    fn path_values<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        match &*self.path_values.lock() {
            Some(values) => values.bind(py).copy(),
            None => Ok(PyDict::new(py)),
        }
    }

    #[getter]
    fn authentication<'py>(&self, py: Python<'py>) -> Option<Bound<'py, PyAny>> {
        let authenticators = self.facts().route.authenticators.as_ref()?;
        Some(authenticators.bind(py).clone())
    }

    #[getter]
    fn verified_identity(&self) -> Option<Identity> {
        self.facts().identity.clone().map(Identity)
    }

    #[getter]
    fn raw_body<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        PyBytes::new(py, self.body.get().map_or(&[], |body| body))
    }

    /// Has the request fail, whatever its handler returns.
    fn fail(&self, reason: String) {
        let _ = self.failure.set(reason); // the first reason is the one to mend
    }

    /// First value of a header, any case.
    #[pyo3(signature = (name, /))]
    fn header(&self, name: &str) -> Option<String> {
        self.facts()
            .head
            .headers
            .get(name)
            .map(|value| latin1(value.as_bytes()))
    }

    /// Every header in lower case, repeated names included.
    fn header_items(&self) -> Vec<(String, String)> {
        self.facts()
            .head
            .headers
            .iter()
            .map(|(name, value)| (name.as_str().to_owned(), latin1(value.as_bytes())))
            .collect()
    }
}

/// Header text as WSGI and Django read it, RFC 9110 §5.5.
fn latin1(bytes: &[u8]) -> String {
    bytes.iter().copied().map(char::from).collect()
}

/// A verified caller.
#[pyclass(frozen, module = "django_bolt._core")]
pub struct Identity(Arc<identity::Identity>);

#[pymethods]
impl Identity {
    #[getter]
    fn authenticator(&self) -> usize {
        self.0.authenticator
    }

    #[getter]
    fn scheme(&self) -> &'static str {
        match self.0.scheme {
            identity::Scheme::Jwt => "jwt",
            identity::Scheme::ApiKey => "api_key",
        }
    }

    #[getter]
    fn user_id(&self) -> Option<&str> {
        self.0.user_id.as_deref()
    }

    #[getter]
    fn is_staff(&self) -> Option<bool> {
        self.0.facts.is_staff
    }

    #[getter]
    fn is_superuser(&self) -> Option<bool> {
        self.0.facts.is_superuser
    }

    #[getter]
    fn permissions<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyFrozenSet>>> {
        let permissions = self.0.facts.permissions.as_ref();
        permissions
            .map(|permissions| PyFrozenSet::new(py, permissions.iter()))
            .transpose()
    }

    #[getter]
    fn scopes<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyFrozenSet>>> {
        let scopes = self.0.facts.scopes.as_ref();
        scopes
            .map(|scopes| PyFrozenSet::new(py, scopes.iter()))
            .transpose()
    }

    #[getter]
    fn claims<'py>(&self, py: Python<'py>) -> Option<Bound<'py, PyBytes>> {
        let claims = self.0.claims.as_ref()?;
        Some(PyBytes::new(py, claims))
    }
}
