//! Results that leave as they are.
//!
//! The declared type of a result is enforced by a converter, in Python. Most results fit it already,
//! and then the converter would return them unchanged; that much is seen here, at a fraction of the
//! cost. What does not fit is the converter's affair, and so is every error.

use std::sync::Arc;

use pyo3::prelude::*;
use pyo3::types::{PyDict, PyFloat, PyList, PyString, PyType};

use crate::python;

/// What a value looks like that a converter returns unchanged.
#[pyclass(frozen, from_py_object, module = "django_bolt._core")]
#[derive(Clone)]
pub struct Shape(Arc<Kind>);

enum Kind {
    Anything,
    /// An instance of one of these types and of no subclass, whatever its value.
    Types(Vec<Py<PyType>>),
    /// A `float` that JSON has.
    FiniteFloat,
    List(Shape),
    Dict {
        keys: Vec<Py<PyType>>,
        item: Shape,
    },
    /// An instance of a class, by its attributes.
    Instance {
        class: Py<PyType>,
        attributes: Vec<(Py<PyString>, Shape)>,
    },
}

#[pymethods]
impl Shape {
    #[staticmethod]
    fn anything() -> Self {
        Self(Arc::new(Kind::Anything))
    }

    #[staticmethod]
    fn one_of(types: Vec<Py<PyType>>) -> Self {
        Self(Arc::new(Kind::Types(types)))
    }

    #[staticmethod]
    fn finite_float() -> Self {
        Self(Arc::new(Kind::FiniteFloat))
    }

    #[staticmethod]
    fn list_of(item: Self) -> Self {
        Self(Arc::new(Kind::List(item)))
    }

    #[staticmethod]
    fn dict_of(keys: Vec<Py<PyType>>, item: Self) -> Self {
        Self(Arc::new(Kind::Dict { keys, item }))
    }

    #[staticmethod]
    fn instance_of(class_: Py<PyType>, attributes: Vec<(Bound<'_, PyString>, Self)>) -> Self {
        let attributes = attributes
            .into_iter()
            .map(|(name, shape)| {
                (
                    PyString::intern(name.py(), &name.to_string()).unbind(),
                    shape,
                )
            })
            .collect();
        Self(Arc::new(Kind::Instance {
            class: class_,
            attributes,
        }))
    }

    /// Whether a value looks like this.
    pub fn fits(&self, value: &Bound<'_, PyAny>) -> bool {
        let py = value.py();
        match &*self.0 {
            Kind::Anything => true,
            Kind::Types(types) => is_one_of(value, types),
            Kind::FiniteFloat => value
                .cast_exact::<PyFloat>()
                .is_ok_and(|float| float.value().is_finite()),
            Kind::List(item) => value
                .cast_exact::<PyList>()
                .is_ok_and(|list| list.iter().all(|value| item.fits(&value))),
            Kind::Dict { keys, item } => value.cast_exact::<PyDict>().is_ok_and(|dict| {
                dict.iter()
                    .all(|(key, value)| is_one_of(&key, keys) && item.fits(&value))
            }),
            Kind::Instance { class, attributes } => {
                python::is_exactly(value, class.bind(py))
                    && attributes.iter().all(|(name, shape)| {
                        value
                            .getattr(name.bind(py))
                            .is_ok_and(|attribute| shape.fits(&attribute))
                    })
            }
        }
    }
}

fn is_one_of(value: &Bound<'_, PyAny>, types: &[Py<PyType>]) -> bool {
    let py = value.py();
    types
        .iter()
        .any(|class| python::is_exactly(value, class.bind(py)))
}
