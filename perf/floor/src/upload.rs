//! A form with a text and a file, whose bytes are counted as they come.

use std::future::poll_fn;
use std::pin::pin;

use actix_http::header::{CONTENT_TYPE, HeaderMap};
use actix_http::{Payload, StatusCode};
use bytes::BytesMut;
use futures_core::Stream;
use memchr::memmem::Finder;
use serde::Serialize;

use crate::replies::{Answer, json};

const END_OF_HEAD: &[u8] = b"\r\n\r\n";

#[derive(Default, Serialize)]
struct Received {
    note: String,
    name: String,
    size: usize,
}

/// What stands between the parts, RFC 7578 §4.1.
pub fn boundary(headers: &HeaderMap) -> Result<String, StatusCode> {
    let content_type = headers.get(CONTENT_TYPE);
    let text = content_type.and_then(|value| value.to_str().ok());
    text.and_then(|text| text.split_once("boundary="))
        .map(|(_, boundary)| format!("\r\n--{boundary}"))
        .ok_or(StatusCode::UNSUPPORTED_MEDIA_TYPE)
}

/// Reads the parts; of the file, no more is kept than may be the beginning of its end.
pub async fn receive(boundary: String, payload: Payload) -> Answer {
    let boundary = Finder::new(boundary.as_bytes());
    let mut payload = pin!(payload);
    let mut received = Received::default();
    // As if a part had ended before the first one.
    let mut unread = BytesMut::from(&b"\r\n"[..]);
    let mut in_file = false;
    while let Some(chunk) = poll_fn(|cx| payload.as_mut().poll_next(cx)).await {
        unread.extend_from_slice(&chunk.map_err(|_| StatusCode::BAD_REQUEST)?);
        if !in_file {
            in_file = read_head(&mut unread, &boundary, &mut received).is_some();
        }
        if in_file {
            if let Some(end) = boundary.find(&unread) {
                received.size += end;
                return json(&received);
            }
            let whole = unread.len().saturating_sub(boundary.needle().len());
            received.size += unread.split_to(whole).len();
        }
    }
    Err(StatusCode::BAD_REQUEST)
}

/// Takes everything before the file's first byte, once all of it is there.
fn read_head(unread: &mut BytesMut, boundary: &Finder<'_>, received: &mut Received) -> Option<()> {
    let head = Finder::new(END_OF_HEAD);
    let note = head.find(unread)? + END_OF_HEAD.len();
    let end_of_note = note + boundary.find(&unread[note..])?;
    let file = end_of_note + head.find(&unread[end_of_note..])? + END_OF_HEAD.len();
    received.note = String::from_utf8_lossy(&unread[note..end_of_note]).into_owned();
    let head_of_file = String::from_utf8_lossy(&unread[end_of_note..file]);
    file_name(&head_of_file).clone_into(&mut received.name);
    let _ = unread.split_to(file);
    Some(())
}

fn file_name(head: &str) -> &str {
    let (_, rest) = head.split_once("filename=\"").unwrap_or_default();
    rest.split_once('"').unwrap_or_default().0
}
