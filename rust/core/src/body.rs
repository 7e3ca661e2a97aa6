//! Reading a request's body, within its limit.

use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::task::Poll;
use std::time::Duration;

use actix_http::error::PayloadError;
use actix_http::header::{CONTENT_LENGTH, CONTENT_TYPE};
use actix_http::{BoxedPayloadStream, Payload};
use bytes::{Bytes, BytesMut};
use futures_core::Stream;
use tokio::time::{Instant, sleep_until, timeout};

use crate::error::Error;
use crate::media_type::MediaType;
use crate::request::Request;

/// Most bytes that are set aside on a client's word alone.
const MOST_RESERVED: u64 = 64 * 1024;
/// Most bytes of an unwanted body that are read for the sake of the connection.
const MOST_DISCARDED: u64 = 64 * 1024;
/// How long a reply is held back for them. They usually come with the head.
const DISCARDED_WITHIN: Duration = Duration::from_millis(50);
/// How long a body may take, whatever its size, and be silent, however much of it has come.
const GRACE: Duration = Duration::from_secs(30);
/// Beyond that, the fewest bytes that must have arrived for each second.
const LEAST_RATE: u64 = 500;
/// What HTML forms are sent as.
const FORMS: [&str; 2] = ["application/x-www-form-urlencoded", "multipart/form-data"];
/// Most characters of a refused media type that the reply repeats.
const MOST_ECHOED: usize = 100;
pub(crate) const DAMAGED: &str = "The compressed request body is damaged.";

/// Reads a body of one of the declared media types, and says which; `None` where none was sent.
pub(crate) async fn read_declared(
    request: &mut Request,
    declared: &[MediaType],
    limit: Option<u64>,
) -> Result<Option<(Bytes, usize)>, Error> {
    let announced = announced_length(request);
    let mut found = None;
    if announced.is_some_and(|length| length > 0) {
        within(announced, limit)?;
        found = Some(check_media_type(request, declared)?);
    }
    let Some(body) = read(request, limit).await? else {
        return Ok(None);
    };
    let found = match found {
        Some(found) => found,
        None => check_media_type(request, declared)?,
    };
    Ok(Some((body, found)))
}

/// Reads a body of any type; `None` where none was sent.
pub(crate) async fn read(
    request: &mut Request,
    limit: Option<u64>,
) -> Result<Option<Bytes>, Error> {
    let announced = announced_length(request);
    within(announced, limit)?;
    let payload = request.take_payload();
    if matches!(payload, Payload::None) {
        return Ok(None);
    }
    let body = collect(payload, announced, limit).await?;
    Ok((!body.is_empty()).then_some(body))
}

/// Reads a form for whoever asks before its turn, and leaves it to be read again; `None` where the
/// body is no form.
pub(crate) async fn peek_form(
    request: &mut Request,
    limit: Option<u64>,
) -> Result<Option<Bytes>, Error> {
    let sent = request.header(&CONTENT_TYPE);
    let sent = sent
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    let media_type = sent.split(';').next().unwrap_or_default().trim();
    if !FORMS
        .iter()
        .any(|form| media_type.eq_ignore_ascii_case(form))
    {
        return Ok(None);
    }
    let body = read(request, limit).await?;
    if let Some(body) = &body {
        request.restore_payload(body.clone());
    }
    Ok(body)
}

/// Throws away a small body that nobody read.
///
/// actix-http would say `Connection: close`, and then go on with the connection all the same once
/// the body has arrived. A larger body, or one that is still under way, does cost the connection.
pub(crate) async fn discard(request: &mut Request) {
    if !request.has_unread_body() {
        return;
    }
    let announced = announced_length(request);
    if announced.is_some_and(|length| length <= MOST_DISCARDED) {
        // Where it cannot be read, the connection is of no use, and the server closes it.
        // What it would be if it were inflated, nobody wants to know.
        let _ = timeout(DISCARDED_WITHIN, read(request, Some(MOST_DISCARDED))).await;
    }
}

