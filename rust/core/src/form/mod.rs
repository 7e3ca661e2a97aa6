//! Forms: what a body of names and values holds, whichever way it is written.

pub(crate) mod disposition;
pub(crate) mod multipart;
mod receive;
mod upload;
pub(crate) mod urlencoded;

use std::path::PathBuf;
use std::sync::Arc;

use actix_http::header::CONTENT_TYPE;
use bytes::Bytes;

use crate::body::{self, Chunks};
use crate::error::{Error, Fault, Faults};
use crate::media_type::MediaType;
use crate::plan::{self, PlanError, Scalar, Source};
use crate::request::Request;

pub(crate) use receive::is_full;
pub use upload::Upload;

const MULTIPART: &str = "multipart/form-data";

/// A parsed form, in the body's order.
#[derive(Debug, Default, Clone)]
pub struct Form {
    /// Every entry, repeated names included.
    pub entries: Vec<Entry>,
}

/// One name with its value.
#[derive(Debug, Clone)]
pub struct Entry {
    /// Decoded.
    pub name: String,
    /// What was sent under it.
    pub value: Part,
}

/// What stands under a name.
#[derive(Debug, Clone)]
pub enum Part {
    /// Text, decoded apart from its UTF-8, which need not be any.
    Text(Bytes),
    /// A file.
    File(Arc<Upload>),
}

impl Form {
    /// What ends the life of its temporary files with that of the request.
    pub(crate) fn guard(&self) -> Guard {
        let file = |entry: &Entry| match &entry.value {
            Part::File(upload) => Some(Arc::clone(upload)),
            Part::Text(_) => None,
        };
        Guard(self.entries.iter().filter_map(file).collect())
    }
}

/// Takes the names of a request's temporary files away when it is dropped: there is no outcome
/// after which they stay. Whoever still holds an upload can read it.
#[derive(Debug, Default)]
pub(crate) struct Guard(Vec<Arc<Upload>>);

impl Drop for Guard {
    fn drop(&mut self) {
        for upload in &self.0 {
            upload.release();
        }
    }
}

/// How a route reads forms.
#[derive(Debug)]
pub(crate) struct Rules {
    /// Whether parameters declare the form; otherwise only a multipart body is one.
    pub declared: bool,
    /// Largest body that is held in memory.
    max_body_size: Option<u64>,
    /// Largest multipart body, files included.
    max_multipart_size: Option<u64>,
    /// Most bytes of text in a multipart body.
    max_text: Option<u64>,
    max_fields: Option<usize>,
    max_files: Option<usize>,
    /// Most bytes of all files that are held in memory.
    max_file_memory: usize,
    /// Where larger files are written.
    directory: Option<PathBuf>,
    /// What files must be; empty where that does not matter.
    content_types: Vec<MediaType>,
    /// The names that are kept; `None` for all of them.
    names: Option<Vec<String>>,
    /// The largest files, by their field.
    largest: Vec<(String, u64)>,
}

impl Rules {
    /// The rules of a route, if it reads forms at all.
    pub fn compile(
        route: &plan::Route,
        service: &plan::Service,
    ) -> Result<Option<Self>, PlanError> {
        let of_form = |p: &&plan::Parameter| matches!(p.source, Source::Form | Source::File);
        let parameters: Vec<_> = route.parameters.iter().filter(of_form).collect();
        let declared = !parameters.is_empty();
        if !declared && !route.multipart {
            return Ok(None);
        }
        if route.body.is_some() {
            let message = "a route has a form or a body, not both";
            return Err(PlanError::new("body", message));
        }
        let max_body_size = route.max_body_size.or(service.max_body_size);
        let largest = |parameter: &&plan::Parameter| match &parameter.scalar {
            Scalar::File {
                max_size, bytes, ..
            } => max_size
                .or(if *bytes { max_body_size } else { None })
                .map(|most| (parameter.alias.clone(), most)),
            _ => None,
        };
        // A name that nothing declares is to be seen there.
        let closed = route.groups.iter().any(|group| group.closed);
        let names = || parameters.iter().map(|p| p.alias.clone()).collect();
        Ok(Some(Self {
            declared,
            max_body_size,
            max_multipart_size: route.max_body_size,
            max_text: service.max_body_size,
            max_fields: service.forms.max_fields,
            max_files: route.max_files.or(service.forms.max_files),
            max_file_memory: service.forms.max_file_memory,
            directory: service.forms.directory.as_ref().map(PathBuf::from),
            content_types: media_types(&route.content_types)
                .map_err(|error| error.under("content_types"))?,
            names: (!route.reads_body && !closed).then(names),
            largest: parameters.iter().filter_map(largest).collect(),
        }))
    }

    fn wants(&self, name: &str) -> bool {
        let names = self.names.as_ref();
        names.is_none_or(|names| names.iter().any(|wanted| wanted == name))
    }

