//! The native half of `django_bolt.request.Request`.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};

use actix_http::header::{ETAG, HeaderName, HeaderValue, LAST_MODIFIED};
use actix_http::{StatusCode, Version};
use bolt_core::auth::identity;
use bolt_core::conditional::entity_tag::EntityTag;
use bolt_core::conditional::http_date;
use bolt_core::conditional::preconditions::{Validators, Verdict, evaluate, is_read};
use bolt_core::conditional::reply::header;
use bolt_core::form::{Entry, Form, Part};
use bolt_core::reply::Reply;
use bolt_core::request::SharedHead;
use bytes::Bytes;
use parking_lot::Mutex;
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict, PyFrozenSet};

use crate::facts::Facts;
use crate::hooks::Hooks;
use crate::upload::Upload;
use crate::{head, python};

/// A name of a form, with its text as bytes or its file.
type FormItem<'py> = (String, Bound<'py, PyAny>);

/// One request as Rust holds it. It is created empty, by the Python class that extends it, and
/// filled before anybody sees it.
#[pyclass(subclass, frozen, weakref, module = "django_bolt._core")]
pub struct Request {
    facts: OnceLock<Facts>,
    body: OnceLock<Bytes>,
    /// The form that the body was, where its bytes are gone.
    form: OnceLock<Arc<Form>>,
    path_values: Mutex<Option<Py<PyDict>>>,
    /// Why there must be no reply but a failure, whatever the handler returns.
    failure: OnceLock<String>,
    /// `ETag` and `Last-Modified` of what is there, once somebody has said so.
    validators: OnceLock<Vec<(HeaderName, HeaderValue)>>,
    /// Whether the request has a session or a token of which the client must be told.
    unsealed: AtomicBool,
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

    pub fn set_form(&self, form: Arc<Form>) {
        let _ = self.form.set(form);
    }

    pub fn set_path_values(&self, values: Bound<'_, PyDict>) {
        *self.path_values.lock() = Some(values.unbind());
    }

    /// What [`Request::fail`] was told.
    pub fn failure(&self) -> Option<&str> {
        self.failure.get().map(String::as_str)
    }

    /// Gives a reply the validators that were found before the handler ran, except where it has
    /// others.
    pub fn add_validators(&self, reply: &mut Reply) {
        let Some(validators) = self.validators.get() else {
            return;
        };
        if !(reply.status.is_success() || reply.status == StatusCode::NOT_MODIFIED) {
            return;
        }
        for (name, value) in validators {
            if header(reply, name).is_none() {
                reply.headers.push((name.clone(), value.clone()));
            }
        }
    }

    /// Whether [`Request::seal_later`] was called, and the reply has not been sealed since.
    pub fn is_unsealed(&self) -> bool {
        self.unsealed.load(Ordering::Relaxed)
    }

    /// The reply has what the client must be told.
    pub fn sealed(&self) {
        self.unsealed.store(false, Ordering::Relaxed);
    }

    fn facts(&self) -> &Facts {
        self.facts.get_or_init(|| Facts {
            head: Arc::new(SharedHead::empty()),
            route: Arc::default(),
            identity: None,
            chosen: None,
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
            form: OnceLock::new(),
            path_values: Mutex::new(None),
            failure: OnceLock::new(),
            validators: OnceLock::new(),
            unsealed: AtomicBool::new(false),
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
    fn renderers<'py>(&self, py: Python<'py>) -> Option<Bound<'py, PyAny>> {
        let renderers = self.facts().route.renderers.as_ref()?;
        Some(renderers.bind(py).clone())
    }

    #[getter]
    fn parsers<'py>(&self, py: Python<'py>) -> Option<Bound<'py, PyAny>> {
        let parsers = self.facts().route.parsers.as_ref()?;
        Some(parsers.bind(py).clone())
    }

    #[getter]
    fn chosen_renderer(&self) -> Option<(usize, Option<&str>)> {
        let chosen = self.facts().chosen.as_ref()?;
        Some((chosen.index, chosen.accepted.as_deref()))
    }

    #[getter]
    fn verified_identity(&self) -> Option<Identity> {
        self.facts().identity.clone().map(Identity)
    }

    #[getter]
    fn raw_body<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        PyBytes::new(py, self.body.get().map_or(&[], |body| body))
    }

    /// Names and values of a multipart form; `None` where the body was none.
    fn form_items<'py>(&self, py: Python<'py>) -> PyResult<Option<Vec<FormItem<'py>>>> {
        let Some(form) = self.form.get() else {
            return Ok(None);
        };
        let item = |entry: &Entry| {
            let value = match &entry.value {
                Part::Text(text) => PyBytes::new(py, text).into_any(),
                Part::File(upload) => Bound::new(py, Upload(Arc::clone(upload)))?.into_any(),
            };
            Ok((entry.name.clone(), value))
        };
        form.entries
            .iter()
            .map(item)
            .collect::<PyResult<_>>()
            .map(Some)
    }

    /// Has the request fail, whatever its handler returns.
    fn fail(&self, reason: String) {
        let _ = self.failure.set(reason); // the first reason is the one to mend
    }

    /// The status in the place of a reply, where the request's preconditions ask for one: 304 or
    /// 412. What is there has this entity tag, and was last changed at this second.
    #[pyo3(signature = (etag, last_modified))]
    fn check_preconditions(
        &self,
        etag: Option<&str>,
        last_modified: Option<i64>,
    ) -> PyResult<Option<u16>> {
        let head = &self.facts().head;
        // A date before 1970 is none that a header could hold.
        let modified = last_modified.and_then(|seconds| u64::try_from(seconds).ok());
        let tag = etag.map(entity_tag).transpose()?;
        let current = Validators { tag, modified };
        if is_read(&head.method) {
            let tag = etag
                .map(|tag| head::value(ETAG.as_str(), tag))
                .transpose()?;
            let date = modified.and_then(http_date::format);
            let tag = tag.map(|value| (ETAG, value));
            let date = date.map(|value| (LAST_MODIFIED, value));
            let _ = self.validators.set(tag.into_iter().chain(date).collect());
        }
        Ok(match evaluate(&head.method, &head.headers, &current) {
            Verdict::Proceed => None,
            Verdict::NotModified => Some(StatusCode::NOT_MODIFIED.as_u16()),
            Verdict::Failed => Some(StatusCode::PRECONDITION_FAILED.as_u16()),
        })
    }

    /// Has the reply pass through `Hooks.seal`, where a session is saved and cookies are set.
    fn seal_later(&self) {
        self.unsealed.store(true, Ordering::Relaxed);
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

fn entity_tag(text: &str) -> PyResult<EntityTag<'_>> {
    EntityTag::parse(text.as_bytes())
        .ok_or_else(|| PyValueError::new_err(format!("{text:?} is not an entity tag")))
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
