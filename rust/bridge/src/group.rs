//! Objects that gather parameters of one source.

use bolt_core::error::{Fault, Faults};
use bolt_core::extract::Value;
use bolt_core::plan::{self, Source};
use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyString, PyTuple};
use smallvec::SmallVec;

use crate::python;
use crate::values::ParameterParts;

/// The Python side of one group.
pub struct GroupParts {
    class: Py<PyAny>,
    source: Source,
    members: Vec<Member>,
    /// The names of all members, for the usual call.
    names: Py<PyTuple>,
}

struct Member {
    name: Py<PyString>,
    alias: String,
    index: usize,
    omittable: bool,
}

/// A group as a request makes it.
pub enum Built<'py> {
    Object(Bound<'py, PyAny>),
    /// Its own fields are faulty already.
    Unknown,
    /// The object as a whole refuses them.
    Refused(Fault),
}

impl GroupParts {
    pub fn read(
        py: Python<'_>,
        class: Bound<'_, PyAny>,
        group: &plan::Group,
        parameters: &[plan::Parameter],
    ) -> PyResult<Self> {
        let members: Vec<Member> = group
            .fields
            .iter()
            .map(|field| {
                let parameter = parameters.get(field.index).ok_or_else(|| {
                    PyValueError::new_err(format!("{}: no such parameter", field.name))
                })?;
                Ok(Member {
                    name: PyString::intern(py, &field.name).unbind(),
                    alias: parameter.alias.clone(),
                    index: field.index,
                    omittable: field.omittable,
                })
            })
            .collect::<PyResult<_>>()?;
        let names = PyTuple::new(py, members.iter().map(|member| member.name.bind(py)))?;
        Ok(Self {
            class: class.unbind(),
            source: group.source,
            members,
            names: names.unbind(),
        })
    }

    /// The object. What was not sent is left to the defaults of its class.
    pub fn build<'py>(
        &self,
        py: Python<'py>,
        parameters: &[ParameterParts],
        values: &[Value],
        faults: &Faults,
    ) -> PyResult<Built<'py>> {
        if self.is_faulty(faults) {
            return Ok(Built::Unknown);
        }
        let mut objects: SmallVec<[Bound<'py, PyAny>; 8]> = SmallVec::new();
        let mut sent: SmallVec<[&Bound<'py, PyString>; 8]> = SmallVec::new();
        for member in &self.members {
            let value = &values[member.index];
            if member.omittable && matches!(value, Value::Absent) {
                continue;
            }
            objects.push(parameters[member.index].object(py, value)?);
            sent.push(member.name.bind(py));
        }
        let some;
        let names = if sent.len() == self.members.len() {
            self.names.bind(py)
        } else {
            some = PyTuple::new(py, sent)?;
            &some
        };
        match python::vectorcall(self.class.bind(py), &objects, Some(names)) {
            Ok(object) => Ok(Built::Object(object)),
            Err(error) => self.refused(py, error).map(Built::Refused),
        }
    }

    fn is_faulty(&self, faults: &Faults) -> bool {
        faults.0.iter().any(|fault| {
            fault.source == self.source
                && self.members.iter().any(|member| member.alias == fault.name)
        })
    }

    /// What `__post_init__` refuses with the exceptions that msgspec takes for a refusal too.
    fn refused(&self, py: Python<'_>, error: PyErr) -> PyResult<Fault> {
        let refuses =
            error.is_instance_of::<PyValueError>(py) || error.is_instance_of::<PyTypeError>(py);
        if !refuses {
            return Err(error);
        }
        Ok(Fault {
            source: self.source,
            name: "non_field_errors".to_owned(),
            message: error.value(py).str()?.to_string(),
        })
    }
}
