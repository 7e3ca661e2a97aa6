//! Forms: what a body of names and values holds, whichever way it is written.

pub(crate) mod urlencoded;

use actix_http::header::CONTENT_TYPE;
use bytes::Bytes;

use crate::body;
use crate::error::Error;
use crate::media_type::MediaType;
use crate::request::Request;

/// A parsed form, in the body's order.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Form {
    /// Every entry, repeated names included.
    pub entries: Vec<Entry>,
}

/// One name with its value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Decoded.
    pub name: String,
    /// What was sent under it.
    pub value: Part,
}

/// What stands under a name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Part {
    /// Text, decoded apart from its UTF-8, which need not be any.
    Text(Bytes),
}

/// How a route reads forms.
#[derive(Debug)]
pub(crate) struct Rules {
    /// Largest body that is held in memory.
    pub max_body_size: Option<u64>,
    /// Most fields of one form.
    pub max_fields: Option<usize>,
}

/// What was read: the form, and the bytes where they were held.
#[derive(Debug, Default)]
pub(crate) struct Received {
    pub form: Form,
    pub body: Option<Bytes>,
}

/// Reads a declared form; an empty one where the request has no body.
pub(crate) async fn read(request: &mut Request, rules: &Rules) -> Result<Received, Error> {
    let declared = [MediaType::of(urlencoded::MEDIA_TYPE)];
    let Some(body) = body::read_declared(request, &declared, rules.max_body_size).await? else {
        return Ok(Received::default());
    };
    check_charset(request)?;
    Ok(Received {
        form: urlencoded::parse(&body, rules.max_fields)?,
        body: Some(body),
    })
}

/// The notation has no other charset than UTF-8, of which ASCII is a part.
fn check_charset(request: &Request) -> Result<(), Error> {
    let content_type = request.header(&CONTENT_TYPE);
    let content_type = content_type.and_then(|value| value.to_str().ok());
    let charset = content_type
        .into_iter()
        .flat_map(|text| text.split(';'))
        .find_map(|parameter| {
            let (name, value) = parameter.split_once('=')?;
            name.trim()
                .eq_ignore_ascii_case("charset")
                .then(|| value.trim().trim_matches('"'))
        });
    let known = |charset: &str| {
        ["utf-8", "utf8", "us-ascii"]
            .iter()
            .any(|known| charset.eq_ignore_ascii_case(known))
    };
    if charset.is_none_or(known) {
        return Ok(());
    }
    Err(Error::BadRequest("A form must be encoded as UTF-8."))
}
