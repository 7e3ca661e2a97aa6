//! Results and errors in the format that was agreed on with the client.

use bolt_core::renderers::Chosen;
use bolt_core::reply::{Body, Reply};
use bytes::Bytes;
use pyo3::prelude::*;
use pyo3::types::PyBytes;

use crate::handler::Parts;
use crate::{head, reply};

/// A route's `django_bolt.dispatch.rendering.Renderers`, read once.
pub struct RendererParts {
    renderers: Py<PyAny>,
    /// One for each: whether it is our own for JSON, whose replies Rust makes.
    json: Vec<bool>,
    /// One for each: whether its `render` is the author's.
    custom: Vec<bool>,
    /// Whether any of them is shown the request.
    pub take_request: bool,
}

impl RendererParts {
    pub fn read(py: Python<'_>, renderers: Option<&Py<PyAny>>) -> PyResult<Option<Self>> {
        let Some(renderers) = renderers else {
            return Ok(None);
        };
        let custom: Vec<bool> = renderers.getattr(py, "custom")?.extract(py)?;
        Ok(Some(Self {
            json: renderers.getattr(py, "json")?.extract(py)?,
            take_request: custom.contains(&true),
            custom,
            renderers: renderers.clone_ref(py),
        }))
    }
}

/// How the result of one request is rendered.
pub struct Rendering<'a> {
    parts: &'a RendererParts,
    chosen: &'a Chosen,
    request: Option<&'a Py<PyAny>>,
    view: Option<&'a Py<PyAny>>,
}

impl<'a> Rendering<'a> {
    /// `None` where the result is plain JSON after all.
    pub fn of(
        parts: &'a RendererParts,
        chosen: &'a Chosen,
        request: Option<&'a Py<PyAny>>,
        view: Option<&'a Py<PyAny>>,
    ) -> Option<Self> {
        let is_plain = parts.json[chosen.index] && chosen.accepted.is_none();
        (!is_plain).then_some(Self {
            parts,
            chosen,
            request,
            view,
        })
    }

    /// Whether the author wrote what renders: it takes whatever the handler returns.
    pub fn is_custom(&self) -> bool {
        self.parts.custom[self.chosen.index]
    }

    /// The reply of a result that is data.
    pub fn result(&self, parts: &Parts, data: &Bound<'_, PyAny>) -> PyResult<Reply> {
        let render = self.parts.renderers.bind(data.py());
        let rendered = render.call_method1(
            pyo3::intern!(data.py(), "render_result"),
            (
                self.chosen.index,
                self.chosen.accepted.as_deref(),
                data,
                parts.status.as_u16(),
                self.request,
                self.view,
            ),
        )?;
        reply::from_data(&rendered)
    }

    /// The reply of a `Response`; `None` for those that say themselves what they hold.
    pub fn response(&self, parts: &Parts, response: &Bound<'_, PyAny>) -> PyResult<Option<Reply>> {
        let py = response.py();
        let rendered = self.parts.renderers.bind(py).call_method1(
            pyo3::intern!(py, "render_response"),
            (
                self.chosen.index,
                self.chosen.accepted.as_deref(),
                response,
                parts.convert_response.as_ref(),
                self.request,
                self.view,
            ),
        )?;
        if rendered.is_none() {
            return Ok(None);
        }
        reply::from_data(&rendered).map(Some)
    }
}

/// An error's reply, which is JSON, as what was agreed on. Where its renderer fails, the log hears
/// of it and the client gets the JSON.
pub fn render_error(parts: &Parts, chosen: &Chosen, mut reply: Reply) -> Reply {
    let (Some(renderers), Body::Full(json)) = (&parts.renderers, &reply.body) else {
        return reply;
    };
    if renderers.json[chosen.index] {
        return reply;
    }
    let json = json.clone();
    Python::attach(|py| {
        let rendered = error_body(py, renderers, chosen, &json, reply.status.as_u16());
        match rendered {
            Ok((content_type, body)) => {
                reply.content_type = Some(content_type);
                reply.body = Body::Full(body);
            }
            Err(error) => {
                reply::from_exception(parts, &error, None, None, py);
            }
        }
        reply
    })
}

fn error_body(
    py: Python<'_>,
    renderers: &RendererParts,
    chosen: &Chosen,
    json: &Bytes,
    status: u16,
) -> PyResult<(actix_http::header::HeaderValue, Bytes)> {
    let rendered = renderers.renderers.bind(py).call_method1(
        pyo3::intern!(py, "render_error"),
        (
            chosen.index,
            chosen.accepted.as_deref(),
            PyBytes::new(py, json),
            status,
        ),
    )?;
    let (content_type, body): (String, Vec<u8>) = rendered.extract()?;
    Ok((head::value("Content-Type", &content_type)?, body.into()))
}
