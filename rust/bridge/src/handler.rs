//! A route's Python side: what `django_bolt.dispatch.handler.Handler` holds, read once.

use std::sync::Arc;

use actix_http::StatusCode;

use bolt_core::plan::{self, Mode, Origin, Source};
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyString, PyTuple, PyType};

use crate::blocking_pool::BlockingPool;
use crate::group::GroupParts;
use crate::hooks::Hooks;
use crate::python;
use crate::rendering::RendererParts;
use crate::route::RouteNames;
use crate::shape::Shape;
use crate::values::ParameterParts;

/// A handler that executes the plan's route in Python.
#[derive(Clone)]
pub struct PyHandler(pub Arc<Parts>);

#[expect(clippy::struct_excessive_bools, reason = "they are independent facts")]
pub struct Parts {
    pub hooks: Arc<Hooks>,
    pub pool: Arc<BlockingPool>,
    pub route: Arc<RouteNames>,
    pub mode: Mode,
    pub status: StatusCode,
    pub function: Py<PyAny>,
    pub controller: Option<ControllerParts>,
    pub arguments: Vec<Slot>,
    /// Names of the last arguments, where they cannot be passed by position.
    pub keywords: Option<Py<PyTuple>>,
    pub takes_request: bool,
    pub parameters: Vec<ParameterParts>,
    pub groups: Vec<GroupParts>,
    /// For each capture of the path, the declared parameter that converts it.
    pub converted_captures: Vec<Option<usize>>,
    pub body: Option<BodyParts>,
    pub convert: Option<Py<PyAny>>,
    /// Results that look like this need no conversion.
    pub shape: Option<Shape>,
    /// The same, for the data of responses.
    pub convert_response: Option<Py<PyAny>>,
    /// Whether the declared type is the body's, so that the body itself needs no conversion.
    pub returns_body: bool,
    pub encode: Py<PyAny>,
    pub none_is_empty: bool,
    /// Whether a result may be a `Concluded`: there may be something to do after the reply.
    pub concludes: bool,
    /// Whether it is a generator whose reply waits for the first item.
    pub begins_stream: bool,
    /// Decides what Rust could not, before the body is read.
    pub admit: Option<Py<PyAny>>,
    /// What results may be rendered as, where it is declared.
    pub renderers: Option<RendererParts>,
}

/// Where an argument comes from.
#[derive(Clone, Copy)]
pub enum Slot {
    Request,
    Parameter(usize),
    Group(usize),
    /// A capture of the path as text.
    Capture(usize),
    Body,
}

pub struct BodyParts {
    pub required: bool,
    pub default: Py<PyAny>,
    /// One for each media type.
    pub decoders: Vec<Decoder>,
}

/// What reads a body of one media type.
pub struct Decoder {
    pub decode: Py<PyAny>,
    pub faults: Py<PyAny>,
    pub is_text: bool,
}

pub struct ControllerParts {
    class: Py<PyType>,
    has_init: bool,
    attributes: Vec<(Py<PyString>, Py<PyAny>)>,
}

impl ControllerParts {
    fn read(handler: &Bound<'_, PyAny>) -> PyResult<Option<Self>> {
        let py = handler.py();
        let class = handler.getattr("controller")?;
        if class.is_none() {
            return Ok(None);
        }
        let plain_init = py.get_type::<PyAny>().getattr("__init__")?;
        let has_init = !class.getattr("__init__")?.is(&plain_init);
        let attributes = handler.getattr("attributes")?.cast_into::<PyDict>()?;
        let attributes = attributes
            .iter()
            .map(|(name, value)| Ok((name.cast_into::<PyString>()?.unbind(), value.unbind())))
            .collect::<PyResult<_>>()?;
        Ok(Some(Self {
            class: class.cast_into::<PyType>()?.unbind(),
            has_init,
            attributes,
        }))
    }

    /// A new instance, which no other request sees.
    pub fn instance<'py>(
        &self,
        py: Python<'py>,
        request: &Bound<'py, PyAny>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let class = self.class.bind(py);
        let instance = if self.has_init {
            class.call0()?
        } else {
            python::new_object(class)?
        };
        instance.setattr(pyo3::intern!(py, "request"), request)?;
        for (name, value) in &self.attributes {
            instance.setattr(name.bind(py), value.bind(py))?;
        }
        Ok(instance)
    }
}

