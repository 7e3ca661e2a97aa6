//! One call of a handler: its inputs, its arguments, its outcome.

use std::sync::Arc;

use bolt_core::error::{Error, Faults};
use bolt_core::extract::Value;
use bolt_core::form::Form;
use bolt_core::renderers::Chosen;
use bolt_core::reply::Reply;
use bolt_core::router::Captures;
use bytes::Bytes;
use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyString};
use smallvec::SmallVec;

use crate::body::Refusal;
use crate::facts::{FactSource, Facts};
use crate::group::Built;
use crate::handler::{Parts, Slot};
use crate::in_process::Caller;
use crate::lease::Lease;
use crate::rendering::Rendering;
use crate::request::Request;
use crate::{body, python, reply};

/// What Rust extracted, free of the server's thread.
pub struct Inputs {
    pub captures: Captures,
    pub values: Vec<Value>,
    pub faults: Faults,
    pub form: Option<Arc<Form>>,
    pub body: Option<Bytes>,
    /// Which of the media types of a declared body it is of.
    pub media_type: usize,
    /// The renderer, where the route declares them.
    pub chosen: Option<Chosen>,
}

pub struct Invocation {
    pub parts: Arc<Parts>,
    pub inputs: Inputs,
    /// There as soon as the request's object may have to be made, by the handler or for a failure.
    pub facts: Option<Facts>,
    /// The request and the controller's instance that admission made.
    pub admitted: Option<(Py<Request>, Option<Py<PyAny>>)>,
    pub caller: Option<Caller>,
}

type Object<'py> = Bound<'py, PyAny>;

/// The arguments of one call, and what its outcome refers to.
pub struct Arguments {
    objects: SmallVec<[Py<PyAny>; 6]>,
    body: Option<Py<PyAny>>,
    pub request: Option<Py<PyAny>>,
}

impl Arguments {
    /// The request, where the handler sees it.
    fn request<'a>(&'a self, py: Python<'a>) -> Option<&'a Bound<'a, Request>> {
        self.request.as_ref()?.bind(py).cast().ok()
    }

    /// Whether the reply, an error's too, is to be made where it may block.
    pub fn are_unsealed(&self, py: Python<'_>) -> bool {
        self.request(py)
            .is_some_and(|request| request.get().is_unsealed())
    }

    /// Calls the handler: for a coroutine function, makes the coroutine.
    pub fn call<'py>(&self, parts: &Parts, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let function = parts.function.bind(py);
        let objects: SmallVec<[Bound<'py, PyAny>; 6]> = self
            .objects
            .iter()
            .map(|object| object.bind(py).clone())
            .collect();
        let keywords = parts.keywords.as_ref().map(|names| names.bind(py));
        python::vectorcall(function, &objects, keywords)
    }
}

impl Invocation {
    /// Takes the facts out of the server's hands, if they may be needed and are not there yet.
    pub fn remember(&mut self, source: &mut FactSource<'_>) {
        if self.facts.is_none() && self.admitted.is_none() {
            self.facts = Some(source.take(&self.parts));
        }
    }

    pub fn remember_from(&mut self, source: Option<&mut FactSource<'_>>) {
        if let Some(source) = source {
            self.remember(source);
        }
    }

    /// Makes the arguments, in the order of the plan; `self` of a controller comes first.
    pub fn arguments(&self, py: Python<'_>) -> Result<Arguments, Error> {
        let (groups, body) = if self.parts.groups.is_empty() {
            (Vec::new(), self.decode_body(py, &self.inputs.faults)?)
        } else {
            self.build_groups(py)?
        };
        let request = self.request(py)?;
        self.fill(py, request, body, &groups)
            .map_err(|error| self.failure(py, &error, None))
    }