fn announced_length(request: &Request) -> Option<u64> {
    request.header(&CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

fn within(length: Option<u64>, limit: Option<u64>) -> Result<(), Error> {
    match (length, limit) {
        (Some(length), Some(limit)) if length > limit => Err(Error::PayloadTooLarge(limit)),
        _ => Ok(()),
    }
}

fn check_media_type(request: &Request, declared: &[MediaType]) -> Result<usize, Error> {
    let sent = request.header(&CONTENT_TYPE);
    let sent = sent
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    let found = declared.iter().position(|known| known.accepts(sent));
    if let Some(found) = found {
        return Ok(found);
    }
    let shown = sent.chars().take(MOST_ECHOED).collect();
    Err(Error::UnsupportedMediaType(shown))
}

/// A body as a stream, within its limit and at its pace.
pub(crate) struct Chunks {
    payload: Payload<BoxedPayloadStream>,
    limit: Option<u64>,
    length: u64,
    pace: Pace,
}

impl Chunks {
    /// Takes the body out of a request; `None` where it has none.
    pub fn take(request: &mut Request, limit: Option<u64>) -> Result<Option<Self>, Error> {
        within(announced_length(request), limit)?;
        let payload = request.take_payload();
        Ok((!matches!(payload, Payload::None)).then(|| Self {
            payload,
            limit,
            length: 0,
            pace: Pace::default(),
        }))
    }

    /// The next bytes; `None` at the end.
    pub async fn next(&mut self) -> Result<Option<Bytes>, Error> {
        let chunk = self.pace.next(&mut self.payload, self.length).await?;
        if let Some(chunk) = &chunk {
            self.length += chunk.len() as u64;
            within(Some(self.length), self.limit)?;
        }
        Ok(chunk)
    }
}

/// Collects the chunks. A body that arrived in one piece is not copied.
async fn collect(
    mut payload: Payload<BoxedPayloadStream>,
    announced: Option<u64>,
    limit: Option<u64>,
) -> Result<Bytes, Error> {
    let mut first = Bytes::new();
    let mut rest = BytesMut::new();
    let mut length = 0;
    let mut pace = Pace::default();
    while let Some(chunk) = pace.next(&mut payload, length).await? {
        length += chunk.len() as u64;
        within(Some(length), limit)?;
        if first.is_empty() {
            first = chunk;
            continue;
        }
        if rest.is_empty() {
            let hint = announced
                .unwrap_or(0)
                .clamp(length, length.max(MOST_RESERVED));
            rest.reserve(usize::try_from(hint).unwrap_or(0));
            rest.extend_from_slice(&first);
        }
        rest.extend_from_slice(&chunk);
    }
    Ok(if rest.is_empty() {
        first
    } else {
        rest.freeze()
    })
}

/// Refuses bodies that come a byte a minute.
#[derive(Default)]
struct Pace(Option<Instant>);

impl Pace {
    /// The next chunk. No timer is made for bytes that are there already: the server hands them
    /// over right after it has called the handler, and so there is a second look before.
    async fn next(
        &mut self,
        payload: &mut Payload<BoxedPayloadStream>,
        received: u64,
    ) -> Result<Option<Bytes>, Error> {
        let mut waiting = None;
        let mut looked = false;
        poll_fn(|cx| {
            if let Poll::Ready(chunk) = Pin::new(&mut *payload).poll_next(cx) {
                return Poll::Ready(chunk.transpose().map_err(|error| unreadable(&error)));
            }
            if !std::mem::replace(&mut looked, true) {
                cx.waker().wake_by_ref();
                return Poll::Pending;
            }
            let began = *self.0.get_or_insert_with(Instant::now);
            let allowed = GRACE + Duration::from_secs(received / LEAST_RATE);
            // What came quickly buys no time for silence.
            let until = (began + allowed).min(Instant::now() + GRACE);
            let timer = waiting.get_or_insert_with(|| Box::pin(sleep_until(until)));
            timer.as_mut().poll(cx).map(|()| Err(Error::TooSlow))
        })
        .await
    }
}

fn unreadable(error: &PayloadError) -> Error {
    Error::BadRequest(match error {
        PayloadError::Incomplete(_) => "The request body is incomplete.",
        PayloadError::EncodingCorrupted => DAMAGED,
        _ => "The request body cannot be read.",
    })
}
