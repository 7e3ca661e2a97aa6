//! The native half of `django_bolt.uploads.UploadFile`.

use std::path::PathBuf;
use std::sync::Arc;

use bolt_core::form;
use pyo3::prelude::*;
use pyo3::types::PyBytes;

/// One uploaded file as Rust holds it. It has no position: whoever reads says where.
#[pyclass(frozen, module = "django_bolt._core")]
pub struct Upload(pub Arc<form::Upload>);

#[pymethods]
impl Upload {
    #[getter]
    fn field_name(&self) -> &str {
        &self.0.field_name
    }

    #[getter]
    fn filename(&self) -> &str {
        &self.0.filename
    }

    #[getter]
    fn content_type(&self) -> Option<&str> {
        self.0.content_type.as_deref()
    }

    #[getter]
    fn size(&self) -> u64 {
        self.0.size
    }

    #[getter]
    fn in_memory(&self) -> bool {
        self.0.in_memory().is_some()
    }

    #[getter]
    fn path(&self) -> Option<PathBuf> {
        self.0.path()
    }

    /// At most `size` bytes from `offset`. The interpreter is free while the disk is read.
    fn read_at<'py>(
        &self,
        py: Python<'py>,
        offset: u64,
        size: usize,
    ) -> PyResult<Bound<'py, PyBytes>> {
        content(py, &self.0, offset, size)
    }
}

/// Reads an upload into Python's memory.
pub fn content<'py>(
    py: Python<'py>,
    upload: &form::Upload,
    offset: u64,
    size: usize,
) -> PyResult<Bound<'py, PyBytes>> {
    let bytes = if upload.in_memory().is_some() {
        upload.read_at(offset, size)
    } else {
        py.detach(|| upload.read_at(offset, size))
    }?;
    Ok(PyBytes::new(py, &bytes))
}