    fn largest(&self, name: &str) -> Option<u64> {
        let own = self.largest.iter().find(|(field, _)| field == name);
        own.map(|(_, most)| *most)
    }

    /// Adds a fault for each file whose claimed type is none of the route's.
    fn check_types(&self, form: &Form, faults: &mut Faults) {
        if self.content_types.is_empty() {
            return;
        }
        for entry in &form.entries {
            if let Part::File(upload) = &entry.value
                && let Some(message) = refused_type(&self.content_types, upload)
            {
                faults.0.push(Fault {
                    source: Source::File,
                    name: entry.name.clone(),
                    message,
                });
            }
        }
    }
}

/// Reads the media types of a list in the plan.
pub(crate) fn media_types(texts: &[String]) -> Result<Vec<MediaType>, PlanError> {
    let parse = |(index, text): (usize, &String)| {
        MediaType::parse(text).ok_or_else(|| {
            let message = format!("{text:?} is not a media type");
            PlanError::new(format!("[{index}]"), message)
        })
    };
    texts.iter().enumerate().map(parse).collect()
}

/// What is wrong with the type that a file claims to be of.
pub(crate) fn refused_type(accepted: &[MediaType], upload: &Upload) -> Option<String> {
    let claimed = upload.content_type.as_deref().unwrap_or_default();
    if accepted.is_empty() || accepted.iter().any(|accepted| accepted.accepts(claimed)) {
        return None;
    }
    let accepted: Vec<_> = accepted.iter().map(MediaType::as_str).collect();
    Some(format!(
        "The file's type must be {}.",
        accepted.join(" or ")
    ))
}

/// What was read: the form, and the bytes where they were held.
#[derive(Debug, Default)]
pub(crate) struct Received {
    pub form: Form,
    pub body: Option<Bytes>,
    /// Which of the media types of a declared body it is of.
    pub media_type: usize,
    /// Whether the form was a stream, whose bytes are gone.
    pub streamed: bool,
}

/// Whether the body says that it is a multipart form.
pub(crate) fn is_multipart(request: &Request) -> bool {
    let sent = request.header(&CONTENT_TYPE);
    let sent = sent.and_then(|value| value.to_str().ok());
    sent.is_some_and(|sent| MediaType::of(MULTIPART).accepts(sent))
}

/// Reads a form; an empty one where the request has no body.
pub(crate) async fn read(
    request: &mut Request,
    rules: &Rules,
    faults: &mut Faults,
) -> Result<Received, Error> {
    if is_multipart(request) {
        let form = read_multipart(request, rules).await?;
        rules.check_types(&form, faults);
        return Ok(Received {
            form,
            body: None,
            media_type: 0,
            streamed: true,
        });
    }
    let declared = [MediaType::of(urlencoded::MEDIA_TYPE)];
    let Some((body, _)) = body::read_declared(request, &declared, rules.max_body_size).await?
    else {
        return Ok(Received::default());
    };
    check_charset(request)?;
    Ok(Received {
        form: urlencoded::parse(&body, rules.max_fields)?,
        body: Some(body),
        media_type: 0,
        streamed: false,
    })
}

async fn read_multipart(request: &mut Request, rules: &Rules) -> Result<Form, Error> {
    // A few bytes would fill the disk otherwise.
    let limit = if request.is_inflated() {
        rules.max_body_size
    } else {
        rules.max_multipart_size
    };
    let Some(mut chunks) = Chunks::take(request, limit)? else {
        return Ok(Form::default());
    };
    check_charset(request)?;
    let content_type = request.header(&CONTENT_TYPE);
    let content_type = content_type.map_or(&b""[..], |value| value.as_bytes());
    let boundary = multipart::boundary(content_type).map_err(Error::BadRequest)?;
    receive::receive(&mut chunks, &boundary, rules).await
}

/// Forms have no other charset than UTF-8, of which ASCII is a part.
fn check_charset(request: &Request) -> Result<(), Error> {
    let content_type = request.header(&CONTENT_TYPE);
    let content_type = content_type.map_or(&b""[..], |value| value.as_bytes());
    let parameters = disposition::parameters(content_type)
        .map_err(|_| Error::BadRequest("The Content-Type of the form is malformed."))?;
    let known = |charset: &[u8]| {
        let known: [&[u8]; 3] = [b"utf-8", b"utf8", b"us-ascii"];
        known
            .iter()
            .any(|known| charset.eq_ignore_ascii_case(known))
    };
    let foreign = |(name, value): &(String, Vec<u8>)| name == "charset" && !known(value);
    if parameters.iter().any(foreign) {
        return Err(Error::BadRequest("A form must be encoded as UTF-8."));
    }
    Ok(())
}