impl PyHandler {
    /// Reads one handler beside its route.
    pub fn read(
        handler: &Bound<'_, PyAny>,
        route: &plan::Route,
        hooks: &Arc<Hooks>,
        pool: &Arc<BlockingPool>,
    ) -> PyResult<Self> {
        let py = handler.py();
        let mut names = RouteNames::new(route);
        names.authenticators = optional(handler, "authenticators")?;
        names.parsers = optional(handler, "parsers")?;
        names.renderers = optional(handler, "renderers")?;
        let renderers = RendererParts::read(py, names.renderers.as_ref())?;
        let controller = ControllerParts::read(handler)?;
        let (arguments, keywords) = read_arguments(route, &names)?;
        let takes_request = controller.is_some()
            || arguments.iter().any(|slot| matches!(slot, Slot::Request))
            || renderers
                .as_ref()
                .is_some_and(|renderers| renderers.take_request);
        let keywords = (!keywords.is_empty())
            .then(|| PyTuple::new(py, keywords))
            .transpose()?
            .map(Bound::unbind);
        Ok(Self(Arc::new(Parts {
            hooks: Arc::clone(hooks),
            pool: Arc::clone(pool),
            mode: route.mode,
            status: StatusCode::from_u16(route.status).map_err(invalid)?,
            function: handler.getattr("function")?.unbind(),
            controller,
            arguments,
            keywords,
            takes_request,
            parameters: read_parameters(handler, route, hooks)?,
            groups: read_groups(handler, route)?,
            converted_captures: names
                .captures
                .iter()
                .map(|name| {
                    route.parameters.iter().position(|parameter| {
                        parameter.source == Source::Path && parameter.alias == *name
                    })
                })
                .collect(),
            route: Arc::new(names),
            body: read_body(handler, route)?,
            convert: optional(handler, "convert")?,
            shape: handler.getattr("shape")?.extract()?,
            returns_body: handler.getattr("returns_body")?.extract()?,
            convert_response: optional(handler, "convert_response")?,
            encode: handler.getattr("encode")?.unbind(),
            none_is_empty: handler.getattr("none_is_empty")?.extract()?,
            concludes: handler.getattr("concludes")?.extract()?,
            begins_stream: handler.getattr("begins_stream")?.extract()?,
            admit: optional(handler, "admit")?,
            renderers,
        })))
    }
}

fn optional(handler: &Bound<'_, PyAny>, name: &str) -> PyResult<Option<Py<PyAny>>> {
    let value = handler.getattr(name)?;
    Ok((!value.is_none()).then(|| value.unbind()))
}

fn invalid(error: impl std::fmt::Display) -> PyErr {
    pyo3::exceptions::PyValueError::new_err(error.to_string())
}

/// The positional arguments and, after them, those that go by keyword with their names.
fn read_arguments(route: &plan::Route, names: &RouteNames) -> PyResult<(Vec<Slot>, Vec<String>)> {
    let mut positional = Vec::new();
    let mut named = Vec::new();
    for argument in &route.arguments {
        let slot = match argument.from {
            Origin::Request => Slot::Request,
            Origin::Body => Slot::Body,
            Origin::Parameter => Slot::Parameter(index_of(argument, route)?),
            Origin::Group => Slot::Group(index_of(argument, route)?),
            Origin::PathValues => {
                named.extend(unnamed_captures(route, names));
                continue;
            }
        };
        match &argument.keyword {
            Some(keyword) => named.push((keyword.clone(), slot)),
            None => positional.push(slot),
        }
    }
    let (keywords, slots): (Vec<_>, Vec<_>) = named.into_iter().unzip();
    positional.extend(slots);
    Ok((positional, keywords))
}

fn index_of(argument: &plan::Argument, route: &plan::Route) -> PyResult<usize> {
    argument
        .index
        .ok_or_else(|| invalid(format!("{}: an argument lacks its index", route.handler)))
}

/// Captures that no parameter declares: what `**kwargs` receives, as text.
fn unnamed_captures<'a>(
    route: &'a plan::Route,
    names: &'a RouteNames,
) -> impl Iterator<Item = (String, Slot)> + 'a {
    let declared = |name: &str| {
        route
            .parameters
            .iter()
            .any(|parameter| parameter.source == Source::Path && parameter.alias == name)
    };
    names
        .captures
        .iter()
        .enumerate()
        .filter(move |(_, name)| !declared(name))
        .map(|(index, name)| (name.clone(), Slot::Capture(index)))
}

fn read_parameters(
    handler: &Bound<'_, PyAny>,
    route: &plan::Route,
    hooks: &Hooks,
) -> PyResult<Vec<ParameterParts>> {
    let defaults = handler.getattr("defaults")?;
    let choices = handler.getattr("choices")?;
    let collections = handler.getattr("collections")?;
    route
        .parameters
        .iter()
        .enumerate()
        .map(|(index, parameter)| {
            ParameterParts::read(
                defaults.get_item(index)?,
                &choices.get_item(index)?,
                &collections.get_item(index)?,
                parameter,
                &hooks.upload_class,
            )
        })
        .collect()
}

fn read_groups(handler: &Bound<'_, PyAny>, route: &plan::Route) -> PyResult<Vec<GroupParts>> {
    let classes = handler.getattr("groups")?;
    let read = |(index, group): (usize, &plan::Group)| {
        GroupParts::read(
            handler.py(),
            classes.get_item(index)?,
            group,
            &route.parameters,
        )
    };
    route.groups.iter().enumerate().map(read).collect()
}

fn read_body(handler: &Bound<'_, PyAny>, route: &plan::Route) -> PyResult<Option<BodyParts>> {
    let Some(body) = &route.body else {
        return Ok(None);
    };
    Ok(Some(BodyParts {
        required: body.required,
        default: handler.getattr("body_default")?.unbind(),
        decoders: read_decoders(handler)?,
    }))
}

fn read_decoders(handler: &Bound<'_, PyAny>) -> PyResult<Vec<Decoder>> {
    let listed: Vec<(Py<PyAny>, Py<PyAny>, bool)> = handler.getattr("decoders")?.extract()?;
    if listed.is_empty() {
        return Ok(vec![Decoder {
            decode: handler.getattr("decode")?.unbind(),
            faults: handler.getattr("faults")?.unbind(),
            is_text: true,
        }]);
    }
    let decoder = |(decode, faults, is_text)| Decoder {
        decode,
        faults,
        is_text,
    };
    Ok(listed.into_iter().map(decoder).collect())
}
