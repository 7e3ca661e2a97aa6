//! From extracted values to Python objects.

use std::sync::Arc;

use bolt_core::extract::Value;
use bolt_core::form::Upload;
use bolt_core::plan;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyDate, PyDateTime, PyDelta, PyList, PyString, PyTime, PyTzInfo};

use crate::upload;

/// The Python side of one declared parameter.
pub struct ParameterParts {
    default: Default,
    choices: Option<Vec<Py<PyAny>>>,
    /// `list`, `set`, … where repeated values are collected.
    collection: Option<Py<PyAny>>,
    /// The class of the objects that stand for files; `None` where their content does.
    upload_class: Option<Py<PyAny>>,
}

enum Default {
    Required,
    Shared(Py<PyAny>),
    /// A list, dict or set: each request gets a copy, so that none sees what another did to it.
    Copied(Py<PyAny>),
}

impl ParameterParts {
    pub fn read(
        default: Bound<'_, PyAny>,
        choices: &Bound<'_, PyAny>,
        collection: &Bound<'_, PyAny>,
        parameter: &plan::Parameter,
        upload_class: &Py<PyAny>,
    ) -> PyResult<Self> {
        let mutable = default.is_instance_of::<PyList>()
            || default.is_instance_of::<pyo3::types::PyDict>()
            || default.is_instance_of::<pyo3::types::PySet>();
        Ok(Self {
            default: if parameter.required {
                Default::Required
            } else if mutable {
                Default::Copied(default.unbind())
            } else {
                Default::Shared(default.unbind())
            },
            choices: if choices.is_none() {
                None
            } else {
                Some(choices.extract()?)
            },
            upload_class: matches!(parameter.scalar, plan::Scalar::File { bytes: false, .. })
                .then(|| upload_class.clone_ref(collection.py())),
            collection: (!collection.is_none()).then(|| collection.clone().unbind()),
        })
    }

    /// The argument for a value.
    pub fn object<'py>(&self, py: Python<'py>, value: &Value) -> PyResult<Bound<'py, PyAny>> {
        match value {
            Value::Absent => match &self.default {
                Default::Shared(default) => Ok(default.bind(py).clone()),
                Default::Copied(default) => default.bind(py).call_method0("copy"),
                Default::Required => Ok(py.None().into_bound(py)),
            },
            Value::Many(values) => {
                let items = values
                    .iter()
                    .map(|value| self.scalar(py, value))
                    .collect::<PyResult<Vec<_>>>()?;
                let items = PyList::new(py, items)?;
                match &self.collection {
                    Some(collection) => collection.bind(py).call1((items,)),
                    None => Ok(items.into_any()),
                }
            }
            scalar => self.scalar(py, scalar),
        }
    }

    fn scalar<'py>(&self, py: Python<'py>, value: &Value) -> PyResult<Bound<'py, PyAny>> {
        match value {
            Value::Choice(index) => Ok(self
                .choices
                .as_ref()
                .and_then(|choices| choices.get(*index))
                .map_or_else(
                    || py.None().into_bound(py),
                    |choice| choice.bind(py).clone(),
                )),
            Value::File(upload) => self.file(py, upload),
            other => object(py, other),
        }
    }
}

impl ParameterParts {
    fn file<'py>(&self, py: Python<'py>, file: &Arc<Upload>) -> PyResult<Bound<'py, PyAny>> {
        match &self.upload_class {
            Some(class) => class.bind(py).call1((upload::Upload(Arc::clone(file)),)),
            None => Ok(upload::content(py, file, 0, usize::MAX)?.into_any()),
        }
    }
}

fn object<'py>(py: Python<'py>, value: &Value) -> PyResult<Bound<'py, PyAny>> {
    Ok(match value {
        Value::Absent | Value::Choice(_) | Value::Many(_) | Value::File(_) => {
            py.None().into_bound(py)
        }
        Value::Str(text) => PyString::new(py, text).into_any(),
        Value::Int(number) => number.into_pyobject(py)?.into_any(),
        Value::BigInt(digits) => py.get_type::<pyo3::types::PyInt>().call1((digits,))?,
        Value::Float(number) => number.into_pyobject(py)?.into_any(),
        Value::Bool(truth) => truth.into_pyobject(py)?.to_owned().into_any(),
        Value::Uuid(uuid) => {
            let class = class(py, &UUID, "uuid", "UUID")?;
            let keywords = pyo3::types::PyDict::new(py);
            keywords.set_item("int", uuid.as_u128())?;
            class.call((), Some(&keywords))?
        }
        Value::Decimal(digits) => class(py, &DECIMAL, "decimal", "Decimal")?.call1((digits,))?,
        Value::Date(date) => {
            PyDate::new(py, i32::from(date.year), date.month, date.day)?.into_any()
        }
        Value::Time(time) => PyTime::new(
            py,
            time.hour,
            time.minute,
            time.second,
            time.microsecond,
            zone(py, time.tz_offset)?.as_ref(),
        )?
        .into_any(),
        Value::DateTime(moment) => PyDateTime::new(
            py,
            i32::from(moment.date.year),
            moment.date.month,
            moment.date.day,
            moment.time.hour,
            moment.time.minute,
            moment.time.second,
            moment.time.microsecond,
            zone(py, moment.time.tz_offset)?.as_ref(),
        )?
        .into_any(),
        Value::Timedelta(duration) => {
            let sign = if duration.positive { 1 } else { -1 };
            PyDelta::new(
                py,
                sign * i32::try_from(duration.day)?,
                sign * i32::try_from(duration.second)?,
                sign * i32::try_from(duration.microsecond)?,
                true,
            )?
            .into_any()
        }
    })
}

/// The time zone of an offset in seconds east of UTC.
fn zone(py: Python<'_>, offset: Option<i32>) -> PyResult<Option<Bound<'_, PyTzInfo>>> {
    match offset {
        None => Ok(None),
        Some(0) => Ok(Some(PyTzInfo::utc(py)?.to_owned())),
        Some(seconds) => {
            let delta = PyDelta::new(py, 0, seconds, 0, true)?;
            Ok(Some(PyTzInfo::fixed_offset(py, delta)?))
        }
    }
}

static UUID: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
static DECIMAL: PyOnceLock<Py<PyAny>> = PyOnceLock::new();

fn class<'py>(
    py: Python<'py>,
    cell: &'static PyOnceLock<Py<PyAny>>,
    module: &str,
    name: &str,
) -> PyResult<&'py Bound<'py, PyAny>> {
    let class = cell.get_or_try_init(py, || py.import(module)?.getattr(name).map(Bound::unbind))?;
    Ok(class.bind(py))
}