    /// Makes the groups, and the body: what all of them refuse is one refusal.
    fn build_groups<'py>(
        &self,
        py: Python<'py>,
    ) -> Result<(Vec<Object<'py>>, Option<Object<'py>>), Error> {
        let Parts {
            groups, parameters, ..
        } = &*self.parts;
        let mut faults = self.inputs.faults.clone();
        let mut objects = Vec::with_capacity(groups.len());
        for group in groups {
            let built = group.build(py, parameters, &self.inputs.values, &self.inputs.faults);
            match built.map_err(|error| self.failure(py, &error, None))? {
                Built::Object(object) => objects.push(object),
                Built::Refused(fault) => faults.0.push(fault),
                Built::Unknown => {}
            }
        }
        let body = self.decode_body(py, &faults)?;
        Ok((objects, body))
    }

    /// The decoded body, where one is declared; every fault that is known so far ends here.
    fn decode_body<'py>(
        &self,
        py: Python<'py>,
        faults: &Faults,
    ) -> Result<Option<Bound<'py, PyAny>>, Error> {
        let Some(declared) = &self.parts.body else {
            return if faults.is_empty() {
                Ok(None)
            } else {
                Err(Error::Validation(faults.clone()))
            };
        };
        let body = body::Sent {
            bytes: self.inputs.body.as_ref(),
            media_type: self.inputs.media_type,
        };
        match body::decode(py, declared, &body, faults, &self.parts.hooks) {
            Ok(decoded) => Ok(Some(decoded)),
            Err(Refusal::Faulty(faults)) => Err(Error::Raised(faults)),
            Err(Refusal::Raised(error)) => Err(self.failure(py, &error, None)),
        }
    }

    fn fill(
        &self,
        py: Python<'_>,
        request: Option<Bound<'_, PyAny>>,
        body: Option<Bound<'_, PyAny>>,
        groups: &[Bound<'_, PyAny>],
    ) -> PyResult<Arguments> {
        let mut objects = SmallVec::new();
        if let Some(controller) = &self.parts.controller {
            let made = self
                .admitted
                .as_ref()
                .and_then(|(_, instance)| instance.as_ref());
            let instance = match (made, &request) {
                (Some(instance), _) => instance.clone_ref(py),
                (None, Some(request)) => controller.instance(py, request)?.unbind(),
                (None, None) => unreachable!("a controller's route takes the request"),
            };
            objects.push(instance);
        }
        for slot in &self.parts.arguments {
            let object = match *slot {
                Slot::Request => request.clone().map_or_else(|| py.None(), Bound::unbind),
                Slot::Body => body.clone().map_or_else(|| py.None(), Bound::unbind),
                Slot::Parameter(index) => self.parameter(py, index)?.unbind(),
                Slot::Group(index) => groups[index].clone().unbind(),
                Slot::Capture(index) => PyString::new(py, &self.inputs.captures[index])
                    .into_any()
                    .unbind(),
            };
            objects.push(object);
        }
        Ok(Arguments {
            objects,
            body: body.map(Bound::unbind),
            request: request.map(Bound::unbind),
        })
    }

    fn parameter<'py>(&self, py: Python<'py>, index: usize) -> PyResult<Bound<'py, PyAny>> {
        self.parts.parameters[index].object(py, &self.inputs.values[index])
    }

    /// The request object, where the handler sees it or admission has made it.
    fn request<'py>(&self, py: Python<'py>) -> Result<Option<Bound<'py, PyAny>>, Error> {
        if !self.parts.takes_request && self.admitted.is_none() {
            return Ok(None);
        }
        self.make_request(py)
            .map(|request| Some(request.into_any()))
            .map_err(|error| self.failure(py, &error, None))
    }

    fn make_request<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, Request>> {
        let request = match (&self.admitted, &self.facts) {
            (Some((request, _)), _) => request.bind(py).clone(),
            (None, Some(facts)) => Request::create(py, &self.parts.hooks, facts.clone())?,
            (None, None) => unreachable!("facts are there where nobody admitted the request"),
        };
        if let Some(body) = &self.inputs.body {
            request.get().set_body(body.clone());
        }
        if let Some(form) = &self.inputs.form {
            request.get().set_form(Arc::clone(form));
        }
        if !self.parts.route.captures.is_empty() {
            request.get().set_path_values(self.path_values(py)?);
        }
        Ok(request)
    }

    /// The path's values under their names, converted where a parameter declares them.
    fn path_values<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let values = PyDict::new(py);
        let captures = self.parts.route.captures.iter().zip(&self.inputs.captures);
        for ((name, text), parameter) in captures.zip(&self.parts.converted_captures) {
            match parameter {
                Some(index) => values.set_item(name, self.parameter(py, *index)?)?,
                None => values.set_item(name, text.as_str())?,
            }
        }
        Ok(values)
    }

    /// The whole call of a plain function, on the thread that this runs on.
    pub fn complete(&self, py: Python<'_>, context: &Bound<'_, PyAny>) -> Result<Reply, Error> {
        python::within_context(context, || {
            let arguments = self.arguments(py)?;
            let outcome = arguments.call(&self.parts, py);
            self.conclude(py, outcome, &arguments)
        })
        .unwrap_or_else(|error| Err(self.failure(py, &error, None)))
    }

    /// The reply for what the handler returned or raised.
    pub fn conclude(
        &self,
        py: Python<'_>,
        outcome: PyResult<Bound<'_, PyAny>>,
        arguments: &Arguments,
    ) -> Result<Reply, Error> {
        outcome
            .and_then(|result| self.reply(&result, arguments))
            .map_err(|error| self.failure(py, &error, Some(arguments)))
    }

    /// The reply for a result.
    pub fn reply(&self, result: &Bound<'_, PyAny>, arguments: &Arguments) -> PyResult<Reply> {
        self.reply_within(None, result, arguments)
    }

    /// The reply for a result; a stream goes on with the request's lease, where one is given.
    pub fn reply_within(
        &self,
        lease: Option<&Arc<Lease>>,
        result: &Bound<'_, PyAny>,
        arguments: &Arguments,
    ) -> PyResult<Reply> {
        let request = arguments.request(result.py());
        if let Some(reason) = request.and_then(|request| request.get().failure()) {
            return Err(PyRuntimeError::new_err(reason.to_owned()));
        }
        let asked = reply::Asked {
            parts: &self.parts,
            body: arguments.body.as_ref(),
            request: arguments.request.as_ref(),
            caller: self.caller.as_ref(),
            rendering: self.rendering(arguments),
            lease,
        };
        let mut reply = reply::from_result(&asked, result)?;
        if let Some(request) = request {
            request.get().add_validators(&mut reply);
            if request.get().is_unsealed() {
                reply::seal(&self.parts, &mut reply, request)?;
            }
        }
        Ok(reply)
    }

    /// How results are rendered, where that is other than as JSON.
    fn rendering<'a>(&'a self, arguments: &'a Arguments) -> Option<Rendering<'a>> {
        let (parts, chosen) = (self.parts.renderers.as_ref()?, self.inputs.chosen.as_ref()?);
        let controller = self.parts.controller.as_ref();
        let view = controller.and(arguments.objects.first());
        Rendering::of(parts, chosen, arguments.request.as_ref(), view)
    }

    /// Whether a conversion failed only because Django refuses the database on an event loop.
    pub fn is_lazy(&self, py: Python<'_>, error: &PyErr) -> bool {
        error.is_instance(py, self.parts.hooks.synchronous_only.bind(py))
    }

    /// The error for an exception. Whoever hears of it is shown the request.
    pub fn failure(&self, py: Python<'_>, error: &PyErr, arguments: Option<&Arguments>) -> Error {
        let seen = arguments.and_then(|arguments| arguments.request.as_ref());
        let request = match (seen, &self.admitted, &self.facts) {
            (Some(request), _, _) => Some(request.bind(py).clone()),
            (None, None, None) => None,
            _ => match self.make_request(py) {
                Ok(request) => Some(request.into_any()),
                Err(fault) => {
                    fault.write_unraisable(py, None);
                    None
                }
            },
        };
        reply::from_exception(
            &self.parts,
            error,
            request.as_ref(),
            self.caller.as_ref(),
            py,
        )
    }
}

/// The path's values as text: what is known before parameters are extracted.
pub fn text_captures<'py>(
    py: Python<'py>,
    parts: &Parts,
    captures: &Captures,
) -> PyResult<Bound<'py, PyDict>> {
    let values = PyDict::new(py);
    for (name, text) in parts.route.captures.iter().zip(captures) {
        values.set_item(name, text.as_str())?;
    }
    Ok(values)
}
